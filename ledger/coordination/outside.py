"""
Record reductions that count in another register, and by what facilities are known there.
"""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from ledger.command import Payload
from ledger.coordination.overlap import register_in_carbon
from ledger.coordination.tables import FacilityMarkRow, OutsideClaimRow
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties, PartyUnknown, require_credit_code, require_id
from ledger.parties.tables import FacilityRow
from ledger.post import AmountNotPositive, AmountTooLarge
from ledger.rows import each_row
from ledger.subject import Result
from ledger.substitution.evidence import (
    require_document,
    require_evidence,
    require_measure,
    require_past,
)
from ledger.units import AMOUNT_MAX
from ledger.work import Work


class OutsideClaimExists(Refused):
    """A claim made elsewhere is on record by this id."""

    code = "outside_claim_exists"
    rule = "CRD-05"

    def __init__(self, claim: str) -> None:
        super().__init__(f"outside claim {claim} is on record already", claim=claim)


class OutsideClaimUnknown(Refused):
    """No claim made elsewhere of this id is on record, or it was withdrawn."""

    code = "outside_claim_unknown"
    rule = "CRD-05"

    def __init__(self, claim: str) -> None:
        super().__init__(
            f"there is no outside claim {claim[:40]} that stands; look at the list for its id",
            claim=claim[:40],
        )


class DaysReversed(Refused):
    """A period ends before it begins."""

    code = "days_reversed"
    rule = "CRD-05"

    def __init__(self, *, first_day: date, last_day: date) -> None:
        super().__init__(
            f"a period from {first_day} to {last_day} ends before it begins; exchange the days",
            first_day=first_day.isoformat(),
            last_day=last_day.isoformat(),
        )


class SerialsMalformed(Refused):
    """Serial numbers are not a series with a first and a last number, in this order."""

    code = "serials_malformed"
    rule = "CRD-20"

    def __init__(self, series: str, *, first: int, last: int) -> None:
        super().__init__(
            f"{series[:40]!r} from {first} to {last} names no certificates: a series, and numbers "
            f"from 1 to {AMOUNT_MAX}, the first not after the last",
            series=series[:40],
            first=first,
            last=last,
        )


class MarkLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of a facility and the number on its equipment; empty is unknown."""

    facility: str
    address: str = ""
    equipment: str = ""


class RecordMarks(Payload, frozen=True):
    """Record by what facilities are known beside their ids; the newest record counts."""

    kind: ClassVar[str] = "facilities.record_marks"
    rows: tuple[MarkLine, ...]


class OutsideLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One reduction elsewhere, *amount* in minor units of *measure*.

    *facility* is its id here where it has one. Certificates give *series* and serial numbers.
    """

    id: str
    scheme: Literal["other_province", "carbon", "certificate", "energy_saving"]
    register: str
    reference: str
    holder: str
    measure: str
    amount: int
    first_day: date
    last_day: date
    evidence: str
    credit_code: str = ""
    facility: str = ""
    facility_name: str = ""
    address: str = ""
    equipment: str = ""
    decision: str = ""
    series: str = ""
    first_serial: int = 0
    last_serial: int = 0


class RecordOutside(Payload, frozen=True):
    """Record claims made elsewhere, as their registers have them; nothing is judged by it."""

    kind: ClassVar[str] = "outside_claims.record"
    rows: tuple[OutsideLine, ...]


class WithdrawOutside(Payload, frozen=True):
    """Say that a claim made elsewhere counts there no longer, by a *document*."""

    kind: ClassVar[str] = "outside_claims.withdraw"
    claim: str
    document: str


class RegisterReduction(Payload, frozen=True):
    """
    Let a reduction of a facility go to the carbon market, *amount_kg* of CO2.

    It is then on record as a claim made elsewhere, under *claim*.
    """

    kind: ClassVar[str] = "carbon.register_reduction"
    claim: str
    facility: str
    register: str
    reference: str
    amount_kg: int
    first_day: date
    last_day: date
    evidence: str


def record_marks(work: Work, payload: RecordMarks) -> Result:
    """Record addresses and equipment numbers of facilities. Rule: CRD-06."""
    each_row(payload.rows, lambda line: _mark(work, line))
    return {"facilities": len(payload.rows)}


