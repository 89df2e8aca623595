"""
The call auction over columns: the rules of `market.auction` for a million orders at once.

Rows stand in arrival order, so a row's index is its time priority. Everything is a 64-bit integer:
a histogram weighted with floats would stop being exact at 2⁵³.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market.auction import Clearing, Reading, break_tie

Integers = NDArray[np.int64]

SPAN_TICKS_MAX = 1 << 22  # a histogram of 32 MiB; a ten-per-cent band has a few thousand ticks
TOTAL_TCE_MAX = 2**62


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """One side of a call: limit prices in fen and leaves in tce, one row for each order."""

    price_fen: Integers
    quantity_tce: Integers

    def __post_init__(self) -> None:
        assert self.price_fen.dtype == self.quantity_tce.dtype == np.int64
        assert self.price_fen.shape == self.quantity_tce.shape


@dataclass(frozen=True, slots=True)
class FillColumns:
    """Filled rows of one side in price–time order: index into the side, and quantity in tce."""

    index: Integers
    quantity_tce: Integers


@dataclass(frozen=True, slots=True)
class TradeColumns:
    """One row for each trade: indexes into buys and sells, and quantity in tce."""

    buy_index: Integers
    sell_index: Integers
    quantity_tce: Integers


@dataclass(frozen=True, slots=True)
class Cross:
    """The whole outcome of one call."""

    clearing: Clearing
    buy_fills: FillColumns
    sell_fills: FillColumns
    trades: TradeColumns


def uncross(
    buys: OrderColumns,
    sells: OrderColumns,
    *,
    tick_fen: int,
    reference_price_fen: int,
    reading: Reading = Reading.SHENZHEN,
) -> Cross | None:
    """Return price, fills and trades of a call, or None if nothing crosses. Rule: MKT-21."""
    clearing = clearing_price(
        buys, sells, tick_fen=tick_fen, reference_price_fen=reference_price_fen, reading=reading
    )
    if clearing is None:
        return None
    buy_fills = allocate(buys, clearing, is_buy=True)
    sell_fills = allocate(sells, clearing, is_buy=False)
    return Cross(clearing, buy_fills, sell_fills, pair(buy_fills, sell_fills))


def clearing_price(
    buys: OrderColumns,
    sells: OrderColumns,
    *,
    tick_fen: int,
    reference_price_fen: int,
    reading: Reading = Reading.SHENZHEN,
) -> Clearing | None:
    """Return what `market.auction.clearing_price` returns. Rules: MKT-21, MKT-22, MKT-23."""
    if len(buys.price_fen) == 0 or len(sells.price_fen) == 0:
        return None
    base_fen = int(min(buys.price_fen.min(), sells.price_fen.min()))
    top_fen = int(max(buys.price_fen.max(), sells.price_fen.max()))
    span = (top_fen - base_fen) // tick_fen + 1
    assert span <= SPAN_TICKS_MAX, span
    bought = _histogram(buys, base_fen, tick_fen, span)
    sold = _histogram(sells, base_fen, tick_fen, span)
    demand = np.cumsum(bought[::-1])[::-1]
    supply = np.cumsum(sold)
    volume = np.minimum(demand, supply)
    volume_tce = int(volume.max())
    if volume_tce == 0:
        return None
    is_fair = (volume == volume_tce) & (demand - bought <= volume_tce)
    is_fair &= supply - sold <= volume_tce
    if reading is Reading.SHANGHAI:
        is_fair &= (bought + sold) > 0
    fair = np.flatnonzero(is_fair)
    imbalance = demand - supply
    size = np.abs(imbalance[fair])
    tied = fair[size == size.min()]
    price_fen = break_tie(
        lowest_fen=base_fen + int(tied[0]) * tick_fen,
        highest_fen=base_fen + int(tied[-1]) * tick_fen,
        tick_fen=tick_fen,
        reference_price_fen=reference_price_fen,
        reading=reading,
    )
    return Clearing(price_fen, volume_tce, int(imbalance[(price_fen - base_fen) // tick_fen]))


def allocate(side: OrderColumns, clearing: Clearing, *, is_buy: bool) -> FillColumns:
    """Return the fills of one side in price–time order, the last perhaps in part. Rule: MKT-24."""
    price_fen = clearing.price_fen
    if is_buy:
        eligible = np.flatnonzero(side.price_fen >= price_fen)
        distance = side.price_fen[eligible].max() - side.price_fen[eligible]
    else:
        eligible = np.flatnonzero(side.price_fen <= price_fen)
        distance = side.price_fen[eligible] - side.price_fen[eligible].min()
    index = eligible[_stable_order(distance)]
    quantity_tce = side.quantity_tce[index]
    border_tce = np.cumsum(quantity_tce)
    count = int(np.searchsorted(border_tce, clearing.volume_tce)) + 1
    index, quantity_tce = index[:count], quantity_tce[:count].copy()
    quantity_tce[-1] -= border_tce[count - 1] - clearing.volume_tce
    return FillColumns(index, quantity_tce)


def pair(buy_fills: FillColumns, sell_fills: FillColumns) -> TradeColumns:
    """Return the trades between two sides with equal totals, first with first. Rule: MKT-38."""
    buy_border = np.cumsum(buy_fills.quantity_tce)
    sell_border = np.cumsum(sell_fills.quantity_tce)
    assert buy_border[-1] == sell_border[-1]
    # Two sorted runs: a stable sort merges them in one pass.
    borders = np.concatenate((buy_border, sell_border))
    borders.sort(kind="stable")
    borders = borders[np.diff(borders, prepend=0) > 0]
    quantity_tce = np.diff(borders, prepend=0)
    return TradeColumns(
        buy_fills.index[np.searchsorted(buy_border, borders)],
        sell_fills.index[np.searchsorted(sell_border, borders)],
        quantity_tce,
    )


def _histogram(side: OrderColumns, base_fen: int, tick_fen: int, span: int) -> Integers:
    """Return the quantity at each tick from *base_fen* up, added in exact integers."""
    assert int(side.quantity_tce.min()) > 0
    assert int(side.quantity_tce.max()) * len(side.quantity_tce) < TOTAL_TCE_MAX
    offset = side.price_fen - base_fen
    ticks = offset if tick_fen == 1 else offset // tick_fen
    assert tick_fen == 1 or not np.any(offset - ticks * tick_fen)
    histogram = np.zeros(span, dtype=np.int64)
    np.add.at(histogram, ticks, side.quantity_tce)
    return histogram


def _stable_order(distance: Integers) -> NDArray[np.intp]:
    """Return the order that sorts *distance*, equals by arrival; 16-bit keys sort by radix."""
    if int(distance.max()) < 1 << 16:
        return np.argsort(distance.astype(np.uint16), kind="stable")
    return np.argsort(distance, kind="stable")
