"""A key remembers what it signed: an older copy is not signed, and a loss is declared."""

import shutil

import pytest
import sqlalchemy as sa

from ledger.attest import Attester, ledger_origin, sign_checkpoint
from ledger.db import connect, move_wal, reading, sqlite_url
from ledger.keys import load_or_create_key, verifier_key
from ledger.note import open_checkpoint, parse_checkpoint, parse_note, require_signed
from ledger.rollback import RollbackNone, accept_rollback
from ledger.signed_last import LedgerRolledBack, SignedLast, SignedLastUnreadable
from ledger.tables import CheckpointRow
from tests.build import EXCHANGE, Bench, OpenFreely

NAME = "log.example"


@pytest.fixture
def key(tmp_path):
    """Where a key is, which is made now."""
    load_or_create_key(tmp_path / "log.pem")
    return tmp_path / "log.pem"


def origin_of(engine):
    with reading(engine) as connection:
        return ledger_origin(connection)


def sign(engine, key):
    return sign_checkpoint(
        engine,
        load_or_create_key(key),
        origin=origin_of(engine),
        key_name=NAME,
        last=SignedLast(key),
    )


def go_on(bench, *names):
    for name in names:
        bench.do(OpenFreely(addresses=(f"enterprise:{name}:holding",)), actor=EXCHANGE).require()


def size_of(note):
    return parse_checkpoint(parse_note(note).body).tree_size


def notes(engine):
    with reading(engine) as connection:
        return list(connection.execute(sa.select(CheckpointRow.note)).scalars())


@pytest.fixture
def older(small, clock, key, tmp_path):
    """A copy made after a checkpoint, of a ledger that went on and was signed again."""
    sign(small.engine, key)
    data = tmp_path / "older"
    data.mkdir()
    with small.engine.connect() as connection:
        move_wal(connection, empty_it=True)
    shutil.copyfile(small.engine.url.database, data / "ledger.db")
    go_on(small, "A", "B")
    sign(small.engine, key)
    engine = connect(sqlite_url(data))
    bench = Bench(engine, clock)
    yield bench
    bench.writer.close()
    engine.dispose()


def test_what_is_signed_is_remembered_before_it_is_stored(small, key, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Attester, "_store", crash)

    with pytest.raises(KeyboardInterrupt):
        sign(small.engine, key)

    assert size_of(SignedLast(key).note(origin_of(small.engine))) == 28
    assert notes(small.engine) == []
    monkeypatch.undo()
    assert sign(small.engine, key) == SignedLast(key).note(origin_of(small.engine))


def test_an_older_copy_is_not_signed(older, key):
    before = notes(older.engine)

    with pytest.raises(LedgerRolledBack) as refused:
        sign(older.engine, key)

    # 28 leaves of the small ledger, and one for each of the two commands after it.
    assert refused.value.facts == {"signed_size": 30, "size": 28}
    assert "has only 28" in refused.value.message
    assert notes(older.engine) == before


@pytest.mark.parametrize("names", [("C", "D"), ("C", "D", "E")])
def test_an_older_copy_that_went_on_differently_is_not_signed(older, key, names):
    go_on(older, *names)
    before = notes(older.engine)

    with pytest.raises(LedgerRolledBack) as refused:
        sign(older.engine, key)

    assert refused.value.facts == {"signed_size": 30, "size": 30}
    assert "another root" in refused.value.message
    assert notes(older.engine) == before


def test_a_copy_that_went_on_in_the_same_way_is_signed(small, older, key):
    """A replay of the missing commands mends the loss."""
    newer = [row for row in log(small.engine) if row.sequence > 18]
    for row in newer:
        older.clock.now = row.recorded_at
        older.do(OpenFreely(addresses=addresses(row)), actor=row.actor, command_id=row.id)

    assert sign(older.engine, key) == sign(small.engine, key)


def log(engine):
    with reading(engine) as connection:
        return connection.execute(sa.text("SELECT * FROM commands ORDER BY sequence")).all()


def addresses(row):
    return (row.payload.split('"')[row.payload.split('"').index("addresses") + 2],)


