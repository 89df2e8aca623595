"""Scenarios of rights-rules §12 and dual-control-rules §9 on substitution, through the verbs."""

from datetime import date

import pytest

from ledger.adopt import Policy
from ledger.asset import Origin
from ledger.policy import to_plain
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.substitution.barrier import ClassBarred, Project, Purpose, require_permitted
from ledger.substitution.read_terms import Reader, matrix_of
from ledger.substitution.split import TransferLine, TransferSources
from tests.build import SECOND_REGULATOR, SECOND_SECURITY, SECURITY
from tests.ledger.substitution.five import ADDED, SOURCES, accept, build, refusal
from tests.ledger.substitution.test_terms import city
from tests.ledger.substitution.world import (
    adopt,
    closure,
    free,
    lines,
    open_city,
    plan,
    project,
    refused_alone,
    shipped,
)

TCE = 1_000
ON, OFF = (True, "switch"), (False, "switch")
SERVICE = {"enterprise": "E4", "sector": "SERVICE", "qualifying": "no"}
TWO_HIGH_SOURCE, OTHER_SOURCE = ("S1", "F1", "E1"), ("S2", "F2", "E2")


@pytest.fixture
def ruled(sqlite_engine, clock):
    """A city under Shandong's pack that asks for energy alone at 6/5, with Qingdao's barrier."""
    bench = open_city(sqlite_engine, clock, packs=("national",))
    adopt(bench, to_plain(shipped()["shandong"]))
    return bench


def rule(bench, **switches):
    city(
        bench,
        {
            "substitution.measures": (["energy"], "choices"),
            "substitution.ratio.energy": ("6/5", "ratio"),
            "substitution.pool_area": ("city", "choice"),
            "substitution.class_barrier": ON,
            "substitution.qualifying_only": ON,
            **{key.replace("__", "."): value for key, value in switches.items()},
        },
    )


def freed_energy(bench, source, amount):
    claim, facility, enterprise = source
    free(bench, closure(claim, facility, enterprise=enterprise, measures=lines({"energy": amount})))
    return f"{claim}-ENERGY"


def handed_on(bench, source, amount, *, holder, hops):
    """Transfer a source to one enterprise after another; return the last one's source."""
    if hops:
        admins = tuple(
            Grant(f"person:{one}", Role.ENTERPRISE_ADMIN, f"enterprise:{one}")
            for one in (holder, *hops)
        )
        giving = GrantRoles(grants=admins)
        bench.both(giving, maker=SECURITY, checker=SECOND_SECURITY).require()
    for number, to in enumerate(hops):
        target = f"HOP{number}"
        line = TransferLine(source, target, to, amount, "转让1号")
        transfer = TransferSources(rows=(line,))
        bench.both(transfer, maker=f"person:{holder}", checker=SECOND_REGULATOR).require()
        source, holder = target, to
    return source


SWITCH = {"substitution__two_high_may_serve_others": ON}


@pytest.mark.parametrize(
    ("freed", "hops", "facts", "switches", "code"),
    [
        pytest.param(OTHER_SOURCE, (), {}, {}, "class_barred", id="rights-11a RULE"),
        pytest.param(
            OTHER_SOURCE, ("E1", "E3"), {}, {}, "class_barred", id="rights-11b RULE two hops"
        ),
        pytest.param(TWO_HIGH_SOURCE, (), {}, {}, "ok", id="rights-11c RULE"),
        pytest.param(TWO_HIGH_SOURCE, ("E2", "E3"), {}, {}, "ok", id="rights-11d RULE two hops"),
        pytest.param(TWO_HIGH_SOURCE, (), SERVICE, {}, "class_barred", id="rights-11e RULE"),
    ],
)
def test_the_barrier_stands_after_any_number_of_hands(ruled, freed, hops, facts, switches, code):
    """5,000 tce, with 6,000 offered for them."""
    rule(ruled, **switches)
    source = freed_energy(ruled, freed, 6_000 * TCE)
    source = handed_on(ruled, source, 6_000 * TCE, holder=freed[2], hops=hops)
    build(ruled, (source, 6_000 * TCE), additions={"energy": 5_000 * TCE}, **facts)

    answer = accept(ruled) if code == "ok" else refusal(ruled)

    assert answer.code == code


@pytest.mark.parametrize(
    ("freed", "facts", "switches", "code"),
    [
        pytest.param(OTHER_SOURCE, {}, {}, "class_barred", id="dual-26a Con"),
        pytest.param(TWO_HIGH_SOURCE, SERVICE, {}, "class_barred", id="dual-26b Con"),
        pytest.param(TWO_HIGH_SOURCE, SERVICE, SWITCH, "ok", id="dual-26c Con municipal switch"),
    ],
)
def test_an_origin_is_locked_to_its_purpose(ruled, freed, facts, switches, code):
    rule(ruled, **switches)
    source = freed_energy(ruled, freed, 10_000 * TCE)
    build(ruled, (source, 10_000 * TCE), additions={"energy": 1_000 * TCE}, **facts)

    answer = accept(ruled) if code == "ok" else refusal(ruled)

    assert answer.code == code


