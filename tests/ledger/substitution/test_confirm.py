"""What confirmation turns into freed quota, cuts, takes back and closes."""

import pytest
import sqlalchemy as sa

from ledger.allocation.allocate import IssueAllocations
from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.allocation.tables import AllocationCutRow
from ledger.db import reading
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.substitution.clawback import FlowLine
from ledger.substitution.confirm import ConfirmFreed
from ledger.transfer import Line, PostLines
from tests.build import DISTRICT, SECOND_REGULATOR, VERIFIER
from tests.ledger.substitution.works import baseline, retrofit, retrofit_audits
from tests.ledger.substitution.world import (
    closure,
    free,
    refused,
    refused_alone,
    review,
)

ENERGY = "energy.standing.two_high.t2030.eq.990101"
TWO_EYES = {"by": (DISTRICT, SECOND_REGULATOR)}


def entitle(bench, amount: int, *, measure: str = "energy") -> None:
    line = EntitlementLine("E1", measure, amount, 2035, f"确权 {measure}")
    payload = ConfirmEntitlements(rows=(line,))
    bench.both(payload, maker=DISTRICT, checker=SECOND_REGULATOR).require()


RIGHT = "energy.standing.two_high.t2035.eq.990101"


def test_where_an_entitlement_is_held_it_is_reclassified(bench):
    entitle(bench, 20_000_000)

    answer = free(bench, closure("S1"))

    assert answer.result["sources"][0]["against"] == "entitlement"
    assert bench.balance("enterprise:E1:entitlement", RIGHT) == 7_655_000
    assert bench.balance("scheme:converted", RIGHT) == 12_345_000
    assert bench.balance("source:S1-ENERGY", ENERGY) == 12_345_000


def test_a_right_grows_no_longer_by_being_freed(light):
    entitle(light, 20_000_000)

    answer = free(light, closure("S1", last_year=2050))

    assert answer.result["sources"][0]["asset"] == "energy.standing.two_high.t2035.eq.990101"


def test_later_allocations_are_cut_by_what_was_freed(bench):
    entitle(bench, 20_000_000)

    free(bench, closure("S1"))

    with reading(bench.engine) as connection:
        cut = connection.execute(sa.select(AllocationCutRow.__table__)).one()
    assert (cut.enterprise, cut.measure, cut.from_year, cut.amount) == (
        "E1",
        "energy",
        2027,
        12_345_000,
    )


def test_no_more_is_reclassified_than_is_held(light):
    entitle(light, 10_000_000)

    free(light, closure("S1"))

    assert light.balance("enterprise:E1:entitlement", RIGHT) == 0
    assert light.balance("source:S1-ENERGY", ENERGY) == 10_000_000


def test_a_right_that_was_freed_whole_is_not_freed_again_out_of_nothing(light):
    entitle(light, 12_345_000)
    free(light, closure("S1"))
    light.do(closure("S2", facility="F1B")).require()
    review(light, "S2").require()

    answer = refused(light, ConfirmFreed(claim="S2", document="2"), **TWO_EYES)

    assert answer.code == "entitlement_short"
    assert (answer.facts["needed"], answer.facts["available"]) == (12_345_000, 0)


def test_the_right_of_another_facility_is_not_reclassified(light):
    line = EntitlementLine("E1", "energy", 20_000_000, 2035, "确权 F1B", "F1B")
    payload = ConfirmEntitlements(rows=(line,))
    light.both(payload, maker=DISTRICT, checker=SECOND_REGULATOR).require()

    answer = free(light, closure("S1"))

    assert answer.result["sources"][0]["against"] == "released_use"
    assert light.balance("enterprise:E1:entitlement", RIGHT) == 20_000_000


def test_an_entitlement_to_coal_says_nothing_about_energy(light):
    entitle(light, 10_000_000, measure="coal")

    answer = free(light, closure("S1"))

    assert answer.result["sources"][0]["against"] == "released_use"
    assert (
        light.balance("enterprise:E1:entitlement", "coal.standing.two_high.t2035.na.990101")
        == 10_000_000
    )


