"""Snapshots: the same rows whatever the stretches, where arithmetic says, fewer than moves."""

import itertools
import random

import pytest
import sqlalchemy as sa

from ledger import follow as following
from ledger import snapshots
from ledger.balances import differences
from ledger.days import DAY, HOUR
from ledger.db import reading
from ledger.follow import catch_up, follow, projection_digest, rebuild
from ledger.snapshots import SNAPSHOTS, distance_of, is_marked, standings
from ledger.tables import DatedRow, SnapshotRow
from tests.ledger.dated import FLOW, HOLDINGS, OTHER, Past, random_past

ONE, TWO = HOLDINGS[:2]


def digest(engine):
    with reading(engine) as connection:
        return projection_digest(connection, SNAPSHOTS)


def count(engine, table):
    with reading(engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_the_rows_are_the_same_whatever_the_stretches(engine, clock, monkeypatch):
    monkeypatch.setattr(snapshots, "MARKED_BITS", 2)
    chance = random.Random(71)
    random_past(engine, clock, seed=72)
    catch_up(engine, (SNAPSHOTS,))
    expected = digest(engine)
    assert count(engine, SnapshotRow) > 100
    assert count(engine, DatedRow) > 100

    for _ in range(4):
        monkeypatch.setattr(following, "COMMANDS_AT_ONCE", chance.randrange(1, 40))
        monkeypatch.setattr(following, "ENTRIES_AT_ONCE", chance.randrange(1, 40))
        rebuild(engine, SNAPSHOTS)

        assert digest(engine) == expected


def test_what_grows_while_it_is_followed_gets_the_rows_of_what_is_followed_at_the_end(
    sqlite_engine, clock, monkeypatch
):
    monkeypatch.setattr(snapshots, "MARKED_BITS", 1)
    past = Past(sqlite_engine, clock)
    for number in range(1, 60):
        past.post((number % 3, (("scheme:issuance", ONE, FLOW, number),)))
        if number % 7 == 0:
            follow(sqlite_engine, SNAPSHOTS)
    catch_up(sqlite_engine, (SNAPSHOTS,))
    followed = digest(sqlite_engine)

    rebuild(sqlite_engine, SNAPSHOTS)

    assert digest(sqlite_engine) == followed


def test_an_edited_snapshot_is_told_by_making_them_again(engine, clock, monkeypatch):
    monkeypatch.setattr(snapshots, "MARKED_BITS", 2)
    random_past(engine, clock, seed=73, commands=20)
    catch_up(engine, (SNAPSHOTS,))
    before = digest(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE derived_snapshots SET amount = amount + 1"))
    spoilt = digest(engine)

    rebuild(engine, SNAPSHOTS)

    assert spoilt != before
    assert digest(engine) == before


def test_a_snapshot_comes_after_about_every_128th_move():
    """Of each of three accounts that move all the time; the longest stretch without is bounded."""
    for account in (1, 2, 40_000):
        marks = [entry for entry in range(1, 100_001) if is_marked(account, entry)]
        gaps = [after - before for before, after in itertools.pairwise(marks)]

        assert 700 < len(marks) < 860
        assert max(gaps) < 1_500


def test_accounts_that_move_now_and_then_get_their_share_of_snapshots():
    """Moves at every step of a fixed width, as a regular command would make them."""
    for step in (2, 64, 128, 1_000, 4_096):
        marks = sum(is_marked(7, entry) for entry in range(step, 20_000 * step, step))

        assert 100 < marks < 220, step


def test_a_snapshot_holds_every_asset_the_account_ever_had(engine, clock, monkeypatch):
    """After each entry: 10 in, 4 in of another, all 10 out."""
    monkeypatch.setattr(snapshots, "MARKED_BITS", 0)
    past = Past(engine, clock)
    past.post((0, (("scheme:issuance", ONE, FLOW, 10),)))
    past.post((0, (("scheme:issuance", ONE, OTHER, 4), ("scheme:issuance", ONE, OTHER, 3))))
    past.post((0, ((ONE, TWO, FLOW, 10), (TWO, ONE, FLOW, 1), (ONE, TWO, FLOW, 1))))

    catch_up(engine, (SNAPSHOTS,))

    rows = kept(engine, ONE)
    assert rows == [
        (1, FLOW, 10, 10),
        (2, FLOW, 10, 10),
        (2, OTHER, 7, 7),
        (3, FLOW, 0, 11),
        (3, OTHER, 7, 7),
    ]


def test_there_are_never_more_rows_than_moves(engine, clock, monkeypatch):
    """Two assets are held from the second entry on: then every second move gives a snapshot."""
    monkeypatch.setattr(snapshots, "MARKED_BITS", 0)
    past = Past(engine, clock)
    for asset in (FLOW, OTHER, FLOW, FLOW, FLOW):
        past.post((0, (("scheme:issuance", ONE, asset, 1),)))

    catch_up(engine, (SNAPSHOTS,))

    assert [row[:3] for row in kept(engine, ONE)] == [
        (1, FLOW, 1),
        (3, FLOW, 2),
        (3, OTHER, 1),
        (5, FLOW, 4),
        (5, OTHER, 1),
    ]


def kept(engine, address):
    with reading(engine) as connection:
        query = sa.text(
            "SELECT entry, code, amount, received FROM derived_snapshots "
            "JOIN accounts ON accounts.id = account_id JOIN assets ON assets.id = asset_id "
            "WHERE address = :address ORDER BY entry, code"
        )
        return [tuple(row) for row in connection.execute(query, {"address": address})]


def test_a_turnover_beyond_64_bits_neither_stops_the_snapshots_nor_spoils_a_period(
    engine, clock, monkeypatch
):
    """Three came in six times, which is here kept modulo 8."""
    monkeypatch.setattr(snapshots, "MARKED_BITS", 0)
    monkeypatch.setattr(snapshots, "RECEIVED_MODULUS", 8)
    monkeypatch.setattr("ledger.balances.RECEIVED_MODULUS", 8)
    past = Past(engine, clock)
    past.post((0, (("scheme:issuance", ONE, FLOW, 3),)))
    for _ in range(5):
        past.post((0, ((ONE, TWO, FLOW, 3),)))
        past.post((0, ((TWO, ONE, FLOW, 3),)))

    catch_up(engine, (SNAPSHOTS,))

    with reading(engine) as connection:
        account = connection.execute(
            sa.text("SELECT id FROM accounts WHERE address = :address"), {"address": ONE}
        ).scalar_one()
        (found,) = differences(connection, account, 7, 11).values()
        (now,) = standings(connection, (account,), 11).values()
    assert tuple(found) == (3, 6, 6, 3)
    assert (now.amount, now.received) == (3, 18 % 8)


@pytest.mark.parametrize(
    ("late_by", "distance"),
    [
        (1, 1),
        (HOUR, 1),
        (HOUR + 1, 2),
        (DAY, 2),
        (DAY + 1, 3),
        (32 * DAY, 3),
        (32 * DAY + 1, 4),
        (400 * DAY, 4),
        (400 * DAY + 1, 5),
        (10**17, 5),
        (-1, -1),
        (-HOUR, -1),
        (-HOUR - 1, -2),
        (-400 * DAY - 1, -5),
    ],
)
def test_entries_are_kept_apart_by_how_far_they_count_from_their_recording(late_by, distance):
    assert distance_of(10**18, 10**18 - late_by) == distance


def test_only_what_counts_from_another_time_is_kept_and_net_of_it(engine, clock):
    past = Past(engine, clock)
    past.post((0, (("scheme:issuance", ONE, FLOW, 10),)))
    at = past.post((5, ((ONE, TWO, FLOW, 7), (TWO, ONE, FLOW, 2))))
    past.post((-HOUR - 1, ((ONE, TWO, FLOW, 1), (TWO, ONE, FLOW, 1))))

    catch_up(engine, (SNAPSHOTS,))

    with reading(engine) as connection:
        query = sa.text(
            "SELECT address, distance, recorded_at, entry, effective_at, change "
            "FROM derived_dated JOIN accounts ON accounts.id = account_id ORDER BY address"
        )
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [(ONE, 1, at, 2, at - 5, -5), (TWO, 1, at, 2, at - 5, 5)]