def test_an_attester_that_signed_the_newer_one_itself_notices_as_well(small, older, key):
    attester = Attester(
        older.engine,
        load_or_create_key(key),
        origin=origin_of(older.engine),
        key_name=NAME,
        last=SignedLast(key),
    )
    go_on(older, "C", "D")

    for _ in range(2):
        with pytest.raises(LedgerRolledBack):
            attester.sign()


def test_a_key_that_remembers_nothing_signs_whatever_it_is_shown(older, key):
    """What the memory is worth: without the file nobody here can tell the copies apart."""
    SignedLast(key).path.unlink()
    go_on(older, "C")

    assert size_of(sign(older.engine, key)) == 29


def test_a_memory_that_was_put_back_is_held_against_all_of_history_again(small, key):
    attester = Attester(
        small.engine,
        load_or_create_key(key),
        origin=origin_of(small.engine),
        key_name=NAME,
        last=SignedLast(key),
    )
    attester.sign()
    earlier = SignedLast(key).path.read_text(encoding="utf-8")
    go_on(small, "A")
    attester.sign()
    go_on(small, "B")
    SignedLast(key).path.write_text(earlier, encoding="utf-8")

    assert size_of(attester.sign()) == 30


def test_an_older_note_never_takes_a_newer_ones_place(small, key):
    first = sign(small.engine, key)
    go_on(small, "A")
    second = sign(small.engine, key)

    SignedLast(key).remember(first)

    assert SignedLast(key).note(origin_of(small.engine)) == second
    assert SignedLast(key).path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"x": 1}'])
def test_a_memory_that_cannot_be_read_is_no_reason_to_sign(small, key, text):
    SignedLast(key).path.write_text(text, encoding="utf-8")

    with pytest.raises(SignedLastUnreadable):
        sign(small.engine, key)

    assert notes(small.engine) == []


def test_a_loss_is_declared_in_a_signed_statement_and_the_ledger_goes_on(small, older, key):
    lost = sign(small.engine, key)
    go_on(older, "C")

    accepted = accept_rollback(older.engine, key, key_name=NAME, reason="the disk\n of 3 March ")

    public = verifier_key(load_or_create_key(key), NAME)
    statement = parse_note(accepted.statement)
    require_signed(statement, [public])
    _, size, root, time = parse_note(lost).body.rstrip("\n").split("\n")
    _, new_size, new_root, new_time = parse_note(accepted.note).body.rstrip("\n").split("\n")
    assert statement.body.split("\n") == [
        "yongneng/rollback/1",
        origin_of(older.engine),
        f"withdrawn {size}",
        f"withdrawn {root}",
        f"withdrawn {time}",
        f"goes on from {new_size}",
        f"goes on from {new_root}",
        f"goes on from {new_time}",
        "reason the disk of 3 March",
        "",
    ]
    assert (size, new_size) == ("30", "29")
    assert accepted.path.read_text(encoding="utf-8") == accepted.statement
    origin = origin_of(older.engine)
    assert open_checkpoint(accepted.note, origin=origin, keys=[public]).tree_size == 29
    assert SignedLast(key).note(origin) == accepted.note
    # And the other branch is the one that is refused from now on.
    with pytest.raises(LedgerRolledBack):
        sign(small.engine, key)


def test_nothing_is_declared_where_nothing_is_lost(small, key):
    with pytest.raises(RollbackNone):
        accept_rollback(small.engine, key, key_name=NAME, reason="none")
    sign(small.engine, key)
    go_on(small, "A")

    with pytest.raises(RollbackNone) as refused:
        accept_rollback(small.engine, key, key_name=NAME, reason="none")

    assert refused.value.facts == {"size": 28}
    assert list(key.parent.glob("*.rollback-*")) == []
    assert size_of(SignedLast(key).note(origin_of(small.engine))) == 28


def test_a_key_remembers_each_of_its_ledgers(small, key):
    note = sign(small.engine, key)
    other = note.replace("sample-", "other-")

    SignedLast(key).remember(other)

    assert SignedLast(key).note(origin_of(small.engine)) == note
    assert len(SignedLast(key).origins()) == 2
