"""Self-check: passes on an honest ledger, names what was changed on any other."""

import random
import shutil
from typing import ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ledger.attest import ledger_origin, sign_checkpoint
from ledger.check import CHECKS, self_check
from ledger.command import Payload
from ledger.db import Base, connect, move_wal, reading, sqlite_url
from ledger.entry import Entry, EntryCode, Posting
from ledger.finding import Findings
from ledger.keys import verifier_key
from ledger.post import post
from ledger.subject import Handler, Role, Subject
from ledger.transfer import Line, PostLines
from tests.build import OPENED, OpenFreely
from tests.conftest import FixedClock
from tests.ledger.independent import LOG_KEY
from tests.ledger.small import E1, E1_HELD, E2, FLOW, opened, play
from tests.ledger.tampering import unguarded

KEYS = (verifier_key(LOG_KEY, "log"),)


def sign(engine):
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    sign_checkpoint(engine, LOG_KEY, origin=origin, key_name="log")


class Slip(Payload, frozen=True):
    kind: ClassVar[str] = "test.slip"
    source: str
    destination: str
    amount: int


def slip(work, payload):
    move = Posting(payload.source, payload.destination, FLOW, payload.amount)
    post(work, Entry(EntryCode.TRANSFER, "REG-11", (move,)))
    return {}


SLIPPING = Subject("slipping", (Handler(Slip, slip, frozenset({Role.CITY_REGULATOR})),))
"""A subject that moves units past their holds, as none should."""


def build(engine, clock, subjects=()):
    """The small ledger under two checkpoints, with two entries and two proposals after them."""
    bench = opened(engine, clock, subjects)
    sign(engine)
    play(bench, clock)
    sign(engine)
    line = Line("later", E1, E2, FLOW, 50)
    bench.both(PostLines(rule="REG-11", lines=(line,)))
    return bench


@pytest.fixture(scope="module")
def played(sqlite_template, tmp_path_factory):
    """The file of a ledger built once, for every test to copy and tamper with."""
    data = tmp_path_factory.mktemp("played")
    shutil.copyfile(sqlite_template, data / "ledger.db")
    engine = connect(sqlite_url(data))
    bench = build(engine, FixedClock())
    bench.writer.close()
    OPENED.remove(bench)
    with engine.connect() as connection:
        move_wal(connection, empty_it=True)
    engine.dispose()
    return data / "ledger.db"


@pytest.fixture
def copy(played, tmp_path):
    shutil.copyfile(played, tmp_path / "ledger.db")
    engine = connect(sqlite_url(tmp_path))
    yield engine
    engine.dispose()


def tamper(engine, statement, **values):
    with engine.begin() as connection, unguarded(connection):
        assert connection.execute(sa.text(statement), values).rowcount > 0


def test_an_honest_ledger_passes_every_check(engine, clock):
    build(engine, clock)

    checked = self_check(engine, KEYS)

    assert checked.failed == {}
    assert checked.ok
    assert tuple(check.name for check in checked.checks) == CHECKS
    facts = {check.name: check.facts for check in checked.checks}
    assert facts["sequences"] == {"commands": 20, "entries": 11, "accounts": 12, "assets": 2}
    assert facts["blocks"] == {"blocks": 19}
    assert facts["leaves"]["leaves"] == 31
    assert facts["references"] == {"entries": 11, "postings": 11}
    assert facts["balances"] == {"balances": 6}
    assert facts["holds"] == {"holds": 3}
    assert facts["checkpoints"] == {"checkpoints": 2, "signatures": "checked"}


def test_a_ledger_that_was_never_opened_passes(engine):
    checked = self_check(engine)

    assert checked.failed == {}


