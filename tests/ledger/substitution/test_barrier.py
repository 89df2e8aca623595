import pytest

from ledger.asset import Origin
from ledger.substitution.barrier import (
    ClassBarred,
    Matrix,
    NotQualifying,
    Permission,
    Project,
    Purpose,
    class_barrier,
    require_permitted,
)

QUALIFYING = Project("P1", Purpose.TWO_HIGH, is_qualifying=True)
PLAIN_TWO_HIGH = Project("P2", Purpose.TWO_HIGH)
PLANNED = Project("P3", Purpose.TWO_HIGH, is_qualifying=True, is_planned_major=True)
SERVICE = Project("P4", Purpose.OTHER)
RESERVE = Project("RESERVE", Purpose.RESERVE)


def ask(project: Project, origin: Origin, *, matrix: Matrix | None = None, measure: str = "energy"):
    require_permitted(
        project,
        source="S1",
        measure=measure,
        origin=origin,
        matrix=matrix or class_barrier(),
    )


@pytest.mark.parametrize(
    ("origin", "project"),
    [
        (Origin.TWO_HIGH, QUALIFYING),
        (Origin.OTHER, SERVICE),
        (Origin.RENEWABLE, SERVICE),
        (Origin.GENERAL, SERVICE),
        (Origin.RENEWABLE, PLANNED),
        (Origin.GENERAL, PLANNED),
        (Origin.TWO_HIGH, RESERVE),
        (Origin.OTHER, RESERVE),
        (Origin.RENEWABLE, RESERVE),
    ],
)
def test_the_barrier_lets_through(origin, project):
    ask(project, origin)


@pytest.mark.parametrize(
    ("origin", "project", "accepted"),
    [
        (Origin.OTHER, QUALIFYING, "two_high"),
        (Origin.OTHER, PLANNED, "general, two_high, renewable"),
        (Origin.RENEWABLE, QUALIFYING, "two_high"),
        (Origin.GENERAL, QUALIFYING, "two_high"),
        (Origin.TWO_HIGH, SERVICE, "general, other, renewable"),
    ],
)
def test_the_barrier_stops(origin, project, accepted):
    with pytest.raises(ClassBarred) as refused:
        ask(project, origin)

    assert refused.value.code == "class_barred"
    assert refused.value.facts == {
        "project": project.code,
        "source": "S1",
        "origin": origin.value,
        "accepted": accepted,
    }


def test_a_two_high_project_that_does_not_qualify_is_refused_two_high_quota():
    with pytest.raises(NotQualifying) as refused:
        ask(PLAIN_TWO_HIGH, Origin.TWO_HIGH)

    assert refused.value.code == "not_qualifying"
    assert refused.value.facts == {"project": "P2", "source": "S1", "origin": "two_high"}


def test_a_municipal_switch_opens_two_high_quota_to_other_projects():
    ask(SERVICE, Origin.TWO_HIGH, matrix=class_barrier(two_high_may_serve_others=True))


def test_the_switch_never_opens_two_high_projects_to_other_quota():
    with pytest.raises(ClassBarred):
        ask(QUALIFYING, Origin.OTHER, matrix=class_barrier(two_high_may_serve_others=True))


@pytest.mark.parametrize("measure", ["carbon", "capacity-clinker", "pollutant-so2"])
def test_the_barrier_speaks_of_energy_and_coal_only(measure):
    ask(QUALIFYING, Origin.OTHER, measure=measure)


def test_coal_is_behind_the_barrier():
    with pytest.raises(ClassBarred):
        ask(QUALIFYING, Origin.OTHER, measure="coal")


def test_what_a_matrix_does_not_list_is_barred():
    matrix = Matrix({(Origin.OTHER, Purpose.OTHER): Permission.ALLOWED})

    with pytest.raises(ClassBarred) as refused:
        ask(RESERVE, Origin.OTHER, matrix=matrix)

    assert refused.value.facts["accepted"] == ""
