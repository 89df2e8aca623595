"""Projects against what is freed elsewhere: examples 26 to 31, scenario 11, and each refusal."""

import itertools
from datetime import date

import msgspec
import pytest
import sqlalchemy as sa

from ledger.days import start_of
from ledger.db import reading
from ledger.policy import to_plain
from ledger.replay import replay
from ledger.substitution.accept import AcceptProject
from ledger.substitution.project import PlanSubstitution, SourceLine
from ledger.substitution.tables import ProjectMeasureRow, ProjectRow, RetirementRow
from seeds import read_packs
from tests.build import DISTRICT, SECOND_REGULATOR
from tests.ledger.substitution.world import (
    adopt,
    closure,
    free,
    lines,
    open_city,
    plan,
    project,
    refused,
    refused_alone,
)

BY = {"by": (DISTRICT, SECOND_REGULATOR)}

# Ratios of the sample pack: capacity 5/4, coal 11/10, energy 6/5, carbon 6/5, pollutant 2.
ADDED = {
    "capacity-clinker": 100_000,
    "coal": 1_000_001,
    "energy": 10_000_003,
    "carbon": 20_000_000,
    "pollutant-so2": 3_001,
}
NEEDED = {
    "capacity-clinker": 125_000,
    "coal": 1_100_002,  # 1,100,001.1 rounded up
    "energy": 12_000_004,  # 12,000,003.6 rounded up
    "carbon": 24_000_000,
    "pollutant-so2": 6_002,
}
NET = {
    "capacity-clinker": 25_000,
    "coal": 100_001,
    "energy": 2_000_001,
    "carbon": 4_000_000,
    "pollutant-so2": 3_001,
}
SOURCES = {
    "S1-CAPACITY-CLINKER": "capacity-clinker.standing.two_high.t2030.na.990101",
    "S1-COAL": "coal.standing.two_high.t2030.na.990101",
    "S1-ENERGY": "energy.standing.two_high.t2030.eq.990101",
    "S1-CARBON": "carbon.standing.two_high.t2030.na.990101",
    "S1-POLLUTANT-SO2": "pollutant-so2.standing.two_high.t2030.na.990101",
}
OFFERED = tuple(zip(SOURCES, NEEDED.values(), strict=True))


@pytest.fixture
def bench(engine, clock):
    return open_city(engine, clock)


@pytest.fixture
def light(sqlite_engine, clock):
    """A city on one engine, for tables of what the packs and the payload decide."""
    return open_city(sqlite_engine, clock)


@pytest.fixture
def freed(bench):
    """Exactly what the project needs, freed by a cement line in another district of the city."""
    free(bench, closure("S1", measures=lines(NEEDED)))
    return bench


@pytest.fixture
def light_freed(light):
    free(light, closure("S1", measures=lines(NEEDED)))
    return light


def accept(bench, code="P1"):
    return bench.both(AcceptProject(project=code), maker=DISTRICT, checker=SECOND_REGULATOR)


def build(bench, *offers, additions=ADDED, code="P1", **facts):
    """Register a project and plan it from *offers*."""
    bench.do(project(code, additions=additions, **facts)).require()
    bench.do(plan(code, *offers)).require()


def refusal(bench, code="P1"):
    return refused(bench, AcceptProject(project=code), **BY)


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


def test_acceptance_is_one_entry(freed):
    build(freed, *OFFERED)

    accept(freed).require()

    with reading(freed.engine) as connection:
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
    assert sheet["pack_version"].startswith("sample@")
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
    """Example 30: energy 1.2, coal 1.1, carbon 1.19 of a duty of 1.2."""
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
    assert [bench.balance(f"source:{source}", asset) for source, asset in SOURCES.items()] == [
        1_250,
        1_100,
        1_200,
        1_190,
        2_000,
    ]


