"""Kept totals of flows: what the postings sum to by group and month, however followed."""

import random
from collections import Counter

import sqlalchemy as sa

from ledger import follow as following
from ledger.db import reading
from ledger.follow import catch_up, projection_digest, rebuild
from ledger.lineage.flows import AMOUNT_MAX, FLOWS
from ledger.lineage.tables import FlowRow
from ledger.tables import AssetRow
from tests.ledger.lineage.journal import (
    F25,
    ISSUANCE,
    MONTH,
    START,
    Journal,
    firm,
    party,
    random_journal,
)

GROUPS = {
    "enterprise:E1": "enterprise:370200:STEEL",
    "enterprise:E2": "enterprise:370200:CEMENT",
    "enterprise:E3": "enterprise:370100:STEEL",
}
"""Of each enterprise; in the order in which `registered` has them."""


def registered(engine):
    """Write the three enterprises straight into the database."""
    with engine.begin() as connection:
        for code in ("370200", "370100"):
            _insert(connection, "districts", code, code, code, "", "sample", 1)
        for sector in ("STEEL", "CEMENT"):
            _insert(connection, "sectors", sector, sector, sector, "no", 1)
        for name, group in GROUPS.items():
            _, district, sector = group.split(":")
            own = name.partition(":")[2]
            _insert(connection, "enterprises", own, own, own, district, sector, own, 1)


def _insert(connection, table, *values):
    marks = ", ".join(f":v{number}" for number in range(len(values)))
    named = {f"v{number}": value for number, value in enumerate(values)}
    connection.execute(sa.text(f"INSERT INTO {table} VALUES ({marks})"), named)


def totals_of(engine):
    with reading(engine) as connection:
        assets = dict(connection.execute(sa.select(AssetRow.id, AssetRow.code)).all())
        rows = connection.execute(sa.select(FlowRow.__table__)).all()
    return {
        (assets[row.asset], row.month, row.how, row.giver, row.taker): row.amount for row in rows
    }


def summed(journal):
    """Return the same from the postings, one by one."""
    found = Counter()
    for command, postings, reverses in journal.entries:
        month = 202501 + (journal.commands[command - 1] - START) // MONTH
        how = "transfer" if reverses is None else "reversal"
        for source, destination, asset, amount in postings:
            if source.split(":")[:2] != destination.split(":")[:2] or source.startswith("scheme:"):
                ends = (GROUPS.get(party(end), end) for end in (source, destination))
                found[asset, month, how, *ends] += amount
    return {key: amount for key, amount in found.items() if key[0] != "cash.cny"}


def test_totals_are_what_the_postings_sum_to(engine, monkeypatch):
    monkeypatch.setattr(following, "COMMANDS_AT_ONCE", 11)
    registered(engine)
    journal = random_journal(random.Random(5), 150)
    journal.write(engine)

    catch_up(engine, (FLOWS,))

    expected = summed(journal)
    assert len(expected) > 50
    assert totals_of(engine) == expected
    with reading(engine) as connection:
        followed = projection_digest(connection, FLOWS)
    rebuild(engine, FLOWS)
    with reading(engine) as connection:
        assert projection_digest(connection, FLOWS) == followed


def test_the_last_microsecond_of_a_month_is_in_it_and_the_next_is_not(engine):
    february = START + MONTH
    journal = Journal()
    journal.move((ISSUANCE, firm("E1"), F25, 1), at=february - 1)
    journal.move((ISSUANCE, firm("E1"), F25, 2), at=february)
    registered(engine)
    journal.write(engine)

    catch_up(engine, (FLOWS,))

    by_month = {key[1]: amount for key, amount in totals_of(engine).items()}
    assert by_month == {202501: 1, 202502: 2}


def test_a_total_that_no_database_can_count_stands_still(sqlite_engine):
    journal = Journal()
    for _ in range(5):
        journal.move((ISSUANCE, firm("E1"), F25, AMOUNT_MAX // 4))
        journal.move((firm("E1"), ISSUANCE, F25, AMOUNT_MAX // 4))
    journal.write(sqlite_engine)

    catch_up(sqlite_engine, (FLOWS,))

    assert set(totals_of(sqlite_engine).values()) == {AMOUNT_MAX}
