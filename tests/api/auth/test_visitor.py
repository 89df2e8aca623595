"""Visitors: roles are those of the ledger at this instant."""

import pytest

from api.auth import keys, sessions
from api.auth.keys import confirm_key, request_key
from api.auth.sign_in import sign_in
from api.auth.store import AuthStore
from api.auth.visitor import PUBLIC, Visitor, visitor_of
from ledger.db import reading
from ledger.roles import Grant, RevokeRole
from ledger.subject import Role
from tests.api.auth.people import DAY, HERE, NOW, RIGHT, active, officers, quick
from tests.build import SECURITY, open_ledger

TRADER = "person:T1"
TRADES_E1 = ("enterprise_trader", "enterprise:E1")
TRADES_E2 = ("enterprise_trader", "enterprise:E2")
GRANTS = (
    Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),
    Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E2"),
)


@pytest.fixture
def bench(engine, clock):
    return open_ledger(engine, clock, grants=GRANTS)


@pytest.fixture
def store(bench, ledger_url):
    with AuthStore.open(ledger_url, passwords=quick()) as store:
        officers(store)
        active(store, "trader", TRADER, name="赵六")
        yield store


def signed_in(bench, store, token):
    with reading(bench.engine) as connection:
        return visitor_of(connection, sessions.find(store, token, NOW))


def with_key(bench, store, owner):
    key, token = request_key(
        store,
        person=TRADER,
        owner=owner,
        label="下单程序",
        scopes=["orders:write"],
        allowed=["orders:write"],
        expires_at=NOW + DAY,
        now=NOW,
    )
    confirm_key(store, key.id, by="person:A1", now=NOW)
    with reading(bench.engine) as connection:
        return visitor_of(connection, keys.find(store, token, NOW))


def test_the_public_is_nobody_and_may_nothing():
    assert Visitor("", frozenset(), None, "", "zh", "none") == PUBLIC


def test_a_signed_in_person_has_the_roles_of_the_ledger(bench, store):
    token = sign_in(store, "trader", RIGHT, HERE, NOW)

    assert signed_in(bench, store, token) == Visitor(
        person=TRADER,
        grants=frozenset({TRADES_E1, TRADES_E2}),
        scopes=None,
        name="赵六",
        language="zh",
        method="session",
    )


def test_a_removed_role_ends_at_once_within_the_same_session(bench, store):
    token = sign_in(store, "trader", RIGHT, HERE, NOW)
    revoke = RevokeRole(person=TRADER, role=Role.ENTERPRISE_TRADER, scope="enterprise:E1")

    bench.do(revoke, actor=SECURITY).require()

    assert signed_in(bench, store, token).grants == {TRADES_E2}


def test_a_person_without_roles_is_known_and_may_nothing(bench, store):
    active(store, "clerk", "person:CLERK")
    token = sign_in(store, "clerk", RIGHT, HERE, NOW)

    visitor = signed_in(bench, store, token)

    assert (visitor.person, visitor.grants) == ("person:CLERK", frozenset())


def test_a_key_has_the_roles_of_its_person_for_its_owner_alone(bench, store):
    visitor = with_key(bench, store, "enterprise:E1")

    assert visitor.grants == {TRADES_E1}
    assert (visitor.method, visitor.scopes) == ("key", {"orders:write"})


def test_a_key_for_an_owner_its_person_does_not_act_for_may_nothing(bench, store):
    assert with_key(bench, store, "enterprise:E3").grants == frozenset()


def test_a_key_for_everything_has_all_the_roles_of_its_person(bench, store):
    assert with_key(bench, store, "*").grants == {TRADES_E1, TRADES_E2}
