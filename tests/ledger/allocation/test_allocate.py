"""A plan is staged without effect, fits the budget exactly, and is issued as it was read."""

import msgspec
import pytest

from ledger.allocation.allocate import ISSUED_AT_ONCE_MAX
from ledger.approve import proposing
from ledger.districts.enforce import ReserveBudget
from ledger.metering.carriers import Basis
from tests.build import DISTRICT
from tests.ledger.allocation.build import (
    BUDGET,
    COAL,
    FLOW,
    TOWN,
    agreed,
    allocation,
    allocation_ledger,
    budget,
    cement,
    issued,
    issuing,
    past,
    plan,
    planning,
    record,
    refused,
    refused_alone,
    set_budget,
)
from tests.ledger.allocation.replayed import replayed
from tests.ledger.metering.build import adopt_factors, factor_payload


@pytest.fixture
def bench(engine, clock):
    return allocation_ledger(engine, clock)


def reserving(amount: int) -> ReserveBudget:
    return ReserveBudget(
        district=TOWN, year=2025, measure="energy", document="RES-1", amount=amount
    )


def test_a_plan_is_staged_without_effect(bench):
    set_budget(bench, 200_000_000)

    answer = plan(bench, cement("E1"), cement("E2", 500_000))

    assert answer.result["planned"] == 2
    assert answer.result["requested"] == 150_000_000
    assert answer.result["granted"] == 150_000_000
    assert answer.result["pre_issued"] == 90_000_000
    assert bench.balance(BUDGET, FLOW) == 200_000_000
    assert allocation(bench).state == "planned"


def test_an_issue_gives_sixty_percent_into_restricted(bench):
    set_budget(bench, 200_000_000)

    answer = issued(bench, cement())

    assert answer.result["issued"] == 1
    assert answer.result["amount"] == 60_000_000
    assert answer.result["remaining"] == 0
    assert bench.balance("enterprise:E1:restricted", FLOW) == 60_000_000
    assert bench.balance("enterprise:E1:holding", FLOW) == 0
    assert bench.balance(BUDGET, FLOW) == 140_000_000


def test_a_pre_issue_is_floored_to_whole_tonnes(bench):
    """60 % of 12,345,678 kgce is 7,407,406.8: 7,407 tonnes."""
    set_budget(bench, 200_000_000)

    issued(bench, cement(output=12_345_678, benchmark="1"))

    assert bench.balance("enterprise:E1:restricted", FLOW) == 7_407_000
    assert allocation(bench).granted == 12_345_678


def test_the_saleable_share_goes_to_the_holding(engine, clock):
    """Share 1/7 of 60,000,000 kgce is 8,571,428.6: 8,571 tonnes."""
    bench = allocation_ledger(engine, clock, allocation__pre_issue_saleable_share="1/7")
    set_budget(bench, 200_000_000)

    issued(bench, cement())

    assert bench.balance("enterprise:E1:holding", FLOW) == 8_571_000
    assert bench.balance("enterprise:E1:restricted", FLOW) == 51_429_000


def test_requests_beyond_the_budget_use_it_exactly(bench):
    """Three requests of 500 tce on 1,000 tce and 1 kgce: the odd kgce goes by enterprise code."""
    set_budget(bench, 1_000_001)
    third = cement("E5", 5_000)

    answer = plan(bench, third, cement("E2", 5_000), cement("E1", 5_000))

    assert answer.result["granted"] == 1_000_001
    granted = [allocation(bench, name).granted for name in ("E1", "E2", "E5")]
    assert granted == [333_334, 333_334, 333_333]
    # 60 % of 333,334 is 200,000.4 and of 333,333 is 199,999.8, which is 199 whole tonnes.
    first = [allocation(bench, name).pre_issued for name in ("E1", "E2", "E5")]
    assert first == [200_000, 200_000, 199_000]


def test_the_pre_issues_leave_the_budget_and_the_rest_stays_promised(bench):
    """Granted 333,334 + 333,333 + 333,333; issued beforehand 200 + 199 + 199 tonnes."""
    set_budget(bench, 1_000_000)
    issued(bench, cement("E1", 5_000), cement("E2", 5_000), cement("E5", 5_000))

    answer = refused(bench, reserving(1))

    assert bench.balance(BUDGET, FLOW) == 402_000
    assert answer.code == "budget_exceeded"
    assert (answer.facts["needed"], answer.facts["available"]) == (1, 0)


def test_a_later_plan_scales_what_is_still_staged_with_it(bench):
    set_budget(bench, 1_000_000)
    plan(bench, cement("E1", 10_000)).require()

    plan(bench, cement("E2", 10_000)).require()

    assert [allocation(bench, name).granted for name in ("E1", "E2")] == [500_000, 500_000]


