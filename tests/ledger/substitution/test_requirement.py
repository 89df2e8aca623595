from fractions import Fraction

import pytest

from ledger.asset import Asset, Kind, Origin
from ledger.metering.carriers import Basis, BasisMismatch
from ledger.substitution.barrier import (
    ClassBarred,
    NotQualifying,
    Project,
    Purpose,
    class_barrier,
)
from ledger.substitution.requirement import (
    Addition,
    MeasureShort,
    Offer,
    RatioTooLow,
    Requirement,
    SourceNotStanding,
    check_plan,
    coverage_sheet,
    require_covered,
    require_ratio,
    required,
)

PROJECT = Project("P1", Purpose.TWO_HIGH, is_qualifying=True)
BARRIER = class_barrier()


def asset(
    measure: str,
    *,
    origin: Origin = Origin.TWO_HIGH,
    kind: Kind = Kind.STANDING,
    basis: str = "eq",
) -> Asset:
    return Asset(
        measure=measure,
        kind=kind,
        origin=origin,
        period="t2030" if kind is Kind.STANDING else "2026",
        basis=basis if measure == "energy" else "na",
        area="370200",
    )


def requirement(*additions: tuple[str, int, str], project: Project = PROJECT) -> Requirement:
    return Requirement(
        project=project,
        additions=tuple(
            Addition(measure, added, Fraction(ratio)) for measure, added, ratio in additions
        ),
        basis=Basis.EQUIVALENT,
    )


@pytest.mark.parametrize(
    ("added", "ratio", "retired"),
    [
        (1_000_000, "1.5", 1_500_000),  # clinker, t
        (2_000_000, "1.25", 2_500_000),  # steel
        (1_000_000, "2", 2_000_000),  # cement grinding
        (300_000, "1.5", 450_000),  # aluminium
        (800_000, "1.5", 1_200_000),  # clinker, t CO2
        (800_000, "1.2", 960_000),  # lime, t CO2
        (1_000_000, "1.1", 1_100_000),  # coal of a 300 MW CHP
        (200_000, "1.2", 240_000),  # coal of glass
        (0, "1.5", 0),
        (1, "1.25", 2),
        (3, "1.1", 4),
        (10, "1.1", 11),
    ],
)
def test_what_must_be_retired_is_rounded_up(added, ratio, retired):
    assert required(added, Fraction(ratio)) == retired


FIVE = requirement(
    ("pollutant-so2", 50, "2"),
    ("carbon", 1_000, "1.2"),
    ("energy", 1_000, "1.2"),
    ("coal", 1_000, "1.1"),
    ("capacity-clinker", 1_000, "1.5"),
)
OFFERS = (
    Offer("S1", asset("energy"), 1_200),
    Offer("S1", asset("coal"), 1_100),
    Offer("S1", asset("carbon"), 1_190),
    Offer("S1", asset("capacity-clinker"), 1_500),
    Offer("S1", asset("pollutant-so2"), 100),
)


def test_each_measure_is_its_own_balance_in_the_fixed_order():
    coverage = check_plan(FIVE, OFFERS, BARRIER)

    assert [(one.measure, one.needed, one.offered, one.short) for one in coverage] == [
        ("capacity-clinker", 1_500, 1_500, 0),
        ("coal", 1_100, 1_100, 0),
        ("energy", 1_200, 1_200, 0),
        ("carbon", 1_200, 1_190, 10),
        ("pollutant-so2", 100, 100, 0),
    ]


def test_a_project_short_of_carbon_alone_is_refused_on_carbon():
    coverage = check_plan(FIVE, OFFERS, BARRIER)

    with pytest.raises(MeasureShort) as refused:
        require_covered(PROJECT, coverage)

    assert refused.value.code == "measure_short"
    assert refused.value.facts == {
        "project": "P1",
        "measure": "carbon",
        "needed": 1_200,
        "offered": 1_190,
        "short": 10,
    }


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_the_first_short_measure_in_the_fixed_order_is_named(count):
    order = ["capacity-clinker", "coal", "energy", "carbon", "pollutant-so2"]
    enough = [*OFFERS, Offer("S2", asset("carbon"), 10)]
    offers = [offer for offer in enough if offer.asset.measure in order[:count]]

    with pytest.raises(MeasureShort) as refused:
        require_covered(PROJECT, check_plan(FIVE, offers, BARRIER))

    assert refused.value.facts["measure"] == order[count]


@pytest.mark.parametrize("offered", [1_200, 1_201])
def test_a_covered_plan_passes(offered):
    plan = requirement(("energy", 1_000, "1.2"))

    coverage = check_plan(plan, [Offer("S1", asset("energy"), offered)], BARRIER)

    require_covered(PROJECT, coverage)


