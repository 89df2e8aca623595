"""
What trades cost: consideration, fee, the cover a buy order needs, and the closing price.

Prices are fen per tce and quantities whole tce, so a consideration is exact; a fee is a ratio in
basis points (10,000 = the whole) and is rounded once for each trade.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

_WHOLE = 10_000  # basis points
LAST_MINUTE = 60_000_000  # microseconds


class Traded(NamedTuple):
    """One trade as the closing price sees it; *traded_at* is microseconds since 1970 UTC."""

    traded_at: int
    price_fen: int
    quantity_tce: int


def consideration_fen(price_fen: int, quantity_tce: int) -> int:
    """Return what a trade costs before fees. Rule: SET-01."""
    assert price_fen > 0
    assert quantity_tce > 0
    return price_fen * quantity_tce


def fee_fen(consideration_fen: int, fee_basis_points: int) -> int:
    """Return the fee of one trade, rounded half up to a whole fen. Rule: SET-02."""
    assert consideration_fen >= 0
    assert fee_basis_points >= 0
    return (2 * consideration_fen * fee_basis_points + _WHOLE) // (2 * _WHOLE)


def fee_bound_fen(price_fen: int, quantity_tce: int, *, fee_basis_points: int) -> int:
    """
    Return the most that fees can come to when a buy order fills in any number of trades.

    Each trade rounds up by at most half a fen, there are at most *quantity_tce* of them, and a
    better price never costs a higher fee. Where the fee of one tce is whole, nothing rounds.

    Rule: SET-03.
    """
    exact_wholes = price_fen * fee_basis_points  # of one tce, in 1/10,000 fen
    if exact_wholes % _WHOLE == 0:
        return exact_wholes // _WHOLE * quantity_tce
    return (2 * exact_wholes + _WHOLE) * quantity_tce // (2 * _WHOLE)


def buyer_cover_fen(price_fen: int, quantity_tce: int, *, fee_basis_points: int) -> int:
    """Return the cash a buy order must hold: consideration at its limit, and fees. Rule: SET-03."""
    return consideration_fen(price_fen, quantity_tce) + fee_bound_fen(
        price_fen, quantity_tce, fee_basis_points=fee_basis_points
    )


def closing_price_fen(trades: Iterable[Traded], *, previous_close_fen: int, tick_fen: int) -> int:
    """
    Return the day's closing price: the volume-weighted average, rounded half up to the tick.

    *trades* are the day's listed and continuous trades; blocks stay out. Without any the previous
    close stands.

    Rules: MKT-46, MKT-48.
    """
    value_fen = 0
    volume_tce = 0
    for trade in trades:
        value_fen += trade.price_fen * trade.quantity_tce
        volume_tce += trade.quantity_tce
    if volume_tce == 0:
        return previous_close_fen
    step = tick_fen * volume_tce
    return (2 * value_fen + step) // (2 * step) * tick_fen


def last_minute_price_fen(
    trades: Sequence[Traded], *, previous_close_fen: int, tick_fen: int
) -> int:
    """
    Return the average over the minute that ends with the last trade, both ends included.

    Rules: MKT-47, MKT-48.
    """
    if not trades:
        return previous_close_fen
    opened_at = max(trade.traded_at for trade in trades) - LAST_MINUTE
    return closing_price_fen(
        (trade for trade in trades if trade.traded_at >= opened_at),
        previous_close_fen=previous_close_fen,
        tick_fen=tick_fen,
    )
