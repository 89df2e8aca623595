"""
What a narrowed API key may send: only what concerns the one party it was made for.

The writer decides by the person's roles, and a person may act for several parties; the key must
not reach further than it was given.
"""

from api.auth.visitor import Visitor
from api.door import KeyScope
from api.faces import Faces
from api.read.proposals import concerns
from ledger.command import Payload
from ledger.subject import ANYWHERE


def require_within_key(ours: Faces, asking: Visitor, payload: Payload) -> None:
    """Refuse `key_scope` where *payload* concerns anybody the visitor's key is not for."""
    held = {scope for _, scope in asking.grants}
    if asking.method != "key" or ANYWHERE in held:
        return
    with ours.read() as connection:
        enterprises, districts = concerns(connection, payload)
    wanted = {f"enterprise:{each}" for each in enterprises}
    wanted |= {f"district:{each}" for each in districts}
    if not wanted or not wanted <= held | _districts_of(wanted, held):
        raise KeyScope(", ".join(sorted(wanted)) or ANYWHERE)


def _districts_of(wanted: set[str], held: set[str]) -> set[str]:
    """Return the districts that an enterprise's own command may name: no further reach."""
    has_own = any(each.startswith("enterprise:") and each in held for each in wanted)
    return {each for each in wanted if each.startswith("district:")} if has_own else set()
