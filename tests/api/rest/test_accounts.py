"""Accounts over HTTP: balances and statements, each in its reach."""

from tests.api.rest.offices import (
    ADMIN_1,
    AUDITOR,
    FIRST_DISTRICT,
    SECOND_DISTRICT,
    appoint,
    ids,
    pages,
    problem,
)
from tests.build import CLEARING, EXCHANGE, REGULATOR
from tests.ledger.compliance.world import ENERGY, give

OWN = "/api/v1/enterprises/E1/balances"
HOLDING = "/api/v1/accounts/enterprise:E1:holding"


def by_asset(answer):
    assert answer.status_code == 200, answer.text
    return {row["asset"]: row for row in answer.json["items"]}


def test_balances_stand_by_asset_and_purpose(faced):
    """The resting sell order of the town holds 10 tce of E1's 100."""
    answer = by_asset(faced.visit("person:T1").get(OWN))

    energy = answer[ENERGY]
    assert (energy["holding"], energy["held"], energy["bought"]) == ("90000", "10000", "0")
    assert (energy["measure"], energy["kind"], energy["vintage_year"]) == ("energy", "flow", 2025)
    assert (energy["origin"], energy["area"], energy["unit"]) == ("general", "990101", "kgce")
    assert (answer["cash.cny"]["cash"], answer["cash.cny"]["unit"]) == ("1000000", "fen")


def test_balances_are_seen_by_their_owner_and_those_who_oversee_it(faced):
    appoint(faced)

    for person in ("person:T1", ADMIN_1, FIRST_DISTRICT, REGULATOR, AUDITOR):
        assert len(by_asset(faced.visit(person).get(OWN))) == 5, person
    assert list(by_asset(faced.visit(CLEARING).get(OWN))) == ["cash.cny"]
    for person in ("person:T2", SECOND_DISTRICT):
        assert problem(faced.visit(person).get(OWN)) == (404, "not_found"), person
    assert problem(faced.visit(AUDITOR).get("/api/v1/enterprises/E8/balances"))[0] == 404
    assert problem(faced.visit(EXCHANGE).get(OWN)) == (403, "not_permitted")
    assert problem(faced.visit().get(OWN)) == (401, "not_signed_in")


def test_accounts_are_listed_within_reach(faced):
    appoint(faced)
    purposes = 9

    own = ids(faced.visit("person:T1").get("/api/v1/accounts"), "address")
    district = ids(faced.visit(FIRST_DISTRICT).get("/api/v1/accounts"), "address")
    scheme = faced.visit(AUDITOR).get("/api/v1/accounts?prefix=scheme:surrendered")
    cash = ids(faced.visit(CLEARING).get("/api/v1/accounts?prefix=enterprise:E2"), "address")

    assert len(own) == purposes
    assert all(address.startswith("enterprise:E1:") for address in own)
    assert len(district) == 2 * purposes + 2
    assert {"district:990101:budget", "district:990101:reserve"} < set(district)
    assert ids(scheme, "address") == ["scheme:surrendered:2025"]
    assert cash == ["enterprise:E2:cash", "enterprise:E2:cash_held"]
    small = faced.visit("person:T1").get("/api/v1/accounts?prefix=ENTERPRISE:E1")
    assert ids(small) == []


def test_an_account_of_another_looks_like_none(faced):
    client = faced.visit("person:T2")

    hidden = client.get(HOLDING)
    absent = client.get("/api/v1/accounts/enterprise:E8:holding")

    assert problem(hidden) == problem(absent) == (404, "not_found")
    own = faced.visit("person:T1").get(HOLDING).json["balances"]
    assert {row["asset"]: row["amount"] for row in own}[ENERGY] == "90000"


def test_a_statement_runs_from_the_balance_back_to_nothing(faced):
    """Given 100,000 kgce; 10,000 then held for an order; now 7 more."""
    give(faced.bench, ENERGY, 7)
    client = faced.visit("person:T1")
    path = f"{HOLDING}/statement?asset={ENERGY}"

    newest = client.get(path).json["items"]
    oldest = client.get(f"{path}&order=oldest").json["items"]

    told = [(row["change"], row["balance"], row["code"]) for row in newest]
    assert told == [
        ("7", "90007", "transfer"),
        ("-10000", "90000", "hold"),
        ("100000", "100000", "transfer"),
    ]
    assert oldest == newest[::-1]
    assert newest[1]["other"] == "enterprise:E1:held"
    assert newest[2]["other"] == "scheme:issuance"
    for order, whole in (("newest", newest), ("oldest", oldest)):
        walked = pages(client, f"{path}&order={order}&limit=1")
        assert [row for page in walked for row in page] == whole
        assert [len(page) for page in walked] == [1, 1, 1]


def test_accounts_are_opened_by_operators(faced):
    body = {"addresses": ["scheme:surrendered:2031"], "assets": []}

    answer = faced.post(faced.visit(EXCHANGE), "/api/v1/accounts", body)

    assert answer.status_code == 201, answer.text
    before = faced.digest()
    again = faced.post(faced.visit(EXCHANGE), "/api/v1/accounts", body)
    assert problem(again) == (409, "account_already_open")
    assert faced.digest() == before
