"""
An enterprise's own pages: where it stands, its orders and trades, its statement.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, reach_of, seen
from api.faces import faces
from api.paging import Query, page_of
from api.paging import asked as page_asked
from api.read.balances import difference
from api.read.compliance import obligations, position, standings, years
from api.read.ledger import Statement, accounts, balances
from api.read.market import own_trades, rows
from api.read.visible import visible
from api.web.act import Refusal, attempt, fresh_key, tried
from api.web.authority_terms import ENTRIES as ENTRY_WORDS
from api.web.authority_terms import PURPOSES as ACCOUNT_WORDS
from api.web.shown import own_enterprises, t
from ledger.asset import CNY
from ledger.chart import PURPOSES, of_enterprise
from ledger.compliance.tables import ComplianceYearRow
from ledger.days import day_of
from ledger.parties.tables import EnterpriseRow
from market.cancel import CancelOrder
from market.tables import InstrumentRow, OrderRow, TradeRow

enterprise = Blueprint("enterprise", __name__, url_prefix="/enterprise")

OPEN_STATES = ("new", "partially_filled")
RECENT = 10
OPEN_SHOWN = 50
STATEMENT_ROWS = 50
VIEW_BALANCES, VIEW_OBLIGATION = 16, 39


@enterprise.get("/")
def home() -> str | Response:
    """Go to the visitor's enterprise; let who acts for several choose."""
    own = own_enterprises()
    if len(own) == 1:
        return redirect(url_for("enterprise.show", code=own[0]))
    with faces().read() as connection:
        wanted = visible(seen(), enterprises=[EnterpriseRow.id])
        columns: list[Any] = [EnterpriseRow.id, EnterpriseRow.name, EnterpriseRow.district]
        query = sa.select(*columns)
        found = rows(connection, query.where(wanted).order_by(EnterpriseRow.id))
    return render_template("enterprise/home.html", enterprises=found)


@enterprise.get("/<code>")
def show(code: str) -> str:
    """Show where an enterprise stands: what it has, what it owes, what it ordered."""
    with faces().read() as connection:
        party = own_party(connection, code)
        held = balances(connection, code)
        year = open_year(connection)
        where = [] if year is None else position(connection, code, year["year"])
        columns: list[Any] = [InstrumentRow.id, InstrumentRow.asset]
        listed = rows(connection, sa.select(*columns))
        resting = _orders(code).where(OrderRow.state.in_(OPEN_STATES)).order_by(OrderRow.id.desc())
        orders = rows(connection, resting, limit=OPEN_SHOWN)
        trades = rows(connection, _trades(code), limit=RECENT)
    return render_template(
        "enterprise/show.html",
        party=party,
        cash=next((row for row in held if row["asset"] == CNY), None),
        quota=[row for row in held if row["asset"] != CNY],
        year=year,
        days_left=None if year is None else _days_left(year["deadline"]),
        position=where,
        instruments={row["asset"]: row["id"] for row in listed},
        orders=orders,
        trades=trades,
        keys=[fresh_key() for _ in orders],
    )


@enterprise.get("/<code>/orders")
def orders(code: str) -> str:
    """Show every order of an enterprise, the newest first."""
    with faces().read() as connection:
        party = own_party(connection, code)
        found, cursor = _page(connection, _orders(code), [OrderRow.id], "orders", code)
    keys = [fresh_key() for _ in found]
    return render_template(
        "enterprise/orders.html", party=party, orders=found, keys=keys, cursor=cursor
    )


@enterprise.get("/<code>/trades")
def trades(code: str) -> str:
    """Show every trade of an enterprise, the newest first."""
    with faces().read() as connection:
        party = own_party(connection, code)
        query = own_trades(reach_of(4), enterprise=code)
        found, cursor = _page(connection, query, [TradeRow.id], "trades", code)
    return render_template("enterprise/trades.html", party=party, trades=found, cursor=cursor)


@enterprise.post("/<code>/orders/<int:order>/cancellation")
def cancel(code: str, order: int) -> Response:
    """Cancel what is left of an order."""
    sent = attempt(CancelOrder, {"enterprise": code, "order": order})
    if isinstance(sent, Refusal):
        flash(f"{sent.title}：{sent.detail}" if t("z", "e") == "z" else sent.detail, "refused")
    else:
        flash(t(f"委托 {order} 已撤销，锁定已解除。", f"Order {order} is cancelled."), "done")
    return redirect(url_for("enterprise.show", code=code), 303)


