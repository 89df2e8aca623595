"""
Draft and submit an energy report: computed from readings, frozen by two persons of the enterprise.

    draft → submitted → verified → final, and returned → draft of the next version
"""

from typing import ClassVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.command import Payload, canonical, payload_hash
from ledger.metering.carriers import Basis
from ledger.metering.enroll import enterprise_scope
from ledger.metering.measure import measure_year, report_content
from ledger.metering.meter import require_year
from ledger.metering.report_state import (
    LOCKED,
    FinalReport,
    OutputDuplicate,
    OutputUnnamed,
    ReportExists,
    ReportLocked,
    ReportOutdated,
    ReportState,
    ReportVersionUnknown,
    VerificationPending,
)
from ledger.metering.tables import ReportRow
from ledger.parties.party import Parties
from ledger.post import AmountNotPositive, AmountTooLarge
from ledger.subject import Handler, Result, Role
from ledger.units import AMOUNT_MAX
from ledger.work import Work

NAME_MAX = 64


class OutputLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an enterprise made of one product in the year: whole *unit*."""

    product: str
    amount: int
    unit: str


class DraftReport(Payload, frozen=True):
    """
    Compute the draft of a year's report.

    *certificates_sold* names the meters of own renewables whose green certificates were sold.
    """

    kind: ClassVar[str] = "reports.draft"
    enterprise: str
    year: int
    certificates_sold: tuple[str, ...] = ()


class SubmitReport(Payload, frozen=True):
    """Submit the draft of *version* with what the enterprise made in the year."""

    kind: ClassVar[str] = "reports.submit"
    enterprise: str
    year: int
    version: int
    outputs: tuple[OutputLine, ...] = ()


def draft_report(work: Work, payload: DraftReport) -> Result:
    """
    Compute a draft from readings, factors and policy; an earlier draft gives way to it.

    Rule: MRV-60, MRV-61, MRV-65.
    """
    enterprise, year = payload.enterprise, payload.year
    work.memory.cache(Parties).enterprise(enterprise)
    version = _drafted_version(newest_report(work.session, enterprise, year=year), payload)
    measured = measure_year(
        work, enterprise, year=year, certificates_sold=frozenset(payload.certificates_sold)
    )
    figures = measured.consumption
    content = report_content(measured, enterprise=enterprise, year=year, version=version)
    row = ReportRow(
        enterprise=enterprise,
        year=year,
        version=version,
        state=ReportState.DRAFT.value,
        basis=figures.basis.value,
        edition=figures.edition,
        energy_kgce=figures.energy_kgce,
        coal_kg=figures.coal_kg,
        content=canonical(content).decode(),
        report_hash=None,
        drafted_by=work.sequence,
    )
    return _result(work.session.merge(row))


def submit_report(work: Work, payload: SubmitReport) -> Result:
    """
    Freeze a draft that still says what the readings give, and hash its canonical content.

    Checks in this order: version, state, outputs, that nothing has changed since it was drafted.

    Rule: MRV-62, MRV-63, MRV-64.
    """
    row = report_version(
        work, payload.enterprise, year=payload.year, version=payload.version, report_hash=None
    )
    require_state(row, ReportState.DRAFT)
    _require_outputs(payload.outputs)
    _require_current(work, row)
    content = msgspec.json.decode(row.content)
    content["outputs"] = [msgspec.structs.asdict(line) for line in payload.outputs]
    frozen = canonical(content)
    row.content = frozen.decode()
    row.report_hash = payload_hash(frozen).hex()
    row.submitted_by = work.sequence
    move(work, row, ReportState.SUBMITTED)
    return _result(row)


def final_report(work: Work, enterprise: str, year: int) -> FinalReport:
    """
    Return what the authority accepted for an enterprise's year, or refuse until it has.

    For cold commands only. Rule: MRV-69.
    """
    row = newest_report(work.session, enterprise, year=year)
    if row is None or row.state != ReportState.FINAL:
        raise VerificationPending(enterprise, year=year, state=row.state if row else "missing")
    content = msgspec.json.decode(row.content)
    # What was signed is the content; figures beside it that differ were changed behind the ledger.
    assert payload_hash(row.content.encode()).hex() == row.report_hash
    assert (content["energy_kgce"], content["coal_kg"]) == (row.energy_kgce, row.coal_kg)
    return FinalReport(
        enterprise=enterprise,
        year=year,
        version=row.version,
        energy_kgce=row.energy_kgce,
        coal_kg=row.coal_kg,
        outputs={line["product"]: line["amount"] for line in content["outputs"]},
        report_hash=row.report_hash,
        basis=Basis(row.basis),
        edition=row.edition,
    )


def newest_report(session: Session, enterprise: str, *, year: int) -> ReportRow | None:
    """Return the newest version of a report, None where the year has none."""
    require_year(year)
    return session.scalar(
        sa.select(ReportRow)
        .where(ReportRow.enterprise == enterprise, ReportRow.year == year)
        .order_by(ReportRow.version.desc())
        .limit(1)
    )


def report_version(
    work: Work, enterprise: str, *, year: int, version: int, report_hash: str | None
) -> ReportRow:
    """
    Return the newest version of a report if it is the one that number and hash name, or refuse.

    A draft has no hash and is named by None. Rule: MRV-66.
    """
    row = newest_report(work.session, enterprise, year=year)
    named = row is not None and row.version == version
    if row is None or not named or (report_hash is not None and row.report_hash != report_hash):
        newest = row.version if row else 0
        raise ReportVersionUnknown(enterprise, year=year, version=version, newest=newest)
    return row


def require_state(row: ReportRow, state: ReportState) -> None:
    """Refuse unless the report is in *state*. Rule: MRV-65."""
    if row.state != state:
        raise _locked(row, accepted=state.value)


def require_unlocked(session: Session, enterprise: str, *, years: list[int]) -> None:
    """Refuse if a report of one of *years* is submitted, verified or final. Rule: MRV-56."""
    for year in years:
        row = newest_report(session, enterprise, year=year)
        if row is not None and row.state in LOCKED:
            raise _locked(row, accepted="a draft or returned")


def move(work: Work, row: ReportRow, state: ReportState) -> None:
    """Bring a report to *state* and tell readers."""
    row.state = state.value
    work.publish("reports", _result(row))


def _locked(row: ReportRow, *, accepted: str) -> ReportLocked:
    return ReportLocked(
        row.enterprise, year=row.year, version=row.version, state=row.state, accepted=accepted
    )


def _drafted_version(before: ReportRow | None, payload: DraftReport) -> int:
    if before is None:
        return 1
    if before.state == ReportState.FINAL:
        raise ReportExists(payload.enterprise, year=payload.year, version=before.version)
    if before.state in LOCKED:
        raise _locked(before, accepted="a draft or returned")
    return before.version + (before.state == ReportState.RETURNED)


def _require_current(work: Work, row: ReportRow) -> None:
    drafted = msgspec.json.decode(row.content)
    sold = frozenset(line["meter"] for line in drafted["lines"] if line["certificate_sold"])
    measured = measure_year(work, row.enterprise, year=row.year, certificates_sold=sold)
    current = report_content(
        measured, enterprise=row.enterprise, year=row.year, version=row.version
    )
    if canonical(current).decode() != row.content:
        raise ReportOutdated(
            row.enterprise,
            year=row.year,
            drafted_kgce=row.energy_kgce,
            current_kgce=measured.consumption.energy_kgce,
        )


def _require_outputs(lines: tuple[OutputLine, ...]) -> None:
    products: set[str] = set()
    for line in lines:
        if not (0 < len(line.product.strip()) <= NAME_MAX and 0 < len(line.unit) <= NAME_MAX):
            raise OutputUnnamed(line.product, line.unit)
        if line.product in products:
            raise OutputDuplicate(line.product)
        if line.amount <= 0:
            raise AmountNotPositive(line.amount)
        if line.amount > AMOUNT_MAX:
            raise AmountTooLarge(line.amount)
        products.add(line.product)


def _result(row: ReportRow) -> Result:
    return {
        "enterprise": row.enterprise,
        "year": row.year,
        "version": row.version,
        "state": row.state,
        "energy_kgce": row.energy_kgce,
        "coal_kg": row.coal_kg,
        "basis": row.basis,
        "edition": row.edition,
        "report_hash": row.report_hash or "",
    }


_COMPLIANCE = frozenset({Role.ENTERPRISE_COMPLIANCE})

REPORT_HANDLERS = (
    Handler(DraftReport, draft_report, makers=_COMPLIANCE, scope=enterprise_scope),
    Handler(
        SubmitReport,
        submit_report,
        makers=_COMPLIANCE,
        checkers=frozenset({Role.ENTERPRISE_ADMIN}),
        scope=enterprise_scope,
    ),
)
