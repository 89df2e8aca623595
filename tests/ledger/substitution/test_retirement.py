"""What is used up of which offer, and where and until when a source may serve."""

import pytest

from ledger.asset import Origin, standing
from ledger.substitution.requirement import Coverage, Offer
from ledger.substitution.retirement import (
    PoolUnknown,
    SourceExpired,
    SourceOutsidePool,
    require_in_pool,
    require_in_term,
    used_up,
)


def offer(source: str, amount: int, *, measure: str = "energy", area: str = "370102") -> Offer:
    asset = standing(measure=measure, last_year=2030, area=area, origin=Origin.TWO_HIGH)
    return Offer(source, asset, amount)


def coverage(measure: str, needed: int, offered: int) -> Coverage:
    return Coverage(measure=measure, added=needed, needed=needed, offered=offered)


@pytest.mark.parametrize(
    ("needed", "used"),
    [
        (0, []),
        (1, [("A", 1)]),
        (600, [("A", 600)]),
        (601, [("A", 600), ("B", 1)]),
        (1_000, [("A", 600), ("B", 400)]),
    ],
)
def test_offers_are_used_up_in_the_order_of_the_plan(needed, used):
    offers = [offer("A", 600), offer("B", 400)]

    uses = used_up([coverage("energy", needed, 1_000)], offers)

    assert [(use.source, use.amount) for use in uses] == used


def test_a_source_offered_twice_is_one_use():
    offers = [offer("A", 600), offer("B", 100), offer("A", 300)]

    uses = used_up([coverage("energy", 900, 1_000)], offers)

    assert [(use.source, use.amount) for use in uses] == [("A", 800), ("B", 100)]


def test_each_measure_uses_up_its_own_offers():
    offers = [offer("A", 10), offer("C", 20, measure="coal")]

    uses = used_up([coverage("coal", 5, 20), coverage("energy", 7, 10)], offers)

    assert [(use.source, use.amount) for use in uses] == [("C", 5), ("A", 7)]


@pytest.mark.parametrize(
    ("pool", "area", "passes"),
    [
        ("district", "370102", True),
        ("district", "370103", False),
        ("city", "370103", True),
        ("city", "370100", True),
        ("city", "370202", False),
        ("province", "370202", True),
        ("province", "320102", False),
    ],
)
@pytest.mark.parametrize("measure", ["energy", "coal"])
def test_energy_and_coal_stay_in_their_pool(pool, area, passes, measure):
    one = offer("A", 1, measure=measure, area=area)

    if passes:
        require_in_pool("P1", one, district="370102", pool=pool)
    else:
        with pytest.raises(SourceOutsidePool) as refused:
            require_in_pool("P1", one, district="370102", pool=pool)
        assert refused.value.facts == {
            "project": "P1",
            "source": "A",
            "area": area,
            "pool": pool,
            "district": "370102",
        }


@pytest.mark.parametrize("measure", ["carbon", "capacity-clinker", "pollutant-so2"])
def test_other_measures_are_not_pooled_by_area(measure):
    one = offer("A", 1, measure=measure, area="320102")

    require_in_pool("P1", one, district="370102", pool="district")


def test_a_pool_that_nobody_knows_is_refused():
    with pytest.raises(PoolUnknown) as refused:
        require_in_pool("P1", offer("A", 1), district="370102", pool="planet")

    assert refused.value.facts == {"pool": "planet"}


def test_a_source_serves_in_its_last_year():
    require_in_term("P1", offer("A", 1), this_year=2030)


def test_a_source_serves_no_longer():
    with pytest.raises(SourceExpired) as refused:
        require_in_term("P1", offer("A", 1), this_year=2031)

    assert refused.value.facts == {"project": "P1", "source": "A", "last_year": 2030}
