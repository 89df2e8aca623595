"""Terms over HTTP: proposed by one, approved by another, seen by whom they concern."""

from api.instants import instant_text
from ledger.open_accounts import OpenAccounts
from tests.api.rest.offices import (
    AUDITOR,
    FIRST_DISTRICT,
    SECOND_DISTRICT,
    appoint,
    pages,
    problem,
)
from tests.build import CLEARING, EXCHANGE, REGULATOR, SECOND_REGULATOR
from tests.ledger.compliance.world import ENERGY

HOLDING = "enterprise:E1:holding"
ACCOUNT = f"/api/v1/accounts/{HOLDING}"
DOCUMENT = {"document": "（2025）鲁01执1号"}


def decide(faced, path, body):
    """Propose as one regulator and approve as the other; return the answer to the approval."""
    proposed = faced.post(faced.visit(REGULATOR), path, body)
    assert proposed.status_code == 202, proposed.text
    result = proposed.json["result"]
    return faced.visit(SECOND_REGULATOR).post(
        f"/api/v1/proposals/{result['proposal']}/approvals",
        headers={
            "If-Match": f'"{result["payload_hash"]}"',
            "Idempotency-Key": f"ok-{result['proposal']}",
        },
    )


def result_of(answer):
    assert answer.status_code == 201, answer.text
    return answer.json["result"]


def test_limits_are_set_by_two_and_seen_by_their_owner(faced):
    appoint(faced)
    body = {"asset": ENERGY, "floor": "90000", "ceiling": "100000"}

    answer = decide(faced, f"{ACCOUNT}/limits", body)

    # 90,000 kgce are in the holding, 10,000 in the order that rests.
    assert result_of(answer) == {
        "account": HOLDING, "asset": ENERGY, "balance": "90000", "set_aside": "10000",
    }  # fmt: skip
    wanted = {"asset": ENERGY, "floor": "90000", "ceiling": "100000", "set_aside": "10000"}
    for person in ("person:T1", FIRST_DISTRICT, REGULATOR, AUDITOR):
        items = faced.visit(person).get(f"{ACCOUNT}/limits").json["items"]
        assert [{name: row[name] for name in wanted} for row in items] == [wanted], person
        assert items[0]["set_by"] == answer.json["sequence"]
    for person in ("person:T2", SECOND_DISTRICT, CLEARING):
        assert problem(faced.visit(person).get(f"{ACCOUNT}/limits")) == (404, "not_found"), person


def test_a_limit_that_is_broken_is_refused_with_its_facts_as_text(faced):
    body = {"asset": ENERGY, "floor": "90001"}

    answer = decide(faced, f"{ACCOUNT}/limits", body)

    assert problem(answer) == (409, "limit_already_broken")
    assert answer.json["facts"]["available"] == "90000"
    assert "下限" in answer.json["detail"]
    assert faced.visit("person:T1").get(f"{ACCOUNT}/limits").json["items"] == []


def test_limits_are_listed_page_by_page_and_gone_when_taken_away(faced):
    another = "energy.flow.general.2031.eq.990101"
    faced.bench.do(OpenAccounts(addresses=(), assets=(another,))).require()
    for asset in (ENERGY, another):
        body = {"asset": asset, "floor": "0", "ceiling": None}
        result_of(decide(faced, f"{ACCOUNT}/limits", body))
    client = faced.visit("person:T1")
    assert [len(page) for page in pages(client, f"{ACCOUNT}/limits?limit=1")] == [1, 1]

    decide(faced, f"{ACCOUNT}/limits", {"asset": ENERGY})

    left = client.get(f"{ACCOUNT}/limits").json["items"]
    assert [row["asset"] for row in left] == [another]


