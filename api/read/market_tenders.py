"""
One-way auctions as they are announced, and the bids of whoever asks.
"""

from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.visible import visible
from market.tables import TenderBidRow, TenderRow

HIDDEN_SELLER = "enterprise"
"""What stands for a seller that is not told: that it is an enterprise, and not which."""


def tenders(own: Reach, owners: Reach) -> sa.Select[Any]:
    """
    Return every tender as it is announced.

    A district that sells is named; an enterprise only to itself (*own*) and to whom *owners* lets
    see everything. Bidders are counted, never named; *is_admitted* says whether one of *own* is
    among them. *leading_price_fen* and *bids_count* are public, whose bids they are is not.
    """
    row = TenderRow
    told = sa.or_(row.seller.like("district:%"), _is_seller(own), _all(owners))
    of_tender = TenderBidRow.tender == row.id
    leading = sa.select(sa.func.max(TenderBidRow.price_fen)).where(of_tender).scalar_subquery()
    bids = sa.select(sa.func.count()).where(of_tender).scalar_subquery()
    spaces = sa.func.length(row.bidders) - sa.func.length(sa.func.replace(row.bidders, " ", ""))
    return sa.select(
        row.id,
        row.instrument,
        sa.case((told, row.seller), else_=HIDDEN_SELLER).label("seller"),
        row.quantity_tce,
        row.reserve_price_fen,
        row.increment_fen,
        row.rounds_max,
        row.round,
        row.state,
        row.trade,
        leading.label("leading_price_fen"),
        sa.func.coalesce(leading + row.increment_fen, row.reserve_price_fen).label(
            "lowest_acceptable_fen"
        ),
        bids.label("bids_count"),
        (spaces + 1).label("bidders_count"),
        _is_admitted(own).label("is_admitted"),
    )


def bids(reach: Reach, tender: int) -> sa.Select[Any]:
    """Return the bids for one tender of the enterprises that *reach* sees."""
    return sa.select(*sa.inspect(TenderBidRow).local_table.columns).where(
        TenderBidRow.tender == tender, visible(reach, enterprises=[TenderBidRow.bidder])
    )


def _all(owners: Reach) -> sa.ColumnElement[bool]:
    return sa.true() if owners.everything else sa.false()


def _is_seller(own: Reach) -> sa.ColumnElement[bool]:
    return TenderRow.seller.in_([f"enterprise:{each}" for each in sorted(own.enterprises)])


def _is_admitted(own: Reach) -> sa.ColumnElement[bool]:
    padded = " " + TenderRow.bidders + " "
    return sa.or_(
        sa.false(),
        *(padded.contains(f" {each} ", autoescape=True) for each in sorted(own.enterprises)),
    )
