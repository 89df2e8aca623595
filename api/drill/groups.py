"""
The whole of a drill, group by group: what must hold in the product, and what must be noticed.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from api.drill.crash import Tally, disk_suite, kill_suite, power_suite, server_suite
from api.drill.killed_server import open_server
from api.drill.workshop import memory_place, open_workshop

CONTROL_IMAGES_MAX = 300
CONTROL_KILLS_MAX = 40
RESUME_SECONDS_MAX = 5

_POWER_MUTANTS = ("answer-early", "synchronous-normal", "synchronous-off")
_SERVER_MUTANTS = ("answer-early", "synchronous-commit-off")


@dataclass(frozen=True, slots=True)
class Group:
    """Trials of one kind: of the product, or with a planted fault that some of them must show."""

    tallies: tuple[Tally, ...]

    @property
    def is_control(self) -> bool:
        """Return whether a fault was planted."""
        return self.tallies[0].mutant != "none"

    @property
    def is_met(self) -> bool:
        """Return whether all is well in the product, or a control was caught. Rule: REG-61."""
        return all(tally.is_well for tally in self.tallies) != self.is_control

    @property
    def verdict(self) -> str:
        """Return in a word what came of it."""
        if self.is_control:
            return "caught" if self.is_met else "NOT CAUGHT"
        return "holds" if self.is_met else "BROKEN"


def crash_groups(*, kills: int, images: int, postgres: bool, seed: int) -> Iterator[Group]:
    """
    Yield what kills and power cuts show, on SQLite and on request on PostgreSQL, controls included.

    SIGKILL alone cannot show that syncs are missing, since the page cache outlives a process; that
    takes power cuts. Refusals: `drill_unprepared`.
    """
    with ExitStack() as stack:
        workshop = stack.enter_context(open_workshop(with_shim=True))
        server = stack.enter_context(open_server(memory_place())) if postgres else None
        yield Group((kill_suite(workshop, kills=kills, seed=seed),))
        few = min(kills, CONTROL_KILLS_MAX)
        yield Group((kill_suite(workshop, kills=few, seed=seed, mutant="answer-early"),))
        yield Group(tuple(power_suite(workshop, count=images, seed=seed).values()))
        for mutant in _POWER_MUTANTS:
            count = min(images, CONTROL_IMAGES_MAX)
            tallies = power_suite(workshop, count=count, seed=seed, mutant=mutant)
            yield Group(tuple(tallies.values()))
        if server is not None:
            yield Group((server_suite(workshop.nursery, server, kills=kills, seed=seed),))
            for mutant in _SERVER_MUTANTS:
                tally = server_suite(workshop.nursery, server, kills=few, seed=seed, mutant=mutant)
                yield Group((tally,))


def disk_groups(*, fills: int, seed: int) -> Iterator[Group]:
    """Yield what a full disk shows. Refusals: `drill_unprepared`."""
    with open_workshop(with_shim=True) as workshop:
        tally, slowest_us = disk_suite(workshop, fills=fills, seed=seed)
    tally.style = f"slowest to resume {slowest_us / 1_000:.1f} ms"
    tally.faults += slowest_us > RESUME_SECONDS_MAX * 1_000_000
    yield Group((tally,))
