"""The year is trued up on actual output: the Henan scenario, due claims, and the budget's limit."""

import msgspec
import pytest
import sqlalchemy as sa

from ledger.allocation.settle import SettleClaim
from ledger.allocation.tables import DueClaimRow
from ledger.approve import proposing
from ledger.db import reading
from ledger.districts.read import read_budgets
from tests.ledger.allocation.build import (
    BUDGET,
    COMPLIANCE,
    FLOW,
    TOWN,
    agreed,
    allocation,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    move,
    past,
    record,
    refused,
    refused_alone,
    set_budget,
    truing,
)
from tests.ledger.allocation.replayed import replayed

HOLDING, RESTRICTED = "enterprise:E1:holding", "enterprise:E1:restricted"


@pytest.fixture
def bench(engine, clock):
    return allocation_ledger(engine, clock)


def henan(bench, clock, output: int, cap: int = 200_000_000) -> None:
    """Plan 100,000 tce for E1, issue 60,000 of it, and report what it really made."""
    set_budget(bench, cap)
    issued(bench, cement())
    end_the_year(bench, clock)
    final(bench, cement=output)


def position(bench):
    with reading(bench.engine) as connection:
        found = read_budgets(connection, district=TOWN)[TOWN, 2025, "energy"]
    return (found.committed, found.issued, found.headroom)


def claims(bench):
    table = DueClaimRow.__table__
    query = sa.select(table.c.enterprise, table.c.asset, table.c.amount, table.c.settled)
    with reading(bench.engine) as connection:
        return [tuple(row) for row in connection.execute(query.order_by(table.c.sequence))]


@pytest.mark.parametrize(
    ("output", "quota", "credited"),
    [
        (950_000, 95_000_000, 35_000_000),
        (1_100_000, 110_000_000, 50_000_000),
        (600_000, 60_000_000, 0),
        (600_001, 60_000_100, 100),
    ],
)
def test_henan_credits_what_the_final_quota_lacks(bench, clock, output, quota, credited):
    henan(bench, clock, output)

    answer = agreed(bench, truing())

    assert answer.result == {
        "enterprises": 1,
        "credited": credited,
        "returned": 0,
        "claimed": 0,
        "freed": 60_000_000,
        "remaining": 0,
    }
    assert bench.balance(HOLDING, FLOW) == quota
    assert bench.balance(RESTRICTED, FLOW) == 0
    assert bench.balance(BUDGET, FLOW) == 200_000_000 - quota
    assert position(bench) == (0, quota, 200_000_000 - quota)


def test_henan_takes_back_five_thousand_from_what_is_restricted(bench, clock):
    henan(bench, clock, 550_000)

    answer = agreed(bench, truing())

    assert answer.result["returned"] == 5_000_000
    assert answer.result["freed"] == 55_000_000
    assert bench.balance(HOLDING, FLOW) == 55_000_000
    assert bench.balance(BUDGET, FLOW) == 145_000_000
    assert claims(bench) == []


def test_henan_claims_three_thousand_where_two_thousand_remain(bench, clock):
    henan(bench, clock, 550_000)
    move(bench, RESTRICTED, "enterprise:E2:holding", 58_000_000)

    answer = agreed(bench, truing())

    assert answer.result["returned"] == 2_000_000
    assert answer.result["claimed"] == 3_000_000
    assert bench.balance(RESTRICTED, FLOW) == 0
    assert bench.balance(HOLDING, FLOW) == 0
    assert bench.balance(BUDGET, FLOW) == 142_000_000
    assert claims(bench) == [("E1", FLOW, 3_000_000, 0)]


def test_a_claw_back_takes_restricted_units_before_free_ones(bench, clock):
    henan(bench, clock, 550_000)
    move(bench, RESTRICTED, HOLDING, 56_500_000)

    agreed(bench, truing()).require()

    assert bench.balance(HOLDING, FLOW) == 55_000_000
    assert claims(bench) == []


def owing(bench, clock) -> None:
    """E1 owes 3,000 tce and has got 4,000 tce back from E2."""
    henan(bench, clock, 550_000)
    move(bench, RESTRICTED, "enterprise:E2:holding", 58_000_000)
    agreed(bench, truing()).require()
    move(bench, "enterprise:E2:holding", HOLDING, 4_000_000)