def test_one_retired_line_does_not_serve_two_projects(freed):
    """Example 31."""
    build(freed, *OFFERED)
    build(freed, *OFFERED, code="P2")
    accept(freed).require()

    answer = refusal(freed, "P2")

    assert answer.code == "source_insufficient"
    assert answer.facts == {
        "project": "P2",
        "source": "S1-CAPACITY-CLINKER",
        "needed": 125_000,
        "available": 0,
    }


def test_a_plan_that_names_one_source_twice_does_not_count_it_twice(freed):
    rest = [offer for offer in OFFERED if offer[0] != "S1-ENERGY"]
    build(freed, *rest, ("S1-ENERGY", 6_000_003), ("S1-ENERGY", 6_000_002))

    answer = refusal(freed)

    assert answer.code == "source_insufficient"
    assert (answer.facts["needed"], answer.facts["available"]) == (12_000_005, 12_000_004)


def test_what_is_offered_beyond_the_need_stays_in_its_source(bench):
    free(bench, closure("S1", measures=lines({**NEEDED, "energy": 12_000_000})))
    free(bench, closure("S3", "F1B", measures=lines({"energy": 50})))
    rest = [offer for offer in OFFERED if offer[0] != "S1-ENERGY"]
    build(bench, *rest, ("S1-ENERGY", 12_000_000), ("S3-ENERGY", 50))

    accept(bench).require()

    assert bench.balance("source:S3-ENERGY", SOURCES["S1-ENERGY"]) == 46


def energy_only(bench, **switches):
    """Put a pack in force that asks for energy alone; *switches* are further parameters."""
    values = {
        "substitution.measures": (["energy"], "choices"),
        "substitution.ratio.energy": ("6/5", "ratio"),
        "substitution.pool_area": ("city", "choice"),
        **switches,
    }
    city(bench, values)


def city(bench, values):
    parameters = [
        {
            "key": key,
            "value": value,
            "unit": unit,
            "valid_from": "2021-01-01",
            "status": "decided_here",
        }
        for key, (value, unit) in values.items()
    ]
    adopt(
        bench,
        {
            "id": "sample",
            "name": "示例省",
            "name_en": "Sample",
            "parent": "shandong",
            "draft": False,
            "sample": False,
            "parameter": parameters,
        },
    )


@pytest.fixture
def shandong(light):
    """The rules of Shandong between the nation's and the sample city's."""
    adopt(light, to_plain(read_packs()["shandong"]))
    return light


ON = (True, "switch")
BARRIER = {"substitution.class_barrier": ON, "substitution.qualifying_only": ON}
TEXTILE_SERVICE = {"enterprise": "E4", "sector": "SERVICE", "qualifying": "no"}


@pytest.mark.parametrize(
    ("claim", "facts", "switches", "code"),
    [
        (("S2", "F2", "E2"), {}, {}, "class_barred"),
        (("S2", "F2", "E2"), {"planned_major": "yes"}, {}, "class_barred"),
        (("S1", "F1", "E1"), {}, {}, "ok"),
        (("S1", "F1", "E1"), {"qualifying": "no", "decision": ""}, {}, "not_qualifying"),
        (("S1", "F1", "E1"), TEXTILE_SERVICE, {}, "class_barred"),
        (("S2", "F2", "E2"), TEXTILE_SERVICE, {}, "ok"),
        (
            ("S1", "F1", "E1"),
            TEXTILE_SERVICE,
            {"substitution.two_high_may_serve_others": ON},
            "ok",
        ),
        (
            ("S2", "F2", "E2"),
            {},
            {"substitution.class_barrier": (False, "switch")},
            "ok",
        ),
        (
            ("S1", "F1", "E1"),
            {"qualifying": "no"},
            {"substitution.qualifying_only": (False, "switch")},
            "ok",
        ),
    ],
)
def test_the_class_barrier(shandong, claim, facts, switches, code):
    """Example 26 and scenario 11: 5,000 tce asked for, 6,000 offered."""
    source, facility, enterprise = claim
    energy_only(shandong, **{**BARRIER, **switches})
    freed = closure(source, facility, enterprise=enterprise, measures=lines({"energy": 6_000_000}))
    free(shandong, freed)
    build(shandong, (f"{source}-ENERGY", 6_000_000), additions={"energy": 5_000_000}, **facts)

    answer = accept(shandong) if code == "ok" else refusal(shandong)

    assert answer.code == code


