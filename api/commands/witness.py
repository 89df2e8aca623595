"""witness: cosign a ledger's checkpoints, as somebody who is not the ledger."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import click

from api.options import json_option
from api.say import say_json
from ledger.errors import Refused
from ledger.kept_file import alone_with, keep_text, kept_text
from ledger.keys import load_or_create_key
from ledger.merkle import ProofRefused
from ledger.note import VerifierKey, key_text, parse_key
from ledger.witness import Contradiction, NotContinued, cosign, require_continued, witness_key

BYTES_MAX = 100_000
SECONDS_MAX = 30
_FILE = click.Path(dir_okay=False, path_type=Path)
_FILE_THERE = click.Path(exists=True, dir_okay=False, path_type=Path)


class CheckpointOutOfReach(Refused):
    """The checkpoint, or the proof that it continues the last one, could not be had."""

    code = "checkpoint_out_of_reach"
    rule = "AUD-37"

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(
            f"{source} gave no checkpoint or proof: {problem}; look at the address or file",
            source=source,
            problem=problem[:200],
        )


@click.command()
@click.argument("source")
@click.option("--origin", required=True, help="The ledger's origin: line 1 of its checkpoints.")
@click.option("--log-key", type=_FILE_THERE, required=True, help="The ledger's public keys.")
@click.option("--key", type=_FILE, required=True, help="The witness's own key; made if not there.")
@click.option("--name", required=True, help="The witness's name, such as witness.example.cn/w1.")
@click.option("--state", type=_FILE, required=True, help="What it has seen last; keep it safe.")
@click.option("--consistency", type=_FILE_THERE, help="The proof, where SOURCE is a file.")
@click.option("--out", type=_FILE, help="Where to put the cosigned note; the screen otherwise.")
@click.option("--public-key", type=_FILE, help="Where to write the witness's key for verifiers.")
@json_option
def witness(
    source: str,
    origin: str,
    log_key: Path,
    key: Path,
    name: str,
    state: Path,
    consistency: Path | None,
    out: Path | None,
    public_key: Path | None,
    as_json: bool,
) -> None:
    """
    Cosign the newest checkpoint of SOURCE, a ledger's address or a file, if it continues the last.

    What was seen is on the disk before the cosignature leaves. Where a ledger contradicts itself,
    nothing is cosigned, both notes are kept beside --state, and the exit code is 1.
    """
    log_keys = [parse_key(line) for line in log_key.read_text(encoding="utf-8").split()]
    for place in (key, state, out, public_key):
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
    private = load_or_create_key(key)
    public = key_text(witness_key(private, name))
    with alone_with(state):
        text = _checkpoint_of(source)
        _continue(state, text, origin=origin, keys=log_keys, proof=_Proofs(source, consistency))
        cosigned = cosign(text, private, name, time=int(time.time()))
    if public_key is not None:
        public_key.write_text(public + "\n", encoding="utf-8")
    if out is not None:
        keep_text(out, cosigned)
    if as_json:
        say_json({"checkpoint": cosigned, "public_key": public})
    elif out is None:
        click.echo(cosigned, nl=False)


def _continue(
    state: Path, text: str, *, origin: str, keys: Sequence[VerifierKey], proof: "_Proofs"
) -> None:
    """Remember the note *text* as the last of its ledger, or keep the evidence and refuse."""
    notes: dict[str, str] = json.loads(kept_text(state) or "{}")
    try:
        require_continued(text, notes.get(origin), origin=origin, keys=keys, proof=proof)
    except NotContinued as refused:
        evidence = refused.evidence
        keep_text(state.with_name(f"{state.name}.evidence-{evidence.name}"), _told(evidence))
        raise
    if notes.get(origin) != text:
        keep_text(state, json.dumps({**notes, origin: text}, indent=2, sort_keys=True) + "\n")


def _told(evidence: Contradiction) -> str:
    document = {
        "seen": evidence.seen,
        "shown": evidence.shown,
        "proof": [each.hex() for each in evidence.proof],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


class _Proofs:
    """Asks the ledger, or reads from a file, the proof between two sizes."""

    def __init__(self, source: str, file: Path | None) -> None:
        self.source = source
        self.file = file

    def __call__(self, first: int, second: int) -> list[bytes]:
        if self.file is not None:
            raw = self.file.read_text(encoding="utf-8")
        elif _is_address(self.source):
            query = urllib.parse.urlencode({"first": first, "second": second})
            raw = _fetched(f"{_base(self.source)}/consistency-proofs?{query}")
        else:
            reason = f"the proof from {first} to {second} leaves is needed; give --consistency"
            raise CheckpointOutOfReach(self.source, reason)
        try:
            return [bytes.fromhex(each) for each in json.loads(raw)["proof"]]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ProofRefused(f"it is no consistency proof ({type(error).__name__})") from None


def _checkpoint_of(source: str) -> str:
    if _is_address(source):
        return _fetched(f"{_base(source)}/checkpoints/latest.txt")
    try:
        return Path(source).read_bytes()[:BYTES_MAX].decode()
    except (OSError, ValueError) as error:
        raise CheckpointOutOfReach(source, str(error)) from None


def _is_address(source: str) -> bool:
    return source.startswith(("https://", "http://"))


def _base(source: str) -> str:
    return f"{source.rstrip('/')}/api/v1"


def _fetched(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=SECONDS_MAX) as answer:  # http(s) only
            raw: bytes = answer.read(BYTES_MAX)
        return raw.decode()
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise CheckpointOutOfReach(address, str(error)) from None


COMMANDS = {"witness": witness}
