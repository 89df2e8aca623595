"""Closings over HTTP: what a year lacked, what is cut, what is proposed."""

from datetime import date

from ledger.days import end_of
from ledger.transfer import Line, PostLines
from tests.api.rest.rights_town import A1, AUDITOR, C1, C2, CHECKER, CITY, D1, D2
from tests.ledger.compliance.world import CITY as WIDE
from tests.ledger.compliance.world import ENERGY


def closed(rights):
    """
    After the deadline E1, which paid its coal, is closed 5,000 kgce short; E2 700 short.

    Both gave away before what could have been deducted by force.
    """
    lines = (
        Line("a", "enterprise:E1:holding", "enterprise:E3:holding", ENERGY, 90_000),
        Line("b", "enterprise:E2:holding", "enterprise:E3:holding", WIDE, 50_000),
    )
    rights.bench.both(PostLines(rule="REG-11", lines=lines)).require()
    coal = {"enterprise": "E1", "year": 2025, "measure": "coal", "amount": "2000"}
    rights.agreed(C1, A1, "/surrenders", coal)
    price = {"measure": "energy", "turnover_fen": "6000000", "volume": "1000000", "source": "t"}
    rights.agreed(CITY, CHECKER, "/years/2025/prices", price)
    rights.bench.clock.now = end_of(date(2026, 6, 30))
    rights.bench.writer.tick()
    for enterprise in ("E1", "E2"):
        rights.does(CITY, "/years/2025/closings", {"enterprise": enterprise})


def test_a_closing_shows_what_was_missing_with_its_sheet(rights):
    closed(rights)

    row = rights.reads(C1, "/closings/E1/2025/energy")

    assert (row["owed"], row["surrendered"], row["missing"]) == ("5000", "0", "5000")
    assert row["sheet"]["steps"]
    assert rights.reads(C1, "/closings/E1/2025/coal")["missing"] == "0"
    rights.same_as_absent(C2, "/closings/E1/2025/energy", "/closings/E9/2025/energy")


def test_what_follows_is_seen_by_owner_district_and_auditor(rights):
    closed(rights)

    for path in ("/closings", "/deductions", "/penalty-proposals"):
        assert rights.seen_by(path, "enterprise", (C1, C2, D1, D2, AUDITOR)) == {
            C1: ["E1"],
            C2: ["E2"],
            D1: ["E1", "E2"],
            D2: [],
            AUDITOR: ["E1", "E2"],
        }
        assert rights.status("", path) == 401
        assert len(rights.turned(AUDITOR, path)) == len(rights.reads(AUDITOR, path)["items"])
    # The sample pack cuts twice what lacks and proposes one to three times the mean price of 60.
    assert rights.listed(C1, "/deductions?year=2026", "amount", "applied_by") == [("10000", None)]
    fines = rights.listed(C1, "/penalty-proposals?kind=fine", "base", "min_fen", "max_fen")
    assert fines == [("5000", "30000", "90000")]


def test_a_deduction_is_applied_and_a_year_with_all_closed_is_closed(rights):
    closed(rights)
    rights.agreed(CITY, CHECKER, "/years/2025/closing", {})
    assert rights.reads("", "/years/2025")["state"] == "closed"

    rights.does(CITY, "/years/2026/deductions", {"enterprises": ["E1"]})

    taken, claimed = rights.listed(C1, "/deductions", "taken", "claimed")[0]
    assert int(taken) + int(claimed) == 10_000
