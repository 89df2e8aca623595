"""Judicial freezes: what they take, who waits, when they end; court orders and succession."""

from datetime import date

from ledger.compliance.assess import ComputeObligations
from ledger.liens.freeze_commands import CarryOutOrder, LiftFreeze, RenewFreeze
from ledger.liens.pledge import ReleasePledge
from ledger.liens.succession import Succeed, SuccessionLine
from ledger.terms.state import CloseAccount
from market.court_freeze import FreezeUnits
from tests.ledger.compliance.world import CALM, opening, pay, pay_refused, paying, report, rows
from tests.ledger.compliance.world import ENERGY as FLOW_2025
from tests.ledger.liens.test_lease import leased
from tests.ledger.liens.test_pledge import pledged
from tests.ledger.liens.world import (
    CASH,
    COURT,
    FLOW,
    OTHER_COURT,
    RIGHT,
    both_refused,
    by,
    has,
    have,
    pass_day,
    pay_in,
    town,
)

END = date(2026, 2, 28)
BOTH = ("holding", "frozen")


def freezing(**changes):
    fields = {
        "freeze": "F1", "enterprise": "E1", "asset": FLOW, "court": COURT,
        "document": "（2026）示01执1号", "ends_on": END, "amount": 600,
    }  # fmt: skip
    return FreezeUnits(**(fields | changes))


def freeze(bench, **changes):
    return bench.both(freezing(**changes)).require().result


def freezes(bench):
    """State and frozen units of each freeze, by id."""
    return {row["id"]: (row["state"], row["frozen"]) for row in rows(bench, "freezes")}


def lift(bench, name, amount=None):
    return bench.both(LiftFreeze(freeze=name, amount=amount, document="（2026）裁1号"))


def test_a_freeze_holds_until_the_end_of_its_last_day(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 1_000)

    assert freeze(bench)["frozen"] == 600

    assert has(bench, "E1", purposes=BOTH) == (400, 600)
    pass_day(bench, clock, date(2026, 2, 27))
    assert freezes(bench) == {"F1": ("active", 600)}
    pass_day(bench, clock, END)
    assert has(bench, "E1", purposes=BOTH) == (1_000, 0)
    assert freezes(bench) == {"F1": ("ended", 0)}


def test_who_comes_later_waits_and_gets_what_an_earlier_one_lets_go(engine, clock):
    bench = town(engine, clock)
    have(bench, "E1", FLOW, 1_000)
    freeze(bench)
    freeze(bench, freeze="F2", amount=700, court=OTHER_COURT, ends_on=date(2026, 3, 31))
    freeze(bench, freeze="F3", amount=100, court=OTHER_COURT, ends_on=date(2026, 3, 31))
    assert freezes(bench) == {"F1": ("active", 600), "F2": ("active", 400), "F3": ("waiting", 0)}

    lift(bench, "F1", 350).require()

    # 300 complete the second, 50 go to the third; nothing has come home.
    assert freezes(bench) == {"F1": ("active", 250), "F2": ("active", 700), "F3": ("active", 50)}
    assert has(bench, "E1", purposes=BOTH) == (0, 1_000)
    pass_day(bench, clock, END)
    assert freezes(bench) == {"F1": ("ended", 0), "F2": ("active", 700), "F3": ("active", 100)}
    assert has(bench, "E1", purposes=BOTH) == (200, 800)


