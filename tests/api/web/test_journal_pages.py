"""The journal on pages: one's own part of each entry, in words, with rule and command."""

from tests.api.rest.offices import (
    AUDITOR,
    COMPLIANCE_1,
    FIRST_DISTRICT,
    SECOND_DISTRICT,
    appoint,
)
from tests.api.rest.test_entries import traded
from tests.api.web.office import links, look
from tests.build import REGULATOR

PATH = "/authority/journal"


def test_an_entry_says_its_postings_its_rule_and_its_command(faced):
    appoint(faced)
    entry = traded(faced)["sequence"]

    page = look(faced.visit(AUDITOR), f"{PATH}/{entry}")

    assert f"凭证 {entry} · 成交" in page
    assert "E1 · 委托锁定 enterprise:E1:held E2 · 买入限售 enterprise:E2:bought" in page
    assert "10.000 吨标准煤" in page
    # 10 tonnes at 105.00 yuan.
    assert "1,050.00 元" in page
    assert "SET-30" in page
    assert "方向 买入 价格 105.00 元 数量 10 吨" in page


def test_each_side_sees_its_own_part_and_not_the_other(faced):
    appoint(faced)
    entry = traded(faced)["sequence"]

    own = look(faced.visit(COMPLIANCE_1), f"{PATH}/{entry}")

    assert "另一方企业 · 买入限售 enterprise:*:bought" in own
    assert "E2" not in own
    assert "命令由他人发出" in own


def test_a_district_sees_the_entries_of_its_enterprises_alone(faced):
    appoint(faced)
    entry = traded(faced)["sequence"]

    assert "成交" in look(faced.visit(FIRST_DISTRICT), f"{PATH}/{entry}")
    look(faced.visit(SECOND_DISTRICT), f"{PATH}/{entry}", status=404)
    look(faced.visit(SECOND_DISTRICT), f"{PATH}/999999", status=404)
    look(faced.visit(), PATH, status=302)


def test_entries_are_found_by_account_asset_event_and_day(faced):
    appoint(faced)
    entry = traded(faced)["sequence"]
    client = faced.visit(AUDITOR)

    assert f" {entry} 2026-01-15" in look(client, f"{PATH}?code=trade")
    assert f" {entry} 2026-01-15" in look(client, f"{PATH}?account=enterprise:E2:&code=trade")
    assert f" {entry} 2026-01-15" in look(client, f"{PATH}?asset=cash.cny&day=2026-01-15")
    assert "没有符合条件的凭证" in look(client, f"{PATH}?account=enterprise:E3:&code=trade")
    assert "没有符合条件的凭证" in look(client, f"{PATH}?day=2026-01-16")
    assert "没有符合条件的凭证" in look(client, f"{PATH}?day=2024-12-31")
    assert "日期应写作" in look(client, f"{PATH}?day=2026-02-30")


def test_a_statement_ends_with_what_is_on_the_account(faced):
    appoint(faced)
    traded(faced)

    page = look(faced.visit(COMPLIANCE_1), f"{PATH}/accounts/enterprise:E1:cash")

    # 10,000.00 yuan were there; 1,050.00 came in, and the fee of 0.2 % (2.10) went out.
    assert "资金 cash.cny 11,047.90 元" in page
    assert "+1,050.00 元" in page
    look(faced.visit(COMPLIANCE_1), f"{PATH}/accounts/enterprise:E2:cash", status=404)
    look(faced.visit(COMPLIANCE_1), f"{PATH}/accounts/enterprise:E9:cash", status=404)


def test_a_command_leads_to_its_entries_and_its_receipt(faced):
    appoint(faced)
    sequence = traded(faced)["command_sequence"]
    client = faced.visit(REGULATOR)

    page = look(client, f"{PATH}/commands/{sequence}", language="en")

    assert "place an order" in page
    assert "side buy price 105.00 yuan quantity 10 t" in page
    assert "What it moved" in page
    assert f"/api/v1/commands/{sequence}/receipt" in links(client, f"{PATH}/commands/{sequence}")
    look(client, f"{PATH}/commands/999999", status=404)


def test_pages_of_entries_follow_one_another(faced):
    client = faced.visit(REGULATOR)

    first = look(client, PATH)
    more = [url for url in links(client, PATH) if "cursor=" in url]
    broken = look(client, f"{PATH}?cursor=nonsense")

    assert "更早的记录" not in first or more
    assert broken == first
