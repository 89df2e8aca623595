"""
Policy packs as they were adopted: every parameter with its days, its source and its standing.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from ledger.pack import Pack, Parameter, label_zh
from ledger.policy import from_plain
from ledger.rules import Rule
from ledger.tables import CommandRow, PackRow


def packs() -> sa.Select[Any]:
    """Return the query of the packs in force: of each id the adoption that came last."""
    newest = sa.select(sa.func.max(PackRow.adopted_by)).group_by(PackRow.id)
    return adoptions().where(PackRow.adopted_by.in_(newest))


def adoptions() -> sa.Select[Any]:
    """Return the query of every adoption of every pack; all of them are public."""
    columns: list[Any] = [PackRow.id, PackRow.version, PackRow.adopted_by, PackRow.content]
    return sa.select(*columns, CommandRow.recorded_at.label("adopted_at")).join(
        CommandRow, CommandRow.sequence == PackRow.adopted_by
    )


def described(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of `packs` with what its header says, its content left out."""
    pack = pack_of(row)
    return {
        **{name: value for name, value in row.items() if name != "content"},
        "name": pack.name,
        "name_en": pack.name_en,
        "parent": pack.parent,
        "area": pack.area,
        "is_draft": pack.draft,
        "is_sample": pack.sample,
        "note": pack.note,
        "parameter_count": len(pack.parameters),
    }


def pack_of(row: Mapping[str, Any]) -> Pack:
    """Return the pack that a row of `packs` or `adoptions` holds."""
    return from_plain(msgspec.json.decode(row["content"]))


def parameters(pack: Pack, *, on: date | None = None, prefix: str = "") -> list[dict[str, Any]]:
    """
    Return the parameters of *pack* by key and day, as plain fields.

    With *on* those in force on that day, with *prefix* those whose key begins so.
    """
    return [
        fields_of(each)
        for each in pack.parameters
        if each.key.startswith(prefix) and (on is None or each.is_in_force(on))
    ]


def fields_of(parameter: Parameter) -> dict[str, Any]:
    """Return one value as plain fields, with its standing in words."""
    value = parameter.value
    last = parameter.valid_to
    return {
        "key": parameter.key,
        "value": list(value) if isinstance(value, tuple) else value,
        "unit": parameter.unit,
        "valid_from": parameter.valid_from.isoformat(),
        "valid_to": None if last is None else last.isoformat(),
        "status": parameter.status.value,
        "status_zh": label_zh(parameter.status),
        "is_law": parameter.status.is_law,
        "document": parameter.document,
        "section": parameter.section,
        "quote": parameter.quote,
        "source_file": parameter.source_file,
        "note": parameter.note,
    }


def rule_fields(rule: Rule) -> dict[str, Any]:
    """Return a rule of the register as plain fields, with its standing in words."""
    return {
        "id": rule.id,
        "sentence": rule.sentence,
        "sentence_zh": rule.sentence_zh,
        "source": rule.source,
        "status": rule.status.value,
        "status_zh": label_zh(rule.status),
        "is_law": rule.status.is_law,
    }
