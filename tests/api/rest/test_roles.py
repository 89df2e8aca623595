"""Roles over HTTP: granted by two, taken away by one, seen by those concerned."""

from tests.api.rest.offices import ADMIN_1, AUDITOR, appoint, ids, pages, problem
from tests.build import CLEARING, SECURITY

PATH = "/api/v1/roles"
GRANT = {"grants": [{"person": "person:N1", "role": "verifier", "scope": "*"}]}


def test_security_and_audit_see_all_others_what_concerns_them(faced):
    appoint(faced)

    every = ids(faced.visit(SECURITY).get(f"{PATH}?limit=500"), "person")
    assert ids(faced.visit(AUDITOR).get(f"{PATH}?limit=500"), "person") == every
    assert {"person:REG1", AUDITOR, "person:T3"} < set(every)
    assert ids(faced.visit("person:T2").get(PATH), "person") == ["person:T2"]
    staff = ids(faced.visit(ADMIN_1).get(PATH), "person")
    assert staff == ["person:A1", "person:C1", "person:T1"]
    assert ids(faced.visit().get(PATH), "person") == []
    walked = pages(faced.visit(SECURITY), f"{PATH}?role=security&limit=1")
    assert [page[0]["person"] for page in walked] == ["person:SEC1", "person:SEC2"]


def test_a_role_is_granted_by_two_and_revoked_by_one(faced):
    security = faced.visit(SECURITY)
    granted = faced.post(security, PATH, GRANT)
    assert granted.status_code == 202, granted.text

    body = {"person": "person:T3", "role": "enterprise_trader", "scope": "enterprise:E3"}
    revoked = faced.post(security, f"{PATH}/revocations", body)

    assert revoked.status_code == 201, revoked.text
    ended = security.get(f"{PATH}?person=person:T3").json["items"][0]
    assert ended["revoked_by"] == revoked.json["sequence"]
    before = faced.digest()
    again = faced.post(security, f"{PATH}/revocations", body)
    other = faced.post(faced.visit(CLEARING), PATH, GRANT)
    assert again.json["code"] == "role_not_granted"
    assert problem(other) == (403, "not_permitted")
    assert faced.digest() == before
