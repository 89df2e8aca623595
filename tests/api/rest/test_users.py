"""Users over HTTP: bound by one security officer, confirmed by another."""

from tests.api.rest.offices import ids, pages, problem
from tests.build import SECOND_REGULATOR, SECOND_SECURITY, SECURITY

PATH = "/api/v1/users"
DRAFT = {
    "login": "li.si",
    "person": "person:REG1",
    "name": "李四",
    "password": "three quiet cranes",
}


def officers(faced):
    return faced.visit(SECURITY), faced.visit(SECOND_SECURITY)


def added(client):
    answer = client.post(PATH, json=DRAFT)
    assert answer.status_code == 201, answer.text
    return answer


def test_a_user_is_added_by_one_and_confirmed_by_another(faced):
    first, second = officers(faced)
    made = added(first)
    assert (made.json["state"], made.json["has_password"]) == ("pending", True)
    assert "three quiet" not in made.text
    path, body = f"{PATH}/li.si/confirmations", {"person": "person:REG1"}
    version = {"If-Match": second.get(f"{PATH}/li.si").headers["ETag"]}

    own = first.post(path, json=body, headers=version)
    assert problem(own)[1] == "same_person_confirms"
    other = second.post(path, json={"person": "person:REG2"}, headers=version)
    assert problem(other)[1] == "user_changed"
    confirmed = second.post(path, json=body, headers=version)

    assert confirmed.status_code == 200, confirmed.text
    assert (confirmed.json["state"], confirmed.json["confirmed_by"]) == ("active", SECOND_SECURITY)
    assert problem(second.post(path, json=body, headers=version)) == (412, "version_stale")


def test_a_change_names_the_version_that_was_read(faced):
    first, second = officers(faced)
    added(first)

    missing = second.post(f"{PATH}/li.si/suspension")
    stale = second.post(f"{PATH}/li.si/suspension", headers={"If-Match": '"0"'})

    assert problem(missing) == (428, "version_required")
    assert problem(stale) == (412, "version_stale")
    assert second.get(f"{PATH}/li.si").json["state"] == "pending"


def test_a_user_is_shut_out_let_in_and_one_never_confirmed_taken_back(faced):
    first, second = officers(faced)
    version = {"If-Match": added(first).headers["ETag"]}

    out = second.post(f"{PATH}/li.si/suspension", headers=version)
    assert out.json["state"] == "disabled"
    back = second.delete(f"{PATH}/li.si/suspension", headers={"If-Match": out.headers["ETag"]})
    assert back.json["state"] == "pending"
    gone = second.delete(f"{PATH}/li.si", headers={"If-Match": back.headers["ETag"]})

    assert gone.status_code == 204
    assert problem(second.get(f"{PATH}/li.si")) == (404, "user_unknown")


def test_an_officer_sets_the_password_of_another_never_the_own(faced):
    first, second = officers(faced)
    version = {"If-Match": added(first).headers["ETag"]}

    answer = second.post(
        f"{PATH}/li.si/password", json={"password": "six calm swans"}, headers=version
    )
    assert answer.json["state"] == "pending"
    assert answer.json["proposed_by"] == SECOND_SECURITY
    own = {"If-Match": first.get(f"{PATH}/sec1").headers["ETag"]}
    refused = first.post(f"{PATH}/sec1/password", json={"password": "six calm swans"}, headers=own)
    assert problem(refused)[1] == "same_person_confirms"


def test_only_security_sees_users_page_by_page(faced):
    first, _ = officers(faced)
    added(first)

    whole = ids(first.get(PATH), "login")
    walked = [row["login"] for page in pages(first, f"{PATH}?limit=1") for row in page]

    assert whole == walked == ["li.si", "sec1", "sec2"]
    assert ids(first.get(f"{PATH}?person=person:REG1"), "login") == ["li.si"]
    assert "password_hash" not in first.get(PATH).text
    assert problem(faced.visit("person:T1").get(PATH)) == (403, "not_permitted")
    assert problem(faced.visit().get(PATH)) == (401, "not_signed_in")
    malformed = first.post(PATH, json={**DRAFT, "login": "x"})
    assert problem(malformed)[1] == "user_malformed"
    assert problem(faced.visit(SECOND_REGULATOR).post(PATH, json=DRAFT))[0] == 403
