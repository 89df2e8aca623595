"""A court's freeze comes before orders; pledged units are auctioned and pay the debts."""

from datetime import date

import pytest

from api.program import SUBJECTS
from ledger.days import start_of
from ledger.liens.pledge import AcceptPledge, OfferPledge, ReleasePledge
from ledger.moves.transfer import MakeTransfers, TransferLine
from ledger.roles import Grant
from ledger.set_aside import PlaceHold
from ledger.subject import Role
from market.court_freeze import FreezeUnits
from market.open_tender import OpenTender
from market.pledge_sale import AuctionPledged
from market.run_tender import BidTender, CloseRound
from tests.build import EXCHANGE
from tests.ledger.liens.world import both_refused
from tests.market import floor as floor_module
from tests.market.floor import CASH, FLOW, QD, open_floor, trader

FIRMS = {"E1": (100, 10_000), "E2": (100, 10_000), "E3": (10, 10_000)}
FROZEN = "enterprise:E1:frozen"


def admin(enterprise):
    return f"person:A{enterprise}"


@pytest.fixture
def floor(engine, clock, monkeypatch):
    return whole_floor(engine, clock, monkeypatch)


@pytest.fixture
def lite(sqlite_engine, clock, monkeypatch):
    return whole_floor(sqlite_engine, clock, monkeypatch)


def whole_floor(engine, clock, monkeypatch):
    """The floor of the market's tests in a ledger that has every subject, and admins."""

    def open_whole(*place, grants):
        own = tuple(
            Grant(admin(each), Role.ENTERPRISE_ADMIN, f"enterprise:{each}") for each in FIRMS
        )
        engine, clock, _ = place
        return open_ledger(engine, clock, SUBJECTS[2:], grants=grants + own)

    open_ledger = floor_module.open_ledger
    monkeypatch.setattr(floor_module, "open_ledger", open_whole)
    return open_floor(engine, clock, FIRMS, fee_basis_points=0)


def freezing(tce, **changes):
    fields = {
        "freeze": "F1", "enterprise": "E1", "asset": FLOW, "court": "示例市中级人民法院",
        "document": "（2025）执1号", "ends_on": date(2025, 12, 31),
        "amount": None if tce is None else tce * 1_000,
    }  # fmt: skip
    return FreezeUnits(**(fields | changes))


def freeze(floor, tce, **changes):
    return floor.bench.both(freezing(tce, **changes)).require().result


def test_the_newest_orders_to_sell_give_way_until_enough_is_free(floor):
    orders = [floor.sell("E1", 10_400 + n, 20).require().result["order"] for n in range(4)]
    buy = floor.buy("E1", 9_900, 5).require().result["order"]

    # 20 tce are free; two orders of 20 give 40 more.
    done = freeze(floor, 50)

    assert (done["frozen"], done["ended_holds_count"]) == (50_000, 2)
    assert [floor.order_row(each)[0] for each in orders] == ["new", "new", "cancelled", "cancelled"]
    assert floor.order_row(orders[3])[3] == "court_freeze"
    assert floor.order_row(buy)[0] == "new"
    assert floor.held("E1")[:2] == (10_000, 40_000)
    assert floor.bench.balance(FROZEN, FLOW) == 50_000
    assert [each[0] for each in floor.book()[1]] == orders[:2]
    floor.bench.restart()
    assert [each[0] for each in floor.book()[1]] == orders[:2]


@pytest.mark.parametrize(("tce", "ended"), [(20, 0), (21, 1), (None, 3)])
def test_no_order_gives_way_while_enough_is_free(lite, tce, ended):
    lite.sell("E1", 10_400, 20).require()
    line = TransferLine("N1", "E2", FLOW, 30_000)
    moving = MakeTransfers(enterprise="E1", reason="r", rows=(line,))
    lite.bench.both(moving, maker=trader("E1"), checker=admin("E1")).require()
    hold = PlaceHold(enterprise="E1", asset=FLOW, amount=30_000, purpose="自留")
    lite.do(hold, actor=trader("E1")).require()

    done = freeze(lite, tce)

    assert done["ended_holds_count"] == ended
    assert done["frozen"] == (100_000 if tce is None else tce * 1_000)
    states = lite.rows("SELECT state FROM transfers")
    assert states == [("recalled" if ended == 3 else "waiting",)]


