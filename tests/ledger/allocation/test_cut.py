"""A closure takes the right, the unused flow, and later allocations that look at past totals."""

from dataclasses import asdict
from datetime import date
from typing import ClassVar

import pytest

from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.allocation.cut import claw_back_flow, cut_entitlement
from ledger.command import Payload
from ledger.days import start_of
from ledger.parties.enroll import FacilityLine, RegisterFacilities
from ledger.replay import replay
from ledger.subject import VERB_DECIDES, Handler, Subject
from tests.ledger.allocation.build import (
    BUDGET,
    FLOW,
    agreed,
    allocation,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    issuing,
    move,
    past,
    plan,
    record,
    refused,
    refused_alone,
    set_budget,
    truing,
)
from tests.ledger.allocation.replayed import replayed

ENTITLEMENT = "enterprise:E1:entitlement"
EARLY = "energy.standing.two_high.t2026.eq.990100"
LATE = "energy.standing.two_high.t2030.eq.990100"


class CutRight(Payload, frozen=True):
    """What a later subject asks of this one, as a command of its own."""

    kind: ClassVar[str] = "test.cut_right"
    amount: int
    facility: str = ""
    enterprise: str = "E1"
    closure_year: int = 2025


class CutFlow(Payload, frozen=True):
    kind: ClassVar[str] = "test.cut_flow"
    amount: int
    enterprise: str = "E1"


def cut_right(work, payload):
    cuts = cut_entitlement(
        work,
        payload.enterprise,
        measure="energy",
        amount=payload.amount,
        closure_year=payload.closure_year,
        facility=payload.facility,
    )
    return {"cuts": [asdict(cut) for cut in cuts]}


def cut_flow(work, payload):
    split = claw_back_flow(
        work, payload.enterprise, measure="energy", year=2025, amount=payload.amount
    )
    return asdict(split)


CLOSING = Subject(
    "closing",
    (
        Handler(CutRight, cut_right, makers=VERB_DECIDES),
        Handler(CutFlow, cut_flow, makers=VERB_DECIDES),
    ),
)


@pytest.fixture
def bench(engine, clock):
    bench = allocation_ledger(engine, clock, CLOSING)
    kiln = FacilityLine("F1", "E1", "Kiln 1", "CEMENT", "cement", 1_000_000, "t")
    bench.do(RegisterFacilities(rows=(kiln,))).require()
    return bench


def entitle(bench) -> None:
    """E1 holds 700 until 2026 for all it has and 500 until 2030 for its kiln."""
    lines = (
        EntitlementLine("E1", "energy", 700, 2026, "R-1"),
        EntitlementLine("E1", "energy", 500, 2030, "R-2", "F1"),
    )
    agreed(bench, ConfirmEntitlements(rows=lines)).require()


def test_a_closed_facility_gives_up_its_own_right_first(bench):
    entitle(bench)

    answer = bench.do(CutRight(amount=600, facility="F1"))

    assert answer.result["cuts"] == [
        {"asset": LATE, "last_year": 2030, "amount": 500},
        {"asset": EARLY, "last_year": 2026, "amount": 100},
    ]
    assert bench.balance(ENTITLEMENT, LATE) == 0
    assert bench.balance(ENTITLEMENT, EARLY) == 600
    assert bench.balance("scheme:converted", LATE) == 500
    assert bench.balance("scheme:converted", EARLY) == 100


def test_without_a_facility_the_right_that_ends_first_goes_first(bench):
    entitle(bench)

    answer = bench.do(CutRight(amount=701))

    assert [cut["amount"] for cut in answer.result["cuts"]] == [700, 1]


def test_a_right_is_given_up_to_its_last_unit_and_no_further(bench):
    entitle(bench)

    answer = refused_alone(bench, CutRight(amount=1_201))

    assert answer.code == "entitlement_short"
    assert answer.facts == {
        "enterprise": "E1",
        "measure": "energy",
        "needed": 1_201,
        "available": 1_200,
    }
    assert bench.do(CutRight(amount=1_200)).ok


def test_a_right_that_is_used_up_is_not_as_if_there_had_been_none(bench):
    entitle(bench)
    bench.do(CutRight(amount=1_200)).require()

    answer = refused_alone(bench, CutRight(amount=1))

    assert answer.code == "entitlement_short"
    assert (answer.facts["needed"], answer.facts["available"]) == (1, 0)


def test_a_facility_does_not_give_up_the_right_of_another(bench):
    """Of 700 for all and 500 for the kiln, another plant may give up the 700."""
    entitle(bench)

    answer = refused_alone(bench, CutRight(amount=701, facility="F9"))

    assert answer.code == "entitlement_short"
    assert answer.facts["available"] == 700


