"""
A command's payload as people read it: a table of what it says, with names and units, not JSON.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from markupsafe import Markup

from api.faces import faces
from api.web import authority_words as words
from api.web.authority_labels import LABELS
from api.web.shown import ROLE_WORDS, shanghai, t, whole, word
from ledger.command import Payload, read_payload_json
from ledger.errors import Refused
from ledger.units import format_tce, format_yuan

Shown = str | Markup
ROWS_MAX = 500
"""How many rows of one payload a page shows; the JSON beneath has them all."""

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a payload that has several of a kind; *more* were left out."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a payload says: its label, and a text or a table."""

    label: str
    text: Shown
    table: Table | None = None


def label(name: str) -> str:
    """Return what a field is called."""
    return t(*LABELS.get(name, (name, name.replace("_", " "))))


def shown(kind: str, encoded: str) -> list[Field]:
    """Return the payload of a command of *kind*, canonical JSON, as labelled fields."""
    try:
        handler = faces().gateway.subjects.handlers[kind]
        payload = read_payload_json(handler.payload, encoded.encode())
    except (KeyError, Refused):
        return []
    plain = _plain(payload)
    _know(plain)
    return [_field(name, value, plain) for name, value in plain.items() if not _empty(value)]


def pretty(encoded: str) -> str:
    """Return JSON text with a line for each value, for whoever wants the very content."""
    try:
        return json.dumps(json.loads(encoded), ensure_ascii=False, indent=2)
    except ValueError:
        return encoded


def _plain(value: Any) -> Any:
    """Return structs as mappings in order of their fields, lists as lists."""
    if isinstance(value, Payload | msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], ())


def _field(name: str, value: Any, beside: Mapping[str, Any]) -> Field:
    if name == "document" and "proposed_kind" in beside:
        return Field(label("document"), t("见下方 JSON", "see the JSON below"))
    if name == "content":
        return _pack(str(value))
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return Field(label(name), "", _table(value, beside))
    if isinstance(value, list):
        return Field(
            label(name), Markup(t("、", ", ")).join(_say(name, one, beside) for one in value)
        )
    if isinstance(value, Mapping):
        return Field(label(name), "", _table([value], beside))
    return Field(label(name), _say(name, value, beside))


def _table(rows: list[Mapping[str, Any]], around: Mapping[str, Any]) -> Table:
    used = [name for name in rows[0] if any(not _empty(row[name]) for row in rows)]
    filled = tuple(
        tuple(_cell(name, row[name], {**around, **row}) for name in used) for row in rows[:ROWS_MAX]
    )
    return Table(tuple(label(name) for name in used), filled, max(len(rows) - ROWS_MAX, 0))


def _cell(name: str, value: Any, beside: Mapping[str, Any]) -> Shown:
    if isinstance(value, list):
        return Markup(t("、", ", ")).join(_say(name, one, beside) for one in value)
    return "" if _empty(value) else _say(name, value, beside)


def _pack(content: str) -> Field:
    try:
        found = json.loads(content)
        rows = found["parameter"]
        about = f"{found['name']} {found['name_en']}（{found['id']}）"
        keys = ("key", "value", "unit", "valid_from", "status", "document")
        heads = (
            t("参数", "parameter"), t("值", "value"), t("单位", "unit"), t("生效", "from"),
            t("核实状态", "status"), t("来源", "source"),
        )  # fmt: skip
        filled = tuple(tuple(str(row.get(key, "")) for key in keys) for row in rows[:ROWS_MAX])
    except (ValueError, KeyError, TypeError):
        return Field(label("content"), t("见下方 JSON", "see the JSON below"))
    return Field(f"{label('content')} {about}", "", Table(heads, filled, 0))


def _know(value: Any) -> None:
    """Read at once the names of every enterprise and person that a payload has."""
    enterprises: set[str] = set()
    persons: set[str] = set()

    def look(name: str, found: Any) -> None:
        if isinstance(found, Mapping):
            for key, below in found.items():
                look(key, below)
        elif isinstance(found, list):
            for one in found:
                look(name, one)
        elif name in _OF_ENTERPRISE:
            enterprises.add(str(found))
        elif name in _OF_PERSON and found:
            persons.add(str(found))

    look("", value)
    words.know(enterprises, persons)


_OF_ENTERPRISE = frozenset(
    {"enterprise", "enterprises", "bidders", "without_output", "owner_group"}
)
_OF_PERSON = frozenset({"person", "verifiers", "team"})
_AMOUNTS = frozenset({"added", "amount", "approved", "consumed", "statistics", "unused", "volume"})
_NUMBERS = frozenset({"entry", "hold", "order", "proposal", "tender", "version", "year"})
_WORDS = frozenset(
    {
        "basis", "finding", "kind", "method", "next_phase", "phase", "pollutant_standard",
        "purpose", "qualifying", "planned_major", "self_match", "side", "status", "two_high",
        "use", "validity", "verdict", "closing_price", "auction_reading", "modes",
    }
)  # fmt: skip


def _say(name: str, value: Any, beside: Mapping[str, Any]) -> Shown:
    """Return one value in words; *beside* are the fields around it, which tell its unit."""
    if isinstance(value, bool):
        return t("是", "yes") if value else t("否", "no")
    if isinstance(value, int):
        return _number(name, value, beside)
    text = str(getattr(value, "value", value))
    if name in _OF_ENTERPRISE:
        return words.enterprise(text)
    if name in _SAID:
        return _SAID[name](text)
    if name in _WORDS:
        return word(text)
    if name in ("source", "destination") and ":" in text:
        return words.address(text)
    if _HASH.fullmatch(text):
        return Markup('<span class="hash">{}</span>').format(text)
    return text


def _scope(text: str) -> Shown:
    kind, _, name = text.partition(":")
    if kind == "enterprise":
        return words.enterprise(name)
    return words.district(name) if kind == "district" else word(text)


def _role(text: str) -> Shown:
    return t(*ROLE_WORDS.get(text, (text, text)))


def _rule(text: str) -> Shown:
    found = faces().wording.rules.get(text)
    return text if found is None else f"{text} {t(found.sentence_zh, found.sentence)}"


_SAID: dict[str, Callable[[str], Shown]] = {
    "district": words.district,
    "parent": words.district,
    "sector": words.sector,
    "asset": words.asset,
    "assets": words.asset,
    "addresses": words.address,
    "measure": words.measure,
    "measures": words.measure,
    "person": words.person,
    "verifiers": words.person,
    "team": words.person,
    "seller": _scope,
    "scope": _scope,
    "role": _role,
    "rule": _rule,
    "proposed_kind": words.kind,
}


def _number(name: str, value: int, beside: Mapping[str, Any]) -> Shown:
    if name in _NUMBERS or name.endswith("_year"):
        return str(value)
    if name.endswith("_at"):
        return shanghai(value)
    if name.endswith("_fen"):
        return f"{format_yuan(value)} {t('元', 'yuan')}"
    if name.endswith("_kgce"):
        return f"{format_tce(value)} {t('吨标准煤', 'tce')}"
    if name.endswith("_kg"):
        return f"{format_tce(value)} {t('吨', 't')}"
    if name.endswith("_tce"):
        return f"{whole(value)} {t('吨', 't')}"
    if name.endswith("_basis_points"):
        return f"{value // 100}.{value % 100:02d}%"
    if name in _AMOUNTS:
        return _amount(value, beside)
    return whole(value)


def _amount(value: int, beside: Mapping[str, Any]) -> Shown:
    found = beside.get("measure") or words.measure_of(str(beside.get("asset") or ""))
    return words.amount(value, str(found)) if found else whole(value)
