"""
Adopt policy packs: parameters enter the ledger by a four-eyes command and stay, version by version.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.command import Payload, PayloadMalformed
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.nesting import json_depth
from ledger.pack_schema import DEPTH_MAX, PackTooDeep
from ledger.policy import (
    Found,
    Pack,
    ParameterMissing,
    chain,
    from_plain,
    in_force,
    parse_pack,
)
from ledger.subject import Handler, Result, Role, Subject
from ledger.tables import LedgerRow, PackRow
from ledger.versions import NEARER
from ledger.work import Work


class PackAdoptedAlready(Refused):
    """This very version of the pack is in force already."""

    code = "pack_adopted_already"
    rule = "POL-07"

    def __init__(self, pack: str, version: str) -> None:
        super().__init__(f"pack {pack} is in force in this version", pack=pack, version=version)


class SampleOutsideDemonstration(Refused):
    """A pack of sample values was offered to a live ledger."""

    code = "sample_outside_demonstration"
    rule = "POL-07"

    def __init__(self, pack: str) -> None:
        super().__init__(
            f"pack {pack} holds sample values (示例), which a live ledger never takes", pack=pack
        )


class AdoptPack(Payload, frozen=True):
    """Put a policy pack in force; *content* is its canonical JSON."""

    kind: ClassVar[str] = "packs.adopt"
    content: str


class Policy:
    """
    The packs in force; the writer's cache.

    A district's own pack and those it builds on speak first, then the pack of the ledger's
    jurisdiction, then the nation's: the most local value wins.
    """

    def __init__(self) -> None:
        self.packs: dict[str, Pack] = {}
        self.jurisdiction = ""

    def find(self, pack_id: str, key: str, on: date) -> Found:
        """Return the value of *key* in force on day *on* where *pack_id* governs, or refuse."""
        own = [pack for pack in chain(self.packs, pack_id) if pack.parent is not None]
        shared = chain(self.packs, self.jurisdiction) if self.jurisdiction else ()
        order = [*own, *(pack for pack in shared if pack not in own)]
        if not shared:
            order = list(chain(self.packs, pack_id))
        return _most_local(order, pack_id, key, on)


def _most_local(order: Iterable[Pack], pack_id: str, key: str, on: date) -> Found:
    found = []
    for pack in order:
        alone = {pack.id: replace(pack, parent=None)}
        try:
            found.append(in_force(alone, pack.id, key, on))
        except ParameterMissing:
            continue
    if not found:
        raise ParameterMissing(key, pack=pack_id, on=on)
    candidates = tuple(candidate for one in found for candidate in one.candidates)
    return replace(found[0], candidates=candidates)


def adopt_pack(work: Work, payload: AdoptPack) -> Result:
    """
    Put a pack in force. The one that the ledger's jurisdiction names governs the whole ledger.

    Rule: POL-07.
    """
    if work.is_since(NEARER) and json_depth(payload.content) > DEPTH_MAX:
        raise PackTooDeep
    pack = parse_pack(_object(payload.content))
    work.require_keys(pack.id)
    policy = work.memory.cache(Policy)
    before = policy.packs.get(pack.id)
    if before is not None and before.version == pack.version:
        raise PackAdoptedAlready(pack.id, pack.version)
    ledger = work.session.get_one(LedgerRow, 1)
    if pack.sample and ledger.purpose == "live":
        raise SampleOutsideDemonstration(pack.id)
    policy.packs[pack.id] = pack
    jurisdiction = policy.jurisdiction

    def undo() -> None:
        policy.jurisdiction = jurisdiction
        if before is None:
            del policy.packs[pack.id]
        else:
            policy.packs[pack.id] = before

    work.on_refusal(undo)
    chain(policy.packs, pack.id)
    if pack.id == ledger.jurisdiction:
        policy.jurisdiction = pack.id
    work.session.add(
        PackRow(id=pack.id, version=pack.version, content=payload.content, adopted_by=work.sequence)
    )
    return {"pack": pack.id, "version": pack.version, "parameters": len(pack.parameters)}


def _object(content: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(content, type=dict[str, object])
    except msgspec.DecodeError as error:
        problem = f"content is not a JSON object: {error}"
        raise PayloadMalformed(AdoptPack.kind, problem, field="/content") from None


def load_policy(connection: sa.Connection, _memory: Memory) -> Policy:
    """Return the cache of packs in force from the database."""
    policy = Policy()
    rows = connection.execute(sa.select(PackRow.content).order_by(PackRow.adopted_by))
    for (content,) in rows:
        pack = from_plain(msgspec.json.decode(content))
        policy.packs[pack.id] = pack
    jurisdiction = connection.execute(sa.select(LedgerRow.jurisdiction)).scalar_one_or_none()
    if jurisdiction in policy.packs:
        policy.jurisdiction = jurisdiction
    return policy


_CITY = frozenset({Role.CITY_REGULATOR})

POLICY = Subject(
    "policy", (Handler(AdoptPack, adopt_pack, makers=_CITY, checkers=_CITY),), load=load_policy
)
