"""New use over HTTP: what a project must buy, entrants, paid parts, increments, the entry list."""

import seeds
from ledger.adopt import AdoptPack
from ledger.allocation.confirm import HistoryLine, RecordHistory
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.command import canonical
from ledger.parties.enroll import FacilityLine, RegisterFacilities
from ledger.policy import to_plain
from tests.api.rest.offices import (
    ADMIN_1,
    AUDITOR,
    COMPLIANCE_1,
    FIRST_DISTRICT,
    SECOND_DISTRICT,
    appoint,
    ids,
    pages,
    problem,
)
from tests.api.rest.test_terms import result_of
from tests.api.town import VALUES
from tests.build import REGULATOR, SECOND_REGULATOR
from tests.ledger.compliance.world import _parameter

BODY = {"measure": "energy", "year": 2027}
EVIDENCE = "ab" * 32
QUOTE = "/api/v1/prices/project?district=990101&on=2026-01-15"


def decide(faced, path, body, *, maker=REGULATOR, checker=SECOND_REGULATOR):
    """Propose as one and approve as another; return the answer to the approval."""
    proposed = faced.post(faced.visit(maker), path, body)
    assert proposed.status_code == 202, proposed.text
    result = proposed.json["result"]
    return faced.visit(checker).post(
        f"/api/v1/proposals/{result['proposal']}/approvals",
        headers={
            "If-Match": f'"{result["payload_hash"]}"',
            "Idempotency-Key": f"ok-{result['proposal']}",
        },
    )


def let_half_be_paid(bench):
    """Announce that from 2027 on half of every allocation costs a fee."""
    plain = to_plain(seeds.read_packs()["sample"])
    own = [_parameter(key, *value) for key, value in VALUES.items()]
    kept = [one for one in plain["parameter"] if one["key"] not in VALUES]
    share = _parameter("allocation.paid_share", "1/2", "share") | {"valid_from": "2027-01-01"}
    plain["parameter"] = [*kept, *own, share]
    bench.both(AdoptPack(content=canonical(plain).decode())).require()


def test_anybody_may_ask_what_a_new_project_must_buy_and_what_it_costs(faced):
    # The sample pack: new use above 0.6 is bought, at 80 yuan, above 0.73 at 1.5 times that.
    client = faced.visit()
    prices = {
        ("0.60", "1000000"): ("0", "not_above_intensity", "8000", "0"),
        ("0.61", "1000000"): ("1000000", "above_intensity", "8000", "8000000"),
        ("0.73", "1000000"): ("1000000", "above_intensity", "8000", "8000000"),
        ("0.74", "1000000"): ("1000000", "above_intensity", "12000", "12000000"),
        ("0.74", "1"): ("1", "above_intensity", "12000", "12"),
    }
    for (intensity, added), wanted in prices.items():
        answer = client.get(f"{QUOTE}&added_kgce={added}&intensity={intensity}").json
        found = (answer["amount_kgce"], answer["reason"], answer["price_fen"], answer["fee_fen"])
        assert found == wanted
    assert [step["rule"] for step in answer["sheet"]["steps"]] == ["ALC-80", "ALC-81", "ALC-81"]
    assert answer["sheet"]["pack_version"].count("@") == 2


def test_a_project_that_cannot_be_quoted_is_told_why(faced):
    client = faced.visit()
    asked = {
        "added_kgce=1&intensity=x": (422, "allocation_terms_malformed"),
        "added_kgce=x&intensity=1": (422, "filter_invalid"),
        "added_kgce=1": (422, "field_required"),
    }
    for query, wanted in asked.items():
        status, code = problem(client.get(f"{QUOTE}&{query}"))
        assert (status, code) == wanted, query
    elsewhere = client.get(f"{QUOTE.replace('990101', '990199')}&added_kgce=1&intensity=1")
    assert problem(elsewhere)[1] == "party_unknown"


def test_new_entrants_are_admitted_by_two_and_seen_by_whom_they_concern(faced):
    appoint(faced)
    bench = faced.bench
    lines = tuple(
        FacilityLine(f"N{n}", "E1", f"新线{n}", "TEXTILE", "cloth", 1, "t") for n in (1, 2)
    )
    bench.do(RegisterFacilities(rows=lines)).require()
    cap = {"district": "990101", "amount": "9000000", "document": "预算1号", **BODY}
    result_of(decide(faced, "/api/v1/budgets", {"rows": [cap]}))
    reserve = {"amount": "2000", "document": "预留1号"}
    district = {"maker": FIRST_DISTRICT, "checker": REGULATOR}
    result_of(decide(faced, "/api/v1/budgets/990101/2027/energy/reserves", reserve, **district))
    row = {"enterprise": "E1", "amount": "1000", "opinion": "节审1号", "evidence": EVIDENCE}
    rows = [{**row, "facility": "N1"}, {**row, "facility": "N2"}]
    body = {"district": "990101", "rows": rows, **BODY}

    admitted = result_of(decide(faced, "/api/v1/entrants", body, **district))

    assert admitted == {"admitted": "2", "amount": "2000", "reserve_left": "0"}
    for person in (COMPLIANCE_1, FIRST_DISTRICT, REGULATOR, AUDITOR):
        client = faced.visit(person)
        assert ids(client.get("/api/v1/entrants?year=2027"), "facility") == ["N1", "N2"], person
        assert [len(page) for page in pages(client, "/api/v1/entrants?limit=1")] == [1, 1]
    for person in (SECOND_DISTRICT, "person:T2"):
        assert faced.visit(person).get("/api/v1/entrants").json["items"] == [], person
    more = {**body, "rows": [{**row, "enterprise": "E2"}]}
    short = decide(faced, "/api/v1/entrants", more, **district)
    assert problem(short) == (409, "reserve_exhausted")
    assert "预留只剩 0.000" in short.json["detail"]