def test_a_smaller_row_in_its_place_gives_the_others_their_whole_again(bench):
    set_budget(bench, 1_000_000)
    plan(bench, cement("E1", 10_000), cement("E2", 10_000)).require()

    plan(bench, cement("E2", 0)).require()

    assert [allocation(bench, name).granted for name in ("E1", "E2")] == [1_000_000, 0]
    assert len(replayed(allocation(bench).sheet)) == 3


def test_what_was_issued_leaves_only_the_headroom_to_a_later_plan(bench):
    set_budget(bench, 1_000_000)
    issued(bench, cement("E1", 7_000))

    answer = plan(bench, cement("E2", 7_000))

    assert answer.result["headroom"] == 300_000
    assert allocation(bench, "E2").granted == 300_000


def test_a_plan_that_fills_the_budget_to_the_last_kgce_is_issued(bench):
    set_budget(bench, 1_000_000)

    issued(bench, cement(output=10_000))

    assert bench.balance("enterprise:E1:restricted", FLOW) == 600_000


def test_one_kgce_less_in_the_budget_than_was_planned_is_refused(bench):
    set_budget(bench, 1_000_000)
    planned = plan(bench, cement(output=10_000)).require()
    agreed(bench, reserving(1)).require()

    answer = refused(bench, issuing(planned.result["plan_hash"]))

    assert answer.code == "budget_exceeded"
    assert answer.verdict.rule == "DST-52"
    assert answer.facts == {
        "district": TOWN,
        "year": 2025,
        "measure": "energy",
        "needed": 1_000_000,
        "available": 999_999,
    }


def test_a_plan_that_changed_after_it_was_read_is_refused(bench):
    set_budget(bench, 200_000_000)
    planned = plan(bench, cement()).require()
    plan(bench, cement(output=1_000_001)).require()

    answer = refused(bench, issuing(planned.result["plan_hash"]))

    assert answer.code == "plan_changed"


def test_an_issue_needs_a_plan_a_budget_and_a_document(bench):
    assert refused(bench, issuing("")).code == "budget_not_set"
    set_budget(bench, 1_000)
    assert refused(bench, issuing("")).code == "nothing_planned"
    assert refused(bench, issuing("", document=" ")).code == "allocation_document_missing"


def test_nobody_issues_alone(bench):
    assert refused_alone(bench, proposing(issuing(""))).code == "role_missing"
    assert refused_alone(bench, issuing(""), actor=DISTRICT).code == "second_person_needed"


def test_what_was_issued_is_not_planned_anew(bench):
    set_budget(bench, 200_000_000)
    issued(bench, cement())

    answer = refused_alone(bench, planning(cement(output=1)), actor=DISTRICT)

    assert answer.code == "allocation_issued"
    assert answer.facts == {"enterprise": "E1", "year": 2025, "product": "cement"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"enterprise": "E7"}, "party_unknown"),
        ({"enterprise": "E9"}, "enterprise_elsewhere"),
        ({"benchmark": ""}, "allocation_terms_malformed"),
        ({"benchmark": "-1"}, "allocation_terms_malformed"),
        ({"sector_coefficient": "1e3"}, "allocation_terms_malformed"),
        ({"output": -1}, "allocation_terms_malformed"),
        ({"product": ""}, "allocation_terms_malformed"),
        ({"product": "p" * 65}, "allocation_terms_malformed"),
        ({"method": "grandfathering"}, "allocation_terms_malformed"),
        ({"method": "historic_intensity"}, "base_years_missing"),
        ({"method": "historic_intensity", "reduction": "1.1"}, "allocation_terms_malformed"),
        (
            {"method": "historic_intensity", "base_first_year": 2024, "base_last_year": 2023},
            "base_years_missing",
        ),
    ],
)
def test_a_row_that_its_method_cannot_work_with_is_refused(bench, changes, code):
    set_budget(bench, 200_000_000)

    answer = refused_alone(bench, planning(cement(**changes)), actor=DISTRICT)

    assert answer.code == code


def test_a_plan_names_an_enterprise_and_product_once(bench):
    set_budget(bench, 200_000_000)

    answer = refused_alone(bench, planning(cement(), cement()), actor=DISTRICT)

    assert answer.facts["codes"] == "allocation_repeated"


def test_machinery_is_grandfathered_by_its_pack(bench):
    """(90 + 100 + 110) ÷ 3 × 0.97 × 1.1 = 106.7 tce."""
    set_budget(bench, 200_000_000)
    record(bench, *(past("E4", 2021 + n, 80_000 + 10_000 * n) for n in (1, 2, 3)))

    plan(
        bench,
        cement("E4", 0, product="", benchmark="", reduction="0.03", sector_coefficient="1.1"),
    ).require()

    row = allocation(bench, "E4", "")
    assert (row.method, row.granted) == ("grandfathering", 106_700)
    assert "national@" in row.pack_version


