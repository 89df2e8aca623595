"""Projects and plans that are refused before their measures are looked at."""

from datetime import date

import pytest

from ledger.days import start_of
from ledger.substitution.project import PlanSubstitution, SourceLine
from tests.ledger.substitution.five import ADDED, NEEDED, OFFERED, accept, build, refusal
from tests.ledger.substitution.world import (
    closure,
    free,
    lines,
    plan,
    project,
    refused_alone,
)


def test_a_plan_that_names_one_source_twice_does_not_count_it_twice(light_freed):
    rest = [offer for offer in OFFERED if offer[0] != "S1-ENERGY"]
    twice = (("S1-ENERGY", 6_000_003), ("S1-ENERGY", 6_000_002))
    light_freed.do(project(additions=ADDED)).require()

    answer = refused_alone(light_freed, plan("P1", *rest, *twice))

    assert answer.code == "source_insufficient"
    assert (answer.facts["needed"], answer.facts["available"]) == (12_000_005, 12_000_004)


@pytest.mark.parametrize(("today", "code"), [((2030, 12, 31), "ok"), ((2031, 1, 1), "expired")])
def test_a_source_serves_to_the_end_of_its_last_year(light, clock, today, code):
    free(light, closure("S1", measures=lines(NEEDED)))
    build(light, *OFFERED, last_year=2040)
    clock.now = start_of(date(*today))

    answer = accept(light) if code == "ok" else refusal(light)

    assert answer.code == ("ok" if code == "ok" else "source_expired")


def offer(source: str, amount: int = 1, asset: str = "") -> PlanSubstitution:
    line = SourceLine(source, amount, asset)
    return PlanSubstitution(project="P1", sources=(line,), document="统筹1号")


FLOW = "energy.flow.general.2026.eq.990102"


@pytest.mark.parametrize(
    ("line", "code", "facts"),
    [
        (
            offer("S9-ENERGY"),
            "source_unknown",
            {"project": "P1", "source": "S9-ENERGY", "asset": ""},
        ),
        (
            offer("E3-HOLDING", asset=FLOW),
            "source_not_standing",
            {"project": "P1", "source": "E3-HOLDING", "asset": FLOW},
        ),
        (
            offer("S1-ENERGY", asset="energy.standing.two_high.t2031.eq.990101"),
            "source_unknown",
            {
                "project": "P1",
                "source": "S1-ENERGY",
                "asset": "energy.standing.two_high.t2031.eq.990101",
            },
        ),
        (
            offer("S1-ENERGY", 12_000_005),
            "source_insufficient",
            {
                "project": "P1",
                "source": "S1-ENERGY",
                "needed": 12_000_005,
                "available": 12_000_004,
            },
        ),
    ],
)
def test_a_plan_offers_from_confirmed_sources_only(light_freed, line, code, facts):
    build(light_freed, *OFFERED)

    answer = refused_alone(light_freed, line)

    assert answer.code == code
    assert answer.facts == facts


def test_a_claim_that_is_not_confirmed_is_no_source(light):
    light.do(closure("S1")).require()
    light.do(project(additions=ADDED)).require()

    answer = refused_alone(light, plan("P1", ("S1-ENERGY", 12_000_004)))

    assert answer.code == "source_unknown"


@pytest.mark.parametrize("family", ["capacity", "coal", "energy", "carbon", "pollutant"])
def test_a_measure_that_is_not_stated_is_refused(light_freed, family):
    left = {measure: added for measure, added in ADDED.items() if not measure.startswith(family)}
    build(light_freed, *OFFERED, additions=left)

    answer = refusal(light_freed)

    assert answer.code == "measure_not_stated"
    assert answer.facts == {"project": "P1", "family": family}


def test_a_project_is_accepted_once(light_freed):
    build(light_freed, *OFFERED)
    accept(light_freed).require()

    again = refusal(light_freed)
    replanned = refused_alone(light_freed, plan("P1", *OFFERED))

    assert again.code == "project_not_ready"
    assert again.facts == {"project": "P1", "state": "accepted", "needed": "planned"}
    assert replanned.code == "project_not_ready"


def test_a_project_without_a_plan_is_not_accepted(light):
    light.do(project(additions=ADDED)).require()

    answer = refusal(light)

    assert answer.code == "project_not_ready"
    assert answer.facts["state"] == "registered"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"code": "p1"}, "party_id_malformed"),
        ({"enterprise": "E9"}, "party_unknown"),
        ({"district": "110000"}, "party_unknown"),
        ({"sector": "X"}, "party_unknown"),
        ({"last_year": 2025}, "standing_term_over"),
        ({"industry": "Cement"}, "industry_malformed"),
        ({"decision": ""}, "decision_document_missing"),
        ({"additions": {}}, "rows_empty"),
        ({"additions": {"energy": -1}}, "amount_not_positive"),
        ({"additions": {"capacity": 1}}, "asset_malformed"),
    ],
)
def test_a_project_that_is_not_well_described_is_refused(light, facts, code):
    answer = refused_alone(light, project(**{"additions": ADDED, **facts}))

    assert answer.code == code


def test_a_project_is_registered_once(light):
    light.do(project(additions=ADDED)).require()

    answer = refused_alone(light, project(additions=ADDED))

    assert answer.code == "project_exists"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (plan("P9", ("S1-ENERGY", 1)), "project_unknown"),
        (plan("P1"), "rows_empty"),
        (plan("P1", ("S1-ENERGY", 0)), "amount_not_positive"),
    ],
)
def test_a_plan_that_is_not_well_made_is_refused(light, payload, code):
    light.do(project(additions=ADDED)).require()

    answer = refused_alone(light, payload)

    assert answer.code == code


def test_an_unknown_project_is_not_accepted(light):
    assert refusal(light, "P9").code == "project_unknown"
