"""checkpoint, self-check, digest, replay, receipts and verifying: what anyone can check."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import click

import migrations
from api.options import Function, data_option, existing, json_option
from api.program import subjects
from api.say import say_facts, say_json
from ledger import verify
from ledger import verify_receipt as verify_receipt_alone
from ledger.attest import Profile, ledger_origin, sign_checkpoint
from ledger.check import self_check as check_ledger
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from ledger.errors import Refused
from ledger.follow import catch_up
from ledger.keys import load_or_create_key, public_key_text
from ledger.note import parse_key
from ledger.replay import replay as replay_log
from ledger.rollback import accept_rollback
from ledger.signed_last import SignedLast
from ledger.tree import TREE
from ledger.writer import BATCH_MAX

KEY_NAME = "yongneng"
_FILE = click.Path(dir_okay=False, path_type=Path)
_FILE_THERE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PROFILE = click.option(
    "--profile",
    type=click.Choice([each.value for each in Profile]),
    default=Profile.SHA256.value,
    show_default=True,
    help="sm3: checkpoints state the root by SM3 too, beside the one by SHA-256.",
)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


class CommandUnknown(Refused):
    """The ledger has no command of that number."""

    code = "command_unknown"
    rule = "API-21"

    def __init__(self, sequence: int) -> None:
        super().__init__(
            f"there is no command {sequence}; numbers count from 1 without gaps", sequence=sequence
        )


def profile_option(function: Function) -> Function:
    """Add --profile."""
    return _PROFILE(function)


def key_path(data: Path | None, key: Path | None) -> Path:
    """Return where the log's private key is: as given, or beside the embedded ledger."""
    return key or (data or Path("data")) / "checkpoint.pem"


@click.command()
@data_option
@click.option("--key", type=_FILE, help="The log's private key; made if it is not there.")
@click.option("--out", type=_FILE, help="Where to write the checkpoint; to the screen otherwise.")
@click.option("--public-key", type=_FILE, help="Where to write the public key for verifiers.")
@profile_option
@click.option(
    "--accept-rollback",
    "reason",
    help="Go on from this older state: declare, signed and for this reason, what was lost.",
)
@json_option
def checkpoint(
    data: Path | None,
    key: Path | None,
    out: Path | None,
    public_key: Path | None,
    profile: str,
    reason: str | None,
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
        if reason is None:
            note = sign_checkpoint(
                engine,
                private,
                origin=origin,
                key_name=KEY_NAME,
                last=SignedLast(path),
                profile=Profile(profile),
            )
        else:
            accepted = accept_rollback(engine, path, key_name=KEY_NAME, reason=reason)
            note = accepted.note
            click.echo(f"{accepted.statement}\nkept in {accepted.path}; publish it", err=True)
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


@click.command("verify-export")
@click.argument("directory", type=_DIRECTORY)
@click.option("--checkpoint", type=_FILE, help="A signed checkpoint kept outside the export.")
@click.option("--key", type=_FILE, help="Public keys kept outside the export, one a line.")
@click.option("--witness", type=_FILE, help="Witnesses' public keys, one a line.")
@click.option("--witnesses-needed", type=click.IntRange(1), help="How many must have cosigned.")
@json_option
def verify_export(
    directory: Path,
    checkpoint: Path | None,
    key: Path | None,
    witness: Path | None,
    witnesses_needed: int | None,
    as_json: bool,
) -> None:
    """Verify an export offline; the same as running its verify.py alone."""
    options = {
        "--checkpoint": checkpoint,
        "--key": key,
        "--witness": witness,
        "--witnesses-needed": witnesses_needed,
    }
    raise click.exceptions.Exit(verify.main(_arguments(directory, options, as_json=as_json)))


@click.command()
@data_option
@click.argument("sequence", type=click.IntRange(1))
@click.option("--out", type=_FILE, help="Where to write the receipt; to the screen otherwise.")
@json_option
def receipt(data: Path | None, sequence: int, out: Path | None, as_json: bool) -> None:
    """Write the receipt of a command, refused ones included, once a checkpoint covers it."""
    from api.matrix import Reach
    from api.read.proofs import receipt as receipt_of

    with existing(data) as engine:
        catch_up(engine, (TREE,))
        with reading(engine) as connection:
            found = receipt_of(connection, sequence, reach=Reach(everything=True), person="")
    if found is None:
        raise CommandUnknown(sequence)
    if out is None:
        say_json(found)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
        out.write_text(text, encoding="utf-8")
        if as_json:
            say_json({"sequence": sequence, "entries": len(found["entries"]), "out": str(out)})


@click.command("verify-receipt")
@click.argument("file", type=_FILE)
@click.option("--key", type=_FILE, help="Public keys of the log kept elsewhere, one a line.")
@click.option("--checkpoint", type=_FILE, help="A signed checkpoint kept elsewhere.")
@click.option("--consistency", type=_FILE, help="The proof between it and the receipt's own.")
@json_option
def verify_receipt(
    file: Path,
    key: Path | None,
    checkpoint: Path | None,
    consistency: Path | None,
    as_json: bool,
) -> None:
    """Verify a receipt offline; the same as running ledger/verify_receipt.py alone."""
    options = {"--key": key, "--checkpoint": checkpoint, "--consistency": consistency}
    code = verify_receipt_alone.main(_arguments(file, options, as_json=as_json))
    raise click.exceptions.Exit(code)


def _arguments(what: Path, options: Mapping[str, object], *, as_json: bool) -> list[str]:
    given = [(name, str(value)) for name, value in options.items() if value is not None]
    return [str(what), *(each for pair in given for each in pair), *(["--json"] * as_json)]


COMMANDS = {
    "checkpoint": checkpoint,
    "self-check": self_check,
    "digest": digest,
    "replay": replay,
    "verify-export": verify_export,
    "receipt": receipt,
    "verify-receipt": verify_receipt,
}