def test_a_lot_that_others_bid_for_stays_and_comes_back_unsold_to_the_freeze(lite):
    offer = OpenTender(
        instrument=QD, seller="enterprise:E1", quantity_tce=60, reserve_price_fen=10_000,
        increment_fen=100, bidders=("E2",), rounds_max=1,
    )  # fmt: skip
    opened = lite.bench.both(offer, maker=trader("E1"), checker=EXCHANGE)

    assert freeze(lite, None)["frozen"] == 40_000

    lite.do(CloseRound(tender=opened.require().result["tender"])).require()
    assert lite.held("E1")[:2] == (0, 0)
    assert lite.bench.balance(FROZEN, FLOW) == 100_000


# Auctions of pledged units.


def pledged(floor, tce=60, secured_fen=400_000):
    """E1's pledge to E3, from a ledger day on which it has matured."""
    offer = OfferPledge(
        pledge="P1", enterprise="E1", pledgee="E3", asset=FLOW, amount=tce * 1_000,
        secured_fen=secured_fen, matures_on=date(2025, 1, 2),
    )  # fmt: skip
    floor.bench.both(offer, maker=trader("E1"), checker=admin("E1")).require()
    plant_report(floor.bench.engine)
    accept = AcceptPledge(pledge="P1")
    floor.bench.both(accept, maker=trader("E3"), checker=admin("E3")).require()
    floor.clock.now = start_of(date(2025, 1, 3))


def plant_report(engine):
    """A final report of a year without any use, so that all units are surplus."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO reports (enterprise, year, version, state, basis, edition, energy_kgce,"
            " coal_kg, content, report_hash, drafted_by, submitted_by) VALUES"
            " ('E1', 2024, 1, 'final', 'equivalent', 'x', 0, 0, '', 'x', 1, 1)"
        )


def auctioning(**changes):
    fields = {
        "sale": "S1", "pledge": "P1", "instrument": QD, "quantity_tce": 50,
        "reserve_price_fen": 10_000, "increment_fen": 100, "bidders": ("E2",),
        "document": "债务逾期1号", "rounds_max": 1,
    }  # fmt: skip
    return AuctionPledged(**(fields | changes))


def auction(floor, **changes):
    opened = floor.bench.both(auctioning(**changes), maker=trader("E3"), checker=EXCHANGE)
    return opened.require().result["tender"]


def pledge_state(floor):
    return floor.rows("SELECT state, amount, paid_fen FROM pledges")


def test_an_auction_pays_the_pledgee_and_the_rest_to_the_pledgor(floor):
    pledged(floor)
    tender = auction(floor)
    assert floor.bench.balance("enterprise:E1:pledged", FLOW) == 10_000
    floor.do(BidTender(tender=tender, enterprise="E2", price_fen=10_000), actor=trader("E2"))

    floor.do(CloseRound(tender=tender)).require()

    # 50 tce at 100 yuan are 500,000 fen: 400,000 pay the debt, 100,000 are the pledgor's.
    assert floor.bench.balance("enterprise:E3:cash", CASH) == 1_000_000 + 400_000
    assert floor.bench.balance("enterprise:E1:cash", CASH) == 1_000_000 + 100_000
    assert floor.held("E2")[2] == 50_000
    assert pledge_state(floor) == [("satisfied", 10_000, 400_000)]
    assert floor.held("E1")[0] == 50_000  # what was not needed has gone home


def test_unsold_units_go_back_to_the_pledge(lite):
    pledged(lite)
    tender = auction(lite)
    in_sale = both_refused(lite.bench, ReleasePledge(pledge="P1"), trader("E3"), admin("E3"))

    lite.do(CloseRound(tender=tender)).require()

    assert in_sale.code == "pledge_in_sale"
    assert lite.bench.balance("enterprise:E1:pledged", FLOW) == 60_000
    assert pledge_state(lite) == [("active", 60_000, 0)]
    assert auction(lite, sale="S2") > tender


def test_an_auction_that_cannot_be_changes_nothing(lite):
    pledged(lite)

    for changes, code in (
        ({"quantity_tce": 61}, "pledge_sale_exceeded"),
        ({"bidders": ("E3",)}, "pledge_buyer_not_eligible"),
        ({"bidders": ()}, "bidders_missing"),
        ({"instrument": "XX"}, "instrument_unknown"),
        ({"document": ""}, "move_text_unfit"),
        ({"reserve_price_fen": 0}, "price_not_positive"),
    ):
        refusal = both_refused(lite.bench, auctioning(**changes), trader("E3"), EXCHANGE)
        assert refusal.code == code, changes
