"""The page of a lot: its decision, its ends and its steps, in both languages and for each eye."""

import pytest

from ledger.follow import catch_up
from ledger.projections import PROJECTIONS
from tests.api.rest.offices import FIRST_DISTRICT, SECOND_DISTRICT, appoint
from tests.api.web.office import capped, links, look
from tests.build import REGULATOR


@pytest.fixture
def traced(faced):
    """Lot 1.0 is the first that E1 was given, 100,000 kgce; the budgets of 2026 come last."""
    appoint(faced)
    capped(faced)
    catch_up(faced.bench.engine, PROJECTIONS)
    return faced


def test_a_lot_shows_its_decision_its_ends_and_its_steps(traced):
    page = look(traced.visit(REGULATOR), "/authority/lots/1.0")

    assert "100.000 吨标准煤" in page
    assert "最初持有人 E1" in page
    assert "持有中：100.000 吨标准煤" in page
    assert "/authority/journal/1" in links(traced.visit(REGULATOR), "/authority/lots/1.0")
    english = look(traced.visit(REGULATOR), "/authority/lots/1.0", language="en")
    assert "held: 100.000 tce" in english
    assert "None" not in english
    assert " — " not in english


def test_a_budget_of_another_district_is_as_if_it_were_not(traced):
    with traced.bench.engine.connect() as connection:
        query = "SELECT max(sequence) FROM entries"
        last = connection.exec_driver_sql(query).scalar_one()
    own, other = f"/authority/lots/{last - 1}.0", f"/authority/lots/{last}.0"

    page = look(traced.visit(FIRST_DISTRICT), own)

    assert "甲区" in page
    assert "预算1号" in page
    look(traced.visit(FIRST_DISTRICT), other, status=404)
    assert "500.000" in look(traced.visit(SECOND_DISTRICT), other)
    for wrong in ("999.0", "x", "1", "source:S9"):
        look(traced.visit(REGULATOR), f"/authority/lots/{wrong}", status=404)


def test_the_flow_page_says_through_which_entry_it_stands_and_leads_to_enterprises(traced):
    client = traced.visit(REGULATOR)

    page = look(client, "/authority/flows?year=2025")
    followed = links(client, "/authority/flows?year=2025")

    assert "截至凭证" in page
    assert "将在数秒内计入" not in page
    [to_its_own] = {one for one in followed if "by=enterprise" in one and "990101" in one}
    by_name = links(client, to_its_own.replace("&amp;", "&"))
    assert "/authority/journal?account=enterprise:E1" in by_name
