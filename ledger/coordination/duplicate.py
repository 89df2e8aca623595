"""
Which records of reductions may be one and the same: exact matches, and near ones with a score.

Records are grouped by what they share (a facility, an evidence hash, a credit code …), so that
only those that share something are ever compared. A group that is larger than WINDOW is compared
in order of days, each record with its next neighbours and with the first.

Rules: CRD-01, CRD-02.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

WINDOW = 24
"""How many neighbours of a large group are compared; overlaps of one facility are all found."""

NEAR_SCORE = 50
"""Points from which a near match is reported; all weights together make more than 100."""

WEIGHTS = {
    "equipment": 35,
    "evidence": 30,
    "credit_code": 20,
    "address": 20,
    "name": 20,
    "decision": 15,
    "amount": 15,
    "days": 15,
    "adjacent": 10,
}
FULL_SCORE = 100

_SUFFIX = re.compile(r"(股份有限公司|有限责任公司|集团有限公司|有限公司|股份公司|集团|公司|厂)+$")
_LATIN_SUFFIX = re.compile(r"(coltd|companylimited|limited|ltd|inc|corp)$")
_NOT_LETTERS = re.compile(r"[\W_]+")


class Scheme(StrEnum):
    """Where a reduction counts."""

    FREED = "freed"
    OTHER_PROVINCE = "other_province"
    CARBON = "carbon"
    CERTIFICATE = "certificate"
    ENERGY_SAVING = "energy_saving"


@dataclass(frozen=True, slots=True)
class Record:
    """
    One reduction somewhere: who, where, of which measure and days, on which documents.

    *key* names the record; a claim of several measures has one Record for each, of one key. Empty
    text is what nobody stated. *serials* are a series with its first and last number.
    """

    key: str
    scheme: Scheme
    measure: str
    amount: int
    first_day: date
    last_day: date
    facility: str = ""
    holder: str = ""
    facility_name: str = ""
    credit_code: str = ""
    address: str = ""
    equipment: str = ""
    evidence: str = ""
    decision: str = ""
    district: str = ""
    serials: tuple[str, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Two records that may be one, what is the same, and how much that weighs, of 100."""

    first: str
    second: str
    is_exact: bool
    score: int
    reasons: tuple[str, ...]


@lru_cache(maxsize=1 << 18)
def normalised(name: str) -> str:
    """Return *name* without spaces, signs, width, case and the usual endings of companies."""
    text = _NOT_LETTERS.sub("", unicodedata.normalize("NFKC", name).casefold())
    return _LATIN_SUFFIX.sub("", _SUFFIX.sub("", text))


def find_matches(records: Iterable[Record]) -> list[Match]:
    """Return the pairs of *records* that may be one, exact ones first. Rules: CRD-01, CRD-02."""
    kept = list(records)
    texts = {id(record): _texts(record) for record in kept}
    found: dict[tuple[str, str], Match] = {}
    for one, other in _candidates(kept):
        match = _match(one, other, texts[id(one)], texts[id(other)])
        if match is None:
            continue
        pair = (match.first, match.second)
        found[pair] = _merged(found[pair], match) if pair in found else match
    return sorted(found.values(), key=lambda m: (not m.is_exact, -m.score, m.first, m.second))


def matched(one: Record, other: Record) -> Match | None:
    """Return how two records match, None where they do not. Rules: CRD-01, CRD-02."""
    return _match(one, other, _texts(one), _texts(other))


_Texts = tuple[str, ...]
"""A record's texts as they are compared, in the order of _COMPARED; empty is unknown."""

_COMPARED = ("equipment", "evidence", "credit_code", "address", "decision", "name")


def _texts(record: Record) -> _Texts:
    return (*(normalised(getattr(record, name)) for name in _COMPARED[:-1]), _full_name(record))


def _match(one: Record, other: Record, mine: _Texts, theirs: _Texts) -> Match | None:
    if one.key == other.key:
        return None
    if other.key < one.key:
        one, other = other, one
    exact = list(_exact(one, other))
    reasons = list(_alike(one, other, mine, theirs))
    score = min(sum(WEIGHTS[reason] for reason in reasons), FULL_SCORE)
    if exact:
        return Match(one.key, other.key, True, FULL_SCORE, (*exact, *reasons))
    if score < NEAR_SCORE:
        return None
    return Match(one.key, other.key, False, score, tuple(reasons))


