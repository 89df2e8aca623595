"""
Renewables count once: as a deduction in an assessment or as a freed lot, never both.

The lock is kept by place and by days inclusive. A meter clashes with itself and with the whole of
its facility; a facility with each of its meters.
"""

from datetime import date
from typing import ClassVar, Literal

import sqlalchemy as sa

from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.metering.tables import MeterRow
from ledger.parties.party import PartyUnknown
from ledger.parties.tables import FacilityRow
from ledger.subject import Result
from ledger.substitution.evidence import require_document, require_past
from ledger.substitution.reserve_tables import RenewableUseRow
from ledger.substitution.tables import FreedClaimRow
from ledger.work import Work

Purpose = Literal["freed_claim", "deduction"]


class RenewableUsed(Refused):
    """The renewables of this place and these days were used for something already."""

    code = "renewable_used"
    rule = "FRQ-76"

    def __init__(
        self, place: str, *, purpose: str, reference: str, first_day: str, last_day: str
    ) -> None:
        super().__init__(
            f"renewables of {place} from {first_day} to {last_day} were used as a {purpose} by "
            f"{reference}: they count once, so name other days or another meter",
            place=place,
            purpose=purpose,
            reference=reference,
            first_day=first_day,
            last_day=last_day,
        )


class RenewableDaysReversed(Refused):
    """A deduction ends before it begins."""

    code = "renewable_days_reversed"
    rule = "FRQ-76"

    def __init__(self, first_day: date, last_day: date) -> None:
        super().__init__(
            f"the deduction ends on {last_day}, before it begins on {first_day}",
            first_day=first_day.isoformat(),
            last_day=last_day.isoformat(),
        )


class DeductRenewables(Payload, frozen=True):
    """
    Record that an assessment deducts the renewables of one meter or facility on some days.

    *document* is the assessment that does so.
    """

    kind: ClassVar[str] = "freed.deduct_renewables"
    place: str
    first_day: date
    last_day: date
    document: str


def deduct_renewables(work: Work, payload: DeductRenewables) -> Result:
    """Lock renewables as deducted, so that no claim frees them again. Rule: FRQ-76."""
    require_document("the assessment", payload.document)
    work.require_keys(payload.document)
    if payload.last_day < payload.first_day:
        raise RenewableDaysReversed(payload.first_day, payload.last_day)
    require_past("the end of the period", payload.last_day, today=day_of(work.now))
    if not enterprise_of_place(work, payload.place):
        raise PartyUnknown("meter or facility", payload.place)
    days = payload.first_day, payload.last_day
    lock_renewable(work, payload.place, days=days, purpose="deduction", reference=payload.document)
    return {"place": payload.place, "document": payload.document}


def enterprise_of_place(work: Work, place: str) -> str:
    """Return whose meter or facility *place* is, "" where there is none."""
    row = work.session.get(MeterRow, place) or work.session.get(FacilityRow, place)
    return row.enterprise if row else ""


def is_deducted(work: Work, place: str, first_day: date, last_day: date) -> bool:
    """Return whether an assessment deducts renewables of *place* on any of the days. FRQ-76."""
    return any(row.purpose == "deduction" for row in _taken(work, place, first_day, last_day))


def lock_renewable(
    work: Work, place: str, *, days: tuple[date, date], purpose: Purpose, reference: str
) -> None:
    """
    Lock the renewables of *place* for one purpose, or refuse where another has a day of them.

    Another claim is left to the rule on claims, which asks for the measure too. Rule: FRQ-76.
    """
    for row in _taken(work, place, *days):
        if row.purpose != purpose or purpose == "deduction":
            raise RenewableUsed(
                place,
                purpose=row.purpose,
                reference=row.reference,
                first_day=row.first_day,
                last_day=row.last_day,
            )
    first_day, last_day = days
    work.session.add(
        RenewableUseRow(
            place=place,
            purpose=purpose,
            reference=reference,
            first_day=first_day.isoformat(),
            last_day=last_day.isoformat(),
            locked_by=work.sequence,
        )
    )
    work.session.flush()


def _touching(work: Work, place: str) -> set[str]:
    """Return a meter and its facility, or a facility and all of its meters."""
    meter = work.session.get(MeterRow, place)
    if meter is not None:
        return {place, meter.facility or place}
    meters = work.session.scalars(sa.select(MeterRow.id).where(MeterRow.facility == place))
    return {place, *meters}


def _taken(work: Work, place: str, first_day: date, last_day: date) -> list[RenewableUseRow]:
    """Return what uses renewables of *place* on any of the days; rejected claims use nothing."""
    rows = work.session.scalars(
        sa.select(RenewableUseRow)
        .where(
            RenewableUseRow.place.in_(sorted(_touching(work, place))),
            RenewableUseRow.first_day <= last_day.isoformat(),
            RenewableUseRow.last_day >= first_day.isoformat(),
        )
        .order_by(RenewableUseRow.locked_by, RenewableUseRow.reference)
    )
    return [row for row in rows if not _is_rejected(work, row)]


def _is_rejected(work: Work, row: RenewableUseRow) -> bool:
    if row.purpose != "freed_claim":
        return False
    claim = work.session.get(FreedClaimRow, row.reference)
    return claim is not None and claim.state == "rejected"
