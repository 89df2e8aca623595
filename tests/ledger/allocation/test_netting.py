"""A debt of an earlier vintage is netted from the next issue, in the same entry."""

import msgspec
import pytest
import sqlalchemy as sa

from ledger.allocation.objection_tables import NettingRow
from ledger.allocation.tables import DueClaimRow
from ledger.db import reading
from tests.build import decided_by
from tests.ledger.allocation.build import (
    FLOW,
    agreed,
    allocation,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    issuing,
    move,
    plan,
    refused,
    set_budget,
    truing,
)

NEXT = FLOW.replace("2025", "2026")
HOLDING, RESTRICTED = "enterprise:E1:holding", "enterprise:E1:restricted"


def indebted(engine, clock, claimed=3_000_000):
    """E1 owes *claimed* of 2025, and a budget for 2026 is there."""
    bench = allocation_ledger(engine, clock)
    set_budget(bench, 200_000_000)
    issued(bench, cement())
    end_the_year(bench, clock)
    final(bench, cement=550_000)
    move(bench, RESTRICTED, "enterprise:E2:holding", 55_000_000 + claimed)
    agreed(bench, truing()).require()
    set_budget(bench, 500_000_000, year=2026, document="DOC-2")
    return bench


def outstanding(bench):
    table = DueClaimRow.__table__
    with reading(bench.engine) as connection:
        return connection.execute(sa.select(sa.func.sum(table.c.amount - table.c.settled))).scalar()


def nettings(bench):
    table = NettingRow.__table__
    with reading(bench.engine) as connection:
        return connection.execute(sa.select(table).order_by(*table.primary_key)).all()


@pytest.mark.parametrize(
    ("output", "netted", "restricted", "holding", "left"),
    [
        # 100 kgce a tonne, 60 % beforehand, 20 % of that saleable in the sample pack from 2026.
        pytest.param(1_000_000, 3_000_000, 45_000_000, 12_000_000, 0, id="the whole debt"),
        pytest.param(40_000, 2_400_000, 0, 0, 600_000, id="more debt than is issued"),
        pytest.param(0, 0, 0, 0, 3_000_000, id="nothing issued"),
    ],
)
def test_the_next_issue_settles_what_is_owed(
    engine, clock, output, netted, restricted, holding, left
):
    bench = indebted(engine, clock)
    held = bench.balance("district:990100:budget", NEXT)

    issued(bench, cement(output=output), year=2026)

    assert bench.balance(RESTRICTED, NEXT) == restricted
    assert bench.balance(HOLDING, NEXT) == holding
    assert outstanding(bench) == left
    assert held - bench.balance("district:990100:budget", NEXT) == restricted + holding
    assert [row.amount for row in nettings(bench)] == ([netted] if netted else [])
    row = allocation(bench, year=2026)
    assert row.issued == row.pre_issued  # what was netted counts as given
    if netted:
        (step,) = msgspec.json.decode(nettings(bench)[0].sheet)["steps"]
        assert (step["inputs"], step["result"]) == (
            {"owed": "3000000", "still_owed": str(left)},
            str(netted),
        )


def test_older_rules_and_another_measure_net_nothing(engine, clock):
    bench = indebted(engine, clock)
    planned = plan(bench, cement(), year=2026).require().result["plan_hash"]
    assert refused(bench, issuing("0" * 64, year=2026)).code == "plan_changed"

    with decided_by("3"):
        agreed(bench, issuing(planned, year=2026)).require()

    assert nettings(bench) == []
    assert outstanding(bench) == 3_000_000
