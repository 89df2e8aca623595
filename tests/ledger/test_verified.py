"""Before a start the tail is verified, from where it was verified last; the log must be whole."""

import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger import verified
from ledger.attest import Grown, grow
from ledger.damage import LedgerDamaged, damage_shown, naming_damage
from ledger.db import connect, reading, sqlite_url
from ledger.history import Point
from ledger.merkle import CompactTree
from ledger.verified import keep_verified, kept_verified, verify_tail
from ledger.wal import commits_behind, whole_log
from tests.build import EXCHANGE, OpenFreely
from tests.ledger.small import opened, play
from tests.ledger.test_check import copy, played, tamper

__all__ = ["copy", "played"]


def grown(engine):
    with reading(engine) as connection:
        return grow(connection)


def test_what_was_verified_is_read_back_as_it_was_kept(copy, tmp_path):
    path, whole = tmp_path / "log.verified", grown(copy)

    keep_verified(path, whole)

    assert kept_verified(path) == whole


def test_a_hint_with_any_bit_changed_is_no_hint(copy, tmp_path):
    path = tmp_path / "log.verified"
    keep_verified(path, grown(copy))
    raw = path.read_bytes()

    for place in range(len(raw) - 1):  # all but the newline
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert kept_verified(path) is None
    path.unlink()
    assert kept_verified(path) is None


@pytest.mark.parametrize("hinted", [True, False])
def test_an_honest_tail_passes(engine, clock, hinted):
    bench = opened(engine, clock)
    hint = grown(engine) if hinted else None
    play(bench, clock)

    verify_tail(engine, hint)


def test_a_ledger_that_was_never_opened_passes(engine):
    verify_tail(engine, None)


TAIL = [
    ("UPDATE commands SET actor = 'person:X' WHERE sequence = 20", "blocks"),
    ("UPDATE commands SET payload = payload || ' ' WHERE sequence = 20", "leaves"),
    ("UPDATE commands SET leaf_hash = payload_hash WHERE sequence = 20", "leaves"),
    ("UPDATE postings SET amount = amount + 1 WHERE entry = 11", "blocks"),
    ("DELETE FROM blocks WHERE number = 19", "blocks"),
    ("DELETE FROM commands WHERE sequence = 20", "blocks"),
    ("UPDATE entries SET effective_at = -1 WHERE sequence = 11", "references"),
    ("UPDATE checkpoints SET size = 29 WHERE size = 28", "checkpoints"),
    ("UPDATE checkpoints SET note = 'nothing' WHERE size = 28", "checkpoints"),
]


@pytest.mark.parametrize(("statement", "check"), TAIL)
@pytest.mark.parametrize("hinted", [True, False])
def test_a_changed_tail_is_refused_by_the_name_of_the_check(copy, statement, check, hinted):
    hint = early(copy) if hinted else None
    tamper(copy, statement)

    with pytest.raises(LedgerDamaged) as refused:
        verify_tail(copy, hint)

    assert refused.value.facts["check"] == check


def early(engine):
    """The tree as it was after the third block, made by hand from the rows."""
    with reading(engine) as connection:
        row = connection.execute(sa.text("SELECT * FROM blocks WHERE number = 3")).one()
        engine_leaves = connection.execute(
            sa.text("SELECT leaf_hash FROM commands WHERE sequence <= 3 ORDER BY sequence")
        ).scalars()
        tree = CompactTree()
        for leaf in engine_leaves:  # no entry follows the first three commands
            tree.append(leaf)
    assert row.last_entry == 0
    point = Point(3, row.hash, row.last_sequence, 0, row.committed_at)
    return Grown(point, tree.size, tree.peaks)


def test_what_lies_before_the_hint_is_left_to_the_watch(copy):
    tamper(copy, "UPDATE commands SET actor = 'person:X' WHERE sequence = 2")

    verify_tail(copy, early(copy))

    with pytest.raises(LedgerDamaged):
        verify_tail(copy, None)


def test_a_hint_that_does_not_fit_the_rows_is_not_used(copy):
    hint = early(copy)
    tamper(copy, "UPDATE commands SET actor = 'person:X' WHERE sequence = 2")

    for point in (
        hint.point._replace(block_hash=bytes(32)),
        hint.point._replace(sequence=4),
        hint.point._replace(block=99),
    ):
        with pytest.raises(LedgerDamaged):
            verify_tail(copy, hint._replace(point=point))


