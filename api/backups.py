"""
Take a backup while the ledger is in use, and restore one into an empty place with proof.

A restored ledger is used only after it was held against a checkpoint kept outside, checked as a
whole and replayed; what fails leaves nothing behind.

Rules: REG-67, REG-68, REG-69, AUD-49.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import sqlalchemy as sa

import migrations
from api import postgres_tools
from api.program import subjects
from api.schema import require_schema
from api.verifying import verify_all
from ledger.backup import (
    AUTH_PART,
    POSTGRES_PART,
    SQLITE_PART,
    BackupUnreadable,
    Manifest,
    copy_sqlite,
    hold_against,
    manifest_of,
    require_as_told,
    require_free,
    unpack_backup,
    write_backup,
)
from ledger.damage import naming_damage
from ledger.db import connect, reading, sqlite_url
from ledger.errors import Refused
from ledger.kept_file import sync_directory
from ledger.note import VerifierKey


class RestorePlaceNotEmpty(Refused):
    """A backup is restored into an empty place only."""

    code = "restore_place_not_empty"
    rule = "REG-68"

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place} is not empty; a backup is restored only where nothing can be overwritten",
            place=place,
        )


class Proof(msgspec.Struct, frozen=True):
    """What a restored ledger was proved to hold: *digest* is the state that a replay came to."""

    sequence: int
    size: int
    root: str
    digest: str


class Outside(msgspec.Struct, frozen=True):
    """A checkpoint kept outside the ledger, and the keys that may have signed it."""

    note: str
    keys: tuple[VerifierKey, ...]


def back_up(
    url: str,
    out: Path,
    *,
    with_auth: bool = False,
    outside: Outside | None = None,
    tools: Path | None = None,
) -> Manifest:
    """
    Write a backup of the ledger at *url* to the new file *out* and return its manifest.

    With *outside*, the backup must hold all that this checkpoint covers. Refusals:
    `backup_place_taken`, `backup_tool_failed`, `history_broken`, `ledger_not_opened`; with
    *outside* also those of `hold_against`. Rule: REG-67.
    """
    require_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    engine = connect(url)
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=out.parent) as directory:
            if engine.dialect.name == "sqlite":
                made = _copied(engine, Path(directory), with_auth=with_auth, outside=outside)
            else:
                made = _dumped(
                    engine, Path(directory), with_auth=with_auth, outside=outside, tools=tools
                )
            write_backup(out, made, {name: Path(directory) / name for name in made.parts})
    finally:
        engine.dispose()
    return made


def _copied(
    engine: sa.Engine, directory: Path, *, with_auth: bool, outside: Outside | None
) -> Manifest:
    source = Path(str(engine.url.database))
    parts = {SQLITE_PART: source}
    if with_auth and source.with_name(AUTH_PART).exists():
        parts[AUTH_PART] = source.with_name(AUTH_PART)
    for name, path in parts.items():
        copy_sqlite(path, directory / name)
    copy = connect(sqlite_url(directory))
    try:
        with naming_damage("the copy"), reading(copy) as connection:
            return _manifest(connection, copy, {each: directory / each for each in parts}, outside)
    finally:
        copy.dispose()


def _dumped(
    engine: sa.Engine,
    directory: Path,
    *,
    with_auth: bool,
    outside: Outside | None,
    tools: Path | None,
) -> Manifest:
    path = directory / POSTGRES_PART
    with naming_damage("the dump"), reading(engine) as connection:
        snapshot = connection.execute(sa.select(sa.func.pg_export_snapshot())).scalar_one()
        postgres_tools.dump(engine.url, path, snapshot=snapshot, with_auth=with_auth, tools=tools)
        return _manifest(connection, engine, {POSTGRES_PART: path}, outside)


def _manifest(
    connection: sa.Connection, engine: sa.Engine, parts: dict[str, Path], outside: Outside | None
) -> Manifest:
    if outside is not None:
        hold_against(connection, outside.note, outside.keys)
    return manifest_of(connection, migrations.current(engine) or "", parts)


def restore_sqlite(backup: Path, data: Path, outside: Outside) -> Proof:
    """
    Restore *backup* as the embedded ledger in *data*, which must be empty or not there.

    It is proved beside *data* and put there in one step. Refusals: `restore_place_not_empty`,
    `backup_unreadable`, `ledger_damaged`, and those of `hold_against`. Rules: REG-68, REG-69.
    """
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise RestorePlaceNotEmpty(str(data))
    data.parent.mkdir(parents=True, exist_ok=True)
    with _staging(data.parent) as stage:
        manifest = unpack_backup(backup, stage)
        if manifest.engine != "sqlite":
            raise BackupUnreadable(backup, f"it is of {manifest.engine}; restore it with --to")
        engine = connect(sqlite_url(stage))
        try:
            proof = _prove(engine, backup, manifest, outside)
        finally:
            engine.dispose()
        sync_directory(stage)
        stage.rename(data)
    sync_directory(data.parent)
    return proof


def restore_postgres(
    backup: Path, url: str, outside: Outside, *, tools: Path | None = None
) -> Proof:
    """
    Restore *backup* into the empty PostgreSQL database at *url*; what fails is emptied again.

    Refusals: those of `restore_sqlite`, and `backup_tool_failed`. Rules: REG-68, REG-69.
    """
    engine = connect(url)
    try:
        _require_empty(engine)
        with _staging(backup.parent) as stage:
            manifest = unpack_backup(backup, stage)
            if manifest.engine != "postgresql":
                raise BackupUnreadable(
                    backup, f"it is of {manifest.engine}; restore it with --data"
                )
            postgres_tools.load(engine.url, stage / POSTGRES_PART, tools=tools)
        try:
            return _prove(engine, backup, manifest, outside)
        except BaseException:
            _empty(engine)
            raise
    finally:
        engine.dispose()


@contextmanager
def _staging(beside: Path) -> Iterator[Path]:
    """Give a directory of our own that is gone after the block, unless it was moved away."""
    stage = Path(tempfile.mkdtemp(prefix=".restore-", dir=beside))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _prove(engine: sa.Engine, backup: Path, manifest: Manifest, outside: Outside) -> Proof:
    """
    Hold a restored ledger against its manifest, the checkpoint from outside, and itself.

    A ledger of an older release is brought up to this one's schema first, which changes no leaf.
    """
    with naming_damage("the restored database"):
        require_schema(engine)
        with reading(engine) as connection:
            grown = hold_against(connection, outside.note, outside.keys)
            require_as_told(connection, grown, backup, manifest)
        digest = verify_all(engine, subjects())
    return Proof(manifest.sequence, manifest.size, manifest.root, digest)


_TABLES = """
SELECT table_schema || '.' || table_name FROM information_schema.tables
 WHERE table_schema NOT IN ('pg_catalog', 'information_schema') LIMIT 1
"""


def _require_empty(engine: sa.Engine) -> None:
    with reading(engine) as connection:
        found = connection.execute(sa.text(_TABLES)).scalar_one_or_none()
    if found is not None:
        raise RestorePlaceNotEmpty(found)


def _empty(engine: sa.Engine) -> None:
    """Take away what was restored, into a database that had no table before."""
    with engine.begin() as connection:
        for statement in (
            "DROP SCHEMA IF EXISTS auth CASCADE",
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
        ):
            connection.exec_driver_sql(statement)
