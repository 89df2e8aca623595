"""The authority's pages: its own figures, nobody else's, decisions proposed, both languages."""

import msgspec
import pytest

from api.read.kinds import NAMES
from api.web.authority_flows import layered, sankey
from api.web.authority_labels import LABELS
from ledger.approve import approving
from ledger.db import reading
from ledger.tables import ProposalRow
from ledger.waive import WaiveParameters
from tests.api.rest.offices import (
    AUDITOR,
    COMPLIANCE_1,
    FIRST_DISTRICT,
    SECOND_DISTRICT,
    appoint,
)
from tests.api.web.office import capped, links, look, planned, send
from tests.build import EXCHANGE, REGULATOR, SECOND_REGULATOR

PAGES = (
    "/authority/",
    "/authority/districts",
    "/authority/districts/990101",
    "/authority/allocations?year=2026",
    "/authority/allocations/990101/2026",
    "/authority/freed",
    "/authority/projects",
    "/authority/flows",
    "/authority/years",
    "/authority/years/2025",
    "/authority/years/2030/ground",
    "/authority/journal",
    "/proposals",
    "/proposals?part=mine",
    "/proposals?part=closed",
)


def test_the_cockpit_says_what_is_left_and_what_is_owed(faced):
    capped(faced)

    page = look(faced.visit(REGULATOR), "/authority/")

    assert "2026 年度预算" in page
    assert "甲区 能源 1,000.000 0.000 0.000 0.000 1,000.000 100.0% 吨标准煤" in page
    # E1 owes 5,000 kgce and E2 700; nothing is surrendered.
    assert "甲区 能源 5.700 0.000 0.000 5.700 吨标准煤" in page
    assert "2025 年度有 3 项义务尚未清缴足额，距截止日 2026-06-30 还有 166 天。" in page


def test_a_district_sees_its_own_figures_alone(faced):
    appoint(faced)
    capped(faced)

    own = look(faced.visit(FIRST_DISTRICT), "/authority/")
    other = look(faced.visit(SECOND_DISTRICT), "/authority/")

    assert "1,000.000" in own
    assert "500.000" not in own.replace("1,500.000", "")
    assert "乙区 能源 500.000" in other
    assert "5.700" not in other
    look(faced.visit(SECOND_DISTRICT), "/authority/districts/990101", status=404)
    look(faced.visit(SECOND_DISTRICT), "/authority/districts/990199", status=404)


def test_a_budget_leads_to_its_document_and_its_entry(faced):
    capped(faced)
    client = faced.visit(REGULATOR)

    page = look(client, "/authority/districts/990101")

    assert "下达预算 能源 1,000.000 吨标准煤 预算1号" in page
    [command] = [url for url in links(client, "/authority/districts/990101") if "/commands/" in url]
    moved = look(client, command)
    assert "设定区域能耗预算" in moved
    assert "甲区 · 预算 ： 1,000.000 吨标准煤" in moved


def test_an_issue_is_proposed_with_the_hash_that_was_read(faced):
    appoint(faced)
    plan_hash = planned(faced)
    client = faced.visit(FIRST_DISTRICT)
    page = client.get("/authority/allocations/990101/2026").get_data(as_text=True)
    assert f'name="plan_hash" value="{plan_hash}"' in page
    fields = {"measure": "energy", "plan_hash": plan_hash, "document": "发放1号"}

    answer = send(faced, client, "/authority/allocations/990101/2026/issue", fields)

    assert answer.status_code == 303
    with reading(faced.bench.engine) as connection:
        row = connection.execute(ProposalRow.__table__.select().order_by(ProposalRow.id.desc()))
        made = row.mappings().first()
    assert (made["kind"], made["maker"], made["state"]) == (
        "allocations.issue",
        FIRST_DISTRICT,
        "open",
    )
    assert f"已提交复核，编号 {made['id']}" in look(client, answer.headers["Location"])


def test_a_refused_issue_keeps_what_was_typed_and_changes_nothing(faced):
    appoint(faced)
    planned(faced)
    client = faced.visit(SECOND_DISTRICT)
    before = faced.digest()
    fields = {"measure": "energy", "plan_hash": "0" * 64, "document": "发放2号"}

    stranger = send(faced, client, "/authority/allocations/990101/2026/issue", fields)
    missing = faced.visit(FIRST_DISTRICT).post(
        "/authority/allocations/990101/2026/issue", data={**fields, "key": "bad key"}
    )

    assert stranger.status_code in (403, 404)
    assert missing.status_code == 400
    assert 'value="发放2号"' in missing.get_data(as_text=True)
    assert faced.digest() == before


def test_a_line_of_a_plan_shows_its_calculation_in_words(faced):
    appoint(faced)
    planned(faced)

    page = look(faced.visit(FIRST_DISTRICT), "/authority/allocations/990101/2026")

    assert "基准法配额 基准值 × 产量 × 行业系数" in page
    assert "基准值 = 100；产量 = 1000" in page.replace("1,000", "1000")
    assert "100,000 千克标准煤 100.000 吨标准煤 四舍五入至整数 ALC-04" in page


