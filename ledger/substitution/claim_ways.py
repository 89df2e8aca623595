"""
Apply for freed quota in the other ways: elimination, overcapacity, better management, renewables.

An elimination and a cut of overcapacity are closures that the state decided; better management is
audited as a retrofit is, without works. Renewables free their proven, locally consumed increment.
"""

from datetime import date
from typing import ClassVar, Literal

from ledger.adopt import Policy
from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.metering.tables import MeterRow
from ledger.parties.party import Parties, PartyUnknown
from ledger.policy import as_switch
from ledger.post import AmountNotPositive
from ledger.subject import Result
from ledger.substitution.audit import running_facility
from ledger.substitution.claim import claim_row, close_claim, save_claim
from ledger.substitution.closed import cap_rule
from ledger.substitution.evidence import require_document, require_past
from ledger.substitution.file import Figure, file_claim
from ledger.substitution.freed import Method, freed_by_renewables
from ledger.substitution.lines import ClosureLine, RenewableLine, RetrofitLine
from ledger.substitution.renew import RenewableUsed, lock_renewable
from ledger.substitution.reserve_tables import FreedWayRow
from ledger.work import Work


class DaysReversed(Refused):
    """A period ends before it begins."""

    code = "freed_days_reversed"
    rule = "FRQ-51"

    def __init__(self, first_day: date, last_day: date) -> None:
        super().__init__(
            f"the period ends on {last_day}, before it begins on {first_day}",
            first_day=first_day.isoformat(),
            last_day=last_day.isoformat(),
        )


class ClaimRemoval(Payload, frozen=True):
    """
    Apply for what a facility used that was eliminated (淘汰) or cut as overcapacity (去产能).

    *document* is the decision or list that names it. Where *pool* names a district, what is freed
    goes to that district's pool and not to the enterprise.
    """

    kind: ClassVar[str] = "freed.claim_removal"
    claim: str
    enterprise: str
    facility: str
    way: Literal["elimination", "overcapacity"]
    document: str
    closed_on: date
    statistics_year: int
    last_year: int
    evidence: str
    measures: tuple[ClosureLine, ...]
    pool: str = ""


class ClaimManagement(Payload, frozen=True):
    """Apply for the audited saving of better management; *works* names its two audits."""

    kind: ClassVar[str] = "freed.claim_management"
    claim: str
    enterprise: str
    facility: str
    works: str
    began_on: date
    ended_on: date
    last_year: int
    evidence: str
    measures: tuple[RetrofitLine, ...]


class ClaimRenewable(Payload, frozen=True):
    """Apply for a proven increment of renewables used on the spot, by the meter that shows it."""

    kind: ClassVar[str] = "freed.claim_renewable"
    claim: str
    enterprise: str
    facility: str
    meter: str
    first_day: date
    last_day: date
    last_year: int
    evidence: str
    measures: tuple[RenewableLine, ...]


def claim_removal(work: Work, payload: ClaimRemoval) -> Result:
    """File a claim on a facility that the state had removed. Rule: FRQ-74, FRQ-01, FRQ-07."""
    require_document("the decision on the removal", payload.document)
    if payload.pool:
        work.memory.cache(Parties).district(payload.pool)
    result = close_claim(work, payload)
    _keep_way(work, payload.claim, payload.way, document=payload.document, pool=payload.pool)
    return result


def claim_management(work: Work, payload: ClaimManagement) -> Result:
    """File a claim on better management, audited before and after. Rule: FRQ-74, FRQ-04."""
    result = save_claim(work, payload)
    _keep_way(work, payload.claim, "management")
    return result


def claim_renewable(work: Work, payload: ClaimRenewable) -> Result:
    """
    File a claim on renewables: the increment over the base year, of one meter, once.

    Checks in this order: the facility runs, its meter, the days, what the obligation leaves out,
    the lock against a deduction, then what every claim must stand.

    Rule: FRQ-75, FRQ-76.
    """
    running_facility(work, facility=payload.facility, enterprise=payload.enterprise)
    meter = _meter(work, payload)
    if payload.last_day < payload.first_day:
        raise DaysReversed(payload.first_day, payload.last_day)
    require_past("the end of the period", payload.last_day, today=day_of(work.now))
    _require_counted(work, payload, meter)
    days = payload.first_day, payload.last_day
    lock_renewable(work, meter.id, days=days, purpose="freed_claim", reference=payload.claim)
    figures = [_increment(work, payload, line) for line in payload.measures]
    year = payload.last_day.year
    row = claim_row(work, payload, method=Method.RENEWABLE, freed_year=year, days=days)
    result = file_claim(work, row, figures)
    _keep_way(work, payload.claim, "renewable", meter=meter.id)
    return result


def _meter(work: Work, payload: ClaimRenewable) -> MeterRow:
    row = work.session.get(MeterRow, payload.meter)
    if row is None or row.enterprise != payload.enterprise or row.facility != payload.facility:
        raise PartyUnknown(f"meter of {payload.facility[:40]}", payload.meter)
    return row


def _require_counted(work: Work, payload: ClaimRenewable, meter: MeterRow) -> None:
    """
    Refuse own renewables that the year's obligation leaves out: that is their deduction.

    Rule: FRQ-76.
    """
    if meter.use != "own_renewable":
        return
    parties = work.memory.cache(Parties)
    pack = parties.district(parties.enterprise(payload.enterprise).district).pack
    found = work.memory.cache(Policy).find(
        pack, "obligation.own_renewables_counted", payload.last_day
    )
    if not as_switch(found):
        raise RenewableUsed(
            meter.id,
            purpose="deduction",
            reference=f"{found.pack_id}: {found.key}",
            first_day=payload.first_day.isoformat(),
            last_day=payload.last_day.isoformat(),
        )


def _increment(work: Work, payload: ClaimRenewable, line: RenewableLine) -> Figure:
    pack_version, is_capped = cap_rule(work, payload.enterprise)
    if line.before < 0:
        raise AmountNotPositive(line.before)
    freed = freed_by_renewables(
        payload.facility,
        before=line.before,
        after=line.after,
        approved=line.approved if is_capped else None,
        pack_version=pack_version,
    )
    return Figure(line.measure, line.after - line.before, line.approved, freed)


def _keep_way(
    work: Work, claim: str, way: str, *, meter: str = "", document: str = "", pool: str = ""
) -> None:
    work.session.add(FreedWayRow(claim=claim, way=way, meter=meter, document=document, pool=pool))
