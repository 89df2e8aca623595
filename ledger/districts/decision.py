"""
The document that a decision on a district, a gate or a listing rests on.
"""

from ledger.errors import Refused


class DecisionMissing(Refused):
    """A decision names no document."""

    code = "decision_missing"
    rule = "DST-63"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} names no document: give its number", what=what)


def require_decision(what: str, document: str) -> None:
    """Refuse a decision without the number of its document. Rule: DST-63."""
    if not document.strip():
        raise DecisionMissing(what)
