"""Sheets, notices, objections, trials and changes of enterprises over HTTP."""

import io

from python_calamine import CalamineWorkbook

from ledger.recompute import recompute
from tests.api.rest.rights_town import A1, AUDITOR, C1, C2, CHECKER, CITY, D1, D2
from tests.api.rest.test_allocations import line, planned

OF_2026 = "/allocations/990101/2026/energy"
SHEET = "/allocations/E1/2026/energy/sheets/planned?product=cement"
ABOUT = {"enterprise": "E1", "year": 2026, "measure": "energy", "product": "cement"}


def objecting(rights, **changes):
    code = rights.reads(C1, SHEET)["check_code"]
    said = {"stage": "planned", "sheet_code": code, "reasons": "产量有误"}
    return {**ABOUT, **said, **changes}


def test_a_sheet_is_downloaded_with_its_check_code_and_recomputed(rights):
    planned(rights)

    document = rights.reads(C1, SHEET)

    assert [check.problem for check in recompute(document)] == [""] * len(recompute(document))
    assert document["figures"]["granted"] == "100000"
    book = rights.visit(C1).get(f"/api/v1{SHEET}&form=xlsx&lang=en")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0)
    assert sheet.to_python()[1][0] == "quota by benchmarking"
    rights.same_as_absent(C2, SHEET, SHEET.replace("cement", "nothing"))
    assert rights.status(C1, SHEET.replace("planned", "final")) == 404


def test_an_objection_goes_from_the_notice_to_the_corrected_figure(rights):
    planned(rights)
    told = {"stage": "planned", "document": "告知1号"}
    assert rights.refused(C1, "/objections", objecting(rights)).json["code"] == (
        "figure_not_notified"
    )
    notice = rights.does(D1, f"{OF_2026}/notices", told)["result"]
    assert rights.refused(D2, f"{OF_2026}/notices", told).json["code"] == "role_missing"

    number = rights.does(C1, "/objections", objecting(rights))["result"]["objection"]

    rights.does(D1, f"/objections/{number}/reviews", {})
    better = {**line("E1", 1_500), "enterprise": "E1"}
    answer = {"outcome": "corrected", "reasons": "已核", "document": "复1号", "correction": better}
    rights.agreed(D1, CHECKER, f"/objections/{number}/decisions", answer)
    shown = rights.reads(C1, f"/objections/{number}")
    assert (shown["state"], shown["outcome"], shown["answer"]) == ("decided", "corrected", "已核")
    assert rights.reads(C1, SHEET)["check_code"] == shown["corrected_code"]
    assert rights.reads(C1, SHEET)["figures"]["granted"] == "150000"
    assert rights.seen_by("/objections", "sequence", (C1, C2, D1, D2, AUDITOR)) == {
        C1: [number],
        C2: [],
        D1: [number],
        D2: [],
        AUDITOR: [number],
    }
    rights.same_as_absent(C2, f"/objections/{number}", "/objections/999999")
    noticed = rights.seen_by("/allocation-notices", "sequence", (C1, D1, D2))
    assert noticed == {C1: [notice["notice"]], D1: [notice["notice"]], D2: []}


def test_a_trial_shows_winners_and_losers_and_writes_nothing(rights):
    planned(rights)
    body = {"district": "990101", "year": 2026, "measure": "energy", "reduction": "0"}
    before = rights.digest()
    client = rights.visit(D1)

    told = client.post("/api/v1/allocations/trials", json={**body, "cap": "150000"}).json

    assert told["totals"]["granted"] == "150000"
    assert [row["difference"] for row in told["items"]] == ["-50000", "-100000"]
    assert (told["totals"]["losers"], told["totals"]["winners"]) == (2, 0)
    text = client.post("/api/v1/allocations/trials?form=csv", json=body).get_data(as_text=True)
    assert text.splitlines()[1].startswith("E1,cement,TEXTILE,benchmarking,100000,100000,100000")
    book = client.post("/api/v1/allocations/trials?form=xlsx", json=body)
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.data))
    assert sheets.get_sheet_by_index(0).to_python()[2][6] == 200_000
    assert rights.digest() == before
    for person, status in ((D2, 404), (C1, 403)):
        answer = rights.visit(person).post("/api/v1/allocations/trials", json=body)
        assert answer.status_code == status
    wrong = client.post("/api/v1/allocations/trials", json={**body, "reduction": "2"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "rows_refused")


def test_a_change_of_an_enterprise_takes_two_offices_and_shows_in_the_list(rights):
    body = {"successor": "E2", "document": "合并1号"}
    assert rights.refused(C1, "/enterprises/E1/merger", body).json["code"] == "not_permitted"
    moved = {"district": "990101", "document": "迁移1号"}
    rights.agreed(D2, CHECKER, "/enterprises/E3/relocation", moved)
    divided = {
        "document": "分立1号",
        "rows": [{"successor": "E2", "share": "1/3"}, {"successor": "E3", "share": "2/3"}],
    }
    answer = rights.post(rights.visit(D1), "/api/v1/enterprises/E1/split", divided)
    assert answer.status_code == 202
    assert rights.refused(D2, "/enterprises/E3/closure", {"document": "1"}).json["code"] == (
        "role_missing"
    )

    rights.agreed(D1, CHECKER, "/enterprises/E3/closure", {"document": "关停1号"})

    assert rights.listed(CITY, "/enterprise-changes", "step", "enterprise", "other") == [
        ("relocate", "E3", "990101"),
        ("cease", "E3", ""),
    ]
    assert rights.listed(A1, "/enterprise-changes", "step") == []
    assert rights.listed(C1, "/allocation-nettings", "amount") == []
