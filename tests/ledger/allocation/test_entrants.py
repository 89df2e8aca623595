"""New entrants are allocated out of the reserve by their review opinion, and settled by use."""

import msgspec
import pytest

from ledger.allocation.entrant_year import SettleEntrants
from ledger.allocation.entrants import AdmitEntrants, EntrantLine
from ledger.districts.enforce import ReserveBudget
from ledger.parties.enroll import FacilityLine, RegisterFacilities
from tests.ledger.allocation.build import (
    BUDGET,
    FLOW,
    RESERVE,
    TOWN,
    agreed,
    allocation_ledger,
    end_the_year,
    final,
    move,
    past,
    record,
    refused,
    set_budget,
)

EVIDENCE = "ab" * 32


@pytest.fixture
def bench(engine, clock):
    return reserved(engine, clock)


def reserved(engine, clock):
    """A reserve of 3,000 tce, three hundredths of the cap; E2 has a past."""
    bench = allocation_ledger(engine, clock)
    set_budget(bench, 100_000_000)
    reserve = ReserveBudget(district=TOWN, year=2025, measure="energy", document="R-1")
    agreed(bench, reserve).require()
    record(bench, past("E2", 2024, 1_000))
    kiln = FacilityLine("F2", "E2", "Kiln 2", "CEMENT", "cement", 1_000_000, "t")
    bench.do(RegisterFacilities(rows=(kiln,))).require()
    return bench


def entrant(enterprise="E1", amount=1_000_000, **changes):
    fields = {
        "enterprise": enterprise,
        "amount": amount,
        "opinion": "节能审查〔2025〕1号",
        "evidence": EVIDENCE,
    }
    return msgspec.convert(fields | changes, EntrantLine)


def admitting(*lines):
    return AdmitEntrants(district=TOWN, year=2025, measure="energy", rows=lines)


def settling(**changes):
    fields = {"district": TOWN, "year": 2025, "measure": "energy", "document": "S-1"}
    return SettleEntrants(**(fields | changes))


def test_entrants_are_admitted_in_order_until_the_reserve_is_used_up(bench):
    first = agreed(bench, admitting(entrant("E1"), entrant("E3", 1_999_999))).require()

    short = refused(bench, admitting(entrant("E4", 2)))
    last = agreed(bench, admitting(entrant("E4", 1))).require()

    assert first.result == {"admitted": 2, "amount": 2_999_999, "reserve_left": 1}
    assert bench.balance("enterprise:E1:restricted", FLOW) == 1_000_000
    assert short.code == "reserve_exhausted"
    assert (short.facts["needed"], short.facts["available"]) == (2, 1)
    assert last.result["reserve_left"] == 0


def test_a_row_that_the_reserve_cannot_serve_keeps_all_of_them_back(bench):
    answer = refused(bench, admitting(entrant("E1", 3_000_000), entrant("E3", 1)))

    assert answer.facts["codes"] == "reserve_exhausted"
    assert bench.balance(RESERVE, FLOW) == 3_000_000


def test_who_is_not_new_or_says_too_little_is_refused(sqlite_engine, clock):
    bench = reserved(sqlite_engine, clock)
    refusals = {
        "entrant_elsewhere": ({"enterprise": "E9"},),
        "entrant_not_new": ({"enterprise": "E2"},),
        "party_unknown": ({"enterprise": "E2", "facility": "F9"}, {"facility": "F2"}),
        "review_opinion_missing": ({"opinion": " "},),
        "allocation_evidence_malformed": ({"evidence": "AB" * 32}, {"evidence": ""}),
        "amount_not_positive": ({"amount": 0}, {"amount": -1}),
    }
    for code, cases in refusals.items():
        for changes in cases:
            assert refused(bench, admitting(entrant(**changes))).code == code, changes


def test_an_enterprise_with_a_past_is_admitted_for_its_new_facility_once_a_year(bench):
    agreed(bench, admitting(entrant("E2", facility="F2"))).require()

    again = refused(bench, admitting(entrant("E2", facility="F2")))

    assert again.code == "entrant_not_new"
    assert "admitted already" in again.message


@pytest.mark.parametrize(
    ("monthly", "returned", "due", "held"),
    [
        # Twelve times 100,000 kWh at 0.3 kgce are 360,000 kgce of the million.
        (100_000, 640_000, 0, 360_000),
        # A little more than all of it: nothing comes back, and nothing more is given.
        (277_778, 0, 0, 1_000_000),
    ],
)
def test_what_an_entrant_did_not_use_goes_back(bench, clock, monthly, returned, due, held):
    agreed(bench, admitting(entrant("E1", 1_000_000))).require()
    end_the_year(bench, clock)
    early = refused(bench, settling())
    final(bench, "E1", monthly=monthly)
    before = bench.balance(BUDGET, FLOW)

    settled = agreed(bench, settling()).require()

    assert early.code == "verification_pending"
    assert settled.result == {"settled": 1, "returned": returned, "due": due}
    assert bench.balance("enterprise:E1:restricted", FLOW) == 0
    assert bench.balance("enterprise:E1:holding", FLOW) == held
    assert bench.balance(BUDGET, FLOW) == before + returned
    assert refused(bench, settling()).code == "nothing_admitted"


def test_what_is_no_longer_there_is_owed(bench, clock):
    agreed(bench, admitting(entrant("E1", 1_000_000))).require()
    move(bench, "enterprise:E1:restricted", "enterprise:E3:holding", 400_000)
    end_the_year(bench, clock)
    final(bench, "E1")  # it used nothing

    settled = agreed(bench, settling()).require()

    assert settled.result == {"settled": 1, "returned": 600_000, "due": 400_000}