def settling(amount: int, **changes: object) -> SettleClaim:
    fields: dict[str, object] = {"enterprise": "E1", "asset": FLOW, "amount": amount}
    return SettleClaim(**(fields | changes))


def test_a_claim_is_settled_from_the_holding_in_parts(bench, clock):
    owing(bench, clock)

    first = bench.do(settling(1_000_000), actor=COMPLIANCE).require()
    second = bench.do(settling(2_000_000), actor=COMPLIANCE).require()

    assert (first.result["still_owed"], second.result["still_owed"]) == (2_000_000, 0)
    assert bench.balance(HOLDING, FLOW) == 1_000_000
    assert bench.balance(BUDGET, FLOW) == 145_000_000
    assert claims(bench) == [("E1", FLOW, 3_000_000, 3_000_000)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 3_000_001}, "claim_exceeded"),
        ({"amount": 0}, "amount_not_positive"),
        ({"asset": "energy.flow.general.2026.eq.990100"}, "claim_exceeded"),
        ({"enterprise": "E2"}, "claim_exceeded"),
    ],
)
def test_no_more_is_settled_than_is_owed(bench, clock, changes, code):
    owing(bench, clock)

    payload = settling(**({"amount": 3_000_000} | changes))

    assert refused_alone(bench, payload, actor=COMPLIANCE).code == code


def test_a_credit_settles_what_is_owed_first(bench, clock):
    """Cement is 5,000 tce too much, 2,000 of it there; clinker lacks 4,000: 1,000 is credited."""
    clinker = cement(product="clinker", output=10_000)
    set_budget(bench, 200_000_000)
    issued(bench, cement(), clinker)
    end_the_year(bench, clock)
    final(bench, cement=550_000, clinker=46_000)
    move(bench, RESTRICTED, "enterprise:E2:holding", 58_600_000)

    answer = agreed(bench, truing())

    assert answer.result["returned"] == 2_000_000
    assert answer.result["claimed"] == 3_000_000
    assert answer.result["credited"] == 1_000_000
    assert bench.balance(HOLDING, FLOW) == 1_000_000
    assert claims(bench) == [("E1", FLOW, 3_000_000, 3_000_000)]


def test_the_budget_is_used_to_the_last_kgce(bench, clock):
    henan(bench, clock, 1_100_000, cap=110_000_000)

    agreed(bench, truing()).require()

    assert bench.balance(BUDGET, FLOW) == 0
    assert position(bench) == (0, 110_000_000, 0)


def test_one_kgce_more_than_the_budget_is_refused(bench, clock):
    henan(bench, clock, 1_100_000, cap=109_999_999)

    answer = refused(bench, truing())

    assert answer.code == "budget_exceeded"
    assert answer.facts == {
        "district": TOWN,
        "year": 2025,
        "measure": "energy",
        "needed": 50_000_000,
        "available": 49_999_999,
    }


def test_what_one_enterprise_gives_back_serves_another_in_the_same_true_up(bench, clock):
    set_budget(bench, 200_000_000)
    issued(bench, cement("E1"), cement("E2"))
    end_the_year(bench, clock)
    final(bench, "E1", cement=1_450_000)
    final(bench, "E2", cement=550_000)

    agreed(bench, truing()).require()

    assert bench.balance(HOLDING, FLOW) == 145_000_000
    assert bench.balance("enterprise:E2:holding", FLOW) == 55_000_000
    assert bench.balance(BUDGET, FLOW) == 0


def test_one_enterprise_does_not_take_what_another_was_promised(bench, clock):
    set_budget(bench, 200_000_000)
    issued(bench, cement("E1"), cement("E2"))
    end_the_year(bench, clock)
    final(bench, "E1", cement=1_000_001)

    answer = refused(bench, truing(enterprises=("E1",)))

    assert (answer.facts["needed"], answer.facts["available"]) == (40_000_100, 40_000_000)


