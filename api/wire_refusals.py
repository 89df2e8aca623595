"""
What the two ends of the local socket refuse each other, and how a refusal of the writer arrives.
"""

from typing import TYPE_CHECKING

from ledger.errors import Refused

if TYPE_CHECKING:
    from api.wire import Declined

FRAME_BYTES_MAX = 16 << 20
"""Of a request. The largest bulk command of 8,000 rows has about one megabyte."""


class FrameMalformed(Refused):
    """What came over the socket is not a message of this protocol."""

    code = "frame_malformed"
    rule = "REG-05"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"this is no message to the writer: {problem}; only yongneng itself speaks here",
            problem=problem[:200],
        )


class FrameTooLarge(Refused):
    """A message is larger than the writer takes; nothing of it was applied."""

    code = "frame_too_large"
    rule = "REG-05"

    def __init__(self, size: int, largest: int = FRAME_BYTES_MAX) -> None:
        super().__init__(
            f"{size} bytes are more than the {largest} that one request may have; send it in parts",
            size=size,
            largest=largest,
        )


class BuildMismatch(Refused):
    """A web process and the writer are of two builds, which could read one command differently."""

    code = "build_mismatch"
    rule = "REG-05"

    def __init__(self, *, own: str, writer: str) -> None:
        super().__init__(
            f"this process is of build {own} and the writer of {writer}; start both anew from one",
            own=own[:80],
            writer=writer[:80],
        )


class LedgerMismatch(Refused):
    """The writer at the socket writes another ledger than the one this process reads."""

    code = "ledger_mismatch"
    rule = "REG-08"

    def __init__(self, *, own: str, writer: str) -> None:
        super().__init__(
            f"this process reads ledger {own or 'without history'} and the writer writes "
            f"{writer or 'one without history'}; check --data, DATABASE_URL and --socket",
            own=own,
            writer=writer,
        )


class RefusedElsewhere(Refused):
    """
    A refusal that another process raised, with the code, rule and facts it had there.

    *status_class* is 4 where the sender must change something and 5 where it need not.
    """

    code = "refused_elsewhere"
    rule = "REG-04"

    def __init__(self, declined: "Declined") -> None:
        super().__init__(declined.message, **declined.facts)
        # Declared of the class for every other refusal, so set where only this one has it.
        vars(self).update(code=declined.code, rule=declined.rule)
        self.status_class = declined.status_class
