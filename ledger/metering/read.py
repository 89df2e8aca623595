"""
Take in monthly readings in bulk, every row or none; correct one by four eyes.
"""

from datetime import date
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.calculation import as_text
from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.metering.carriers import require_unit
from ledger.metering.enroll import enterprise_scope, reading_of
from ledger.metering.meter import (
    InstalledMeter,
    MeterClosed,
    Meters,
    parse_changeover,
    parse_index,
    parse_month,
    require_few,
    require_over,
)
from ledger.metering.reading import (
    Month,
    Reading,
    ReadingNegative,
    require_follows,
)
from ledger.metering.report import require_unlocked
from ledger.metering.tables import ReadingRow
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.work import Row, Work


class ReadingUnknown(Refused):
    """There is no reading of the month to correct."""

    code = "reading_unknown"
    rule = "MRV-56"

    def __init__(self, meter: str, *, month: Month) -> None:
        super().__init__(
            f"meter {meter} has no reading for {month} that could be corrected: record it",
            meter=meter,
            month=str(month),
        )


class ReadingLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The index *value* of a meter at the end of *month* ("2025-03"), as decimal text.

    Where the register rolled over or was replaced, *replaced_at_value* is the old one's final
    index, *restarted_at_value* the new one's first, and *evidence* names the work order.
    """

    meter: str
    month: str
    value: str
    unit: str
    replaced_at_value: str = ""
    restarted_at_value: str = ""
    evidence: str = ""


class RecordReadings(Payload, frozen=True):
    """Record readings of one enterprise's meters, or of several where *enterprise* is empty."""

    kind: ClassVar[str] = "readings.record"
    rows: tuple[ReadingLine, ...]
    enterprise: str = ""


class CorrectReading(Payload, frozen=True):
    """Put *reading* in place of the one recorded for its meter and month, with the reason."""

    kind: ClassVar[str] = "readings.correct"
    enterprise: str
    reading: ReadingLine
    reason: str


def record_readings(work: Work, payload: RecordReadings) -> Result:
    """
    Record every reading after the last of its meter, in the order of the rows, or none.

    Rule: MRV-11 to MRV-16, MRV-54, MRV-55, MRV-57, MRV-58.
    """
    require_few(payload.rows)
    meters = work.memory.cache(Meters)
    today = day_of(work.now)
    reached: dict[str, Reading] = {}
    rows: list[Row] = []

    def record(line: ReadingLine) -> None:
        installed = meters.find(line.meter, enterprise=payload.enterprise)
        reading = _parse(installed, line, today=today)
        if installed.closed is not None:
            raise MeterClosed(line.meter, closed=installed.closed)
        previous = reached.get(line.meter, installed.last)
        require_follows(previous, reading, installed.meter)
        reached[line.meter] = reading
        rows.append(_row(reading, sequence=work.sequence))

    each_row(payload.rows, record)
    for row in rows:
        work.add("readings", row)
    for meter, reading in reached.items():
        _advance(work, meters.by_id[meter], reading)
    return {"readings": len(rows), "meters": len(reached)}


def correct_reading(work: Work, payload: CorrectReading) -> Result:
    """
    Replace one reading, if it fits its neighbours and no report that is under way rests on it.

    A December reading closes its own year and opens the next. Rule: MRV-56.
    """
    line = payload.reading
    installed = work.memory.cache(Meters).find(line.meter, enterprise=payload.enterprise)
    reading = _parse(installed, line, today=day_of(work.now))
    row = work.session.get(ReadingRow, (line.meter, line.month))
    if row is None:
        raise ReadingUnknown(line.meter, month=reading.month)
    years = {reading.month.year, reading.month.following().year}
    require_unlocked(work.session, payload.enterprise, years=sorted(years))
    _require_fits(work, installed, reading)
    before = row.value
    row.value = as_text(reading.index)
    row.replaced_at_value, row.restarted_at_value = _changeover_texts(reading)
    row.evidence = reading.changeover.evidence if reading.changeover else ""
    row.corrected_by = work.sequence
    if installed.last.month == reading.month:
        _advance(work, installed, reading)
    return {"meter": line.meter, "month": line.month, "before": before, "after": row.value}


def _parse(installed: InstalledMeter, line: ReadingLine, *, today: date) -> Reading:
    meter = installed.meter
    month = parse_month(line.month)
    require_over(meter.code, month=month, today=today)
    return Reading(
        meter=meter.code,
        month=month,
        index=parse_index(line.value, unit=meter.unit),
        unit=line.unit,
        changeover=parse_changeover(
            meter,
            month,
            replaced_at=line.replaced_at_value,
            restarted_at=line.restarted_at_value,
            evidence=line.evidence,
        ),
    )


def _row(reading: Reading, *, sequence: int) -> Row:
    evidence = reading.changeover.evidence if reading.changeover else ""
    return (
        reading.meter,
        str(reading.month),
        as_text(reading.index),
        *_changeover_texts(reading),
        evidence,
        sequence,
        None,
    )


def _changeover_texts(reading: Reading) -> tuple[str | None, str | None]:
    change = reading.changeover
    if change is None:
        return None, None
    return as_text(change.final), as_text(change.initial)


def _advance(work: Work, installed: InstalledMeter, reading: Reading) -> None:
    before = installed.last

    def undo() -> None:
        installed.last = before

    work.on_refusal(undo)
    installed.last = reading


def _require_fits(work: Work, installed: InstalledMeter, reading: Reading) -> None:
    meter, month = installed.meter, str(reading.month)
    of_meter = sa.select(ReadingRow).where(ReadingRow.meter == meter.code).limit(1)
    before = work.session.scalar(
        of_meter.where(ReadingRow.month < month).order_by(ReadingRow.month.desc())
    )
    after = work.session.scalar(of_meter.where(ReadingRow.month > month).order_by(ReadingRow.month))
    if before is None:
        _require_opening(installed, reading)
    else:
        require_follows(reading_of(meter, before), reading, meter)
    if after is not None:
        require_follows(reading, reading_of(meter, after), meter)


def _require_opening(installed: InstalledMeter, reading: Reading) -> None:
    meter = installed.meter
    require_unit(f"meter {meter.code}", given=reading.unit, expected=meter.unit)
    if reading.index < 0:
        raise ReadingNegative(reading)


def _scope(_work: Work, payload: RecordReadings) -> str:
    return f"enterprise:{payload.enterprise}" if payload.enterprise else ANYWHERE


_MAKERS = frozenset({Role.ENTERPRISE_COMPLIANCE, Role.CITY_REGULATOR})

READING_HANDLERS = (
    Handler(RecordReadings, record_readings, makers=_MAKERS, scope=_scope, cold=False),
    Handler(
        CorrectReading,
        correct_reading,
        makers=frozenset({Role.ENTERPRISE_COMPLIANCE}),
        checkers=frozenset({Role.ENTERPRISE_ADMIN}),
        scope=enterprise_scope,
    ),
)
