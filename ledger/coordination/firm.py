"""
What carbon market and green certificates change in an enterprise's obligation.

Without a membership or a certificate of the year nothing is looked up and nothing changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.calculation import HALF_UP, Step, step
from ledger.coordination.overlap import CarbonOverlap, carbon_overlap
from ledger.coordination.tables import (
    CarbonMembershipRow,
    CertificateHoldingRow,
    CertificateIssueRow,
)
from ledger.metering.carriers import Basis
from ledger.metering.factors import table_in_force
from ledger.metering.report_state import FinalReport
from ledger.metering.tables import ReportRow
from ledger.parties.party import Parties
from ledger.policy import Found, as_share, as_switch
from ledger.units import round_half_up
from ledger.work import Work


@dataclass(frozen=True, slots=True)
class Coordinated:
    """What a report owes after coordination, kgce and kg of coal, with the steps by measure."""

    energy_kgce: int
    coal_kg: int
    steps: dict[str, tuple[Step, ...]] = field(default_factory=dict)


class _Line(msgspec.Struct):
    """One line of a report, its other parts passed over."""

    meter: str
    carrier: str
    quantity: str
    unit: str
    use: str
    certificate_sold: bool


class _Content(msgspec.Struct):
    lines: list[_Line]
    policy: list[dict[str, Any]]


def coordinated(work: Work, report: FinalReport, *, coal_kg: int) -> Coordinated:
    """
    Return what *report* owes once carbon market and certificates are taken into account.

    *coal_kg* is what it owes of coal without them.

    First own renewables whose certificates went elsewhere are added, then certificates deducted
    where the switch is on, last a power-sector member is left out where the pack says so.
    Rules: CRD-12, CRD-23 to CRD-26.
    """
    steps = [*_sold_again(work, report)]
    energy_kgce = report.energy_kgce + sum(int(one.result) for one in steps)
    deducted = _deducted(work, report, energy_kgce)
    if deducted is not None:
        steps.append(deducted)
        energy_kgce -= int(deducted.result)
    member = work.session.get(CarbonMembershipRow, (report.enterprise, report.year))
    if member is not None:
        excluded = _excluded(work, report, member)
        if excluded is not None:
            both = {"energy": (*steps, excluded), "coal": (excluded,)}
            return Coordinated(0, 0, both)
    return Coordinated(energy_kgce, coal_kg, {"energy": tuple(steps)})


def _excluded(work: Work, report: FinalReport, member: CarbonMembershipRow) -> Step | None:
    overlap = carbon_overlap(work, _district(work, report.enterprise))
    if overlap is not CarbonOverlap.EXCLUDE_ETS_POWER or member.power_sector != "yes":
        return None
    return step(
        "left out: power sector of the carbon market",
        "0",
        {
            "carbon_overlap": overlap.value,
            "market": member.market,
            "document": member.document,
        },
        result=0,
        unit="minor units",
        rule="CRD-12",
    )


def _sold_again(work: Work, report: FinalReport) -> Iterator[Step]:
    """Yield what own renewables add again, by meter, since others hold their certificates."""
    gone = _gone(work, report)
    if not gone:
        return
    row = work.session.get_one(ReportRow, (report.enterprise, report.year, report.version))
    content = msgspec.json.decode(row.content, type=_Content)
    counted = {one["key"]: one["value"] for one in content.policy}
    if counted.get("obligation.own_renewables_counted"):
        return
    table = table_in_force(work.session, year=report.year, basis=Basis.EQUIVALENT)
    for line in content.lines:
        # A line that the report says was sold is in its figure already.
        if line.use != "own_renewable" or line.certificate_sold or line.unit != "kWh":
            continue
        kwh = min(Decimal(gone.get(line.meter, 0) * 1_000), Decimal(line.quantity))
        if kwh:
            yield _again(line, kwh, table.factor(line.carrier).kgce_per_unit)


def _again(line: _Line, kwh: Decimal, kgce_per_kwh: Decimal) -> Step:
    return step(
        f"own renewables of {line.meter} counted again: certificates went elsewhere",
        "min(certificates × 1000 kWh, own use) × kgce_per_kwh",
        {"kwh": kwh, "own_use": Decimal(line.quantity), "kgce_per_kwh": kgce_per_kwh},
        result=round_half_up(kwh * kgce_per_kwh),
        unit="kgce",
        rule="CRD-26",
        rounding=HALF_UP,
    )


def _gone(work: Work, report: FinalReport) -> dict[str, int]:
    """Return by meter how many certificates of the year are with somebody else now."""
    issue, held = CertificateIssueRow, CertificateHoldingRow
    query = (
        sa.select(issue.meter, sa.func.sum(held.last_serial - held.first_serial + 1))
        .join(
            held,
            sa.and_(held.series == issue.series, held.issued_from == issue.first_serial),
        )
        .where(issue.holder == report.enterprise, issue.year == report.year, issue.meter != "")
        .where(held.holder != report.enterprise)
        .group_by(issue.meter)
    )
    return {meter: int(count) for meter, count in work.session.execute(query)}


def _deducted(work: Work, report: FinalReport, energy_kgce: int) -> Step | None:
    """Return the deduction by certificates, None where none were retired or it is switched off."""
    count, amount_kgce = _claimed(work, report)
    if not count:
        return None
    on = date(report.year, 1, 1)
    switch = _find(work, report, "obligation.grid_renewables_counted", on)
    if as_switch(switch):
        return None
    share = as_share(_find(work, report, "certificate.firm_cap_share", on))
    cap = int(energy_kgce * share)
    return step(
        "green certificates deducted",
        "min(certificates, share × energy)",
        {
            "certificates": count,
            "stand_for_kgce": amount_kgce,
            "share": share,
            "energy": energy_kgce,
            "cap_kgce": cap,
            "switch": f"{switch.key} = false",
        },
        result=min(amount_kgce, cap),
        unit="kgce",
        rule="CRD-24",
        rounding="down",
    )


def _claimed(work: Work, report: FinalReport) -> tuple[int, int]:
    """Return how many stand-alone certificates the enterprise used for its year, and in kgce."""
    issue, held = CertificateIssueRow, CertificateHoldingRow
    query = (
        sa.select(held)
        .join(issue, sa.and_(held.series == issue.series, held.issued_from == issue.first_serial))
        .where(held.holder == report.enterprise, held.year == report.year)
        .where(held.purpose == "consumption_claim", issue.route == "stand_alone")
    )
    rows: Sequence[CertificateHoldingRow] = work.session.scalars(query).all()
    count = sum(row.last_serial - row.first_serial + 1 for row in rows)
    return count, sum(row.amount_kgce for row in rows)


def _district(work: Work, enterprise: str) -> str:
    return work.memory.cache(Parties).enterprise(enterprise).district


def _find(work: Work, report: FinalReport, key: str, on: date) -> Found:
    pack = work.memory.cache(Parties).district(_district(work, report.enterprise)).pack
    return work.memory.cache(Policy).find(pack, key, on)
