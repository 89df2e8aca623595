"""
The fields of the API: amounts as text, instants in RFC 3339, days as dates, hashes in hex.

Which whole numbers are amounts is decided by their name and, in doubt, they are: a JSON number
loses digits in many clients, so no quantity and no money may travel as one.
"""

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.instants import instant_text, read_day, read_instant

WHOLE_MAX = 10**18 - 1
_AMOUNT = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)

_COUNTS = frozenset(
    {
        "id", "number", "sequence", "ordinal", "order", "proposal", "hold", "entry", "tender",
        "trade", "version", "round", "rounds_max", "resale_days", "size", "plan", "epoch",
        "reverses", "buy_order", "sell_order", "limit", "position", "orders", "level",
        "trades", "index", "depth", "line", "place", "rank", "score",
        "objection", "notice", "sheets", "claim", "claim_ordinal",
    }
)  # fmt: skip
_COUNT_ENDINGS = ("_by", "_id", "_number", "_sequence", "_basis_points", "year", "_count", "_entry")
_INSTANT_ENDINGS = ("_at",)


def is_instant(name: str) -> bool:
    """Return whether a whole number of this name is microseconds since 1970."""
    return name == "at" or name.endswith(_INSTANT_ENDINGS)


def is_count(name: str) -> bool:
    """Return whether a whole number of this name counts or numbers things, and is no amount."""
    return name in _COUNTS or name.endswith(_COUNT_ENDINGS)


class Amount(ma.fields.String):
    """A whole number of minor units, written as text: "10", never 10 or "10.0"."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"pattern": f"^{_AMOUNT.pattern}$", **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ma.ValidationError('an amount is written as text, such as "10"')
        if not _AMOUNT.fullmatch(value):
            raise ma.ValidationError("an amount is a whole number of at most 18 digits, as text")
        return int(value)


class Count(ma.fields.Integer):
    """A whole number that is no amount: a year, an id, a sequence number."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"minimum": -WHOLE_MAX, "maximum": WHOLE_MAX, **kwargs.pop("metadata", {})}
        super().__init__(strict=True, metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ma.ValidationError("a whole number is needed here")
        if abs(value) > WHOLE_MAX:
            raise ma.ValidationError("a number of at most 18 digits is needed here")
        return value


class Flag(ma.fields.Boolean):
    """Yes or no, as JSON has them; "true", 1 and "yes" are neither."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise ma.ValidationError("true or false is needed here")
        return value


class Words(ma.fields.String):
    """Text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ma.ValidationError("text is needed here")
        if "\x00" in value:
            raise ma.ValidationError("text without NUL is needed here")
        return value


class Day(Words):
    """A date of the policy calendar, such as 2026-06-30."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"format": "date", **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        read_day(text)
        return text


class Instant(ma.fields.String):
    """Microseconds since 1970 inside; RFC 3339 in UTC outside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"format": "date-time", **kwargs.pop("metadata", {})}, **kwargs)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else instant_text(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ma.ValidationError("an instant such as 2026-06-30T08:00:00Z is needed here")
        return read_instant(value)


class Hex(ma.fields.String):
    """Octets inside, lower-case hex outside."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return value.hex() if isinstance(value, bytes) else value


def whole_field(name: str, **kwargs: Any) -> ma.fields.Field[Any]:
    """Return the field for a whole number called *name*."""
    if is_instant(name):
        return Instant(**kwargs)
    return Count(**kwargs) if is_count(name) else Amount(**kwargs)


def plain(document: Mapping[str, object]) -> dict[str, object]:
    """Return a result of the ledger with its amounts as text and its instants in RFC 3339."""
    return {name: _plain(name, value) for name, value in document.items()}


def _plain(name: str, value: object) -> object:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        if is_instant(name):
            return instant_text(value)
        return value if is_count(name) else str(value)
    if isinstance(value, Mapping):
        return plain({str(key): each for key, each in value.items()})
    if isinstance(value, list | tuple):
        return [_plain(name, each) for each in value]
    return value
