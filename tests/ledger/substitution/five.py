"""A project that adds in five measures, what covers it exactly, and how it is accepted."""

from ledger.substitution.accept import AcceptProject
from tests.build import DISTRICT, SECOND_REGULATOR
from tests.ledger.substitution.world import (
    plan,
    project,
    refused,
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


def accept(bench, code="P1"):
    return bench.both(AcceptProject(project=code), maker=DISTRICT, checker=SECOND_REGULATOR)


def build(bench, *offers, additions=ADDED, code="P1", retire_all="no", **facts):
    """Register a project and plan it from *offers*."""
    bench.do(project(code, additions=additions, **facts)).require()
    bench.do(plan(code, *offers, retire_all=retire_all)).require()


def refusal(bench, code="P1"):
    return refused(bench, AcceptProject(project=code), **BY)