def test_several_sources_add_up():
    plan = requirement(("energy", 1_000, "1.2"))
    offers = [Offer("S1", asset("energy"), 700), Offer("S2", asset("energy"), 500)]

    (energy,) = check_plan(plan, offers, BARRIER)

    assert (energy.offered, energy.short) == (1_200, 0)


def test_capacity_of_another_product_covers_nothing():
    plan = requirement(("capacity-clinker", 100, "1.5"))

    (clinker,) = check_plan(plan, [Offer("S1", asset("capacity-steel"), 999)], BARRIER)

    assert (clinker.offered, clinker.short) == (0, 150)


def test_the_net_reduction_is_what_is_retired_less_what_is_added():
    """An offer beyond what is needed is not retired."""
    plan = requirement(("energy", 1_000, "1.2"))

    (energy,) = check_plan(plan, [Offer("S1", asset("energy"), 5_000)], BARRIER)

    assert energy.net_reduction == 200


def test_annual_flow_is_refused_as_a_source():
    plan = requirement(("energy", 1_000, "1.2"))

    with pytest.raises(SourceNotStanding) as refused:
        check_plan(plan, [Offer("S1", asset("energy", kind=Kind.FLOW), 1_200)], BARRIER)

    assert refused.value.code == "source_not_standing"
    assert refused.value.facts == {
        "project": "P1",
        "source": "S1",
        "asset": "energy.flow.two_high.2026.eq.370200",
    }


@pytest.mark.parametrize("origin", [Origin.OTHER, Origin.RENEWABLE])
def test_quota_freed_elsewhere_never_serves_a_two_high_project(origin):
    plan = requirement(("energy", 5_000_000, "1.2"))

    with pytest.raises(ClassBarred) as refused:
        check_plan(plan, [Offer("S1", asset("energy", origin=origin), 6_000_000)], BARRIER)

    assert refused.value.facts["origin"] == origin.value


def test_two_high_quota_is_refused_to_a_service_project():
    service = Project("P9", Purpose.OTHER)
    plan = requirement(("energy", 1_000, "1"), project=service)

    with pytest.raises(ClassBarred):
        check_plan(plan, [Offer("S1", asset("energy"), 1_000)], BARRIER)


def test_two_high_quota_is_refused_to_a_project_that_does_not_qualify():
    plan = requirement(("energy", 1_000, "1.2"), project=Project("P8", Purpose.TWO_HIGH))

    with pytest.raises(NotQualifying):
        check_plan(plan, [Offer("S1", asset("energy"), 1_200)], BARRIER)


def test_an_offer_on_another_basis_is_refused():
    plan = requirement(("energy", 1_000, "1.2"))

    with pytest.raises(BasisMismatch) as refused:
        check_plan(plan, [Offer("S1", asset("energy", basis="cal"), 1_200)], BARRIER)

    assert refused.value.facts == {"given": "calorific", "expected": "equivalent"}


@pytest.mark.parametrize(
    ("offered", "first"),
    [
        (asset("energy", kind=Kind.FLOW, origin=Origin.OTHER, basis="cal"), SourceNotStanding),
        (asset("energy", origin=Origin.OTHER, basis="cal"), ClassBarred),
        (asset("energy", basis="cal"), BasisMismatch),
    ],
)
def test_the_first_rule_in_order_is_the_one_reported(offered, first):
    with pytest.raises(first):
        check_plan(requirement(("energy", 1_000, "1.2")), [Offer("S1", offered, 1)], BARRIER)


@pytest.mark.parametrize(
    ("ratio", "is_reducing"), [("1", False), ("1.0001", True), ("1.5", True), ("1.5", False)]
)
def test_a_lawful_ratio_passes(ratio, is_reducing):
    require_ratio(Addition("energy", 1, Fraction(ratio)), is_reducing=is_reducing)


@pytest.mark.parametrize(
    ("ratio", "is_reducing", "accepted"),
    [("0.999", False, "1 or more"), ("0.999", True, "above 1"), ("1", True, "above 1")],
)
def test_a_ratio_too_low_for_the_city_is_refused(ratio, is_reducing, accepted):
    with pytest.raises(RatioTooLow) as refused:
        require_ratio(Addition("energy", 1, Fraction(ratio)), is_reducing=is_reducing)

    assert refused.value.code == "ratio_too_low"
    assert refused.value.facts == {"measure": "energy", "ratio": ratio, "accepted": accepted}


def test_the_sheet_of_a_plan_has_a_step_for_each_measure():
    plan = requirement(("energy", 1_001, "1.2"))
    coverage = check_plan(plan, [Offer("S1", asset("energy"), 1_200)], BARRIER)

    (step,) = coverage_sheet(plan, coverage, pack_version="2026.1").plain()["steps"]

    assert step["inputs"] == {"added": "1001", "ratio": "1.2", "offered": "1200", "short": "2"}
    assert step["result"] == "1202"  # 1,201.2 rounded up
