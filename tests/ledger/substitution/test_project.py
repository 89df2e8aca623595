"""Projects against what is freed elsewhere: examples 30 and 31, and how value moves."""

import itertools

import msgspec
import pytest
import sqlalchemy as sa

from ledger.db import reading
from ledger.replay import replay
from ledger.substitution.tables import ProjectMeasureRow, ProjectRow, RetirementRow
from tests.ledger.substitution.five import (
    ADDED,
    NEEDED,
    NET,
    OFFERED,
    SOURCES,
    accept,
    build,
    refusal,
)
from tests.ledger.substitution.world import (
    closure,
    free,
    lines,
    plan,
    project,
    refused_alone,
)


def test_a_project_that_is_covered_in_five_measures_is_accepted(freed):
    build(freed, *OFFERED)

    answer = accept(freed).require()

    assert answer.result == {"project": "P1", "retired": NEEDED, "net_reduction": NET}


def test_acceptance_retires_the_sources_and_issues_what_is_added(freed):
    build(freed, *OFFERED)

    accept(freed).require()

    assert [freed.balance(f"source:{source}", asset) for source, asset in SOURCES.items()] == [
        0,
        0,
        0,
        0,
        0,
    ]
    assert freed.balance("scheme:substituted:P1", SOURCES["S1-ENERGY"]) == 12_000_004
    assert freed.balance("scheme:substituted:P1", SOURCES["S1-COAL"]) == 1_100_002
    entitlement = "enterprise:E3:entitlement"
    assert freed.balance(entitlement, "energy.standing.two_high.t2030.eq.990102") == 10_000_003
    assert freed.balance(entitlement, "coal.standing.two_high.t2030.na.990102") == 1_000_001
    assert (
        freed.balance(entitlement, "capacity-clinker.standing.two_high.t2030.na.990102") == 100_000
    )
    assert freed.balance(entitlement, "carbon.standing.two_high.t2030.na.990102") == 20_000_000
    assert freed.balance(entitlement, "pollutant-so2.standing.two_high.t2030.na.990102") == 3_001


def test_acceptance_is_one_entry(light_freed):
    build(light_freed, *OFFERED)

    accept(light_freed).require()

    with reading(light_freed.engine) as connection:
        codes = connection.execute(
            sa.text("SELECT code, rule FROM entries WHERE reference = 'substitution:P1'")
        ).all()
        postings = connection.execute(
            sa.text(
                "SELECT count(*) FROM postings p JOIN entries e ON e.sequence = p.entry "
                "WHERE e.reference = 'substitution:P1'"
            )
        ).scalar_one()
    assert [tuple(row) for row in codes] == [("substitution", "SUB-53")]
    assert postings == 10


def test_acceptance_keeps_its_figures_and_the_pack_they_came_from(freed):
    build(freed, *OFFERED)

    accept(freed).require()

    with reading(freed.engine) as connection:
        row = connection.execute(sa.select(ProjectRow.__table__)).one()
        measures = connection.execute(sa.select(ProjectMeasureRow.__table__)).all()
        retired = connection.execute(sa.select(RetirementRow.__table__)).all()
    sheet = msgspec.json.decode(row.sheet)
    assert {one.measure: (one.retired, one.net_reduction) for one in measures} == {
        measure: (NEEDED[measure], NET[measure]) for measure in NEEDED
    }
    assert {one.source: one.amount for one in retired} == dict(OFFERED)
    assert "sample@" in sheet["pack_version"]
    assert sheet["steps"][2]["inputs"] == {
        "added": "10000003",
        "ratio": "1.2",
        "offered": "12000004",
        "short": "0",
    }
    assert sheet["steps"][2]["result"] == "12000004"


@pytest.mark.parametrize("measure", list(NEEDED))
def test_a_project_one_unit_short_in_one_measure_is_refused_on_that_measure(light_freed, measure):
    short = dict(OFFERED)
    source = "S1-" + measure.upper()
    short[source] -= 1
    build(light_freed, *short.items())

    answer = refusal(light_freed)

    assert answer.code == "measure_short"
    assert answer.facts == {
        "project": "P1",
        "measure": measure,
        "needed": NEEDED[measure],
        "offered": NEEDED[measure] - 1,
        "short": 1,
    }