@pytest.mark.parametrize(("leaves", "is_found"), [(31, True), (30, True), (29, False)])
def test_only_so_much_of_the_chain_is_verified_before_a_start(copy, monkeypatch, leaves, is_found):
    """The first block holds the first command and no entry: one leaf of 31."""
    monkeypatch.setattr(verified, "TAIL_LEAVES_MAX", leaves)
    tamper(copy, "UPDATE commands SET actor = 'person:X' WHERE sequence = 2")

    if is_found:
        with pytest.raises(LedgerDamaged):
            verify_tail(copy, None)
    else:
        verify_tail(copy, None)


# What SQLite's log lost


@pytest.fixture
def killed(sqlite_engine, clock, tmp_path):
    """The files of a ledger whose process was killed: some twenty commits in the log."""
    bench = opened(sqlite_engine, clock)
    play(bench, clock)
    data = tmp_path / "killed"
    data.mkdir()
    for name in ("ledger.db", "ledger.db-wal"):
        shutil.copyfile(tmp_path / name, data / name)
    return data


def commit_pages(log):
    """Where in the log commits end, counted from zero: the form is SQLite's, read here anew."""
    raw = log.read_bytes()
    heads = [raw[at : at + 24] for at in range(32, len(raw), 4096 + 24)]
    return [number for number, head in enumerate(heads) if head[4:8] != bytes(4)]


def change_byte(path, at):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x40
    path.write_bytes(bytes(raw))


def test_a_whole_log_passes_and_is_left_as_it_was(killed):
    before = (killed / "ledger.db-wal").read_bytes()

    with whole_log(killed / "ledger.db"):
        pass

    assert (killed / "ledger.db-wal").read_bytes() == before
    assert len(commit_pages(killed / "ledger.db-wal")) > 15


@pytest.mark.parametrize("behind", [0, 1, 2, 15])
def test_a_torn_last_commit_is_a_power_cut_and_more_is_damage(killed, behind):
    """A byte changes in the first page of a commit that *behind* others follow."""
    log = killed / "ledger.db-wal"
    ends = commit_pages(log)
    first_page = ends[-2 - behind] + 1
    change_byte(log, 32 + first_page * (4096 + 24) + 24 + 100)

    assert commits_behind(log, first_page, 4096) == behind + 1
    if behind == 0:
        with whole_log(killed / "ledger.db"):
            pass
    else:
        with pytest.raises(LedgerDamaged) as refused, whole_log(killed / "ledger.db"):
            pass
        assert refused.value.facts["check"] == "log"
        assert refused.value.facts["where"] == f"page {first_page + 1} of ledger.db-wal"


@pytest.mark.parametrize("at", range(32))
def test_any_byte_of_the_head_of_the_log_counts(killed, at):
    change_byte(killed / "ledger.db-wal", at)

    with pytest.raises(LedgerDamaged) as refused, whole_log(killed / "ledger.db"):
        pass

    assert refused.value.facts["check"] == "log"


def test_a_log_of_an_earlier_generation_is_no_loss(sqlite_engine, clock, tmp_path):
    """Once the log was moved it begins anew, and older pages stay behind the newer ones."""
    bench = opened(sqlite_engine, clock)
    play(bench, clock)
    log = tmp_path / "ledger.db-wal"
    long = log.stat().st_size
    bench.writer._move_wal()
    bench.do(OpenFreely(addresses=("enterprise:E9:holding",)), actor=EXCHANGE).require()
    assert log.stat().st_size == long
    data = tmp_path / "killed"
    data.mkdir()
    for name in ("ledger.db", "ledger.db-wal"):
        shutil.copyfile(tmp_path / name, data / name)

    with whole_log(data / "ledger.db"):
        pass


def test_a_database_without_a_log_passes(copy):
    copy.dispose()

    with whole_log(Path(copy.url.database)):
        pass


# What databases say


@pytest.mark.parametrize("head", [b"", b"no database at all", bytes(4096)])
def test_a_file_that_is_no_database_is_refused_as_damaged(tmp_path, head):
    (tmp_path / "ledger.db").write_bytes(b"x" * 100 + head)
    engine = connect(sqlite_url(tmp_path))

    with (
        pytest.raises(LedgerDamaged) as refused,
        naming_damage("the database"),
        reading(engine) as connection,
    ):
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()

    assert refused.value.facts["check"] == "storage"
    assert "not a database" in refused.value.facts["problem"]


def test_a_database_that_is_busy_or_away_is_not_damaged(tmp_path):
    locked = sqlite3.connect(tmp_path / "a.db", timeout=0, isolation_level=None)
    other = sqlite3.connect(tmp_path / "a.db", timeout=0, isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as busy:
        other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as away:
        sqlite3.connect(tmp_path / "no" / "such.db")
    for each in (locked, other):
        each.close()

    assert damage_shown(busy.value) == damage_shown(away.value) == ""
    assert damage_shown(ValueError("x")) == ""
