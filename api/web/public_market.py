"""
Public figures: the market by instrument and day, districts' published totals.
"""

from flask import render_template

from api.door import NotFound
from api.faces import faces
from api.read import market
from api.read.districts import figures
from api.web.public_frame import public
from ledger.districts.tables import FigureRow
from market.tables import InstrumentRow, MarketDayRow

DAYS_MAX = 60
INSTRUMENTS_MAX = 200
FIGURES_MAX = 500


@public.get("/")
def index() -> str:
    """Show what everybody may know: instruments, their figures, districts' published totals."""
    with faces().read() as connection:
        quotes = market.rows(
            connection, market.quotes().order_by(InstrumentRow.id), limit=INSTRUMENTS_MAX
        )
        query = figures({}).order_by(FigureRow.district, FigureRow.year, FigureRow.figure)
        published = market.rows(connection, query, limit=FIGURES_MAX)
    return render_template("public/index.html", quotes=quotes, figures=published)


@public.get("/instruments/<instrument>")
def instrument(instrument: str) -> str:
    """Show one instrument with its trading days."""
    with faces().read() as connection:
        found = connection.execute(market.instruments(instrument)).mappings().first()
        if found is None:
            raise NotFound
        query = market.days(instrument).order_by(MarketDayRow.number.desc())
        days = market.rows(connection, query, limit=DAYS_MAX)
    return render_template("public/instrument.html", one=found, days=days)
