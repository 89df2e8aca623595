"""
What every page stands on: the ledger's banner, the audiences, chart code from its own package.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import plotly
import sqlalchemy as sa
from flask import Blueprint, Flask, Response, g, send_from_directory, url_for

import api.web.form_lists
import api.web.shown
from api.door import may_do
from api.faces import faces
from api.web import names
from api.web.authority_sheet import sheet_of
from ledger.tables import LedgerRow

pages = Blueprint("pages", __name__)

CHART_FILES = Path(plotly.__file__).parent / "package_data"
_STYLE_ID = re.compile(r'getElementById\("([0-9a-f]{64})"\)')


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger behind the pages: what it is called, what it is for, what time it is there."""

    name: str
    purpose: str
    now: int


@dataclass(frozen=True, slots=True)
class Audience:
    """One of the parts of the pages."""

    zh: str
    en: str
    prefix: str
    url: str


@pages.get("/charts/plotly.js")
def charts() -> Response:
    """Serve the chart code of the installed package."""
    return send_from_directory(CHART_FILES, "plotly.min.js", max_age=86_400)


@cache
def chart_style_ids() -> str:
    """
    Return the ids of the style sheets that the chart code would write into the page.

    It leaves out a sheet whose id is there already, and the content policy would refuse it anyhow:
    it belongs to maps, which no page has.
    """
    code = (CHART_FILES / "plotly.min.js").read_text(encoding="utf-8")
    return " ".join(sorted(set(_STYLE_ID.findall(code))))


def this_ledger() -> Ledger | None:
    """Return what the ledger says of itself; None before it was opened."""
    if "ledger" not in g:
        with faces().read() as connection:
            row = connection.execute(sa.select(LedgerRow.name, LedgerRow.purpose)).one_or_none()
        g.ledger = None if row is None else Ledger(row.name, row.purpose, faces().gateway.now())
    found: Ledger | None = g.ledger
    return found


def audiences() -> list[Audience]:
    """Return the parts of the pages that the visitor has any use for."""
    found = []
    if may_do(16):
        found.append(Audience("企业", "Enterprise", "/enterprise", url_for("enterprise.home")))
    found.append(Audience("交易", "Market", "/market", url_for("exchange.index")))
    if may_do(79):
        found.append(Audience("主管部门", "Authority", "/authority", url_for("authority.index")))
    if may_do(87):
        found.append(Audience("复核", "Four eyes", "/proposals", url_for("authority.proposals")))
    found.append(Audience("公开信息", "Public", "/public", url_for("public.index")))
    return found


def register(app: Flask) -> None:
    """Give every page its banner and its words."""
    api.web.shown.register(app)
    api.web.form_lists.register(app)
    app.jinja_env.globals.update(
        called=names.called,
        measure_word=names.measure,
        measure_unit=names.unit,
        unit_of=names.unit_of,
        district_name=names.district,
        sector_name=names.sector,
        pack_name=names.pack,
        with_code=names.with_code,
        sheet_of=sheet_of,
        chart_style_ids=chart_style_ids,
    )

    @app.context_processor
    def about() -> dict[str, object]:
        ledger = this_ledger()
        can_step = faces().step is not None and ledger is not None and ledger.purpose != "live"
        return {
            "ledger": ledger,
            "can_step": can_step,
            "audiences": audiences,
            "stopped": faces().gateway.stopped,
        }