def test_who_holds_no_right_has_nothing_to_reclassify(bench):
    answer = bench.do(CutRight(amount=600))

    assert answer.result == {"cuts": []}


@pytest.mark.parametrize("payload", [CutRight(amount=0), CutFlow(amount=-1)])
def test_a_cut_of_nothing_is_refused(bench, payload):
    assert refused_alone(bench, payload).code == "amount_not_positive"


def test_later_allocations_by_past_totals_are_cut(bench):
    set_budget(bench, 200_000)
    set_budget(bench, 200_000, year=2026)
    record(bench, past("E4", 2024, 90_000))
    bench.do(CutRight(amount=30_000, enterprise="E4")).require()
    row = {"product": "", "benchmark": "", "base_first_year": 2024, "base_last_year": 2024}

    plan(bench, cement("E4", 0, **row)).require()
    plan(bench, cement("E4", 0, **row), year=2026).require()

    assert allocation(bench, "E4", "").granted == 90_000
    later = allocation(bench, "E4", "", year=2026)
    assert later.granted == 60_000
    # From 2026 the sample pack lets 20 % of the 36,000 be sold: 7,200, cut to whole tonnes.
    assert replayed(later.sheet) == ["90000", "60000", "36000", "7000"]


GRANDFATHERED = {"product": "", "benchmark": ""}


def test_a_base_year_after_the_closure_shows_it_already_and_is_not_cut_again(bench):
    """Closed in 2025: of 2024, 2025 and 2026 the last is without the plant, so 2/3 are cut."""
    set_budget(bench, 200_000, year=2027)
    bench.do(CutRight(amount=30_000, enterprise="E4")).require()
    bench.clock.now = start_of(date(2027, 1, 10))
    record(bench, past("E4", 2024, 90_000), past("E4", 2025, 90_000), past("E4", 2026, 60_000))

    plan(bench, cement("E4", 0, **GRANDFATHERED), year=2027).require()

    later = allocation(bench, "E4", "", year=2027)
    assert later.granted == 60_000
    assert replayed(later.sheet)[:2] == ["80000", "60000"]


def test_a_plan_older_than_a_closure_is_not_issued(bench):
    set_budget(bench, 200_000, year=2026)
    record(bench, past("E4", 2024, 90_000))
    row = cement("E4", 0, **GRANDFATHERED, base_first_year=2024, base_last_year=2024)
    planned = plan(bench, row, year=2026).require()
    bench.do(CutRight(amount=30_000, enterprise="E4")).require()

    answer = refused(bench, issuing(planned.result["plan_hash"], year=2026))

    assert answer.code == "plan_outdated"
    assert answer.facts == {"enterprise": "E4", "year": 2026, "measure": "energy"}
    anew = plan(bench, row, year=2026).require()
    assert anew.result["granted"] == 60_000
    agreed(bench, issuing(anew.result["plan_hash"], year=2026)).require()


def test_what_was_issued_before_a_closure_is_cut_at_true_up(bench, clock):
    """A closure of 2024 is confirmed after 60,000 of 100,000 for 2025 went out: 70,000 is final."""
    set_budget(bench, 200_000_000)
    record(bench, past("E4", 2023, 100_000_000))
    issued(bench, cement("E4", 0, **GRANDFATHERED, base_first_year=2023, base_last_year=2023))
    bench.do(CutRight(amount=30_000_000, enterprise="E4", closure_year=2024)).require()
    end_the_year(bench, clock)
    final(bench, "E4", pumps=1)

    answer = agreed(bench, truing())

    assert answer.result["credited"] == 10_000_000
    assert bench.balance("enterprise:E4:holding", FLOW) == 70_000_000


def test_later_allocations_by_output_fall_with_it_and_are_not_cut_twice(bench):
    set_budget(bench, 200_000_000, year=2026)
    bench.do(CutRight(amount=30_000)).require()

    plan(bench, cement(output=1_000), year=2026).require()

    assert allocation(bench, year=2026).granted == 100_000


def test_unused_flow_of_the_closure_year_goes_back(bench):
    set_budget(bench, 200_000_000)
    issued(bench, cement())

    answer = bench.do(CutFlow(amount=20_000_000))

    assert answer.result == {"taken_kgce": 20_000_000, "due_claim_kgce": 0}
    assert bench.balance("enterprise:E1:restricted", FLOW) == 40_000_000
    assert bench.balance(BUDGET, FLOW) == 160_000_000


