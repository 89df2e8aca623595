"""
Compliance years and where each enterprise stands in them, as the writer keeps them in memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from ledger.compliance.obligation import Amounts
from ledger.compliance.terms import Terms
from ledger.errors import Refused
from ledger.units import KGCE_PER_TCE

MEASURES = ("energy", "coal")
"""What may be owed, in the order in which figures are worked out."""


class YearState(StrEnum):
    """How far a compliance year has come."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class YearUnknown(Refused):
    """The compliance year was never opened."""

    code = "compliance_year_unknown"
    rule = "CMP-50"

    def __init__(self, compliance_year: int) -> None:
        super().__init__(
            f"compliance year {compliance_year} is not open: a regulator opens it with a deadline",
            compliance_year=compliance_year,
        )


class YearStateWrong(Refused):
    """The compliance year is not in the state that the command needs."""

    code = "compliance_year_state"
    rule = "CMP-60"

    def __init__(self, compliance_year: int, *, state: YearState, needed: str) -> None:
        super().__init__(
            f"compliance year {compliance_year} is {state}, but must be {needed}",
            compliance_year=compliance_year,
            state=state.value,
            needed=needed,
        )


@dataclass(frozen=True, slots=True)
class Year:
    """One compliance year; *waived* are the unconfirmed parameters that *waiver* covers."""

    compliance_year: int
    deadline: date
    measures: tuple[str, ...]
    state: YearState
    waiver: str
    waived: str
    opened_by: int
    closed_by: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where an enterprise stands for one year and measure, in minor units.

    *recovered* was deducted by force.
    """

    compliance_year: int
    enterprise: str
    measure: str
    owed: int
    surrendered: int = 0
    recovered: int = 0
    is_closed: bool = False

    @property
    def outstanding(self) -> int:
        """Return what is still to be surrendered, at least zero."""
        return max(self.owed - self.surrendered - self.recovered, 0)


class Book:
    """
    Every year, standing, closed enterprise and mean price (fen a tonne); the writer's cache.

    *terms* remembers what was read from the packs; its keys hold their versions.
    """

    def __init__(self) -> None:
        self.years: dict[int, Year] = {}
        self.standings: dict[int, dict[tuple[str, str], Standing]] = {}
        self.closed: dict[int, set[str]] = {}
        self.prices: dict[tuple[int, str], Fraction] = {}
        self.terms: dict[tuple[object, ...], Terms] = {}

    def year(self, compliance_year: int) -> Year:
        """Return the year, or refuse one that was never opened."""
        found = self.years.get(compliance_year)
        if found is None:
            raise YearUnknown(compliance_year)
        return found

    def standing(self, compliance_year: int, enterprise: str, measure: str) -> Standing | None:
        """Return where an enterprise stands, None before its obligation is computed."""
        return self.standings.get(compliance_year, {}).get((enterprise, measure))

    def is_closed(self, compliance_year: int, enterprise: str) -> bool:
        """Return whether the enterprise's year is done."""
        return enterprise in self.closed.get(compliance_year, ())

    def waiting(self, compliance_year: int) -> list[str]:
        """Return the enterprises with an obligation whose year is not done, by id."""
        closed = self.closed.get(compliance_year, set())
        obliged = {enterprise for enterprise, _ in self.standings.get(compliance_year, ())}
        return sorted(obliged - closed)


def require_state(year: Year, *allowed: YearState) -> None:
    """Refuse unless *year* is in one of the states. Rule: CMP-60."""
    if year.state not in allowed:
        raise YearStateWrong(year.compliance_year, state=year.state, needed=" or ".join(allowed))


def amounts(by_measure: Iterable[tuple[str, int]]) -> Amounts:
    """Return amounts by measure side by side; a measure that is not there is zero."""
    found = dict(by_measure)
    return Amounts(energy_kgce=found.get("energy", 0), coal_kg=found.get("coal", 0))


def mean_price_fen(*, turnover_fen: int, volume: int) -> Fraction:
    """Return fen per tonne from a turnover and a volume in minor units. Rule: CMP-67."""
    assert volume > 0
    return Fraction(turnover_fen * KGCE_PER_TCE, volume)
