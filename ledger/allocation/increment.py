"""
What a region's government may sell of its yearly increment, where the pack limits it.

Zhejiang lets a city or county sell at most half of it. What is on offer counts as sold until it
comes back unsold.
"""

from datetime import date
from fractions import Fraction
from typing import ClassVar

import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.allocation.allocate import require_document
from ledger.allocation.method_tables import IncrementOfferRow, IncrementRow
from ledger.calculation import as_text
from ledger.command import Payload
from ledger.districts.budget import Measure
from ledger.errors import Refused
from ledger.metering.meter import require_year
from ledger.parties.party import Parties
from ledger.policy import Found, as_share, as_switch
from ledger.post import AmountNotPositive
from ledger.subject import Handler, Result, Role
from ledger.versions import RIGHTS
from ledger.work import Work

LIMITED = "purchase.government_increment_sale_limited"
SHARE = "purchase.government_increment_sale_share"


class IncrementNotSet(Refused):
    """A district sells from an increment that nobody decided."""

    code = "increment_not_set"
    rule = "ALC-82"

    def __init__(self, district: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"no {measure} increment of {district} is set for {year}, so nothing of it can be "
            "sold: set it first",
            district=district,
            year=year,
            measure=measure,
        )


class IncrementExceeded(Refused):
    """A district offers more of its increment than its pack lets it sell."""

    code = "increment_exceeded"
    rule = "ALC-82"

    def __init__(self, row: IncrementRow, *, share: Fraction, needed: int, available: int) -> None:
        super().__init__(
            f"{row.district} may sell {as_text(share)} of its {row.measure} increment of "
            f"{row.amount} for {row.year}; {available} is left of that, but {needed} is offered",
            district=row.district,
            year=row.year,
            measure=row.measure,
            increment=row.amount,
            share=as_text(share),
            needed=needed,
            available=available,
        )


class SetIncrement(Payload, frozen=True):
    """Decide the increment of a district's year: the whole of it, in kgce or kg, not a change."""

    kind: ClassVar[str] = "increments.set"
    district: str
    year: int
    measure: Measure
    amount: int
    document: str


def set_increment(work: Work, payload: SetIncrement) -> Result:
    """Set what a district may use more in a year; never below what it sells. Rule: ALC-82."""
    work.memory.cache(Parties).district(payload.district)
    require_year(payload.year)
    require_document(payload.document)
    if payload.amount <= 0:
        raise AmountNotPositive(payload.amount)
    key = (payload.district, payload.year, payload.measure)
    row = work.session.get(IncrementRow, key)
    if row is None:
        row = IncrementRow(district=payload.district, year=payload.year, measure=payload.measure)
        work.session.add(row)
    row.amount, row.document, row.set_by = payload.amount, payload.document, work.sequence
    if _is_limited(work, row.district, row.year):
        _require_room(work, row, needed=0)
    return {"district": row.district, "year": row.year, "increment": row.amount}


def require_within_increment(
    work: Work, district: str, *, year: int, measure: str, amount: int, reference: str
) -> None:
    """
    Count a sale of a district's increment, or refuse what goes beyond the share it may sell.

    *reference* names the sale once; give it to `give_back` if it finds no buyer. Nothing is asked
    or counted where the pack does not limit such sales. Rule: ALC-82.
    """
    if not work.is_since(RIGHTS) or not _is_limited(work, district, year):
        return
    row = work.session.get(IncrementRow, (district, year, measure))
    if row is None:
        raise IncrementNotSet(district, year=year, measure=measure)
    _require_room(work, row, needed=amount)
    work.session.add(
        IncrementOfferRow(
            reference=reference,
            district=district,
            year=year,
            measure=measure,
            amount=amount,
            state="offered",
        )
    )


def give_back(work: Work, reference: str) -> None:
    """Count an unsold offer no longer; a sale that was never counted is no matter."""
    row = work.session.get(IncrementOfferRow, reference)
    if row is not None:
        row.state = "returned"


def _require_room(work: Work, row: IncrementRow, *, needed: int) -> None:
    share = as_share(_find(work, row.district, row.year, SHARE))
    offered = work.session.scalars(
        sa.select(IncrementOfferRow.amount).where(
            IncrementOfferRow.district == row.district,
            IncrementOfferRow.year == row.year,
            IncrementOfferRow.measure == row.measure,
            IncrementOfferRow.state == "offered",
        )
    )
    available = row.amount * share // 1 - sum(offered)
    if needed > available:
        raise IncrementExceeded(row, share=share, needed=needed, available=available)


def _is_limited(work: Work, district: str, year: int) -> bool:
    return as_switch(_find(work, district, year, LIMITED))


def _find(work: Work, district: str, year: int, key: str) -> Found:
    pack = work.memory.cache(Parties).district(district).pack
    return work.memory.cache(Policy).find(pack, key, on=date(year, 1, 1))


def _scope(_work: Work, payload: SetIncrement) -> str:
    return f"district:{payload.district}"


_CITY = frozenset({Role.CITY_REGULATOR})

INCREMENT_HANDLERS = (
    Handler(SetIncrement, set_increment, makers=_CITY, checkers=_CITY, scope=_scope),
)
