"""Balances of the past against the plain sum over everything that ever moved."""

import random
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from ledger import balances, snapshots
from ledger import past as past_module
from ledger.balances import PrefixMalformed, address_range, beginning_with
from ledger.command import Command
from ledger.db import reading
from ledger.follow import catch_up, follow
from ledger.past import (
    EntryNotWritten,
    InstantInFuture,
    entry_at,
    last_entry,
    require_past,
    require_written,
)
from ledger.snapshots import SNAPSHOTS
from ledger.statement import moves, running_before
from ledger.tables import AccountRow, AssetRow
from tests.build import REGULATOR
from tests.conftest import DAY, START
from tests.ledger.dated import (
    ACCOUNTS,
    FLOW,
    HOLDINGS,
    IDLE,
    OTHER,
    Past,
    PostDated,
    random_past,
)

ONE, TWO = HOLDINGS[:2]
BIG = (
    "postings",
    "entries",
    "commands",
    "blocks",
    "accounts",
    "derived_snapshots",
    "derived_dated",
)


@pytest.fixture
def dense(monkeypatch):
    """Every fourth move gives a snapshot, so that a small ledger has many."""
    monkeypatch.setattr(snapshots, "MARKED_BITS", 2)


class Reader:
    """The reads under test, by address and asset code."""

    def __init__(self, connection):
        self.connection = connection
        self.ids = {
            row.address: row.id
            for row in connection.execute(sa.select(AccountRow.address, AccountRow.id))
        }
        self.codes = {
            row.id: row.code for row in connection.execute(sa.select(AssetRow.id, AssetRow.code))
        }

    def told(self, amounts):
        return {self.codes[asset]: amount for asset, amount in amounts.items()}

    def now(self, account):
        return self.told(balances.balances_now(self.connection, self.ids[account]))

    def after(self, account, entry):
        return self.told(balances.balances_after(self.connection, self.ids[account], entry))

    def at(self, account, instant):
        return self.after(account, entry_at(self.connection, instant))

    def effective(self, account, instant):
        found = balances.balances_effective(self.connection, self.ids[account], instant)
        return self.told(found)

    def differences(self, account, first, last):
        found = balances.differences(self.connection, self.ids[account], first, last)
        return {self.codes[asset]: tuple(its) for asset, its in found.items()}


@contextmanager
def reader(engine):
    with reading(engine) as connection:
        yield Reader(connection)


@pytest.fixture(params=["followed", "halfway", "not followed"])
def followed(request, monkeypatch):
    """How far the snapshots have come when they are read; every answer is the same."""

    def follow_it(engine):
        if request.param == "followed":
            catch_up(engine, (SNAPSHOTS,))
        elif request.param == "halfway":
            monkeypatch.setattr("ledger.follow.ENTRIES_AT_ONCE", 60)
            follow(engine, SNAPSHOTS)
            follow(engine, SNAPSHOTS)

    return follow_it


def edges(past, chance, count=15):
    """Instants at which something may change: to the microsecond, one before and one after."""
    marks = {each.recorded_at for each in past.moved} | {each.effective_at for each in past.moved}
    some = chance.sample(sorted(marks), count)
    return [mark + shift for mark in some for shift in (-1, 0, 1)]


def test_every_read_agrees_with_the_sum_over_everything(engine, clock, dense, followed):
    past, chance = random_past(engine, clock, seed=11, commands=90), random.Random(12)
    followed(engine)

    with reader(engine) as read:
        for account in (*ACCOUNTS, IDLE):
            assert read.now(account) == past.balances(account)
            for entry in (0, past.entries, *chance.sample(range(1, past.entries), 12)):
                expected = past.balances(account, lambda moved, n=entry: moved.entry <= n)
                assert read.after(account, entry) == expected, (account, entry)
            for instant in edges(past, chance):
                expected = past.balances(account, lambda moved, t=instant: moved.recorded_at <= t)
                assert read.at(account, instant) == expected, (account, instant)
                expected = past.balances(account, lambda moved, t=instant: moved.effective_at <= t)
                assert read.effective(account, instant) == expected, (account, instant)


