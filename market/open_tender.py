"""
Open an ascending one-way auction: the seller offers a whole lot, the operator admits the bidders.
"""

from typing import ClassVar

from ledger.allocation.increment import require_within_increment
from ledger.asset import parse_asset
from ledger.command import Payload
from ledger.errors import Refused
from ledger.memory import Account
from ledger.register import open_if_new
from ledger.roles import require_role
from ledger.subject import Result, Role
from ledger.units import KGCE_PER_TCE
from ledger.work import Work
from market.cover import hold_quota, require_open
from market.limits import require_lot, require_tick
from market.tables import TenderRow
from market.tender import TenderState
from market.terms import TermUnlawful
from market.venue import Listing, Mode, OutsideArea, Venue

HOLD_PURPOSE = "market:tender"

_TRADER = frozenset({Role.ENTERPRISE_TRADER})
_AUTHORITY = frozenset({Role.DISTRICT_REGULATOR, Role.CITY_REGULATOR})


class SellerUnknown(Refused):
    """The seller is neither an enterprise nor a district."""

    code = "seller_unknown"
    rule = "MKT-81"

    def __init__(self, seller: str) -> None:
        super().__init__(
            f"{seller[:40]!r} cannot sell, accepted is an enterprise such as enterprise:E001 or a "
            "district such as district:370200",
            seller=seller[:40],
        )


class BiddersMissing(Refused):
    """An auction needs somebody to bid."""

    code = "bidders_missing"
    rule = "MKT-81"

    def __init__(self) -> None:
        super().__init__("no bidder is admitted, admit at least one", bidders=0)


class BidderOfSeller(Refused):
    """A bidder belongs to the seller's own group."""

    code = "bidder_of_seller"
    rule = "MKT-81"

    def __init__(self, bidder: str, *, seller: str) -> None:
        super().__init__(
            f"{bidder} belongs to the group of {seller}, only others may bid for its lot",
            bidder=bidder,
            seller=seller,
        )


class OpenTender(Payload, frozen=True):
    """
    Offer a whole lot in ascending rounds.

    *seller* is "enterprise:E001" or, for the authority, "district:370200", which sells from its
    reserve into the treasury. *bidders* are the admitted enterprises.
    """

    kind: ClassVar[str] = "tenders.open"
    instrument: str
    seller: str
    quantity_tce: int
    reserve_price_fen: int
    increment_fen: int
    bidders: tuple[str, ...]
    rounds_max: int | None = None


def open_tender(work: Work, payload: OpenTender) -> Result:
    """
    Hold the lot and open the first round; the tender's number is the command's sequence.

    Refusals in this order: instrument, mode, the seller and who acts for it,
    quantity, prices, rounds, bidders, what a district may sell of its increment, cover.
    Rules: MKT-42, MKT-81, SET-31, ALC-82.
    """
    venue = work.memory.cache(Venue)
    listing = venue.listing(payload.instrument)
    listing.require_mode(Mode.TENDER)
    account, held = _seller_accounts(work, venue, listing, payload.seller)
    return open_lot(work, venue, listing, payload, account=account, held=held)


def open_lot(
    work: Work,
    venue: Venue,
    listing: Listing,
    payload: OpenTender,
    *,
    account: Account,
    held: Account,
) -> Result:
    """
    Hold what *payload* offers, out of *account*, and open the first round.

    Refusals in this order: quantity, prices, rounds, bidders, cover. Rules: MKT-42, MKT-81, SET-31.
    """
    tick_fen = listing.limits.tick_fen
    require_lot(payload.quantity_tce, lot_tce=listing.limits.lot_tce)
    require_tick(payload.reserve_price_fen, tick_fen=tick_fen)
    require_tick(payload.increment_fen, tick_fen=tick_fen)
    if payload.rounds_max is not None and payload.rounds_max < 1:
        raise TermUnlawful("rounds_max", str(payload.rounds_max), accepted="at least 1")
    bidders = _admitted(work, venue, listing, payload)
    _require_increment(work, listing, payload)
    hold = hold_quota(
        work,
        account=account,
        held=held,
        asset=listing.asset,
        quantity_tce=payload.quantity_tce,
        purpose=HOLD_PURPOSE,
    )
    work.session.add(
        TenderRow(
            id=work.sequence,
            instrument=listing.id,
            seller=payload.seller,
            quantity_tce=payload.quantity_tce,
            reserve_price_fen=payload.reserve_price_fen,
            increment_fen=payload.increment_fen,
            rounds_max=payload.rounds_max,
            bidders=" ".join(bidders),
            round=1,
            state=TenderState.OPEN.value,
            hold_id=hold.id,
        )
    )
    work.publish("tender", {"tender": work.sequence, "state": "open", "round": 1})
    return {"tender": work.sequence, "round": 1, "bidders": bidders}


def _seller_accounts(
    work: Work, venue: Venue, listing: Listing, seller: str
) -> tuple[Account, Account]:
    """Return where the seller's units are and where they are held meanwhile."""
    kind, _, name = seller.partition(":")
    sellers = _TRADER if kind == "enterprise" else _AUTHORITY
    require_role(work.memory, work.actor, kind=OpenTender.kind, roles=sellers, scope=seller)
    if kind == "enterprise":
        seat = venue.seat(work.memory, name)
        require_open(seat.cash)
        return seat.holding, seat.held
    reserve = work.memory.accounts.get(f"{seller}:reserve")
    if kind != "district" or reserve is None:
        raise SellerUnknown(seller)
    if name != listing.area:
        raise OutsideArea(seller, area=listing.area)
    return reserve, open_if_new(work, f"{seller}:held")


def _require_increment(work: Work, listing: Listing, payload: OpenTender) -> None:
    """Count what a district offers of its yearly increment, where its pack limits that."""
    kind, _, district = payload.seller.partition(":")
    if kind == "district":
        asset = parse_asset(listing.asset.code)
        require_within_increment(
            work,
            district,
            year=asset.vintage,
            measure=asset.measure,
            amount=payload.quantity_tce * KGCE_PER_TCE,
            reference=f"tender:{work.sequence}",
        )


def _admitted(work: Work, venue: Venue, listing: Listing, payload: OpenTender) -> list[str]:
    """Return the bidders by id, each registered, in the area, and not of the seller's group."""
    kind, _, name = payload.seller.partition(":")
    own_group = venue.seat(work.memory, name).group if kind == "enterprise" else ""
    if not payload.bidders:
        raise BiddersMissing
    for bidder in payload.bidders:
        seat = venue.seat(work.memory, bidder)
        if seat.group == own_group:
            raise BidderOfSeller(bidder, seller=payload.seller)
        if listing.area not in seat.areas and not listing.terms.cross_district:
            raise OutsideArea(bidder, area=listing.area)
    return sorted(set(payload.bidders))
