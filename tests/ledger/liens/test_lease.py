"""Leases: both sides sign, units come back by themselves, and what was used is answered for."""

from datetime import date

import pytest

from ledger.compliance.assess import ComputeObligations
from ledger.liens.lease import AcceptLease, OfferLease
from ledger.liens.lease_end import CallBackLease, EndLease, SettleLease, WithdrawLease
from ledger.moves.transfer import MakeTransfers, TransferLine
from tests.ledger.compliance.world import (
    CALM,
    close,
    opening,
    pay,
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

RETURN = date(2026, 6, 30)
LEASED = ("leased",)


def offering(**changes):
    fields = {
        "lease": "L1", "enterprise": "E1", "lessee": "E2", "asset": FLOW, "amount": 2_000,
        "return_on": RETURN, "rent_fen": 50_000,
    }  # fmt: skip
    return OfferLease(**(fields | changes))


def leased(bench, **changes):
    """A running lease of E1's units with E2."""
    offer = offering(**changes)
    by(bench, offer.enterprise, offer).require()
    return by(bench, offer.lessee, AcceptLease(lease=offer.lease)).require()


def state(bench, lease="L1"):
    (row,) = [each for each in rows(bench, "leases") if each["id"] == lease]
    return row["state"], row["owed"]


def test_units_and_rent_change_hands_in_one_entry_and_the_units_come_back(engine, clock):
    bench = town(engine, clock)
    have(bench, "E1", FLOW, 3_000)
    pay_in(bench, "E2", 60_000)

    by(bench, "E1", offering()).require()
    assert has(bench, "E1") == 3_000  # an offer moves nothing
    entry = by(bench, "E2", AcceptLease(lease="L1")).require().result["entry"]

    assert (has(bench, "E1"), has(bench, "E2", purposes=LEASED)) == (1_000, 2_000)
    assert has(bench, "E1", CASH, ("cash",)) == 50_000
    assert has(bench, "E2", CASH, ("cash",)) == 10_000
    assert len([each for each in rows(bench, "postings") if each["entry"] == entry]) == 2
    pass_day(bench, clock, date(2026, 6, 29))
    assert has(bench, "E1") == 1_000
    pass_day(bench, clock, RETURN)
    assert (has(bench, "E1"), has(bench, "E2", purposes=LEASED)) == (3_000, 0)
    assert state(bench) == ("returned", 0)


def test_a_lease_that_cannot_begin_changes_nothing(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 2_000)
    have(bench, "E1", RIGHT, 2_000, "entitlement")

    for changes, code in (
        ({"amount": 0}, "amount_not_positive"),
        ({"rent_fen": -1}, "amount_not_positive"),
        ({"lessee": "E1"}, "party_same"),
        ({"lessee": "E3"}, "partner_outside_area"),
        ({"return_on": date(2026, 1, 15)}, "lease_return_day"),
        ({"asset": RIGHT, "return_on": date(2027, 1, 1)}, "lease_return_day"),
        ({"asset": CASH}, "cash_not_moved"),
    ):
        assert by_refused(bench, "E1", offering(**changes)).code == code, changes
    by(bench, "E1", offering(return_on=date(2026, 1, 16))).require()
    assert by_refused(bench, "E1", offering()).code == "lease_exists"
    short = by_refused(bench, "E2", AcceptLease(lease="L1"))
    assert (short.code, short.facts["account"]) == ("insufficient_balance", "enterprise:E2:cash")
    pay_in(bench, "E2", 50_000)
    by(bench, "E2", AcceptLease(lease="L1")).require()
    again = by_refused(bench, "E2", AcceptLease(lease="L1"))
    assert (again.code, again.facts["state"]) == ("lease_not_ready", "running")
    by(bench, "E1", offering(lease="L2")).require()
    gone = by_refused(bench, "E2", AcceptLease(lease="L2"))
    assert gone.facts["available"] == 0


def test_an_offer_is_taken_back_by_either_side_and_by_nobody_else(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 2_000)
    for lease, who in (("L1", "E1"), ("L2", "E2")):
        by(bench, "E1", offering(lease=lease)).require()
        other = bench.do(WithdrawLease(lease=lease, enterprise="E4"), actor=trader("E4"))
        assert other.code == "lease_of_others"
        bench.do(WithdrawLease(lease=lease, enterprise=who), actor=trader(who)).require()
        refusal = by_refused(bench, "E2", AcceptLease(lease=lease))
        assert refusal.facts["state"] == "withdrawn"


def test_leased_units_are_not_transferred_and_not_leased_on(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 2_000)
    leased(bench, rent_fen=0)
    line = TransferLine("N1", "E4", FLOW, 1)

    moved = by_refused(bench, "E2", MakeTransfers(enterprise="E2", reason="r", rows=(line,)))
    by(bench, "E2", offering(lease="L2", enterprise="E2", lessee="E4")).require()
    lent_on = by_refused(bench, "E4", AcceptLease(lease="L2"))

    assert [each.facts["available"] for each in (moved, lent_on)] == [0, 0]


def test_both_sides_end_a_lease_early_or_the_authority_calls_it_back(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 3_000)
    leased(bench, rent_fen=0)
    leased(bench, lease="L2", amount=500, rent_fen=0)

    by(bench, "E2", EndLease(lease="L1", enterprise="E2")).require()
    by(bench, "E2", EndLease(lease="L1", enterprise="E2")).require()
    assert state(bench) == ("running", 2_000)  # one side alone, however often, ends nothing
    assert by_refused(bench, "E4", EndLease(lease="L1", enterprise="E4")).code == "lease_of_others"
    by(bench, "E1", EndLease(lease="L1", enterprise="E1")).require()
    assert state(bench) == ("returned", 0)
    bench.both(CallBackLease(lease="L2", document="令1号")).require()
    assert (has(bench, "E1"), has(bench, "E2", purposes=LEASED)) == (3_000, 0)
    pass_day(bench, clock, RETURN)  # the day itself finds nothing to do
    assert has(bench, "E1") == 3_000


def year_of(bench, firm, owed):
    bench.both(opening(measures="energy")).require()
    report(bench, firm, energy=owed)
    bench.do(ComputeObligations(year=2025, enterprises=(firm,))).require()


def test_what_was_surrendered_comes_back_in_equal_units_and_what_lacks_stays_owed(engine, clock):
    bench = town(engine, clock)
    have(bench, "E1", FLOW_2025, 2_000)
    have(bench, "E2", FLOW_2025, 300)
    year_of(bench, "E2", 1_500)
    leased(bench, asset=FLOW_2025, rent_fen=0)

    pay(bench, paying(1_500, by="E2")).require()

    # One's own units go first: 300 held, then 1,200 of the 2,000 on lease.
    assert has(bench, "E2", FLOW_2025, ("holding", "leased")) == (0, 800)
    have(bench, "E2", FLOW_2025, 200)
    pass_day(bench, clock, RETURN)
    assert has(bench, "E1", FLOW_2025) == 1_000
    assert state(bench) == ("short", 1_000)
    have(bench, "E2", FLOW_2025, 1_500)
    over = by_refused(bench, "E2", SettleLease(lease="L1", amount=1_001))
    assert over.facts == {"lease": "L1", "needed": 1_001, "available": 1_000}
    by(bench, "E2", SettleLease(lease="L1", amount=999)).require()
    assert state(bench) == ("short", 1)
    by(bench, "E2", SettleLease(lease="L1", amount=1)).require()
    assert (state(bench), has(bench, "E1", FLOW_2025)) == (("returned", 0), 2_000)


@pytest.mark.parametrize(
    "values",
    [
        {"lease.used_part": ("forbid_surrender", "choice")},
        {"lease.surrender_allowed": (False, "switch")},
    ],
)
def test_the_pack_may_forbid_to_surrender_leased_units(sqlite_engine, clock, values):
    bench = town(sqlite_engine, clock, CALM | values)
    have(bench, "E1", FLOW_2025, 2_000)
    year_of(bench, "E2", 500)
    leased(bench, asset=FLOW_2025, rent_fen=0)

    refusal = pay_refused(bench, paying(500, by="E2"))

    assert (refusal.code, refusal.facts["encumbered"]) == ("units_encumbered", 2_000)


def test_a_lease_of_a_year_that_is_open_ends_with_its_surrender(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW_2025, 2_000)
    year_of(bench, "E2", 500)

    late = by_refused(bench, "E1", offering(asset=FLOW_2025, return_on=date(2026, 7, 1)))

    assert late.facts["last_day"] == "2026-06-30"
    by(bench, "E1", offering(asset=FLOW_2025)).require()


def test_an_enterprise_s_year_does_not_close_over_leased_units(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW_2025, 2_000)
    have(bench, "E2", FLOW_2025, 500)
    leased(bench, asset=FLOW_2025, return_on=date(2026, 7, 30), rent_fen=0)
    year_of(bench, "E2", 500)
    pay(bench, paying(500, by="E2")).require()
    pass_day(bench, clock, RETURN)

    refusal = close(bench, "E2")
    bench.both(CallBackLease(lease="L1", document="令1号")).require()

    assert (refusal.code, refusal.facts["available"]) == ("leased_units_out", 2_000)
    assert close(bench, "E2").ok


def test_a_standing_level_is_leased_and_returns(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", RIGHT, 2_000, "entitlement")
    leased(bench, asset=RIGHT, return_on=date(2026, 12, 31), rent_fen=0)
    assert has(bench, "E2", RIGHT, LEASED) == 2_000

    pass_day(bench, clock, date(2026, 12, 31))

    assert bench.balance("enterprise:E2:leased", RIGHT) == 0
    assert both_refused(bench, CallBackLease(lease="L1", document="令")).code == "lease_not_ready"
    assert both_refused(bench, CallBackLease(lease="L9", document="令")).code == "lease_unknown"