def test_a_quota_scaled_in_the_plan_is_scaled_alike_at_the_end(bench, clock):
    """150,000 of 200,000 tce are granted; 75 % of 110,000 tce is 82,500, and 45,000 is out."""
    set_budget(bench, 150_000_000)
    issued(bench, cement("E1"), cement("E2"))
    end_the_year(bench, clock)
    final(bench, "E1", cement=1_100_000)
    final(bench, "E2", cement=900_000)

    answer = agreed(bench, truing())

    assert answer.result["credited"] == 60_000_000
    assert bench.balance(HOLDING, FLOW) == 82_500_000
    assert bench.balance("enterprise:E2:holding", FLOW) == 67_500_000
    assert bench.balance(BUDGET, FLOW) == 0
    assert replayed(allocation(bench).final_sheet) == ["110000000", "82500000", "37500000"]


def test_a_grandfathered_quota_does_not_follow_output(bench, clock):
    set_budget(bench, 200_000_000)
    record(bench, past("E4", 2024, 50_000_000))
    issued(bench, cement("E4", 0, product="", benchmark="", base_first_year=2024))
    end_the_year(bench, clock)
    final(bench, "E4", pumps=3)

    agreed(bench, truing()).require()

    assert bench.balance("enterprise:E4:holding", FLOW) == 50_000_000


def test_the_final_quota_is_kept_with_its_report_and_every_step(bench, clock):
    henan(bench, clock, 950_000)

    agreed(bench, truing()).require()

    row = allocation(bench)
    assert (row.state, row.issued, row.final_output) == ("final", 95_000_000, 950_000)
    assert len(row.report_hash) == 64
    assert replayed(row.sheet) == ["100000000", "60000000", "0"]
    assert replayed(row.final_sheet) == ["95000000", "35000000"]
    assert msgspec.json.decode(row.final_sheet)["pack_version"] == row.pack_version


def test_without_a_final_report_nothing_is_trued_up(bench, clock):
    set_budget(bench, 200_000_000)
    issued(bench, cement())
    end_the_year(bench, clock)

    answer = refused(bench, truing())

    assert answer.code == "verification_pending"


def test_one_missing_report_holds_back_all_but_may_be_left_out(bench, clock):
    set_budget(bench, 200_000_000)
    issued(bench, cement("E1"), cement("E2"))
    end_the_year(bench, clock)
    final(bench, "E1", cement=900_000)

    answer = refused(bench, truing())

    assert answer.code == "rows_refused"
    assert answer.facts["codes"] == "verification_pending"
    assert agreed(bench, truing(enterprises=("E1",))).ok


def test_an_output_that_a_report_does_not_name_is_asked_for(bench, clock):
    set_budget(bench, 200_000_000)
    issued(bench, cement())
    end_the_year(bench, clock)
    final(bench, clinker=1)

    answer = refused(bench, truing())

    assert answer.code == "output_missing"
    assert answer.facts == {"enterprise": "E1", "year": 2025, "product": "cement"}
    assert agreed(bench, truing(without_output=("E1",))).result["returned"] == 60_000_000


def test_a_year_is_trued_up_once(bench, clock):
    henan(bench, clock, 950_000)
    agreed(bench, truing()).require()

    assert refused(bench, truing()).code == "nothing_issued"
    again = refused(bench, truing(enterprises=("E1",)))

    assert again.code == "nothing_issued"
    assert again.facts == {"owner": "E1", "year": 2025, "measure": "energy"}


def test_a_true_up_takes_two_persons_and_a_document(bench):
    set_budget(bench, 1_000)

    assert refused_alone(bench, proposing(truing())).code == "role_missing"
    assert refused(bench, truing(document="")).code == "allocation_document_missing"


def test_a_true_up_in_parts_says_how_many_are_left(bench, clock, monkeypatch):
    monkeypatch.setattr("ledger.allocation.true_up.TRUED_UP_AT_ONCE_MAX", 1)
    set_budget(bench, 200_000_000)
    issued(bench, cement("E1"), cement("E2"))
    end_the_year(bench, clock)
    final(bench, "E1", cement=900_000)

    answer = agreed(bench, truing())

    assert answer.result["enterprises"] == 1
    assert answer.result["remaining"] == 1
