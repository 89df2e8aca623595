"""
Compute what enterprises must surrender, from their final reports.
"""

from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.calculation import Sheet, Step, step
from ledger.command import Payload, canonical
from ledger.compliance.book import Book, Standing, Year, YearState, require_state
from ledger.compliance.keep import put_standing
from ledger.compliance.obligation import Amounts, Obligation, obligation
from ledger.coordination.firm import Coordinated, coordinated
from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.metering.consumption import Consumption
from ledger.metering.report import final_report
from ledger.metering.report_state import FinalReport, ReportState
from ledger.metering.tables import ReportRow
from ledger.parties.party import Parties
from ledger.parties.tables import EnterpriseRow
from ledger.rows import each_row
from ledger.subject import Result
from ledger.versions import RIGHTS
from ledger.work import Work

COMPUTED_MAX = 200
"""How many obligations one command computes, so that it never keeps the writer for long."""


class ObligationExists(Refused):
    """The obligation follows from a final report and was computed before."""

    code = "obligation_exists"
    rule = "CMP-53"

    def __init__(self, enterprise: str, *, compliance_year: int) -> None:
        super().__init__(
            f"the obligation of {enterprise} for {compliance_year} was computed before; a final "
            "report does not change",
            enterprise=enterprise,
            compliance_year=compliance_year,
        )


class ObligationScopeUnclear(Refused):
    """The command names neither enterprises nor a district, both, or too many."""

    code = "obligation_scope_unclear"
    rule = "CMP-53"

    def __init__(self, *, enterprises: int, district: str) -> None:
        super().__init__(
            f"{enterprises} enterprises and district {district[:10]!r} are named: name 1 to "
            f"{COMPUTED_MAX} enterprises, or one district",
            enterprises=enterprises,
            district=district[:10],
            largest=COMPUTED_MAX,
        )


class BasisOther(Refused):
    """The report counts energy on another basis than allowances do."""

    code = "obligation_basis_other"
    rule = "CMP-53"

    def __init__(self, enterprise: str, *, basis: Basis) -> None:
        super().__init__(
            f"the report of {enterprise} is on the {basis} basis, but allowances are on the "
            f"{Basis.EQUIVALENT} basis and the two are never set against each other",
            enterprise=enterprise,
            basis=basis.value,
        )


class ComputeObligations(Payload, frozen=True):
    """
    Compute obligations of a year: of the named enterprises, all or none, or of a whole district.

    For a district each command takes the next enterprises whose report is final.
    """

    kind: ClassVar[str] = "obligations.compute"
    year: int
    enterprises: tuple[str, ...] = ()
    district: str = ""


def compute_obligations(work: Work, payload: ComputeObligations) -> Result:
    """
    Compute obligations from final reports and keep every step.

    Rule: CMP-01, CMP-02, CMP-53.
    """
    year = work.memory.cache(Book).year(payload.year)
    require_state(year, YearState.OPEN, YearState.CLOSING)
    named = len(payload.enterprises)
    if bool(named) == bool(payload.district) or named > COMPUTED_MAX:
        raise ObligationScopeUnclear(enterprises=named, district=payload.district)
    if named:
        each_row(payload.enterprises, lambda enterprise: _compute(work, year, enterprise))
        return {"computed": named, "remaining": 0, "pending": 0}
    return _compute_district(work, year, payload.district)


def _compute_district(work: Work, year: Year, district: str) -> Result:
    """Compute the next of a district; *pending* counts enterprises without a final report."""
    parties, book = work.memory.cache(Parties), work.memory.cache(Book)
    parties.district(district)
    final = work.session.scalars(
        sa.select(ReportRow.enterprise)
        .join(EnterpriseRow, EnterpriseRow.id == ReportRow.enterprise)
        .where(
            EnterpriseRow.district == district,
            ReportRow.year == year.compliance_year,
            ReportRow.state == ReportState.FINAL.value,
        )
    )
    reported = sorted(set(final))
    standings = book.standings.get(year.compliance_year, {})
    ready = [each for each in reported if (each, "energy") not in standings]
    for enterprise in ready[:COMPUTED_MAX]:
        _compute(work, year, enterprise)
    members = sum(each.district == district for each in parties.enterprises.values())
    return {
        "computed": min(len(ready), COMPUTED_MAX),
        "remaining": max(len(ready) - COMPUTED_MAX, 0),
        "pending": members - len(reported),
    }


