"""
What only a person does, signed in as such, and no program with a key.
"""

from api.door import visitor
from ledger.errors import Refused


class SessionNeeded(Refused):
    """An API key was used for what decides who may come in at all."""

    code = "session_needed"
    rule = "API-23"

    def __init__(self) -> None:
        super().__init__("an API key cannot do this; sign in as a person")


def require_session() -> None:
    """Refuse an API key. Rule: API-23."""
    if visitor().method == "key":
        raise SessionNeeded
