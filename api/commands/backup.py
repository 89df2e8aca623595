"""backup and restore: one file out of a running ledger, and a ledger out of one file, proved."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from api.options import data_option, existing, json_option
from api.say import say_facts, say_json

if TYPE_CHECKING:
    from api.backups import Outside

_FILE = click.Path(dir_okay=False, path_type=Path)
_FILE_THERE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)

_tools = click.option(
    "--pg-bin", "tools", type=_DIRECTORY, help="Where pg_dump and pg_restore are; PATH otherwise."
)


@click.command()
@data_option
@click.option("--out", type=_FILE, required=True, help="The new file.")
@click.option("--with-auth", is_flag=True, help="Users, keys and sessions as well.")
@click.option("--checkpoint", type=_FILE_THERE, help="A checkpoint that the backup must cover.")
@click.option("--key", type=_FILE_THERE, help="Public keys for --checkpoint, one a line.")
@_tools
@json_option
def backup(
    data: Path | None,
    out: Path,
    with_auth: bool,
    checkpoint: Path | None,
    key: Path | None,
    tools: Path | None,
    as_json: bool,
) -> None:
    """Copy the ledger into one file while it is in use; private keys stay where they are."""
    from api.backups import back_up
    from api.program import database_url

    outside = None
    if checkpoint is not None:
        if key is None:
            raise click.UsageError("--checkpoint needs --key")
        outside = _outside(checkpoint, key)
    with existing(data):
        url = database_url(data)
    manifest = back_up(url, out, with_auth=with_auth, outside=outside, tools=tools)
    if as_json:
        say_json(manifest)
    else:
        click.echo(f"backed up to {out}")
        told = {name: getattr(manifest, name) for name in ("origin", "sequence", "size", "root")}
        say_facts({**told, "bytes": sum(part.bytes for part in manifest.parts.values())})


@click.command()
@click.argument("file", type=_FILE_THERE)
@click.option("--data", type=_DIRECTORY, help="A new or empty directory, for an embedded ledger.")
@click.option("--to", "url", help="The address of an empty PostgreSQL database.")
@click.option(
    "--checkpoint", type=_FILE_THERE, required=True, help="A checkpoint kept outside the ledger."
)
@click.option(
    "--key", type=_FILE_THERE, required=True, help="Public keys kept outside, one a line."
)
@_tools
@json_option
def restore(
    file: Path,
    data: Path | None,
    url: str | None,
    checkpoint: Path,
    key: Path,
    tools: Path | None,
    as_json: bool,
) -> None:
    """Restore FILE into an empty place and prove it, or leave nothing there."""
    from api.backups import restore_postgres, restore_sqlite

    if (data is None) == (url is None):
        raise click.UsageError("say either --data or --to")
    outside = _outside(checkpoint, key)
    if data is not None:
        proof = restore_sqlite(file, data, outside)
    else:
        assert url is not None
        proof = restore_postgres(file, url, outside, tools=tools)
    if as_json:
        say_json(proof)
    else:
        click.echo("restored and proved")
        say_facts(msgspec.structs.asdict(proof))


def _outside(checkpoint: Path, key: Path) -> "Outside":
    from api.backups import Outside
    from ledger.note import parse_key

    lines = key.read_text(encoding="utf-8").split()
    keys = tuple(parse_key(line) for line in lines)
    return Outside(checkpoint.read_text(encoding="utf-8"), keys)


COMMANDS = {"backup": backup, "restore": restore}
