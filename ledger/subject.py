"""
What a subject offers the writer: its commands, its cache and what falls due.

The kernel knows no subject. `ledger/` and `market/` each offer theirs; `api/` composes them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ledger.command import Payload
from ledger.memory import Memory
from ledger.work import Work

Result = Mapping[str, object]


class Role(StrEnum):
    """What a person may be entrusted with; the columns of the permission matrix."""

    ENTERPRISE_TRADER = "enterprise_trader"
    ENTERPRISE_ADMIN = "enterprise_admin"
    ENTERPRISE_COMPLIANCE = "enterprise_compliance"
    VERIFIER = "verifier"
    EXCHANGE_OPERATOR = "exchange_operator"
    CLEARING_OPERATOR = "clearing_operator"
    DISTRICT_REGULATOR = "district_regulator"
    CITY_REGULATOR = "city_regulator"
    AUDITOR = "auditor"
    SYSTEM = "system"
    SECURITY = "security"


ANYWHERE = "*"
SYSTEM_ACTOR = "system:clock"

VERB_DECIDES: frozenset[Role] = frozenset()
"""Makers of a command for which its handler's *admit* and its verb check who may send it."""


def anywhere(_work: Work, _payload: Any) -> str:
    """Return the scope of a command that concerns the whole ledger."""
    return ANYWHERE


@dataclass(frozen=True, slots=True)
class Handler:
    """
    How one kind of command is applied, and by whom.

    *makers* may send it; where *checkers* are named it needs four eyes: a maker proposes it and a
    checker, another person, approves. *scope* names whose affairs it touches ("enterprise:E001",
    "district:370200", "*"), and the maker's role must cover that. Where the payload decides whose
    role it takes, *makers* is VERB_DECIDES and *admit* refuses those without it, and changes
    nothing. A *cold* handler gets a session and a savepoint; a hot one decides in memory and checks
    everything before it changes anything.
    """

    payload: type[Payload]
    apply: Callable[[Work, Any], Result]
    makers: frozenset[Role]
    checkers: frozenset[Role] = frozenset()
    scope: Callable[[Work, Any], str] = anywhere
    cold: bool = True
    admit: Callable[[Work, Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """
    One subject: its handlers, how its cache is loaded, and what it does when something is due.

    *load* returns the cache to keep in memory, read from the database. *due* maps the kind of a
    due row to the verb that runs at its time with the row's key.
    """

    name: str
    handlers: tuple[Handler, ...]
    load: Callable[[sa.Connection, Memory], object] | None = None
    due: Mapping[str, Callable[[Work, str], None]] = field(default_factory=dict)


class Subjects:
    """All subjects of one program, looked up by kind of command and kind of due row."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self.all = tuple(subjects)
        self.handlers = {
            handler.payload.kind: handler for subject in self.all for handler in subject.handlers
        }
        self.due = {kind: verb for subject in self.all for kind, verb in subject.due.items()}
        assert len(self.handlers) == sum(len(subject.handlers) for subject in self.all)
