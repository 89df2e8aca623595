"""What the packs decide for a project: examples 26 to 29, scenario 11."""

import pytest

from ledger.policy import to_plain
from tests.ledger.substitution.five import accept, build, refusal
from tests.ledger.substitution.world import (
    adopt,
    closure,
    free,
    lines,
    open_city,
    shipped,
)


def energy_only(bench, **switches):
    """Put a pack in force that asks for energy alone; *switches* are further parameters."""
    values = {
        "substitution.measures": (["energy"], "choices"),
        "substitution.ratio.energy": ("6/5", "ratio"),
        "substitution.pool_area": ("city", "choice"),
        **switches,
    }
    city(bench, values)


def city(bench, values, *, parent="shandong"):
    values = {"substitution.source_consent": ("pool", "choice"), **values}
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
            "parent": parent,
            "draft": False,
            "sample": False,
            "parameter": parameters,
        },
    )


@pytest.fixture
def shandong(sqlite_engine, clock):
    """The rules of Shandong above those of a city that has said nothing yet."""
    bench = open_city(sqlite_engine, clock, packs=("national",))
    adopt(bench, to_plain(shipped()["shandong"]))
    return bench


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
