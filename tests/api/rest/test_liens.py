"""Moves without a price and liens over HTTP: two sides sign, both see, others do not."""

import pytest

from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from tests.api.rest.rights_town import A1, AUDITOR, C1, C2, CHECKER, CITY, D1, D2
from tests.build import SECOND_SECURITY, SECURITY
from tests.ledger.compliance.world import ENERGY

T1, T2, A2, T3 = "person:T1", "person:T2", "person:A2", "person:T3"
UNITS = {"enterprise": "E1", "asset": ENERGY, "amount": "5000"}
LEASE = {**UNITS, "lease": "L1", "lessee": "E2", "return_on": "2026-06-30", "rent_fen": "900"}
PLEDGE = {
    **UNITS, "pledge": "PL1", "pledgee": "E2", "secured_fen": "100000", "matures_on": "2026-03-31",
}  # fmt: skip
FREEZE = {
    **UNITS, "freeze": "FZ1", "court": "示例市中级人民法院", "document": "执1号",
    "ends_on": "2026-12-31",
}  # fmt: skip
WATCHED = ("balances", "leases", "pledges", "freezes", "transfers", "cancellations")


@pytest.fixture
def town(rights):
    grant = GrantRoles(grants=(Grant(A2, Role.ENTERPRISE_ADMIN, "enterprise:E2"),))
    rights.bench.both(grant, maker=SECURITY, checker=SECOND_SECURITY).require()
    return rights


def code_of(answer):
    return answer.status_code, answer.json["code"]


def test_a_lease_is_signed_by_both_sides_and_seen_by_both(town):
    town.agreed(T1, A1, "/leases", LEASE)
    stranger = town.refused(T3, "/leases/L1/acceptance", {})
    accepted = town.agreed(T2, A2, "/leases/L1/acceptance", {})

    assert stranger.json["code"] in ("role_missing", "not_permitted")
    assert accepted["state"] == "running"
    shown = town.reads(T2, "/leases/L1")
    wanted = {"lessor": "E1", "amount": "5000", "rent_fen": "900", "owed": "5000"}
    assert {name: shown[name] for name in wanted} == wanted
    assert town.seen_by("/leases", "id", (C1, C2, T3, D1, D2, AUDITOR)) == {
        C1: ["L1"], C2: ["L1"], T3: [], D1: ["L1"], D2: [], AUDITOR: ["L1"],
    }  # fmt: skip
    town.same_as_absent(T3, "/leases/L1", "/leases/L9")
    assert town.status("", "/leases") == 401
    town.agreed(T2, A2, "/leases/L1/ending", {"enterprise": "E2"})
    town.agreed(T1, A1, "/leases/L1/ending", {"enterprise": "E1"})
    assert town.reads(T1, "/leases/L1")["state"] == "returned"


def test_a_pledge_is_refused_above_the_surplus_in_both_languages(town):
    # E1 has 90,000 kgce free and owes 5,000.
    town.agreed(T1, A1, "/pledges", {**PLEDGE, "amount": "85001"})
    answer = town.post(town.visit(T2), "/api/v1/pledges/PL1/acceptance", {})
    told = answer.json["result"]
    decided = town.visit(A2).post(
        f"/api/v1/proposals/{told['proposal']}/approvals",
        headers={"If-Match": f'"{told["payload_hash"]}"', "Idempotency-Key": "ok-1"},
    )

    assert code_of(decided) == (409, "pledge_above_surplus")
    assert decided.json["facts"]["available"] == "85000"
    assert "质押" in decided.json["detail"]
    town.does(T1, "/pledges/PL1/withdrawal", {"enterprise": "E1"})
    town.agreed(T1, A1, "/pledges", {**PLEDGE, "pledge": "PL2"})
    town.agreed(T2, A2, "/pledges/PL2/acceptance", {})
    assert town.listed(C1, "/pledges?state=active", "id", "rank") == [("PL2", 1)]
    sheet = town.reads(T1, "/pledges/PL2")["sheet"]
    assert [step["rule"] for step in sheet["steps"]] == ["LIE-11", "LIE-10"]
    town.agreed(T2, A2, "/pledges/PL2/releases", {"amount": None})
    assert town.reads(T1, "/pledges/PL2")["state"] == "released"


