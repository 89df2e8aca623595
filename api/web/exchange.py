"""
The market's pages: quotes of all instruments; one instrument with book, tape, chart, auction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template

from api.door import NotFound
from api.faces import faces
from api.read.market import auctions, instruments, quotes, rows, tape
from api.read.market_bars import bars_of_days, bars_of_minutes
from api.read.market_book import book
from api.web.shown import own_enterprises, t
from ledger.days import text_of
from market.tables import AuctionRow, InstrumentRow, TradeRow

exchange = Blueprint("exchange", __name__, url_prefix="/market")

TAPE_LENGTH = 20
FEN_PER_YUAN = 100


@exchange.get("/")
def index() -> str:
    """Show the quotes of everything that is listed."""
    with faces().read() as connection:
        found = rows(connection, quotes().order_by(InstrumentRow.id))
    found.sort(key=lambda row: row["phase"] == "closed")
    return render_template("exchange/index.html", quotes=found)


@exchange.get("/<instrument>")
def show(instrument: str) -> str:
    """Show one instrument: where it stands, who wants what, what was traded."""
    with faces().read() as connection:
        quote = next(iter(rows(connection, quotes(instrument))), None)
        if quote is None:
            raise NotFound
        levels = book(connection, instrument, own=own_enterprises())
        trades = rows(connection, _tape(instrument), limit=TAPE_LENGTH)
        terms = rows(connection, instruments(instrument))[0]
        minutes = rows(connection, sa.select(bars_of_minutes(instrument)))
        days = rows(connection, sa.select(bars_of_days(instrument)))
        calls = rows(connection, _calls(instrument), limit=5)
    return render_template(
        "exchange/show.html",
        quote=quote,
        terms=terms,
        book=levels,
        trades=trades,
        minutes=minutes,
        days=days,
        calls=calls,
        chart_of_minutes=_line(minutes),
        chart_of_days=_candles(days),
    )


def _tape(instrument: str) -> sa.Select[Any]:
    return tape(instrument).order_by(TradeRow.id.desc())


def _calls(instrument: str) -> sa.Select[Any]:
    return auctions(instrument).order_by(AuctionRow.id.desc())


def _line(minutes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the day's prices and volumes as a chart: a line over bars."""
    times = [text_of(bar["started_at"])[11:16] for bar in minutes]
    price = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": t("价格（元）", "price, yuan"),
        "x": times,
        "y": [_yuan(bar["close_price_fen"]) for bar in minutes],
        "line": {"color": "#0a58ca"},
    }
    volume = {
        "type": "bar",
        "name": t("成交量（吨）", "volume, t"),
        "x": times,
        "y": [bar["volume_tce"] for bar in minutes],
        "yaxis": "y2",
        "marker": {"color": "#adb5bd"},
    }
    return {"data": [price, volume], "layout": _two_panes()}


def _candles(days: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the days as candles over bars of volume: red where the price rose, green where not."""
    names = ("open", "high", "low", "close")
    traded = [day for day in days if day["open_price_fen"] is not None]
    candle = {
        "type": "candlestick",
        "name": t("价格（元）", "price, yuan"),
        "x": [day["day"] for day in traded],
        **{name: [_yuan(day[f"{name}_price_fen"]) for day in traded] for name in names},
        "increasing": {"line": {"color": "#b3261e"}},
        "decreasing": {"line": {"color": "#0b6e3b"}},
    }
    volume = {
        "type": "bar",
        "name": t("成交量（吨）", "volume, t"),
        "x": [day["day"] for day in traded],
        "y": [day["volume_tce"] for day in traded],
        "yaxis": "y2",
        "marker": {"color": "#adb5bd"},
    }
    layout = {**_two_panes(), "xaxis": {"type": "category", "rangeslider": {"visible": False}}}
    return {"data": [candle, volume], "layout": layout}


def _two_panes() -> dict[str, Any]:
    return {
        "yaxis": {"domain": [0.35, 1], "title": {"text": t("元/吨", "yuan a tonne")}},
        "yaxis2": {"domain": [0, 0.25], "title": {"text": t("吨", "tonnes")}},
        "xaxis": {"type": "category"},
        "showlegend": False,
        "height": 380,
    }


def _yuan(fen: int | None) -> str | None:
    """Return fen as the decimal text a chart takes; no float is made of money."""
    if fen is None:
        return None
    return f"{fen // FEN_PER_YUAN}.{fen % FEN_PER_YUAN:02d}"