def test_ratios_of_the_industry_decide_what_is_retired(shandong):
    """Examples 27 to 29; coal ratios of 2018 have lapsed, so the city states its own."""
    city(
        shandong,
        {
            "substitution.measures": (["capacity", "coal", "carbon"], "choices"),
            "substitution.class_barrier": ON,
            "substitution.qualifying_only": ON,
            "substitution.pool_area": ("city", "choice"),
            "substitution.ratio.capacity": ("5/4", "ratio"),
            "substitution.ratio.carbon": ("6/5", "ratio"),
            "substitution.ratio.coal": ("6/5", "ratio"),
            "substitution.ratio.coal.cogeneration": ("11/10", "ratio"),
        },
    )
    # industry, (capacity t, coal kg, carbon kg) added and retired
    cases = {
        "P1": ("cement_clinker", (1_000_000, 0, 800_000_000), (1_500_000, 0, 1_200_000_000)),
        "P2": ("steel", (2_000_000, 0, 0), (2_500_000, 0, 0)),
        "P3": ("cement_grinding", (1_000_000, 0, 0), (2_000_000, 0, 0)),
        "P4": ("electrolytic_aluminium", (300_000, 0, 0), (450_000, 0, 0)),
        "P5": ("lime", (0, 0, 800_000_000), (0, 0, 960_000_000)),
        "P6": ("cogeneration", (0, 1_000_000_000, 0), (0, 1_100_000_000, 0)),
        "P7": ("glass", (0, 200_000_000, 0), (0, 240_000_000, 0)),
    }
    measures = ("capacity-clinker", "coal", "carbon")
    freed = lines(dict(zip(measures, (6_450_000, 1_340_000_000, 2_160_000_000), strict=True)))
    free(shandong, closure("S1", measures=freed))
    sources = ("S1-CAPACITY-CLINKER", "S1-COAL", "S1-CARBON")

    retired = {}
    for code, (industry, added, needed) in cases.items():
        offers = [one for one in zip(sources, needed, strict=True) if one[1]]
        additions = dict(zip(measures, added, strict=True))
        build(shandong, *offers, additions=additions, code=code, industry=industry)
        retired[code] = accept(shandong, code).require().result["retired"]

    assert retired == {
        code: dict(zip(measures, needed, strict=True)) for code, (_, _, needed) in cases.items()
    }


@pytest.mark.parametrize(
    ("standard", "code", "needed"), [("met", "measure_short", 101), ("failed", "ok", 200)]
)
def test_a_city_that_failed_its_standard_gives_up_more(shandong, standard, code, needed):
    city(
        shandong,
        {
            "substitution.measures": (["pollutant"], "choices"),
            "substitution.ratio.pollutant": ("1.01", "ratio"),
        },
    )
    free(shandong, closure("S1", measures=lines({"pollutant-so2": 200})))
    offered = 100 if standard == "met" else 200
    build(
        shandong,
        ("S1-POLLUTANT-SO2", offered),
        additions={"pollutant-so2": 100},
        pollutant_standard=standard,
    )

    answer = refusal(shandong) if code != "ok" else accept(shandong)

    assert answer.code == code
    assert (answer.facts.get("needed") or answer.result["retired"]["pollutant-so2"]) == needed


def test_a_city_that_asks_for_reduction_refuses_a_ratio_of_one(shandong):
    energy_only(shandong, **{"substitution.ratio.energy": ("1", "ratio")})
    free(shandong, closure("S1"))
    build(shandong, ("S1-ENERGY", 1_000), additions={"energy": 1_000})

    answer = refusal(shandong)

    assert answer.code == "ratio_too_low"
    assert answer.facts == {"measure": "energy", "ratio": "1", "accepted": "above 1"}


