"""A trial gives what the plan then gives, for any change, and leaves no trace."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.read.trials import outcome_of
from ledger.allocation.what_if import Override, Trial, TrialMalformed
from ledger.db import reading
from ledger.errors import Refused
from tests.conftest import DAY
from tests.ledger.allocation.build import (
    TOWN,
    allocation,
    allocation_ledger,
    cement,
    issued,
    past,
    plan,
    planning,
    record,
    set_budget,
)

SALT = {"product": "", "method": "grandfathering", "benchmark": "", "output": 0}


@pytest.fixture
def bench(engine, clock):
    bench = allocation_ledger(engine, clock)
    set_budget(bench, 300_000_000)
    record(bench, *(past("E3", year, 40_000_000) for year in (2022, 2023, 2024)))
    record(bench, *(past("E5", year, 60_000_000) for year in (2022, 2023, 2024)))
    plan(bench, cement(), cement("E2"), cement("E3", **SALT), cement("E5", **SALT)).require()
    return bench


def tried(bench, **changes):
    """The outcome of a trial, which must not change the ledger."""
    before = bench.digest()
    trial = Trial(**{"district": TOWN, "year": 2025, "measure": "energy", **changes})
    with reading(bench.engine) as connection:
        outcome = outcome_of(connection, trial)
    assert bench.digest() == before
    return outcome


def granted(outcome):
    return {row.enterprise: row.granted for row in outcome.rows}


def test_a_trial_without_changes_gives_what_is_planned(bench):
    outcome = tried(bench)

    assert granted(outcome) == {
        "E1": 100_000_000,
        "E2": 100_000_000,
        "E3": 40_000_000,
        "E5": 60_000_000,
    }
    assert outcome.totals() == {
        "rows": 4,
        "before": 300_000_000,
        "requested": 300_000_000,
        "granted": 300_000_000,
        "pre_issued": 180_000_000,
        "difference": 0,
        "winners": 0,
        "losers": 0,
        "unchanged": 4,
        "headroom": 300_000_000,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"sector_coefficient": "1/2", "sector": "CEMENT"},
            (50_000_000, 50_000_000, 40_000_000, 60_000_000),
            id="one trade at half",
        ),
        pytest.param(
            {"cap": 150_000_000},
            (50_000_000, 50_000_000, 20_000_000, 30_000_000),
            id="half the cap, all scaled",
        ),
        pytest.param(
            {"cap": 600_000_000, "benchmark": "200"},
            (200_000_000, 200_000_000, 40_000_000, 60_000_000),
            id="twice the benchmark under a higher cap",
        ),
        pytest.param(
            {"reduction": "0.25", "sector": "SALT"},
            (100_000_000, 100_000_000, 40_000_000, 45_000_000),
            id="a reduction for one trade",
        ),
    ],
)
def test_a_clerk_sees_who_wins_and_loses(bench, changes, expected):
    outcome = tried(bench, **changes)

    assert tuple(granted(outcome).values()) == expected
    before = (100_000_000, 100_000_000, 40_000_000, 60_000_000)
    differences = [now - then for now, then in zip(expected, before, strict=True)]
    assert [row.difference for row in outcome.rows] == differences
    assert outcome.totals()["winners"] == sum(each > 0 for each in differences)
    assert outcome.totals()["losers"] == sum(each < 0 for each in differences)


def test_parameters_of_the_pack_can_be_tried(bench):
    shares = (
        Override("allocation.pre_issue_share", "0.9"),
        Override("allocation.pre_issue_saleable_share", "1/2"),
    )

    outcome = tried(bench, parameters=shares)

    assert [row.pre_issued for row in outcome.rows] == [
        90_000_000,
        90_000_000,
        36_000_000,
        54_000_000,
    ]
    assert tried(bench).totals()["pre_issued"] == 180_000_000
    for override, code in (
        (Override("allocation.pre_issue_share", "much"), "trial_malformed"),
        (Override("no.such_key", "1"), "parameter_missing"),
        (Override("allocation.netting", "maybe"), "trial_malformed"),
    ):
        with pytest.raises(Refused) as refusal:
            tried(bench, parameters=(override,))
        assert refusal.value.code == code


def test_another_year_can_stand_for_a_plan_that_is_not_made_yet(bench, clock):
    told = issued(bench, cement(output=900_000))
    assert told.result["issued"] == 4
    set_budget(bench, 500_000_000, year=2026, document="DOC-2")
    clock.advance(379 * DAY)
    record(bench, past("E3", 2025, 40_000_000), past("E5", 2025, 30_000_000))

    outcome = tried(bench, year=2026, base_year=2025, sector="CEMENT", sector_coefficient="2")

    # E5 is looked back on from 2023 to 2025 now: 150,000 tce in three years.
    assert [(row.enterprise, row.granted, row.before) for row in outcome.rows] == [
        ("E1", 180_000_000, 90_000_000),
        ("E2", 200_000_000, 100_000_000),
        ("E3", 40_000_000, 40_000_000),
        ("E5", 50_000_000, 60_000_000),
    ]


def test_what_cannot_be_planned_cannot_be_tried(bench):
    for changes, code in (
        ({"district": "990199"}, "party_unknown"),
        ({"district": "990200"}, "trial_empty"),
        ({"year": 2027}, "trial_empty"),
        ({"cap": -1}, "trial_malformed"),
        ({"reduction": "2"}, "rows_refused"),
        ({"rows": (cement("E9"),)}, "enterprise_elsewhere"),
    ):
        with pytest.raises(Refused) as refusal:
            tried(bench, **changes)
        assert refusal.value.code == code, changes


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    outputs=st.lists(st.integers(0, 3_000_000), min_size=2, max_size=2),
    coefficient=st.fractions(0, 3, max_denominator=97).map(str),
    reduction=st.fractions(0, 1, max_denominator=89).map(str),
    sector=st.sampled_from(["", "CEMENT", "SALT"]),
)
def test_planning_the_lines_of_a_trial_gives_the_trial(
    bench, outputs, coefficient, reduction, sector
):
    lines = (
        cement(output=outputs[0]),
        cement("E2", output=outputs[1]),
        cement("E5", **SALT),
    )
    trial = {"sector": sector, "sector_coefficient": coefficient, "reduction": reduction}

    outcome = tried(bench, rows=lines, **trial)
    told = bench.do(planning(*outcome.lines), actor="person:DIS1").require().result

    assert told == outcome.plan
    for row in outcome.rows:
        product = "cement" if row.enterprise in ("E1", "E2") else ""
        stored = allocation(bench, row.enterprise, product)
        assert (row.requested, row.granted, row.pre_issued, row.sheet) == (
            stored.requested,
            stored.granted,
            stored.pre_issued,
            stored.sheet,
        )


def test_a_trial_takes_no_more_overrides_than_anyone_reads(bench):
    override = Override("allocation.pre_issue_share", "1")

    with pytest.raises(TrialMalformed):
        tried(bench, parameters=(override,) * 51)
    assert msgspec.json.decode(allocation(bench).sheet)["pack_version"] != "what-if"
