"""
The versions of the rules: by which release's decisions a command was and is decided.

A new command is decided by the newest version. A command of an old log is decided again as it was
then, so a verb asks `Work.is_since` before it refuses what an earlier version let pass.
"""

from collections.abc import Mapping

from ledger.command import PayloadMalformed
from ledger.errors import Fact, Refused

FIRST_VERSION = "1"

NEARER = "2"
"""
Refuses at the door who lacks what the proposed kind, the proposal or the hold needs; keeps two
security officers, and roles of two bodies apart; opens no account of somebody who is not
registered; takes no text that an index of any database does not take, and no deep pack; names
the field of a malformed payload.
"""

TELLING = "3"
"""
Says which entry has a reference already, and in what it differs; tells the balances that a command
left; tells a reference that stands twice in one command from one that was written before.
"""

RIGHTS = "4"
"""
Counts what was reserved, leased, pledged, frozen, collected and revoked before it lets go of
quota; confirms, plans and accepts by the rules that packs have gained since.
"""

RULES_VERSION = RIGHTS
"""Raised by a release that decides any command otherwise than the one before."""

VERSIONS = (FIRST_VERSION, NEARER, TELLING, RIGHTS)
"""Every version whose log this program can decide again, oldest first."""


def is_since(version: str, first: str) -> bool:
    """Return whether *version* is *first* or a later one."""
    return VERSIONS.index(version) >= VERSIONS.index(first)


def facts_told(refusal: Refused, version: str) -> Mapping[str, Fact]:
    """Return the facts of *refusal* as an answer under *version* tells them."""
    if isinstance(refusal, PayloadMalformed) and not is_since(version, NEARER):
        return {name: fact for name, fact in refusal.facts.items() if name != "field"}
    return refusal.facts
