"""
Verify an export of a Yongneng ledger offline, without trusting or installing Yongneng.

    python verify.py DIRECTORY [--checkpoint FILE] [--key FILE] [--witness FILE] [--json]

One file, the standard library, and `cryptography` for signatures. It recomputes everything from the
rows: payload hashes, Merkle tree, block chain, balances. Only a checkpoint kept *outside* the
export shows that history was not rewritten as a whole; what a run did not prove, it says. Use a
copy of this file that did not come with the export. docs/format.md has the format and the checks.
Exit code 0: every check passed. 1: a named check failed. 2: wrong arguments. Rules: AUD-08, AUD-37.
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
from datetime import UTC, datetime
from functools import lru_cache, partial
from hashlib import file_digest, new, sha256
from pathlib import Path
from typing import Any, NamedTuple

FORMAT, FIELDS = "yongneng/export/1", "counts demonstration files format ledger_id"
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
    "manifest file_hash key outside_form outside_origin outside_signature witness checkpoint_form "
    "checkpoint_origin checkpoint_signature checkpoint_order form count account sequence "
    "block_chain time payload_hash command_id entry_order reversal reference posting negative "
    "block_hash conservation balance checkpoint_root outside_root"
)
NEED_KEY = ("key", "checkpoint_signature", "outside_signature")
ED25519, COSIGNATURE = 1, 4  # C2SP signature types: of a log, and of a witness with its time
TIME = "time %Y-%m-%dT%H:%M:%SZ"
_length, _whole, _three_wholes = (struct.Struct(form).pack for form in (">I", ">Q", ">QQQ"))
_ENTRY_TAG = _length(16) + b"yongneng/entry/1"
_SM3: Any = partial(new, "sm3")  # of Python's own OpenSSL, asked for where a checkpoint has it
Text = str | None
Row = tuple[Any, ...]
Manifest = dict[str, Any]
Keys = dict[tuple[str, bytes], bytes]  # key name and key hash → public key


class VerificationFailed(Exception):
    """The check named *check* failed; *detail* says where and how."""

    def __init__(self, check: str, detail: str) -> None:
        self.check, self.detail = check, detail
        super().__init__(f"{check}: {detail}")


class Report(NamedTuple):
    """What was verified, and what was not."""

    ledger_id: str
    demonstration: bool
    counts: dict[str, int]
    tree_size: int
    root: str
    outside_size: int | None
    outside_time: str | None
    witnesses: int
    checks: tuple[str, ...]
    not_proved: tuple[str, ...]


class Checkpoint(NamedTuple):
    """What a signed note states, and the bytes and signatures it states it with."""

    origin: str
    size: int
    roots: tuple[str, ...]  # SHA-256, then SM3 where it is stated
    time: str
    body: str
    signatures: dict[tuple[str, bytes], bytes]


def verify_export(
    place: str | Path,
    checkpoint: Text = None,
    key: Text = None,
    witness: Text = None,
    needed: int = 1,
) -> Report:
    """
    Return what was proved about the export in directory *place*, or raise VerificationFailed.

    *checkpoint* is a signed note; *key* and *witness* hold keys of the log and of witnesses, one a
    line (name+hash+base64), of whom *needed* must have cosigned. None may come from the export.
    """
    with _failing("form", f"{place}"):
        folder, outside, cosigned = Path(place), None, 0
        keys = None if key is None else _parse_keys(key, ED25519)
        manifest = _read_manifest(folder)
        counts = manifest["counts"]
        _check_files(folder, manifest["files"])
        if checkpoint is not None:
            (outside,) = _open("outside", iter([(checkpoint,)]), manifest, keys)
        if witness is not None:
            with _failing("witness", "the outside checkpoint"):
                keys_of_witnesses = _parse_keys(witness, COSIGNATURE)
                cosigned = len(_signed_by(outside, keys_of_witnesses, cosigned=True))
                _need(cosigned >= needed > 0, f"{cosigned} of {needed} witnesses cosigned it")
        inside = _open("checkpoint", _rows(folder, counts, "checkpoints"), manifest, keys)
        covered = [*inside, outside] if outside else inside
        history = History(folder, counts, covered)
        history.walk()
        _check_balances(_rows(folder, counts, "balances"), history)
        for one in covered:
            _check_covered("outside_root" if one is outside else "checkpoint_root", one, history)
        skipped = {*(NEED_KEY if keys is None else ()), *(() if witness else ("witness",))}
        skipped |= {name for name in CHECKS.split() if name.startswith("outside") and not outside}
        made = tuple(name for name in CHECKS.split() if name not in skipped)
        not_proved = tuple(_not_proved(folder, history.size, inside, outside, keys))
        name, flag, root = manifest["ledger_id"], manifest["demonstration"], next(history.root())
        at, time = (outside.size, outside.time) if outside else (None, None)
        return Report(name, flag, counts, history.size, root, at, time, cosigned, made, not_proved)


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


def _read_manifest(folder: Path) -> Manifest:
    with _failing("manifest", "manifest.json"):
        raw = (folder / "manifest.json").read_bytes()
        stated: Manifest = json.loads(raw.decode())
        canonical = json.dumps(stated, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        _need(canonical.encode() == raw, "not canonical: sorted, indented by two")
        _need(sorted(stated) == FIELDS.split(), f"the fields are not {FIELDS}")
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
    scan = json.JSONDecoder(object_pairs_hook=tuple).scan_once  # type: ignore[attr-defined]
    number = 0
    with (folder / f"{name}.jsonl").open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            try:
                pairs, end = scan(line, 0)
                keys, values = zip(*pairs, strict=True)
                plain = type(pairs) is tuple and line[end:] == "\n"
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


_text = lru_cache(maxsize=1 << 16)(lambda text: _pack(text.encode()))


class History:
    """Walks blocks, commands and entries once and recomputes everything that rests on them."""

    def __init__(self, folder: Path, counts: dict[str, int], covered: list[Checkpoint]) -> None:
        self.accounts = {  # each with its packed name, its balances, and whether it may overdraw
            name: (_pack(name.encode()), defaultdict[str, int](int), MAY_OVERDRAW.fullmatch(name))
            for (name,) in _rows(folder, counts, "accounts")
        }
        self.assets = {code: _pack(code.encode()) for (code,) in _rows(folder, counts, "assets")}
        for name, listed in (("accounts", self.accounts), ("assets", self.assets)):
            _require(len(listed) == counts[name], "account", f"one of the {name} is listed twice")
        walked = ("blocks", "commands", "entries")
        self.block_rows, self.commands, self.entries = (_rows(folder, counts, x) for x in walked)
        self.next_entry: Row | None = None
        self.block = self.command = self.entry = self.size = 0
        self.committed_at, self.recorded_at, self.block_hash = -1, -1, bytes(32)
        many = max((len(checkpoint.roots) for checkpoint in covered), default=1)
        self.trees = [(new_hash, list[bytes]()) for new_hash in (sha256, _SM3)[:many]]  # peaks
        self.roots = {one.size: tuple(self.root()) for one in covered}  # filled in on the way
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

    def root(self) -> Iterator[str]:
        """Yield the Merkle root over all leaves so far, in hex, of each algorithm."""
        for new_hash, peaks in self.trees:
            root = peaks[-1] if peaks else new_hash(b"").digest()
            for left in reversed(peaks[:-1]):
                root = new_hash(b"\x01" + left + root).digest()
            yield root.hex()

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
        leaf = _ENTRY_TAG + _three_wholes(sequence, command, ordinal) + _text(code) + _text(rule)
        leaf += _pack(reference.encode()) + _three_wholes(effective_at, reverses, len(postings))
        for posting in postings:
            source, destination, asset, amount_text = posting
            amount = int(amount_text)
            plain = type(posting) is list and str(amount) == amount_text
            _require(plain, "form", "a posting is malformed")
            _require(amount > 0 and source != destination, "posting", "a posting moves nothing")
            giver, taker = self.accounts.get(source), self.accounts.get(destination)
            packed = self.assets.get(asset)
            if giver is None or taker is None or packed is None:
                raise VerificationFailed("account", "a posting uses an account or asset not listed")
            taker[1][asset] += amount
            giver[1][asset] = left = giver[1][asset] - amount
            covered = left >= 0 or giver[2]
            _require(covered, "negative", "a posting takes more than its source has")
            leaf += giver[0] + taker[0] + packed + _whole(amount)
        self._append(leaf, leaves)

    def _append(self, leaf: bytes, leaves: Any) -> None:
        leaves.update(_length(len(leaf)) + leaf)
        for new_hash, peaks in self.trees:
            node, index = new_hash(b"\x00" + leaf).digest(), self.size
            while index & 1:
                node = new_hash(b"\x01" + peaks.pop() + node).digest()
                index >>= 1
            peaks.append(node)
        self.size += 1
        if self.size in self.roots:
            self.roots[self.size] = tuple(self.root())


def _check_balances(rows: Iterator[Row], history: History) -> None:
    stated, totals = dict[tuple[str, str], int](), defaultdict[str, int](int)
    for account, asset, amount_text in rows:
        place, amount = (account, asset), int(amount_text)
        plain = str(amount) == amount_text and place not in stated
        _require(plain, "form", f"the balance of {place} is malformed or stated twice")
        stated[place] = amount
        totals[asset] += amount
    for asset, total in sorted(totals.items()):
        _require(total == 0, "conservation", f"the balances in {asset!r} sum to {total}")
    held = history.accounts.items()
    posted = {(name, asset): n for name, one in held for asset, n in one[1].items()}
    for place in sorted(posted.keys() | stated.keys()):
        summed, claimed = posted.get(place, 0), stated.get(place, 0)
        _require(summed == claimed, "balance", f"{place}: {summed} posted, {claimed} stated")


def _parse_keys(key_text: str, algorithm: int) -> Keys:
    keys = {}
    with _failing("key", "a key is one line of name+hash+base64"):
        for line in key_text.splitlines():
            name, hash_hex, packed = line.split("+", 2)
            raw = _unpacked(packed)
            key_hash = sha256(name.encode() + b"\n" + raw).digest()[:4]
            fits = len(raw) == 33 and raw[0] == algorithm and hash_hex == key_hash.hex()
            _need(fits, f"it is not of algorithm {algorithm}, or the hash is of another key")
            keys[name, key_hash] = raw[1:]
        _need(keys, "there is none")
    return keys


def _parse_note(text: str) -> Checkpoint:
    """Return the checkpoint in a signed note; raise ValueError for any other spelling of it."""
    body, _, tail = text.rpartition("\n\n")
    plain = not re.search("[\x00-\x09\x0b-\x1f]", text) and tail[-1:] == "\n"
    _need(plain and body.count("\n") in (3, 4), "it needs four lines or five, then signatures")
    origin, size, root_text, time, *sm3 = body.split("\n")
    roots = tuple(_unpacked(line.removeprefix("sm3 ")).hex() for line in (root_text, *sm3))
    plain = set(map(len, roots)) == {64} and all(line.startswith("sm3 ") for line in sm3)
    _need(plain and origin and size == str(abs(int(size))), "origin, size or a root is malformed")
    moment = datetime.strptime(time, TIME).replace(tzinfo=UTC)
    _need(moment.strftime(TIME) == time, "the time line is malformed")
    signatures: dict[tuple[str, bytes], bytes] = {}
    for line in tail[:-1].split("\n"):
        dash, name, packed = line.split(" ")
        raw = _unpacked(packed)
        _need(dash == "\N{EM DASH}" and name and len(raw) > 4, "a signature line is malformed")
        _need((name, raw[:4]) not in signatures, "one key has two signature lines")
        signatures[name, raw[:4]] = raw[4:]
    return Checkpoint(origin, int(size), roots, time[5:], f"{body}\n", signatures)


def _unpacked(text: str) -> bytes:
    raw = b64decode(text, validate=True)
    _need(b64encode(raw).decode() == text, "its base64 is not canonical")
    return raw


def _open(p: str, rows: Iterator[Row], manifest: Manifest, keys: Keys | None) -> list[Checkpoint]:
    """Return the checkpoints in *rows*; *p* opens the names of the checks made."""
    kind = ("ledger", "demonstration")[manifest["demonstration"]]
    origin = f"yongneng/{kind}/{manifest['ledger_id']}"
    opened: list[Checkpoint] = []
    for (text,) in rows:
        name = f"checkpoint {len(opened) + 1}"
        with _failing(f"{p}_form", name):
            after = _parse_note(text)
        with _failing(f"{p}_origin", name):
            _need(after.origin == origin, f"it is of {after.origin!r}, the export is of {origin}")
        with _failing(f"{p}_signature", name):
            _need(keys is None or _signed_by(after, keys), "none of the given keys signed it")
        before = opened[-1] if opened else after
        grows = before.size <= after.size and before.time <= after.time
        _require(grows, f"{p}_order", f"{name} goes back")
        opened.append(after)
    return opened


def _signed_by(note: Checkpoint | None, keys: Keys, *, cosigned: bool = False) -> set[bytes]:
    """Return which of *keys* signed; raise ValueError if the signature of any of them is wrong."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signatures, body = (note.signatures, note.body) if note else ({}, "")
    for signer in signatures.keys() & keys.keys():
        signature, text = signatures[signer], body
        if cosigned:  # the time of the witness comes first
            stamp, signature = int.from_bytes(signature[:8]), signature[8:]
            text = f"cosignature/v1\ntime {stamp}\n{text}"
        try:
            Ed25519PublicKey.from_public_bytes(keys[signer]).verify(signature, text.encode())
        except InvalidSignature:
            raise ValueError(f"the signature of {signer[0]!r} does not fit the text") from None
    return {keys[signer] for signer in signatures.keys() & keys.keys()}


