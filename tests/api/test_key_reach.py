"""A key made for one enterprise does nothing for another, whoever's key it is."""

import pytest

from api.auth.keys import confirm_key, request_key
from api.auth.users import add_user
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from tests.api.guests import Town

DAY = 86_400_000_000
ORDER = {
    "instrument": "EN-25",
    "side": "sell",
    "price_fen": "10000",
    "quantity_tce": "10",
}


@pytest.fixture
def town(engine, clock):
    """T1 trades for both E1 and E2, and has a key for E1 alone."""
    found = Town(engine, clock)
    both = GrantRoles(grants=(Grant("person:T1", Role.ENTERPRISE_TRADER, "enterprise:E2"),))
    found.bench.both(both, maker="person:SEC1", checker="person:SEC2").require()
    for login, person in (("t1", "person:T1"), ("adm", "person:ADM9")):
        add_user(found.auth, login, person=person, name=login, now=found.now, persona=True)
    asked = request_key(
        found.auth,
        person="person:T1",
        owner="enterprise:E1",
        label="desk",
        scopes={"read", "write"},
        allowed={"read", "write"},
        expires_at=found.now + 30 * DAY,
        now=found.now,
    )
    confirm_key(found.auth, asked[0].id, by="person:ADM9", now=found.now)
    found.headers = {"Authorization": f"Bearer {asked[1]}"}
    yield found
    found.close()


def order(town, enterprise, key):
    client = town.app.test_client()
    return client.post(
        "/api/v1/orders",
        json={**ORDER, "enterprise": enterprise},
        headers={**town.headers, "Idempotency-Key": key},
    )


def test_the_key_places_an_order_for_its_own_enterprise(town):
    assert order(town, "E1", "a").status_code == 201


def test_the_key_places_none_for_the_other_enterprise_of_its_person(town):
    before = town.digest()

    answer = order(town, "E2", "b")

    assert (answer.status_code, answer.json["code"]) == (403, "key_scope")
    assert town.digest() == before


def test_a_bulk_request_with_one_foreign_order_sends_nothing(town):
    before = town.digest()

    answer = town.app.test_client().post(
        "/api/v1/orders/bulk",
        json={"items": [{**ORDER, "enterprise": "E1"}, {**ORDER, "enterprise": "E2"}]},
        headers={**town.headers, "Idempotency-Key": "c"},
    )

    assert (answer.status_code, answer.json["code"]) == (403, "key_scope")
    assert town.digest() == before