@pytest.mark.parametrize(
    "pack",
    [pytest.param("shandong", id="dual-26d Con"), pytest.param("qingdao", id="dual-26e Con")],
)
def test_a_city_share_of_renewables_serves_no_two_high_project_but_planned_majors(pack):
    policy = Policy()
    policy.packs = dict(shipped())
    matrix = matrix_of(Reader(policy, pack, date(2025, 6, 30)))
    asked = {"source": "S1", "measure": "energy", "origin": Origin.RENEWABLE, "matrix": matrix}

    require_permitted(Project("P1", Purpose.TWO_HIGH, True, is_planned_major=True), **asked)
    require_permitted(Project("P2", Purpose.OTHER), **asked)
    with pytest.raises(ClassBarred):
        require_permitted(Project("P3", Purpose.TWO_HIGH, is_qualifying=True), **asked)


@pytest.mark.parametrize(
    ("industry", "measure", "added", "needed"),
    [
        pytest.param("cement_clinker", "capacity-clinker", 10**6, 15 * 10**5, id="dual-27a Con"),
        pytest.param("steel", "capacity-steel", 2 * 10**6, 25 * 10**5, id="dual-27b Con"),
        pytest.param("cement_grinding", "capacity-cement", 10**6, 2 * 10**6, id="dual-27c Con"),
        pytest.param(
            "electrolytic_aluminium", "capacity-aluminium", 3 * 10**5, 45 * 10**4, id="dual-27d Con"
        ),
        pytest.param("cement_clinker", "carbon", 8 * 10**8, 12 * 10**8, id="dual-28a Con"),
        pytest.param("lime", "carbon", 8 * 10**8, 96 * 10**7, id="dual-28b Con"),
    ],
)
def test_the_ratio_is_that_of_the_industry(ruled, industry, measure, added, needed):
    """What the ratio asks for is accepted, and one unit less is not."""
    family = measure.partition("-")[0]
    rule(ruled, substitution__measures=([family], "choices"))
    free(ruled, closure("S1", measures=lines({measure: needed})))
    source = f"S1-{measure.upper()}"
    build(ruled, (source, needed - 1), additions={measure: added}, industry=industry)
    short = refusal(ruled)
    ruled.do(plan("P1", (source, needed))).require()

    answer = accept(ruled).require()

    assert (short.code, short.facts["needed"], short.facts["short"]) == ("measure_short", needed, 1)
    assert answer.result["retired"] == {measure: needed}


OWN_RATIOS = {
    "substitution__ratio__coal__cogeneration": ("11/10", "ratio"),
    "substitution__ratio__coal__non_metallic_minerals": ("6/5", "ratio"),
}


@pytest.mark.parametrize(
    ("industry", "added", "needed", "own"),
    [
        pytest.param("cogeneration", 10**9, 11 * 10**8, OWN_RATIOS, id="dual-29a Con"),
        pytest.param("non_metallic_minerals", 2 * 10**8, 24 * 10**7, OWN_RATIOS, id="dual-29b Con"),
        pytest.param("cogeneration", 10**9, 11 * 10**8, {}, id="dual-29c Con lapsed 2023-06-30"),
    ],
)
def test_coal_ratios_have_lapsed_where_the_city_gives_none(ruled, industry, added, needed, own):
    rule(ruled, substitution__measures=(["coal"], "choices"), **own)
    free(ruled, closure("S1", measures=lines({"coal": needed})))
    build(ruled, ("S1-COAL", needed), additions={"coal": added}, industry=industry)

    answer = accept(ruled) if own else refusal(ruled)

    assert answer.code == ("ok" if own else "parameter_missing")
    if own:
        assert answer.result["retired"] == {"coal": needed}
    else:
        assert answer.facts["key"] == "substitution.ratio.coal"


@pytest.mark.parametrize("case", [pytest.param("carbon", id="dual-30 Con")])
def test_five_measures_pass_or_none_is_used_up(sqlite_engine, clock, case):
    """Energy 1.2, coal 1.1, carbon 1.19 of a duty of 1.2: all reserved, none consumed."""
    offered = {
        "capacity-clinker": 1_250,
        "coal": 1_100,
        "energy": 1_200,
        "carbon": 1_190,
        "pollutant-so2": 2_000,
    }
    light = open_city(sqlite_engine, clock)
    free(light, closure("S1", measures=lines(offered)))
    build(
        light, *zip(SOURCES, offered.values(), strict=True), additions=dict.fromkeys(ADDED, 1_000)
    )

    answer = refusal(light)

    assert (answer.code, answer.facts["measure"], answer.facts["short"]) == (
        "measure_short",
        case,
        10,
    )
    for (source, asset), amount in zip(SOURCES.items(), offered.values(), strict=True):
        assert light.balance(f"source:{source}:reserved", asset) == amount
        assert light.balance(f"source:{source}", asset) == 0


@pytest.mark.parametrize("case", [pytest.param("S1-ENERGY", id="dual-31 Con")])
def test_one_retired_line_serves_one_project(ruled, case):
    rule(ruled)
    source = freed_energy(ruled, TWO_HIGH_SOURCE, 1_200)
    build(ruled, (source, 1_200), additions={"energy": 1_000})
    ruled.do(project("P2", additions={"energy": 1_000})).require()

    answer = refused_alone(ruled, plan("P2", (source, 1_200)))

    assert answer.code == "source_insufficient"
    assert answer.facts == {"project": "P2", "source": case, "needed": 1_200, "available": 0}
