"""
Chapter ten, the morning of the session: calls, a book with depth, trades, an auction under way.

Everything is said in `seeds/demo/session.toml`; the market is left as it stands at five past ten.
"""

from collections.abc import Callable, Sequence
from typing import Any

from api.demo.cast import EXC1, minute_of_text, player, session
from api.demo.stage import Stage
from api.demo.trading import CALL_ENDS, CALL_LOCKS, CALL_OPENS, CONTINUOUS
from ledger.command import Payload
from ledger.days import start_of
from ledger.set_aside import PlaceHold
from market.change_phase import ChangePhase
from market.cross import Uncross
from market.open_day import OpenDay
from market.open_tender import OpenTender
from market.place import PlaceOrder
from market.run_tender import BidTender

VISIT = 605
"""Five past ten, when the visitor comes in."""

Step = tuple[int, Callable[[Stage], None]]
"""The minute, and what happens in it."""


def play_morning(stage: Stage) -> None:
    """Trade from the opening until a visitor comes in; nothing may be refused."""
    steps = [*_early(), *_late(), *_orders(), *_tender(), _hold()]
    for minute, act in sorted(steps, key=lambda step: step[0]):
        stage.at(session()["dates"]["session"], minute=minute)
        act(stage)


def _sent(minute: int, actor: str, payload: Payload) -> Step:
    return minute, lambda stage: _do(stage, payload, actor)


def _do(stage: Stage, payload: Payload, actor: str) -> None:
    stage.do(payload, actor=actor)


def _early() -> list[Step]:
    names, day = session()["market"]["early"], session()["dates"]["session"]
    return [
        _sent(minute, EXC1, payload)
        for name in names
        for minute, payload in (
            (CALL_OPENS - 5, OpenDay(instrument=name, day=day)),
            (CALL_OPENS, ChangePhase(instrument=name, phase="call")),
            (CALL_LOCKS, ChangePhase(instrument=name, phase="call_locked")),
            (CALL_ENDS, Uncross(instrument=name, next_phase="quiet")),
            (CONTINUOUS, ChangePhase(instrument=name, phase="continuous")),
        )
    ]


def _late() -> list[Step]:
    market, day = session()["market"], session()["dates"]["session"]
    name = market["late"]
    return [
        _sent(minute_of_text(market["late_opens"]), EXC1, OpenDay(instrument=name, day=day)),
        _sent(
            minute_of_text(market["late_call"]), EXC1, ChangePhase(instrument=name, phase="call")
        ),
    ]


def _orders() -> list[Step]:
    orders: dict[str, Sequence[Sequence[Any]]] = session()["orders"]
    return [_order(row) for part in ("call", "continuous", "late_call") for row in orders[part]]


def _order(row: Sequence[Any]) -> Step:
    time, instrument, enterprise, side, price_fen, quantity_tce = row
    order = PlaceOrder(
        instrument=instrument,
        enterprise=enterprise,
        side=side,
        price_fen=price_fen,
        quantity_tce=quantity_tce,
    )
    return _sent(minute_of_text(time), player(enterprise).trader, order)


def _hold() -> Step:
    item = session()["hold"]
    hold = PlaceHold(
        enterprise=item["enterprise"],
        asset=item["asset"],
        amount=item["amount"],
        purpose=item["purpose"],
        expires_at=start_of(item["expires_on"], minute=minute_of_text(item["expires_at"])),
    )
    return _sent(VISIT, player(item["enterprise"]).trader, hold)


def _tender() -> list[Step]:
    """Let a one-way auction be opened, and one bidder bid."""
    item = session()["tender"]
    opened: list[int] = []
    return [
        (minute_of_text(item["opens"]), lambda stage: opened.append(_open_tender(stage))),
        (minute_of_text(item["bid_at"]), lambda stage: _bid(stage, opened[0])),
    ]


def _open_tender(stage: Stage) -> int:
    item = session()["tender"]
    seller = player(item["seller"])
    opening = OpenTender(
        instrument=item["instrument"],
        seller=f"enterprise:{seller.id}",
        quantity_tce=item["quantity_tce"],
        reserve_price_fen=item["reserve_price_fen"],
        increment_fen=item["increment_fen"],
        bidders=tuple(item["bidders"]),
        rounds_max=item["rounds_max"],
    )
    opened = stage.do_both(opening, maker=seller.trader, checker=EXC1)
    return int(opened.result["tender"])


def _bid(stage: Stage, tender: int) -> None:
    item = session()["tender"]
    bid = BidTender(tender=tender, enterprise=item["bidder"], price_fen=item["price_fen"])
    stage.do(bid, actor=player(item["bidder"]).trader)