TAMPERS = [
    # The command log
    ("UPDATE commands SET sequence = 99 WHERE sequence = 20", "sequences"),
    ("UPDATE commands SET id = id || 'x' WHERE sequence = 5", "leaves"),
    ("UPDATE commands SET kind = 'cash.withdraw' WHERE sequence = 5", "leaves"),
    ("UPDATE commands SET actor = 'person:CLR2' WHERE sequence = 5", "leaves"),
    ("UPDATE commands SET payload = replace(payload, '5', '6') WHERE sequence = 5",
     "payload_hashes"),
    ("UPDATE commands SET payload_hash = leaf_hash WHERE sequence = 5", "payload_hashes"),
    ("UPDATE commands SET code = 'ok' WHERE sequence = 12", "leaves"),
    ("UPDATE commands SET answer = replace(answer, '5', '6') WHERE sequence = 5", "leaves"),
    ("UPDATE commands SET answer = answer || ' ' WHERE sequence = 12", "leaves"),
    ("UPDATE commands SET rules_version = '1' WHERE sequence = 5", "leaves"),
    ("UPDATE commands SET recorded_at = recorded_at + 2 WHERE sequence = 5", "times"),
    ("UPDATE commands SET recorded_at = recorded_at + 1 WHERE sequence = 15", "leaves"),
    ("UPDATE commands SET leaf_hash = payload_hash WHERE sequence = 5", "leaves"),
    ("DELETE FROM commands WHERE sequence = 5", "sequences"),
    ("DELETE FROM commands WHERE sequence = 20", "blocks"),
    # The journal
    ("UPDATE entries SET sequence = 99 WHERE sequence = 11", "sequences"),
    ("UPDATE entries SET command_sequence = 5 WHERE sequence = 1", "sequences"),
    ("UPDATE entries SET command_sequence = 99 WHERE sequence = 11", "references"),
    ("UPDATE entries SET ordinal = 1 WHERE sequence = 1", "sequences"),
    ("UPDATE entries SET code = 'allocation' WHERE sequence = 1", "blocks"),
    ("UPDATE entries SET rule = 'REG-12' WHERE sequence = 1", "blocks"),
    ("UPDATE entries SET reference = 'grant:9' WHERE sequence = 1", "blocks"),
    ("UPDATE entries SET effective_at = effective_at - 1 WHERE sequence = 1", "blocks"),
    ("UPDATE entries SET reverses = 11 WHERE sequence = 9", "reversals"),
    ("UPDATE entries SET reverses = 9 WHERE sequence = 9", "reversals"),
    ("UPDATE entries SET reverses = 0 WHERE sequence = 9", "reversals"),
    ("UPDATE entries SET reverses = 1 WHERE sequence = 9", "blocks"),
    ("DELETE FROM entries WHERE sequence = 1", "sequences"),
    ("DELETE FROM entries WHERE sequence = 11", "references"),
    # Postings
    ("UPDATE postings SET entry = 99 WHERE entry = 11", "references"),
    ("UPDATE postings SET ordinal = 1 WHERE entry = 1", "sequences"),
    ("UPDATE postings SET source_id = 2 WHERE entry = 1", "balances"),
    ("UPDATE postings SET destination_id = 99 WHERE entry = 1", "references"),
    ("UPDATE postings SET asset_id = 99 WHERE entry = 1", "references"),
    ("UPDATE postings SET amount = amount + 1 WHERE entry = 1", "balances"),
    ("DELETE FROM postings WHERE entry = 11", "balances"),
    ("INSERT INTO postings VALUES (11, 1, 9, 10, 2, 1)", "balances"),
    ("INSERT INTO postings VALUES (12, 0, 9, 10, 2, 1)", "references"),
    # Blocks
    ("UPDATE blocks SET number = 99 WHERE number = 19", "blocks"),
    ("UPDATE blocks SET previous_hash = hash WHERE number = 5", "blocks"),
    ("UPDATE blocks SET hash = previous_hash WHERE number = 5", "blocks"),
    ("UPDATE blocks SET first_sequence = 4 WHERE number = 5", "blocks"),
    ("UPDATE blocks SET last_sequence = 6 WHERE number = 5", "blocks"),
    ("UPDATE blocks SET last_entry = 9 WHERE number = 5", "blocks"),
    ("UPDATE blocks SET committed_at = committed_at + 1 WHERE number = 5", "blocks"),
    ("DELETE FROM blocks WHERE number = 19", "blocks"),
    # Accounts and assets
    ("UPDATE accounts SET id = 99 WHERE id = 12", "sequences"),
    ("UPDATE accounts SET address = 'enterprise:E7:holding' WHERE id = 9", "blocks"),
    ("UPDATE accounts SET address = 'enterprise:E1:nothing' WHERE id = 12", "references"),
    ("UPDATE accounts SET opened_by = 99 WHERE id = 12", "references"),
    ("UPDATE accounts SET opened_by = 1 WHERE id = 12", "references"),
    ("UPDATE assets SET code = replace(code, '2025', '2026') WHERE id = 2", "blocks"),
    ("DELETE FROM accounts WHERE id = 9", "references"),
    # Balances
    ("UPDATE balances SET amount = amount + 1 WHERE account_id = 9", "balances"),
    ("UPDATE balances SET amount = amount + 1 WHERE account_id = 9", "conservation"),
    ("UPDATE balances SET amount = -1 WHERE account_id = 9", "negatives"),
    ("UPDATE balances SET overdraws = 1 WHERE account_id = 9", "negatives"),
    ("UPDATE balances SET overdraws = 0 WHERE account_id = 1", "negatives"),
    ("UPDATE balances SET account_id = 2 WHERE account_id = 9", "balances"),
    ("UPDATE balances SET asset_id = 1 WHERE account_id = 9", "balances"),
    ("DELETE FROM balances WHERE account_id = 9", "balances"),
    ("INSERT INTO balances VALUES (2, 2, 0, 0)", "balances"),
    # Holds: entries 4, 5 and 7 placed them
    ("UPDATE holds SET id = 99 WHERE id = 5", "holds"),
    ("UPDATE holds SET account_id = 10 WHERE id = 5", "holds"),
    ("UPDATE holds SET held_id = 10 WHERE id = 5", "holds"),
    ("UPDATE holds SET asset_id = 1 WHERE id = 5", "holds"),
    ("UPDATE holds SET amount = amount + 1 WHERE id = 5", "holds"),
    ("UPDATE holds SET remaining = remaining + 1 WHERE id = 5", "holds"),
    ("UPDATE holds SET remaining = remaining - 1 WHERE id = 5", "holds"),
    ("UPDATE holds SET state = 'released' WHERE id = 5", "storage"),
    ("DELETE FROM holds WHERE id = 4", "holds"),
    # Checkpoints: of 2 leaves and of 28
    ("UPDATE checkpoints SET size = 27 WHERE size = 28", "checkpoints"),
    ("UPDATE checkpoints SET size = 5 WHERE size = 2", "checkpoints"),
    ("UPDATE checkpoints SET last_sequence = 17 WHERE size = 28", "checkpoints"),
    ("UPDATE checkpoints SET note = replace(note, char(10) || '28', char(10) || '27') "
     "WHERE size = 28", "checkpoints"),
    ("UPDATE checkpoints SET note = replace(note, '2025-01-02', '2025-01-03') WHERE size = 28",
     "checkpoints"),
    ("UPDATE checkpoints SET note = replace(note, 'demonstration', 'ledger')", "checkpoints"),
    ("UPDATE checkpoints SET note = replace(note, '2025-01-02', '2024-01-02')", "checkpoints"),
    ("UPDATE checkpoints SET note = substr(note, 1, length(note) - 4) || '5g=' || char(10) "
     "WHERE size = 28", "checkpoints"),
    ("UPDATE checkpoints SET note = 'nothing'", "checkpoints"),
    # The ledger itself, its lease, proposals
    ("UPDATE ledger SET purpose = 'live'", "ledger"),
    ("UPDATE ledger SET name = 'another'", "ledger"),
    ("UPDATE ledger SET jurisdiction = 'another'", "ledger"),
    ("UPDATE ledger SET opened_at = opened_at + 1", "ledger"),
    ("DELETE FROM ledger", "ledger"),
    ("DELETE FROM lease", "lease"),
    ("UPDATE lease SET epoch = 0", "lease"),
    ("UPDATE proposals SET payload = replace(payload, '3000', '4000')", "payload_hashes"),
    # Rows that cannot be read as what they should be
    ("UPDATE commands SET kind = X'00ff' WHERE sequence = 5", "leaves"),
    ("UPDATE commands SET actor = CAST(X'ff' AS TEXT) WHERE sequence = 5", "leaves"),
    ("UPDATE entries SET effective_at = -1 WHERE sequence = 1", "blocks"),
    ("UPDATE postings SET amount = 'many' WHERE entry = 1", "balances"),
    ("UPDATE blocks SET hash = 'text' WHERE number = 5", "blocks"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "check"), TAMPERS)
