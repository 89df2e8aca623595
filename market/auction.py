"""
The call auction: one price for all, then how much each order fills, then who trades with whom.

*buys* and *sells* of the price rule are (price_fen, quantity_tce) pairs, of orders or of whole
levels alike: the price knows only totals, so an indicative price costs O(levels). For very many
orders `market.auction_columns` gives the same answers from arrays.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from market.order import Order, Side, priority

Quote = tuple[int, int]  # price_fen, quantity_tce
AuctionFill = tuple[Order, int]  # order, quantity_tce
AuctionTrade = tuple[Order, Order, int]  # buy order, sell order, quantity_tce


class Reading(StrEnum):
    """
    Which exchange's tie-break decides among prices of equal volume and imbalance.

    Rules: MKT-22 (Shenzhen), MKT-23 (Shanghai).
    """

    SHENZHEN = "shenzhen"
    SHANGHAI = "shanghai"


@dataclass(frozen=True, slots=True)
class Clearing:
    """
    The price of a call and what it does.

    *imbalance_tce* is demand less supply at the price: positive when buyers are left over.
    """

    price_fen: int
    volume_tce: int
    imbalance_tce: int


@dataclass(frozen=True, slots=True)
class Indicative:
    """What a call would do if it ended now; *unmatched_side* is None when nothing is left over."""

    price_fen: int
    matched_tce: int
    unmatched_tce: int
    unmatched_side: Side | None


def quotes(orders: Iterable[Order]) -> list[Quote]:
    """Return what the price rule needs of *orders*."""
    return [(order.price_fen, order.leaves_tce) for order in orders]


def clearing_price(
    buys: Iterable[Quote],
    sells: Iterable[Quote],
    *,
    tick_fen: int,
    reference_price_fen: int,
    reading: Reading = Reading.SHENZHEN,
) -> Clearing | None:
    """
    Return the price with most volume at which all better orders fill, or None if nothing crosses.

    Among several the least imbalance decides, then the *reading*.

    Rules: MKT-21, MKT-22, MKT-23.
    """
    demand = _demand(buys)
    supply = _supply(sells)
    candidates = _candidates(demand.prices, supply.prices, tick_fen, reading)
    volume_tce = max((min(demand.at(p), supply.at(p)) for p in candidates), default=0)
    if volume_tce == 0:
        return None
    fair = [
        price_fen
        for price_fen in candidates
        if min(demand.at(price_fen), supply.at(price_fen)) == volume_tce
        and demand.better(price_fen) <= volume_tce
        and supply.better(price_fen) <= volume_tce
    ]
    least_tce = min(abs(demand.at(p) - supply.at(p)) for p in fair)
    tied = [p for p in fair if abs(demand.at(p) - supply.at(p)) == least_tce]
    price_fen = break_tie(
        lowest_fen=min(tied),
        highest_fen=max(tied),
        tick_fen=tick_fen,
        reference_price_fen=reference_price_fen,
        reading=reading,
    )
    return Clearing(price_fen, volume_tce, demand.at(price_fen) - supply.at(price_fen))


def break_tie(
    *,
    lowest_fen: int,
    highest_fen: int,
    tick_fen: int,
    reference_price_fen: int,
    reading: Reading,
) -> int:
    """
    Return the price among the tied ones, which span *lowest_fen* to *highest_fen*.

    Shenzhen: every tick of the span is tied, so the nearest to the reference is the reference
    itself, kept inside. Shanghai: at most the two ends are tied, so the price is their midpoint,
    half a tick up.

    Rules: MKT-22, MKT-23.
    """
    assert reference_price_fen % tick_fen == 0
    if reading is Reading.SHENZHEN:
        return min(max(reference_price_fen, lowest_fen), highest_fen)
    ticks = (lowest_fen + highest_fen) // tick_fen
    return (ticks + 1) // 2 * tick_fen


def indicative(
    buys: Iterable[Quote],
    sells: Iterable[Quote],
    *,
    tick_fen: int,
    reference_price_fen: int,
    reading: Reading = Reading.SHENZHEN,
) -> Indicative | None:
    """Return price, matched and unmatched volume as published during a call. Rule: MKT-37."""
    clearing = clearing_price(
        buys, sells, tick_fen=tick_fen, reference_price_fen=reference_price_fen, reading=reading
    )
    if clearing is None:
        return None
    imbalance_tce = clearing.imbalance_tce
    side = None if imbalance_tce == 0 else Side.BUY if imbalance_tce > 0 else Side.SELL
    return Indicative(clearing.price_fen, clearing.volume_tce, abs(imbalance_tce), side)


def allocate(orders: Iterable[Order], clearing: Clearing) -> list[AuctionFill]:
    """
    Return what each order of one side fills, in price–time order; unfilled orders are left out.

    At most the last one is filled in part.

    Rule: MKT-24.
    """
    fills: list[AuctionFill] = []
    left_tce = clearing.volume_tce
    for order in sorted(orders, key=priority):
        quantity_tce = min(order.leaves_tce, left_tce)
        if quantity_tce == 0:
            break
        fills.append((order, quantity_tce))
        left_tce -= quantity_tce
    assert left_tce == 0, left_tce
    return fills


def pair(buy_fills: Sequence[AuctionFill], sell_fills: Sequence[AuctionFill]) -> list[AuctionTrade]:
    """
    Return the trades between two sides of fills with equal totals, first with first.

    Both lists are laid along one line of quantity; a trade lies between two neighbouring borders.

    Rule: MKT-38.
    """
    trades: list[AuctionTrade] = []
    sellers = iter(sell_fills)
    sell_order, sell_tce = next(sellers, (None, 0))
    for buy_order, fill_tce in buy_fills:
        buy_tce = fill_tce
        while buy_tce:
            assert sell_order is not None
            quantity_tce = min(buy_tce, sell_tce)
            trades.append((buy_order, sell_order, quantity_tce))
            buy_tce -= quantity_tce
            sell_tce -= quantity_tce
            if sell_tce == 0:
                sell_order, sell_tce = next(sellers, (None, 0))
    assert sell_order is None
    return trades


@dataclass(frozen=True, slots=True)
class _Curve:
    """
    Total quantity of one side as a function of price: *totals[i]* takes in the first *i* prices.

    A supply curve grows with the price; a demand curve is counted from the top.
    """

    prices: list[int]
    totals: list[int]
    is_demand: bool

    def at(self, price_fen: int) -> int:
        """Return the quantity willing to trade at *price_fen*."""
        return self._counted(price_fen, with_equal=True)

    def better(self, price_fen: int) -> int:
        """Return the quantity with limits strictly better than *price_fen*."""
        return self._counted(price_fen, with_equal=False)

    def _counted(self, price_fen: int, *, with_equal: bool) -> int:
        if self.is_demand:
            cut: Callable[[list[int], int], int] = bisect_left if with_equal else bisect_right
            return self.totals[-1] - self.totals[cut(self.prices, price_fen)]
        cut = bisect_right if with_equal else bisect_left
        return self.totals[cut(self.prices, price_fen)]


def _demand(buys: Iterable[Quote]) -> _Curve:
    return _curve(buys, is_demand=True)


def _supply(sells: Iterable[Quote]) -> _Curve:
    return _curve(sells, is_demand=False)


def _curve(side: Iterable[Quote], *, is_demand: bool) -> _Curve:
    at_price: dict[int, int] = {}
    for price_fen, quantity_tce in side:
        at_price[price_fen] = at_price.get(price_fen, 0) + quantity_tce
    prices = sorted(at_price)
    totals = list(accumulate((at_price[p] for p in prices), initial=0))
    return _Curve(prices, totals, is_demand)


def _candidates(
    buy_prices: list[int], sell_prices: list[int], tick_fen: int, reading: Reading
) -> list[int]:
    """
    Return the prices worth looking at, lowest first.

    Between two order prices nothing changes, so the ticks next to each order price stand for all.
    """
    prices = {*buy_prices, *sell_prices}
    if reading is Reading.SHENZHEN:
        prices |= {p - tick_fen for p in prices} | {p + tick_fen for p in prices}
    return sorted(prices)
