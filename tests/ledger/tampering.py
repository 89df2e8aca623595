"""What an adversary with full rights on the database does first: take the guards away."""

from contextlib import contextmanager

from ledger.tables import APPEND_ONLY


@contextmanager
def unguarded(connection, *tables):
    """Let history be changed, and put the guards back as if nothing had happened."""
    tables = tables or APPEND_ONLY
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        return
    found = connection.exec_driver_sql(
        "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).all()
    guards = [(name, sql) for table, name, sql in found if table in tables]
    for name, _ in guards:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    connection.exec_driver_sql("PRAGMA ignore_check_constraints = 1")
    yield
    connection.exec_driver_sql("PRAGMA ignore_check_constraints = 0")
    for _, sql in guards:
        connection.exec_driver_sql(sql)