def test_the_paid_part_is_listed_and_paid_by_its_enterprise(faced):
    appoint(faced)
    bench = faced.bench
    let_half_be_paid(bench)
    cap = {"district": "990101", "amount": "9000000", "document": "预算1号", **BODY}
    result_of(decide(faced, "/api/v1/budgets", {"rows": [cap]}))
    line = PlanLine("E1", product="cloth", output=200, method="benchmarking", benchmark="100")
    plan = PlanAllocations(district="990101", year=2027, measure="energy", rows=(line,))
    planned = bench.do(plan, actor="person:DIS1").require().result["plan_hash"]
    issue = {"plan_hash": planned, "document": "发放1号"}
    district = {"maker": FIRST_DISTRICT, "checker": REGULATOR}
    result_of(decide(faced, "/api/v1/allocations/990101/2027/energy/issuances", issue, **district))

    listed = faced.visit(COMPLIANCE_1).get("/api/v1/paid-parts?state=payable").json["items"]
    payment = "/api/v1/paid-parts/E1/2027/energy/payments"
    stranger = faced.post(faced.visit("person:T2"), payment, {"product": "cloth"})
    paid = faced.post(faced.visit(ADMIN_1), payment, {"product": "cloth"})

    # Half of 20,000 kgce is ten tonnes; 80 yuan each.
    told = {name: listed[0][name] for name in ("amount", "fee_fen", "price_fen", "due_on")}
    assert told == {
        "amount": "10000", "fee_fen": "80000", "price_fen": "8000", "due_on": "2026-02-14",
    }  # fmt: skip
    assert problem(stranger)[0] == 403
    assert result_of(paid)["fee_fen"] == "80000"
    assert faced.visit(REGULATOR).get("/api/v1/paid-parts").json["items"][0]["state"] == "paid"
    assert faced.visit("person:T2").get("/api/v1/paid-parts").json["items"] == []


def test_increments_are_set_by_two_and_listed_with_what_is_offered(faced):
    appoint(faced)
    body = {"district": "990101", "amount": "5000", "document": "增量1号", **BODY}

    result_of(decide(faced, "/api/v1/increments", body))

    for person in (FIRST_DISTRICT, REGULATOR, AUDITOR):
        items = faced.visit(person).get("/api/v1/increments").json["items"]
        assert [(item["amount"], item["offered"]) for item in items] == [("5000", "0")], person
    assert faced.visit(SECOND_DISTRICT).get("/api/v1/increments").json["items"] == []


def test_the_entry_list_says_who_may_be_listed_and_who_is_a_key_user(faced):
    appoint(faced)
    years = (
        HistoryLine("E1", 2024, 4_999_999),
        HistoryLine("E2", 2024, 4_000_000, product="cement"),
        HistoryLine("E2", 2024, 1_000_000, product="lime"),
        HistoryLine("E3", 2024, 10_000_000),
    )
    faced.bench.do(RecordHistory(rows=years)).require()

    items = faced.visit(REGULATOR).get("/api/v1/entry-list?year=2024").json["items"]

    assert [(one["enterprise"], one["is_listable"], one["key_user"]) for one in items] == [
        ("E1", False, "none"),
        ("E2", True, "by_designation"),
        ("E3", True, "automatic"),
    ]
    own = faced.visit(FIRST_DISTRICT).get("/api/v1/entry-list?year=2024&district=990101")
    assert ids(own, "enterprise") == ["E1", "E2"]
    assert problem(faced.visit(REGULATOR).get("/api/v1/entry-list"))[0] == 422


def test_a_certificate_is_pre_issued_and_made_formal(faced):
    appoint(faced)
    district = {"maker": FIRST_DISTRICT, "checker": REGULATOR}
    right = {"enterprise": "E1", "measure": "energy", "amount": "1000", "last_year": 2030}
    rows = {"rows": [{**right, "document": "预发1号"}]}
    result_of(decide(faced, "/api/v1/entitlements/pre-issues", rows, **district))
    entitlements = "/api/v1/entitlements?enterprise=E1"
    before = ids(faced.visit(COMPLIANCE_1).get(entitlements), "certificate")
    body = {"document": "预发1号", "acceptance": "验收1号", "evidence": EVIDENCE}

    result_of(decide(faced, "/api/v1/entitlements/E1/acceptances", body, **district))

    after = ids(faced.visit(COMPLIANCE_1).get(entitlements), "certificate")
    assert (before, after) == (["pre_issued"], ["formal"])
    early = faced.post(faced.visit(REGULATOR), "/api/v1/entitlements/expiries", {"last_year": 2030})
    assert problem(early) == (409, "term_running")


def test_history_says_how_it_is_counted(faced):
    appoint(faced)
    row = {"enterprise": "E1", "year": 2024, "energy_kgce": "1", "basis": "eq", "edition": "2020"}
    answer = faced.post(faced.visit(FIRST_DISTRICT), "/api/v1/history", {"rows": [row]})
    assert answer.status_code == 201, answer.text

    found = faced.visit(COMPLIANCE_1).get("/api/v1/history?enterprise=E1").json["items"]

    assert [(one["basis"], one["edition"]) for one in found] == [("eq", "2020")]