def test_a_difference_is_opening_received_given_and_closing(engine, clock, dense, followed):
    past, chance = random_past(engine, clock, seed=21, commands=60), random.Random(22)
    followed(engine)

    with reader(engine) as read:
        for account in ACCOUNTS:
            for _ in range(12):
                first, last = sorted(chance.choices(range(past.entries + 1), k=2))
                expected = summed(past, account, first, last)
                assert read.differences(account, first, last) == expected, (account, first, last)
            assert read.differences(account, 5, 5) == summed(past, account, 5, 5)


def summed(past, account, first, last):
    opening = past.balances(account, lambda moved: moved.entry <= first)
    closing = past.balances(account, lambda moved: moved.entry <= last)
    within = [moved for moved in past.moved if first < moved.entry <= last]
    found = {}
    for asset in (FLOW, OTHER):
        its = [moved for moved in within if moved.asset == asset]
        received = sum(moved.amount for moved in its if moved.destination == account)
        given = sum(moved.amount for moved in its if moved.source == account)
        if opening.get(asset, 0) or received or given:
            found[asset] = (opening.get(asset, 0), received, given, closing.get(asset, 0))
    return found


def test_a_statement_is_paged_through_either_way_with_its_running_balance(
    engine, clock, dense, followed
):
    past = random_past(engine, clock, seed=31, commands=40)
    followed(engine)

    with reader(engine) as read:
        for account in ACCOUNTS:
            for asset in ("", FLOW):
                expected = running(past, account, asset)
                for newest_first in (False, True):
                    found = walk(read, account, asset, newest_first)
                    assert found == (expected[::-1] if newest_first else expected)


def running(past, account, asset):
    """The moves of *account* with the balance of their asset after each, summed from the first."""
    held, lines = {}, []
    for moved in past.moved:
        for end, sign in ((moved.source, -1), (moved.destination, 1)):
            if end == account and asset in ("", moved.asset):
                change = sign * moved.amount
                held[moved.asset] = held.get(moved.asset, 0) + change
                lines.append((moved.entry, moved.ordinal, moved.asset, change, held[moved.asset]))
    return lines


def walk(read, account, asset, newest_first):
    """The same by pages of three, each of which begins from a snapshot of its own."""
    found, after = [], None
    while True:
        rows = moves(
            read.connection,
            read.ids[account],
            limit=3,
            after=after,
            newest_first=newest_first,
            asset=asset,
        )
        if not rows:
            return found
        ordered = rows[::-1] if newest_first else rows
        begin = (ordered[0]["entry"], ordered[0]["ordinal"])
        held = running_before(read.connection, read.ids[account], begin)
        lines = []
        for row in ordered:
            held[row["asset_id"]] = held.get(row["asset_id"], 0) + row["change"]
            code = read.codes[row["asset_id"]]
            line = (row["entry"], row["ordinal"], code, row["change"], held[row["asset_id"]])
            lines.append(line)
        found += lines[::-1] if newest_first else lines
        after = (rows[-1]["entry"], rows[-1]["ordinal"])


def test_a_statement_of_a_period_has_the_entries_after_its_first_up_to_its_last(engine, clock):
    past = Past(engine, clock)
    for amount in (5, 6, 7, 8):
        past.post((0, (("scheme:issuance", ONE, FLOW, amount),)))

    with reader(engine) as read:
        found = {
            bounds: [
                row["change"]
                for row in moves(
                    read.connection, read.ids[ONE], limit=9, first=bounds[0], last=bounds[1]
                )
            ]
            for bounds in ((0, 4), (1, 3), (1, 1), (3, 4), (4, 9))
        }

    assert found == {(0, 4): [5, 6, 7, 8], (1, 3): [6, 7], (1, 1): [], (3, 4): [8], (4, 9): []}


