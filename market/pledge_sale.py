"""
Auction pledged units: a tender whose lot comes out of the pledge and whose price goes to the debts.

The tender runs like any other (`market.run_tender`). When it sells, the price reaches the pledgor's
cash and leaves it in the same command for the pledgees, by rank; unsold units go back to the lot.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.entry import Entry, EntryCode
from ledger.errors import Refused
from ledger.liens.pledge_sale import (
    SaleExists,
    enforceable,
    pay_by_rank,
    require_buyer,
    take_from_lot,
)
from ledger.liens.pledge_state import pledge_of
from ledger.liens.tables import PledgeSaleRow
from ledger.moves.home import require_text
from ledger.parties.party import require_id
from ledger.post import post
from ledger.subject import Result
from ledger.units import KGCE_PER_TCE
from ledger.work import Work
from market.clearing import fee_fen
from market.open_tender import OpenTender, open_lot
from market.tables import TenderRow
from market.venue import Mode, Venue


class AuctionOtherAsset(Refused):
    """The instrument is listed for another asset than the pledge has."""

    code = "pledge_auction_other_asset"
    rule = "LIE-20"

    def __init__(self, instrument: str, *, asset: str) -> None:
        super().__init__(
            f"{instrument} trades another asset; name the instrument of {asset}",
            instrument=instrument,
            asset=asset,
        )


class AuctionPledged(Payload, frozen=True):
    """Auction *quantity_tce* of a matured pledge in ascending rounds among *bidders*."""

    kind: ClassVar[str] = "pledges.auction"
    sale: str
    pledge: str
    instrument: str
    quantity_tce: int
    reserve_price_fen: int
    increment_fen: int
    bidders: tuple[str, ...]
    document: str
    rounds_max: int | None = None


def auction_pledged(work: Work, payload: AuctionPledged) -> Result:
    """
    Put pledged units up for auction as a whole lot.

    Refusals in this order: id, known before, those of `enforceable`, document, instrument, its
    mode, its asset, bidders that may not buy, then those of `market.open_tender`.
    Rule: LIE-16, LIE-17, LIE-20.
    """
    require_id(payload.sale)
    if work.session.get(PledgeSaleRow, payload.sale) is not None:
        raise SaleExists(payload.sale)
    amount = payload.quantity_tce * KGCE_PER_TCE
    row = enforceable(work, payload.pledge, amount)
    require_text("the document", payload.document)
    venue = work.memory.cache(Venue)
    listing = venue.listing(payload.instrument)
    listing.require_mode(Mode.TENDER)
    if listing.asset.code != row.asset:
        raise AuctionOtherAsset(payload.instrument, asset=row.asset)
    for bidder in payload.bidders:
        require_buyer(work, row, bidder, amount)
    result = open_lot(
        work,
        venue,
        listing,
        _offer(payload, f"enterprise:{row.pledgor}"),
        account=work.memory.accounts[of_enterprise(row.pledgor, "pledged")],
        held=work.memory.accounts[of_enterprise(row.pledgor, "held")],
    )
    work.session.add(
        PledgeSaleRow(
            id=payload.sale,
            pledge=row.id,
            lot=row.lot,
            way="auction",
            buyer="",
            amount=amount,
            price_fen=None,
            document=payload.document,
            tender=work.sequence,
            state="auctioned",
            offered_by=work.sequence,
        )
    )
    return {"sale": payload.sale, **result}


def _offer(payload: AuctionPledged, seller: str) -> OpenTender:
    return OpenTender(
        instrument=payload.instrument,
        seller=seller,
        quantity_tce=payload.quantity_tce,
        reserve_price_fen=payload.reserve_price_fen,
        increment_fen=payload.increment_fen,
        bidders=payload.bidders,
        rounds_max=payload.rounds_max,
    )


def settle_auction(work: Work, tender: TenderRow, price_fen: int | None) -> None:
    """
    Let the end of a tender reach the pledge whose units it offered; of any other, do nothing.

    *price_fen* is what the lot brought, None where nobody bid. The pledgor bears the seller's fee
    out of it, as every seller does. Rule: LIE-18, LIE-20.
    """
    query = sa.select(PledgeSaleRow).where(PledgeSaleRow.tender == tender.id)
    sale = work.session.scalars(query).one_or_none()
    if sale is None:
        return
    if price_fen is None:
        sale.state = "unsold"
        return
    row = pledge_of(work, sale.pledge, "active")
    terms = work.memory.cache(Venue).listing(tender.instrument).terms
    proceeds_fen = price_fen - fee_fen(price_fen, terms.fee_basis_points)
    sale.price_fen, sale.state, sale.entry = price_fen, "sold", tender.trade
    cash = pay_by_rank(work, row, proceeds_fen, payer=of_enterprise(row.pledgor, "cash"))
    if cash:
        sale.entry = post(work, Entry(EntryCode.PLEDGE_SALE, "LIE-18", tuple(cash)))
    take_from_lot(work, row, sale.amount)
