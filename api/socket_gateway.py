"""
Socket gateway: the way to a writer in another process, the same to a face as one in its own.

Threads share a few lines to the writer; a line carries many requests at once, each answered under
its number. What could not be sent has not happened (`writer_away`); what was sent and not answered
may have (`outcome_unknown`), and the same id tells.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import monotonic

from api.program import wall_clock
from api.wire import (
    AskTime,
    Broken,
    Failed,
    Greeting,
    Outcomes,
    Response,
    Submit,
    Tick,
    Time,
    Told,
    build_of,
    frame,
    in_parts,
    outcome_of,
)
from api.wire_refusals import FRAME_BYTES_MAX, FrameTooLarge, RefusedElsewhere
from api.writer_line import Lost, Slot, WriterAway, WriterLine, error_of
from ledger.command import Answer, Command, encode_payload, require_id
from ledger.errors import Refused
from ledger.roles import require_person
from ledger.subject import Subjects
from ledger.writer import OutcomeUnknown

LINES = 2
ANSWER_SECONDS = 30.0
WRITER_SECONDS = 5.0
"""How long a writer may take to say what time it is; the longest command keeps it a quarter."""

TIME_SECONDS = 1.0
"""How long the writer's clock is reckoned from the last time it was asked."""


class SocketGateway:
    """The gateway to the writer that listens at *path*; may be used by several threads."""

    def __init__(
        self,
        path: Path,
        subjects: Subjects,
        *,
        lines: int = LINES,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.subjects = subjects
        self.build = build_of(subjects)
        self._lines = [WriterLine(path, self.build) for _ in range(lines)]
        self._turns, self._numbers = count(), count(1)
        self._answer_seconds = answer_seconds
        self._ahead = 0  # microseconds of the writer's clock before our own
        self._ask_again_at = 0.0
        self.stopped: Refused | None = None

    def outcomes(self, commands: Sequence[Command]) -> list[Answer | Refused]:
        """
        Apply *commands* in order; return each answer, or why it never became a command.

        Refusals: also `writer_away` (nothing happened) and `outcome_unknown` (the id tells).
        """
        told = [_told(command) for command in commands]
        upcoming = self._ask([each for each in told if isinstance(each, Told)])
        return [next(upcoming) if isinstance(each, Told) else each for each in told]

    def tick(self) -> None:
        """Let what is due happen. Refusals: `writer_away`, `outcome_unknown`."""
        self._ask_one(Tick(next(self._numbers)), seconds=self._answer_seconds)
        self._ask_again_at = 0.0

    def now(self) -> int:
        """
        Return the writer's clock, microseconds since 1970 UTC, asked at most once a second.

        While the writer is away it goes on from where it was, so that people can still read.
        """
        if monotonic() >= self._ask_again_at:
            self._ask_again_at = monotonic() + TIME_SECONDS  # and not by every thread at once
            with suppress(WriterAway, OutcomeUnknown, RefusedElsewhere):
                self.require_writer()
        return wall_clock() + self._ahead

    def require_writer(self) -> None:
        """
        Ask the writer for its clock.

        Refusals: `writer_away`, `outcome_unknown`, and why it takes no more commands.
        """
        try:
            response = self._ask_one(AskTime(next(self._numbers)), seconds=WRITER_SECONDS)
        except RefusedElsewhere as refusal:
            self.stopped = refusal
            raise
        assert isinstance(response, Time)
        self.stopped = None
        self._ahead = response.now - wall_clock()

    def greeting(self) -> Greeting:
        """Return which ledger the writer has. Refusals: `writer_away`, `build_mismatch`."""
        return self._line().greeting()

    def close(self) -> None:
        """Hang up; whatever is under way ends in `outcome_unknown`."""
        for line in self._lines:
            line.close()

    def _line(self) -> WriterLine:
        return self._lines[next(self._turns) % len(self._lines)]

    def _ask_one(self, request: Tick | AskTime, *, seconds: float) -> Response:
        slot = self._line().send(frame(request), request.number)
        response = slot.wait(seconds)
        if isinstance(response, Lost):
            raise OutcomeUnknown(type(request).__name__.lower(), response.problem)
        if isinstance(response, Failed):
            raise error_of(response.why)
        return response

    def _ask(self, told: list[Told]) -> Iterator[Answer | Refused]:
        """Send commands in frames on one line, without waiting between them; yield the answers."""
        line = self._line()
        sent: list[tuple[list[Told], Slot | Refused]] = []
        before: Slot | WriterAway | None = None
        for part in in_parts(told):
            slot = before if isinstance(before, WriterAway) else self._send(line, part, before)
            sent.append((part, slot))
            if isinstance(slot, Slot | WriterAway):
                before = slot
        for part, slot in sent:
            if isinstance(slot, Refused):
                yield from (slot for _ in part)
            else:
                yield from _taken(part, slot.wait(self._answer_seconds))

    def _send(self, line: WriterLine, part: list[Told], before: Slot | None) -> Slot | Refused:
        number = next(self._numbers)
        body = frame(Submit(number, part))
        if len(body) > FRAME_BYTES_MAX:
            return FrameTooLarge(len(body))
        try:
            return line.send(body, number, after=before)
        except Refused as refusal:
            return refusal


def _told(command: Command) -> Told | Refused:
    """Return a command as it travels, or why it cannot be one; the writer checks it again."""
    try:
        require_id(command.id)
        require_person(command.actor)
        return Told(command.id, command.actor, command.kind, encode_payload(command.payload))
    except Refused as refusal:
        return refusal


def _taken(part: list[Told], response: Response | Lost) -> Iterator[Answer | Refused]:
    if isinstance(response, Lost):
        yield from (OutcomeUnknown(each.id, response.problem) for each in part)
        return
    if isinstance(response, Failed):
        raise error_of(response.why)
    assert isinstance(response, Outcomes)
    for outcome in response.outcomes:
        if isinstance(outcome, Broken):
            raise error_of(outcome)
        yield outcome_of(outcome)
