"""Orders over HTTP: placed, repeated, hidden, cancelled; many at once; looked at beforehand."""

import sqlalchemy as sa

from ledger.db import reading
from ledger.tables import BlockRow

ORDER = {
    "instrument": "EN-25",
    "enterprise": "E1",
    "side": "sell",
    "price_fen": "10000",
    "quantity_tce": "10",
}


def test_an_order_is_placed_and_shown_with_its_amounts_as_text(faced):
    client = faced.visit("person:T1")

    answer = faced.post(client, "/api/v1/orders", ORDER)

    assert answer.status_code == 201, answer.text
    assert answer.json["code"] == "ok"
    listed = client.get("/api/v1/orders?instrument=EN-25").json
    assert listed["items"][0]["quantity_tce"] == "10"
    assert listed["items"][0]["id"] == answer.json["result"]["order"]


def test_the_same_key_gives_the_first_answer_and_says_so(faced):
    client = faced.visit("person:T1")
    first = faced.post(client, "/api/v1/orders", ORDER, key="once")

    again = faced.post(client, "/api/v1/orders", ORDER, key="once")

    assert again.json == first.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_public_must_sign_in_first(faced):
    before = faced.digest()

    answer = faced.post(faced.visit(), "/api/v1/orders", ORDER)

    assert (answer.status_code, answer.json["code"]) == (401, "not_signed_in")
    assert answer.content_type == "application/problem+json"
    assert faced.digest() == before


def test_a_number_where_an_amount_belongs_is_refused_by_its_name(faced):
    before = faced.digest()

    answer = faced.post(faced.visit("person:T1"), "/api/v1/orders", {**ORDER, "price_fen": 10000})

    assert (answer.status_code, answer.json["code"]) == (422, "type_mismatch")
    assert answer.json["errors"][0]["pointer"] == "/price_fen"
    assert faced.digest() == before


def test_the_order_of_another_looks_like_none(faced):
    placed = faced.post(faced.visit("person:T1"), "/api/v1/orders", ORDER)
    number = placed.json["result"]["order"]
    other = faced.visit("person:T2")

    hidden = other.get(f"/api/v1/orders/{number}")
    absent = other.get("/api/v1/orders/999999")

    assert hidden.status_code == absent.status_code == 404
    assert hidden.json["code"] == absent.json["code"] == "not_found"


def test_a_cancelled_order_gives_its_cover_back(faced):
    client = faced.visit("person:T1")
    number = faced.post(client, "/api/v1/orders", ORDER).json["result"]["order"]

    answer = client.delete(f"/api/v1/orders/{number}", headers={"Idempotency-Key": "c1"})

    assert answer.status_code == 201, answer.text
    assert client.get(f"/api/v1/orders/{number}").json["state"] == "cancelled"


def bulk(faced, client, items, *, key=None):
    return faced.post(client, "/api/v1/orders/bulk", {"items": items}, key=key)


def test_many_orders_are_placed_in_one_commit_each_with_its_own_answer(faced):
    client = faced.visit("person:T1")
    off_tick = {**ORDER, "price_fen": "10001"}
    anothers = {**ORDER, "enterprise": "E2"}

    answer = bulk(faced, client, [ORDER, off_tick, anothers, ORDER], key="many")

    assert answer.status_code == 200, answer.text
    items = answer.json["items"]
    assert [(item["index"], item["status"], item["code"]) for item in items] == [
        (0, 201, "ok"),
        (1, 422, "off_tick"),
        (2, 403, "role_missing"),
        (3, 201, "ok"),
    ]
    assert [item["command_id"] for item in items] == [f"T1/many.{index}" for index in range(4)]
    assert items[1]["problem"]["facts"]["nearest_above_fen"] == "10010"
    # The third never became a command, so the others are numbered without a hole.
    first = items[0]["sequence"]
    assert [item["sequence"] for item in items] == [first, first + 1, None, first + 2]
    with reading(faced.bench.engine) as connection:
        block = sa.select(BlockRow.last_sequence).where(BlockRow.first_sequence == first)
        assert connection.execute(block).scalar_one() == first + 2


def test_many_orders_sent_again_get_their_first_answers(faced):
    client = faced.visit("person:T1")
    first = bulk(faced, client, [ORDER, {**ORDER, "price_fen": "10001"}], key="many")
    before = faced.digest()

    again = bulk(faced, client, [ORDER, {**ORDER, "price_fen": "10001"}], key="many")

    told = ("status", "code", "sequence", "recorded_at", "command_id")
    assert [[item[name] for name in told] for item in again.json["items"]] == [
        [item[name] for name in told] for item in first.json["items"]
    ]
    assert [item["is_repeated"] for item in first.json["items"]] == [False, False]
    assert [item["is_repeated"] for item in again.json["items"]] == [True, True]
    assert again.json["items"][0]["result"] == first.json["items"][0]["result"]
    assert faced.digest() == before


def test_of_many_orders_one_malformed_sends_none(faced):
    client = faced.visit("person:T1")
    before = faced.digest()

    for items in ([ORDER, {**ORDER, "price_fen": 1}], [], [ORDER] * 501):
        answer = bulk(faced, client, items)
        assert (answer.status_code, answer.json["code"]) == (422, "type_mismatch")
    answer = client.post("/api/v1/orders/bulk", json={"items": [ORDER]})

    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_missing")
    assert faced.digest() == before


def test_five_hundred_orders_fit_into_one_request(faced):
    answer = bulk(faced, faced.visit("person:T1"), [ORDER] * 500)

    # 100 t are held, 10 of them by the order that rests already: nine more orders of 10 t.
    statuses = [item["status"] for item in answer.json["items"]]
    assert statuses == [201] * 9 + [409] * 491


def look_ahead(client, **changed):
    return client.post("/api/v1/orders/preview", json={**ORDER, **changed})


def test_a_preview_says_what_would_trade_and_rest_and_changes_nothing(faced):
    before = faced.digest()

    answer = look_ahead(
        faced.visit("person:T2"),
        enterprise="E2",
        side="buy",
        price_fen="10500",
        quantity_tce="20",
    )

    assert answer.status_code == 200, answer.text
    found = answer.json
    # 20 t at 105.00 yuan are 210,000 fen and 0.2 % of that; 10 t are on offer at that price.
    assert (found["ok"], found["code"]) == (True, "ok")
    assert (found["needed_fen"], found["fee_fen"]) == ("210420", "420")
    assert found["available_fen"] == "1000000"
    assert (found["filled_tce"], found["average_price_fen"]) == ("10", "10500")
    assert (found["resting_tce"], found["state"]) == ("10", "partially_filled")
    assert (found["low_limit_fen"], found["high_limit_fen"]) == ("9000", "11000")
    assert faced.digest() == before


def test_a_preview_words_the_refusal_that_the_order_would_meet(faced):
    found = look_ahead(faced.visit("person:T1"), quantity_tce="100").json

    assert (found["ok"], found["code"]) == (False, "insufficient_quota")
    assert (found["needed_kgce"], found["available_kgce"]) == ("100000", "90000")
    assert found["problem"]["status"] == 409
    assert found["problem"]["detail"]
    assert "filled_tce" not in found


def test_a_preview_for_another_says_only_that_it_is_not_ones_own(faced):
    found = look_ahead(faced.visit("person:T2")).json

    assert (found["ok"], found["code"]) == (False, "role_missing")
    assert set(found) == {"ok", "code", "problem"}


def test_the_public_previews_nothing(faced):
    answer = look_ahead(faced.visit())

    assert (answer.status_code, answer.json["code"]) == (401, "not_signed_in")