def test_textiles_go_by_their_past_intensity(bench):
    """(2 + 4) ÷ 2 = 3 kgce a unit, less 10 %, times 500 units."""
    set_budget(bench, 200_000_000)
    record(
        bench,
        past("E3", 2023, 2_000, product="cloth", output=1_000),
        past("E3", 2024, 400, product="cloth", output=100),
    )
    row = {"product": "cloth", "benchmark": "", "reduction": "1/10", "base_first_year": 2023}

    plan(bench, cement("E3", 500, **row)).require()

    planned = allocation(bench, "E3", "cloth")
    assert (planned.method, planned.granted) == ("historic_intensity", 1_350)


def test_a_sector_without_a_method_takes_the_default(bench):
    set_budget(bench, 200_000_000)

    plan(bench, cement("E5", 10)).require()

    assert allocation(bench, "E5").method == "benchmarking"


def test_a_record_for_all_products_stands_before_those_by_product(bench):
    set_budget(bench, 200_000_000)
    record(
        bench,
        past("E4", 2024, 700, product="pumps", output=7),
        past("E4", 2024, 300, product="gears", output=3),
        past("E4", 2023, 50, product="pumps", output=7),
        past("E4", 2023, 600),
    )

    plan(bench, cement("E4", 0, product="", benchmark="", base_first_year=2023)).require()

    assert allocation(bench, "E4", "").granted == 800


def test_the_newest_record_of_a_year_counts(bench):
    set_budget(bench, 200_000_000)
    record(bench, past("E4", 2024, 700))
    record(bench, past("E4", 2024, 900))

    plan(bench, cement("E4", 0, product="", benchmark="", base_first_year=2024)).require()

    assert allocation(bench, "E4", "").granted == 900


def test_coal_is_allocated_in_kilograms_from_a_budget_of_its_own(bench):
    set_budget(bench, 10_000_000, measure="coal")

    issued(bench, cement(output=50_000), measure="coal")

    assert bench.balance("enterprise:E1:restricted", COAL) == 3_000_000
    row = allocation(bench, measure="coal")
    assert {step["unit"] for step in msgspec.json.decode(row.sheet)["steps"]} == {"kg"}


def test_every_step_of_a_scaled_plan_can_be_recomputed(bench):
    set_budget(bench, 1_000_000)
    record(bench, *(past("E4", year, 900_000) for year in (2022, 2023, 2024)))
    plan(
        bench,
        cement("E1", 7_777, sector_coefficient="1.12"),
        cement("E4", 0, product="", benchmark="", reduction="3/100"),
    ).require()

    first = replayed(allocation(bench, "E1").sheet)
    second = replayed(allocation(bench, "E4", "").sheet)

    # 871,024 and 873,000 of 1,000,000: 499,433.5… and 500,566.5…, the larger remainder first.
    assert first == ["871024", "499433", "299000", "0"]
    assert second == ["873000", "500567", "300000", "0"]


def test_rows_are_issued_in_parts_that_each_name_what_is_left(bench, monkeypatch):
    assert ISSUED_AT_ONCE_MAX == 1_000
    monkeypatch.setattr("ledger.allocation.allocate.ISSUED_AT_ONCE_MAX", 1)
    set_budget(bench, 200_000_000)
    first = issued(bench, cement("E1", 10), cement("E2", 10)).result

    second = agreed(bench, issuing(first["plan_hash"])).require().result

    assert (first["issued"], first["remaining"]) == (1, 1)
    assert (second["issued"], second["remaining"]) == (1, 0)
    assert allocation(bench, "E2").state == "issued"


def test_a_cap_cannot_be_lowered_under_what_a_plan_was_promised(bench):
    set_budget(bench, 1_000_000)
    issued(bench, cement(output=9_000))

    answer = refused(bench, budget(899_999, document="DOC-2"), maker="person:REG1")

    assert (answer.facts["needed"], answer.facts["available"]) == (100_001, 100_000)


def test_a_baseline_in_calorific_value_is_never_planned_as_allowances(sqlite_engine, clock):
    bench = allocation_ledger(sqlite_engine, clock, metering__basis="calorific")
    set_budget(bench, 1_000_000)

    answer = refused_alone(bench, planning(cement(output=9_000)), actor=DISTRICT)

    assert answer.code == "allocation_basis_other"
    assert answer.facts == {"district": TOWN, "year": 2025, "basis": "calorific"}


def test_the_first_edition_of_a_year_may_follow_its_budget_and_then_stays(bench):
    set_budget(bench, 1_000_000)
    adopt_factors(bench)

    answer = refused(bench, factor_payload(Basis.EQUIVALENT, "amended"), maker="person:REG1")

    assert answer.code == "edition_behind_quota"
    assert answer.facts == {"year": 2025, "basis": "equivalent", "asset": FLOW}


def test_a_budget_of_one_year_leaves_the_edition_of_another_open(bench):
    set_budget(bench, 1_000_000)
    adopt_factors(bench, year=2026)

    answer = bench.both(factor_payload(Basis.EQUIVALENT, "amended", year=2026))

    assert answer.ok
