"""
Verify an export of a Yongneng ledger offline, without trusting or installing Yongneng.

    python verify.py DIRECTORY [--checkpoint FILE] [--key FILE] [--json]

One file, the standard library, and `cryptography` where a key is given. It recomputes everything
from the rows: payload hashes, Merkle tree, block chain, balances. Only a checkpoint kept *outside*
the export shows that history was not rewritten as a whole; what a run did not prove, it says. Use a
copy of this file that did not come with the export. docs/format.md has the format and the checks.
Exit code 0: every check passed. 1: a named check failed. 2: wrong arguments. Rule: AUD-08.
"""

import argparse
import json
import re
import struct
import sys
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

FORMAT = "yongneng/export/1"
ROWS = {  # fields in their order; # is a whole number, [] a list, … stands for any further fields
    "accounts": "address …",
    "assets": "code …",
    "commands": "sequence# id kind actor payload payload_hash code answer rules_version "
    "recorded_at#",
    "entries": "sequence# command_sequence# ordinal# code rule reference effective_at# reverses# "
    "postings[]",
    "blocks": "number# previous_hash first_sequence# last_sequence# last_entry# committed_at# hash",
    "balances": "account asset amount",
    "checkpoints": "note",
}
FILES = {*(f"{name}.jsonl" for name in ROWS), "verify.py"}
MAY_OVERDRAW = re.compile("(scheme:issuance|bank:settlement)(:.*)?")
CHECKS = (
    "manifest file_hash key outside_form outside_origin outside_signature checkpoint_form "
    "checkpoint_origin checkpoint_signature checkpoint_order form count account sequence "
    "block_chain time payload_hash command_id entry_order reversal reference posting negative "
    "block_hash conservation balance checkpoint_root outside_root"
)
NEED_KEY = ("key", "checkpoint_signature", "outside_signature")

EMPTY_ROOT = sha256(b"").digest()
TIME = "time %Y-%m-%dT%H:%M:%SZ"
_length, _whole = struct.Struct(">I").pack, struct.Struct(">Q").pack
_three_wholes = struct.Struct(">QQQ").pack

Row = tuple[Any, ...]
Keys = dict[tuple[str, bytes], bytes]  # key name and key hash → public key


class VerificationFailed(Exception):
    """The check named *check* failed; *detail* says where and how."""

    def __init__(self, check: str, detail: str) -> None:
        self.check, self.detail = check, detail
        super().__init__(f"{check}: {detail}")


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified, and what was not."""

    ledger_id: str
    demonstration: bool
    counts: dict[str, int]
    tree_size: int
    root: str
    outside_size: int | None
    outside_time: str | None
    checks: tuple[str, ...]
    not_proved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note states, and the bytes and signatures it states it with."""

    origin: str
    size: int
    root: str
    time: str
    body: str
    signatures: dict[tuple[str, bytes], bytes]


def verify_export(
    directory: str | Path, checkpoint_text: str | None = None, key_text: str | None = None
) -> Report:
    """
    Return what was proved about the export in *directory*, or raise VerificationFailed.

    *checkpoint_text* is a signed note kept outside the export; *key_text* holds verifier keys, one
    a line (name+hash+base64). Neither may come from the export.
    """
    with _failing("form", f"{directory}"):
        folder, outside = Path(directory), None
        keys = None if key_text is None else _parse_keys(key_text)
        manifest = _read_manifest(folder)
        counts = manifest["counts"]
        _check_files(folder, manifest["files"])
        if checkpoint_text is not None:
            (outside,) = _open("outside", iter([(checkpoint_text,)]), manifest, keys)
        inside = _open("checkpoint", _rows(folder, counts, "checkpoints"), manifest, keys)
        covered = [*inside, outside] if outside else inside
        history = History(folder, counts, {checkpoint.size for checkpoint in covered})
        history.walk()
        _check_balances(_rows(folder, counts, "balances"), history)
        for checkpoint in inside:
            _check_covered("checkpoint_root", checkpoint, history)
        if outside:
            _check_covered("outside_root", outside, history)
        skipped = NEED_KEY if keys is None else ()
        made = [name for name in CHECKS.split() if outside or not name.startswith("outside")]
        return Report(
            ledger_id=manifest["ledger_id"],
            demonstration=manifest["demonstration"],
            counts=counts,
            tree_size=history.size,
            root=history.root().hex(),
            outside_size=outside.size if outside else None,
            outside_time=outside.time if outside else None,
            checks=tuple(name for name in made if name not in skipped),
            not_proved=tuple(_not_proved(folder, history.size, inside, outside, keys)),
        )


