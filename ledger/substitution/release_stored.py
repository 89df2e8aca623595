"""
Release annual flow that a reserve took from a district's budget, cash for units in one entry.

The flow was a part of that district's own increment, so what its pack lets a government sell of
that binds here; and it is flow of its district, which only enterprises there may use.
"""

from dataclasses import dataclass

from ledger.allocation.increment import require_within_increment
from ledger.asset import Asset
from ledger.calculation import Sheet
from ledger.chart import of_enterprise
from ledger.districts.budget import UNITS, flow_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.parties.party import Parties
from ledger.post import AmountNotPositive, post
from ledger.substitution.evidence import require_document
from ledger.substitution.payment import payment
from ledger.substitution.priced import RELEASE, cost_of
from ledger.work import Work


class StoredFlowShort(Refused):
    """A reserve has less annual flow of a district and year than is to be released."""

    code = "stored_flow_short"
    rule = "FRQ-87"

    def __init__(self, lot: "StoredLot", *, asset: str, available: int) -> None:
        super().__init__(
            f"{lot.amount} of {asset} is to be released, but the reserve of {lot.reserve} has "
            f"{available} in store",
            reserve=lot.reserve,
            asset=asset,
            needed=lot.amount,
            available=available,
        )


class StoredFlowElsewhere(Refused):
    """Annual flow of a district is asked for by an enterprise outside it."""

    code = "stored_flow_elsewhere"
    rule = "FRQ-87"

    def __init__(self, enterprise: str, *, area: str) -> None:
        super().__init__(
            f"flow of {area} is for enterprises of {area}, and {enterprise} is none of them",
            enterprise=enterprise,
            area=area,
        )


@dataclass(frozen=True, slots=True)
class StoredLot:
    """Flow of *district* and *year* that the reserve of *reserve* holds, and who is to have it."""

    enterprise: str
    reserve: str
    district: str
    year: int
    measure: str
    amount: int
    document: str
    reference: str


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold, for how much, and how the price was reckoned."""

    asset: str
    measure: str
    paid_fen: int
    sheet: Sheet


def release_stored(work: Work, lot: StoredLot) -> Sold:
    """
    Move stored flow to the buyer's holding and its price to the treasury, in one entry.

    Refusals in this order: the districts, document, amount, area, what is in store, what the pack
    lets a government sell of its increment (ALC-82), the price, the cash. Rule: FRQ-87.
    """
    parties = work.memory.cache(Parties)
    for district in (lot.reserve, lot.district):
        parties.district(district)
    require_document("the release", lot.document)
    if lot.amount <= 0:
        raise AmountNotPositive(lot.amount)
    assert lot.measure in UNITS
    asset = flow_of(lot.district, year=lot.year, measure=lot.measure)
    _require_in_area(work.memory, asset, lot.enterprise)
    there = f"district:{lot.reserve}:stored"
    available = work.memory.balance(there, asset.code) if there in work.memory.accounts else 0
    if lot.amount > available:
        raise StoredFlowShort(lot, asset=asset.code, available=available)
    require_within_increment(
        work,
        lot.district,
        year=lot.year,
        measure=lot.measure,
        amount=lot.amount,
        reference=lot.reference,
    )
    paid_fen, sheet = cost_of(
        work, reserve=lot.reserve, price=RELEASE, measure=lot.measure, amount=lot.amount
    )
    paid = payment(work, of_enterprise(lot.enterprise, "cash"), "treasury:sales", paid_fen)
    units = Posting(there, of_enterprise(lot.enterprise, "holding"), asset.code, lot.amount)
    entry = Entry(EntryCode.RESERVE_SALE, "FRQ-87", (*paid, units), reference=lot.reference)
    post(work, entry)
    return Sold(asset.code, lot.measure, paid_fen, sheet)


def _require_in_area(memory: Memory, asset: Asset, enterprise: str) -> None:
    """Refuse an enterprise that is neither in the flow's district nor in one below it. FRQ-87."""
    parties = memory.cache(Parties)
    code = parties.enterprise(enterprise).district
    while code and code != asset.area:
        code = parties.district(code).parent
    if not code:
        raise StoredFlowElsewhere(enterprise, area=asset.area)
