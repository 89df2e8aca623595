"""Pledges: surplus only, by rank, released in part, and sold for the pledgees, never forfeited."""

from datetime import date
from fractions import Fraction

import pytest

from ledger.compliance.assess import ComputeObligations
from ledger.days import start_of
from ledger.liens.forecast import forecast_of_use, pledgeable
from ledger.liens.lease import OfferLease
from ledger.liens.pledge import AcceptPledge, OfferPledge, ReleasePledge, WithdrawPledge
from ledger.liens.pledge_lapse import LapsePledge
from ledger.liens.pledge_sale import (
    ApproveSale,
    BuyPledged,
    ConsentSale,
    SellPledged,
    WithdrawSale,
)
from ledger.liens.waterfall import Claim, waterfall
from ledger.moves.transfer import MakeTransfers, TransferLine
from tests.ledger.compliance.world import (
    CALM,
    CLOSE_YEAR,
    close,
    opening,
    pay_refused,
    paying,
    report,
    rows,
)
from tests.ledger.compliance.world import ENERGY as FLOW_2025
from tests.ledger.liens.world import (
    CASH,
    FLOW,
    RIGHT,
    both_refused,
    by,
    by_refused,
    has,
    have,
    pass_day,
    pay_in,
    town,
    trader,
)

MATURITY = date(2026, 3, 31)
PLEDGED = ("pledged",)


# What may be pledged.


@pytest.mark.parametrize(
    ("held", "others", "forecast", "free"),
    [
        (1_000, 0, 1_000, 0),
        (1_000, 0, 999, 1),
        (1_000, 0, 2_000, 0),
        (1_000, 400, 1_000, 400),
        (1_000, 1_500, 1_000, 1_000),
        (1_000, 0, 0, 1_000),
        (0, 500, 100, 0),
    ],
)
def test_surplus_is_what_the_forecast_leaves_once_other_units_have_answered(
    held, others, forecast, free
):
    amount, line = pledgeable(held=held, others=others, forecast=forecast)

    assert (amount, line.result) == (free, str(free))


@pytest.mark.parametrize(("scale", "expected"), [("1", 1_001), ("11/10", 1_102), ("0", 0)])
def test_the_last_verified_year_is_scaled_and_parts_count_whole(scale, expected):
    assert forecast_of_use(1_001, Fraction(scale))[0] == expected


def test_proceeds_pay_each_rank_in_full_before_the_next():
    claims = [Claim("A", 100), Claim("B", 50)]

    assert waterfall(0, claims) == ([], 0)
    assert waterfall(99, claims) == ([("A", 99)], 0)
    assert waterfall(100, claims) == ([("A", 100)], 0)
    assert waterfall(101, claims) == ([("A", 100), ("B", 1)], 0)
    assert waterfall(151, claims) == ([("A", 100), ("B", 50)], 1)
    assert waterfall(5, []) == ([], 5)


# The life of a pledge.


def offering(**changes):
    fields = {
        "pledge": "P1", "enterprise": "E1", "pledgee": "BANK", "asset": FLOW, "amount": 3_000,
        "secured_fen": 100_000, "matures_on": MATURITY,
    }  # fmt: skip
    return OfferPledge(**(fields | changes))


def pledged(bench, **changes):
    """An active pledge of E1's units."""
    offer = offering(**changes)
    by(bench, offer.enterprise, offer).require()
    return by(bench, offer.pledgee, AcceptPledge(pledge=offer.pledge)).require()


def with_use(bench, energy=1_000, held=5_000):
    """E1 used *energy* in 2025, as its final report says, and holds units of 2026."""
    report(bench, "E1", energy=energy)
    have(bench, "E1", FLOW, held)


def pledge_row(bench, pledge="P1"):
    (row,) = [each for each in rows(bench, "pledges") if each["id"] == pledge]
    return row


def states(bench):
    return {row["id"]: row["state"] for row in rows(bench, "pledges")}


