"""Surrenders over HTTP: proposed by the compliance officer, agreed by the approver."""

from tests.api.rest.rights_town import A1, AUDITOR, C1, C2, D1, D2

PAYING = {"enterprise": "E1", "year": 2025, "measure": "energy", "amount": "1000"}


def test_a_surrender_is_agreed_and_seen_by_owner_district_and_auditor(rights):
    rights.agreed(C1, A1, "/surrenders", PAYING)
    rights.agreed(C1, A1, "/surrenders", {**PAYING, "measure": "coal", "amount": "500"})

    names = ("measure", "amount", "maker", "checker")
    assert rights.listed(C1, "/surrenders", *names) == [
        ("coal", "500", C1, A1),
        ("energy", "1000", C1, A1),
    ]
    assert rights.seen_by("/surrenders", "enterprise", (C2, D1, D2, AUDITOR)) == {
        C2: [],
        D1: ["E1"],
        D2: [],
        AUDITOR: ["E1"],
    }
    assert rights.status("", "/surrenders") == 401
    assert [row["measure"] for row in rights.turned(C1, "/surrenders?year=2025")] == [
        "coal",
        "energy",
    ]
    number = rights.listed(C1, "/surrenders?measure=coal", "sequence")[0]
    assert rights.reads(C1, f"/surrenders/{number}")["amount"] == "500"
    rights.same_as_absent(C2, f"/surrenders/{number}", "/surrenders/999999")


def test_nobody_surrenders_for_another_and_no_amount_is_a_number(rights):
    assert rights.refused(C2, "/surrenders", PAYING).json["code"] == "role_missing"
    assert rights.refused(D1, "/surrenders", PAYING).json["code"] == "not_permitted"
    assert rights.refused(C1, "/surrenders", {**PAYING, "amount": 1}).status_code == 422
