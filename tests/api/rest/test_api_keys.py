"""API keys over HTTP: asked for by a trader, confirmed by the administrator, shown once."""

from api.instants import instant_text
from tests.api.rest.offices import ADMIN_1, appoint, ids, problem
from tests.api.rest.test_orders import ORDER

PATH = "/api/v1/api-keys"
DAY = 86_400_000_000


def draft(faced, **changes):
    fields = {
        "owner": "enterprise:E1",
        "label": "交易程序",
        "scopes": ["read", "write"],
        "expires_at": instant_text(faced.now + 180 * DAY),
    }
    return fields | changes


def asked(faced, **changes):
    answer = faced.visit("person:T1").post(PATH, json=draft(faced, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json


def bearer(key):
    return {"Authorization": f"Bearer {key['token']}"}


def test_a_key_works_once_another_has_confirmed_it_and_until_it_is_revoked(faced):
    appoint(faced)
    key, program = asked(faced), faced.app.test_client()
    admin, path = faced.visit(ADMIN_1), "/api/v1/session"
    assert problem(program.get(path, headers=bearer(key))) == (401, "key_invalid")
    own = faced.visit("person:T1").post(f"{PATH}/{key['id']}/confirmations")
    assert problem(own) == (403, "not_permitted")

    confirmed = admin.post(f"{PATH}/{key['id']}/confirmations")

    assert confirmed.json["state"] == "active"
    assert program.get(path, headers=bearer(key)).json["person"] == "person:T1"
    headers = bearer(key) | {"Idempotency-Key": "p1"}
    placed = program.post("/api/v1/orders", json=ORDER, headers=headers)
    assert placed.status_code == 201, placed.text
    assert admin.delete(f"{PATH}/{key['id']}").json["state"] == "revoked"
    assert problem(program.get(path, headers=bearer(key))) == (401, "key_invalid")


def test_the_text_of_a_key_is_shown_once(faced):
    key = asked(faced)
    client = faced.visit("person:T1")

    shown = client.get(f"{PATH}/{key['id']}")

    assert "token" not in shown.json
    assert key["token"] not in shown.text + client.get(PATH).text
    assert ids(client.get(PATH)) == [key["id"]]
    assert ids(faced.visit("person:T2").get(PATH)) == []
    hidden = faced.visit("person:T2").get(f"{PATH}/{key['id']}")
    absent = client.get(f"{PATH}/0123456789abcdef")
    assert problem(hidden) == problem(absent) == (404, "not_found")


def test_a_key_is_for_ones_own_enterprise_and_180_days_at_most(faced):
    client = faced.visit("person:T1")

    def refused(**changes):
        return problem(client.post(PATH, json=draft(faced, **changes)))[1]

    assert refused(owner="enterprise:E2") == "not_permitted"
    assert refused(owner="*") == "not_permitted"
    assert refused(scopes=["all"]) == "key_malformed"
    assert refused(expires_at=instant_text(faced.now + 180 * DAY + 1)) == "key_malformed"
    assert refused(expires_at=instant_text(faced.now)) == "key_malformed"
    assert refused(expires_at=5) == "type_mismatch"
    assert ids(client.get(PATH)) == []


def test_a_program_neither_asks_for_keys_nor_signs_in(faced):
    appoint(faced)
    key, program = asked(faced), faced.app.test_client()
    faced.visit(ADMIN_1).post(f"{PATH}/{key['id']}/confirmations")

    another = program.post(PATH, json=draft(faced), headers=bearer(key))
    body = {"login": "x", "password": "y"}
    signing = program.post("/api/v1/session", json=body, headers=bearer(key))

    assert problem(another) == problem(signing) == (403, "session_needed")


def test_a_key_that_only_reads_writes_nothing(faced):
    appoint(faced)
    key, program = asked(faced, scopes=["read"]), faced.app.test_client()
    faced.visit(ADMIN_1).post(f"{PATH}/{key['id']}/confirmations")
    before = faced.digest()

    headers = bearer(key) | {"Idempotency-Key": "p1"}
    answer = program.post("/api/v1/orders", json=ORDER, headers=headers)

    assert problem(answer)[1] == "key_scope"
    assert faced.digest() == before