def test_a_changed_row_fails_the_check_that_is_there_for_it(copy, statement, check):
    tamper(copy, statement)

    failed = self_check(copy, KEYS).failed

    assert check in failed
    assert failed[check]["problems"] > 0
    assert {"durability", "guards"}.isdisjoint(failed)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("demonstration", "ledger", "it is of another ledger"),
        ("2025-01-02", "2024-01-02", "it is older than the one before"),
        ("\n28\n", "\n27\n", "its note and its row differ, or name another command"),
    ],
)
def test_a_changed_checkpoint_is_found_without_its_key(copy, old, new, problem):
    statement = "UPDATE checkpoints SET note = replace(note, :old, :new) WHERE size = 28"
    tamper(copy, statement, old=old, new=new)

    failed = self_check(copy).failed

    assert set(failed) == {"checkpoints"}
    assert failed["checkpoints"]["problem"] == problem


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_changed_rows_are_found_on_postgresql_too(engine, clock):
    build(engine, clock)
    tamper(engine, "UPDATE postings SET amount = amount + 1 WHERE entry = 1")
    tamper(engine, "UPDATE commands SET payload = payload || ' ' WHERE sequence = 5")
    tamper(engine, "UPDATE blocks SET last_entry = 9 WHERE number = 6")

    failed = self_check(engine, KEYS).failed

    # The leaf holds the hash of the payload, which was not touched.
    assert set(failed) == {"payload_hashes", "blocks", "balances", "checkpoints"}
    assert failed["payload_hashes"]["where"] == "command 5"
    assert failed["blocks"]["problems"] == 2