def test_totals_are_of_all_accounts_that_begin_so(engine, clock, dense, followed, monkeypatch):
    past = random_past(engine, clock, seed=41, commands=50)
    followed(engine)
    every = [account for account in ACCOUNTS if account.startswith("enterprise:")]

    with reader(engine) as read:
        own = sa.select(AccountRow.id).where(beginning_with("enterprise:E*"))
        found = read.told(balances.totals_now(read.connection, own))
        assert found == added(past.balances(account) for account in every)
        # By snapshots, backward from now and forward from the beginning: one answer.
        for near in (0, 10**6):
            monkeypatch.setattr(balances, "NEAR_ENTRIES", near)
            for entry in (0, 1, past.entries // 3, past.entries - 5, past.entries):
                found = read.told(balances.totals_after(read.connection, own, entry))
                expected = added(
                    past.balances(account, lambda moved, n=entry: moved.entry <= n)
                    for account in every
                )
                assert found == expected, entry


def added(each):
    found = {}
    for amounts in each:
        for asset, amount in amounts.items():
            found[asset] = found.get(asset, 0) + amount
    return found


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("enterprise:E1:*", [ONE]),
        ("enterprise:E1:holding", [ONE]),
        ("enterprise:E1:holding*", [ONE]),
        ("enterprise:E1", []),
        ("enterprise:e*", []),
        ("ENTERPRISE:*", []),
        ("enterprise_*", []),
        ("enterprise:%*", []),
        ("scheme:c*", ["scheme:cancelled", "scheme:converted"]),
        ("venue:*", ["venue:fees"]),
        ("venue:feer*", []),
        ("venue:fees*", ["venue:fees"]),
        ("z*", []),
    ],
)
def test_a_star_at_the_end_stands_for_any_end(engine, clock, prefix, found):
    Past(engine, clock)

    with reader(engine) as read:
        query = sa.select(AccountRow.address).where(beginning_with(prefix))
        assert sorted(read.connection.execute(query).scalars()) == found


@pytest.mark.parametrize("prefix", ["", "*:holding", "a*b", "**", "市*", "a\x00*", "a\n"])
def test_a_star_elsewhere_stands_for_nothing(prefix):
    with pytest.raises(PrefixMalformed) as refused:
        beginning_with(prefix)

    assert refused.value.facts == {"prefix": prefix}


def test_a_lone_star_is_every_account(sqlite_engine, clock):
    Past(sqlite_engine, clock)

    with reader(sqlite_engine) as read:
        query = sa.select(sa.func.count()).select_from(AccountRow)
        found = [
            read.connection.execute(query.where(condition)).scalar_one()
            for condition in (beginning_with("*"), address_range(""), address_range("市"))
        ]
    assert found == [13, 13, 0]


def test_time_has_an_entry_from_its_very_microsecond(engine, clock):
    """Two commands at one reading of the clock are a microsecond apart."""
    before = clock.now
    past = Past(engine, clock)
    first = past.post((0, (("scheme:issuance", ONE, FLOW, 10),)))
    second = past.post((0, ((ONE, TWO, FLOW, 4),)), (0, ((ONE, TWO, FLOW, 1),)))
    clock.advance(DAY)
    third = past.post((0, ((ONE, TWO, FLOW, 2),)))

    instants = (0, before - 1, first - 1, first, second - 1, second, second + 1, third - 1)
    with reader(engine) as read:
        found = [entry_at(read.connection, instant) for instant in instants]
        last = [entry_at(read.connection, third + more) for more in (0, 1, 10**15)]

    assert second == first + 1
    assert found == [0, 0, 0, 1, 1, 3, 3, 3]
    assert last == [4, 4, 4]


def test_of_a_block_of_several_commands_only_those_in_time_count(engine, clock):
    """Two commits took two commands and then five, a microsecond apart, of 0, 1 or 2 entries."""
    past = Past(engine, clock)
    line = (0, (("scheme:issuance", ONE, FLOW, 1),))
    sizes = ((1, 2), (0, 1, 2, 0, 1))
    answers = []
    for number, entries in enumerate(sizes):
        commands = [
            Command(f"many:{number}:{n}", REGULATOR, PostDated(entries=(line,) * count))
            for n, count in enumerate(entries)
        ]
        answers += [answer.recorded_at for answer in past.bench.writer.outcomes(commands)]

    with reader(engine) as read:
        blocks = read.connection.execute(sa.text("SELECT count(*) FROM blocks")).scalar_one()
        found = [[entry_at(read.connection, at + shift) for shift in (-1, 0)] for at in answers]

    assert blocks == 4
    assert found == [[0, 1], [1, 3], [3, 3], [3, 4], [4, 6], [6, 6], [6, 7]]


