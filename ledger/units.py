"""
Kilograms of standard coal equivalent, fen, and the one way to round.

Quantities are whole minor units (1 tce = 1,000 kgce), money is whole fen (1 yuan = 100 fen).
Decimals exist only where meters are converted and ratios applied; they leave through
`round_half_up`. No float is accepted anywhere.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from ledger.errors import Refused

KGCE_PER_TCE = 1_000
FEN_PER_YUAN = 100
AMOUNT_MAX = 10**15  # the national total is 6 × 10¹² kgce; sums stay far below 2⁶³

_DECIMAL_TEXT = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?", re.ASCII)


class AmountMalformed(Refused):
    """A quantity or price was not a plain decimal number with the digits its unit allows."""

    code = "amount_malformed"
    rule = "REG-01"

    def __init__(self, text: str, *, unit: str, decimals: int) -> None:
        super().__init__(
            f"{text[:40]!r} is not an amount in {unit}: digits with at most {decimals} decimals",
            text=text[:40],
            unit=unit,
            decimals=decimals,
        )


def round_half_up(exact: Decimal | Fraction) -> int:
    """Return *exact* as a whole number, halves away from zero."""
    if isinstance(exact, Fraction):
        sign = -1 if exact < 0 else 1
        return sign * ((2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator))
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def largest_remainder(shares: list[Fraction], total: int) -> list[int]:
    """
    Return whole numbers in the proportion of *shares* that sum to *total* exactly.

    Ties between equal remainders go to the earlier share, so the order of *shares* is part of the
    rule and must be stated by the caller.
    """
    assert total >= 0
    weight = sum(shares)
    assert weight > 0
    if all(share.denominator == 1 for share in shares):
        # Whole numbers, as in every plan of a year, need no fractions to be exact.
        parts = [divmod(share.numerator * total, weight.numerator) for share in shares]
    else:
        exact = [share * total / weight for share in shares]
        parts = [divmod(value, 1) for value in exact]  # type: ignore[misc]
    whole = [part for part, _ in parts]
    by_remainder = sorted(range(len(shares)), key=lambda i: (-parts[i][1], i))
    for index in by_remainder[: total - sum(whole)]:
        whole[index] += 1
    return whole


def parse_decimal(text: str, *, unit: str, decimals: int) -> Decimal:
    """Return *text* as an exact decimal, refusing exponents, signs other than minus, and spaces."""
    if not _DECIMAL_TEXT.fullmatch(text):
        raise AmountMalformed(text, unit=unit, decimals=decimals)
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > decimals:
        raise AmountMalformed(text, unit=unit, decimals=decimals)
    return number


def parse_kgce(text: str) -> int:
    """Return tonnes written as text ("12.345") as whole kgce; more than 3 decimals is refused."""
    return int(parse_decimal(text, unit="tce", decimals=3) * KGCE_PER_TCE)


def parse_fen(text: str) -> int:
    """Return yuan written as text ("220.50") as whole fen; more than 2 decimals is refused."""
    return int(parse_decimal(text, unit="yuan", decimals=2) * FEN_PER_YUAN)


def _grouped(amount: int, scale: int, decimals: int) -> str:
    whole, rest = divmod(abs(amount), scale)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole:,}.{rest:0{decimals}d}"


def format_tce(amount_kgce: int) -> str:
    """Return kgce as tonnes with three decimals and grouped thousands: 1234567 → "1,234.567"."""
    return _grouped(amount_kgce, KGCE_PER_TCE, 3)


def format_yuan(amount_fen: int) -> str:
    """Return fen as yuan with two decimals and grouped thousands: 93940000 → "939,400.00"."""
    return _grouped(amount_fen, FEN_PER_YUAN, 2)
