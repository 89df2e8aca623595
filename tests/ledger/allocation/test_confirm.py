"""Entitlements are confirmed once a decision; history is what allocations look back on."""

import msgspec
import pytest
import sqlalchemy as sa

from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine, RecordHistory
from ledger.allocation.tables import EntitlementRow
from ledger.approve import proposing
from ledger.db import reading
from ledger.parties.enroll import FacilityLine, RegisterFacilities
from tests.build import DISTRICT, REGULATOR
from tests.ledger.allocation.build import agreed, allocation_ledger, past, refused, refused_alone

TWO_HIGH = "energy.standing.two_high.t2030.eq.990100"
GENERAL = "energy.standing.general.t2030.eq.990100"
COAL = "coal.standing.two_high.t2030.na.990100"


@pytest.fixture
def bench(engine, clock):
    bench = allocation_ledger(engine, clock)
    kilns = (
        FacilityLine("F1", "E1", "Kiln 1", "CEMENT", "cement", 1_000_000, "t"),
        FacilityLine("F2", "E2", "Kiln 2", "CEMENT", "cement", 1_000_000, "t"),
    )
    bench.do(RegisterFacilities(rows=kilns)).require()
    return bench


def right(**changes: object) -> EntitlementLine:
    fields: dict[str, object] = {
        "enterprise": "E1",
        "measure": "energy",
        "amount": 12_345_000,
        "last_year": 2030,
        "document": "R-1",
    }
    return msgspec.convert(fields | changes, EntitlementLine)


def confirming(*lines: EntitlementLine) -> ConfirmEntitlements:
    return ConfirmEntitlements(rows=lines)


def rights(bench):
    table = EntitlementRow.__table__
    query = sa.select(table.c.enterprise, table.c.amount, table.c.remaining, table.c.facility)
    with reading(bench.engine) as connection:
        return sorted(tuple(row) for row in connection.execute(query))


def test_a_right_is_issued_to_its_holder_until_the_end_of_its_term(bench):
    answer = agreed(bench, confirming(right(facility="F1")))

    assert answer.result == {"entitlements": 1}
    assert bench.balance("enterprise:E1:entitlement", TWO_HIGH) == 12_345_000
    assert bench.balance("scheme:issuance", TWO_HIGH) == -12_345_000
    assert rights(bench) == [("E1", 12_345_000, 12_345_000, "F1")]


def test_a_right_outside_two_high_sectors_is_of_general_origin(bench):
    agreed(bench, confirming(right(enterprise="E3"))).require()

    assert bench.balance("enterprise:E3:entitlement", GENERAL) == 12_345_000


def test_one_decision_confirms_energy_and_coal_of_several_enterprises(bench):
    lines = (right(), right(measure="coal", amount=7), right(enterprise="E2", amount=9))

    agreed(bench, confirming(*lines)).require()

    assert bench.balance("enterprise:E1:entitlement", COAL) == 7
    assert bench.balance("enterprise:E2:entitlement", TWO_HIGH) == 9


def test_a_decision_confirms_a_right_once(bench):
    agreed(bench, confirming(right())).require()

    answer = refused(bench, confirming(right(amount=1)))

    assert answer.code == "entitlement_confirmed"
    assert answer.facts == {"enterprise": "E1", "measure": "energy", "document": "R-1"}


def test_a_second_decision_adds_to_the_first(bench):
    agreed(bench, confirming(right())).require()

    agreed(bench, confirming(right(amount=1_000, document="R-2"))).require()

    assert bench.balance("enterprise:E1:entitlement", TWO_HIGH) == 12_346_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 0}, "amount_not_positive"),
        ({"document": ""}, "entitlement_confirmed"),
        ({"facility": "F2"}, "party_unknown"),
        ({"facility": "F9"}, "party_unknown"),
    ],
)
def test_a_right_that_says_too_little_is_refused(bench, changes, code):
    assert refused(bench, confirming(right(**changes))).code == code


def test_a_term_ends_this_year_at_the_earliest(bench):
    answer = refused(bench, confirming(right(last_year=2024)))

    assert answer.code == "term_passed"
    assert answer.facts == {"last_year": 2024, "this_year": 2025}
    assert agreed(bench, confirming(right(last_year=2025))).ok


def test_nobody_confirms_rights_alone(bench):
    answer = refused_alone(bench, confirming(right()), actor=DISTRICT)

    assert answer.code == "second_person_needed"


def test_the_city_checks_rights_and_does_not_propose_them(bench):
    answer = refused_alone(bench, proposing(confirming(right())), actor=REGULATOR)

    assert answer.code == "role_missing"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"energy_kgce": -1}, "below zero"),
        ({"coal_kg": -1}, "below zero"),
        ({"output": -1}, "below zero"),
        ({"year": 2025}, "not of the past"),
    ],
)
def test_history_is_past_and_not_negative(bench, changes, problem):
    line = msgspec.structs.replace(past("E1", 2024, 100), **changes)

    answer = refused_alone(bench, RecordHistory(rows=(line,)), actor=DISTRICT)

    assert answer.code == "history_malformed"
    assert answer.facts["problem"] == problem


def test_history_is_not_given_twice_in_one_command(bench):
    lines = (past("E1", 2024, 100), past("E1", 2024, 200))

    answer = refused_alone(bench, RecordHistory(rows=lines), actor=DISTRICT)

    assert answer.code == "rows_refused"
    assert answer.facts["codes"] == "history_malformed"