def test_a_year_names_who_is_short_and_by_how_much(faced):
    appoint(faced)

    page = look(faced.visit(REGULATOR), "/authority/years/2025?gap=yes")
    other = look(faced.visit(SECOND_DISTRICT), "/authority/years/2025")
    own = look(faced.visit(COMPLIANCE_1), "/authority/years/2025")

    assert "E1 能源 5.000 0.000 0.000 5.000 吨标准煤" in page
    assert "E2 能源 0.700 0.000 0.000 0.700 吨标准煤" in page
    assert "5.000" not in other
    assert "0.700" not in other
    assert "E1 能源 5.000" in own
    assert "E2" not in own


def test_who_has_no_role_for_it_is_kept_out(faced):
    look(faced.visit(), "/authority/", status=302)
    look(faced.visit("person:T1"), "/authority/", status=403)
    look(faced.visit(EXCHANGE), "/authority/years", status=403)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_answers_in_both_languages_without_a_bare_dash(faced, language):
    appoint(faced)
    planned(faced)
    client = faced.visit(SECOND_REGULATOR)

    for path in PAGES:
        page = look(client, path, language=language)
        assert " — " not in page, path
        assert "None" not in page, path
        assert "Undefined" not in page, path
        is_chinese = "主管部门" in page
        assert is_chinese == (language == "zh"), path


def test_an_auditor_reads_everything_and_is_offered_no_form(faced):
    appoint(faced)
    planned(faced)

    page = look(faced.visit(AUDITOR), "/authority/allocations/990101/2026")

    assert "100.000" in page
    assert "提交发放" not in page
    look(faced.visit(AUDITOR), "/proposals", status=403)


def test_the_chart_has_no_circle_where_three_trade_in_one():
    # A sells 30 to B, B 20 to C, C 10 to A: A sells 20 net, B and C buy 10 each.
    edges = [
        edge("allocation:benchmarking", "district:A", 100),
        edge("true_up", "district:C", 5),
        edge("district:A", "district:B", 30),
        edge("district:B", "district:C", 20),
        edge("district:C", "district:A", 10),
        edge("district:A", "surrendered", 80),
        edge("district:B", "held", 10),
        edge("district:C", "surrendered", 15),
    ]

    links = layered(edges)

    assert links == {
        ("from allocation:benchmarking", "in district:A"): 100,
        ("from true_up", "in district:C"): 5,
        ("in district:A", "out district:A"): 80,
        ("in district:A", "market"): 20,
        ("market", "out district:B"): 10,
        ("market", "out district:C"): 10,
        ("in district:C", "out district:C"): 5,
        ("out district:A", "to surrendered"): 80,
        ("out district:B", "to held"): 10,
        ("out district:C", "to surrendered"): 15,
    }
    columns = ("from", "in", "market", "out", "to")
    for source, target in links:
        assert columns.index(source.split()[0]) < columns.index(target.split()[0])


def edge(origin, use, amount):
    return {"kind": "flow", "origin": origin, "use": use, "amount": amount}


def test_nothing_to_draw_is_no_chart(faced):
    with faced.app.test_request_context("/"):
        assert sankey([], "energy") is None


def test_every_field_of_every_command_has_a_label(faced):
    missing = set()

    def look_into(shape):
        for field in msgspec.structs.fields(shape):
            if field.name not in LABELS:
                missing.add(field.name)
            for inner in (field.type, *getattr(field.type, "__args__", ())):
                if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                    look_into(inner)

    for kind, handler in faced.bench.subjects.handlers.items():
        if not kind.startswith("test."):
            look_into(handler.payload)
    assert missing == set()


def test_every_kind_of_command_has_a_name_in_both_languages(faced):
    kinds = {kind for kind in faced.bench.subjects.handlers if not kind.startswith("test.")}
    assert kinds - NAMES.keys() == set()


GROUND = "/authority/years/2030/ground"


def test_what_a_year_rests_on_unconfirmed_is_shown_and_waived_by_two(faced):
    client = faced.visit(REGULATOR)
    page = look(client, GROUND)
    assert "核查组最少人数 national:verifier_team_min 2 个 2030-01-01 至 2031-06-30" in page
    assert "未豁免" in page

    empty = send(faced, client, GROUND, {"reason": " ", "deadline": "2031-06-30"})
    assert empty.status_code == 422
    answer = send(faced, client, GROUND, {"reason": "会议纪要八号", "deadline": "2031-06-30"})

    assert answer.status_code == 303
    with reading(faced.bench.engine) as connection:
        row = connection.execute(ProposalRow.__table__.select().order_by(ProposalRow.id.desc()))
        made = row.mappings().first()
    assert (made["kind"], made["maker"]) == ("packs.waive", REGULATOR)
    payload = msgspec.json.decode(made["payload"], type=WaiveParameters)
    faced.bench.do(approving(made["id"], payload), actor=SECOND_REGULATOR).require()
    after = look(client, GROUND)
    assert "未豁免" not in after
    assert "尚待豁免 0 项" in after
    later = look(client, f"{GROUND}?deadline=2031-07-01")
    assert "未豁免" in later
    assert "提交豁免" in later
    assert "提交豁免" not in look(faced.visit("person:T1"), f"{GROUND}?deadline=2031-07-01")
