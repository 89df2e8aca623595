"""
Verify a receipt of a Yongneng ledger offline, without trusting or installing Yongneng.

    python verify_receipt.py FILE [--key FILE] [--checkpoint FILE] [--consistency FILE] [--json]

One file, the standard library, and `cryptography` where a key is given. From the fields of a
command and its entries it recomputes their leaves, and from these the root of the receipt's own
checkpoint. The key says who signed it; a checkpoint kept *outside*, with the consistency proof
between the two where they differ in size, says that others are shown the same history.
docs/format.md has the format and the checks. Exit code 0: every check passed. 1: a named check
failed. 2: wrong arguments. Rule: AUD-39.
"""

import argparse
import json
import re
import struct
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "yongneng/receipt/1"
CHECKS = (  # in their order; of a signature with a key, of the outside with its checkpoint
    "form checkpoint_form checkpoint_signature outside_form outside_signature outside_origin "
    "outside_root payload_hash answer_hash command_leaf entry_leaf entry_order inclusion"
)
# Fields in any order; # is a whole number, [] a list, ? may be null, {} has fields of its own.
SHAPES = {
    "receipt": "format checkpoint command{} entries[]",
    "leaf": "index# leaf? leaf_hash fields{}? proof[]",
    "command": "sequence# id kind actor payload payload_hash code answer answer_hash rules_version "
    "recorded_at_microseconds",
    "entry": "sequence# command_sequence# ordinal# code rule reference effective_at_microseconds "
    "reverses# postings[]",
    "proof": "first# second# first_root second_root proof[]",
}
TYPES = {"#": int, "[]": list, "{}": dict, "": str}
Json = dict[str, Any]
Check = Callable[[], object]
Range = tuple[int, int]


class Note(NamedTuple):
    """What a checkpoint states, and the bytes and signatures it states it with."""

    origin: str
    size: int
    root: bytes
    body: str
    signatures: dict[tuple[str, bytes], bytes]


class Finding(NamedTuple):
    """What was found; *failed* names the check that failed and is empty where all passed."""

    failed: str
    detail: str
    passed: tuple[str, ...]
    not_proved: tuple[str, ...]


def check_receipt(receipt: Any, key: str = "", outside: str = "", proof: Any = None) -> Finding:
    """
    Return what *receipt*, a JSON document, proves, and the first check that fails; never raise.

    *key* holds verifier keys of the log, one a line, and *outside* a signed checkpoint, both kept
    elsewhere; *proof* is the consistency proof between the two checkpoints. Rule: AUD-39.
    """
    passed: list[str] = []
    name = "form"
    try:
        _check_form(receipt)
        for step, check in _steps(receipt, key, outside, proof):
            passed.append(name)
            name = step
            check()
    except Exception as error:  # no input, however odd, may end in a traceback
        return Finding(name, (str(error) or type(error).__name__)[:300], tuple(passed), ())
    return Finding("", "", (*passed, name), tuple(_not_proved(receipt, key, outside)))


def _steps(receipt: Json, key: str, outside: str, proof: Any) -> Iterator[tuple[str, Check]]:
    command, fields, entries = receipt["command"], receipt["command"]["fields"], receipt["entries"]
    yield "checkpoint_form", lambda: _parse_note(receipt["checkpoint"])
    note = _parse_note(receipt["checkpoint"])
    if key:
        yield "checkpoint_signature", lambda: _check_signed(note, key)
    if outside:
        yield "outside_form", lambda: _parse_note(outside)
        kept = _parse_note(outside)
        if key:
            yield "outside_signature", lambda: _check_signed(kept, key)
        stranger = f"it is of {kept.origin!r}, the receipt of {note.origin!r}"
        yield "outside_origin", lambda: _need(kept.origin == note.origin, stranger)
        yield "outside_root", lambda: _check_same_history(kept, note, proof)
    yield "payload_hash", lambda: _same_hash(fields["payload"], fields["payload_hash"])
    yield "answer_hash", lambda: _same_hash(fields["answer"], fields["answer_hash"])
    yield "command_leaf", lambda: _check_leaves([command], _command_leaf)
    yield "entry_leaf", lambda: _check_leaves(entries, _entry_leaf)
    yield "entry_order", lambda: _check_order(command, entries)
    yield "inclusion", lambda: _check_included([command, *entries], note)


