"""Sources and the reserve over HTTP: shared, split, transferred, collected, bought, revoked."""

from ledger.cash import Deposit
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from tests.api.rest.rights_town import A1, AUDITOR, C1, C2, CHECKER, CITY, D1, D2, HASH, VERIFIER
from tests.api.rest.test_freed_claims import closure, freed
from tests.build import CLEARING, SECOND_CLEARING, SECOND_SECURITY, SECURITY

A2, SECOND = "person:A2", "person:VER2"


def freed_and_split(rights):
    """Free 600 kgce of E2, split 100 off and transfer 60 of those to E1."""
    grant = Grant(A2, Role.ENTERPRISE_ADMIN, "enterprise:E2")
    rights.bench.both(
        GrantRoles(grants=(grant,)), maker=SECURITY, checker=SECOND_SECURITY
    ).require()
    freed(rights)
    parts = [{"target": "S100", "amount": "100"}]
    rights.does(C2, "/freed-sources/K2-ENERGY/parts", {"document": "分割1号", "parts": parts})
    line = {"source": "S100", "target": "S60", "to": "E1", "amount": "60", "document": "划转1号"}
    rights.agreed(A2, CHECKER, "/freed-sources/transfers", {"rows": [line]})


def test_the_life_of_a_source_is_told_to_its_holder(rights):
    freed_and_split(rights)

    life = rights.reads(C1, "/freed-sources/S60")

    assert (life["holder"], life["enterprise"], life["cause"]) == ("E1", "", "transfer")
    assert (life["amount"], life["remaining"], life["claim"]) == ("60", "60", "K2")
    assert [(one["source"], one["parent"]) for one in life["hands"]] == [
        ("S60", "S100"),
        ("S100", "K2-ENERGY"),
    ]
    assert [(one["giver"], one["taker"], one["amount"]) for one in life["moves"]] == [
        ("source:S100", "source:S60", "60")
    ]
    assert life["asset"] == "energy.standing.two_high.t2030.eq.990101"
    assert rights.seen_by("/freed-sources", "id", (C1, C2, D1, D2, AUDITOR)) == {
        C1: ["S60"],
        C2: ["K2-ENERGY", "S100"],
        D1: ["K2-ENERGY", "S100", "S60"],
        D2: [],
        AUDITOR: ["K2-ENERGY", "S100", "S60"],
    }
    assert rights.listed(D1, "/freed-sources?holder=E1", "id") == ["S60"]
    assert [row["id"] for row in rights.turned(C2, "/freed-sources")] == ["K2-ENERGY", "S100"]
    rights.same_as_absent(C1, "/freed-sources/S100", "/freed-sources/S999")


def test_quota_is_collected_bought_and_sold_back(rights):
    freed_and_split(rights)
    lot = {"lot_kind": "voluntary", "measure": "energy", "source": "K2-ENERGY", "target": "R1"}
    batch = {"batch": "B1", "reserve": "990101", "document": "方案1号"}
    rights.does(D1, "/reserve-batches", {**batch, "lots": [{**lot, "amount": "400"}]})
    review = {"finding": "upheld", "document": "评审1号", "evidence": HASH}
    rights.agreed(VERIFIER, SECOND, "/reserve-batches/B1/reviews", review)
    decision = {"body": "commission", "document": "决定1号"}
    rights.agreed(CITY, CHECKER, "/reserve-batches/B1/decision", decision)
    paid = Deposit("E1", 8_000, "line 9")
    rights.bench.both(paid, maker=CLEARING, checker=SECOND_CLEARING).require()
    before = rights.reads(AUDITOR, "/reserve-batches/B1")
    wanted = {"source": "R1", "target": "Q1", "amount": "400"}

    # 0.4 tce at 200 yuan: 80 yuan.
    bought = rights.agreed(
        A1,
        CHECKER,
        "/reserve-releases",
        {"enterprise": "E1", "document": "申购1号", "rows": [wanted]},
    )
    offered = {"source": "Q1", "target": "R2", "amount": "100"}
    sold = rights.agreed(
        A1,
        CHECKER,
        "/reserve-buy-backs",
        {"enterprise": "E1", "reserve": "990101", "document": "回购1号", "rows": [offered]},
    )

    assert (bought["paid_fen"], sold["paid_fen"]) == (8_000, 1_800)
    assert (before["state"], before["lots"][0]["collected"]) == ("decided", "400")
    assert rights.listed(C1, "/reserve-sales", "direction", "paid_fen") == [
        ("release", "8000"),
        ("buy_back", "1800"),
    ]
    assert rights.listed(C2, "/reserve-sales", "direction") == []
    assert rights.listed(D2, "/reserve-batches", "id") == []
    position = rights.reads(D1, "/freed-quota/positions")["items"][0]
    assert (position["confirmed"], position["collected"], position["available"]) == (
        "600",
        "100",
        "500",
    )
    assert position["difference"] == "0"
    assert rights.reads(D2, "/freed-quota/positions")["items"] == []


def test_a_claim_is_shared_and_revoked(rights):
    rights.does(C2, "/freed-claims/closures", closure())
    shares = [{"enterprise": "E2", "share": "7/10"}, {"enterprise": "E1", "share": "3/10"}]
    rights.does(C2, "/freed-claims/K2/shares", {"contract": "EMC1", "shares": shares})
    opinion = {"finding": "upheld", "document": "核字1号", "evidence": HASH}
    rights.agreed(VERIFIER, SECOND, "/freed-claims/K2/opinions", opinion)
    rights.agreed(D1, CHECKER, "/freed-claims/K2/confirmation", {"document": "确权1号"})
    given = rights.listed(AUDITOR, "/freed-sources", "id", "holder", "amount")

    order = {"document": "撤销1号", "evidence": HASH}
    rights.agreed(D1, CHECKER, "/freed-claims/K2/revocation", order)

    assert given == [("K2-ENERGY-A", "E2", "420"), ("K2-ENERGY-B", "E1", "180")]
    shown = rights.reads(C2, "/freed-claims/K2")
    assert [one["share"] for one in shown["shares"]] == ["7/10", "3/10"]
    assert [(one["revoked"], one["consumed"]) for one in shown["revocations"]] == [("600", "0")]
    assert rights.listed(AUDITOR, "/freed-sources", "remaining") == ["0", "0"]
    assert rights.listed(AUDITOR, "/deficits", "project") == []