def test_a_freeze_on_all_waits_for_what_is_pledged_or_leased_out(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    report(bench, "E1", energy=0)
    have(bench, "E1", FLOW, 1_000)
    pledged(bench, amount=300)
    leased(bench, amount=200, rent_fen=0, return_on=date(2026, 2, 1))
    have(bench, "E1", FLOW, 70, "bought")
    have(bench, "E1", FLOW, 40, "restricted")

    assert freeze(bench, amount=None)["frozen"] == 570

    by(bench, "BANK", ReleasePledge(pledge="P1")).require()
    assert freezes(bench)["F1"] == ("active", 870)
    pass_day(bench, clock, date(2026, 2, 1))
    assert freezes(bench)["F1"] == ("active", 1_070)
    # What is pre-issued is not certain to be the enterprise's, and stays where it is.
    assert has(bench, "E1", purposes=("holding", "frozen", "restricted")) == (0, 1_070, 40)


def test_what_has_come_since_is_taken_when_a_freeze_is_renewed(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 100)
    freeze(bench)
    have(bench, "E1", FLOW, 450)
    later = RenewFreeze(freeze="F1", ends_on=date(2026, 3, 31), document="续1号")
    early = both_refused(bench, RenewFreeze(freeze="F1", ends_on=date(2026, 2, 27), document="续"))

    bench.both(later).require()

    assert (early.code, early.facts["earliest"]) == ("freeze_end_passed", "2026-02-28")
    assert freezes(bench)["F1"] == ("active", 550)
    pass_day(bench, clock, END)
    assert freezes(bench)["F1"] == ("active", 550)  # the old end is over, the new one is not
    pass_day(bench, clock, date(2026, 3, 31))
    assert has(bench, "E1") == 550
    assert both_refused(bench, later).code == "freeze_ended"


def test_part_of_a_freeze_or_all_of_it_is_lifted(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 1_000)
    freeze(bench)
    over = both_refused(bench, LiftFreeze(freeze="F1", amount=601, document="裁"))
    lift(bench, "F1", 599).require()

    assert over.facts == {"freeze": "F1", "needed": 601, "available": 600}
    assert freezes(bench)["F1"] == ("active", 1)
    lift(bench, "F1", 1).require()
    assert freezes(bench)["F1"] == ("ended", 0)
    assert has(bench, "E1") == 1_000
    freeze(bench, freeze="F2", amount=None)
    lift(bench, "F2").require()
    assert has(bench, "E1") == 1_000


def test_a_freeze_that_cannot_be_changes_nothing(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 1_000)

    for changes, code in (
        ({"amount": 0}, "amount_not_positive"),
        ({"enterprise": "E9"}, "party_unknown"),
        ({"asset": CASH}, "cash_not_moved"),
        ({"court": " "}, "move_text_unfit"),
        ({"document": ""}, "move_text_unfit"),
        ({"ends_on": date(2026, 1, 14)}, "freeze_end_passed"),
    ):
        assert both_refused(bench, freezing(**changes)).code == code, changes
    freeze(bench, ends_on=date(2026, 1, 15))  # today itself is in time
    assert both_refused(bench, freezing()).code == "freeze_exists"
    freeze(bench, freeze="F2", amount=1, ends_on=date.max)  # the calendar has no day after it
    unknown = both_refused(bench, LiftFreeze(freeze="F9", document="裁"))
    assert unknown.code == "freeze_unknown"


def owing(bench, amount):
    bench.both(opening(measures="energy")).require()
    report(bench, "E1", energy=amount)
    bench.do(ComputeObligations(year=2025, enterprises=("E1",))).require()


def test_frozen_units_answer_for_no_obligation_unless_the_pack_lets_them(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW_2025, 1_000)
    owing(bench, 500)
    freeze(bench, asset=FLOW_2025)

    refusal = pay_refused(bench, paying(500))

    assert (refusal.code, refusal.facts["encumbered"]) == ("units_encumbered", 600)
    assert pay(bench, paying(400)).ok


def test_what_is_surrendered_counts_off_the_freeze_that_came_last(engine, clock):
    bench = town(engine, clock, CALM | {"freeze.surrender_allowed": (True, "switch")})
    have(bench, "E1", FLOW_2025, 1_000)
    owing(bench, 700)
    freeze(bench, asset=FLOW_2025)
    freeze(bench, freeze="F2", asset=FLOW_2025, amount=300)

    pay(bench, paying(700)).require()  # 100 free, then 600 frozen

    assert has(bench, "E1", FLOW_2025, BOTH) == (0, 300)
    lift(bench, "F1", 100).require()
    assert freezes(bench) == {"F1": ("active", 200), "F2": ("ended", 0)}
    lift(bench, "F1").require()
    assert has(bench, "E1", FLOW_2025, BOTH) == (300, 0)


def test_what_falls_due_is_done_though_accounts_were_closed_meanwhile(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 200)
    leased(bench, amount=200, rent_fen=0, return_on=date(2026, 2, 1))
    freeze(bench, amount=None)
    for purpose in ("frozen", "holding"):
        account = f"enterprise:E1:{purpose}"
        bench.both(CloseAccount(account=account, document="销户1号")).require()

    pass_day(bench, clock, date(2026, 2, 1))

    # Nobody may hold them any more, and the freeze has nothing to take.
    assert bench.balance("scheme:expired", FLOW) == 200
    assert freezes(bench)["F1"] == ("waiting", 0)


# Court orders.


def ordering(**changes):
    fields = {
        "court_order": "O1", "enterprise": "E1", "partner": "E2", "asset": FLOW, "amount": 700,
        "court": COURT, "document": "（2026）示01执2号",
    }  # fmt: skip
    return CarryOutOrder(**(fields | changes))


def test_a_court_takes_what_it_froze_itself_first_then_what_is_free(engine, clock):
    bench = town(engine, clock)
    have(bench, "E1", FLOW, 1_000)
    freeze(bench, freeze="F0", amount=100, court=OTHER_COURT)
    freeze(bench)

    done = bench.both(ordering()).require().result

    assert done["from_frozen"] == 600
    assert (has(bench, "E2"), has(bench, "E1", purposes=BOTH)) == (700, (200, 100))
    assert freezes(bench) == {"F0": ("active", 100), "F1": ("ended", 0)}


def test_a_court_takes_nothing_where_there_is_less_than_it_orders(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 1_000)
    freeze(bench, amount=400, court=OTHER_COURT)

    refusal = both_refused(bench, ordering(amount=601))

    assert (refusal.code, refusal.facts["available"]) == ("court_order_short", 600)
    for changes, code in (
        ({"amount": 0}, "amount_not_positive"),
        ({"partner": "E1"}, "party_same"),
        ({"document": ""}, "move_text_unfit"),
    ):
        assert both_refused(bench, ordering(**changes)).code == code, changes
    bench.both(ordering(amount=600)).require()
    assert both_refused(bench, ordering(amount=1)).code == "court_order_exists"


# Succession.


def succeeding(**changes):
    fields = {
        "succession": "S1", "enterprise": "E1", "successor": "E2", "document": "合并批复1号",
        "extent": "whole",
    }  # fmt: skip
    return Succeed(**(fields | changes))


def test_a_successor_takes_over_all_that_is_free(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    for asset, amount, purpose in (
        (FLOW, 500, "holding"), (FLOW, 20, "bought"), (RIGHT, 80, "entitlement"),
    ):  # fmt: skip
        have(bench, "E1", asset, amount, purpose)
    pay_in(bench, "E1", 990)

    bench.both(succeeding()).require()

    assert (has(bench, "E2"), has(bench, "E2", RIGHT, ("entitlement",))) == (520, 80)
    assert has(bench, "E2", CASH, ("cash",)) == 990
    assert both_refused(bench, succeeding(succession="S2")).code == "entry_empty"


def test_nothing_is_taken_over_whole_while_something_is_not_free(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    report(bench, "E1", energy=0)
    have(bench, "E1", FLOW, 5)

    def encumbered():
        refusal = both_refused(bench, succeeding())
        return refusal.code, refusal.facts["account"], refusal.facts["available"]

    pledged(bench, amount=1)
    assert encumbered() == ("succession_encumbered", "enterprise:E1:pledged", 1)
    by(bench, "BANK", ReleasePledge(pledge="P1")).require()
    freeze(bench, amount=2)
    assert encumbered() == ("succession_encumbered", "enterprise:E1:frozen", 2)
    lift(bench, "F1").require()
    have(bench, "E1", FLOW, 3, "restricted")
    assert encumbered() == ("succession_encumbered", "enterprise:E1:restricted", 3)


def test_named_units_are_taken_over_unless_a_court_waits_for_them(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 1_000)
    some = succeeding(extent="named", units=(SuccessionLine(FLOW, 400),))
    bench.both(some).require()
    freeze(bench, amount=601)
    have(bench, "E1", FLOW, 9)

    refusal = both_refused(
        bench, succeeding(succession="S2", extent="named", units=(SuccessionLine(FLOW, 1),))
    )

    assert (has(bench, "E2"), refusal.code) == (400, "succession_frozen")
