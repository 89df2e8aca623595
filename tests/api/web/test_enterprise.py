"""An enterprise's pages: own figures, nobody else's, and forms that say what came of them."""

import re

from api.web.authority_terms import ENTRIES
from api.web.authority_terms import PURPOSES as ACCOUNTS
from ledger.chart import PURPOSES
from ledger.entry import EntryCode


def text(answer):
    """Return what a page says, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def form(client, path, action=""):
    """Return the hidden fields of the form on a page that sends to *action*."""
    page = client.get(path).text
    found = re.findall(r'<form method="post"[^>]*>.*?</form>', page, re.DOTALL)
    wanted = next(each for each in found if not action or f'action="{action}"' in each)
    names = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', wanted)
    return dict(names)


def test_the_overview_shows_what_the_enterprise_has(faced):
    """E1 was given 100,000 kgce, of which 10 tce are on order, and 10,000 yuan."""
    client = faced.visit("person:T1")

    home = client.get("/enterprise/", follow_redirects=True)

    assert home.status_code == 200
    assert "90.000 10.000" in text(home)
    assert "10,000.00" in text(home)
    assert "2025年度用能权指标" in text(home)


def test_the_overview_speaks_english_when_asked(faced):
    page = faced.visit("person:T1").get("/enterprise/E1?lang=en")

    assert "Quota held" in text(page)
    assert "指标持仓" not in text(page)


def test_another_enterprise_looks_as_if_it_did_not_exist(faced):
    client = faced.visit("person:T1")

    hidden, absent = client.get("/enterprise/E2"), client.get("/enterprise/E999")

    assert hidden.status_code == absent.status_code == 404
    without_id = [re.sub(r"[0-9a-f]{16}|E2|E999", "", text(each)) for each in (hidden, absent)]
    assert without_id[0] == without_id[1]


def test_a_stranger_is_led_to_sign_in_and_back(faced):
    answer = faced.visit().get("/enterprise/E1")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?back=/enterprise/E1")


def test_an_order_placed_on_the_ticket_is_listed_and_can_be_cancelled(faced):
    client = faced.visit("person:T1")
    fields = {"side": "sell", "price": "100.00", "quantity": "10", "enterprise": "E1"}

    looked = client.post("/market/EN-25/order", data={**fields, "step": "preview"})
    assert looked.status_code == 200
    assert "确认提交委托" in text(looked)
    key = re.search(r'name="key" value="([^"]+)"', looked.text)[1]
    placed = client.post("/market/EN-25/order", data={**fields, "step": "place", "key": key})

    assert placed.status_code == 303
    assert "EN-25" in text(client.get("/enterprise/E1/orders"))
    page = client.get("/enterprise/E1").text
    action = re.search(r'action="(/enterprise/E1/orders/\d+/cancellation)"', page)[1]
    before = form(client, "/enterprise/E1", action)
    gone = client.post(action, data=before, follow_redirects=True)
    assert "已撤销" in text(gone)


def test_the_same_form_sent_twice_is_one_order(faced):
    client = faced.visit("person:T1")
    fields = {"side": "sell", "price": "100.00", "quantity": "10", "enterprise": "E1"}
    sending = {**fields, "step": "place", "key": "k-once"}

    first = client.post("/market/EN-25/order", data=sending)
    middle = faced.digest()
    second = client.post("/market/EN-25/order", data=sending)

    assert first.status_code == second.status_code == 303
    assert faced.digest() == middle


def test_a_refused_order_says_why_and_keeps_what_was_filled_in(faced):
    """The band is ±10 % around 100 yuan, so 110.10 is one tick of ten fen above it."""
    client, before = faced.visit("person:T1"), faced.digest()
    fields = {"side": "sell", "price": "110.10", "quantity": "10", "enterprise": "E1"}

    answer = client.post("/market/EN-25/order", data={**fields, "step": "preview"})

    assert answer.status_code == 422
    assert "110.00" in text(answer)
    assert 'value="110.10"' in answer.text
    assert faced.digest() == before


def test_what_is_no_price_is_refused_by_name(faced):
    fields = {"side": "buy", "price": "hundred", "quantity": "10", "enterprise": "E1"}

    answer = faced.visit("person:T1").post("/market/EN-25/order", data=fields)

    assert answer.status_code == 422
    assert 'value="hundred"' in answer.text


def test_a_ticket_for_another_enterprise_is_not_found(faced):
    client, before = faced.visit("person:T1"), faced.digest()
    fields = {"side": "sell", "price": "100.00", "quantity": "10", "enterprise": "E2"}

    answer = client.post("/market/EN-25/order", data={**fields, "step": "place", "key": "x"})

    assert answer.status_code == 404
    assert faced.digest() == before


def test_the_statement_runs_to_the_balance(faced):
    """One gift of 100,000 kgce, so one line whose balance is the whole."""
    page = faced.visit("person:T1").get("/enterprise/E1/statement?account=holding")

    assert page.status_code == 200
    assert "+100.000" in text(page)
    assert "可用指标" in text(page)
    assert "锁定" in text(page)
    assert "holding" not in text(page).replace(":holding", "")


def test_every_kind_of_entry_and_account_has_a_name_on_the_statement():
    assert set(ENTRIES) == {str(code) for code in EntryCode}
    assert set(PURPOSES) <= set(ACCOUNTS)


def test_the_statement_of_a_period_opens_and_closes(faced):
    """100,000 kgce were given and 10,000 held on 15 January; the day before there was nothing."""
    client, path = faced.visit("person:T1"), "/enterprise/E1/statement?account=holding"

    day = text(client.get(f"{path}&from=2026-01-15&to=2026-01-15"))
    before = text(client.get(f"{path}&from=2026-01-01&to=2026-01-14"))
    wrong = text(client.get(f"{path}&from=2026-01-15&to=2026-01-13"))
    empty = text(client.get(f"{path}&from=&to="))

    assert "期初余额" in day
    assert all(amount in day for amount in ("+100.000", "-10.000", "90.000"))
    assert "该期间没有变动" in before
    assert "期初余额" not in before
    assert "早于起始时间" in wrong
    assert "+100.000" in wrong
    assert "期初余额" not in empty
    assert "+100.000" in empty


def test_an_account_that_no_enterprise_has_is_not_found(faced):
    assert faced.visit("person:T1").get("/enterprise/E1/statement?account=x").status_code == 404


def test_the_obligation_is_shown_with_its_steps(faced):
    """E1 owes 5,000 kgce for 2025."""
    page = faced.visit("person:T1").get("/enterprise/E1/obligation")

    assert "5.000" in text(page)
    assert "逐步计算" in text(page)


def test_every_page_of_an_enterprise_opens_in_both_languages(faced):
    client = faced.visit("person:T1")
    for name in ("", "/orders", "/trades", "/statement", "/obligation", "/rights"):
        for language in ("zh", "en"):
            answer = client.get(f"/enterprise/E1{name}?lang={language}")
            assert answer.status_code == 200, name
