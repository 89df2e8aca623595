"""A clerk's first day: a table from template to confirmation; and matches side by side."""

import io
import re

from ledger.allocation.confirm import HistoryLine, RecordHistory
from ledger.coordination.outside import RecordOutside
from ledger.parties.enroll import FacilityLine, RegisterFacilities
from tests.api.rest.offices import COMPLIANCE_1, FIRST_DISTRICT, appoint
from tests.api.web.office import look, text_of
from tests.build import REGULATOR
from tests.ledger.coordination.world import closure, outside

TABLE = "enterprise,year,energy_tce\nE1,2021,1000\n{second}\n"


def uploaded(faced, client, text, *, step="check"):
    form = {
        "key": f"up{next(faced.keys)}",
        "step": step,
        "file": (io.BytesIO(text.encode()), "用能.csv"),
    }
    return client.post("/authority/tables/history/check", data=form)


def hidden(answer, name):
    return re.search(rf'name="{name}" value="([^"]*)"', answer.get_data(as_text=True))[1]


def test_a_clerk_brings_a_table_in(faced):
    clerk = faced.visit(REGULATOR)
    assert "历史用能" in look(clerk, "/authority/tables")
    page = look(clerk, "/authority/tables/history")
    assert "第一步：下载模板并填写" in page
    template = clerk.get("/authority/tables/history/template")
    assert template.data.startswith(b"PK")
    before = faced.digest()

    wrong = uploaded(faced, clerk, TABLE.format(second="E9,2022,5"))
    assert wrong.status_code == 200
    assert "共 1 处错误，未导入任何一行" in text_of(wrong)
    book = uploaded(faced, clerk, TABLE.format(second="E9,2022,5"), step="faults")
    assert book.data.startswith(b"PK")

    good = uploaded(faced, clerk, TABLE.format(second="E1,2022,5"))
    assert "共 2 行，没有错误，格式与规则均已核对。" in text_of(good)
    assert faced.digest() == before
    names = ("key", "name", "content", "hash")
    form = {name: hidden(good, name) for name in names}
    done = clerk.post("/authority/tables/history/confirm", data=form)
    assert (done.status_code, done.location) == (303, "/authority/tables/history")
    assert faced.digest() != before
    assert "“历史用能”已导入并生效。" in look(clerk, "/authority/tables/history")
    assert clerk.get("/authority/tables/history/rows").data.startswith(b"PK")


def test_what_was_not_checked_or_is_no_table_is_refused_in_words(faced):
    clerk = faced.visit(REGULATOR)
    good = uploaded(faced, clerk, TABLE.format(second="E1,2022,5"))
    form = {name: hidden(good, name) for name in ("key", "name", "content", "hash")}
    before = faced.digest()

    for change in ({"hash": "ab"}, {"content": "%"}, {"content": "QQ=="}):
        answer = clerk.post("/authority/tables/history/confirm", data=form | change)
        assert 400 <= answer.status_code < 500
    empty = clerk.post("/authority/tables/history/check", data={"key": "k"})
    assert 400 <= empty.status_code < 500
    assert look(clerk, "/authority/tables/houses", status=404)
    assert faced.digest() == before


def test_matches_stand_side_by_side_and_are_judged(faced):
    appoint(faced)
    officer = faced.visit(FIRST_DISTRICT)

    plant = FacilityLine("F1", "E1", "一号线", "TEXTILE", "cloth", 1_000, "t")
    for payload in (
        RegisterFacilities(rows=(plant,)),
        RecordHistory(rows=(HistoryLine("E1", 2024, 900_000_000, coal_kg=0),)),
    ):
        faced.bench.do(payload).require()

    assert "没有重复或疑似记录。" in look(officer, "/authority/duplicates")
    assert "Nothing matches." in look(officer, "/authority/duplicates", language="en")
    look(faced.visit(COMPLIANCE_1), "/authority/duplicates", status=403)

    faced.bench.do(closure()).require()
    elsewhere = outside(scheme="other_province", measure="energy", amount=5_000_000)
    faced.bench.do(RecordOutside(rows=(elsewhere,))).require()
    page = look(officer, "/authority/duplicates")
    assert "完全重复 1 对，其中未认定 1 对" in page
    assert "claim:K1 outside:O1" in page
    assert "5,000.000 吨标准煤" in page
    finding = {"key": "judge", "first": "claim:K1", "second": "outside:O1", "finding": "different"}
    empty = {**finding, "key": "empty", "reason": ""}
    refused = officer.post("/authority/duplicates/dispose", data=empty)
    assert refused.status_code == 422
    data = {**finding, "reason": "两条不同的生产线"}
    assert officer.post("/authority/duplicates/dispose", data=data).status_code == 303
    page = look(officer, "/authority/duplicates")
    assert "已认定： 不同削减" in page.replace("已认定：不同", "已认定： 不同")
    assert "两条不同的生产线" in page