def test_a_court_s_freeze_is_recorded_by_the_district_and_approved_by_the_city(town):
    made = town.agreed(D1, CHECKER, "/freezes", FREEZE)

    assert made["frozen"] == 5_000
    assert town.seen_by("/freezes", "id", (T1, T2, D1, D2, AUDITOR)) == {
        T1: ["FZ1"], T2: [], D1: ["FZ1"], D2: [], AUDITOR: ["FZ1"],
    }  # fmt: skip
    town.same_as_absent(T2, "/freezes/FZ1", "/freezes/FZ9")
    other = town.refused(D2, "/freezes", {**FREEZE, "freeze": "FZ2"})
    assert other.status_code == 403
    lifting = {"document": "裁1号", "amount": "2000"}
    town.agreed(D1, CHECKER, "/freezes/FZ1/lifts", lifting)
    town.agreed(
        D1, CHECKER, "/freezes/FZ1/renewals", {"document": "续1号", "ends_on": "2027-01-31"}
    )
    order = {
        **UNITS, "court_order": "CO1", "partner": "E2", "amount": "3001",
        "court": FREEZE["court"], "document": "执2号",
    }  # fmt: skip
    done = town.agreed(CITY, CHECKER, "/court-orders", order)
    assert done["from_frozen"] == 3_000
    assert town.reads(T1, "/freezes/FZ1")["state"] == "ended"
    assert town.listed(T2, "/court-orders", "id", "from_frozen") == [("CO1", "3000")]


def test_a_transfer_waits_is_seen_by_both_and_recalled(town):
    lines = [{"transfer": f"N{n}", "partner": "E2", "asset": ENERGY, "amount": "7"} for n in (1, 2)]
    moving = {"enterprise": "E1", "reason": "调剂", "rows": lines}
    assert town.agreed(T1, A1, "/transfers", moving)["waiting"] == 2

    town.does(A1, "/transfers/N1/recall", {"enterprise": "E1"})

    rows = town.turned(C2, "/transfers?enterprise=E1")
    assert [(row["id"], row["state"]) for row in rows] == [("N1", "recalled"), ("N2", "waiting")]
    assert rows[1]["settles_at"] == "2026-01-16T04:00:00.000000Z"  # noon in Shanghai
    town.agreed(T1, A1, "/trusted-partners", {"enterprise": "E1", "partner": "E2"})
    town.agreed(T1, A1, "/transfer-ceilings", {"enterprise": "E1", "ceiling": "5"})
    assert town.listed(T1, "/trusted-partners", "partner") == ["E2"]
    assert town.listed(T1, "/transfer-ceilings", "ceiling") == ["5"]
    assert town.listed(C2, "/trusted-partners", "partner") == []
    town.same_as_absent(T3, "/transfers/N1", "/transfers/N9")


def test_anybody_with_the_code_may_read_a_certificate(town):
    paper = {**UNITS, "cancellation": "CA1", "purpose": "抵消会议用能", "beneficiary": "某基金会"}
    code = town.agreed(T1, A1, "/cancellations", paper)["check_code"]

    for person in ("", T3, AUDITOR):
        shown = town.reads(person, f"/cancellation-certificates/{code}")
        assert (shown["beneficiary"], shown["amount"]) == ("某基金会", "5000"), person
    assert town.visit("").get(f"/api/v1/cancellation-certificates/{'0' * 20}").status_code == 404
    assert town.listed(C2, "/cancellations", "id") == []


def test_a_succession_and_a_conversion_are_recorded_and_seen(town):
    named = {
        "succession": "SU1", "enterprise": "E1", "successor": "E2", "document": "合并1号",
        "extent": "named", "units": [{"asset": ENERGY, "amount": "10"}],
    }  # fmt: skip
    town.agreed(CITY, CHECKER, "/successions", named)
    right = {"enterprise": "E1", "measure": "energy", "amount": "1000", "last_year": 2030}
    rows = [{**right, "document": "确权1号", "facility": "F1"}]
    town.agreed(D1, CHECKER, "/entitlements", {"rows": rows})
    level = {
        "conversion": "CV1", "enterprise": "E1", "year": 2026, "amount": "400",
        "asset": "energy.standing.general.t2030.eq.990101",
    }  # fmt: skip

    made = town.agreed(T1, A1, "/conversions", level)
    back = town.agreed(T1, A1, "/conversions/CV1/undoings", {"enterprise": "E1", "amount": "100"})

    assert (made["flow_amount"], back["level_amount"]) == (400, 100)
    shown = town.reads(T1, "/conversions/CV1")
    assert (shown["level_amount"], shown["level_back"], shown["state"]) == ("400", "100", "open")
    assert town.listed(C2, "/successions", "id") == ["SU1"]
    assert town.listed(C2, "/conversions", "id") == []
    town.same_as_absent(C2, "/conversions/CV1", "/conversions/CV9")
