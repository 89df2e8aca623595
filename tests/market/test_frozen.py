"""Frozen, closed and limited accounts on the floor: no counterparty and no day waits for them."""

import pytest

from ledger.terms.limit import SetLimit
from ledger.terms.state import CloseAccount, FreezeAccount, ThawAccount
from market.open_tender import OpenTender
from market.run_tender import BidTender, CloseRound
from tests.build import EXCHANGE
from tests.market.floor import CASH, FLOW, QD, open_floor, trader

BOTH = {"E1": (100, 10_000), "E2": (100, 10_000)}
ALL = ("holding", "held", "bought", "cash", "cash_held")


@pytest.fixture
def floor(engine, clock):
    return open_floor(engine, clock, BOTH, fee_basis_points=0)


@pytest.fixture
def lite(sqlite_engine, clock):
    return open_floor(sqlite_engine, clock, BOTH, fee_basis_points=0)


def freeze(floor, enterprise, *purposes):
    for each in purposes or ALL:
        account = f"enterprise:{enterprise}:{each}"
        floor.bench.both(FreezeAccount(account=account, document="令1号")).require()


def thaw(floor, enterprise, *purposes):
    for each in purposes or ALL:
        account = f"enterprise:{enterprise}:{each}"
        floor.bench.both(ThawAccount(account=account, document="令2号")).require()


def market_rows(floor):
    return floor.rows("SELECT * FROM orders"), floor.rows("SELECT * FROM holds"), floor.book()


@pytest.mark.parametrize("purpose", ["holding", "held", "cash"])
def test_who_sells_needs_the_units_their_cover_and_the_cash_account_open(lite, purpose):
    freeze(lite, "E1", purpose)
    before = market_rows(lite)

    answer = lite.sell("E1", 10_000, 1)

    assert (answer.code, answer.facts) == (
        "account_not_open", {"account": f"enterprise:E1:{purpose}"},
    )  # fmt: skip
    assert market_rows(lite) == before
    thaw(lite, "E1", purpose)
    assert lite.sell("E1", 10_000, 1).ok


@pytest.mark.parametrize("purpose", ["cash", "cash_held", "bought", "holding"])
def test_who_buys_needs_the_cash_its_cover_and_where_units_come_open(lite, purpose):
    freeze(lite, "E2", purpose)

    answer = lite.buy("E2", 10_000, 1)

    assert (answer.code, answer.facts["account"]) == (
        "account_not_open",
        f"enterprise:E2:{purpose}",
    )


def test_an_order_that_stands_is_filled_however_frozen_its_owner_is_by_then(floor):
    order = floor.sell("E1", 10_000, 4).require().result["order"]
    freeze(floor, "E1")

    bought = floor.buy("E2", 10_000, 3).require().result

    assert bought["filled_tce"] == 3
    assert floor.held("E1") == (96_000, 1_000, 0, 1_000_000 + 30_000, 0)
    assert floor.held("E2") == (100_000, 0, 3_000, 1_000_000 - 30_000, 0)
    assert floor.order_row(order)[0] == "partially_filled"


def test_a_frozen_buyer_gets_what_it_bought_and_its_change(floor):
    order = floor.buy("E2", 10_500, 2).require().result["order"]
    floor.buy("E2", 10_000, 1).require()
    freeze(floor, "E2")

    floor.sell("E1", 10_500, 2).require()

    assert floor.held("E2") == (100_000, 0, 2_000, 1_000_000 - 21_000 - 10_000, 10_000)
    assert floor.order_row(order)[0] == "filled"


def test_a_frozen_owner_takes_an_order_back_and_its_cover_comes_home(lite):
    order = lite.sell("E1", 10_000, 4).require().result["order"]
    freeze(lite, "E1")

    lite.cancel("E1", order).require()

    assert lite.held("E1")[:2] == (100_000, 0)
    assert lite.sell("E1", 10_000, 1).code == "account_not_open"