def test_an_account_is_frozen_and_thawed_and_its_state_is_shown(faced):
    client = faced.visit("person:T1")

    frozen = result_of(decide(faced, f"{ACCOUNT}/freezes", DOCUMENT))
    seen = client.get(ACCOUNT).json["state"]
    hold = {"enterprise": "E1", "asset": ENERGY, "amount": "1", "purpose": "自留"}
    refused = faced.post(client, "/api/v1/holds", hold)
    thawed = result_of(decide(faced, f"{ACCOUNT}/thaws", DOCUMENT))

    assert (frozen["state"], seen, thawed["state"]) == ("frozen", "frozen", "open")
    assert problem(refused) == (403, "account_not_open")
    assert result_of(faced.post(client, "/api/v1/holds", hold))["balances"] == [
        [HOLDING, ENERGY, "89999"], ["enterprise:E1:held", ENERGY, "10001"],
    ]  # fmt: skip


def test_nobody_else_binds_an_account(faced):
    before = faced.digest()

    for person in ("person:T1", EXCHANGE):
        for path in ("freezes", "thaws", "closings", "limits"):
            body = DOCUMENT if path != "limits" else {"asset": ENERGY, "floor": "1"}
            answer = faced.post(faced.visit(person), f"{ACCOUNT}/{path}", body)
            assert problem(answer) == (403, "not_permitted"), (person, path)

    assert faced.digest() == before


def test_an_empty_account_is_closed_and_a_full_one_is_not(faced):
    empty = "/api/v1/accounts/enterprise:E3:restricted/closings"

    closed = decide(faced, empty, DOCUMENT)
    full = decide(faced, f"{ACCOUNT}/closings", DOCUMENT)

    assert result_of(closed)["state"] == "closed"
    assert problem(full) == (409, "account_has_units")


def test_chains_are_answered_one_by_one_with_amounts_as_text(faced):
    def line(reference, amount, destination=HOLDING, **options):
        return {
            "reference": reference, "source": "scheme:issuance", "destination": destination,
            "asset": ENERGY, "amount": amount, **options,
        }  # fmt: skip

    began = faced.bench.writer.memory.opened_at
    chains = [
        [line("c1", "10", effective_at=instant_text(began)), line("c2", "5", up_to=True)],
        [line("c3", "10"), line("c4", "1", "enterprise:E8:holding")],
    ]
    answer = decide(faced, "/api/v1/entry-batches", {"rule": "REG-48", "chains": chains})

    first, second = result_of(answer)["chains"]
    assert [line["amount"] for line in first["lines"]] == ["10", "5"]
    assert first["lines"][1]["destination_balance"] == "90015"
    assert isinstance(first["lines"][0]["entry"], int)
    assert (second["refused"], second["line"]) == ("account_unknown", 2)
    entry = faced.visit(REGULATOR).get(f"/api/v1/entries/{first['lines'][0]['entry']}").json
    assert entry["effective_at"] == instant_text(began)
    command = faced.visit(SECOND_REGULATOR).get(f"/api/v1/commands/{answer.json['sequence']}").json
    assert command["result"]["chains"][0] == first


def test_a_line_of_another_shape_is_not_proposed(faced):
    before, client = faced.digest(), faced.visit(REGULATOR)
    line = {
        "reference": "c", "source": "scheme:issuance", "destination": HOLDING,
        "asset": ENERGY, "amount": "5",
    }  # fmt: skip
    changes = (
        ({"up_to": "true"}, "type_mismatch"),
        ({"up_to": 1}, "type_mismatch"),
        ({"amount": 5}, "type_mismatch"),
        ({"amount": str(2**63)}, "type_mismatch"),
        ({"effective_at": 5}, "type_mismatch"),
        ({"more": "5"}, "field_unknown"),
    )

    for change, code in changes:
        body = {"rule": "REG-48", "chains": [[line | change]]}
        answer = faced.post(client, "/api/v1/entry-batches", body)
        assert answer.status_code == 422, answer.text
        assert code in (answer.json["code"], answer.json["errors"][0]["code"]), answer.text

    assert faced.digest() == before