def test_flow_that_is_no_longer_there_is_claimed(bench):
    set_budget(bench, 200_000_000)
    issued(bench, cement())
    move(bench, "enterprise:E1:restricted", "enterprise:E2:holding", 59_000_000)

    answer = bench.do(CutFlow(amount=20_000_000))

    assert answer.result == {"taken_kgce": 1_000_000, "due_claim_kgce": 19_000_000}


def test_no_more_flow_goes_back_than_was_issued(bench):
    set_budget(bench, 200_000_000)
    issued(bench, cement())

    answer = refused_alone(bench, CutFlow(amount=60_000_001))

    assert answer.code == "claw_back_too_large"
    assert answer.facts["available"] == 60_000_000


def test_who_was_issued_nothing_has_no_flow_to_give_back(bench):
    answer = bench.do(CutFlow(amount=1))

    assert answer.result == {"taken_kgce": 0, "due_claim_kgce": 0}


def test_true_up_does_not_take_a_second_time_what_a_closure_took(bench, clock):
    """60,000 tce went out, 20,000 came back; output for 45,000 leaves 5,000 to credit."""
    set_budget(bench, 200_000_000)
    issued(bench, cement())
    bench.do(CutFlow(amount=20_000_000)).require()
    end_the_year(bench, clock)
    final(bench, cement=450_000)

    answer = agreed(bench, truing())

    assert answer.result["credited"] == 5_000_000
    assert bench.balance("enterprise:E1:holding", FLOW) == 45_000_000


def test_true_up_by_past_totals_does_not_give_back_what_a_closure_took(bench, clock):
    """100,000 tce less the 20,000 that the closure took: 80,000, of which 40,000 are there."""
    set_budget(bench, 200_000_000)
    record(bench, past("E4", 2024, 100_000_000))
    issued(bench, cement("E4", 0, product="", benchmark="", base_first_year=2024))
    bench.do(CutFlow(amount=20_000_000, enterprise="E4")).require()
    end_the_year(bench, clock)
    final(bench, "E4", pumps=1)

    answer = agreed(bench, truing())

    assert answer.result["credited"] == 40_000_000
    assert bench.balance("enterprise:E4:holding", FLOW) == 80_000_000
    assert replayed(allocation(bench, "E4", "").final_sheet) == [
        "100000000",
        "80000000",
        "40000000",
    ]


def test_a_year_of_allocation_replays_to_the_same_state(bench, clock, other_engine):
    entitle(bench)
    set_budget(bench, 150_000_000)
    issued(bench, cement("E2"), cement("E1"))
    bench.do(CutRight(amount=600, facility="F1")).require()
    bench.do(CutFlow(amount=20_000_000)).require()
    end_the_year(bench, clock)
    final(bench, "E1", cement=100_000)
    final(bench, "E2", cement=1_100_000)
    agreed(bench, truing()).require()

    result = replay(bench.engine, other_engine, bench.subjects, iter(lambda: 7, None))

    assert result.digest == bench.digest()


def leading(product: str, benchmark: str):
    return cement(product=product, method="leader_level", benchmark=benchmark, output=0)


def test_a_cut_goes_through_the_products_of_a_leader_level_once(bench, clock):
    """Cement of 900 and lime of 100; 950 are given up, then 30 more after the issue."""
    set_budget(bench, 100_000_000)
    for year in (2022, 2023, 2024):
        record(bench, past("E1", year, 1, product="cement", output=10))
        record(bench, past("E1", year, 1, product="lime", output=5))
    bench.do(CutRight(amount=950, closure_year=2024)).require()

    plan(bench, leading("cement", "90")).require()
    issued(bench, leading("lime", "20"))
    rows = [allocation(bench, product=product) for product in ("cement", "lime")]
    assert [row.requested for row in rows] == [0, 50]

    bench.do(CutRight(amount=30, closure_year=2024)).require()
    assert [allocation(bench, product=name).cut for name in ("cement", "lime")] == [0, 30]
    end_the_year(bench, clock)
    final(bench, cement=1, lime=1)
    agreed(bench, truing()).require()

    assert bench.balance("enterprise:E1:holding", FLOW) == 20


def test_a_leader_level_planned_before_a_cut_is_planned_anew(bench):
    set_budget(bench, 100_000_000)
    for year in (2022, 2023, 2024):
        record(bench, past("E1", year, 1, product="cement", output=10))
    planned = plan(bench, leading("cement", "90")).require()
    bench.do(CutRight(amount=1, closure_year=2024)).require()

    answer = refused(bench, issuing(planned.result["plan_hash"]))

    assert answer.code == "plan_outdated"
