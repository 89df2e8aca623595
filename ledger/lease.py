"""
Take the lease: of all processes that open a ledger, the last one to come is its writer.

The epoch alone decides who may commit. On PostgreSQL the writer's session also holds an advisory
lock of its epoch, which the server lets go of however that session ends: whoever waits for that
lock learns that the writer is gone.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ledger.errors import Refused
from ledger.faults import LOCK_NOT_AVAILABLE, sqlstate_of
from ledger.tables import LeaseRow

LOCK_CLASS = 0x59_4E_57
"""The first half of the advisory lock; the second is the epoch."""

TAKE_MILLISECONDS = 2_000
"""How long a take-over waits for a writer that is inside its commit, before it ends its session."""

SESSION = {
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "4000",
    "lock_timeout": "10000",
    "statement_timeout": "600000",
    "idle_in_transaction_session_timeout": "300000",
}
"""
What the writer asks of its session on PostgreSQL, in seconds and then in milliseconds.

The server notices within four seconds that the writer's host is dead, waits for no lock for ever,
and ends a writer that stands still between two statements. A socket of this host ignores the first
four. The last two are several times what a batch of 512 commands of 8,192 entries takes.
"""


class LedgerInUse(Refused):
    """Another process has this ledger's lease and is alive."""

    code = "ledger_in_use"
    rule = "REG-62"

    def __init__(self, epoch: int, holder: str) -> None:
        super().__init__(
            f"a {holder} process writes this ledger (epoch {epoch}): send through it, or end it "
            "first; a writer can also wait with --standby or put it out with --take-over",
            epoch=epoch,
            holder=holder,
        )


def prepare_session(connection: sa.Connection) -> None:
    """Set on PostgreSQL what the writer needs of its session, which `end_session` then closes."""
    if connection.dialect.name != "postgresql":
        return
    with connection.begin():
        for name, value in SESSION.items():
            connection.exec_driver_sql(f"SET {name} TO {value}")


def end_session(connection: sa.Connection) -> None:
    """Close *connection* for good: in the pool it would keep its locks and settings."""
    if connection.dialect.name == "postgresql" and not connection.closed:
        connection.invalidate()
    connection.close()


def take_lease(connection: sa.Connection, holder: str) -> int:
    """
    Return an epoch that no other writer has, even one that starts at the same instant.

    A writer that hangs inside its commit would keep the row for as long as it hangs; on PostgreSQL
    its session is ended after two seconds.
    """
    try:
        return _take(connection, holder)
    except sa.exc.OperationalError as error:
        if sqlstate_of(error) != LOCK_NOT_AVAILABLE:
            raise
    with connection.begin():
        _end_other_sessions(connection)
    return _take(connection, holder)


def epoch_in_force(connection: sa.Connection) -> int | None:
    """Return the newest writer's epoch; None where the database does not tell."""
    try:
        with connection.begin():
            return int(connection.execute(sa.select(LeaseRow.epoch)).scalar_one())
    except sa.exc.SQLAlchemyError:
        return None


def retake_lock(connection: sa.Connection, epoch: int) -> None:
    """Take the lock of *epoch* on a new session, if nobody waits to take over."""
    if connection.dialect.name == "postgresql":
        with connection.begin():
            _lock_epoch(connection, epoch)


@contextmanager
def waiting_for_writer(engine: sa.Engine, *, milliseconds: int) -> Iterator[LedgerInUse | None]:
    """
    Wait until the session of the newest writer has ended; give None then, else who still writes.

    Who was told None holds that writer's lock for the length of the block, so that of several who
    wait one goes first. SQLite has no sessions: there a file's lock decides, and this gives None.

    Rule: REG-62.
    """
    if engine.dialect.name != "postgresql":
        yield None
        return
    connection = engine.connect()
    try:
        yield _wait(connection, milliseconds)
    finally:
        end_session(connection)


def _wait(connection: sa.Connection, milliseconds: int) -> LedgerInUse | None:
    with connection.begin():
        row = None
        if sa.inspect(connection).has_table(LeaseRow.__tablename__):
            row = connection.execute(sa.select(LeaseRow.epoch, LeaseRow.holder)).one_or_none()
    if row is None:  # nobody has ever written here
        return None
    try:
        with connection.begin():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout TO {milliseconds}")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK_CLASS}, {row.epoch})")
            newest = connection.execute(sa.select(LeaseRow.epoch, LeaseRow.holder)).one()
    except sa.exc.OperationalError as error:
        if sqlstate_of(error) != LOCK_NOT_AVAILABLE:
            raise
        return LedgerInUse(row.epoch, row.holder)
    if newest.epoch != row.epoch:  # another has taken over meanwhile
        return LedgerInUse(newest.epoch, newest.holder)
    return None


def _take(connection: sa.Connection, holder: str) -> int:
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout TO {TAKE_MILLISECONDS}")
        connection.execute(
            sa.text(
                "INSERT INTO lease (id, epoch, holder) VALUES (1, 0, :holder) "
                "ON CONFLICT (id) DO NOTHING"
            ),
            {"holder": holder},
        )
        # The update locks the row, so the epoch read after it is nobody else's.
        connection.execute(sa.update(LeaseRow).values(epoch=LeaseRow.epoch + 1, holder=holder))
        epoch = int(connection.execute(sa.select(LeaseRow.epoch)).scalar_one())
        if connection.dialect.name == "postgresql":
            # Before anybody can know this epoch, so that nobody who waits for it comes first.
            _lock_epoch(connection, epoch)
        return epoch


def _lock_epoch(connection: sa.Connection, epoch: int) -> None:
    connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({LOCK_CLASS}, {epoch})")


def _end_other_sessions(connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        f"AND classid = {LOCK_CLASS} AND objsubid = 2 AND granted AND pid <> pg_backend_pid()"
    )