def test_a_city_without_a_ratio_accepts_nothing(shandong):
    city(shandong, {"substitution.measures": (["energy"], "choices")})
    free(shandong, closure("S1"))
    build(shandong, ("S1-ENERGY", 1_000), additions={"energy": 1_000})

    answer = refusal(shandong)

    assert answer.code == "parameter_missing"
    assert answer.facts["key"] == "substitution.ratio.energy"


@pytest.mark.parametrize(
    ("pool", "claim", "code"),
    [
        ("city", ("S1", "F1", "E1"), "ok"),
        ("city", ("S5", "F5", "E5"), "source_outside_pool"),
        ("district", ("S1", "F1", "E1"), "source_outside_pool"),
        ("province", ("S5", "F5", "E5"), "ok"),
        ("planet", ("S1", "F1", "E1"), "pool_area_unknown"),
    ],
)
def test_sources_of_energy_are_pooled_as_the_pack_says(shandong, pool, claim, code):
    source, facility, enterprise = claim
    energy_only(shandong, **{"substitution.pool_area": (pool, "choice")})
    free(shandong, closure(source, facility, enterprise=enterprise))
    build(shandong, (f"{source}-ENERGY", 1_200), additions={"energy": 1_000})

    answer = accept(shandong) if code == "ok" else refusal(shandong)

    assert answer.code == code


@pytest.mark.parametrize(("today", "code"), [((2030, 12, 31), "ok"), ((2031, 1, 1), "expired")])
def test_a_source_serves_to_the_end_of_its_last_year(light, clock, today, code):
    free(light, closure("S1", measures=lines(NEEDED)))
    build(light, *OFFERED, last_year=2040)
    clock.now = start_of(date(*today))

    answer = accept(light) if code == "ok" else refusal(light)

    assert answer.code == ("ok" if code == "ok" else "source_expired")


def offer(source: str, amount: int = 1, asset: str = "") -> PlanSubstitution:
    return PlanSubstitution(project="P1", sources=(SourceLine(source, amount, asset),))


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
    light_freed.do(line).require()

    answer = refusal(light_freed)

    assert answer.code == code
    assert answer.facts == facts


def test_a_claim_that_is_not_confirmed_is_no_source(light):
    light.do(closure("S1")).require()
    build(light, ("S1-ENERGY", 12_000_004))

    answer = refusal(light)

    assert answer.code == "source_unknown"


@pytest.mark.parametrize("family", ["capacity", "coal", "energy", "carbon", "pollutant"])
def test_a_measure_that_is_not_stated_is_refused(light_freed, family):
    left = {measure: added for measure, added in ADDED.items() if not measure.startswith(family)}
    build(light_freed, *OFFERED, additions=left)

    answer = refusal(light_freed)

    assert answer.code == "measure_not_stated"
    assert answer.facts == {"project": "P1", "family": family}


def test_a_measure_of_which_nothing_is_added_needs_no_source(freed):
    build(
        freed,
        *(one for one in OFFERED if one[0] != "S1-COAL"),
        additions={**ADDED, "coal": 0},
    )

    answer = accept(freed).require()

    assert answer.result["retired"]["coal"] == 0
    assert freed.balance("source:S1-COAL", SOURCES["S1-COAL"]) == 1_100_002


def test_a_project_is_accepted_once(freed):
    build(freed, *OFFERED)
    accept(freed).require()

    again = refusal(freed)
    replanned = refused_alone(freed, plan("P1", *OFFERED))

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
    build(freed, *OFFERED, code="P2")
    refusal(freed, "P2")

    replayed = replay(freed.engine, other_engine, freed.subjects, itertools.repeat(5))

    assert replayed.digest == freed.digest()