def test_before_a_ledger_is_opened_there_is_nothing(engine):
    with reading(engine) as connection:
        assert entry_at(connection, START) == 0
        assert last_entry(connection) == 0
        assert balances.balances_after(connection, 1, 0) == {}
        assert balances.balances_effective(connection, 1, START) == {}
        assert balances.differences(connection, 1, 0, 0) == {}


def test_what_is_not_written_yet_is_refused(engine, clock):
    past = Past(engine, clock)
    past.post((0, (("scheme:issuance", ONE, FLOW, 10),)))

    with reader(engine) as read:
        require_written(read.connection, 0)
        require_written(read.connection, 1)
        with pytest.raises(EntryNotWritten) as refused:
            require_written(read.connection, 2)
    assert refused.value.facts == {"entry": 2, "last_entry": 1}
    require_past(clock.now, now=clock.now)
    with pytest.raises(InstantInFuture) as too_soon:
        require_past(clock.now + 1, now=clock.now)
    assert too_soon.value.facts == {"asked_at": clock.now + 1, "now_at": clock.now}


def test_a_snapshot_of_another_version_is_not_believed(engine, clock, dense):
    past = random_past(engine, clock, seed=51, commands=30)
    catch_up(engine, (SNAPSHOTS,))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE derived_positions SET version = 0"))
        connection.execute(sa.text("UPDATE derived_snapshots SET amount = amount + 1"))
        connection.execute(sa.text("UPDATE derived_dated SET change = change + 1"))

    with reader(engine) as read:
        for account in ACCOUNTS:
            instant = past.moved[len(past.moved) // 2].recorded_at
            found = read.at(account, instant), read.effective(account, instant)
            assert found == (
                past.balances(account, lambda moved, t=instant: moved.recorded_at <= t),
                past.balances(account, lambda moved, t=instant: moved.effective_at <= t),
            )


def test_every_read_goes_by_an_index(engine, clock, dense):
    past = random_past(engine, clock, seed=61, commands=30)
    catch_up(engine, (SNAPSHOTS,))
    instant = past.moved[20].recorded_at
    asked = []

    with reader(engine) as read:
        connection, account = read.connection, read.ids[ONE]
        own = sa.select(AccountRow.id).where(beginning_with("enterprise:E*"))
        if engine.dialect.name == "postgresql":
            # So few rows are read whole sooner; told not to, it does so only for want of an index.
            connection.execute(sa.text("SET enable_seqscan = off"))
        sa.event.listen(
            connection, "before_cursor_execute", lambda *told: asked.append((told[2], told[3]))
        )
        balances.balances_now(connection, account)
        balances.balances_effective(connection, account, instant)
        balances.differences(connection, account, 3, 20)
        entry_at(connection, past.moved[0].recorded_at - 1)
        past_module._halved(connection, "commands", "recorded_at", instant, (0, 9))
        past_module._halved(connection, "entries", "command_sequence", 9, (0, 9))
        balances.totals_now(connection, own)
        balances.totals_after(connection, own, 10)
        for newest_first in (False, True):
            moves(connection, account, limit=3, after=(9, 0), newest_first=newest_first, asset=FLOW)
        running_before(connection, account, (9, 1))
        plans = [plan_of(connection, *each) for each in list(asked)]
        whole = [plan_of(connection, f"SELECT * FROM {table}", ()) for table in BIG]

    assert [step for plan in plans for step in plan if reads_all(step)] == []
    assert sum("postings" in str(plan) for plan in plans) > 5
    assert [any(map(reads_all, plan)) for plan in whole] == [True] * len(BIG)


def plan_of(connection, statement, parameters):
    """The steps by which the database would answer a statement, in its own words."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row[3] for row in rows]
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    return list(nodes(plan[0][0]["Plan"]))


def nodes(plan):
    yield f"{plan['Node Type']} {plan.get('Relation Name', '?')}"
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def reads_all(step):
    """Whether a step reads one of the big tables, under any of its names, from end to end."""
    way, name, *_ = (*step.replace("Seq Scan", "SCAN").split(), "")
    names = {"p": "postings", "e": "entries", "s": "derived_snapshots", "d": "derived_dated"}
    return way == "SCAN" and names.get(name, name) in BIG
