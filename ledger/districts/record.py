"""
Record published figures of districts: totals, GDP and targets, each with the words of its source.

They are references to compare with. Nothing here touches a balance.
"""

import re
from typing import ClassVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.command import Payload
from ledger.districts.tables import FigureRow
from ledger.errors import Refused
from ledger.pack import Status
from ledger.pack_value import SHAPES, Shape
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.units import parse_decimal
from ledger.work import Work

FIGURE_DECIMALS = 18

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_NUMBERS = frozenset({Shape.NUMBER, Shape.WHOLE})


class FigureMalformed(Refused):
    """A figure's name is not in snake case, or its unit is not one of numbers."""

    code = "figure_malformed"
    rule = "DST-54"

    def __init__(self, field: str, *, text: str, accepted: str) -> None:
        super().__init__(
            f"{text[:40]!r} is no {field} of a figure: {accepted} is accepted",
            field=field,
            text=text[:40],
        )


class FigureSourceMissing(Refused):
    """A figure names no document, or is called confirmed without the words it rests on."""

    code = "figure_source_missing"
    rule = "DST-54"

    def __init__(self, figure: str, *, field: str) -> None:
        super().__init__(
            f"{figure} has no {field}: give its document, and the quote where it is confirmed",
            figure=figure,
            field=field,
        )


class FigureRepeated(Refused):
    """One command gives the same figure of a district and year twice."""

    code = "figure_repeated"
    rule = "DST-54"

    def __init__(self, district: str, *, year: int, figure: str) -> None:
        super().__init__(
            f"{figure} of {district} in {year} is given twice; send it once",
            district=district,
            year=year,
            figure=figure,
        )


class FigureLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One published figure; *value* is a decimal number as text, in *unit*."""

    district: str
    year: int
    figure: str
    value: str
    unit: str
    status: Status
    document: str
    quote: str = ""


class RecordFigures(Payload, frozen=True):
    """Record published figures; a later record of the same figure stands in its place."""

    kind: ClassVar[str] = "districts.record_figures"
    rows: tuple[FigureLine, ...]


def record_figures(work: Work, payload: RecordFigures) -> Result:
    """Keep every figure with its source; balances are not touched. Rule: DST-54."""
    seen: set[tuple[str, int, str]] = set()
    each_row(payload.rows, lambda line: _record(work, line, seen))
    return {"figures": len(payload.rows)}


def _record(work: Work, line: FigureLine, seen: set[tuple[str, int, str]]) -> None:
    work.memory.cache(Parties).district(line.district)
    _require_form(line)
    key = (line.district, line.year, line.figure)
    if key in seen:
        raise FigureRepeated(line.district, year=line.year, figure=line.figure)
    seen.add(key)
    work.session.add(
        FigureRow(
            district=line.district,
            year=line.year,
            figure=line.figure,
            recorded_by=work.sequence,
            value=line.value,
            unit=line.unit,
            status=str(line.status),
            document=line.document,
            quote=line.quote,
        )
    )


def _require_form(line: FigureLine) -> None:
    if not _NAME.fullmatch(line.figure):
        raise FigureMalformed("name", text=line.figure, accepted="a word in snake case")
    if SHAPES.get(line.unit) not in _NUMBERS:
        raise FigureMalformed("unit", text=line.unit, accepted="a unit of policy packs")
    parse_decimal(line.value, unit=line.unit, decimals=FIGURE_DECIMALS)
    if not line.document.strip():
        raise FigureSourceMissing(line.figure, field="document")
    if line.status.is_law and not line.quote.strip():
        raise FigureSourceMissing(line.figure, field="quote")


def figures(session: Session, *, district: str, year: int) -> dict[str, FigureRow]:
    """Return the figures of a district and year by name, each as it was recorded last."""
    rows = session.scalars(
        sa.select(FigureRow)
        .where(FigureRow.district == district, FigureRow.year == year)
        .order_by(FigureRow.recorded_by)
    )
    return {row.figure: row for row in rows}


def _scope(_work: Work, payload: RecordFigures) -> str:
    districts = {line.district for line in payload.rows}
    return f"district:{districts.pop()}" if len(districts) == 1 else ANYWHERE


RECORD_HANDLERS = (
    Handler(
        RecordFigures,
        record_figures,
        makers=frozenset({Role.DISTRICT_REGULATOR, Role.CITY_REGULATOR}),
        scope=_scope,
    ),
)
