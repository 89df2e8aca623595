"""The session over HTTP: in, out, and what a stranger cannot fix beforehand."""

from api.auth.users import add_user
from tests.api.rest.offices import problem

PATH = "/api/v1/session"
PASSWORD = "three quiet cranes"


def known(faced, login="reg1", person="person:REG1"):
    """One of the first two users, whom the host adds alone."""
    add_user(faced.auth, login, person=person, name="王", now=faced.now, password=PASSWORD)


def begin(client, login="reg1", password=PASSWORD, token=None):
    token = client.get(PATH).json["csrf_token"] if token is None else token
    body = {"login": login, "password": password}
    return client.post(PATH, json=body, headers={"X-CSRFToken": token})


def test_one_signs_in_and_out(faced):
    known(faced)
    client = faced.visit()
    assert client.get(PATH).json["person"] == ""

    answer = begin(client)

    assert answer.status_code == 201, answer.text
    who = client.get(PATH).json
    assert (who["person"], who["name"], who["method"]) == ("person:REG1", "王", "session")
    assert who["roles"] == [{"role": "city_regulator", "scope": "*"}]
    headers = {"X-CSRFToken": answer.json["csrf_token"]}
    assert client.delete(PATH, headers=headers).status_code == 204
    assert client.get(PATH).json["person"] == ""


def test_signing_in_throws_away_what_was_in_the_cookie_before(faced):
    known(faced)
    client = faced.visit()
    fixed = client.get(PATH).json["csrf_token"]
    with client.session_transaction() as cookie:
        cookie["planted"] = "by another"

    assert begin(client, token=fixed).status_code == 201

    with client.session_transaction() as cookie:
        assert "planted" not in cookie
    refused = client.delete(PATH, headers={"X-CSRFToken": fixed})
    assert problem(refused) == (403, "csrf")


def test_a_write_without_the_token_is_refused(faced):
    known(faced)

    answer = begin(faced.visit(), token="")

    assert problem(answer) == (403, "csrf")


def test_a_wrong_password_and_an_unknown_login_are_answered_alike_and_counted(faced):
    known(faced)
    client = faced.visit()
    wrong, unknown = begin(client, password="four loud herons"), begin(client, login="nobody")

    assert problem(wrong) == problem(unknown) == (401, "credentials_invalid")
    assert wrong.json["detail"] == unknown.json["detail"]
    for _ in range(8):
        assert begin(client, password="four loud herons").status_code == 401
    locked = begin(client)
    assert problem(locked) == (429, "too_many_attempts")
    assert int(locked.headers["Retry-After"]) > 0


def test_a_session_ends_on_the_server_too(faced):
    known(faced)
    client, thief = faced.visit(), faced.visit()
    token = begin(client).json["csrf_token"]
    with client.session_transaction() as cookie:
        stolen = dict(cookie)
    with thief.session_transaction() as cookie:
        cookie.update(stolen)
    assert thief.get(PATH).json["person"] == "person:REG1"

    client.delete(PATH, headers={"X-CSRFToken": token})

    assert problem(thief.get(PATH)) == (401, "session_invalid")


def test_language_and_password_are_ones_own_to_change(faced):
    known(faced)
    client = faced.visit()
    headers = {"X-CSRFToken": begin(client).json["csrf_token"]}

    changed = client.patch(PATH, json={"language": "en"}, headers=headers)
    assert changed.json["language"] == "en"
    assert client.patch(PATH, json={"language": "fr"}, headers=headers).status_code == 422
    weak = {"old_password": PASSWORD, "new_password": "short"}
    assert problem(client.post(f"{PATH}/password", json=weak, headers=headers))[1] == (
        "password_weak"
    )
    wrong = {"old_password": "not this one!", "new_password": "six calm swans"}
    assert problem(client.post(f"{PATH}/password", json=wrong, headers=headers))[0] == 401
    right = {"old_password": PASSWORD, "new_password": "six calm swans"}
    assert client.post(f"{PATH}/password", json=right, headers=headers).status_code == 204

    assert client.get(PATH).json["person"] == ""
    assert problem(begin(client))[0] == 401
    assert begin(client, password="six calm swans").status_code == 201
    stranger = faced.visit()
    token = {"X-CSRFToken": stranger.get(PATH).json["csrf_token"]}
    assert problem(stranger.patch(PATH, json={"language": "en"}, headers=token))[0] == 401