def _require(holds: object, check: str, reason: str) -> None:
    if not holds:
        raise VerificationFailed(check, reason)


def _need(holds: object, reason: str) -> None:
    if not holds:
        raise ValueError(reason)


@contextmanager
def _failing(check: str, where: str) -> Iterator[None]:
    """Make whatever malformed input can raise a failure of *check*."""
    try:
        yield
    except VerificationFailed:
        raise
    except Exception as error:  # no input, however odd, may end in a traceback
        raise VerificationFailed(check, f"{where}: {error}") from None


def _read_manifest(folder: Path) -> dict[str, Any]:
    with _failing("manifest", "manifest.json"):
        raw = (folder / "manifest.json").read_bytes()
        stated: dict[str, Any] = json.loads(raw.decode())
        canonical = json.dumps(stated, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        _need(canonical.encode() == raw, "not canonical: sorted, indented by two")
        fields = {"counts", "demonstration", "files", "format", "ledger_id"}
        _need(set(stated) == fields, f"the fields are not {sorted(fields)}")
        _need(stated["format"] == FORMAT, f"the format is not {FORMAT}")
        well_formed = type(stated["demonstration"]) is bool
        well_formed &= bool(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", stated["ledger_id"], re.ASCII))
        well_formed &= {type(count) for count in stated["counts"].values()} == {int}
        well_formed &= set(stated["counts"]) == set(ROWS) and set(stated["files"]) == FILES
        _need(well_formed, "ledger id, flag, counts or files are not the format's")
    return stated


def _check_files(folder: Path, files: dict[str, str]) -> None:
    for name, stated in files.items():
        _require((folder / name).is_file(), "file_hash", f"{name} is missing")
        with (folder / name).open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
        _require(found == stated, "file_hash", f"{name} has SHA-256 {found}, stated is {stated!r}")


def _rows(folder: Path, counts: dict[str, int], name: str) -> Iterator[Row]:
    """Yield the values of each row once its field names, their order and types are right."""
    fields = ROWS[name].removesuffix(" …").split()
    names, open_ended = tuple(field.rstrip("#[]") for field in fields), ROWS[name][-1] == "…"
    types = tuple({"#": int, "]": list}.get(field[-1], str) for field in fields)
    decode = json.JSONDecoder(object_pairs_hook=tuple).decode  # pairs show a repeated name
    number = 0
    with (folder / f"{name}.jsonl").open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                pairs = decode(line.decode())
                keys, values = zip(*pairs, strict=True)
                plain = type(pairs) is tuple and line[-1:] == b"\n"
            except Exception as error:
                raise VerificationFailed("form", f"{name} line {number}: {error}") from None
            if open_ended:
                plain = plain and len(set(keys)) == len(keys)
                keys, values = keys[: len(names)], values[: len(names)]
            if not plain or keys != names or tuple(map(type, values)) != types:
                raise VerificationFailed("form", f"{name} line {number} is not {{{ROWS[name]}}}")
            yield values
    _require(number == counts[name], "count", f"{name} has {number} rows, not {counts[name]}")


def _pack(raw: bytes) -> bytes:
    return _length(len(raw)) + raw


_text = lru_cache(maxsize=1 << 20)(lambda text: _pack(text.encode()))


class History:
    """Walks blocks, commands and entries once and recomputes everything that rests on them."""

    def __init__(self, folder: Path, counts: dict[str, int], sizes: set[int]) -> None:
        self.accounts = {address for (address,) in _rows(folder, counts, "accounts")}
        self.assets = {code for (code,) in _rows(folder, counts, "assets")}
        for name, listed in (("accounts", self.accounts), ("assets", self.assets)):
            _require(len(listed) == counts[name], "account", f"one of the {name} is listed twice")
        self.block_rows = _rows(folder, counts, "blocks")
        self.commands = _rows(folder, counts, "commands")
        self.entries = _rows(folder, counts, "entries")
        self.next_entry: Row | None = None
        self.block = self.command = self.entry = self.size = 0
        self.committed_at = self.recorded_at = -1
        self.block_hash = bytes(32)
        self.peaks: list[bytes] = []
        self.sizes = sizes  # where a root is wanted
        self.roots = {0: EMPTY_ROOT.hex()}
        self.balances: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.ids, self.references, self.reversed = set[bytes](), set[str](), set[int]()

    def walk(self) -> None:
        """Walk all of history; every check but those of balances and checkpoints is made here."""
        try:
            self.next_entry = next(self.entries, None)
            for row in self.block_rows:
                self._block(row)
            self.command += 1
            _require(next(self.commands, None) is None, "sequence", "the command is in no block")
            self.entry += 1
            _require(self.next_entry is None, "entry_order", "the entry follows no command")
        except Exception as error:
            check, detail = getattr(error, "check", "form"), getattr(error, "detail", error)
            where = f"at block {self.block}, command {self.command}, entry {self.entry}"
            raise VerificationFailed(check, f"{where}: {detail}") from None

    def root(self) -> bytes:
        """Return the Merkle root over all leaves so far."""
        root = self.peaks[-1] if self.peaks else EMPTY_ROOT
        for left in reversed(self.peaks[:-1]):
            root = sha256(b"\x01" + left + root).digest()
        return root

    def _block(self, row: Row) -> None:
        number, previous, first, last, last_entry, committed_at, stated = row
        self.block += 1
        _require(number == self.block, "sequence", f"block {number} stands here")
        _require(previous == self.block_hash.hex(), "block_chain", "it names another block before")
        follows = first == self.command + 1 and last >= first
        _require(follows, "block_chain", "the block does not begin with the next command")
        _require(committed_at > self.committed_at, "time", "the block is no later than the last")
        self.committed_at = committed_at
        leaves = sha256()
        for _ in range(first, last + 1):
            self._command(leaves)
        _require(last_entry == self.entry, "block_chain", f"the block is to end at {last_entry}")
        head = _text("yongneng/block/1") + _whole(number) + _pack(self.block_hash)
        span = _three_wholes(first, last, last_entry) + _whole(committed_at)
        self.block_hash = sha256(head + span + _pack(leaves.digest())).digest()
        found = self.block_hash.hex()
        _require(found == stated, "block_hash", f"the block has hash {found}, stated is {stated!r}")

    def _command(self, leaves: Any) -> None:
        self.command += 1
        row = next(self.commands, ())
        _require(row, "sequence", "the command is missing")
        sequence, text, kind, actor, payload, payload_hash, code, answer, rules, recorded_at = row
        _require(sequence == self.command, "sequence", "another command stands here")
        hashed, identity, answered = (sha256(x.encode()).digest() for x in (payload, text, answer))
        _require(hashed.hex() == payload_hash, "payload_hash", "the payload is not the one hashed")
        _require(identity not in self.ids, "command_id", "the id was used before")
        _require(recorded_at > self.recorded_at, "time", "the command is no later than the last")
        self.ids.add(identity)
        self.recorded_at = recorded_at
        head = _text("yongneng/command/1") + _whole(sequence) + _pack(identity) + _text(kind)
        head += _text(actor) + _pack(hashed) + _text(code) + _pack(answered)
        self._append(head + _text(rules) + _whole(recorded_at), leaves)
        ordinal = 0
        while (entry := self.next_entry) is not None and entry[1] == sequence:
            self._entry(entry, ordinal, leaves)
            ordinal += 1
            self.next_entry = next(self.entries, None)

    def _entry(self, row: Row, expected: int, leaves: Any) -> None:
        sequence, command, ordinal, code, rule, reference, effective_at, reverses, postings = row
        self.entry += 1
        _require(sequence == self.entry, "sequence", "another entry stands here")
        _require(ordinal == expected, "entry_order", "the ordinal is not the next one")
        if reverses:
            lawful = 0 < reverses < sequence and reverses not in self.reversed
            _require(lawful, "reversal", f"entry {reverses} cannot be reversed here")
            self.reversed.add(reverses)
        if reference:
            _require(reference not in self.references, "reference", "it was used before")
            self.references.add(reference)
        _require(postings, "posting", "the entry has no posting")
        head = _text("yongneng/entry/1") + _three_wholes(sequence, command, ordinal) + _text(code)
        head += _text(rule) + _pack(reference.encode())
        head += _three_wholes(effective_at, reverses, len(postings))
        self._append(head + b"".join(map(self._move, postings)), leaves)

    def _move(self, posting: Any) -> bytes:
        source, destination, asset, amount_text = posting
        amount = int(amount_text)
        plain = type(posting) is list and str(amount) == amount_text
        _require(plain, "form", "a posting is malformed")
        _require(amount > 0 and source != destination, "posting", "a posting moves nothing")
        listed = source in self.accounts and destination in self.accounts and asset in self.assets
        _require(listed, "account", "a posting uses an account or asset that is not listed")
        self.balances[destination, asset] += amount
        self.balances[source, asset] -= amount
        covered = self.balances[source, asset] >= 0 or MAY_OVERDRAW.fullmatch(source)
        _require(covered, "negative", "a posting takes more than its source has")
        return _text(source) + _text(destination) + _text(asset) + _whole(amount)

    def _append(self, leaf: bytes, leaves: Any) -> None:
        leaves.update(_length(len(leaf)) + leaf)
        node, index = sha256(b"\x00" + leaf).digest(), self.size
        while index & 1:
            node = sha256(b"\x01" + self.peaks.pop() + node).digest()
            index >>= 1
        self.peaks.append(node)
        self.size += 1
        if self.size in self.sizes:
            self.roots[self.size] = self.root().hex()


def _check_balances(rows: Iterator[Row], history: History) -> None:
    stated: dict[tuple[str, str], int] = {}
    totals: defaultdict[str, int] = defaultdict(int)
    for account, asset, amount_text in rows:
        place, amount = (account, asset), int(amount_text)
        plain = str(amount) == amount_text and place not in stated
        _require(plain, "form", f"the balance of {place} is malformed or stated twice")
        stated[place] = amount
        totals[asset] += amount
    for asset, total in sorted(totals.items()):
        _require(total == 0, "conservation", f"the balances in {asset!r} sum to {total}")
    for place in sorted(history.balances.keys() | stated.keys()):
        summed, claimed = history.balances[place], stated.get(place, 0)
        _require(summed == claimed, "balance", f"{place}: {summed} posted, {claimed} stated")


def _parse_keys(key_text: str) -> Keys:
    keys = {}
    with _failing("key", "a key is one line of name+hash+base64"):
        for line in key_text.splitlines():
            name, hash_hex, packed = line.split("+", 2)
            raw = _unpacked(packed)
            key_hash = sha256(name.encode() + b"\n" + raw).digest()[:4]
            _need(len(raw) == 33 and raw[0] == 1, "it is not an Ed25519 key (algorithm 1)")
            _need(hash_hex == key_hash.hex(), "the hash is of another name or key")
            keys[name, key_hash] = raw[1:]
        _need(keys, "there is none")
    return keys


def _parse_note(text: str) -> Checkpoint:
    """Return the checkpoint in a signed note; raise ValueError for any other spelling of it."""
    body, _, tail = text.rpartition("\n\n")
    plain = not re.search("[\x00-\x09\x0b-\x1f]", text) and tail[-1:] == "\n"
    _need(plain and body.count("\n") == 3, "it needs four lines, a blank one, signature lines")
    origin, size, root_text, time = body.split("\n")
    root = _unpacked(root_text)
    _need(origin and len(root) == 32, "the origin or root line is malformed")
    _need(size == str(abs(int(size))), "the size is malformed")
    moment = datetime.strptime(time, TIME).replace(tzinfo=UTC)
    _need(moment.strftime(TIME) == time, "the time line is malformed")
    signatures: dict[tuple[str, bytes], bytes] = {}
    for line in tail[:-1].split("\n"):
        dash, name, packed = line.split(" ")
        raw = _unpacked(packed)
        _need(dash == "\N{EM DASH}" and name and len(raw) > 4, "a signature line is malformed")
        _need((name, raw[:4]) not in signatures, "one key has two signature lines")
        signatures[name, raw[:4]] = raw[4:]
    return Checkpoint(origin, int(size), root.hex(), time[5:], f"{body}\n", signatures)


def _unpacked(text: str) -> bytes:
    raw = b64decode(text, validate=True)
    _need(b64encode(raw).decode() == text, "its base64 is not canonical")
    return raw


def _open(
    prefix: str, rows: Iterator[Row], manifest: dict[str, Any], keys: Keys | None
) -> list[Checkpoint]:
    """Return the checkpoints in *rows*; *prefix* opens the names of the checks made."""
    kind = "demonstration" if manifest["demonstration"] else "ledger"
    origin = f"yongneng/{kind}/{manifest['ledger_id']}"
    opened: list[Checkpoint] = []
    for (text,) in rows:
        name = f"checkpoint {len(opened) + 1}"
        with _failing(f"{prefix}_form", name):
            after = _parse_note(text)
        with _failing(f"{prefix}_origin", name):
            _need(after.origin == origin, f"it is of {after.origin!r}, the export is of {origin}")
        with _failing(f"{prefix}_signature", name):
            _need(keys is None or _signed_by(after, keys), "none of the given keys signed it")
        before = opened[-1] if opened else after
        grows = before.size <= after.size and before.time <= after.time
        _require(grows, f"{prefix}_order", f"{name} goes back")
        opened.append(after)
    return opened


def _signed_by(checkpoint: Checkpoint, keys: Keys) -> list[tuple[str, bytes]]:
    """Return who of *keys* signed; raise ValueError if the signature of any of them is wrong."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    known = [signer for signer in checkpoint.signatures if signer in keys]
    for signer in known:
        try:
            public_key = Ed25519PublicKey.from_public_bytes(keys[signer])
            public_key.verify(checkpoint.signatures[signer], checkpoint.body.encode())
        except InvalidSignature:
            raise ValueError(f"the signature of {signer[0]!r} does not fit the text") from None
    return known


def _check_covered(check: str, checkpoint: Checkpoint, history: History) -> None:
    size, name = checkpoint.size, f"the checkpoint of {checkpoint.time}"
    reason = f"{name} covers {size} leaves, the export has {history.size}: its end is cut off"
    _require(size <= history.size, check, reason)
    reason = f"the first {size} leaves have root {history.roots[size]}, {name} {checkpoint.root}"
    _require(history.roots[size] == checkpoint.root, check, reason)


def _not_proved(
    folder: Path, size: int, inside: list[Checkpoint], outside: Checkpoint | None, keys: Keys | None
) -> Iterator[str]:
    if outside is None:
        yield "No outside checkpoint: all of history could have been rewritten and signed anew."
    elif outside.size < size:
        yield f"{size - outside.size} of {size} leaves are later than the outside checkpoint."
    if keys is None:
        yield "No key: no signature was checked."
    if not inside and outside is None:
        yield "There is no checkpoint at all: ledger id and demonstration flag are only claims."
    if (covered := inside[-1].size if inside else 0) < size:
        yield f"The last {size - covered} leaves are under no checkpoint of the export."
    yield "Descriptions of accounts and assets are in no leaf."
    yield "No root covers which commands were committed together, and when."
    yield "That each payload leads to its answer and entries, only a replay of the log can show."
    if unlisted := {path.name for path in folder.iterdir()} - FILES - {"manifest.json"}:
        yield f"Files that are no part of the export were ignored: {sorted(unlisted)}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Verify an export of a Yongneng ledger offline.")
    parser.add_argument("directory")
    parser.add_argument("--checkpoint", help="a signed checkpoint kept outside the export")
    parser.add_argument("--key", help="verifier keys from outside the export, one a line")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        texts = []
        for check, name in (("outside_form", options.checkpoint), ("key", options.key)):
            with _failing(check, f"cannot read {name!r}"):
                texts.append(Path(name).read_bytes().decode() if name is not None else None)
        report = verify_export(options.directory, *texts)
    except VerificationFailed as failed:
        result: dict[str, Any] = {"ok": False, "check": failed.check, "detail": failed.detail}
        lines = [f"FAILED  {failed.check}: {failed.detail}"]
    else:
        result = {"ok": True, **asdict(report)}
        lines = [f"passed      {check}" for check in report.checks]
        lines += [f"NOT PROVED  {sentence}" for sentence in report.not_proved]
        lines.append(f"Verified ledger {report.ledger_id}, demonstration: {report.demonstration}")
        lines.append(f"History has {report.tree_size} leaves under root {report.root}")
    text = json.dumps(result) if options.json else "\n".join(lines)
    print(text.encode("ascii", "backslashreplace").decode())  # whatever the terminal can show
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