def _mark(work: Work, line: MarkLine) -> None:
    _facility(work, line.facility)
    row = FacilityMarkRow(
        facility=line.facility,
        address=line.address,
        equipment=line.equipment,
        recorded_by=work.sequence,
    )
    work.session.merge(row)


def record_outside(work: Work, payload: RecordOutside) -> Result:
    """Record claims made elsewhere, all or none. Rule: CRD-05."""
    each_row(payload.rows, lambda line: _record(work, line))
    return {"claims": len(payload.rows)}


def _record(work: Work, line: OutsideLine) -> None:
    if line.credit_code:
        require_credit_code(line.credit_code)
    if line.facility:
        _facility(work, line.facility)
    if line.series or line.first_serial or line.last_serial:
        require_serials(line.series, line.first_serial, line.last_serial)
    require_document("the outside claim", line.reference)
    _keep(work, line)


def require_serials(series: str, first: int, last: int) -> None:
    """Refuse what names no serial numbers. Rule: CRD-20."""
    if not series.strip() or len(series) > 64 or not 1 <= first <= last <= AMOUNT_MAX:
        raise SerialsMalformed(series, first=first, last=last)


def register_reduction(work: Work, payload: RegisterReduction) -> Result:
    """Register a reduction for the carbon market unless it is freed quota. Rules: CRD-13."""
    facility = _facility(work, payload.facility)
    line = OutsideLine(
        id=payload.claim,
        scheme="carbon",
        register=payload.register,
        reference=payload.reference,
        holder=facility.enterprise,
        measure="carbon",
        amount=payload.amount_kg,
        first_day=payload.first_day,
        last_day=payload.last_day,
        evidence=payload.evidence,
        facility=payload.facility,
    )
    require_document("the carbon reduction", payload.reference)
    row = _keep(work, line)
    register_in_carbon(work, row, district=_district(work, facility.enterprise))
    return {"claim": row.id}


def withdraw_outside(work: Work, payload: WithdrawOutside) -> Result:
    """Withdraw a claim made elsewhere: from now on it matches nothing. Rule: CRD-05."""
    row = outside_claim(work, payload.claim)
    require_document("the withdrawal", payload.document)
    row.state, row.withdrawal = "withdrawn", payload.document
    return {"claim": row.id, "state": row.state}


def outside_claim(work: Work, claim: str) -> OutsideClaimRow:
    """Return a claim made elsewhere that stands, or refuse. Rule: CRD-05."""
    row = work.session.get(OutsideClaimRow, claim)
    if row is None or row.state != "standing":
        raise OutsideClaimUnknown(claim)
    return row


def _keep(work: Work, line: OutsideLine) -> OutsideClaimRow:
    require_id(line.id)
    if work.session.get(OutsideClaimRow, line.id) is not None:
        raise OutsideClaimExists(line.id)
    require_evidence(line.evidence)
    if line.last_day < line.first_day:
        raise DaysReversed(first_day=line.first_day, last_day=line.last_day)
    require_past("the period's first day", line.first_day, today=day_of(work.now))
    require_measure(line.measure)
    if line.amount <= 0:
        raise AmountNotPositive(line.amount)
    if line.amount > AMOUNT_MAX:
        raise AmountTooLarge(line.amount)
    work.require_keys(line.facility, line.evidence)
    facts = msgspec.structs.asdict(line) | {
        "first_day": line.first_day.isoformat(),
        "last_day": line.last_day.isoformat(),
        "first_serial": line.first_serial or None,
        "last_serial": line.last_serial or None,
    }
    row = OutsideClaimRow(**facts, state="standing", withdrawal="", recorded_by=work.sequence)
    work.session.add(row)
    work.session.flush()
    return row


def _facility(work: Work, facility: str) -> FacilityRow:
    row = work.session.get(FacilityRow, facility)
    if row is None:
        raise PartyUnknown("facility", facility)
    return row


def _district(work: Work, enterprise: str) -> str:
    return work.memory.cache(Parties).enterprise(enterprise).district
