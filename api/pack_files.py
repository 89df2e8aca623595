"""
Policy packs at the door: a key that nobody knows is refused as a slip of the pen.

The check stands where files come in and not in the command: what the register knows grows from
release to release, and a decision of the past must not.
"""

from datetime import date
from functools import cache

import msgspec

import seeds
from ledger.adopt import AdoptPack
from ledger.approve import Propose
from ledger.command import Payload, canonical
from ledger.errors import Refused
from ledger.pack import Pack, to_plain
from ledger.pack_change import carried_on
from ledger.pack_schema import parse_pack
from ledger.parameter_register import ParameterRegister


@cache
def register() -> ParameterRegister:
    """Return the register of parameters that ships with this release."""
    return seeds.read_parameters()


def require_known(content: str) -> None:
    """
    Refuse the JSON of a pack with a key that is not in the register.

    What is no pack at all is left to the command, which says why. Rule: POL-14.
    """
    try:
        pack = parse_pack(msgspec.json.decode(content, type=dict[str, object]))
    except (msgspec.DecodeError, Refused, RecursionError):
        return
    register().require_known(pack)


def require_known_keys(payload: Payload) -> None:
    """Refuse the adoption of a pack with an unknown key, proposed or not. Rule: POL-14."""
    if isinstance(payload, AdoptPack):
        require_known(payload.content)
    elif isinstance(payload, Propose) and payload.proposed_kind == AdoptPack.kind:
        try:
            adopting = msgspec.json.decode(payload.document, type=dict[str, object])
        except (msgspec.DecodeError, RecursionError):
            return
        content = adopting.get("content")
        if isinstance(content, str):
            require_known(content)


def adoption(pack: Pack, *, before: Pack | None = None, first_day: date | None = None) -> AdoptPack:
    """
    Return the command that adopts a pack, as it is or so that it begins on *first_day*.

    With *first_day* the values of *before* hold until then. Rule: POL-10, POL-14.
    """
    register().require_known(pack)
    begun = pack if first_day is None else carried_on(before, pack, first_day=first_day)
    return AdoptPack(content=canonical(to_plain(begun)).decode())
