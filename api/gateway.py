"""
Gateway: what every face sends commands through, whether the writer is in this process or another.

`api.program.Program` is the writer in this process; `api.socket_gateway.SocketGateway` speaks to
one in another. A face sees no difference.
"""

from collections.abc import Sequence
from typing import Protocol

from ledger.command import Answer, Command
from ledger.errors import Refused
from ledger.subject import Subjects


class Gateway(Protocol):
    """The way to one ledger's writer; all its methods may be called from several threads."""

    @property
    def subjects(self) -> Subjects:
        """Return the handlers by kind, which say what shape a payload has."""
        ...

    def outcomes(self, commands: Sequence[Command]) -> list[Answer | Refused]:
        """
        Apply *commands* in order; return each answer, or why it never became a command.

        An answer is returned only after its commit. A repeated id gets its first answer.
        """
        ...

    def tick(self) -> None:
        """Let what is due happen."""
        ...

    def now(self) -> int:
        """Return the writer's clock, microseconds since 1970 UTC; also while the writer is away."""
        ...

    def require_writer(self) -> None:
        """
        Refuse `writer_away` or `outcome_unknown` unless the writer answers at this moment.

        A writer that takes no more commands refuses with its reason, such as `ledger_halted`.
        """
        ...

    @property
    def stopped(self) -> Refused | None:
        """Return why the writer takes no more commands, as far as is known without asking it."""
        ...