def _check_covered(check: str, checkpoint: Checkpoint, history: History) -> None:
    size, name = checkpoint.size, f"the checkpoint of {checkpoint.time}"
    reason = f"{name} covers {size} leaves, the export has {history.size}: its end is cut off"
    _require(size <= history.size, check, reason)
    found, stated = history.roots[size][: len(checkpoint.roots)], checkpoint.roots
    reason = f"the first {size} leaves have root {' '.join(found)}, {name} {' '.join(stated)}"
    _require(found == stated, check, reason)


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
    parser.add_argument("--witness", help="witness keys from outside the export, one a line")
    parser.add_argument("--witnesses-needed", type=int, default=1, metavar="N")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        texts: list[Text] = []
        given = {"outside_form": options.checkpoint, "key": options.key, "witness": options.witness}
        for check, name in given.items():
            with _failing(check, f"cannot read {name!r}"):
                texts.append(Path(name).read_bytes().decode() if name is not None else None)
        outside, key, witness = texts
        report = verify_export(options.directory, outside, key, witness, options.witnesses_needed)
    except VerificationFailed as failed:
        result: dict[str, Any] = {"ok": False, "check": failed.check, "detail": failed.detail}
        lines = [f"FAILED  {failed.check}: {failed.detail}"]
    else:
        result = {"ok": True, **report._asdict()}
        lines = [f"passed      {check}" for check in report.checks]
        lines += [f"NOT PROVED  {sentence}" for sentence in report.not_proved]
        lines.append(f"Verified ledger {report.ledger_id}, demonstration: {report.demonstration}")
        lines.append(f"History has {report.tree_size} leaves under root {report.root}")
    text = json.dumps(result) if options.json else "\n".join(lines)
    print(text.encode("ascii", "backslashreplace").decode())  # whatever the terminal can show
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
