"""The paid part of an allocation goes out against its usage fee, or lapses."""

import msgspec
import pytest
import sqlalchemy as sa

from ledger.allocation.fee import PayAllocation
from ledger.allocation.method_tables import PaidPartRow
from ledger.cash import Deposit
from ledger.db import reading
from ledger.districts.tables import BudgetRow
from ledger.terms.state import FreezeAccount
from tests.build import CLEARING, REGULATOR, SECOND_CLEARING
from tests.conftest import DAY
from tests.ledger.allocation.build import (
    BUDGET,
    COMPLIANCE,
    FLOW,
    agreed,
    allocation,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    refused_alone,
    set_budget,
    truing,
)

CNY = "cash.cny"
FEE = 240_000_000  # 30,000 t at 80 yuan, in fen


@pytest.fixture
def bench(engine, clock):
    """Three tenths cost a fee; a million tonnes of cement ask for 100,000 tce."""
    bench = allocation_ledger(engine, clock, allocation__paid_share="3/10")
    set_budget(bench, 200_000_000)
    issued(bench, cement("E1"), cement("E2"))
    return bench


def pay(enterprise="E1", **changes):
    fields = {"enterprise": enterprise, "year": 2025, "measure": "energy", "product": "cement"}
    return PayAllocation(**(fields | changes))


def deposit(bench, amount_fen, line, enterprise="E1"):
    payload = Deposit(enterprise=enterprise, amount_fen=amount_fen, statement_line=line)
    bench.both(payload, maker=CLEARING, checker=SECOND_CLEARING).require()


def committed(bench):
    with reading(bench.engine) as connection:
        return connection.execute(sa.select(BudgetRow.committed)).scalar_one()


def states(bench):
    with reading(bench.engine) as connection:
        query = sa.select(PaidPartRow.enterprise, PaidPartRow.state)
        return dict(tuple(row) for row in connection.execute(query))


def test_the_free_part_goes_out_at_once_and_the_paid_part_against_its_fee(bench):
    # Of 100,000 tce 30,000 cost a fee; of the free 70,000, 60 % are issued beforehand.
    assert bench.balance("enterprise:E1:restricted", FLOW) == 42_000_000
    assert bench.balance("enterprise:E1:holding", FLOW) == 0
    assert committed(bench) == 2 * 58_000_000

    none = refused_alone(bench, pay(), actor=COMPLIANCE)
    deposit(bench, FEE - 1, "1")
    short = refused_alone(bench, pay(), actor=COMPLIANCE)
    deposit(bench, 1, "2")
    paid = bench.do(pay(), actor=COMPLIANCE).require()

    assert (none.code, none.facts["available_fen"]) == ("usage_fee_short", 0)
    assert short.facts == {"enterprise": "E1", "needed_fen": FEE, "available_fen": FEE - 1}
    assert paid.result["amount"] == 30_000_000
    assert bench.balance("enterprise:E1:holding", FLOW) == 30_000_000
    assert bench.balance("enterprise:E1:cash", CNY) == 0
    assert bench.balance("treasury:usage_fees", CNY) == FEE
    assert committed(bench) == 28_000_000 + 58_000_000
    assert allocation(bench).issued == 72_000_000
    again = refused_alone(bench, pay(), actor=COMPLIANCE)
    assert (again.code, again.facts["state"]) == ("paid_part_closed", "paid")


def test_a_frozen_account_pays_no_fee(bench):
    deposit(bench, FEE, "1")
    freezing = FreezeAccount(account="enterprise:E1:cash", document="（2025）示01执1号")
    bench.both(freezing).require()

    assert refused_alone(bench, pay(), actor=COMPLIANCE).code == "account_not_open"


def test_only_the_enterprise_pays_and_only_what_costs_a_fee(bench):
    assert refused_alone(bench, pay(), actor=REGULATOR).code == "role_missing"
    assert refused_alone(bench, pay("E3"), actor=COMPLIANCE).code == "paid_part_unknown"
    assert refused_alone(bench, pay("E8"), actor=COMPLIANCE).code == "party_unknown"


def test_the_sheet_says_what_costs_a_fee_and_what_is_free(bench):
    steps = msgspec.json.decode(allocation(bench).sheet)["steps"]

    results = {step["name"]: step["result"] for step in steps}
    assert results["paid part"] == "30000000"
    assert results["free part"] == "70000000"
    assert results["pre-issue"] == "42000000"


def test_an_unpaid_part_lapses_after_its_last_day_and_is_not_given_at_true_up(bench, clock):
    deposit(bench, 2 * FEE, "1")
    clock.advance(31 * DAY - 1)  # 31 January 2025, the last of thirty days, to the microsecond
    bench.do(pay(), actor=COMPLIANCE).require()
    assert states(bench) == {"E1": "paid", "E2": "payable"}

    clock.advance(1)
    late = bench.do(pay("E2"), actor=COMPLIANCE)

    assert (late.code, late.facts["state"]) == ("paid_part_closed", "lapsed")
    assert states(bench) == {"E1": "paid", "E2": "lapsed"}
    assert committed(bench) == 28_000_000 + 28_000_000
    end_the_year(bench, clock)
    final(bench, "E1", cement=1_000_000)
    final(bench, "E2", cement=1_000_000)
    agreed(bench, truing()).require()
    # Both made what was planned: the one that paid has all, the other three tenths less.
    assert bench.balance("enterprise:E1:holding", FLOW) == 100_000_000
    assert bench.balance("enterprise:E2:holding", FLOW) == 70_000_000
    assert bench.balance(BUDGET, FLOW) == 30_000_000
    assert committed(bench) == 0


def test_what_is_still_payable_at_true_up_lapses_with_it(engine, clock):
    bench = allocation_ledger(
        engine, clock, allocation__paid_share="1", allocation__usage_fee_days=1_000
    )
    set_budget(bench, 100_000_000)
    issued(bench, cement("E1"))
    assert bench.balance(BUDGET, FLOW) == 100_000_000
    end_the_year(bench, clock)
    final(bench, "E1", cement=1_100_000)

    agreed(bench, truing()).require()

    # Made more than planned: what exceeds the unpaid plan is given, nothing else.
    assert states(bench) == {"E1": "lapsed"}
    assert bench.balance("enterprise:E1:holding", FLOW) == 10_000_000
    assert committed(bench) == 0


def test_the_paid_part_of_coal_has_a_fee_of_its_own(engine, clock):
    bench = allocation_ledger(engine, clock, allocation__paid_share="1/10")
    set_budget(bench, 100_000_000, measure="coal")

    issued(bench, cement("E1"), measure="coal")

    # 60 yuan a tonne of coal in the sample pack: 10,000 t.
    with reading(bench.engine) as connection:
        found = connection.execute(sa.select(PaidPartRow.fee_fen)).scalar_one()
    assert found == 10_000 * 6_000
