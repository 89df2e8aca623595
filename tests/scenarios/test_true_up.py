"""Scenario 2 of rights-rules §12: sixty in a hundred beforehand, then more, or some back."""

import pytest
import sqlalchemy as sa

from ledger.allocation.tables import DueClaimRow
from ledger.db import reading
from tests.ledger.allocation.build import (
    FLOW,
    agreed,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    move,
    set_budget,
    truing,
)

TCE = 1_000
HOLDING, RESTRICTED = "enterprise:E1:holding", "enterprise:E1:restricted"


@pytest.mark.parametrize(
    ("final_tce", "left_tce", "credited_tce", "returned_tce", "claimed_tce"),
    [
        pytest.param(95_000, 60_000, 35_000, 0, 0, id="rights-02a RULE"),
        pytest.param(110_000, 60_000, 50_000, 0, 0, id="rights-02b RULE"),
        pytest.param(55_000, 60_000, 0, 5_000, 0, id="rights-02c RULE"),
        pytest.param(55_000, 2_000, 0, 2_000, 3_000, id="rights-02c due claim BUILT"),
    ],
)
def test_henan_pre_issues_sixty_percent_and_trues_up(
    engine, clock, final_tce, left_tce, credited_tce, returned_tce, claimed_tce
):
    bench = allocation_ledger(engine, clock, allocation__pre_issue_share="60/100")
    set_budget(bench, 200_000 * TCE)
    issued(bench, cement(output=1_000_000))  # at 100 kgce a tonne: 100,000 tce are planned
    assert bench.balance(RESTRICTED, FLOW) == 60_000 * TCE
    if left_tce < 60_000:
        move(bench, RESTRICTED, "enterprise:E2:holding", (60_000 - left_tce) * TCE)
    end_the_year(bench, clock)
    final(bench, cement=final_tce * 10)

    told = agreed(bench, truing()).require().result

    moved = (told["credited"], told["returned"], told["claimed"])
    assert moved == (credited_tce * TCE, returned_tce * TCE, claimed_tce * TCE)
    held = bench.balance(HOLDING, FLOW)
    assert held == (left_tce + credited_tce - returned_tce) * TCE
    assert bench.balance(RESTRICTED, FLOW) == 0
    table = DueClaimRow.__table__
    with reading(bench.engine) as connection:
        claims = connection.execute(sa.select(table.c.amount)).scalars().all()
    assert claims == ([claimed_tce * TCE] if claimed_tce else [])
