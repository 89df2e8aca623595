"""
Write all of history and what it leads to as files that anyone can verify offline.

The format is that of docs/format.md; every file comes from one snapshot of the database.

Rules: AUD-25, AUD-26.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from shutil import copyfile
from typing import Any

import msgspec
import sqlalchemy as sa

from ledger import verify
from ledger.attest import is_demonstration, ledger_id
from ledger.db import reading
from ledger.export_directory import Exported, require_empty, write_manifest
from ledger.export_journal import commands_in_order, in_order_of_record
from ledger.history import EntryTold, Names, in_order
from ledger.tables import AccountRow, AssetRow, BalanceRow, BlockRow, CheckpointRow

Record = Mapping[str, object]

_WRITE_BUFFER = 1 << 20


def export_jsonl(engine: sa.Engine, directory: Path) -> Exported:
    """
    Write the export of one snapshot into *directory*, with the verifier beside it.

    The manifest is written last: without it an export is none.

    Rules: AUD-25, AUD-26.
    """
    require_empty(directory)
    with reading(engine) as connection:
        stated = {
            "format": verify.FORMAT,
            "ledger_id": ledger_id(connection),
            "demonstration": is_demonstration(connection),
        }
        directory.mkdir(parents=True, exist_ok=True)
        counts = _write_rows(connection, directory)
    copyfile(verify.__file__, directory / "verify.py")
    return write_manifest(directory, stated, counts)


def _write_rows(connection: sa.Connection, directory: Path) -> dict[str, int]:
    """Write every file of rows and return how many each has."""
    names = Names(connection)
    counts = _write_history(connection, names, directory)
    for name, records in (
        ("accounts", _accounts(connection)),
        ("assets", _assets(connection)),
        ("blocks", _blocks(connection)),
        ("balances", _balances(connection, names)),
        ("checkpoints", _checkpoints(connection)),
    ):
        with _Lines(directory, name) as lines:
            for record in records:
                lines.write(record)
        counts[name] = lines.count
    return counts


def _write_history(connection: sa.Connection, names: Names, directory: Path) -> dict[str, int]:
    with _Lines(directory, "commands") as commands:
        for command in commands_in_order(connection):
            record = command._asdict()
            record["payload_hash"] = command.payload_hash.hex()
            del record["leaf_hash"]
            commands.write(record)
    with _Lines(directory, "entries") as entries:
        for stretch in in_order_of_record(connection):
            for entry in stretch:
                entries.write(_entry(entry, names))
    return {"commands": commands.count, "entries": entries.count}


class _Lines:
    """One file of rows being written: a JSON object a line."""

    def __init__(self, directory: Path, name: str) -> None:
        self.count = 0
        self._file = (directory / f"{name}.jsonl").open("xb", buffering=_WRITE_BUFFER)
        self._encode = msgspec.json.Encoder().encode

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, record: Record) -> None:
        self._file.write(self._encode(record) + b"\n")
        self.count += 1


def _entry(entry: EntryTold, names: Names) -> Record:
    accounts, assets = names.accounts, names.assets
    return {
        "sequence": entry.sequence,
        "command_sequence": entry.command_sequence,
        "ordinal": entry.ordinal,
        "code": entry.code,
        "rule": entry.rule,
        "reference": entry.reference or "",
        "effective_at": entry.effective_at,
        "reverses": entry.reverses or 0,
        "postings": [
            (accounts[source], accounts[destination], assets[asset], str(amount))
            for _, source, destination, asset, amount in entry.moves
        ],
    }


def _accounts(connection: sa.Connection) -> Iterator[Record]:
    for row in in_order(connection, AccountRow, 0):
        yield {"address": row.address, "state": row.state, "opened_by": row.opened_by}


def _assets(connection: sa.Connection) -> Iterator[Record]:
    for row in in_order(connection, AssetRow, 0):
        yield {"code": row.code, "opened_by": row.opened_by}


def _blocks(connection: sa.Connection) -> Iterator[Record]:
    for row in in_order(connection, BlockRow, 0):
        yield {
            "number": row.number,
            "previous_hash": row.previous_hash.hex(),
            "first_sequence": row.first_sequence,
            "last_sequence": row.last_sequence,
            "last_entry": row.last_entry,
            "committed_at": row.committed_at,
            "hash": row.hash.hex(),
        }


def _balances(connection: sa.Connection, names: Names) -> Iterator[Record]:
    rows: Iterable[sa.Row[Any]] = connection.execute(
        sa.select(BalanceRow.account_id, BalanceRow.asset_id, BalanceRow.amount).order_by(
            BalanceRow.account_id, BalanceRow.asset_id
        )
    )
    for row in rows:
        yield {
            "account": names.accounts[row.account_id],
            "asset": names.assets[row.asset_id],
            "amount": str(row.amount),
        }


def _checkpoints(connection: sa.Connection) -> Iterator[Record]:
    for row in in_order(connection, CheckpointRow, 0):
        yield {"note": row.note}
