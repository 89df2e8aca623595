"""
Begin and end an export: an empty directory of its own, and a manifest that is written last.

Rules: AUD-25, AUD-40.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

import sqlalchemy as sa

from ledger.attest import is_demonstration, ledger_id
from ledger.errors import Refused
from ledger.tables import CommandRow, EntryRow


class ExportDirectoryNotEmpty(Refused):
    """An export goes into a directory of its own, which must be new or empty."""

    code = "export_directory_not_empty"
    rule = "AUD-25"

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} is not an empty directory; name a new one", directory=str(directory)
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: rows by file, and the SHA-256 of its manifest, in hex."""

    directory: Path
    counts: Mapping[str, int]
    manifest_hash: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which ledger an export shows and how far it goes: its last command, entry and instant."""

    ledger_id: str
    is_demonstration: bool
    last_sequence: int
    last_entry: int
    recorded_at: int


def require_empty(directory: Path) -> None:
    """Refuse a place that is anything but a new or empty directory. Rule: AUD-25."""
    if directory.exists() and not (directory.is_dir() and not any(directory.iterdir())):
        raise ExportDirectoryNotEmpty(directory)


def begin(connection: sa.Connection, directory: Path) -> Snapshot:
    """Return what *connection* sees, once the ledger is known to be open; make *directory*."""
    name, is_demo = ledger_id(connection), is_demonstration(connection)
    last = connection.execute(
        sa.select(CommandRow.sequence, CommandRow.recorded_at)
        .order_by(CommandRow.sequence.desc())
        .limit(1)
    ).one()
    entry = connection.execute(sa.select(sa.func.max(EntryRow.sequence))).scalar_one()
    directory.mkdir(parents=True, exist_ok=True)
    return Snapshot(name, is_demo, last.sequence, entry or 0, last.recorded_at)


def end(directory: Path, snapshot: Snapshot, *, form: str, counts: Mapping[str, int]) -> Exported:
    """
    Write the manifest of an export for readers: what it shows, rows by file, and every hash.

    It bears no time of its own, so one snapshot always gives the same bytes. Rule: AUD-40.
    """
    stated = {
        "format": form,
        "ledger_id": snapshot.ledger_id,
        "demonstration": snapshot.is_demonstration,
        "last_sequence": snapshot.last_sequence,
        "last_entry": snapshot.last_entry,
    }
    return write_manifest(directory, stated, counts)


def write_manifest(
    directory: Path, stated: Mapping[str, object], counts: Mapping[str, int]
) -> Exported:
    """Write the manifest over all files that are there, in its one spelling."""
    files = {path.name: _hash_of(path) for path in sorted(directory.iterdir())}
    manifest = {**stated, "counts": counts, "files": files}
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    (directory / "manifest.json").write_bytes(text.encode())
    return Exported(directory, counts, sha256(text.encode()).hexdigest())


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
