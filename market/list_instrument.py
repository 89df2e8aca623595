"""
List an instrument: one annual allowance against cash, on the terms in force that day.

Terms come from the policy packs of the allowance's area; the operator may state some otherwise,
with a second person's approval, and the row keeps where each came from.
"""

from typing import ClassVar

from ledger.adopt import Policy
from ledger.asset import Asset, Kind, parse_asset
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.register import open_asset
from ledger.subject import Result
from ledger.tables import LedgerRow
from ledger.work import Work
from market.auction import Reading
from market.limits import BandRounding, require_tick
from market.load import listing_of
from market.matching import SelfMatch
from market.tables import InstrumentRow
from market.terms import TermReader
from market.venue import CENTRALISED, ClosingPrice, Venue

_ID_SYMBOLS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
TRADABLE = frozenset({"energy", "coal", "carbon"})
"""Measures counted in kilograms, so that an order's tonnes are a thousand of them."""


class InstrumentExists(Refused):
    """The id is taken, or the allowance is listed under another."""

    code = "instrument_exists"
    rule = "MKT-70"

    def __init__(self, instrument: str, asset: str) -> None:
        super().__init__(
            f"{asset} is listed as {instrument} already, an allowance is listed once",
            instrument=instrument,
            asset=asset,
        )


class InstrumentIdMalformed(Refused):
    """An instrument id is not made of capitals, digits and dashes."""

    code = "instrument_id_malformed"
    rule = "MKT-70"

    def __init__(self, instrument: str) -> None:
        super().__init__(
            f"{instrument[:40]!r} is not an instrument id: 1 to 32 capitals, digits and dashes",
            instrument=instrument[:40],
        )


class AssetNotTradable(Refused):
    """Only annual allowances of a whole area are listed."""

    code = "asset_not_tradable"
    rule = "MKT-71"

    def __init__(self, asset: str) -> None:
        super().__init__(
            f"{asset} cannot be listed, only annual allowances of energy, coal or carbon for a "
            "whole area can",
            asset=asset,
        )


class ApprovalMissing(Refused):
    """A live ledger opens centralised trading only with a recorded approval."""

    code = "approval_missing"
    rule = "MKT-72"

    def __init__(self, modes: str) -> None:
        super().__init__(
            f"a live ledger lists {modes} only with the number of the approval, give "
            "approval_number or leave these modes out",
            modes=modes,
        )


class ListInstrument(Payload, frozen=True):
    """
    List *asset* under the id *instrument*.

    What is left out comes from the policy packs. *modes* are words separated by spaces.
    """

    kind: ClassVar[str] = "instruments.list"
    instrument: str
    asset: str
    approval_number: str = ""
    modes: str = ""
    first_reference_price_fen: int | None = None
    tick_fen: int | None = None
    lot_tce: int | None = None
    band_basis_points: int | None = None
    fee_basis_points: int | None = None
    resale_days: int | None = None
    auction_reading: str = ""
    self_match: str = ""
    closing_price: str = ""


def list_instrument(work: Work, payload: ListInstrument) -> Result:
    """
    List one instrument.

    Refusals in this order: the id's form, the id or allowance listed before, an asset that does
    not trade, terms, approval. Rules: MKT-70, MKT-71, MKT-72.
    """
    venue = work.memory.cache(Venue)
    _require_new(venue, payload)
    asset = parse_asset(payload.asset)
    _require_tradable(asset)
    row = _row(work, payload, asset)
    _require_approval(work, row)
    open_asset(work, asset)
    work.session.add(row)
    venue.listings[row.id] = listing_of(row, work.memory)
    work.on_refusal(lambda: venue.listings.pop(row.id))
    return {"instrument": row.id, "asset": row.asset, "modes": row.modes.split()}


def _require_new(venue: Venue, payload: ListInstrument) -> None:
    name = payload.instrument
    if not 1 <= len(name) <= 32 or not set(name) <= _ID_SYMBOLS:
        raise InstrumentIdMalformed(name)
    for listing in venue.listings.values():
        if name == listing.id or payload.asset == listing.asset.code:
            raise InstrumentExists(listing.id, listing.asset.code)


def _require_tradable(asset: Asset) -> None:
    if asset.kind is not Kind.FLOW or asset.measure not in TRADABLE or "-" in asset.area:
        raise AssetNotTradable(asset.code)


def _require_approval(work: Work, row: InstrumentRow) -> None:
    centralised = [mode for mode in row.modes.split() if mode in CENTRALISED]
    if not centralised or row.approval_number:
        return
    if work.session.get_one(LedgerRow, 1).purpose == "live":
        raise ApprovalMissing(", ".join(centralised))


def _row(work: Work, payload: ListInstrument, asset: Asset) -> InstrumentRow:
    memory = work.memory
    pack = memory.cache(Parties).district(asset.area).pack
    terms = TermReader(memory.cache(Policy), pack, on=day_of(work.now))
    tick_fen = terms.whole("tick_fen", payload.tick_fen, at_least=1)
    lot_tce = terms.whole("lot_tce", payload.lot_tce, at_least=1)
    listed_below_tce = terms.whole("listed_below_tce", None, at_least=lot_tce + 1)
    reference_fen = terms.whole(
        "first_reference_price_fen", payload.first_reference_price_fen, at_least=1
    )
    require_tick(reference_fen, tick_fen=tick_fen)
    band = payload.band_basis_points
    row = InstrumentRow(
        id=payload.instrument,
        asset=asset.code,
        modes=terms.modes(payload.modes),
        tick_fen=tick_fen,
        lot_tce=lot_tce,
        # The parameter is the first quantity too large for the book; an order is whole lots.
        quantity_max_tce=(listed_below_tce - 1) // lot_tce * lot_tce,
        band_basis_points=terms.whole("band_basis_points", band, at_least=1, below=10_000),
        band_rounding=terms.word("band_rounding", "", BandRounding),
        fee_basis_points=terms.whole(
            "fee_basis_points", payload.fee_basis_points, at_least=0, below=10_000
        ),
        first_reference_price_fen=reference_fen,
        auction_reading=terms.word("auction_reading", payload.auction_reading, Reading),
        self_match=terms.word("self_match", payload.self_match, SelfMatch),
        closing_price=terms.word("closing_price", payload.closing_price, ClosingPrice),
        resale_days=terms.whole("resale_days", payload.resale_days, at_least=0),
        cross_district="yes" if terms.switch("cross_district") else "no",
        approval_number=payload.approval_number,
        listed_by=work.sequence,
    )
    row.sources = canonical(terms.sources).decode()
    return row
