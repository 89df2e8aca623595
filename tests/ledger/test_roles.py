"""Roles: two bodies in one person, and the last two who can grant any."""

from csv import DictReader
from pathlib import Path

import pytest

from ledger.register import OpenLedger
from ledger.roles import Grant, GrantRoles, RevokeRole
from ledger.subject import Role
from tests.build import SECOND_SECURITY, SECURITY, Bench, open_ledger

ROOT = Path(__file__).resolve().parents[2]
E1, E2 = "enterprise:E1", "enterprise:E2"
THIRD_SECURITY = "person:SEC3"
SCOPES = {Role.DISTRICT_REGULATOR: "district:370200"}
SCOPES |= dict.fromkeys(
    (Role.ENTERPRISE_TRADER, Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_COMPLIANCE), E1
)
TOGETHER = {Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_COMPLIANCE}


@pytest.fixture
def bench(engine, clock):
    return open_ledger(engine, clock)


def give(bench, *grants):
    return bench.both(GrantRoles(grants=grants), maker=SECURITY, checker=SECOND_SECURITY)


def revoke(bench, person, role=Role.SECURITY, actor=SECURITY):
    return bench.do(RevokeRole(person=person, role=role), actor=actor)


def test_of_all_pairs_of_roles_one_person_may_have_only_one(sqlite_engine, clock):
    bench, allowed = open_ledger(sqlite_engine, clock), set()
    for first in Role:
        for second in Role:
            if first is second:
                continue
            person = f"person:{first[:14].upper()}-{second[:14].upper()}"
            give(bench, Grant(person, first, SCOPES.get(first, "*"))).require()
            answer = give(bench, Grant(person, second, SCOPES.get(second, "*")))
            if answer.ok:
                allowed.add(frozenset((first, second)))
            else:
                assert answer.code == "roles_conflict"

    assert allowed == {frozenset(TOGETHER)}


def test_a_refused_grant_names_both_roles_and_changes_nothing(bench):
    give(bench, Grant("person:P1", Role.VERIFIER)).require()
    grant = Grant("person:P1", Role.AUDITOR)

    answer = give(bench, Grant("person:P2", Role.AUDITOR), grant)

    assert answer.code == "roles_conflict"
    assert answer.facts == {
        "person": "person:P1",
        "role": "auditor",
        "other": "verifier",
        "scope": "*",
    }
    assert bench.writer.memory.roles.get("person:P2", set()) == set()
    assert bench.writer.memory.roles["person:P1"] == {("verifier", "*")}


@pytest.mark.parametrize(
    ("role", "scope", "code"),
    [
        (Role.ENTERPRISE_COMPLIANCE, E1, "ok"),
        (Role.ENTERPRISE_COMPLIANCE, E2, "roles_conflict"),
        (Role.ENTERPRISE_COMPLIANCE, "*", "roles_conflict"),
        (Role.ENTERPRISE_ADMIN, E2, "ok"),
        (Role.ENTERPRISE_TRADER, E1, "roles_conflict"),
        (Role.ENTERPRISE_TRADER, E2, "roles_conflict"),
    ],
)
def test_beside_an_administrator_stands_only_the_compliance_officer_of_the_same(
    bench, role, scope, code
):
    give(bench, Grant("person:P1", Role.ENTERPRISE_ADMIN, E1)).require()

    answer = give(bench, Grant("person:P1", role, scope))

    assert answer.code == code


def test_a_role_taken_away_makes_room_for_one_of_another_body(bench):
    give(bench, Grant("person:P1", Role.VERIFIER)).require()
    revoke(bench, "person:P1", Role.VERIFIER).require()

    answer = give(bench, Grant("person:P1", Role.AUDITOR))

    assert answer.ok


def test_two_bodies_in_one_grant_or_in_the_opening_are_two_bodies(engine, clock):
    grants = (Grant("person:P1", Role.VERIFIER), Grant("person:P1", Role.AUDITOR))
    bench = Bench(engine, clock)
    opening = OpenLedger(name="x", jurisdiction="x", purpose="training", grants=grants)

    answer = bench.do(opening)

    assert answer.code == "roles_conflict"
    assert bench.writer.memory.accounts == {}


def test_two_security_officers_always_remain(bench):
    give(bench, Grant(THIRD_SECURITY, Role.SECURITY)).require()

    of_three = revoke(bench, SECOND_SECURITY)
    before = bench.digest()
    of_two = [revoke(bench, person) for person in (SECURITY, THIRD_SECURITY)]

    assert of_three.ok
    assert [answer.code for answer in of_two] == ["last_security_officers"] * 2
    assert of_two[0].facts == {"person": SECURITY, "left": 1, "needed": 2}
    assert bench.digest() == before
    bench.restart()
    again = GrantRoles(grants=(Grant("person:P1", Role.AUDITOR),))
    bench.both(again, maker=SECURITY, checker=THIRD_SECURITY).require()


def test_an_officer_for_one_enterprise_alone_does_not_count(bench):
    give(bench, Grant(THIRD_SECURITY, Role.SECURITY, E1)).require()

    everywhere = revoke(bench, SECOND_SECURITY)
    narrowly = RevokeRole(person=THIRD_SECURITY, role=Role.SECURITY, scope=E1)
    narrow = bench.do(narrowly, actor=SECURITY)

    assert (everywhere.code, narrow.code) == ("last_security_officers", "ok")


@pytest.mark.parametrize("name", ["seeds/demo/persons.csv", "docs/worked-day/persons.csv"])
def test_the_persons_that_come_with_the_product_serve_one_body_each(sqlite_engine, clock, name):
    with (ROOT / name).open(encoding="utf-8", newline="") as file:
        grants = tuple(
            Grant(row["person"], Role(row["role"]), row["scope"]) for row in DictReader(file)
        )
    opening = OpenLedger(name="x", jurisdiction="x", purpose="training", grants=grants)

    answer = Bench(sqlite_engine, clock).do(opening)

    assert (answer.code, len(grants) > 8) == ("ok", True)
