"""Pages of the indicator ledger, of project gates and of evaluation."""

import csv
import io

from api.workbook_rows import workbook_rows
from ledger.approve import Approve
from ledger.db import reading
from ledger.tables import ProposalRow
from tests.api.rest.offices import FIRST_DISTRICT, SECOND_DISTRICT, appoint
from tests.api.web.office import capped, look, send
from tests.build import REGULATOR, SECOND_REGULATOR

BOOK = "/authority/districts/990101/book"
FIELDS = {"year": "2026", "measure": "energy"}


def approve_last(faced):
    with reading(faced.bench.engine) as connection:
        query = ProposalRow.__table__.select().order_by(ProposalRow.id.desc())
        made = connection.execute(query).mappings().first()
    approval = Approve(proposal=made["id"], payload_hash=made["payload_hash"].hex())
    faced.bench.do(approval, actor=SECOND_REGULATOR).require()


def sent(faced, person, path, fields):
    client = faced.visit(person)
    answer = send(faced, client, path, fields)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return look(client, answer.headers["Location"])


def test_a_book_shows_every_line_and_every_part_and_gives_files(faced):
    appoint(faced)
    capped(faced)
    fields = {**FIELDS, "amount": "400", "document": "核定1号"}
    told = sent(faced, REGULATOR, "/authority/districts/990101/uncovered", fields)
    assert "已提交复核" in told
    approve_last(faced)
    moving = {**FIELDS, "amount": "100.5", "document": "调剂1号", "way": "lend", "taker": "990102"}
    sent(faced, FIRST_DISTRICT, "/authority/districts/990101/moves", moving)
    approve_last(faced)

    page = look(faced.visit(FIRST_DISTRICT), f"{BOOK}?year=2026")

    assert "未覆盖用能（居民、服务业、交通等） 400.000" in page
    assert "用能空间 499.500" in page
    assert "借出或归还 100.500 499.500 调剂1号" in page
    assert "未覆盖用能 400.000 600.000 核定1号" in page
    assert "下达预算 1,000.000 1,000.000 预算1号" in page
    text = faced.visit(FIRST_DISTRICT).get(f"{BOOK}.csv?year=2026").get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    wanted = [
        ["事项", "收入", "支出", "余额", "文件"],
        ["下达预算", "1000.000", "", "1000.000", "预算1号"],
        ["未覆盖用能", "", "400.000", "600.000", "核定1号"],
        ["借出或归还", "", "100.500", "499.500", "调剂1号"],
    ]
    assert [row[1:6] for row in rows] == wanted
    raw = faced.visit(FIRST_DISTRICT).get(f"{BOOK}.xlsx?year=2026").get_data()
    assert [row[1:6] for row in workbook_rows("book.xlsx", raw)] == wanted
    for path in (BOOK, f"{BOOK}.csv", f"{BOOK}.pdf"):
        look(faced.visit(SECOND_DISTRICT), path, status=404)
    assert "The cap, less what follows" in look(
        faced.visit(FIRST_DISTRICT), f"{BOOK}?year=2026", language="en"
    )


def test_a_refused_move_says_why_and_changes_nothing(faced):
    appoint(faced)
    capped(faced)
    before = faced.digest()
    moving = {**FIELDS, "amount": "1e3", "document": "调剂1号", "way": "move", "taker": "990102"}

    client = faced.visit(FIRST_DISTRICT)
    answer = send(faced, client, "/authority/districts/990101/moves", moving)

    assert answer.status_code == 422
    assert "REG-01" in answer.get_data(as_text=True)
    unknown = send(faced, client, "/authority/districts/990101/moves", moving | {"way": "steal"})
    assert unknown.status_code == 404
    assert faced.digest() == before


def test_a_clerk_assesses_a_project_and_reads_what_comes_next(faced):
    appoint(faced)
    capped(faced)
    fields = {
        "project": "P7",
        "enterprise": "E1",
        "district": "990101",
        "energy_tce": "250",
        "document": "评估7号",
    }

    page = sent(faced, FIRST_DISTRICT, "/authority/gates?district=990101", fields)

    assert "评估已登记，结论见下表。" in page
    assert "P7 未列类别 250.000 1,000.000 可安排" in page
    assert "本地区政策包未设项目准入，可列入用能需求。" in page
    listing = {"project": "P7", "amount_tce": "1", "last_year": "2030", "document": "申请1号"}
    refused = send(faced, faced.visit(FIRST_DISTRICT), "/authority/listings", listing)
    assert refused.status_code == 409
    assert "不能申请单列" in refused.get_data(as_text=True)
    other = look(faced.visit(SECOND_DISTRICT), "/authority/gates?district=990101")
    assert "P7" not in other


def test_evaluation_is_read_by_those_it_concerns(faced):
    appoint(faced)

    assert "尚无评分" in look(faced.visit(FIRST_DISTRICT), "/authority/evaluations?year=2025")
