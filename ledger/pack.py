"""
What a policy pack is: dated parameters of one jurisdiction, each with the text it rests on.

A pack is plain data that travels in a command, so it knows only whole numbers, switches, text and
lists of text: decimals ("0.27") and fractions ("60/100") are text, days are ISO text. Packs are
built by `ledger.pack_schema.parse_pack` alone; a pack that exists has passed every check there.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec

from ledger.pack_value import Value

Plain = dict[str, object]


class Status(StrEnum):
    """How far a value may be trusted; only `confirmed` may be shown as law."""

    CONFIRMED = "confirmed"
    ANALOGUE = "analogue"
    UNCONFIRMED = "unconfirmed"
    DECIDED_HERE = "decided_here"
    SAMPLE = "sample"

    @property
    def is_law(self) -> bool:
        """Return whether a page may show the value as law."""
        return self is Status.CONFIRMED


_LABELS_ZH = {
    Status.CONFIRMED: "已核对原文",
    Status.ANALOGUE: "参照其他地区或市场",
    Status.UNCONFIRMED: "未核实",
    Status.DECIDED_HERE: "本系统设定",
    Status.SAMPLE: "示例",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of one key, in force from *valid_from* to *valid_to*, both days included."""

    key: str
    value: Value
    unit: str
    valid_from: date
    valid_to: date | None
    status: Status
    document: str | None
    section: str | None
    quote: str | None
    source_file: str | None
    note: str | None

    def is_in_force(self, on: date) -> bool:
        """Return whether the value holds on the day *on*."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Pack:
    """The parameters of one jurisdiction, sorted by key and day; *version* covers all of it."""

    id: str
    name: str
    name_en: str
    parent: str | None
    area: str | None
    draft: bool
    sample: bool
    note: str | None
    parameters: tuple[Parameter, ...]
    version: str


def label_zh(status: Status) -> str:
    """Return the words a page puts beside a value of this status; a sample is 示例."""
    return _LABELS_ZH[status]


def to_plain(pack: Pack) -> Plain:
    """
    Return *pack* as plain values for a command payload: text, int, bool, list and dict only.

    Absent fields and the version are left out; `pack_schema.from_plain` gives the same pack back.

    Rule: POL-02.
    """
    header: Plain = {"id": pack.id, "name": pack.name, "name_en": pack.name_en}
    header |= _present({"parent": pack.parent, "area": pack.area, "note": pack.note})
    header |= {"draft": pack.draft, "sample": pack.sample}
    return header | {"parameter": [_plain_parameter(each) for each in pack.parameters]}


def version_of(pack: Pack) -> str:
    """
    Return the SHA-256 of the pack's canonical JSON, as hex.

    The order in which a file lists its parameters does not matter; any value, day or note does.

    Rule: POL-07.
    """
    canonical = msgspec.json.encode(to_plain(pack), order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


def _plain_parameter(parameter: Parameter) -> Plain:
    value = parameter.value
    plain: Plain = {
        "key": parameter.key,
        "value": list(value) if isinstance(value, tuple) else value,
        "unit": parameter.unit,
        "valid_from": parameter.valid_from.isoformat(),
        "status": parameter.status.value,
    }
    last_day = parameter.valid_to
    return plain | _present(
        {
            "valid_to": None if last_day is None else last_day.isoformat(),
            "document": parameter.document,
            "section": parameter.section,
            "quote": parameter.quote,
            "source_file": parameter.source_file,
            "note": parameter.note,
        }
    )


def _present(fields: dict[str, str | None]) -> Plain:
    return {name: text for name, text in fields.items() if text is not None}
