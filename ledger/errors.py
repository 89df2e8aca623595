"""
What it means to be refused, and the kernel's own refusals.

A refusal is a rule that says no: it carries a stable *code*, the *rule* it cites and the *facts*
(needed, available, deadline …) a person needs to act on it. A bug is an AssertionError. Subjects
declare their refusals beside the rule that raises them; `refusal_classes` finds them all.
"""

from collections.abc import Iterator
from typing import ClassVar

Fact = int | str


class Refused(Exception):
    """A rule says no. Subclasses set *code* and *rule* and pass a sentence and its facts."""

    code: ClassVar[str]
    rule: ClassVar[str]

    def __init__(self, message: str, **facts: Fact) -> None:
        self.message = message
        self.facts = facts
        super().__init__(message)


def refusal_classes(root: type[Refused] = Refused) -> Iterator[type[Refused]]:
    """Yield every refusal class that has been imported, each once, in order of declaration."""
    for subclass in root.__subclasses__():
        yield subclass
        yield from refusal_classes(subclass)
