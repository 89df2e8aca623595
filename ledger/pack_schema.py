"""
When a document is a policy pack, and why it is refused.

A pack says where each value comes from before it says what the value is for: a value that claims a
source must name it, a draft confirms nothing, and sample values live only in sample packs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NoReturn

from ledger.errors import Refused
from ledger.pack import Pack, Parameter, Status, version_of
from ledger.pack_value import SHAPES, Shape, Value, fitted, parse_day

_WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_KEY = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*", re.ASCII)
_AREA = re.compile(r"[0-9]{6}", re.ASCII)

_HEADER = {"id", "name", "name_en", "parent", "area", "draft", "sample", "note", "parameter"}
_PARAMETER = {
    *{"key", "value", "unit", "valid_from", "valid_to", "status"},
    *{"document", "section", "quote", "source_file", "note"},
}
DEPTH_MAX = 16
"""How deep a pack may be nested; a lawful one is four deep."""

_NEEDS_DOCUMENT = {Status.CONFIRMED, Status.ANALOGUE, Status.UNCONFIRMED}


class PackUnknownKey(Refused):
    """A pack holds a field that no pack has."""

    code = "pack_unknown_key"
    rule = "POL-01"

    def __init__(self, pack: str, *, key: str, field: str) -> None:
        super().__init__(
            f"Pack {pack} has an unknown field {field[:40]!r} in {key}: remove it or correct it",
            pack=pack,
            key=key,
            field=field[:40],
        )


class PackFieldMalformed(Refused):
    """A field of a pack is missing or is not what it should be."""

    code = "pack_field_malformed"
    rule = "POL-01"

    def __init__(self, pack: str, *, key: str, field: str, accepted: str) -> None:
        super().__init__(
            f"Pack {pack} needs {field!r} in {key} to be {accepted}",
            pack=pack,
            key=key,
            field=field,
            accepted=accepted,
        )


class PackTooDeep(Refused):
    """Lists and tables of a pack stand inside one another deeper than any pack needs."""

    code = "pack_too_deep"
    rule = "POL-01"

    def __init__(self) -> None:
        super().__init__(
            f"lists and tables of the pack stand more than {DEPTH_MAX} deep inside one another;"
            " a pack is a table with a list of tables of values",
            largest=DEPTH_MAX,
        )


class PackValueMalformed(Refused):
    """A value does not fit its unit, or the unit is unknown."""

    code = "pack_value_malformed"
    rule = "POL-02"

    def __init__(self, pack: str, *, key: str, unit: str, value: str) -> None:
        known = f"{unit!r} asks for {SHAPES[unit]}" if unit in SHAPES else "the unit is unknown"
        super().__init__(
            f"Pack {pack} gives {key} the value {value[:40]} in the unit {unit[:40]!r}: {known}",
            pack=pack,
            key=key,
            unit=unit[:40],
            value=value[:40],
        )


class PackSourceMissing(Refused):
    """A value claims a standing that its source does not bear out."""

    code = "pack_source_missing"
    rule = "POL-03"

    def __init__(self, pack: str, *, key: str, status: Status, field: str) -> None:
        super().__init__(
            f"Pack {pack} marks {key} as {status} without {field!r}: give it, or mark the value"
            " decided_here",
            pack=pack,
            key=key,
            status=status.value,
            field=field,
        )


class PackStatusMisplaced(Refused):
    """A draft claims to be law, or a sample value stands in a pack that is no sample."""

    code = "pack_status_misplaced"
    rule = "POL-04"

    def __init__(self, pack: str, *, key: str, status: Status) -> None:
        super().__init__(
            f"Pack {pack} may not mark {key} as {status}: a draft confirms nothing, and sample"
            " values stand only in a pack with sample = true, which confirms nothing either",
            pack=pack,
            key=key,
            status=status.value,
        )


class PackOverlap(Refused):
    """Two values of one key hold on the same day."""

    code = "pack_overlap"
    rule = "POL-05"

    def __init__(self, pack: str, *, key: str, earlier_from: date, later_from: date) -> None:
        super().__init__(
            f"Pack {pack} has two values of {key} on {later_from}: the one in force from"
            f" {earlier_from} must end before that day",
            pack=pack,
            key=key,
            earlier_from=earlier_from.isoformat(),
            later_from=later_from.isoformat(),
        )


def parse_pack(document: Mapping[str, object]) -> Pack:
    """
    Return the pack that *document* (decoded TOML or JSON) describes, with its version.

    Rule: POL-01, POL-03, POL-04, POL-05.
    """
    header = _Fields(pack="(unnamed)", key="the header", fields=document)
    header = replace(header, pack=header.matching("id", _WORD, "a word in snake case"))
    header.refuse_unknown(_HEADER)
    listed = document.get("parameter", [])
    if not isinstance(listed, list):
        header.refuse("parameter", "a list of tables")
    pack = Pack(
        id=header.pack,
        name=header.text("name"),
        name_en=header.text("name_en"),
        parent=header.matching("parent", _WORD, "a pack id") if "parent" in document else None,
        area=header.matching("area", _AREA, "six digits") if "area" in document else None,
        draft=header.switch("draft"),
        sample=header.switch("sample"),
        note=header.optional_text("note"),
        parameters=tuple(
            sorted((_parameter(header, each) for each in listed), key=_by_key_and_day)
        ),
        version="",
    )
    _require_honest_statuses(pack)
    _require_one_value_a_day(pack)
    return replace(pack, version=version_of(pack))


def from_plain(plain: Mapping[str, object]) -> Pack:
    """Return the pack that `pack.to_plain` wrote; a payload is checked like a file."""
    return parse_pack(plain)


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of a header or of one parameter, read with refusals that say where."""

    pack: str
    key: str
    fields: Mapping[str, object]

    def refuse(self, field: str, accepted: str) -> NoReturn:
        raise PackFieldMalformed(self.pack, key=self.key, field=field, accepted=accepted)

    def refuse_unknown(self, known: set[str]) -> None:
        for field in sorted(str(name) for name in self.fields):
            if field not in known:
                raise PackUnknownKey(self.pack, key=self.key, field=field)

    def optional_text(self, field: str) -> str | None:
        value = self.fields.get(field)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.refuse(field, "text")
        return value

    def text(self, field: str) -> str:
        return self.optional_text(field) or self.refuse(field, "text")

    def matching(self, field: str, pattern: re.Pattern[str], accepted: str) -> str:
        value = self.fields.get(field)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.refuse(field, accepted)
        return value

    def switch(self, field: str) -> bool:
        value = self.fields.get(field, False)
        if not isinstance(value, bool):
            self.refuse(field, Shape.SWITCH.value)
        return value

    def day(self, field: str) -> date:
        return parse_day(self.fields.get(field)) or self.refuse(field, Shape.DATE.value)

    def status(self) -> Status:
        value = self.fields.get("status")
        if value not in list(Status):
            self.refuse("status", f"one of {', '.join(Status)}")
        return Status(str(value))


