"""Entitlements over HTTP: confirmed by district and city."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, CHECKER, CITY, D1, D2


def right(enterprise, **facts):
    return {
        "enterprise": enterprise,
        "measure": "energy",
        "amount": "1000000",
        "last_year": 2030,
        "document": "确权1号",
        **facts,
    }


def test_rights_are_confirmed_and_seen_by_owner_district_and_auditor(rights):
    rights.agreed(D1, CHECKER, "/entitlements", {"rows": [right("E1", facility="F1"), right("E2")]})
    rights.agreed(D2, CITY, "/entitlements", {"rows": [right("E3")]})

    assert rights.seen_by("/entitlements", "enterprise", (C1, C2, D1, D2, AUDITOR)) == {
        C1: ["E1"],
        C2: ["E2"],
        D1: ["E1", "E2"],
        D2: ["E3"],
        AUDITOR: ["E1", "E2", "E3"],
    }
    assert rights.status("", "/entitlements") == 401
    names = ("amount", "remaining", "last_year", "asset")
    assert rights.listed(C1, "/entitlements?facility=F1&measure=energy", *names) == [
        ("1000000", "1000000", 2030, "energy.standing.general.t2030.eq.990101")
    ]
    assert [row["enterprise"] for row in rights.turned(AUDITOR, "/entitlements")] == [
        "E1",
        "E2",
        "E3",
    ]


def test_an_enterprise_confirms_nothing_for_itself(rights):
    body = {"rows": [right("E1")]}

    assert rights.refused(C1, "/entitlements", body).json["code"] == "not_permitted"
    assert rights.refused(D2, "/entitlements", body).json["code"] == "role_missing"