def test_a_day_is_closed_over_orders_of_the_frozen(floor):
    floor.sell("E1", 10_500, 4).require()
    floor.buy("E2", 10_000, 2).require()
    freeze(floor, "E1")
    freeze(floor, "E2")

    floor.next_day()

    assert floor.held("E1") == (100_000, 0, 0, 1_000_000, 0)
    assert floor.held("E2") == (100_000, 0, 0, 1_000_000, 0)


def test_a_call_auction_settles_over_orders_of_the_frozen(engine, clock):
    floor = open_floor(engine, clock, BOTH, phase="call", fee_basis_points=0)
    floor.sell("E1", 10_000, 4).require()
    floor.buy("E2", 10_000, 4).require()
    freeze(floor, "E1")
    freeze(floor, "E2")

    floor.uncross().require()

    assert floor.held("E2")[2] == 4_000
    assert floor.held("E1")[3] == 1_000_000 + 40_000


def test_what_was_bought_waits_for_the_thaw_to_be_sold_again(lite):
    lite.sell("E1", 10_000, 4).require()
    lite.buy("E2", 10_000, 4).require()
    freeze(lite, "E2", "bought")

    lite.next_day()
    frozen = lite.held("E2")
    thaw(lite, "E2", "bought")
    lite.next_day()

    assert frozen[:3] == (100_000, 0, 4_000)
    assert lite.held("E2")[:3] == (104_000, 0, 0)


def test_no_account_of_an_owner_with_an_open_order_is_closed(lite):
    order = lite.buy("E2", 10_000, 1).require().result["order"]
    payload = CloseAccount(account="enterprise:E2:bought", document="申请1号")

    refused = lite.bench.both(payload)
    lite.cancel("E2", order).require()

    assert refused.code == "account_has_holds"
    assert lite.bench.both(payload).ok
    assert lite.buy("E2", 10_000, 1).code == "account_not_open"


@pytest.mark.parametrize(("tce", "code"), [(70, "ok"), (71, "below_floor")])
def test_an_order_to_sell_keeps_the_floor_of_the_holding(lite, tce, code):
    limit = SetLimit(account="enterprise:E1:holding", asset=FLOW, floor=30_000)
    lite.bench.both(limit).require()
    before = market_rows(lite)

    answer = lite.sell("E1", 10_000, tce)

    assert answer.code == code
    assert (market_rows(lite) == before) == (code != "ok")


def test_a_trade_is_settled_over_limits_of_either_side(floor):
    floor.sell("E1", 10_000, 4).require()
    floor.buy("E2", 9_900, 1).require()
    for account, asset in (("enterprise:E2:bought", FLOW), ("enterprise:E1:cash", CASH)):
        there = floor.bench.balance(account, asset)
        limit = SetLimit(account=account, asset=asset, ceiling=there)
        floor.bench.both(limit).require()

    floor.buy("E2", 10_000, 4).require()

    assert floor.held("E2")[2] == 4_000
    assert floor.held("E1")[3] == 1_000_000 + 40_000


def test_a_lot_is_delivered_to_a_winner_and_by_a_seller_that_are_frozen_by_then(floor):
    offer = OpenTender(
        instrument=QD, seller="enterprise:E1", quantity_tce=10, reserve_price_fen=10_000,
        increment_fen=100, bidders=("E2",), rounds_max=1,
    )  # fmt: skip
    opened = floor.bench.both(offer, maker=trader("E1"), checker=EXCHANGE)
    tender = opened.require().result["tender"]
    bid = BidTender(tender=tender, enterprise="E2", price_fen=10_000)
    freeze(floor, "E2", "bought")
    unfit = floor.do(bid, actor=trader("E2"))
    thaw(floor, "E2", "bought")
    floor.do(bid, actor=trader("E2")).require()
    freeze(floor, "E1")
    freeze(floor, "E2")

    closed = floor.do(CloseRound(tender=tender)).require().result

    assert unfit.code == "account_not_open"
    assert (closed["state"], closed["bidder"]) == ("sold", "E2")
    assert floor.held("E2")[2] == 10_000
    assert floor.held("E1")[3] == 1_000_000 + 100_000