def _exact(one: Record, other: Record) -> Iterator[str]:
    """Yield why two records are one beyond doubt of form: the first sign of double counting."""
    same_measure = _counts_alike(one, other)
    if one.facility and one.facility == other.facility and same_measure and _overlap(one, other):
        yield "same_facility_days_measure"
    if one.evidence and one.evidence == other.evidence and same_measure:
        yield "same_evidence"
    if (
        one.decision
        and one.decision == other.decision
        and one.measure == other.measure
        and one.amount == other.amount
    ):
        yield "same_decision"
    if one.serials and other.serials and _serials_overlap(one.serials, other.serials):
        yield "same_serials"


def _counts_alike(one: Record, other: Record) -> bool:
    """Return whether both may count one reduction; a carbon project counts every measure."""
    return one.measure == other.measure or Scheme.CARBON in (one.scheme, other.scheme)


def _alike(one: Record, other: Record, mine: _Texts, theirs: _Texts) -> Iterator[str]:
    for name, text, its in zip(_COMPARED, mine, theirs, strict=True):
        if text and text == its:
            yield name
    if one.measure == other.measure and _close(one.amount, other.amount):
        yield "amount"
    if _overlap(one, other):
        yield "days"
    elif _adjacent(one, other):
        yield "adjacent"


def _full_name(record: Record) -> str:
    """Return holder and facility as one name; a facility alone is often only "line 1"."""
    if not (record.holder and record.facility_name):
        return ""
    return f"{normalised(record.holder)}/{normalised(record.facility_name)}"


def _close(one: int, other: int) -> bool:
    """Return whether two amounts differ by at most 1 % of the larger."""
    return abs(one - other) * 100 <= max(one, other)


def _overlap(one: Record, other: Record) -> bool:
    return one.first_day <= other.last_day and other.first_day <= one.last_day


def _adjacent(one: Record, other: Record) -> bool:
    if other.first_day < one.first_day:
        one, other = other, one
    return (other.first_day - one.last_day).days == 1


def _serials_overlap(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    return one[0] == other[0] and one[1] <= other[2] and other[1] <= one[2]


def _merged(one: Match, other: Match) -> Match:
    reasons = tuple(dict.fromkeys((*one.reasons, *other.reasons)))
    exact = one.is_exact or other.is_exact
    return Match(one.first, one.second, exact, max(one.score, other.score), reasons)


def _candidates(records: Iterable[Record]) -> Iterator[tuple[Record, Record]]:
    """Yield each pair that shares something worth a look, once."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        for key in _keys(record):
            groups.setdefault(key, []).append(record)
    seen: set[tuple[int, int]] = set()
    for key, group in groups.items():
        group.sort(key=lambda each: (each.first_day, each.last_day, each.amount, each.key))
        pairs = _sweep(group) if key[0] == "facility" else _window(group)
        for one, other in pairs:
            # All records live in their groups, so that an id is nobody else's meanwhile.
            first, second = id(one), id(other)
            pair = (first, second) if first < second else (second, first)
            if pair not in seen:
                seen.add(pair)
                yield one, other


def _keys(record: Record) -> Iterator[tuple[str, ...]]:
    for name in ("facility", "evidence"):
        if text := getattr(record, name):
            yield (name, text)
    if record.decision:
        yield ("decision", record.decision, record.measure, str(record.amount))
    for name in ("credit_code", "address"):
        if text := normalised(getattr(record, name)):
            yield (name, text, record.measure)
    if text := normalised(record.equipment):
        yield ("equipment", text)
    if name := _full_name(record):
        yield ("name", name)
    if record.serials:
        yield ("serials", record.serials[0])


def _window(group: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
    if len(group) <= WINDOW:
        yield from combinations(group, 2)
        return
    for place, one in enumerate(group):
        if place > WINDOW:
            yield group[0], one
        for other in group[place + 1 : place + 1 + WINDOW]:
            yield one, other


def _sweep(group: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
    """Yield every two records of one facility whose days overlap or touch, however many."""
    running: list[Record] = []
    for record in group:
        running = [one for one in running if _reaches(one, record)]
        for one in running:
            yield one, record
        running.append(record)


def _reaches(one: Record, later: Record) -> bool:
    return (later.first_day - one.last_day).days <= 1
