"""
Adopt policy packs: parameters enter the ledger by a four-eyes command and stay, version by version.

Adoption publishes a version. What it changes begins on the day after at the earliest, later where
the pack gives longer notice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

import msgspec

from ledger.command import Payload, PayloadMalformed
from ledger.days import day_of
from ledger.errors import Refused
from ledger.nesting import json_depth
from ledger.pack_change import Change, require_later
from ledger.pack_check import NOTICE, notice_of, require_sound
from ledger.pack_schema import DEPTH_MAX, PackTooDeep
from ledger.policy import Pack, chain, parse_pack
from ledger.policy_book import Policy, load_policy
from ledger.subject import Handler, Result, Role, Subject
from ledger.tables import LedgerRow, PackRow
from ledger.versions import NEARER, RIGHTS
from ledger.waive import WaiveParameters, waive_parameters
from ledger.work import Work

__all__ = ["POLICY", "AdoptPack", "Policy", "adopt_pack", "load_policy"]


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


@dataclass(frozen=True, slots=True)
class _Before:
    """What was in force when a pack was offered: the chain it led and the jurisdiction's pack."""

    pack: Pack | None
    chain: Sequence[Pack]
    jurisdiction: str
    earliest: date


def adopt_pack(work: Work, payload: AdoptPack) -> Result:
    """
    Put a pack in force. The one that the ledger's jurisdiction names governs the whole ledger.

    Refusals in this order: depth, form, new, no sample in a live ledger, parents, ranges, notice,
    days.

    Rule: POL-07, POL-10, POL-13.
    """
    if work.is_since(NEARER) and json_depth(payload.content) > DEPTH_MAX:
        raise PackTooDeep
    pack = parse_pack(_object(payload.content))
    work.require_keys(pack.id)
    policy = work.memory.cache(Policy)
    before = _before(policy, pack.id, today=day_of(work.now))
    if before.pack is not None and before.pack.version == pack.version:
        raise PackAdoptedAlready(pack.id, pack.version)
    ledger = work.session.get_one(LedgerRow, 1)
    if pack.sample and ledger.purpose == "live":
        raise SampleOutsideDemonstration(pack.id)
    work.on_refusal(lambda: _put_back(policy, pack.id, before))
    policy.packs[pack.id] = pack
    now = chain(policy.packs, pack.id)
    changed: list[Change] = []
    if work.is_since(RIGHTS):
        require_sound(pack)
        if before.pack is not None:
            changed = require_later(pack, before.chain, now, earliest=before.earliest)
    if pack.id == ledger.jurisdiction:
        policy.jurisdiction = pack.id
    work.session.add(
        PackRow(id=pack.id, version=pack.version, content=payload.content, adopted_by=work.sequence)
    )
    _announce(work, pack, changed)
    return {"pack": pack.id, "version": pack.version, "parameters": len(pack.parameters)}


def _before(policy: Policy, pack_id: str, *, today: date) -> _Before:
    pack = policy.packs.get(pack_id)
    if pack is None:
        return _Before(None, (), policy.jurisdiction, today)
    standing = policy.candidates(pack_id, NOTICE, today)
    # Without the parameter there is no notice beyond the day itself, which is the rule's own.
    days = notice_of(standing[0].parameter) if standing else None
    earliest = today + timedelta(days=max(days or 1, 1))
    return _Before(pack, chain(policy.packs, pack_id), policy.jurisdiction, earliest)


def _put_back(policy: Policy, pack_id: str, before: _Before) -> None:
    policy.jurisdiction = before.jurisdiction
    if before.pack is None:
        del policy.packs[pack_id]
    else:
        policy.packs[pack_id] = before.pack


def _announce(work: Work, pack: Pack, changed: Sequence[Change]) -> None:
    """Publish a version: what it changes, and from which day."""
    told = [{"key": each.key, "from": each.first_day.isoformat()} for each in changed]
    work.publish("policy", {"pack": pack.id, "version": pack.version, "changes": told})


def _object(content: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(content, type=dict[str, object])
    except msgspec.DecodeError as error:
        problem = f"content is not a JSON object: {error}"
        raise PayloadMalformed(AdoptPack.kind, problem, field="/content") from None


_CITY = frozenset({Role.CITY_REGULATOR})

POLICY = Subject(
    "policy",
    (
        Handler(AdoptPack, adopt_pack, makers=_CITY, checkers=_CITY),
        Handler(WaiveParameters, waive_parameters, makers=_CITY, checkers=_CITY),
    ),
    load=load_policy,
)
