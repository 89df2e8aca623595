"""
Parties as the writer keeps them in memory, and the codes by which they are known.
"""

import re
from dataclasses import dataclass

from ledger.errors import Refused

ID = re.compile(r"[A-Z][A-Z0-9_-]{0,31}", re.ASCII)
DISTRICT_CODE = re.compile(r"[0-9]{6}", re.ASCII)

_CREDIT_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


class CreditCodeWrong(Refused):
    """A unified social credit code has the wrong form or check character."""

    code = "credit_code_wrong"
    rule = "REG-30"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:30]!r} is not a unified social credit code: 18 characters, the last a check",
            credit_code=text[:30],
        )


class PartyIdMalformed(Refused):
    """An id is not a capital letter followed by capitals, digits, - or _, 32 at most."""

    code = "party_id_malformed"
    rule = "REG-30"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]!r} is not an id: a capital letter, then capitals, digits, - or _",
            id=text[:40],
        )


class PartyUnknown(Refused):
    """There is no such district, sector, enterprise or facility."""

    code = "party_unknown"
    rule = "REG-31"

    def __init__(self, what: str, party: str) -> None:
        super().__init__(
            f"there is no {what} {party[:40]}; register it first", what=what, id=party[:40]
        )


class PartyExists(Refused):
    """The id or credit code is registered already."""

    code = "party_exists"
    rule = "REG-31"

    def __init__(self, what: str, party: str) -> None:
        super().__init__(f"{what} {party} is registered already", what=what, id=party)


@dataclass(frozen=True, slots=True)
class District:
    """A district: its code, its parent's code ("" at the top) and the pack that governs it."""

    code: str
    parent: str
    pack: str


@dataclass(frozen=True, slots=True)
class Enterprise:
    """An enterprise: its district, sector, whether that is two-high, and its owner group."""

    id: str
    district: str
    sector: str
    is_two_high: bool
    owner_group: str


class Parties:
    """Every district, sector and enterprise, by code or id; the writer's cache."""

    def __init__(self) -> None:
        self.districts: dict[str, District] = {}
        self.two_high: dict[str, bool] = {}
        self.enterprises: dict[str, Enterprise] = {}
        self.credit_codes: set[str] = set()
        self.facilities: set[str] = set()

    def enterprise(self, party: str) -> Enterprise:
        """Return the enterprise of this id, or refuse."""
        found = self.enterprises.get(party)
        if found is None:
            raise PartyUnknown("enterprise", party)
        return found

    def district(self, code: str) -> District:
        """Return the district of this code, or refuse."""
        found = self.districts.get(code)
        if found is None:
            raise PartyUnknown("district", code)
        return found

    def sector_is_two_high(self, code: str) -> bool:
        """Return the mark of a sector, or refuse a sector that is not registered."""
        found = self.two_high.get(code)
        if found is None:
            raise PartyUnknown("sector", code)
        return found


def require_id(text: str) -> None:
    """Refuse an id that is not in the plain form. Rule: REG-30."""
    if not ID.fullmatch(text):
        raise PartyIdMalformed(text)


def require_credit_code(text: str) -> None:
    """
    Refuse a unified social credit code whose check character does not fit (GB 32100-2015).

    Rule: REG-30.
    """
    if len(text) != 18 or any(symbol not in _CREDIT_SYMBOLS for symbol in text):
        raise CreditCodeWrong(text)
    if text[17] != credit_check(text[:17]):
        raise CreditCodeWrong(text)


def credit_check(body: str) -> str:
    """Return the check character of the first 17 characters of a credit code."""
    total = sum(
        _CREDIT_SYMBOLS.index(symbol) * weight
        for symbol, weight in zip(body, _CREDIT_WEIGHTS, strict=True)
    )
    return _CREDIT_SYMBOLS[(31 - total % 31) % 31]
