"""Transfers without a price: at once to the trusted, later to others, under the lowest ceiling."""

from datetime import date

import pytest

from ledger.days import start_of
from ledger.moves.transfer import MakeTransfers, RecallTransfer, TransferLine
from ledger.moves.trust import DistrustPartner, SetTransferCeiling, TrustPartner
from ledger.moves.workdays import after_workdays
from ledger.roles import RoleMissing
from ledger.terms.state import FreezeAccount
from tests.build import REGULATOR
from tests.conftest import SECOND
from tests.ledger.compliance.world import CALM, rows
from tests.ledger.liens.world import (
    CITY_FLOW,
    FLOW,
    RIGHT,
    admin,
    by,
    by_refused,
    has,
    have,
    pass_day,
    town,
    trader,
)

THURSDAY, FRIDAY, MONDAY = date(2026, 1, 15), date(2026, 1, 16), date(2026, 1, 19)
NOON = 12 * 60


def sending(*lines, reason="集团内调剂"):
    return MakeTransfers(
        enterprise="E1", reason=reason, rows=tuple(TransferLine(*line) for line in lines)
    )


def states(bench):
    return {row["id"]: row["state"] for row in rows(bench, "transfers")}


def test_one_s_own_group_is_trusted_and_others_wait_until_noon_of_the_next_working_day(
    engine, clock
):
    bench = town(engine, clock)
    have(bench, "E1", FLOW, 1_000)

    answer = by(bench, "E1", sending(("N1", "E4", FLOW, 400), ("N2", "E2", FLOW, 600))).require()

    assert answer.result == {"transfers": 2, "made": 1, "waiting": 1}
    assert (has(bench, "E4"), has(bench, "E1", purposes=("holding", "held"))) == (400, (0, 600))
    clock.now = start_of(FRIDAY, minute=NOON) - SECOND
    bench.writer.tick()
    assert has(bench, "E2") == 0
    clock.now = start_of(FRIDAY, minute=NOON)
    bench.writer.tick()
    assert (has(bench, "E2"), has(bench, "E1", purposes=("holding", "held"))) == (600, (0, 0))
    assert states(bench) == {"N1": "made", "N2": "made"}


def test_a_waiting_transfer_is_recalled_before_its_hour_and_not_after(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 1_000)
    by(bench, "E1", sending(("N1", "E2", FLOW, 600), ("N2", "E2", FLOW, 100))).require()
    recall = RecallTransfer(enterprise="E1", transfer="N1")

    bench.do(recall, actor=trader("E1")).require()

    assert has(bench, "E1") == 900
    again = bench.do(recall, actor=admin("E1"))
    assert (again.code, again.facts["state"]) == ("transfer_not_waiting", "recalled")
    pass_day(bench, clock, FRIDAY)
    late = bench.do(RecallTransfer(enterprise="E1", transfer="N2"), actor=trader("E1"))
    assert (late.code, late.facts["state"]) == ("transfer_not_waiting", "made")
    foreign = bench.do(RecallTransfer(enterprise="E2", transfer="N2"), actor=trader("E2"))
    assert foreign.code == "transfer_unknown"
    assert has(bench, "E2") == 100


def test_what_an_account_does_not_take_at_noon_comes_back(engine, clock):
    bench = town(engine, clock)
    have(bench, "E1", FLOW, 600)
    by(bench, "E1", sending(("N1", "E2", FLOW, 600))).require()
    bench.both(FreezeAccount(account="enterprise:E2:holding", document="令1号")).require()

    pass_day(bench, clock, FRIDAY)

    assert states(bench) == {"N1": "returned"}
    assert (has(bench, "E1"), has(bench, "E2")) == (600, 0)


def test_trust_begins_at_noon_of_the_fourth_working_day_and_ends_at_once(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 1_000)
    listing = TrustPartner(enterprise="E1", partner="E2")

    # From Thursday: Friday, then Monday to Wednesday.
    wednesday = start_of(date(2026, 1, 21), minute=NOON)
    assert by(bench, "E1", listing).require().result["active_at"] == wednesday
    assert by_refused(bench, "E1", listing).code == "partner_trusted_already"
    clock.now = wednesday - SECOND
    early = by(bench, "E1", sending(("N1", "E2", FLOW, 1))).require()
    clock.now = wednesday
    trusted = by(bench, "E1", sending(("N2", "E2", FLOW, 1))).require()
    off = DistrustPartner(enterprise="E1", partner="E2")
    by(bench, "E1", off).require()
    after = by(bench, "E1", sending(("N3", "E2", FLOW, 1))).require()

    assert [one.result["waiting"] for one in (early, trusted, after)] == [1, 0, 1]
    assert by_refused(bench, "E1", off).code == "partner_not_trusted"
    by(bench, "E1", listing).require()  # may be listed again, and waits again