def _need(holds: object, reason: str) -> None:
    if not holds:
        raise ValueError(reason)


def _check_form(receipt: Any) -> None:
    _shaped(receipt, "receipt")
    _need(receipt["format"] == FORMAT, f"the format is not {FORMAT}")
    for shape, leaf in [
        ("command", receipt["command"]),
        *(("entry", e) for e in receipt["entries"]),
    ]:
        _shaped(leaf, "leaf")
        _need(all(type(each) is str for each in leaf["proof"]), "a proof is not made of texts")
        _need((leaf["leaf"] is None) == (leaf["fields"] is None), "a leaf has not its fields")
        if leaf["fields"] is not None or shape == "command":
            _shaped(leaf["fields"], shape)
            for posting in leaf["fields"].get("postings", ()):
                plain = type(posting) is list and [type(part) for part in posting] == [str] * 4
                _need(plain, "a posting is not source, destination, asset and amount")


def _shaped(document: Any, shape: str) -> None:
    fields = {re.sub(r"[#?]|\[\]|\{\}", "", word): word for word in SHAPES[shape].split()}
    _need(type(document) is dict, f"the {shape} is not an object")
    _need(document.keys() == fields.keys(), f"the fields of the {shape} are not {sorted(fields)}")
    for name, word in fields.items():
        wanted = TYPES[word.removeprefix(name).rstrip("?")]
        is_null = word.endswith("?") and document[name] is None
        _need(
            is_null or type(document[name]) is wanted, f"{name} of the {shape} is of another type"
        )


def _check_same_history(kept: Note, note: Note, proof: Any) -> None:
    if kept.size == note.size:
        _need(kept.root == note.root, f"two roots were signed over {kept.size} leaves")
        return
    sizes = f"{kept.size} leaves outside and {note.size} in the receipt"
    _need(proof is not None, f"{sizes}: the consistency proof between them is needed")
    _shaped(proof, "proof")
    old, new = sorted((kept, note), key=lambda each: each.size)
    stated = (proof["first"], proof["second"])
    _need(stated == (old.size, new.size), f"{sizes}: the consistency proof is of {stated}")
    _check_consistent(old, new, [_hash(each) for each in proof["proof"]])


def _check_consistent(old: Note, new: Note, proof: list[bytes]) -> None:
    if old.size == 0:
        _need(not proof and old.root == sha256(b"").digest(), "an empty tree has another root")
        return
    seed, siblings = (0, new.size), list[Range]()
    for node, sibling in _descent(old.size - 1, new.size):
        if seed[1] == old.size:
            break
        siblings.insert(0, sibling)
        seed = node
    _need(len(proof) == len(siblings) + (seed[0] > 0), "the proof has another length")
    first, *rest = proof if seed[0] else [old.root, *proof]
    old_node = new_node = first
    for (start, _), value in zip(siblings, rest, strict=True):
        if start < old.size:
            old_node, new_node = _above(value, old_node), _above(value, new_node)
        else:
            new_node = _above(new_node, value)
    _need(old_node == old.root and new_node == new.root, "the proof leads to other roots")


def _check_included(leaves: list[Json], note: Note) -> None:
    for leaf in leaves:
        index = leaf["index"]
        _need(0 <= index < note.size < 2**63, f"a tree of {note.size} leaves has no leaf {index}")
        siblings = [sibling for _, sibling in _descent(index, note.size)][::-1]
        _need(len(leaf["proof"]) == len(siblings), f"leaf {index} needs {len(siblings)} hashes")
        node = _hash(leaf["leaf_hash"])
        for (start, _), value in zip(siblings, map(_hash, leaf["proof"]), strict=True):
            node = _above(value, node) if start < index else _above(node, value)
        _need(node == note.root, f"leaf {index} leads to {node.hex()}, not to {note.root.hex()}")


