"""
The stage: one program, a clock led by hand, people who act, and a record of what was refused.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from api.demo.voice import Voice
from api.imports import commands_of, payloads_of
from api.program import Program
from ledger.approve import approving, proposing
from ledger.command import Answer, Command, Payload
from ledger.days import start_of

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
DEMO = SEEDS / "demo"


class HandClock:
    """A clock that stands where it was set; the writer alone lets time pass between commands."""

    def __init__(self, day: date) -> None:
        self.now = start_of(day)

    def __call__(self) -> int:
        """Return the microsecond it was set to."""
        return self.now

    def set(self, day: date, *, minute: int = 0) -> None:
        """Go forward to a minute of a Shanghai day; never back."""
        at = start_of(day, minute=minute)
        assert at >= self.now, f"the demonstration's clock cannot go back to {day} {minute}"
        self.now = at


class Stage:
    """
    Who sends what in the demonstration, in a fixed order and under fixed ids.

    *papers* is a directory for the files that people would send each other.
    """

    def __init__(self, program: Program, clock: HandClock, voice: Voice, papers: Path) -> None:
        self.program = program
        self.clock = clock
        self.voice = voice
        self.papers = papers
        self.refused: Counter[str] = Counter()
        self.sent = 0

    def at(self, day: date, *, minute: int = 0) -> None:
        """Lead the clock forward and let what has fallen due happen."""
        self.clock.set(day, minute=minute)
        self.program.writer.tick()

    def _id(self) -> str:
        self.sent += 1
        return f"demo:{self.sent:06d}"

    def send(self, payload: Payload, *, actor: str) -> Answer:
        """Send one command and return its answer, whatever it is."""
        return self._count([self.program.submit(Command(self._id(), actor, payload))])[0]

    def send_all(self, payloads: Sequence[tuple[str, Payload]]) -> list[Answer]:
        """Send (actor, payload) pairs in order, in as few commits as they fit."""
        commands = [Command(self._id(), actor, payload) for actor, payload in payloads]
        return self._count(self.program.submit_all(commands))

    def do(self, payload: Payload, *, actor: str) -> Answer:
        """Send one command that must be accepted."""
        return self.send(payload, actor=actor).require()

    def both(self, payload: Payload, *, maker: str, checker: str) -> Answer:
        """Let *maker* propose and *checker* approve; return the answer to the approval."""
        proposal = self.do(proposing(payload), actor=maker).sequence
        return self.send(approving(proposal, payload), actor=checker)

    def do_both(self, payload: Payload, *, maker: str, checker: str) -> Answer:
        """Let two persons do what must be accepted."""
        return self.both(payload, maker=maker, checker=checker).require()

    def all_both(self, payloads: Sequence[tuple[str, str, Payload]]) -> list[Answer]:
        """Propose and approve (maker, checker, payload) triples; all must be accepted."""
        proposed = self.send_all([(maker, proposing(each)) for maker, _, each in payloads])
        approvals = [
            (checker, approving(answer.require().sequence, payload))
            for answer, (_, checker, payload) in zip(proposed, payloads, strict=True)
        ]
        return [answer.require() for answer in self.send_all(approvals)]

    def bring_in(
        self, kind: str, path: Path, *, actor: str, header: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """Import a CSV file as the command line does; every row must be accepted."""
        commands = commands_of(
            kind, path, actor=actor, subjects=self.program.subjects, header=header
        )
        answers = self._count(self.program.submit_all(commands))
        return [answer.require() for answer in answers]

    def bring_in_orders(self, path: Path, *, actor: str) -> list[Answer]:
        """Import a file of orders; the market may refuse some of them."""
        commands = commands_of("orders", path, actor=actor, subjects=self.program.subjects)
        return self._count(self.program.submit_all(commands))

    def bring_in_both(
        self,
        kind: str,
        path: Path,
        *,
        maker: str,
        checker: str,
        header: Mapping[str, Any] | None = None,
    ) -> list[Answer]:
        """Import a CSV file that needs a second person, and let that person approve."""
        proposals = self.bring_in(kind, path, actor=maker, header=header)
        payloads = payloads_of(kind, path, header)
        approvals = [
            (checker, approving(answer.sequence, payload))
            for answer, payload in zip(proposals, payloads, strict=True)
        ]
        return [answer.require() for answer in self.send_all(approvals)]

    def _count(self, answers: list[Answer]) -> list[Answer]:
        self.voice.progress(self.sent)
        self.refused.update(answer.code for answer in answers if not answer.ok)
        return answers
