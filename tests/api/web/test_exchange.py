"""The market's pages: quotes, one instrument, auctions, and the operator's day."""

import re

from tests.api.web.test_enterprise import text
from tests.build import EXCHANGE


def test_the_quotes_show_every_instrument_to_everybody(faced):
    page = faced.visit().get("/market/")

    assert page.status_code == 200
    assert "EN-25" in text(page)
    assert "EN-26" in text(page)
    assert "连续竞价" in text(page)


def test_an_instrument_shows_its_levels_and_no_owner(faced):
    seller = faced.visit("person:T1")
    order = {
        "instrument": "EN-25",
        "enterprise": "E1",
        "side": "sell",
        "price_fen": "10100",
        "quantity_tce": "20",
    }
    assert faced.post(seller, "/api/v1/orders", order).status_code == 201

    page = faced.visit().get("/market/EN-25")

    assert "101.00" in text(page)
    assert "E1 " not in text(page)
    assert "卖1" in text(page)


def test_one_that_is_not_listed_is_not_found(faced):
    assert faced.visit().get("/market/NOTHING").status_code == 404


def test_the_operator_halts_and_the_page_says_so(faced):
    client = faced.visit(EXCHANGE)
    page = client.get("/floor/operate").text
    key = re.search(
        r'action="/floor/operate/EN-25/halted".*?name="key" value="([^"]+)"', page, re.S
    )

    done = client.post("/floor/operate/EN-25/halted", data={"key": key[1]}, follow_redirects=True)

    assert "停牌" in text(done)
    assert "停牌" in text(faced.visit().get("/market/EN-25"))


def test_what_may_not_follow_is_refused_and_changes_nothing(faced):
    """EN-26 has not opened, so it cannot go on trading."""
    client, before = faced.visit(EXCHANGE), faced.digest()

    answer = client.post("/floor/operate/EN-26/continuous", data={"key": "b"})

    assert answer.status_code in (409, 422)
    assert faced.digest() == before


def test_an_action_that_is_none_is_not_found(faced):
    client, before = faced.visit(EXCHANGE), faced.digest()

    assert client.post("/floor/operate/EN-25/explode", data={"key": "a"}).status_code == 404
    assert faced.digest() == before


def test_a_trader_does_not_run_the_market(faced):
    client, before = faced.visit("person:T1"), faced.digest()

    answer = client.post("/floor/operate/EN-25/halted", data={"key": "a"})

    assert answer.status_code == 403
    assert faced.digest() == before


def test_the_auctions_page_is_there_for_everybody(faced):
    assert faced.visit().get("/floor/tenders").status_code == 200
    assert "one-way" in text(faced.visit().get("/floor/tenders?lang=en")).lower()
