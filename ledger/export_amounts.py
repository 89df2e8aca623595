"""Amounts of an export as people count them: exact decimal text, and the unit it is in."""

from typing import NamedTuple

from ledger.asset import CNY


class Unit(NamedTuple):
    """The unit people use for an asset, how many decimals it has, and its smallest part."""

    name: str
    decimals: int
    minor: str


YUAN = Unit("yuan", 2, "fen")
TCE = Unit("tce", 3, "kgce")
TONNE = Unit("t", 3, "kg")


def unit_of(asset: str) -> Unit:
    """Return the unit in which the asset of this code is counted."""
    if asset == CNY:
        return YUAN
    return TCE if asset.startswith("energy.") else TONNE


def decimal_text(minor: int, decimals: int) -> str:
    """Return minor units as a plain decimal number, nothing rounded: -5000, 3 → "-5.000"."""
    digits = f"{abs(minor):0{decimals + 1}d}"
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"
