"""
Which value of a policy parameter is in force, where, on a given day.

Packs form a chain from the most local to the national one, and the most local value in force wins.
There is no default anywhere else: a parameter that no pack of the chain gives is a refusal. A
computed figure stores what it was found by: `Found` says which pack, in which version, and what it
overruled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from ledger.errors import Refused
from ledger.pack import Pack, Parameter, Status, label_zh, to_plain, version_of
from ledger.pack_schema import from_plain, parse_pack
from ledger.pack_value import SHAPES, Shape, Value

__all__ = [
    "Candidate",
    "Found",
    "Pack",
    "Parameter",
    "Status",
    "as_date",
    "as_fraction",
    "as_int",
    "as_share",
    "as_switch",
    "as_text",
    "as_texts",
    "candidates",
    "chain",
    "found_of",
    "from_plain",
    "in_force",
    "label_zh",
    "parse_pack",
    "to_plain",
    "version_of",
]

_PER_WHOLE = {"share": 1, "percent": 100, "basis_points": 10_000}


class PackUnknown(Refused):
    """No pack of that id is loaded."""

    code = "pack_unknown"
    rule = "POL-06"

    def __init__(self, pack: str) -> None:
        super().__init__(f"No policy pack {pack!r} is loaded: load it first", pack=pack)


class PackParentUnknown(Refused):
    """A pack builds on one that is not loaded."""

    code = "pack_parent_unknown"
    rule = "POL-06"

    def __init__(self, pack: str, *, parent: str) -> None:
        super().__init__(
            f"Pack {pack} builds on {parent!r}, which is not loaded: load the parent first",
            pack=pack,
            parent=parent,
        )


class PackParentCycle(Refused):
    """A pack builds on itself, directly or through others."""

    code = "pack_parent_cycle"
    rule = "POL-06"

    def __init__(self, pack: str) -> None:
        super().__init__(
            f"Pack {pack} builds on itself through its parents: end the chain at one pack that has"
            " no parent",
            pack=pack,
        )


class ParameterMissing(Refused):
    """No pack of the chain gives a value on that day."""

    code = "parameter_missing"
    rule = "POL-08"

    def __init__(self, key: str, *, pack: str, on: date) -> None:
        super().__init__(
            f"No value of {key} is in force for {pack} on {on}: add one with its dates and source",
            key=key,
            pack=pack,
            on=on.isoformat(),
        )


class ParameterWrongType(Refused):
    """A value was read as something its unit does not hold."""

    code = "parameter_wrong_type"
    rule = "POL-02"

    def __init__(self, key: str, *, pack: str, unit: str, wanted: str) -> None:
        super().__init__(
            f"Pack {pack} holds {key} in the unit {unit!r}, but {wanted} is needed",
            key=key,
            pack=pack,
            unit=unit,
            wanted=wanted,
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value in force on the day asked for, with the pack and version that give it."""

    pack_id: str
    version: str
    parameter: Parameter


@dataclass(frozen=True, slots=True)
class Found:
    """The value that holds, and every value that was in force, most local first."""

    key: str
    value: Value
    unit: str
    status: Status
    pack_id: str
    version: str
    candidates: tuple[Candidate, ...]


def chain(packs: Mapping[str, Pack], pack_id: str) -> tuple[Pack, ...]:
    """
    Return the pack and what it builds on, most local first.

    Rule: POL-06.
    """
    if pack_id not in packs:
        raise PackUnknown(pack_id)
    found = [packs[pack_id]]
    while (parent := found[-1].parent) is not None:
        if parent not in packs:
            raise PackParentUnknown(found[-1].id, parent=parent)
        if packs[parent] in found:
            raise PackParentCycle(parent)
        found.append(packs[parent])
    return tuple(found)


def candidates(
    packs: Mapping[str, Pack], pack_id: str, key: str, on: date
) -> tuple[Candidate, ...]:
    """Return every value of *key* in force on the day *on*, most local first; empty if none."""
    return tuple(
        Candidate(pack.id, pack.version, parameter)
        for pack in chain(packs, pack_id)
        for parameter in pack.parameters
        if parameter.key == key and parameter.is_in_force(on)
    )


def in_force(packs: Mapping[str, Pack], pack_id: str, key: str, on: date) -> Found:
    """
    Return the most local value of *key* in force on the day *on*.

    Rule: POL-06, POL-08.
    """
    standing = candidates(packs, pack_id, key, on)
    if not standing:
        raise ParameterMissing(key, pack=pack_id, on=on)
    return found_of(standing)


def found_of(standing: tuple[Candidate, ...]) -> Found:
    """Return what the first of several candidates, the most local one, says."""
    winner = standing[0]
    return Found(
        key=winner.parameter.key,
        value=winner.parameter.value,
        unit=winner.parameter.unit,
        status=winner.parameter.status,
        pack_id=winner.pack_id,
        version=winner.version,
        candidates=standing,
    )


def as_int(found: Found) -> int:
    """Return a whole number in the parameter's own unit."""
    value = found.value
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(found, "a whole number")
    return value


def as_fraction(found: Found) -> Fraction:
    """Return a number exactly as written, in its own unit: "14.8" percent is 148/10."""
    value = found.value
    if SHAPES[found.unit] not in {Shape.NUMBER, Shape.WHOLE} or isinstance(value, tuple):
        raise _wrong_type(found, "a number")
    return Fraction(value)


def as_share(found: Found) -> Fraction:
    """Return a share, percentage or number of basis points as a part of one: 20 % is 1/5."""
    if found.unit not in _PER_WHOLE:
        raise _wrong_type(found, "a share, percentage or number of basis points")
    return as_fraction(found) / _PER_WHOLE[found.unit]


def as_switch(found: Found) -> bool:
    """Return whether a switch is on."""
    if not isinstance(found.value, bool):
        raise _wrong_type(found, "a switch")
    return found.value


def as_text(found: Found) -> str:
    """Return a text or one word of a closed choice."""
    if not isinstance(found.value, str) or SHAPES[found.unit] not in {Shape.TEXT, Shape.CHOICE}:
        raise _wrong_type(found, "text")
    return found.value


def as_texts(found: Found) -> tuple[str, ...]:
    """Return a list in the order of the pack."""
    if not isinstance(found.value, tuple):
        raise _wrong_type(found, "a list")
    return found.value


def as_date(found: Found) -> date:
    """Return a policy day."""
    if not isinstance(found.value, str) or SHAPES[found.unit] is not Shape.DATE:
        raise _wrong_type(found, "a day")
    return date.fromisoformat(found.value)


def _wrong_type(found: Found, wanted: str) -> ParameterWrongType:
    return ParameterWrongType(found.key, pack=found.pack_id, unit=found.unit, wanted=wanted)
