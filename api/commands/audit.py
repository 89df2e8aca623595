"""checkpoint, self-check, digest, replay, export, verify-export: what anyone can check."""

import itertools
from pathlib import Path

import click

import migrations
from api.options import data_option, existing, json_option
from api.program import subjects
from api.say import say_facts, say_json
from ledger import verify
from ledger.attest import ledger_origin, sign_checkpoint
from ledger.check import self_check as check_ledger
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from ledger.export import export_jsonl
from ledger.keys import load_or_create_key, public_key_text
from ledger.note import parse_key
from ledger.replay import replay as replay_log
from ledger.writer import BATCH_MAX

KEY_NAME = "yongneng"
_FILE = click.Path(dir_okay=False, path_type=Path)
_FILE_THERE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


def key_path(data: Path | None, key: Path | None) -> Path:
    """Return where the log's private key is: as given, or beside the embedded ledger."""
    return key or (data or Path("data")) / "checkpoint.pem"


@click.command()
@data_option
@click.option("--key", type=_FILE, help="The log's private key; made if it is not there.")
@click.option("--out", type=_FILE, help="Where to write the checkpoint; to the screen otherwise.")
@click.option("--public-key", type=_FILE, help="Where to write the public key for verifiers.")
@json_option
def checkpoint(
    data: Path | None,
    key: Path | None,
    out: Path | None,
    public_key: Path | None,
    as_json: bool,
) -> None:
    """Sign a checkpoint over all history; keep it, with the public key, outside the ledger."""
    with existing(data) as engine:
        with reading(engine) as connection:
            origin = ledger_origin(connection)
        path = key_path(data, key)
        for place in (path, out, public_key):
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
        private = load_or_create_key(path)
        note = sign_checkpoint(engine, private, origin=origin, key_name=KEY_NAME)
    public = public_key_text(private, KEY_NAME)
    if public_key is not None:
        public_key.write_text(public + "\n", encoding="utf-8")
    if out is not None:
        out.write_text(note, encoding="utf-8")
    if as_json:
        say_json({"checkpoint": note, "public_key": public})
    elif out is None:
        click.echo(note, nl=False)


@click.command("self-check")
@data_option
@click.option(
    "--key", type=_FILE_THERE, help="Public keys, one a line, to verify checkpoints with."
)
@json_option
def self_check(data: Path | None, key: Path | None, as_json: bool) -> None:
    """Check settings, balances, chain, leaves and checkpoints against each other."""
    lines = [] if key is None else key.read_text(encoding="utf-8").split()
    with existing(data) as engine:
        checked = check_ledger(engine, [parse_key(line) for line in lines])
    if as_json:
        checks = {check.name: check.passed for check in checked.checks}
        say_json({"ok": checked.ok, "checks": checks, "failed": checked.failed})
    else:
        for check in checked.checks:
            click.echo(f"{'passed' if check.passed else 'FAILED'}  {check.name}")
            if not check.passed:
                say_facts(check.facts)
    if not checked.ok:
        raise click.exceptions.Exit(1)


@click.command()
@data_option
@json_option
def digest(data: Path | None, as_json: bool) -> None:
    """Print the state digest: one hash over all that the ledger holds."""
    with existing(data) as engine, reading(engine) as connection:
        value = state_digest(connection)
    if as_json:
        say_json({"state_digest": value})
    else:
        click.echo(value)


@click.command()
@data_option
@click.argument("target", type=_DIRECTORY)
@click.option(
    "--batch",
    type=click.IntRange(1, BATCH_MAX),
    default=64,
    show_default=True,
    help="Commands a commit.",
)
@json_option
def replay(data: Path | None, target: Path, batch: int, as_json: bool) -> None:
    """Replay the command log into an empty ledger in TARGET and compare everything."""
    with existing(data) as source:
        target.mkdir(parents=True, exist_ok=True)
        copy = connect(sqlite_url(target))
        try:
            migrations.upgrade(copy)
            replayed = replay_log(source, copy, subjects(), itertools.repeat(batch))
        finally:
            copy.dispose()
    if as_json:
        say_json({"commands": replayed.commands, "replay_digest": replayed.digest})
    else:
        click.echo(f"{replayed.commands} commands replayed, state digest {replayed.digest}")


@click.command()
@data_option
@click.option("--format", "form", type=click.Choice(["jsonl"]), default="jsonl")
@click.option("--out", type=_DIRECTORY, required=True, help="A new or empty directory.")
@json_option
def export(data: Path | None, form: str, out: Path, as_json: bool) -> None:
    """Write all history and balances to --out, with the verifier beside it."""
    with existing(data) as engine:
        exported = export_jsonl(engine, out)
    if as_json:
        say_json({"counts": exported.counts, "manifest_hash": exported.manifest_hash})
    else:
        click.echo(f"exported to {out}")
        say_facts(exported.counts)


@click.command("verify-export")
@click.argument("directory", type=_DIRECTORY)
@click.option("--checkpoint", type=_FILE, help="A signed checkpoint kept outside the export.")
@click.option("--key", type=_FILE, help="Public keys kept outside the export, one a line.")
@json_option
def verify_export(
    directory: Path, checkpoint: Path | None, key: Path | None, as_json: bool
) -> None:
    """Verify an export offline; the same as running its verify.py alone."""
    arguments = [str(directory)]
    for name, value in (("--checkpoint", checkpoint), ("--key", key)):
        arguments += [] if value is None else [name, str(value)]
    code = verify.main([*arguments, "--json"] if as_json else arguments)
    raise click.exceptions.Exit(code)


COMMANDS = {
    "checkpoint": checkpoint,
    "self-check": self_check,
    "digest": digest,
    "replay": replay,
    "export": export,
    "verify-export": verify_export,
}
