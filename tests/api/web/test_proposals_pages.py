"""Four eyes on pages: read in words, approved as read, rejected with a reason, explained."""

import re

from tests.api.rest.offices import ADMIN_1, COMPLIANCE_1, appoint
from tests.api.web.office import look, send, text_of
from tests.build import CLEARING, SECOND_CLEARING

DEPOSIT = {"enterprise": "E1", "amount_fen": "900", "statement_line": "L-77"}
DAY_AND_A_BIT = 25 * 3_600 * 1_000_000


def proposed(faced):
    answer = faced.post(faced.visit(CLEARING), "/api/v1/cash-deposits", DEPOSIT)
    assert answer.status_code == 202, answer.text
    return answer.json["result"]


def cash(faced):
    return faced.bench.balance("enterprise:E1:cash", "cash.cny")


def test_a_proposal_waits_for_another_person_in_words_with_units(faced):
    number = proposed(faced)["proposal"]
    checker = faced.visit(SECOND_CLEARING)

    listed = look(checker, "/proposals")
    page = look(checker, f"/proposals/{number}")

    assert "等待我复核（1）" in listed
    assert f"{number} 入金 E1" in listed
    assert "用能单位 E1 金额 9.00 元 银行流水号 L-77" in page
    assert "提交人 结算机构 CLR1" in page or "提交人 person:CLR1" in page
    assert "批准后即时生效" in page


def test_what_was_read_is_approved_and_takes_effect_once(faced):
    made = proposed(faced)
    path = f"/proposals/{made['proposal']}"
    checker = faced.visit(SECOND_CLEARING)
    page = checker.get(path).get_data(as_text=True)
    [read] = re.findall(r'name="payload_hash" value="([0-9a-f]{64})"', page)
    assert read == made["payload_hash"]

    first = send(faced, checker, f"{path}/approve", {"payload_hash": read}, key="one")
    again = send(faced, checker, f"{path}/approve", {"payload_hash": read}, key="one")

    assert (first.status_code, again.status_code) == (303, 303)
    assert cash(faced) == 1_000_900
    after = look(checker, path)
    assert "已批准" in after
    assert "此事项已办结" in after


def test_the_maker_is_told_why_not(faced):
    number = proposed(faced)["proposal"]
    maker = faced.visit(CLEARING)
    before = faced.digest()

    page = look(maker, f"/proposals/{number}")
    answer = send(faced, maker, f"/proposals/{number}/approve", {"payload_hash": "0" * 64})

    assert "这是您本人提交的事项，须由另一人复核：结算机构" in page
    assert "批准后即时生效" not in page
    assert answer.status_code in (403, 409, 422)
    assert "REG-22" in text_of(answer)
    assert faced.digest() == before
    assert f"{number} 入金" in look(maker, "/proposals?part=mine")


def test_another_hash_than_the_one_read_is_refused(faced):
    number = proposed(faced)["proposal"]
    before = faced.digest()

    answer = send(
        faced,
        faced.visit(SECOND_CLEARING),
        f"/proposals/{number}/approve",
        {"payload_hash": "0" * 64},
    )

    assert answer.status_code in (409, 412, 422)
    assert "REG-22" in text_of(answer)
    assert faced.digest() == before


def test_a_rejection_keeps_its_reason_for_the_maker(faced):
    number = proposed(faced)["proposal"]
    checker = faced.visit(SECOND_CLEARING)

    answer = send(faced, checker, f"/proposals/{number}/reject", {"reason": "流水号有误"})

    assert answer.status_code == 303
    page = look(faced.visit(CLEARING), f"/proposals/{number}")
    assert "已退回" in page
    assert "退回理由：流水号有误" in page.replace(" ", "")
    assert cash(faced) == 1_000_000


def test_who_may_not_decide_does_not_see_it(faced):
    appoint(faced)
    number = proposed(faced)["proposal"]
    stranger = faced.visit(ADMIN_1)
    before = faced.digest()

    hidden = look(stranger, f"/proposals/{number}", status=404)
    absent = look(stranger, "/proposals/999999", status=404)
    answer = send(faced, stranger, f"/proposals/{number}/approve", {"payload_hash": "0" * 64})

    assert re.sub(r"[0-9a-f]{16}|\d+", "", hidden) == re.sub(r"[0-9a-f]{16}|\d+", "", absent)
    assert answer.status_code == 404
    assert faced.digest() == before
    assert "没有等待您复核的事项" in look(stranger, "/proposals")


def test_a_surrender_goes_to_the_enterprises_own_approver(faced):
    appoint(faced)
    body = {"enterprise": "E1", "year": 2025, "measure": "energy", "amount": "10"}
    made = faced.post(faced.visit(COMPLIANCE_1), "/api/v1/surrenders", body).json["result"]

    page = look(faced.visit(ADMIN_1), f"/proposals/{made['proposal']}", language="en")

    assert "surrender quota" in page
    assert "amount 0.010 tce" in page
    assert "It takes effect at once" in page


def test_after_its_day_a_proposal_says_that_it_expired(faced):
    number = proposed(faced)["proposal"]
    faced.bench.clock.advance(DAY_AND_A_BIT)
    checker = faced.visit(SECOND_CLEARING)

    page = look(checker, f"/proposals/{number}")

    assert "已过复核期限，未生效" in page
    assert "没有等待您复核的事项" in look(checker, "/proposals")
    assert f"{number} 入金" in look(checker, "/proposals?part=closed")
