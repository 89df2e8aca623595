"""Duplicates, carbon, certificates and tables over HTTP: done, seen, and kept from others."""

import base64

from tests.api.rest.rights_town import (
    A1,
    AUDITOR,
    C1,
    C2,
    CHECKER,
    CITY,
    D1,
    D2,
    HASH,
)
from tests.api.rest.test_freed_claims import closure

OUTSIDE = {
    "id": "O1",
    "scheme": "other_province",
    "register": "外省登记",
    "reference": "外1号",
    "holder": "E2",
    "measure": "energy",
    "amount": "600",
    "first_day": "2025-01-01",
    "last_day": "2025-12-31",
    "evidence": "cd" * 32,
    "facility": "F2",
}
FINDING = {"first": "claim:K2", "second": "outside:O1", "reason": "现场核对"}
HISTORY = "enterprise,year,energy_tce\nE1,2021,1000\nE1,2022,{last}\n"


def outside(rights, **facts):
    rights.does(CITY, "/outside-claims", {"rows": [{**OUTSIDE, **facts}]})


def test_a_match_is_reported_judged_and_seen_by_its_district_alone(rights):
    rights.does(C2, "/freed-claims/closures", closure())
    outside(rights)

    report = rights.reads(D1, "/duplicates")
    assert (report["exact_count"], report["waiting_count"]) == (1, 1)
    (pair,) = report["pairs"]
    assert (pair["first"]["key"], pair["second"]["key"]) == ("claim:K2", "outside:O1")
    assert pair["first"]["measures"] == [{"measure": "energy", "amount": "600"}]
    assert (pair["is_exact"], pair["score_points"], pair["finding"]) == (True, 100, "")
    assert rights.reads(D2, "/duplicates")["pairs"] == []

    assert rights.refused(D2, "/duplicate-dispositions", {**FINDING, "finding": "same"})
    rights.does(D1, "/duplicate-dispositions", {**FINDING, "finding": "different"})
    for person, seen in ((D1, ["different"]), (AUDITOR, ["different"]), (D2, [])):
        assert rights.listed(person, "/duplicate-dispositions", "finding") == seen
    assert rights.reads(D1, "/duplicates")["waiting_count"] == 0
    assert rights.listed(D1, "/outside-claims?scheme=other_province", "id") == ["O1"]
    assert rights.listed(D2, "/outside-claims", "id") == []
    rights.does(CITY, "/outside-claims/O1/withdrawal", {"document": "撤回1号"})
    assert rights.reads(D1, "/duplicates")["exact_count"] == 0


def test_members_certificates_and_reductions_are_kept_to_their_owners(rights):
    member = {"enterprise": "E1", "year": 2025, "market": "全国碳市场", "power_sector": "no"}
    row = {**member, "document": "名单1号", "allowance_kg": "5000"}
    rights.does(CITY, "/carbon-memberships", {"rows": [row]})
    shown = rights.reads(C1, "/carbon-memberships?year=2025")["items"]
    assert [(one["allowance_kg"], one["emission_kg"]) for one in shown] == [("5000", None)]
    assert shown[0]["quota_kgce"].isdigit()
    people = (C1, C2, D1, D2, AUDITOR)
    assert rights.seen_by("/carbon-memberships", "enterprise", people) == {
        C1: ["E1"],
        C2: [],
        D1: ["E1"],
        D2: [],
        AUDITOR: ["E1"],
    }

    serials = {"series": "GEC", "first_serial": "1", "last_serial": "10"}
    issue = {**serials, "holder": "E1", "route": "stand_alone", "year": 2025, "evidence": HASH}
    rights.does(CITY, "/certificates", {"rows": [issue]})
    part = {**serials, "last_serial": "4", "enterprise": "E1", "document": "文1号"}
    rights.agreed(C1, A1, "/certificates/transfers", {**part, "destination": "E2"})
    use = {**part, "first_serial": "5", "last_serial": "5", "purpose": "tiered_price"}
    rights.agreed(C1, A1, "/certificates/retirements", {**use, "year": 2025})

    held = rights.listed(AUDITOR, "/certificates", "first_serial", "holder", "state", "count")
    assert held == [
        ("1", "E2", "held", "4"),
        ("5", "E1", "retired", "1"),
        ("6", "E1", "issued", "5"),
    ]
    assert rights.listed(C2, "/certificates", "first_serial") == ["1"]
    assert rights.listed(C2, "/certificate-moves", "source") == ["E1"]
    assert rights.listed(C1, "/certificates?state=retired", "purpose") == ["tiered_price"]
    assert [row["first_serial"] for row in rights.turned(AUDITOR, "/certificates")] == [
        "1",
        "5",
        "6",
    ]


def upload(text, **more):
    return {"file": "h.csv", "content": base64.b64encode(text.encode()).decode(), **more}


def test_a_table_is_checked_confirmed_and_given_back(rights):
    city = rights.visit(CITY)
    before = rights.digest()

    bad = rights.post(city, "/api/v1/tables/history/checks", upload(HISTORY.format(last="x"))).json
    assert [(one["row_number"], one["code"]) for one in bad["faults"]] == [
        (3, "cell_not_an_amount")
    ]
    unknown = HISTORY.format(last="5").replace("E1,2022", "E9,2022")
    told = rights.post(city, "/api/v1/tables/history/checks", upload(unknown)).json
    assert [(one["row_number"], one["code"]) for one in told["faults"]] == [(3, "party_unknown")]
    assert told["is_rehearsed"]
    assert "E9" in told["faults"][0]["message_zh"]
    good = upload(HISTORY.format(last="2000"))
    told = rights.post(city, "/api/v1/tables/history/checks", good).json
    assert (told["faults"], told["rows_count"], told["commands_count"]) == ([], 2, 1)
    assert rights.digest() == before

    path = "/api/v1/tables/history/imports"
    for body, code in (
        ({**upload(HISTORY.format(last="2001")), "hash": told["hash"]}, "import_not_checked"),
        ({**good, "hash": "ab"}, "import_not_checked"),
        ({**good, "content": "%", "hash": "ab"}, "file_not_base64"),
    ):
        assert rights.post(city, path, body).json["code"] == code
    assert rights.digest() == before

    sent = rights.post(city, path, {**good, "hash": told["hash"]}, key="once").json
    again = rights.post(city, path, {**good, "hash": told["hash"]}, key="once").json
    assert [one["code"] for one in sent["items"]] == ["ok"]
    assert again["items"][0]["sequence"] == sent["items"][0]["sequence"]
    rows = city.get("/api/v1/tables/history/rows?form=csv").get_data(as_text=True)
    assert rows.splitlines()[-2:] == ["E1,2021,1000,0,,0,,", "E1,2022,2000,0,,0,,"]
    stranger = rights.visit(C2).get("/api/v1/tables/history/rows?form=csv")
    assert "E1" not in stranger.get_data(as_text=True)


def test_who_may_not_send_a_table_is_told_by_the_check(rights):
    table = upload(HISTORY.format(last="5"))

    told = rights.post(rights.visit(C1), "/api/v1/tables/history/checks", table).json

    assert {one["code"] for one in told["faults"]} == {"role_missing"}
    refused = rights.post(rights.visit(CHECKER), "/api/v1/tables/houses/checks", table)
    assert (refused.status_code, refused.json["code"]) == (404, "import_unknown")