def test_surplus_is_pledged_held_fast_and_released_in_part(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    with_use(bench)

    pledged(bench)

    assert (has(bench, "E1"), has(bench, "E1", purposes=PLEDGED)) == (2_000, 3_000)
    line = TransferLine("N1", "E4", FLOW, 2_001)
    moved = by_refused(bench, "E1", MakeTransfers(enterprise="E1", reason="r", rows=(line,)))
    assert moved.facts["available"] == 2_000
    more = by_refused(bench, "BANK", ReleasePledge(pledge="P1", amount=3_001))
    assert more.facts == {"pledge": "P1", "needed": 3_001, "available": 3_000}
    by(bench, "BANK", ReleasePledge(pledge="P1", amount=1_000)).require()
    assert (has(bench, "E1"), has(bench, "E1", purposes=PLEDGED)) == (3_000, 2_000)
    by(bench, "BANK", ReleasePledge(pledge="P1")).require()
    assert (has(bench, "E1"), has(bench, "E1", purposes=PLEDGED)) == (5_000, 0)
    assert states(bench) == {"P1": "released"}
    again = by_refused(bench, "BANK", ReleasePledge(pledge="P1"))
    assert (again.code, again.facts["state"]) == ("pledge_not_ready", "released")


def test_one_unit_more_than_the_surplus_is_refused_at_acceptance(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    with_use(bench)  # 5,000 held, 1,000 forecast
    by(bench, "E1", offering(amount=4_001)).require()

    refusal = by_refused(bench, "BANK", AcceptPledge(pledge="P1"))

    assert refusal.code == "pledge_above_surplus"
    assert (refusal.facts["available"], refusal.facts["forecast"]) == (4_000, 1_000)
    have(bench, "E1", FLOW, 1, "bought")  # answers for one kgce of the forecast
    by(bench, "BANK", AcceptPledge(pledge="P1")).require()


def test_an_obligation_comes_before_the_last_report_and_an_allocation_after_it(
    sqlite_engine, clock
):
    bench = town(sqlite_engine, clock)
    have(bench, "E2", FLOW_2025, 5_000)
    none = offering(enterprise="E2", asset=FLOW_2025)
    by(bench, "E2", none).require()
    assert by_refused(bench, "BANK", AcceptPledge(pledge="P1")).code == "forecast_missing"
    bench.both(opening(measures="energy")).require()
    report(bench, "E2", energy=2_500)
    bench.do(ComputeObligations(year=2025, enterprises=("E2",))).require()

    refusal = by_refused(bench, "BANK", AcceptPledge(pledge="P1"))

    assert (refusal.facts["available"], refusal.facts["forecast"]) == (2_500, 2_500)


def test_a_pledge_that_cannot_be_offered_changes_nothing(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    with_use(bench)
    have(bench, "E1", RIGHT, 10, "entitlement")

    for changes, code in (
        ({"amount": 0}, "amount_not_positive"),
        ({"secured_fen": 0}, "amount_not_positive"),
        ({"pledgee": "E1"}, "party_same"),
        ({"matures_on": date(2026, 1, 15)}, "pledge_maturity"),
        ({"asset": RIGHT, "matures_on": date(2027, 1, 1)}, "pledge_maturity"),
        ({"asset": CASH}, "cash_not_moved"),
        ({"behind": "P9"}, "pledge_unknown"),
    ):
        assert by_refused(bench, "E1", offering(**changes)).code == code, changes
    by(bench, "E1", offering()).require()
    assert by_refused(bench, "E1", offering()).code == "pledge_exists"
    stranger = bench.do(WithdrawPledge(pledge="P1", enterprise="E4"), actor=trader("E4"))
    assert stranger.code == "pledge_unknown"
    bench.do(WithdrawPledge(pledge="P1", enterprise="BANK"), actor=trader("BANK")).require()
    refusal = by_refused(bench, "BANK", AcceptPledge(pledge="P1"))
    assert refusal.facts["state"] == "withdrawn"


def test_a_later_rank_stands_on_the_same_units_and_they_go_home_with_the_last(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    with_use(bench)
    pledged(bench)
    for changes, available in (({"amount": 3_001}, 3_000), ({"asset": FLOW_2025}, 0)):
        have(bench, "E1", FLOW_2025, 1)
        behind = offering(pledge="P2", pledgee="FUND", behind="P1", **changes)
        assert by_refused(bench, "E1", behind).facts["available"] == available

    second = pledged(bench, pledge="P2", pledgee="FUND", amount=2_000, behind="P1").result

    assert (second["rank"], second["entry"]) == (2, None)
    assert has(bench, "E1", purposes=PLEDGED) == 3_000  # nothing more has moved
    by(bench, "BANK", ReleasePledge(pledge="P1")).require()
    assert has(bench, "E1", purposes=PLEDGED) == 2_000  # the second rank keeps its part
    by(bench, "FUND", ReleasePledge(pledge="P2", amount=1)).require()
    assert has(bench, "E1", purposes=PLEDGED) == 1_999
    by(bench, "FUND", ReleasePledge(pledge="P2")).require()
    assert has(bench, "E1") == 5_000


def test_pledged_units_are_neither_surrendered_nor_leased(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW_2025, 5_000)
    bench.both(opening(measures="energy")).require()
    report(bench, "E1", energy=1_000)
    bench.do(ComputeObligations(year=2025, enterprises=("E1",))).require()
    pledged(bench, asset=FLOW_2025, amount=4_000)
    # A lease of the rest would leave nothing to answer with, which is the enterprise's own affair.
    lease = OfferLease(
        lease="L1", enterprise="E1", lessee="E2", asset=FLOW_2025, amount=1,
        return_on=date(2026, 6, 30),
    )  # fmt: skip
    by(bench, "E1", lease).require()
    have(bench, "E2", FLOW_2025, 1)
    line = TransferLine("N1", "E4", FLOW_2025, 1_000)
    by(bench, "E1", MakeTransfers(enterprise="E1", reason="r", rows=(line,))).require()

    refusal = pay_refused(bench, paying(1_000))

    assert (refusal.code, refusal.facts["encumbered"]) == ("units_encumbered", 4_000)


# Enforcement.


def mature(bench, clock):
    clock.now = start_of(date(2026, 4, 1))
    for _ in range(3):
        bench.writer.tick()


def selling(**changes):
    fields = {
        "sale": "S1", "pledge": "P1", "way": "agreed", "buyer": "E2", "amount": 3_000,
        "price_fen": 130_000, "document": "债务逾期1号",
    }  # fmt: skip
    return SellPledged(**(fields | changes))


def cash_of(bench, *firms):
    return [has(bench, firm, CASH, ("cash",)) for firm in firms]


def two_ranks(bench):
    """Two pledges on 3,000 units of E1: 100,000 fen before 50,000; E2 can pay 130,000."""
    with_use(bench)
    pledged(bench)
    pledged(bench, pledge="P2", pledgee="FUND", behind="P1", secured_fen=50_000)
    pay_in(bench, "E2", 130_000)


def test_an_agreed_sale_pays_by_rank_once_the_pledgor_consents_and_the_buyer_pays(engine, clock):
    bench = town(engine, clock)
    two_ranks(bench)
    clock.now = start_of(MATURITY)
    early = by_refused(bench, "BANK", selling())
    assert (early.code, early.facts["matures_on"]) == ("pledge_not_mature", "2026-03-31")
    mature(bench, clock)
    by(bench, "BANK", selling()).require()
    assert by_refused(bench, "E2", BuyPledged(sale="S1")).facts["state"] == "offered"
    assert both_refused(bench, ApproveSale(sale="S1", document="令")).facts["state"] == "agreed"
    by(bench, "E1", ConsentSale(sale="S1")).require()
    assert by_refused(bench, "BANK", ReleasePledge(pledge="P1")).code == "pledge_in_sale"

    by(bench, "E2", BuyPledged(sale="S1")).require()

    assert (has(bench, "E2"), has(bench, "E1", purposes=PLEDGED)) == (3_000, 0)
    assert cash_of(bench, "BANK", "FUND", "E1", "E2") == [100_000, 30_000, 0, 0]
    assert states(bench) == {"P1": "satisfied", "P2": "enforced"}
    assert pledge_row(bench, "P2")["paid_fen"] == 30_000


def test_what_the_debts_do_not_take_is_the_pledgor_s_and_the_rest_of_the_lot_goes_home(
    sqlite_engine, clock
):
    bench = town(sqlite_engine, clock)
    with_use(bench)
    pledged(bench)
    pay_in(bench, "E2", 110_000)
    mature(bench, clock)
    by(bench, "BANK", selling(way="eligible_sale", amount=1_000, price_fen=110_000)).require()
    assert by_refused(bench, "E1", ConsentSale(sale="S1")).facts["state"] == "eligible_sale"
    bench.both(ApproveSale(sale="S1", document="批1号")).require()

    by(bench, "E2", BuyPledged(sale="S1")).require()

    assert cash_of(bench, "BANK", "E1", "E2") == [100_000, 10_000, 0]
    assert (has(bench, "E1"), has(bench, "E2")) == (4_000, 1_000)
    assert states(bench) == {"P1": "satisfied"}


def test_part_of_a_lot_is_sold_and_the_pledge_stands_for_the_rest(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    two_ranks(bench)
    mature(bench, clock)
    by(bench, "BANK", selling(amount=1_000, price_fen=40_000)).require()
    by(bench, "E1", ConsentSale(sale="S1")).require()
    by(bench, "E2", BuyPledged(sale="S1")).require()

    assert has(bench, "E1", purposes=PLEDGED) == 2_000
    assert [pledge_row(bench, each)["amount"] for each in ("P1", "P2")] == [2_000, 2_000]
    assert [pledge_row(bench, each)["paid_fen"] for each in ("P1", "P2")] == [40_000, 0]
    assert states(bench) == {"P1": "active", "P2": "active"}


def test_units_never_fall_to_a_pledgee_and_only_to_those_who_may_buy(sqlite_engine, clock):
    bench = town(sqlite_engine, clock, {**CALM, "pledge.buyers": ("gap", "choice")})
    two_ranks(bench)
    mature(bench, clock)

    for changes, code in (
        ({"buyer": "BANK"}, "pledge_buyer_not_eligible"),
        ({"buyer": "FUND"}, "pledge_buyer_not_eligible"),
        ({"buyer": "E4"}, "pledge_buyer_not_eligible"),  # the pledgor's group
        ({"buyer": "E2"}, "pledge_buyer_not_eligible"),  # no gap is known
        ({"buyer": "E3"}, "partner_outside_area"),
        ({"buyer": "E1"}, "party_same"),
        ({"amount": 3_001}, "pledge_sale_exceeded"),
    ):
        assert by_refused(bench, "BANK", selling(**changes)).code == code, changes


def test_a_sale_is_taken_back_until_it_is_done(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    two_ranks(bench)
    mature(bench, clock)
    by(bench, "BANK", selling()).require()
    second = by_refused(bench, "BANK", selling(sale="S2"))
    assert (second.code, second.facts["sale"]) == ("pledge_in_sale", "S1")
    bench.do(WithdrawSale(sale="S1"), actor=trader("BANK")).require()

    assert by_refused(bench, "E1", ConsentSale(sale="S1")).facts["state"] == "withdrawn"
    by(bench, "BANK", selling(sale="S2")).require()


def test_pledged_units_lapse_with_their_vintage_and_not_before(sqlite_engine, clock):
    own = {"expiry": ("surrender_deadline_of_vintage", "choice"), "banking": (False, "switch")}
    bench = town(sqlite_engine, clock, CALM | own)
    have(bench, "E1", FLOW_2025, 500)
    bench.both(opening(measures="energy")).require()
    report(bench, "E1", energy=0)
    bench.do(ComputeObligations(year=2025, enterprises=("E1",))).require()
    pledged(bench, asset=FLOW_2025, amount=500)
    alive = both_refused(bench, LapsePledge(pledge="P1"))
    pass_day(bench, clock, date(2026, 6, 30))
    close(bench).require()
    bench.both(CLOSE_YEAR).require()

    bench.both(LapsePledge(pledge="P1")).require()

    assert alive.code == "pledged_units_alive"
    assert bench.balance("scheme:expired", FLOW_2025) == 500
    assert states(bench) == {"P1": "lapsed"}