COVERED = {
    "commands": ("id", "kind", "actor", "payload", "payload_hash", "code", "answer",
                 "rules_version", "recorded_at", "leaf_hash"),
    "entries": ("command_sequence", "ordinal", "code", "rule", "reference", "effective_at",
                "reverses"),
    "postings": ("source_id", "destination_id", "asset_id", "amount"),
    "blocks": ("previous_hash", "hash", "first_sequence", "last_sequence", "last_entry",
               "committed_at"),
    "checkpoints": ("last_sequence", "note"),
    "balances": ("amount", "overdraws"),
    "holds": ("account_id", "held_id", "asset_id", "amount", "remaining"),
}  # fmt: skip


def flipped(value, chance):
    """*value* with one bit of one byte turned over."""
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(40)
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(7)
    return bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")


def test_any_flipped_bit_of_what_history_covers_is_found(copy):
    chance, missed = random.Random(26), []
    for _ in range(300):
        table = Base.metadata.tables[chance.choice(sorted(COVERED))]
        column = table.c[chance.choice(COVERED[table.name])]
        with copy.begin() as connection:
            rows = connection.execute(sa.select(*table.primary_key.columns, column)).all()
        *key, value = chance.choice([row for row in rows if row[-1]])

        try:
            change(copy, column, key, flipped(value, chance))
        except IntegrityError:  # a unique column already refuses it
            continue

        if self_check(copy, KEYS).ok:
            missed.append((str(column), key, value))
        change(copy, column, key, value)
    assert missed == []
    assert self_check(copy, KEYS).ok


def change(engine, column, key, value):
    keys = column.table.primary_key.columns
    row = [one == wanted for one, wanted in zip(keys, key, strict=True)]
    with engine.begin() as connection, unguarded(connection):
        connection.execute(sa.update(column.table).where(*row).values({column: value}))


def test_guards_that_were_taken_away_are_missed(copy):
    with copy.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER entries_refuse_update")

    failed = self_check(copy).failed

    assert set(failed) == {"guards"}
    assert failed["guards"]["where"] == "entries_refuse_update"


def test_an_unsafe_setting_is_found(copy):
    with copy.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        connection.exec_driver_sql("BEGIN")

    failed = self_check(copy).failed

    assert set(failed) == {"durability"}
    assert failed["durability"]["setting"] == "synchronous"


@pytest.mark.parametrize("amount", [1, 7])
def test_units_beside_those_that_open_holds_explain_are_found(engine, clock, amount):
    bench = build(engine, clock, (SLIPPING,))
    bench.do(Slip(source=E2, destination=E1_HELD, amount=amount)).require()

    failed = self_check(engine).failed

    assert set(failed) == {"holds"}
    assert failed["holds"]["where"] == f"{E1_HELD} {FLOW}"
    assert (failed["holds"]["stored"], failed["holds"]["held"]) == (500 + amount, 500)


def test_units_in_a_held_account_that_never_saw_a_hold_are_found(engine, clock):
    bench = build(engine, clock, (SLIPPING,))
    bench.do(OpenFreely(addresses=("enterprise:E2:held",))).require()
    bench.do(Slip(source=E2, destination="enterprise:E2:held", amount=3)).require()

    failed = self_check(engine).failed

    assert set(failed) == {"holds"}
    assert (failed["holds"]["stored"], failed["holds"]["held"]) == (3, 0)


def test_units_taken_from_under_a_hold_are_found(engine, clock):
    bench = build(engine, clock, (SLIPPING,))
    bench.do(Slip(source=E2, destination=E1_HELD, amount=7)).require()
    bench.do(Slip(source=E1_HELD, destination=E2, amount=8)).require()

    failed = self_check(engine).failed

    assert set(failed) == {"holds"}
    assert failed["holds"]["stored"] == 499
    assert failed["holds"]["held"] == 500


def test_a_check_that_cannot_be_made_has_failed():
    findings = Findings(("times",))

    with findings.making("times"):
        raise ValueError("no time")

    assert findings.checked().failed["times"]["problem"] == "cannot be read: ValueError: no time"