def test_a_generic_proposal_takes_chains_too(faced):
    line = {
        "reference": "c", "source": "scheme:issuance", "destination": HOLDING,
        "asset": ENERGY, "amount": "5",
    }  # fmt: skip
    document = {"rule": "REG-48", "chains": [[line]]}

    body = {"kind": "entries.batch", "document": document}
    answer = faced.post(faced.visit(REGULATOR), "/api/v1/proposals", body)

    assert answer.status_code == 202, answer.text


def test_a_period_is_sealed_and_everybody_with_the_journal_sees_it(faced):
    appoint(faced)

    # The ledger of the town runs on the first of January 2025.
    sealed = decide(faced, "/api/v1/period-seals", {"through": "2024-12-31"})
    early = decide(faced, "/api/v1/period-seals", {"through": "2099-01-01"})

    assert result_of(sealed)["through"] == "2024-12-31"
    assert problem(early) == (422, "seal_in_future")
    for person in ("person:T1", CLEARING, AUDITOR):
        items = faced.visit(person).get("/api/v1/period-seals").json["items"]
        assert items == [{"sealed_by": sealed.json["sequence"], "through": "2024-12-31"}], person
    assert problem(faced.visit().get("/api/v1/period-seals")) == (401, "not_signed_in")


def test_notes_are_kept_and_seen_with_what_they_are_about(faced):
    appoint(faced)
    note = {"target": f"account:{HOLDING}", "key": "contract", "value": "合同1号"}
    assert faced.post(faced.visit(EXCHANGE), "/api/v1/metadata", note).status_code == 201
    second = {**note, "value": "合同2号"}
    assert faced.post(faced.visit(REGULATOR), "/api/v1/metadata", second).status_code == 201
    other = {"target": "entry:1", "key": "contract", "value": "凭证备注"}
    assert faced.post(faced.visit(CLEARING), "/api/v1/metadata", other).status_code == 201

    own = faced.visit("person:T1").get(f"{ACCOUNT}/metadata").json["items"]
    assert [row["value"] for row in own] == ["合同1号", "合同2号"]
    assert faced.visit("person:T1").get("/api/v1/metadata?key=x").json["items"] == []

    def seen(person):
        return [row["value"] for row in faced.visit(person).get("/api/v1/metadata").json["items"]]

    assert seen("person:T1") == ["合同1号", "合同2号"]
    assert seen("person:T2") == seen(SECOND_DISTRICT) == []
    assert seen(AUDITOR) == ["合同1号", "合同2号", "凭证备注"]
    assert seen(CLEARING) == ["凭证备注"]  # the clearing house sees no accounts but those of cash
    assert problem(faced.visit("person:T2").get(f"{ACCOUNT}/metadata")) == (404, "not_found")
    assert [len(page) for page in pages(faced.visit(AUDITOR), "/api/v1/metadata?limit=2")] == [2, 1]


def test_a_note_on_nothing_is_refused(faced):
    before = faced.digest()
    note = {"target": "account:enterprise:E8:holding", "key": "contract", "value": "1"}

    answer = faced.post(faced.visit(REGULATOR), "/api/v1/metadata", note)

    assert problem(answer) == (404, "metadata_target_unknown")
    assert faced.digest() == before


def test_a_preview_of_an_order_knows_freeze_and_floor(faced):
    body = {
        "instrument": "EN-25", "enterprise": "E1", "side": "sell", "price_fen": "10500",
        "quantity_tce": "90",
    }  # fmt: skip
    client, path = faced.visit("person:T1"), "/api/v1/orders/preview"
    lawful = client.post(path, json=body)
    decide(faced, f"{ACCOUNT}/limits", {"asset": ENERGY, "floor": "1"})
    short = client.post(path, json=body)
    decide(faced, f"{ACCOUNT}/freezes", DOCUMENT)
    frozen = client.post(path, json=body)

    codes = [each.json.get("code") for each in (short, frozen)]
    assert (lawful.status_code, codes) == (200, ["below_floor", "account_not_open"])