def _descent(index: int, size: int) -> Iterator[tuple[Range, Range]]:
    """Yield, from the root down to leaf *index*, the node entered and the sibling left aside."""
    start, end = 0, size
    while end - start > 1:
        split = start + (1 << ((end - start - 1).bit_length() - 1))
        left, right = (start, split), (split, end)
        (start, end), sibling = (left, right) if index < split else (right, left)
        yield (start, end), sibling


def _above(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _same_hash(text: str, stated: str) -> None:
    _need(sha256(text.encode()).hexdigest() == stated, "the text is not the one hashed")


def _check_leaves(leaves: list[Json], make: Callable[[Json], bytes]) -> None:
    for stated in leaves:
        if stated["fields"] is not None:
            found, where = make(stated["fields"]), f"leaf {stated['index']}"
            _need(stated["leaf"] == found.hex(), f"{where} does not follow from its fields")
            hashed = sha256(b"\x00" + found).hexdigest()
            _need(stated["leaf_hash"] == hashed, f"{where} has another hash")


def _text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(raw)) + raw


def _wholes(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}Q", *numbers)


def _number(text: str) -> int:
    _need(re.fullmatch("0|[1-9][0-9]{0,19}", text, re.ASCII), "a whole number is malformed")
    return int(text)


def _hash(text: str) -> bytes:
    raw = bytes.fromhex(text)
    _need(len(raw) == 32 and raw.hex() == text, "a hash is not 32 bytes in hex")
    return raw


def _command_leaf(fields: Json) -> bytes:
    identity = sha256(fields["id"].encode()).digest()
    leaf = _text("yongneng/command/1") + _wholes(fields["sequence"]) + _text(identity)
    leaf += _text(fields["kind"]) + _text(fields["actor"]) + _text(_hash(fields["payload_hash"]))
    leaf += _text(fields["code"]) + _text(_hash(fields["answer_hash"]))
    return (
        leaf + _text(fields["rules_version"]) + _wholes(_number(fields["recorded_at_microseconds"]))
    )


def _entry_leaf(fields: Json) -> bytes:
    leaf = _text("yongneng/entry/1")
    leaf += _wholes(fields["sequence"], fields["command_sequence"], fields["ordinal"])
    leaf += _text(fields["code"]) + _text(fields["rule"]) + _text(fields["reference"])
    leaf += _wholes(_number(fields["effective_at_microseconds"]), fields["reverses"])
    leaf += _wholes(len(fields["postings"]))
    for source, destination, asset, amount in fields["postings"]:
        leaf += _text(source) + _text(destination) + _text(asset) + _wholes(_number(amount))
    return leaf


def _check_order(command: Json, entries: list[Json]) -> None:
    """Require that the entries follow the command, one leaf after the other."""
    for number, entry in enumerate(entries):
        index, fields = entry["index"], entry["fields"]
        _need(index == command["index"] + 1 + number, f"leaf {index} is out of order")
        if fields is not None:
            own = fields["command_sequence"] == command["fields"]["sequence"]
            _need(own and fields["ordinal"] == number, f"leaf {index} is of another command")
            place = fields["command_sequence"] + fields["sequence"] - 1
            _need(index == place, f"entry {fields['sequence']} does not stand at leaf {index}")


