"""
What must be surrendered for a year, how far it has been, and what may be carried on.

Coal is nested in energy: burning it answers to both, so an obligation is a vector. One measure
never makes up for the other.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.metering.consumption import Consumption


class ComplianceStatus(StrEnum):
    """Where an enterprise stands for one compliance year."""

    NOT_DUE = "not_due"
    MET = "met"
    SHORT = "short"
    REPORT_MISSING = "report_missing"


class ReportNotVerified(Refused):
    """An obligation is asked for a report that no verifier has signed."""

    code = "report_not_verified"
    rule = "CMP-01"

    def __init__(self, enterprise: str, *, compliance_year: int) -> None:
        super().__init__(
            f"the report of {enterprise} for {compliance_year} is not verified: an obligation "
            "rests on a verified report only",
            enterprise=enterprise,
            compliance_year=compliance_year,
        )


@dataclass(frozen=True, slots=True)
class Amounts:
    """Energy in kgce and coal in kg, side by side and never netted."""

    energy_kgce: int
    coal_kg: int = 0

    def less(self, other: "Amounts") -> "Amounts":
        """Return what remains of each measure after *other*, at least zero."""
        return Amounts(
            energy_kgce=max(self.energy_kgce - other.energy_kgce, 0),
            coal_kg=max(self.coal_kg - other.coal_kg, 0),
        )

    @property
    def is_zero(self) -> bool:
        """Return whether nothing of either measure is left."""
        return self.energy_kgce == 0 and self.coal_kg == 0


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one enterprise must surrender for one compliance year."""

    enterprise: str
    compliance_year: int
    amounts: Amounts
    basis: Basis
    edition: str


def obligation(
    enterprise: str,
    *,
    compliance_year: int,
    consumption: Consumption,
    is_verified: bool,
    is_coal_obligated: bool,
) -> Obligation:
    """
    Return the obligation that follows from a verified report.

    Where the scheme has no coal measure, coal answers to energy alone.

    Rule: CMP-01, CMP-02.
    """
    if not is_verified:
        raise ReportNotVerified(enterprise, compliance_year=compliance_year)
    return Obligation(
        enterprise=enterprise,
        compliance_year=compliance_year,
        amounts=Amounts(
            energy_kgce=consumption.energy_kgce,
            coal_kg=consumption.coal_kg if is_coal_obligated else 0,
        ),
        basis=consumption.basis,
        edition=consumption.edition,
    )


def shortfall(*, obligation: Amounts, surrendered: Amounts) -> Amounts:
    """
    Return what is still to be surrendered of each measure.

    Rule: CMP-03.
    """
    return obligation.less(surrendered)


def compliance_status(
    *, obligation: Amounts | None, surrendered: Amounts, deadline: date, today: date
) -> ComplianceStatus:
    """
    Return one enterprise's standing for one compliance year.

    *obligation* is None until the report is verified. The deadline day itself is still in time.

    Rule: CMP-04.
    """
    if obligation is None:
        return ComplianceStatus.REPORT_MISSING if today > deadline else ComplianceStatus.NOT_DUE
    if shortfall(obligation=obligation, surrendered=surrendered).is_zero:
        return ComplianceStatus.MET
    return ComplianceStatus.SHORT if today > deadline else ComplianceStatus.NOT_DUE


def banking_limit(*, unused: int, obligation: int, share: Fraction | None) -> int:
    """
    Return how much of *unused* may be carried into the next vintage, in minor units.

    *share* is the most that may be banked, as a part of the year's obligation and rounded down;
    None sets no limit and 0 forbids banking.

    Rule: CMP-05.
    """
    assert unused >= 0
    if share is None:
        return unused
    return min(unused, int(obligation * share))
