"""
The terms of a listing: each stated by the operator, or else found in the policy packs in force.
"""

from collections.abc import Iterable
from datetime import date

from ledger.adopt import Policy
from ledger.errors import Refused
from ledger.policy import Found, as_int, as_switch, as_text, as_texts
from market.venue import Mode


class TermUnlawful(Refused):
    """A term is not one of those the market knows."""

    code = "term_unlawful"
    rule = "MKT-70"

    def __init__(self, term: str, value: str, *, accepted: str) -> None:
        super().__init__(
            f"{value} is not accepted as {term}, accepted is {accepted}",
            term=term,
            value=value,
            accepted=accepted,
        )


class TermReader:
    """
    Finds terms in the packs that govern one district on one day, unless they are stated.

    *sources* says, for each term read, which pack in which version gave it. Rule: MKT-70.
    """

    def __init__(self, policy: Policy, pack: str, *, on: date) -> None:
        self._policy = policy
        self._pack = pack
        self._on = on
        self.sources: dict[str, str] = {}

    def whole(
        self, term: str, stated: int | None, *, at_least: int, below: int | None = None
    ) -> int:
        """Return a whole number within its lawful bounds."""
        value = as_int(self._found(term)) if stated is None else stated
        self._note_stated(term, is_stated=stated is not None)
        if value < at_least or (below is not None and value >= below):
            accepted = f"at least {at_least}" + ("" if below is None else f" and below {below}")
            raise TermUnlawful(term, str(value), accepted=accepted)
        return value

    def word(self, term: str, stated: str, lawful: Iterable[str]) -> str:
        """Return one word of a closed choice; an empty *stated* leaves it to the packs."""
        value = stated or as_text(self._found(term))
        self._note_stated(term, is_stated=bool(stated))
        _require_lawful(term, value, lawful)
        return value

    def modes(self, stated: str) -> str:
        """Return the ways of trading as words, in the order in which the product names them."""
        words = stated.split() or as_texts(self._found("modes"))
        self._note_stated("modes", is_stated=bool(stated.split()))
        for word in words:
            _require_lawful("modes", word, Mode)
        return " ".join(mode for mode in Mode if mode in words)

    def switch(self, term: str) -> bool:
        """Return whether a switch of the packs is on; it cannot be stated."""
        return as_switch(self._found(term))

    def _found(self, term: str) -> Found:
        found = self._policy.find(self._pack, f"market.{term}", self._on)
        self.sources[term] = f"{found.pack_id}@{found.version}"
        return found

    def _note_stated(self, term: str, *, is_stated: bool) -> None:
        if is_stated:
            self.sources[term] = "stated at listing"


def _require_lawful(term: str, value: str, lawful: Iterable[str]) -> None:
    words = [str(each) for each in lawful]
    if value not in words:
        raise TermUnlawful(term, value[:40], accepted=", ".join(words))
