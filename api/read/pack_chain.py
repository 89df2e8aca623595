"""
Which value holds where and when, who says otherwise, and what each version of a pack changed.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from api.read import packs as reading
from api.read.policy import policy_of
from ledger.adopt import Policy
from ledger.pack import Pack
from ledger.pack_change import Change, changes
from ledger.parameter_register import ParameterRegister
from ledger.policy import Parameter
from ledger.tables import CommandRow, PackRow
from ledger.waiver_tables import WaiverRow


def chain_of(policy: Policy, pack_id: str) -> list[Pack]:
    """
    Return the packs that are heard where *pack_id* governs, the most local first.

    A pack that nothing of this ledger builds on, and that builds on nothing, speaks for itself.
    """
    heard = policy.governing(pack_id)
    own = policy.packs[pack_id]
    return heard if own in heard else [own]


def in_force(
    connection: sa.Connection, pack_id: str, on: date, *, prefix: str = ""
) -> list[dict[str, Any]] | None:
    """Return each key with a value there on a day, and the one that wins; None: no such pack."""
    policy = policy_of(connection)
    if pack_id not in policy.packs:
        return None
    found: dict[str, dict[str, Any]] = {}
    for pack in chain_of(policy, pack_id):
        for each in reading.parameters(pack, on=on, prefix=prefix):
            if each["key"] in found:
                found[each["key"]]["overruled"].append(pack.id)
            else:
                found[each["key"]] = {**each, "pack": pack.id, "overruled": []}
    return [found[key] for key in sorted(found)]


def told(
    connection: sa.Connection, pack_id: str, key: str, on: date, *, register: ParameterRegister
) -> dict[str, Any] | None:
    """
    Return all that is known of one key on a day: what wins, who was heard, and who says otherwise.

    None where there is no such pack, or nothing has ever been said of such a key.
    """
    policy = policy_of(connection)
    meaning = register.of(key)
    known = {each.key for pack in policy.packs.values() for each in pack.parameters}
    if pack_id not in policy.packs or (meaning is None and key not in known):
        return None
    heard = _heard(chain_of(policy, pack_id), key, on)
    asked = {pack.id for pack in chain_of(policy, pack_id)}
    others = [pack for id_, pack in sorted(policy.packs.items()) if id_ not in asked]
    winning = next((each for each in heard if each["outcome"] == "wins"), None)
    return {
        "pack": pack_id,
        "key": key,
        "on": on.isoformat(),
        "meaning": "" if meaning is None else meaning.meaning,
        "meaning_zh": "" if meaning is None else meaning.meaning_zh,
        "in_force": None if winning is None else winning["parameter"],
        "heard": heard,
        "elsewhere": [each for each in _heard(others, key, on) if each["parameter"] is not None],
    }


def _heard(packs: list[Pack], key: str, on: date) -> list[dict[str, Any]]:
    """Return what each pack says of a key on a day; the first that says anything wins."""
    found: list[dict[str, Any]] = []
    has_won = False
    for pack in packs:
        standing = [
            reading.fields_of(each)
            for each in pack.parameters
            if each.key == key and each.is_in_force(on)
        ]
        outcome = "silent" if not standing else "overruled" if has_won else "wins"
        has_won = has_won or bool(standing)
        found.append(
            {
                "pack": pack.id,
                "name": pack.name,
                "name_en": pack.name_en,
                "version": pack.version,
                "outcome": outcome,
                "parameter": standing[0] if standing else None,
            }
        )
    return found


def changed(connection: sa.Connection, pack_id: str) -> list[dict[str, Any]]:
    """Return what each later version of a pack changed of its own values, the newest first."""
    query = reading.adoptions().where(PackRow.id == pack_id).order_by(PackRow.adopted_by)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    packs = [reading.pack_of(row) for row in rows]
    found = [
        _change(row, each)
        for row, before, after in zip(rows[1:], packs, packs[1:], strict=False)
        for each in changes([before], [after])
    ]
    return sorted(found, key=lambda each: (-each["adopted_by"], each["key"], each["first_day"]))


def _change(adoption: Mapping[str, Any], change: Change) -> dict[str, Any]:
    return {
        **{name: adoption[name] for name in ("version", "adopted_by", "adopted_at")},
        "key": change.key,
        "first_day": change.first_day.isoformat(),
        "is_of_value": change.is_of_value,
        "before": _fields(change.before),
        "after": _fields(change.after),
    }


def _fields(parameter: Parameter | None) -> dict[str, Any] | None:
    return None if parameter is None else reading.fields_of(parameter)


def waivers() -> sa.Select[Any]:
    """Return the query of recorded waivers, with who gave them and when."""
    return sa.select(
        *WaiverRow.__table__.c,
        CommandRow.actor.label("proposed_by"),
        CommandRow.recorded_at.label("waived_at"),
    ).join(CommandRow, CommandRow.sequence == WaiverRow.waived_by)


def waivers_of(connection: sa.Connection, pack_id: str, key: str) -> list[Mapping[str, Any]]:
    """Return the waivers of one key of one pack, the newest first."""
    query = waivers().where(WaiverRow.pack == pack_id, WaiverRow.key == key)
    found = connection.execute(query.order_by(WaiverRow.waived_by.desc())).mappings()
    return [dict(row) for row in found]
