"""
What a waiver is: leave to use one value of one pack, for some days, though no source confirms it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ledger.command import canonical
from ledger.pack import Parameter, Status

NEEDS_WAIVER = frozenset({Status.UNCONFIRMED, Status.ANALOGUE})
"""Our own recorded decisions need none, and sample values exist in demonstrations only."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """
    A recorded waiver; *value* is JSON.

    It is for that value with that first day: one that a later version changes is not waived.
    """

    pack: str
    key: str
    valid_from: date
    value: str
    first_day: date
    last_day: date

    def covers(self, use: "Use") -> bool:
        """Return whether the waiver is for this value, on every day it is used. Rule: POL-12."""
        mine = (self.pack, self.key, self.valid_from, self.value)
        asked = (use.pack, use.parameter.key, use.parameter.valid_from, value_text(use.parameter))
        return mine == asked and self.first_day <= use.first_day and use.last_day <= self.last_day


@dataclass(frozen=True, slots=True)
class Use:
    """That a value of *pack* is used from *first_day* to *last_day*."""

    pack: str
    parameter: Parameter
    first_day: date
    last_day: date

    @property
    def name(self) -> str:
        """Return the name under which a year keeps it."""
        return f"{self.pack}:{self.parameter.key}"

    @property
    def needs_waiver(self) -> bool:
        """Return whether no source that was read for the matter itself bears the value out."""
        return self.parameter.status in NEEDS_WAIVER


def uncovered(uses: Iterable[Use], waivers: Iterable[Waiver]) -> list[Use]:
    """Return those uses for which no recorded waiver speaks. Rule: POL-12."""
    recorded = list(waivers)
    return [use for use in uses if not any(waiver.covers(use) for waiver in recorded)]


def value_text(parameter: Parameter) -> str:
    """Return a value as JSON, which tells a number from its text."""
    value = parameter.value
    return canonical(list(value) if isinstance(value, tuple) else value).decode()
