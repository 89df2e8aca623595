"""
File a third party's audits of a retrofit: a baseline before the works, another after them.
"""

from datetime import date
from typing import ClassVar

from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import PartyUnknown, require_id
from ledger.parties.tables import FacilityRow
from ledger.post import AmountNotPositive
from ledger.subject import Result
from ledger.substitution.evidence import require_evidence, require_measure, require_past
from ledger.substitution.tables import RetrofitAuditRow
from ledger.work import Work

BEFORE, AFTER = "before", "after"


class AuditExists(Refused):
    """These works were audited in this measure at this stage already."""

    code = "retrofit_audit_exists"
    rule = "FRQ-53"

    def __init__(self, works: str, *, measure: str, stage: str, filed_on: str) -> None:
        super().__init__(
            f"the audit of {measure} {stage} works {works} was filed on {filed_on}; it stands, "
            "and another retrofit takes another id",
            works=works,
            measure=measure,
            stage=stage,
            filed_on=filed_on,
        )


class FacilityClosed(Refused):
    """A facility that no longer runs cannot save."""

    code = "facility_closed"
    rule = "FRQ-54"

    def __init__(self, facility: str) -> None:
        super().__init__(
            f"{facility} is closed: its whole use was freed by the closure, so a running facility "
            "is accepted",
            facility=facility,
        )


class FileAudit(Payload, frozen=True):
    """
    An audit of one facility and measure by a third party.

    *consumed* is minor units of the measure in the year audited; *output* is the output of that
    year in whole units, zero where unit use is not compared. *evidence* is the report's hash.
    """

    works: str
    enterprise: str
    facility: str
    measure: str
    consumed: int
    audited_on: date
    evidence: str
    output: int = 0


class FileBaseline(FileAudit, frozen=True):
    """File the audit made before the works begin."""

    kind: ClassVar[str] = "freed.audit_baseline"


class FileReaudit(FileAudit, frozen=True):
    """File the audit made after the works have ended."""

    kind: ClassVar[str] = "freed.audit_after"


def file_baseline(work: Work, payload: FileBaseline) -> Result:
    """File a baseline; the day of filing is the ledger's, so it cannot be dated back. FRQ-04."""
    return _file(work, payload, BEFORE)


def file_reaudit(work: Work, payload: FileReaudit) -> Result:
    """File the audit after the works. Rule: FRQ-05, FRQ-53."""
    return _file(work, payload, AFTER)


def own_facility(work: Work, *, facility: str, enterprise: str) -> FacilityRow:
    """Return a facility of *enterprise*, or refuse one that it does not have. Rule: REG-31."""
    row = work.session.get(FacilityRow, facility)
    if row is None or row.enterprise != enterprise:
        raise PartyUnknown(f"facility of {enterprise[:40]}", facility)
    return row


def running_facility(work: Work, *, facility: str, enterprise: str) -> FacilityRow:
    """Return a facility of *enterprise* that has not closed. Rule: FRQ-54."""
    row = own_facility(work, facility=facility, enterprise=enterprise)
    if row.state == "closed":
        raise FacilityClosed(facility)
    return row


def _file(work: Work, payload: FileAudit, stage: str) -> Result:
    today = day_of(work.now)
    require_id(payload.works)
    require_measure(payload.measure)
    running_facility(work, facility=payload.facility, enterprise=payload.enterprise)
    require_past("the audit", payload.audited_on, today=today)
    require_evidence(payload.evidence)
    _require_amounts(payload)
    earlier = work.session.get(RetrofitAuditRow, (payload.works, payload.measure, stage))
    if earlier is not None:
        raise AuditExists(
            payload.works, measure=payload.measure, stage=stage, filed_on=earlier.filed_on
        )
    work.session.add(
        RetrofitAuditRow(
            works=payload.works,
            measure=payload.measure,
            stage=stage,
            facility=payload.facility,
            consumed=payload.consumed,
            output=payload.output,
            audited_on=payload.audited_on.isoformat(),
            filed_on=today.isoformat(),
            evidence=payload.evidence,
            filed_by=work.sequence,
        )
    )
    return {"works": payload.works, "measure": payload.measure, "stage": stage}


def _require_amounts(payload: FileAudit) -> None:
    for amount in (payload.consumed, payload.output):
        if amount < 0:
            raise AmountNotPositive(amount)
