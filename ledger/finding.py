"""
What a self-check found: named checks, each passed or failed, with the facts.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ledger.errors import Fact

_TEXT_MAX = 200


@dataclass(frozen=True, slots=True)
class Check:
    """
    One check and its outcome.

    *facts* of a passed check say what was counted; of a failed one, how many problems there are
    and where the first is.
    """

    name: str
    passed: bool
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Checked:
    """All checks of one run, in their order."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Return whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> dict[str, Mapping[str, Fact]]:
        """Return the facts of every failed check by its name."""
        return {check.name: check.facts for check in self.checks if not check.passed}


class Findings:
    """Facts and problems as they turn up. A check passes once it was finished without a problem."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._facts: dict[str, dict[str, Fact]] = {name: {} for name in names}
        self._first: dict[str, dict[str, Fact]] = {}
        self._problems = dict.fromkeys(names, 0)
        self._finished: set[str] = set()

    def problem(self, check: str, where: str, problem: str, **facts: Fact) -> None:
        """Count a problem of *check*; the first one is kept with its facts."""
        self._problems[check] += 1
        self._first.setdefault(check, {"where": where, "problem": problem[:_TEXT_MAX], **facts})

    def fact(self, check: str, **facts: Fact) -> None:
        """Keep what *check* has counted."""
        self._facts[check].update(facts)

    @property
    def first(self) -> tuple[str, Mapping[str, Fact]] | None:
        """Return the check in which the first problem turned up, with its facts."""
        return next(iter(self._first.items()), None)

    @contextmanager
    def making(self, *checks: str) -> Iterator[None]:
        """Make *checks* within this block; rows that cannot even be read fail all of them."""
        try:
            yield
        except Exception as error:  # no row, however odd, may end a self-check
            for check in checks:
                self.problem(check, "rows", f"cannot be read: {type(error).__name__}: {error}")
        self._finished.update(checks)

    def checked(self) -> Checked:
        """Return the outcome of every check."""
        return Checked(tuple(self._check(name) for name in self._facts))

    def _check(self, name: str) -> Check:
        assert name in self._finished, f"{name} was not made"
        if name not in self._first:
            return Check(name, passed=True, facts=self._facts[name])
        return Check(
            name, passed=False, facts={"problems": self._problems[name], **self._first[name]}
        )
