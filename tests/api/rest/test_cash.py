"""Cash over HTTP: every move takes two persons."""

from tests.api.rest.offices import ADMIN_1, appoint, problem
from tests.build import CLEARING


def test_a_deposit_is_proposed_by_the_clearing_house(faced):
    body = {"enterprise": "E1", "amount_fen": "900", "statement_line": "L-77"}

    answer = faced.post(faced.visit(CLEARING), "/api/v1/cash-deposits", body)

    assert answer.status_code == 202, answer.text
    assert set(answer.json["result"]) == {"proposal", "payload_hash"}
    assert faced.bench.balance("enterprise:E1:cash", "cash.cny") == 1_000_000


def test_a_withdrawal_is_proposed_by_ones_own_administrator(faced):
    appoint(faced)
    body = {"enterprise": "E1", "amount_fen": "900"}

    answer = faced.post(faced.visit(ADMIN_1), "/api/v1/cash-withdrawals", body)

    assert answer.status_code == 202, answer.text
    before = faced.digest()
    other = faced.post(
        faced.visit(ADMIN_1), "/api/v1/cash-withdrawals", {**body, "enterprise": "E2"}
    )
    assert problem(other) == (403, "role_missing")
    trader = faced.post(faced.visit("person:T1"), "/api/v1/cash-withdrawals", body)
    assert problem(trader) == (403, "not_permitted")
    number = faced.post(faced.visit(CLEARING), "/api/v1/cash-deposits", {"amount_fen": 1})
    assert problem(number)[0] == 422
    assert faced.digest() == before