def test_a_project_is_refused_twice_and_then_accepted(bench):
    """One unit of energy short; then covered by a textile mill; then by a cement line."""
    free(bench, closure("S1", measures=lines({**NEEDED, "energy": 12_000_003})))
    free(bench, closure("S2", "F2", enterprise="E2", measures=lines({"energy": 1})))
    free(bench, closure("S3", "F1B", measures=lines({"energy": 1})))
    offers = [*((one, NEEDED[one[3:].lower()]) for one in SOURCES if one != "S1-ENERGY")]
    offers.append(("S1-ENERGY", 12_000_003))

    build(bench, *offers)
    short = refusal(bench)
    bench.do(plan("P1", *offers, ("S2-ENERGY", 1))).require()
    barred = refusal(bench)
    bench.do(plan("P1", *offers, ("S3-ENERGY", 1))).require()
    accepted = accept(bench)

    assert (short.code, short.facts["measure"], short.facts["short"]) == (
        "measure_short",
        "energy",
        1,
    )
    assert barred.code == "class_barred"
    assert barred.facts == {
        "project": "P1",
        "source": "S2-ENERGY",
        "origin": "other",
        "accepted": "two_high",
    }
    assert accepted.result["retired"] == NEEDED
    assert bench.balance("source:S2-ENERGY", "energy.standing.other.t2030.eq.990101") == 1


def test_the_lots_of_covered_measures_are_not_used_up_by_a_refusal(bench):
    """Example 30: energy 1.2, coal 1.1, carbon 1.19 of a duty of 1.2; all stay reserved."""
    thousand = dict.fromkeys(ADDED, 1_000)
    offered = {
        "capacity-clinker": 1_250,
        "coal": 1_100,
        "energy": 1_200,
        "carbon": 1_190,
        "pollutant-so2": 2_000,
    }
    free(bench, closure("S1", measures=lines(offered)))
    build(bench, *zip(SOURCES, offered.values(), strict=True), additions=thousand)

    answer = refusal(bench)

    assert (answer.code, answer.facts["measure"]) == ("measure_short", "carbon")
    free_now = [bench.balance(f"source:{source}", asset) for source, asset in SOURCES.items()]
    reserved = [
        bench.balance(f"source:{source}:reserved", asset) for source, asset in SOURCES.items()
    ]
    assert free_now == [0, 0, 0, 0, 0]
    assert reserved == [1_250, 1_100, 1_200, 1_190, 2_000]


def test_one_retired_line_does_not_serve_two_projects(freed):
    """Example 31: what the first plan reserved is not there for the second."""
    build(freed, *OFFERED)
    freed.do(project("P2", additions=ADDED)).require()

    answer = refused_alone(freed, plan("P2", *OFFERED))

    assert answer.code == "source_insufficient"
    assert answer.facts == {
        "project": "P2",
        "source": "S1-CAPACITY-CLINKER",
        "needed": 125_000,
        "available": 0,
    }


def test_what_is_offered_beyond_the_need_stays_in_its_source(light):
    free(light, closure("S1", measures=lines({**NEEDED, "energy": 12_000_000})))
    free(light, closure("S3", "F1B", measures=lines({"energy": 50})))
    rest = [offer for offer in OFFERED if offer[0] != "S1-ENERGY"]
    build(light, *rest, ("S1-ENERGY", 12_000_000), ("S3-ENERGY", 50))

    accept(light).require()

    assert light.balance("source:S3-ENERGY", SOURCES["S1-ENERGY"]) == 46


def test_a_measure_of_which_nothing_is_added_needs_no_source(light_freed):
    build(
        light_freed,
        *(one for one in OFFERED if one[0] != "S1-COAL"),
        additions={**ADDED, "coal": 0},
    )

    answer = accept(light_freed).require()

    assert answer.result["retired"]["coal"] == 0
    assert light_freed.balance("source:S1-COAL", SOURCES["S1-COAL"]) == 1_100_002


def test_the_right_that_a_project_received_can_be_freed_again(bench):
    """Its line closes a year later: energy and capacity are reclassified, not issued anew."""
    free(bench, closure("S1", measures=lines(NEEDED)))
    build(bench, *OFFERED, enterprise="E1", district="990101")
    accept(bench).require()
    again = {"energy": 10_000_003, "capacity-clinker": 100_000}

    answer = free(bench, closure("S2", "F1B", measures=lines(again)))

    assert [one["against"] for one in answer.result["sources"]] == ["entitlement"] * 2
    entitlement = "enterprise:E1:entitlement"
    assert bench.balance(entitlement, SOURCES["S1-ENERGY"]) == 0
    assert bench.balance("scheme:converted", SOURCES["S1-ENERGY"]) == 10_000_003
    assert bench.balance("scheme:converted", SOURCES["S1-CAPACITY-CLINKER"]) == 100_000


def test_a_replay_on_another_database_gives_the_same_state(freed, other_engine):
    build(freed, *OFFERED)
    accept(freed).require()
    freed.do(project("P2", additions=ADDED)).require()
    refused_alone(freed, plan("P2", *OFFERED))

    replayed = replay(freed.engine, other_engine, freed.subjects, itertools.repeat(5))

    assert replayed.digest == freed.digest()