def _compute(work: Work, year: Year, enterprise: str) -> None:
    work.memory.cache(Parties).enterprise(enterprise)
    compliance_year = year.compliance_year
    if work.memory.cache(Book).standing(compliance_year, enterprise, "energy") is not None:
        raise ObligationExists(enterprise, compliance_year=compliance_year)
    report = final_report(work, enterprise, compliance_year)
    if report.basis is not Basis.EQUIVALENT:
        raise BasisOther(enterprise, basis=report.basis)
    policy = _policy_of(work, report)
    found = _obligation(report, packs=policy.packs, has_coal="coal" in year.measures)
    changed = _coordinated(work, report, found.amounts)
    verified = {"energy": found.amounts.energy_kgce, "coal": found.amounts.coal_kg}
    owed = {"energy": changed.energy_kgce, "coal": changed.coal_kg}
    for measure in year.measures:
        first = _step(report, policy=policy, measure=measure, owed=verified[measure])
        steps = (first, *changed.steps.get(measure, ()))
        _keep(work, report, Sheet(policy.packs).then(*steps), measure=measure, owed=owed[measure])


def _coordinated(work: Work, report: FinalReport, amounts: Amounts) -> Coordinated:
    """Return what is owed beside carbon market and certificates; older rules knew neither."""
    if work.is_since(RIGHTS):
        return coordinated(work, report, coal_kg=amounts.coal_kg)
    return Coordinated(amounts.energy_kgce, amounts.coal_kg)


def _obligation(report: FinalReport, *, packs: str, has_coal: bool) -> Obligation:
    consumption = Consumption(
        energy_kgce=report.energy_kgce,
        coal_kg=report.coal_kg,
        basis=report.basis,
        edition=report.edition,
        sheet=Sheet(packs),
    )
    return obligation(
        report.enterprise,
        compliance_year=report.year,
        consumption=consumption,
        is_verified=True,
        is_coal_obligated=has_coal,
    )


class _Applied(msgspec.Struct):
    """One parameter that a report says it was computed with."""

    key: str
    value: object
    pack: str
    version: str


class _Policy(msgspec.Struct):
    """What a report says about the policy it was computed with; its other parts are passed over."""

    policy: list[_Applied]

    @property
    def packs(self) -> str:
        """Return the packs with their versions, as one line for a sheet."""
        return "; ".join(sorted({f"{each.pack}@{each.version}" for each in self.policy}))


def _policy_of(work: Work, report: FinalReport) -> _Policy:
    # Renewables and feedstock were counted or left out when the report was computed; the
    # obligation says by which parameters, rather than look them up again on another day.
    row = work.session.get_one(ReportRow, (report.enterprise, report.year, report.version))
    return msgspec.json.decode(row.content, type=_Policy)


def _keep(work: Work, report: FinalReport, sheet: Sheet, *, measure: str, owed: int) -> None:
    work.add(
        "obligations",
        (
            report.year,
            report.enterprise,
            measure,
            owed,
            report.basis.value,
            report.edition,
            report.report_hash,
            canonical(sheet.plain()).decode(),
            work.sequence,
        ),
    )
    put_standing(
        work,
        Standing(
            compliance_year=report.year,
            enterprise=report.enterprise,
            measure=measure,
            owed=owed,
        ),
    )


def _step(report: FinalReport, *, policy: _Policy, measure: str, owed: int) -> Step:
    applied = {each.key: str(each.value).lower() for each in policy.policy}
    return step(
        f"{measure} owed",
        f"verified {measure} of the report",
        {
            "report": report.report_hash,
            "report_version": report.version,
            "basis": report.basis.value,
            "edition": report.edition,
            **applied,
        },
        result=owed,
        unit="kgce" if measure == "energy" else "kg coal",
        rule="CMP-01" if measure == "energy" else "CMP-02",
    )