def _parameter(header: _Fields, item: object) -> Parameter:
    if not isinstance(item, Mapping):
        header.refuse("parameter", "a list of tables")
    unnamed = _Fields(pack=header.pack, key="a parameter", fields=item)
    fields = replace(unnamed, key=unnamed.matching("key", _KEY, "dotted words in snake case"))
    fields.refuse_unknown(_PARAMETER)
    valid_from = fields.day("valid_from")
    valid_to = fields.day("valid_to") if "valid_to" in item else None
    if valid_to is not None and valid_to < valid_from:
        fields.refuse("valid_to", f"{valid_from} or later")
    return Parameter(
        key=fields.key,
        value=_value(fields),
        unit=fields.text("unit"),
        valid_from=valid_from,
        valid_to=valid_to,
        status=fields.status(),
        document=fields.optional_text("document"),
        section=fields.optional_text("section"),
        quote=fields.optional_text("quote"),
        source_file=fields.optional_text("source_file"),
        note=fields.optional_text("note"),
    )


def _by_key_and_day(parameter: Parameter) -> tuple[str, date]:
    return parameter.key, parameter.valid_from


def _value(fields: _Fields) -> Value:
    unit, raw = fields.text("unit"), fields.fields.get("value")
    value = fitted(SHAPES.get(unit), raw)
    if value is None:
        raise PackValueMalformed(fields.pack, key=fields.key, unit=unit, value=_shown(raw))
    return value


def _shown(raw: object) -> str:
    try:
        return repr(raw)
    except RecursionError:
        raise PackTooDeep from None


def _require_honest_statuses(pack: Pack) -> None:
    for each in pack.parameters:
        barred = Status.CONFIRMED if pack.draft or pack.sample else None
        if each.status is barred or (each.status is Status.SAMPLE and not pack.sample):
            raise PackStatusMisplaced(pack.id, key=each.key, status=each.status)
        needed = {"document": each.document} if each.status in _NEEDS_DOCUMENT else {}
        if each.status is Status.CONFIRMED:
            needed |= {"section": each.section, "quote": each.quote}
        if each.source_file is not None:
            needed |= {"quote": each.quote}
        for field, text in needed.items():
            if text is None:
                raise PackSourceMissing(pack.id, key=each.key, status=each.status, field=field)


def _require_one_value_a_day(pack: Pack) -> None:
    for earlier, later in zip(pack.parameters, pack.parameters[1:], strict=False):
        if earlier.key == later.key and earlier.is_in_force(later.valid_from):
            raise PackOverlap(
                pack.id,
                key=later.key,
                earlier_from=earlier.valid_from,
                later_from=later.valid_from,
            )
