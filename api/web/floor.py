"""
The market's floor: one-way auctions with their bids, and the operator's running of the day.
"""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, may_do, reach_of
from api.faces import faces
from api.read.market import instruments, rows
from api.read.market_tenders import bids, tenders
from api.web.act import Refusal, attempt, fresh_key, tried
from api.web.shown import own_enterprises, t
from ledger.command import Payload
from ledger.days import day_of
from ledger.units import parse_fen
from market.calendar import LAWFUL_NEXT, Phase
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.open_day import OpenDay
from market.run_tender import BidTender, CloseRound
from market.tables import InstrumentRow, TenderBidRow, TenderRow

floor = Blueprint("floor", __name__, url_prefix="/floor")

TENDERS_SHOWN = 50
VIEW_OWN, VIEW_OWNERS, BID, RUN, HALT = 8, 6, 8, 45, 46

PHASES = ("call", "call_locked", "quiet", "continuous", "halted")
CLOSABLE = (Phase.PRE_OPEN, Phase.QUIET, Phase.CONTINUOUS, Phase.HALTED)
ACTIONS = {
    "open": ("开市", "Open the day"),
    "call": ("开始集合竞价", "Begin a call auction"),
    "call_locked": ("进入不可撤单", "Lock the call"),
    "uncross": ("集合竞价撮合", "Uncross the call"),
    "quiet": ("暂停接受成交", "Quiet"),
    "continuous": ("开始连续竞价", "Trade continuously"),
    "halted": ("停牌", "Halt"),
    "close": ("收市", "Close the day"),
}


@floor.get("/tenders")
def auctions() -> str:
    """Show the one-way auctions: what is offered, how far the price has risen, own bids."""
    return _auctions()


@floor.post("/tenders/<int:tender>/bids")
def bid(tender: int) -> str | Response | tuple[str, int]:
    """Bid for the whole lot of a one-way auction."""
    price_fen = tried(lambda: parse_fen(request.form.get("price", "").strip()))
    if isinstance(price_fen, Refusal):
        return _auctions(price_fen), price_fen.status
    enterprise = request.form.get("enterprise", "")[:100]
    document = {"tender": tender, "enterprise": enterprise, "price_fen": price_fen}
    sent = attempt(BidTender, document)
    if isinstance(sent, Refusal):
        return _auctions(sent), sent.status
    flash(t("出价已受理，资金已锁定。", "Your bid stands and its cash is held."), "done")
    return redirect(url_for("floor.auctions"), 303)


def _auctions(refusal: Refusal | None = None) -> str:
    own = reach_of(VIEW_OWN)
    with faces().read() as connection:
        query = tenders(own, reach_of(VIEW_OWNERS)).order_by(TenderRow.id.desc())
        found = rows(connection, query, limit=TENDERS_SHOWN)
        for row in found:
            row["own_bids"] = []
        if own.enterprises and found:
            mine = bids(own, found[0]["id"]).order_by(TenderBidRow.id.desc())
            found[0]["own_bids"] = rows(connection, mine, limit=10)
    return render_template(
        "exchange/tenders.html",
        tenders=found,
        own=own_enterprises(),
        refusal=refusal,
        keys=[fresh_key() for _ in found],
        may_close=may_do(RUN),
    )


@floor.get("/operate")
def operate() -> str:
    """Show every instrument with what the operator may do with it now."""
    return _operate()


@floor.post("/operate/<instrument>/<action>")
def act(instrument: str, action: str) -> str | Response | tuple[str, int]:
    """Do one thing with one instrument: open, call, lock, uncross, trade, halt, close."""
    kind, document = _action(instrument, action)
    sent = attempt(kind, document)
    if isinstance(sent, Refusal):
        return _operate(sent), sent.status
    flash(
        t(
            f"{instrument}：已执行{t(*ACTIONS[action])}。",
            f"{instrument}: {t(*ACTIONS[action])}: done.",
        ),
        "done",
    )
    return redirect(url_for("floor.operate"), 303)


@floor.post("/tenders/<int:tender>/closing")
def close_round(tender: int) -> str | Response | tuple[str, int]:
    """End the running round of a one-way auction."""
    sent = attempt(CloseRound, {"tender": tender})
    if isinstance(sent, Refusal):
        return _auctions(sent), sent.status
    flash(t("本轮已结束。", "The round has ended."), "done")
    return redirect(url_for("floor.auctions"), 303)


def _action(instrument: str, action: str) -> tuple[type[Payload], dict[str, Any]]:
    if action == "open":
        today = str(day_of(faces().gateway.now()))
        return OpenDay, {"instrument": instrument, "day": today}
    if action == "uncross":
        return Uncross, {"instrument": instrument}
    if action == "close":
        return CloseDay, {"instrument": instrument}
    if action in PHASES:
        return ChangePhase, {"instrument": instrument, "phase": action}
    raise NotFound


def _operate(refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        found = rows(connection, _listed())
    found.sort(key=lambda row: row["phase"] == Phase.CLOSED)
    return render_template(
        "exchange/operate.html",
        instruments=found,
        refusal=refusal,
        actions=_actions,
        key=fresh_key,
    )


def _listed() -> sa.Select[Any]:
    return instruments().order_by(InstrumentRow.id)


def _actions(phase: str) -> list[tuple[str, str]]:
    """Return what may follow a phase, each with its words for a button; the ledger decides."""
    names = ["open"] if phase == Phase.CLOSED else []
    names += [each for each in PHASES if Phase(each) in LAWFUL_NEXT[Phase(phase)]]
    names += ["uncross"] if phase in (Phase.CALL, Phase.CALL_LOCKED) else []
    names += ["close"] if phase in CLOSABLE else []
    return [(name, t(*ACTIONS[name])) for name in names]