def test_a_confirmed_closure_closes_its_facility(bench):
    free(bench, closure("S1"))

    answer = refused_alone(bench, baseline(facility="F1"), actor=VERIFIER)

    assert answer.code == "facility_closed"
    assert answer.facts == {"facility": "F1"}


def issue_flow(bench) -> None:
    """Pre-issue 60 % of 100,000 tce of 2026 to E1, all of it restricted."""
    cap = BudgetLine("990101", 2026, "energy", 200_000_000, "预算1号")
    bench.both(SetBudgets(rows=(cap,))).require()
    named = {"district": "990101", "year": 2026, "measure": "energy"}
    line = PlanLine("E1", product="cement", output=1_000_000, benchmark="100")
    planned = bench.do(PlanAllocations(rows=(line,), **named), actor=DISTRICT).require()
    order = IssueAllocations(plan_hash=planned.result["plan_hash"], document="配额1号", **named)
    bench.both(order, maker=DISTRICT).require()


FLOW = "energy.flow.general.2026.eq.990101"


UNUSED = (FlowLine("energy", 9_000_000),)


def test_unused_flow_of_the_closure_year_returns_to_the_district(bench):
    issue_flow(bench)

    answer = free(bench, closure("S1"), unused_flow=UNUSED)

    assert answer.result["clawed_back"] == [{"measure": "energy", "taken": 9_000_000, "due": 0}]
    assert bench.balance("enterprise:E1:restricted", FLOW) == 51_000_000
    assert bench.balance("district:990101:budget", FLOW) == 149_000_000


def test_flow_that_is_gone_becomes_a_due_claim_and_no_balance_falls_below_zero(bench):
    issue_flow(bench)
    restricted, elsewhere = "enterprise:E1:restricted", "enterprise:E3:holding"
    line = Line("moved", restricted, elsewhere, FLOW, 58_000_000)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()

    answer = free(bench, closure("S1"), unused_flow=UNUSED)

    assert answer.result["clawed_back"] == [
        {"measure": "energy", "taken": 2_000_000, "due": 7_000_000}
    ]
    assert bench.balance(restricted, FLOW) == 0


@pytest.mark.parametrize(
    ("unused", "code"),
    [
        ((FlowLine("energy", 60_000_001),), "claw_back_too_large"),
        ((FlowLine("energy", -1),), "amount_not_positive"),
        ((), "unused_flow_not_stated"),
        ((FlowLine("coal", 1),), "unused_flow_not_stated"),
        ((*UNUSED, *UNUSED), "measure_twice"),
    ],
)
def test_flow_asked_back_amiss_leaves_the_claim_unconfirmed(light, unused, code):
    issue_flow(light)
    light.do(closure("S1")).require()
    review(light, "S1").require()
    payload = ConfirmFreed(claim="S1", document="1", unused_flow=unused)

    answer = refused(light, payload, **TWO_EYES)

    assert answer.code == code
    assert light.balance("source:S1-ENERGY", ENERGY) == 0


def test_that_no_flow_is_unused_is_said_and_moves_nothing(light):
    issue_flow(light)

    answer = free(light, closure("S1"), unused_flow=(FlowLine("energy", 0),))

    assert answer.result["clawed_back"] == [{"measure": "energy", "taken": 0, "due": 0}]
    assert light.balance("enterprise:E1:restricted", FLOW) == 60_000_000


def test_flow_is_not_asked_back_where_nothing_closed(light, clock):
    retrofit_audits(light, clock)
    light.do(retrofit("S1")).require()
    review(light, "S1").require()
    payload = ConfirmFreed(claim="S1", document="1", unused_flow=(FlowLine("energy", 1),))

    answer = refused(light, payload, **TWO_EYES)

    assert answer.code == "nothing_closed"
