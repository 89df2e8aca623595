"""
Backups: one file with the database, what it holds, and a hash of every part.

The database is copied from one snapshot while the writer goes on. What the manifest says of the
copy is read from the copy, so that a backup that cannot be read is never written. Private keys are
no part of a backup: whoever finds one must not be able to sign.

Rules: REG-67, AUD-49.
"""

import os
import sqlite3
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from hashlib import file_digest
from pathlib import Path

import msgspec
import sqlalchemy as sa

from ledger.attest import Grown, grow, ledger_origin
from ledger.errors import Refused
from ledger.kept_file import sync_directory, sync_file
from ledger.note import VerifierKey, open_checkpoint
from ledger.signed_last import LedgerRolledBack
from ledger.tables import CheckpointRow

FORMAT = "yongneng/backup/1"
MANIFEST = "manifest.json"
SQLITE_PART, POSTGRES_PART, AUTH_PART = "ledger.db", "ledger.dump", "auth.db"
_MANIFEST_BYTES_MAX = 1 << 20
_NO_BACKUP = (
    zipfile.BadZipFile,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    msgspec.MsgspecError,
    zlib.error,
)
"""What reading a file raises that is another archive, or only the beginning of one."""


class BackupPlaceTaken(Refused):
    """There is a file already where the backup was to be written."""

    code = "backup_place_taken"
    rule = "REG-67"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is there already; a backup never replaces a file, choose another --out",
            path=str(path),
        )


class BackupUnreadable(Refused):
    """A file is no backup, or not what was written."""

    code = "backup_unreadable"
    rule = "REG-67"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} is no whole backup: {problem}; use another one",
            path=str(path),
            problem=problem[:200],
        )


class BackupOlderThanCheckpoint(Refused):
    """The checkpoint from outside covers more than the ledger has: something would be lost."""

    code = "backup_older_than_checkpoint"
    rule = "AUD-49"

    def __init__(self, *, size: int, checkpoint_size: int) -> None:
        super().__init__(
            f"this has {size} leaves and the checkpoint covers {checkpoint_size}: use a newer "
            "backup, or a checkpoint from before it if the loss is to be accepted",
            size=size,
            checkpoint_size=checkpoint_size,
        )


class BackupContradictsCheckpoint(Refused):
    """The history does not lead to the root that the checkpoint from outside states."""

    code = "backup_contradicts_checkpoint"
    rule = "AUD-49"

    def __init__(self, *, checkpoint_size: int) -> None:
        super().__init__(
            f"the first {checkpoint_size} leaves of this do not lead to the checkpoint's root: its "
            "history was changed, or it is another branch; use another backup",
            checkpoint_size=checkpoint_size,
        )


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file within a backup."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What a backup holds: *size* leaves under *root*, of which the last command is *sequence*.

    *checkpoint* is the newest note within, empty if none was signed; *at* is the time of the last
    commit in microseconds since 1970 UTC.
    """

    format: str
    engine: str
    schema: str
    origin: str
    sequence: int
    size: int
    root: str
    at: int
    checkpoint: str
    parts: Mapping[str, Part]


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database that may be in use, as it is at one moment, into the new file *target*."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as before,
        closing(sqlite3.connect(target)) as after,
    ):
        before.backup(after)
    target.chmod(0o600)


def manifest_of(connection: sa.Connection, schema: str, parts: Mapping[str, Path]) -> Manifest:
    """
    Return what the ledger behind *connection* holds, all of history read and its chain verified.

    Refusals: `history_broken`, `ledger_not_opened`.
    """
    grown, origin = grow(connection), ledger_origin(connection)
    newest = sa.select(CheckpointRow.note).order_by(CheckpointRow.size.desc()).limit(1)
    return Manifest(
        format=FORMAT,
        engine=connection.dialect.name,
        schema=schema,
        origin=origin,
        sequence=grown.point.sequence,
        size=grown.size,
        root=grown.root.hex(),
        at=grown.point.time,
        checkpoint=connection.execute(newest).scalar_one_or_none() or "",
        parts={name: part_of(path) for name, path in parts.items()},
    )


def part_of(path: Path) -> Part:
    """Return length and hash of the file at *path*."""
    with path.open("rb") as file:
        hashed = file_digest(file, "sha256").hexdigest()
    return Part(path.stat().st_size, hashed)


def hold_against(connection: sa.Connection, note: str, keys: Sequence[VerifierKey]) -> Grown:
    """
    Return the tree over all of history once it was held against a checkpoint from outside.

    Refusals: those of the note itself, `backup_older_than_checkpoint`,
    `backup_contradicts_checkpoint`, `history_broken`. Rule: AUD-49.
    """
    checkpoint = open_checkpoint(note, origin=ledger_origin(connection), keys=keys)
    try:
        return grow(connection, signed=checkpoint)
    except LedgerRolledBack as refusal:
        size = int(refusal.facts["size"])
        if size < checkpoint.tree_size:
            raise BackupOlderThanCheckpoint(
                size=size, checkpoint_size=checkpoint.tree_size
            ) from refusal
        raise BackupContradictsCheckpoint(checkpoint_size=checkpoint.tree_size) from refusal


def require_free(out: Path) -> None:
    """Refuse a place for a backup that is taken. Rule: REG-67."""
    if out.exists():
        raise BackupPlaceTaken(out)


def write_backup(out: Path, manifest: Manifest, parts: Mapping[str, Path]) -> None:
    """
    Write a backup to *out*, where nothing is yet: it is there whole and on the disk, or not there.

    Refusals: `backup_place_taken`. Rule: REG-67.
    """
    fresh = out.with_name(f"{out.name}.new")
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
                archive.writestr(MANIFEST, text)
                for name, path in parts.items():
                    archive.write(path, name)
            file.flush()
            os.fsync(file.fileno())
        require_free(out)
        fresh.rename(out)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_directory(out.parent)


def unpack_backup(backup: Path, directory: Path) -> Manifest:
    """
    Put the parts of *backup* into the empty *directory* and return the manifest they agree with.

    Refusals: `backup_unreadable`. Rule: REG-67.
    """
    try:
        with zipfile.ZipFile(backup) as archive:
            manifest = _manifest(archive)
            for name in manifest.parts:
                archive.extract(name, directory)
    except _NO_BACKUP as error:
        raise BackupUnreadable(backup, str(error)) from error
    for name, part in manifest.parts.items():
        if part_of(directory / name) != part:
            raise BackupUnreadable(backup, f"{name} is not what the manifest says")
        (directory / name).chmod(0o600)
        sync_file(directory / name)
    return manifest


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > _MANIFEST_BYTES_MAX:
        raise ValueError("its manifest is too long")
    manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    if manifest.format != FORMAT:
        raise ValueError(f"its form is {manifest.format[:40]!r}, not {FORMAT}")
    main = SQLITE_PART if manifest.engine == "sqlite" else POSTGRES_PART
    if main not in manifest.parts or set(manifest.parts) - {main, AUTH_PART}:
        raise ValueError("it has other parts than a backup has")
    return manifest


def require_as_told(
    connection: sa.Connection, grown: Grown, backup: Path, manifest: Manifest
) -> None:
    """Refuse a restored ledger, read as *grown*, that is not what the manifest says."""
    found = (ledger_origin(connection), grown.point.sequence, grown.size, grown.root.hex())
    if found != (manifest.origin, manifest.sequence, manifest.size, manifest.root):
        raise BackupUnreadable(backup, "its ledger is not the one the manifest tells of")