def test_a_standing_right_moves_on_the_last_day_of_its_term_to_the_trusted_only(
    sqlite_engine, clock
):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", RIGHT, 1_000, "entitlement")
    untrusted = by_refused(bench, "E1", sending(("N1", "E2", RIGHT, 1)))
    clock.now = start_of(date(2026, 12, 31), minute=24 * 60 - 1)

    by(bench, "E1", sending(("N2", "E4", RIGHT, 999))).require()
    clock.now = start_of(date(2027, 1, 1))
    over = by_refused(bench, "E1", sending(("N3", "E4", RIGHT, 1)))

    assert untrusted.code == "standing_needs_trust"
    assert (over.code, over.facts["last_day"]) == ("standing_right_over", "2026-12-31")
    assert has(bench, "E4", RIGHT, ("entitlement",)) == 999


def test_the_lowest_ceiling_binds_each_transfer(sqlite_engine, clock):
    bench = town(sqlite_engine, clock, {**CALM, "transfer.ceiling_tce": (2, "tce")})
    have(bench, "E1", FLOW, 9_000)
    one_too_many = by_refused(bench, "E1", sending(("N1", "E4", FLOW, 2_001)))
    by(bench, "E1", sending(("N1", "E4", FLOW, 2_000))).require()
    by(bench, "E1", SetTransferCeiling(enterprise="E1", ceiling=1_500)).require()
    own = by_refused(bench, "E1", sending(("N2", "E4", FLOW, 1_501)))
    by(bench, "E1", SetTransferCeiling(enterprise="E1", ceiling=None)).require()

    assert one_too_many.facts == {"needed": 2_001, "ceiling": 2_000, "whose": "the policy"}
    assert own.facts == {"needed": 1_501, "ceiling": 1_500, "whose": "the enterprise"}
    by(bench, "E1", sending(("N2", "E4", FLOW, 1_501))).require()


REFUSED = {
    "nothing": ((("N1", "E4", FLOW, 0),), "amount_not_positive"),
    "one more than held": ((("N1", "E4", FLOW, 501),), "insufficient_balance"),
    "to itself": ((("N1", "E1", FLOW, 1),), "party_same"),
    "to nobody": ((("N1", "E9", FLOW, 1),), "party_unknown"),
    "cash": ((("N1", "E4", "cash.cny", 1),), "cash_not_moved"),
    "no rows": ((), "rows_empty"),
    "outside the area": ((("N1", "E3", FLOW, 1),), "partner_outside_area"),
    "an id twice": ((("N1", "E4", FLOW, 1), ("N1", "E4", FLOW, 1)), "rows_refused"),
    "one bad row of two": ((("N1", "E4", FLOW, 1), ("n2", "E4", FLOW, 1)), "rows_refused"),
}


def test_a_bad_row_moves_nothing(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 500)
    have(bench, "E1", CITY_FLOW, 5)

    for what, (lines, code) in REFUSED.items():
        assert by_refused(bench, "E1", sending(*lines)).code == code, what
    assert by_refused(bench, "E1", sending(("N1", "E4", FLOW, 1), reason=" ")).code == (
        "move_text_unfit"
    )
    # Units of the whole city may go to the other district.
    by(bench, "E1", sending(("N1", "E3", CITY_FLOW, 5))).require()
    assert by_refused(bench, "E1", sending(("N1", "E4", FLOW, 1))).code == "transfer_exists"


def test_a_transfer_takes_two_persons_of_the_enterprise(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 500)

    before = bench.digest()
    for person in (trader("E2"), REGULATOR):
        with pytest.raises(RoleMissing):
            bench.do(sending(("N1", "E4", FLOW, 1)), actor=person)
    alone = bench.do(sending(("N1", "E4", FLOW, 1)), actor=trader("E1"))
    assert (alone.code, bench.digest()) == ("second_person_needed", before)


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_working_days_leave_out_the_weekend(count):
    wanted = {0: THURSDAY, 1: FRIDAY, 4: date(2026, 1, 21), 5: date(2026, 1, 22)}
    assert after_workdays(THURSDAY, count) == wanted[count]
    assert after_workdays(FRIDAY, 1) == after_workdays(date(2026, 1, 17), 1) == MONDAY
