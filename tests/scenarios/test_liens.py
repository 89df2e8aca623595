"""The numbered scenarios of the rights rules that speak of terms and leases (§12: 8 and 23)."""

from datetime import date

import pytest

from ledger.asset import Origin, standing
from ledger.compliance.assess import ComputeObligations
from ledger.days import start_of
from ledger.liens.lease import AcceptLease, OfferLease
from ledger.moves.home import StandingOver, require_in_term
from ledger.moves.transfer import MakeTransfers, TransferLine
from tests.ledger.compliance.world import CALM, opening, pay, pay_refused, paying, report, rows
from tests.ledger.compliance.world import ENERGY as FLOW_2025
from tests.ledger.liens.world import by, by_refused, has, have, pass_day, town

OLD_RIGHT = standing(measure="energy", last_year=2020, area="990101", origin=Origin.GENERAL)


@pytest.mark.parametrize(
    ("day", "may_move"),
    [
        pytest.param(date(2020, 12, 31), True, id="rights-08 RULE the last day"),
        pytest.param(date(2021, 1, 1), False, id="rights-08 RULE the day after"),
    ],
)
def test_a_standing_right_moves_until_its_last_day(day, may_move):
    if may_move:
        require_in_term(OLD_RIGHT, on=day)
        return
    with pytest.raises(StandingOver) as refusal:
        require_in_term(OLD_RIGHT, on=day)
    assert refusal.value.facts["last_day"] == "2020-12-31"


@pytest.mark.parametrize(
    ("allowed", "used_part", "surrendered"),
    [
        pytest.param(True, "return_equal_vintage", 1_200_000, id="rights-23 BUILT equal vintage"),
        pytest.param(True, "forbid_surrender", 0, id="rights-23 BUILT forbid surrender"),
        pytest.param(False, "return_equal_vintage", 0, id="rights-23 BUILT not allowed"),
    ],
)
def test_a_lease_of_two_thousand_tonnes(sqlite_engine, clock, allowed, used_part, surrendered):
    values = {
        "lease.surrender_allowed": (allowed, "switch"), "lease.used_part": (used_part, "choice"),
    }  # fmt: skip
    bench = town(sqlite_engine, clock, CALM | values)
    # 2,000 tce of the running vintage until its last day; the year of the ledger's town is 2025.
    have(bench, "E1", FLOW_2025, 2_000_000)
    bench.both(opening(measures="energy")).require()
    report(bench, "E2", energy=1_200_000)
    bench.do(ComputeObligations(year=2025, enterprises=("E2",))).require()
    offer = OfferLease(
        lease="L1", enterprise="E1", lessee="E2", asset=FLOW_2025, amount=2_000_000,
        return_on=date(2026, 6, 30),
    )  # fmt: skip
    by(bench, "E1", offer).require()
    by(bench, "E2", AcceptLease(lease="L1")).require()

    # It cannot be sold on.
    line = TransferLine("N1", "E4", FLOW_2025, 1)
    sold_on = by_refused(bench, "E2", MakeTransfers(enterprise="E2", reason="r", rows=(line,)))
    assert sold_on.code == "insufficient_balance"
    # It may be surrendered within the term where the policy allows.
    clock.now = start_of(date(2026, 6, 30))
    if surrendered:
        pay(bench, paying(surrendered, by="E2")).require()
        have(bench, "E2", FLOW_2025, 900_000)
    else:
        assert pay_refused(bench, paying(1_200_000, by="E2")).code == "units_encumbered"
    # On expiry the unused returns; the used part comes back in equal vintage, as far as it can.
    pass_day(bench, clock, date(2026, 6, 30))
    (lease,) = rows(bench, "leases")
    back = min(2_000_000, 800_000 + 900_000) if surrendered else 2_000_000
    assert has(bench, "E1", FLOW_2025) == back
    assert (lease["state"], lease["owed"]) == (
        ("short", 300_000) if surrendered else ("returned", 0)
    )
