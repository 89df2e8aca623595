"""Last year's evaluation multiplies a quota, in plan, trial and true-up alike."""

import msgspec
import pytest
import sqlalchemy as sa

from api.read.trials import outcome_of
from ledger.allocation.sheet import sheet_document
from ledger.allocation.what_if import Override, Trial
from ledger.db import reading
from ledger.districts.evaluation import EvaluationLine, RecordEvaluations, ScoreEvaluations
from ledger.recompute import recompute
from tests.ledger.allocation.build import (
    TOWN,
    agreed,
    allocation,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    plan,
    set_budget,
    truing,
)

FEN_PER_10K_YUAN = 1_000_000
C, D = 1_250, 0
"""Value added that gives band c and band d, in 10,000 yuan of 1,000 tce, without any tax."""


def scored(bench, enterprise="E1", value_added=C, year=2024):
    line = EvaluationLine(
        enterprise, year, value_added * FEN_PER_10K_YUAN, 0, 1_000_000, 6_667, "V-1"
    )
    bench.do(RecordEvaluations(rows=(line,))).require()
    agreed(bench, ScoreEvaluations(district=TOWN, year=year, document="V-2")).require()


def steps(row, stage="planned"):
    """The steps of a sheet by name; whoever has the sheet alone recomputes every one of them."""
    document = sheet_document(row, stage)
    assert {check.problem for check in recompute(document)} == {""}
    return {each["name"]: each for each in document["sheet"]["steps"]}


@pytest.fixture
def bench(engine, clock):
    bench = allocation_ledger(engine, clock)
    set_budget(bench, 300_000_000)
    return bench


def test_the_newest_band_of_the_year_before_multiplies_plan_and_true_up(bench, clock):
    """Band c is 0.95: 95,000 of 100,000 tce are planned, and 85,500 of 90,000 are final."""
    scored(bench, value_added=D)
    scored(bench)
    issued(bench, cement(), cement("E2"))
    row, unscored = allocation(bench), allocation(bench, "E2")

    assert (row.requested, unscored.requested) == (95_000_000, 100_000_000)
    assert steps(row)["factor of the evaluation"]["inputs"] == {
        "quota": "100000000",
        "factor": "0.95",
        "band": "c",
    }
    assert "factor of the evaluation" not in steps(unscored)
    assert "band" not in msgspec.json.decode(unscored.terms)

    scored(bench, value_added=D)  # what is scored after the plan does not touch it
    end_the_year(bench, clock)
    final(bench, cement=900_000)
    final(bench, "E2", cement=900_000)
    agreed(bench, truing()).require()

    assert allocation(bench).issued == 85_500_000
    assert allocation(bench, "E2").issued == 90_000_000
    assert steps(allocation(bench), "final")["factor of the evaluation"]["result"] == ("85500000")


def test_a_trial_shows_the_factor_and_may_turn_it_off_or_change_it(bench):
    scored(bench)
    plan(bench, cement()).require()

    def granted(*parameters):
        trial = Trial(district=TOWN, year=2025, measure="energy", parameters=parameters)
        with reading(bench.engine) as connection:
            return [row.granted for row in outcome_of(connection, trial).rows]

    assert granted() == [95_000_000]
    assert granted(Override("evaluation.coefficient.c", "1/2")) == [50_000_000]
    assert granted(Override("allocation.by_evaluation", "false")) == [100_000_000]


def test_a_plan_asks_once_for_all_scores(sqlite_engine, clock):
    asked = []
    sa.event.listen(
        sqlite_engine,
        "before_cursor_execute",
        lambda *facts: asked.append(facts[2]) if "FROM evaluation_scores" in facts[2] else None,
    )
    bench = allocation_ledger(sqlite_engine, clock)
    set_budget(bench, 300_000_000)
    scored(bench)
    asked.clear()
    plan(bench, cement(), cement("E2"), cement("E1", product="lime")).require()
    assert len(asked) == 1


@pytest.mark.parametrize(("is_on", "year"), [(False, 2024), (True, 2023)])
def test_no_factor_where_the_pack_says_no_or_another_year_was_scored(
    sqlite_engine, clock, is_on, year
):
    bench = allocation_ledger(sqlite_engine, clock, allocation__by_evaluation=is_on)
    set_budget(bench, 300_000_000)
    scored(bench)
    # The sample's scale begins with 2024, so a score of 2023 is written by hand.
    with bench.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE evaluation_scores SET year = {year}"))

    plan(bench, cement()).require()

    assert allocation(bench).requested == 100_000_000
    assert "band" not in allocation(bench).terms
