"""
What the authority's pages stand on: their blueprint, lists by page, the year asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request
from flask.blueprints import BlueprintSetupState

import api.web.authority_words as words
from api.door import visitor
from api.faces import faces
from api.paging import CursorInvalid, Query, asked, page_of
from ledger.asset import CNY

# Without a prefix: proposals and the journal are for more people than authorities.
authority = Blueprint("authority", __name__)

ROWS_A_PAGE = 50

Row = Mapping[str, Any]
Complete = Callable[[sa.Connection, list[Row]], list[Row]]


def listed(
    connection: sa.Connection,
    query: Query,
    keys: Sequence[Any],
    *,
    newest_first: bool = True,
    rows: int = ROWS_A_PAGE,
) -> tuple[list[Row], str | None]:
    """
    Return one page of *query* in order of *keys*, and the cursor of the next page.

    A cursor of another list begins again at the first page.
    """
    filters = sorted((k, v) for k, v in request.args.items() if k not in ("cursor", "back"))
    about = f"page {visitor().person} {request.endpoint} {request.view_args} {filters}"
    wanted = {"limit": str(rows)}
    if cursor := request.args.get("cursor"):
        wanted["cursor"] = cursor
    secret = faces().auth.secret("cursors")
    try:
        page = asked(wanted, secret=secret, about=about, keys=len(keys))
    except CursorInvalid:
        page = asked({"limit": str(rows)}, secret=secret, about=about, keys=len(keys))
    return page_of(connection, query, page, keys, newest_first=newest_first)


def filter_of(name: str, *, most: int = 80) -> str:
    """Return a filter of the address, without spaces around it; "" where it was not given."""
    return request.args.get(name, "").replace("\x00", "").strip()[:most]


def year_of(name: str = "year") -> int | None:
    """Return a year asked for in the address, None where there is none or it is no year."""
    text = filter_of(name, most=4)
    return int(text) if len(text) == 4 and text.isascii() and text.isdigit() else None


def measure_of(default: str = "energy") -> str:
    """Return the measure asked for in the address."""
    found = filter_of("measure", most=30)
    return found if found in ("energy", "coal") else default


@authority.record_once
def _give_words(state: BlueprintSetupState) -> None:
    """Give templates the words of these pages."""
    state.app.jinja_env.globals.update(
        say=words,
        CNY=CNY,
    )
