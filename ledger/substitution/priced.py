"""
What a part of a source costs at the price that the packs of a reserve set, with its sheet.
"""

from fractions import Fraction

from ledger.adopt import Policy
from ledger.calculation import HALF_UP, Sheet, step
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import as_int
from ledger.units import KGCE_PER_TCE, round_half_up
from ledger.work import Work

RELEASE = "collection.price"
BUY_BACK = "collection.buy_back_price"

_UNITS = {"fen_per_tce": "energy", "fen_per_t": "coal"}


class PriceUnit(Refused):
    """A pack prices a measure in a unit that is not its own."""

    code = "reserve_price_unit"
    rule = "FRQ-83"

    def __init__(self, key: str, *, unit: str) -> None:
        super().__init__(
            f"the pack gives {key} in {unit}; energy is priced in fen_per_tce and coal in "
            "fen_per_t",
            key=key,
            unit=unit,
        )


def cost_of(
    work: Work, *, reserve: str, price: str, measure: str, amount: int
) -> tuple[int, Sheet]:
    """
    Return what *amount* costs in fen, rounded half up, and the sheet of the price in force today.

    Rule: FRQ-83.
    """
    pack = work.memory.cache(Parties).district(reserve).pack
    found = work.memory.cache(Policy).find(pack, f"{price}_{measure}", day_of(work.now))
    if _UNITS.get(found.unit) != measure:
        raise PriceUnit(found.key, unit=found.unit)
    price_fen = as_int(found)
    paid_fen = round_half_up(Fraction(amount * price_fen, KGCE_PER_TCE))
    paid = step(
        "price",
        "amount × price ÷ 1000",
        {"amount": amount, "price": price_fen},
        result=paid_fen,
        unit="fen",
        rule="FRQ-83",
        rounding=HALF_UP,
    )
    return paid_fen, Sheet(f"{found.pack_id}@{found.version}").then(paid)
