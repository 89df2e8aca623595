"""
A driver whose n-th call raises: every statement, every bulk insert, every COPY and every commit.

The product's own engine is used; only what its driver hands out is a subclass that counts.
"""

import sqlite3

import sqlalchemy as sa


class Plan:
    """Counts calls once armed; call *at* raises, before it does anything or *after* it is done."""

    def __init__(self):
        self.disarm()

    def arm(self, at, *, after=False):
        self.at, self.after, self.calls, self.names = at, after, 0, []

    def disarm(self):
        self.arm(0)

    @property
    def has_struck(self):
        return 0 < self.at <= self.calls

    def call(self, name, act, error):
        self.calls += 1
        self.names.append(name)
        if self.calls != self.at:
            return act()
        if self.after:
            act()
        raise error("planted: the disk, the network or the server")


def plant(engine):
    """Let every new connection of *engine* follow the plan that is returned."""
    plan = Plan()
    make = _postgres if engine.dialect.name == "postgresql" else _sqlite
    sa.event.listen(engine, "do_connect", make(plan))
    engine.dispose()
    return plan


def _sqlite(plan):
    class Cursor(sqlite3.Cursor):
        def execute(self, sql, *rest):
            if sql.lstrip().upper().startswith("ROLLBACK"):
                return super().execute(sql, *rest)
            return plan.call(sql, lambda: super(Cursor, self).execute(sql, *rest), _sqlite_error)

        def executemany(self, sql, *rest):
            act = super().executemany
            return plan.call(sql, lambda: act(sql, *rest), _sqlite_error)

    class Connection(sqlite3.Connection):
        def cursor(self, factory=Cursor):
            return super().cursor(factory)

        def execute(self, *arguments):
            return self.cursor().execute(*arguments)

        def executemany(self, *arguments):
            return self.cursor().executemany(*arguments)

        def commit(self):
            return plan.call("COMMIT", super().commit, _sqlite_error)

    def connect(_dialect, _record, arguments, keywords):
        return sqlite3.connect(*arguments, **keywords, factory=Connection)

    return connect


def _sqlite_error(problem):
    return sqlite3.OperationalError(problem)


def _postgres(plan):
    import psycopg

    error = psycopg.OperationalError

    class Cursor(psycopg.Cursor):
        def execute(self, query, *rest, **options):
            act = super().execute
            return plan.call(str(query), lambda: act(query, *rest, **options), error)

        def executemany(self, query, *rest, **options):
            act = super().executemany
            return plan.call(str(query), lambda: act(query, *rest, **options), error)

        def copy(self, statement, *rest, **options):
            act = super().copy
            return plan.call(str(statement), lambda: act(statement, *rest, **options), error)

    class Connection(psycopg.Connection):
        def commit(self):
            return plan.call("COMMIT", super().commit, error)

    def connect(_dialect, _record, arguments, keywords):
        return Connection.connect(*arguments, **keywords, cursor_factory=Cursor)

    return connect