def _parse_note(text: str) -> Note:
    """Return the checkpoint in a signed note; raise ValueError for any other spelling of it."""
    body, _, tail = text.rpartition("\n\n")
    plain = not re.search("[\x00-\x09\x0b-\x1f]", text) and tail[-1:] == "\n"
    _need(plain and body.count("\n") in (3, 4), "it needs four lines or five, then signatures")
    origin, size, root_text, time, *extension = body.split("\n")
    _need(re.fullmatch(r"time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time, re.ASCII), "no time line")
    _need(all(line.startswith("sm3 ") for line in extension), "the fifth line is not that of SM3")
    roots = [_unpacked(line.removeprefix("sm3 ")) for line in (root_text, *extension)]
    _need(origin and {len(root) for root in roots} == {32}, "the origin or a root is malformed")
    signatures: dict[tuple[str, bytes], bytes] = {}
    for line in tail[:-1].split("\n"):
        dash, name, packed = line.split(" ")
        raw = _unpacked(packed)
        _need(dash == "\N{EM DASH}" and name and len(raw) > 4, "a signature line is malformed")
        _need((name, raw[:4]) not in signatures, "one key has two signature lines")
        signatures[name, raw[:4]] = raw[4:]
    return Note(origin, _number(size), roots[0], f"{body}\n", signatures)


def _unpacked(text: str) -> bytes:
    raw = b64decode(text, validate=True)
    _need(b64encode(raw).decode() == text, "its base64 is not canonical")
    return raw


def _check_signed(note: Note, key_text: str) -> None:
    """Require that one of the keys signed, and that no signature of any of them is wrong."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    known = 0
    for line in key_text.splitlines():
        name, hash_hex, packed = line.split("+", 2)
        raw = _unpacked(packed)
        key_hash = sha256(name.encode() + b"\n" + raw).digest()[:4]
        fits = len(raw) == 33 and raw[0] == 1 and hash_hex == key_hash.hex()
        _need(fits, "a key is not of Ed25519 (algorithm 1), or its hash is of another key")
        if (name, key_hash) in note.signatures:
            known += 1
            try:
                signature = note.signatures[name, key_hash]
                Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature, note.body.encode())
            except InvalidSignature:
                raise ValueError(f"the signature of {name!r} does not fit the text") from None
    _need(known, "none of the given keys signed it")


def _not_proved(receipt: Json, key: str, outside: str) -> Iterator[str]:
    if not key:
        yield "No key was given: that the log signed the checkpoint was not checked."
    if not outside:
        yield "No outside checkpoint: that others are shown the same history was not checked."
    if any(entry["fields"] is None for entry in receipt["entries"]):
        yield "Entries that name others are given by their hash alone."
    yield "That no other entry belongs to the command, only an export of all history can show."


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    _need(len(dict(pairs)) == len(pairs), "a name stands twice in one object")
    return dict(pairs)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Verify a receipt of a Yongneng ledger offline.")
    parser.add_argument("receipt", type=Path)
    parser.add_argument("--key", type=Path, help="verifier keys from outside, one a line")
    parser.add_argument("--checkpoint", type=Path, help="a signed checkpoint kept outside")
    parser.add_argument("--consistency", type=Path, help="the proof between the two, as JSON")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    texts, name = ["", "", "", ""], ""
    given = (options.receipt, options.key, options.checkpoint, options.consistency)
    try:
        for at, path in enumerate(given):
            name = ("form", "checkpoint_signature", "outside_form", "outside_root")[at]
            texts[at] = path.read_bytes().decode() if path else ""
        proof = json.loads(texts[3]) if texts[3] else None
        name = "form"
        receipt = json.loads(texts[0], object_pairs_hook=_unique)
        found = check_receipt(receipt, texts[1], texts[2], proof)
    except (OSError, ValueError, RecursionError) as error:
        found = Finding(name, f"cannot be read: {error}"[:300], (), ())
    result = {"ok": not found.failed, **found._asdict()}
    lines = [f"passed      {check}" for check in found.passed]
    lines += [f"NOT PROVED  {sentence}" for sentence in found.not_proved]
    if found.failed:
        lines = [f"FAILED  {found.failed}: {found.detail}"]
    else:
        note, fields = _parse_note(receipt["checkpoint"]), receipt["command"]["fields"]
        result |= {"origin": note.origin, "size": note.size, "sequence": fields["sequence"]}
        lines.append(f"Command {fields['sequence']} is in {note.origin}, of {note.size} leaves")
    text = json.dumps(result) if options.json else "\n".join(lines)
    print(text.encode("ascii", "backslashreplace").decode())  # whatever the terminal can show
    return 1 if found.failed else 0


if __name__ == "__main__":
    sys.exit(main())
