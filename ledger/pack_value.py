"""
What values a policy parameter may hold: each unit asks for one shape.

Whole numbers, switches, text and lists of text are all there is; a decimal ("0.27") or a fraction
("60/100") is text, so that no float is ever read, and a day is ISO text.
"""

import re
from datetime import date
from enum import StrEnum

from ledger.units import AMOUNT_MAX

Value = bool | int | str | tuple[str, ...]

_WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_NUMBER = re.compile(
    r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,18})?|(0|[1-9][0-9]{0,14})/[1-9][0-9]{0,14}", re.ASCII
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_SESSION = re.compile(rf"{_CLOCK}-{_CLOCK} [a-z][a-z_]*", re.ASCII)


class Shape(StrEnum):
    """What kind of value a unit asks for, in words that a refusal can use."""

    SWITCH = "true or false"
    WHOLE = "a whole number from 0"
    NUMBER = "a whole number, decimal text or fraction text"
    DATE = "a day such as 2026-06-30"
    CHOICE = "one word in snake case"
    CHOICES = "a list of different words in snake case"
    TEXT = "text"
    TEXTS = "a list of different texts"
    SESSIONS = "a list such as 09:30-11:30 trading"


_UNITS = {
    Shape.SWITCH: "switch",
    Shape.WHOLE: (
        "count minute day workday hour month year basis_points tce t kwh fen fen_per_tce fen_per_t"
    ),
    Shape.NUMBER: (
        "share ratio percent percentage_point pue hour_per_year mw 10k_kw 10k_tce 100m_yuan"
        " 100m_kwh tce_per_10k_yuan 10k_yuan_per_tce 10k_yuan_per_mu kgce_per_kwh gce_per_kwh"
        " kgce_per_gj kgce_per_t kgce_per_m2"
        " kgce_per_person kgce_per_case kgoe_per_t kgoe_per_t_factor kwh_per_t fen_per_kwh"
    ),
    Shape.DATE: "date",
    Shape.CHOICE: "choice",
    Shape.CHOICES: "choices",
    Shape.TEXT: "text",
    Shape.TEXTS: "texts",
    Shape.SESSIONS: "sessions",
}
SHAPES = {unit: shape for shape, units in _UNITS.items() for unit in units.split()}


def fitted(shape: Shape | None, raw: object) -> Value | None:
    """Return *raw* as a value of *shape*, or None where it does not fit; a float never fits."""
    match shape, raw:
        case Shape.SWITCH, bool():
            return raw
        case ((Shape.WHOLE | Shape.NUMBER), int()) if not isinstance(raw, bool):
            return raw if 0 <= raw <= AMOUNT_MAX else None
        case Shape.NUMBER, str():
            return raw if _NUMBER.fullmatch(raw) else None
        case Shape.CHOICE, str():
            return raw if _WORD.fullmatch(raw) else None
        case Shape.TEXT, str():
            return raw if raw.strip() else None
        case Shape.DATE, _:
            day = parse_day(raw)
            return None if day is None else day.isoformat()
        case ((Shape.CHOICES | Shape.TEXTS | Shape.SESSIONS), list()):
            return _list(shape, raw)
    return None


def _list(shape: Shape, raw: list[object]) -> tuple[str, ...] | None:
    pattern = {Shape.CHOICES: _WORD, Shape.SESSIONS: _SESSION}.get(shape)
    texts = tuple(each for each in raw if isinstance(each, str) and each.strip())
    if not texts or len(set(texts)) != len(raw):
        return None
    return texts if pattern is None or all(map(pattern.fullmatch, texts)) else None


def parse_day(value: object) -> date | None:
    """Return a day given as a TOML date or as ISO text, or None where it is neither."""
    if type(value) is date:  # a datetime is a date too, and is not a day
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
