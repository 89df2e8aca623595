"""
The watch: hold all of history, and what rests on it, against each other while the ledger is in use.

A pass goes once over everything in steps. Each has a read transaction of its own and is short, so
that no reader keeps the database's log back and no caller waits. History only grows, so what one
step has seen of it stays true for the next; balances and holds change, so the step that reads them
first takes in what history has gained, in the same snapshot.

What no leaf covers and no sum shows is found by a replay, not here.

Rules: AUD-24, AUD-46.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any

import sqlalchemy as sa

from ledger.attest import Grown
from ledger.check import (
    CHECKS,
    check_checkpoint,
    check_counts,
    check_opened,
    check_proposals,
    check_surroundings,
)
from ledger.damage import LedgerHalted, damage_shown
from ledger.db import reading
from ledger.finding import Findings
from ledger.history import Names, Point, sealed
from ledger.leaf import pack_text
from ledger.merkle import SIZE_LIMIT
from ledger.recount import Place, Recount
from ledger.tables import AccountRow, AssetRow, BalanceRow, CheckpointRow, HoldRow
from ledger.tally import check_balance, check_held, check_hold, check_missing, check_unheld

LEAVES_AT_ONCE = 4_000
ROWS_AT_ONCE = 2_000

INSTRUCTIONS_MAX = 10_000_000
"""
Of SQLite's machine, for one table with its indexes: some 300,000 rows, and two seconds at most.
Where it takes more, every page is still looked at, and a self-check holds the indexes against the
rows.
"""

_PER_CALL = 100_000

WATCHED = tuple(check for check in CHECKS if check != "conservation")
"""The checks of a pass. That balances of an asset sum to zero follows: each is what was posted."""


_PASSING = (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, MemoryError)
"""What, unless it is about damaged files, says nothing of the rows."""


def _no_pause() -> None:
    return


class PassFindings(Findings):
    """Findings of a pass, which ends where the database is away and blames no row for it."""

    @contextmanager
    def making(self, *_checks: str) -> Iterator[None]:
        """Make checks within this block; whatever is raised there is for the pass to judge."""
        yield


class Watch:
    """
    One pass over the ledger behind *engine*.

    *pause* is called between blocks, where another thread may want to run. Signatures are left to
    a self-check, which is given the keys.
    """

    def __init__(self, engine: sa.Engine, *, pause: Callable[[], None] = _no_pause) -> None:
        self.engine = engine
        self.pause = pause
        self._findings = PassFindings(WATCHED)
        self._recount: Recount | None = None
        self._signed_at: datetime | None = None

    @property
    def verified(self) -> Grown:
        """Return the tree over what has been verified so far."""
        if self._recount is None:
            return Grown()
        tree = self._recount.tree
        return Grown(self._recount.point, tree.size, tree.peaks)

    def steps(self) -> Iterator[None]:
        """
        Make the pass, and yield after each step.

        Refusals: `ledger_halted` at the first problem. Rule: AUD-46.
        """
        for make in (self._storage, self._history, self._rows, self._balances, self._totals):
            steps = self._named(make())
            for _ in steps:
                self._require_sound()
                yield
            self._require_sound()

    def _named(self, steps: Iterator[None]) -> Iterator[None]:
        """Yield *steps*; damage that the database itself reports becomes a problem of storage."""
        try:
            yield from steps
        except Exception as error:
            shown = damage_shown(error)
            if not shown and isinstance(error, _PASSING):
                raise
            check = "storage" if shown else "references"
            self._findings.problem(check, "rows", shown or f"{type(error).__name__}: {error}")

    def _require_sound(self) -> None:
        if self._findings.first is not None:
            check, facts = self._findings.first
            raise LedgerHalted(check, str(facts["where"]), str(facts["problem"]))

    def _storage(self) -> Iterator[None]:
        """Check settings and guards; let SQLite verify its pages and indexes, a table at a time."""
        with reading(self.engine) as connection:
            check_surroundings(connection, self._findings)
        yield
        if self.engine.dialect.name != "sqlite":
            return
        with reading(self.engine) as connection:
            query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            tables = list(connection.exec_driver_sql(query).scalars())
        for table in ("sqlite_master", *tables):
            with reading(self.engine) as connection:
                found = _checked_table(connection, table)
            if found != "ok":
                self._findings.problem("storage", table, found)
            yield

    def _history(self) -> Iterator[None]:
        """Recount history from its first block, a stretch at a time, until its end is reached."""
        with reading(self.engine) as connection:
            self._recount = Recount(self._findings, Names(connection), frozenset())
        is_over = False
        while not is_over:
            with reading(self.engine) as connection:
                is_over = self._stretch(connection, LEAVES_AT_ONCE)
            yield

    def _stretch(self, connection: sa.Connection, leaves: int | None = None) -> bool:
        """Recount blocks until *leaves* are done, or all; return whether that was all there is."""
        recount = self._counting
        before, goal = recount.point, recount.tree.size + (leaves or SIZE_LIMIT)
        _learn(connection, recount.names)
        checkpoints = _checkpoints_after(connection, recount.tree.size)
        recount.sizes = frozenset(row.size for row in checkpoints)
        if len(checkpoints) == ROWS_AT_ONCE:
            goal = min(goal, checkpoints[-1].size)
        is_over = True
        for one in sealed(connection, recount.names, before):
            recount.take(one)
            self.pause()
            if recount.tree.size >= goal:
                is_over = False
                break
        self._holds(connection, before)
        for row in checkpoints:
            if row.size <= recount.tree.size or is_over:
                self._checkpoint(connection, row)
        recount.ends.clear()
        return is_over

    def _checkpoint(self, connection: sa.Connection, row: sa.Row[Any]) -> None:
        stated = check_checkpoint(connection, self._findings, self._counting, row, ())
        if stated is not None:
            if self._signed_at is not None and stated.time < self._signed_at:
                where = f"checkpoint {row.size}"
                self._findings.problem("checkpoints", where, "it is older than the one before")
            self._signed_at = stated.time

    def _holds(self, connection: sa.Connection, before: Point) -> None:
        """Hold what the entries since *before* have set aside against the rows of holds."""
        recount = self._counting
        query = sa.select(HoldRow.__table__).where(
            HoldRow.id > before.entry, HoldRow.id <= recount.point.entry
        )
        for row in connection.execute(query):
            check_hold(self._findings, recount, row)
        check_unheld(self._findings, recount)
        recount.held.clear()

    def _rows(self) -> Iterator[None]:
        """Check what hangs on history by a number: entries, accounts, assets, proposals."""
        with reading(self.engine) as connection:
            self._stretch(connection)
            check_counts(connection, self._findings, self._counting)
            check_opened(connection, self._findings, self._counting)
        yield
        with reading(self.engine) as connection:
            check_proposals(connection, self._findings)
        yield

    def _balances(self) -> Iterator[None]:
        """Hold balances against what was posted, so many rows at a time."""
        recount, last = self._counting, (0, 0)
        places = set(recount.sums)
        while True:
            with reading(self.engine) as connection:
                self._stretch(connection)
                rows = _balances_after(connection, last)
                for row in rows:
                    check_balance(self._findings, recount, row)
                    places.discard((row.account_id, row.asset_id))
            yield
            if len(rows) < ROWS_AT_ONCE:
                break
            last = (rows[-1].account_id, rows[-1].asset_id)
        check_missing(self._findings, recount, places)

    def _totals(self) -> Iterator[None]:
        """Hold what lies in held accounts against what open holds have left, at one snapshot."""
        remaining: dict[Place, int] = {}
        query = (
            sa.select(HoldRow.held_id, HoldRow.asset_id, sa.func.sum(HoldRow.remaining))
            .where(HoldRow.state == "open")
            .group_by(HoldRow.held_id, HoldRow.asset_id)
        )
        with reading(self.engine) as connection:
            self._stretch(connection)
            for held, asset, left in connection.execute(query):
                remaining[held, asset] = int(left)
        check_held(self._findings, self._counting, remaining)
        yield

    @property
    def _counting(self) -> Recount:
        assert self._recount is not None
        return self._recount


def _checked_table(connection: sa.Connection, table: str) -> str:
    """Return what SQLite says of a table and its indexes; of a very large one, of its pages."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    calls = count(1)
    driver.set_progress_handler(lambda: next(calls) > INSTRUCTIONS_MAX // _PER_CALL, _PER_CALL)
    try:
        return str(driver.execute(f'PRAGMA integrity_check("{table}")').fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    finally:
        driver.set_progress_handler(None, 0)
    return str(driver.execute(f'PRAGMA quick_check("{table}")').fetchone()[0])


def _learn(connection: sa.Connection, names: Names) -> None:
    """Add the accounts and assets that were opened since *names* were read."""
    for table, known, packed in (
        (AccountRow, names.accounts, names.packed_accounts),
        (AssetRow, names.assets, names.packed_assets),
    ):
        key, name = list(table.__table__.columns)[:2]
        for number, text in connection.execute(
            sa.select(key, name).where(key > max(known, default=0))
        ):
            known[number], packed[number] = text, pack_text(text)


def _checkpoints_after(connection: sa.Connection, size: int) -> Sequence[sa.Row[Any]]:
    query = sa.select(CheckpointRow.__table__).where(CheckpointRow.size > size)
    return connection.execute(query.order_by(CheckpointRow.size).limit(ROWS_AT_ONCE)).all()


def _balances_after(connection: sa.Connection, last: Place) -> Sequence[sa.Row[Any]]:
    key = sa.tuple_(BalanceRow.account_id, BalanceRow.asset_id)
    query = sa.select(BalanceRow.__table__).where(key > last)
    order = query.order_by(BalanceRow.account_id, BalanceRow.asset_id)
    return connection.execute(order.limit(ROWS_AT_ONCE)).all()