@enterprise.get("/<code>/statement")
def statement(code: str) -> str:
    """Show every move on one of an enterprise's accounts, with the balance after each."""
    purpose = request.args.get("account", "holding")
    if purpose not in PURPOSES:
        raise NotFound
    asked = {name: request.args[name] for name in ("from", "to") if request.args.get(name)}
    with faces().read() as connection:
        party = own_party(connection, code)
        address = of_enterprise(code, purpose)
        query = accounts(reach_of(VIEW_BALANCES), prefix=address)
        account = next((row for row in rows(connection, query) if row["address"] == address), None)
        if account is None:
            raise NotFound
        period = _period(connection, account, asked)
        bounds = (
            {"first": period["from_entry"], "last": period["to_entry"]}
            if isinstance(period, Mapping)
            else {}
        )
        moves = Statement(account, reach_of(VIEW_BALANCES), **bounds)
        list_name = f"statement {purpose} {sorted(asked.items())}"
        found, cursor = _page(connection, moves.query, moves.keys, list_name, code)
        filled = moves.fill(connection, found)
    return render_template(
        "enterprise/statement.html",
        party=party,
        purpose=purpose,
        purposes={name: t(*ACCOUNT_WORDS[name]) for name in PURPOSES},
        entries={name: t(*ENTRY_WORDS[name]) for name in ENTRY_WORDS},
        moves=filled,
        cursor=cursor,
        asked=asked,
        period=None if isinstance(period, Refusal) else period,
        refused=period if isinstance(period, Refusal) else None,
    )


def _period(
    connection: sa.Connection, account: Mapping[str, Any], asked: Mapping[str, str]
) -> Mapping[str, Any] | Refusal | None:
    """Return what the period asked for changed on *account*, or why there is no such period."""
    if not asked:
        return None
    now = faces().gateway.now()
    return tried(lambda: difference(connection, account, asked, now=now))


@enterprise.get("/<code>/obligation")
def obligation(code: str) -> str:
    """Show what an enterprise owes for each year, how it was reckoned, and what is left."""
    with faces().read() as connection:
        party = own_party(connection, code)
        reach = reach_of(VIEW_OBLIGATION)
        owed = rows(connection, obligations(reach, {"enterprise": code}))
        stands = rows(connection, standings(reach, {"enterprise": code}))
        deadlines = {row["year"]: row for row in rows(connection, years({}))}
    return render_template(
        "enterprise/obligation.html",
        party=party,
        obligations=sorted(owed, key=lambda row: (-row["year"], row["measure"])),
        standings={(row["year"], row["measure"]): row for row in stands},
        years=deadlines,
    )


def own_party(connection: sa.Connection, code: str) -> Mapping[str, Any]:
    """Return the enterprise of the page; one out of reach looks as if it did not exist."""
    mine = visible(seen(), enterprises=[EnterpriseRow.id])
    table = sa.inspect(EnterpriseRow).local_table
    query = sa.select(*table.columns).where(EnterpriseRow.id == code, mine)
    found = connection.execute(query).mappings().first()
    if found is None:
        raise NotFound
    return dict(found)


def open_year(connection: sa.Connection) -> Mapping[str, Any] | None:
    """Return the earliest compliance year that is not closed yet."""
    query = years({}).where(ComplianceYearRow.state != "closed").order_by(ComplianceYearRow.year)
    return next(iter(rows(connection, query, limit=1)), None)


def _days_left(deadline: str) -> int:
    return (date.fromisoformat(deadline) - day_of(faces().gateway.now())).days


def _orders(code: str) -> sa.Select[Any]:
    table = sa.inspect(OrderRow).local_table
    return sa.select(*table.columns).where(OrderRow.enterprise == code)


def _trades(code: str) -> sa.Select[Any]:
    return own_trades(reach_of(4), enterprise=code).order_by(TradeRow.id.desc())


def _page(
    connection: sa.Connection, query: Query, keys: Any, what: str, code: str
) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return one page, the newest first; the cursor holds for this list of this enterprise."""
    wanted = {name: request.args[name] for name in ("cursor",) if name in request.args}
    secret = faces().auth.secret("cursors")
    asking = page_asked(
        {**wanted, "limit": str(STATEMENT_ROWS)},
        secret=secret,
        about=f"page {what} {code}",
        keys=len(keys),
    )
    return page_of(connection, query, asking, keys, newest_first=True)
