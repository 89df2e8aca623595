"""Receipts against forgers: written by hand from docs/format.md, verified by the one file alone."""

import ast
import copy
import json
import random
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import verify_receipt
from ledger.verify_receipt import check_receipt
from tests.ledger.independent import (
    command_leaf,
    entry_leaf,
    root,
    signed,
    small_log,
    verifier_key,
)
from tests.ledger.test_merkle import naive_path, naive_subproof

LOG = small_log()
KEY = verifier_key()
VERIFIER = Path(verify_receipt.__file__)
HASHES = [sha256(b"\x00" + leaf).digest() for leaf in LOG.leaves()]
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NO_OTHER_ENTRY = (
    "That no other entry belongs to the command, only an export of all history can show."
)


def note_of(block):
    return signed(LOG.body(block))


def fields_of(row):
    """The row of an export as the fields of a receipt."""
    fields = dict(row)
    for name in ("recorded_at", "effective_at"):
        if name in fields:
            fields[f"{name}_microseconds"] = str(fields.pop(name))
    if "answer" in fields:
        fields["answer_hash"] = sha256(fields["answer"].encode()).hexdigest()
    return fields


def leaf_of(index, raw, fields, size):
    return {
        "index": index,
        "leaf": raw.hex(),
        "leaf_hash": HASHES[index].hex(),
        "fields": fields,
        "proof": [each.hex() for each in naive_path(index, HASHES[:size])],
    }


def receipt_of(sequence, *, block=5, hidden=()):
    """The receipt of a command of the small log, under the checkpoint of a block."""
    size = int(LOG.body(block).split("\n")[1])
    mine = [row for row in LOG.entries if row["command_sequence"] == sequence]
    before = [row for row in LOG.entries if row["command_sequence"] < sequence]
    index, command = sequence - 1 + len(before), LOG.commands[sequence - 1]
    entries = [
        leaf_of(index + 1 + number, entry_leaf(row), fields_of(row), size)
        for number, row in enumerate(mine)
    ]
    for number in hidden:
        entries[number] |= {"leaf": None, "fields": None}
    return {
        "format": "yongneng/receipt/1",
        "checkpoint": note_of(block),
        "command": leaf_of(index, command_leaf(command), fields_of(command), size),
        "entries": entries,
    }


def consistency(first, second):
    return {
        "first": first,
        "second": second,
        "first_root": root(HASHES[:first]).hex(),
        "second_root": root(HASHES[:second]).hex(),
        "proof": [each.hex() for each in naive_subproof(first, HASHES[:second], True)],
    }


def failed(receipt, key=KEY, **outside):
    """Return the name of the check that fails, empty when the receipt passes."""
    return check_receipt(receipt, key, **outside).failed


COVERED = [(sequence, 5) for sequence in range(1, 9)] + [(sequence, 4) for sequence in range(1, 8)]


@pytest.mark.parametrize(("sequence", "block"), COVERED)
def test_every_command_has_a_receipt_that_verifies_refused_ones_too(sequence, block):
    found = check_receipt(receipt_of(sequence, block=block), KEY)

    assert found.failed == "", found.detail
    assert found.passed == tuple(
        name for name in verify_receipt.CHECKS.split() if not name.startswith("outside")
    )
    assert found.not_proved[-1] == NO_OTHER_ENTRY


def test_the_refused_command_is_one_of_them():
    assert LOG.commands[3]["code"] == "insufficient_balance"
    assert receipt_of(4)["entries"] == []


def test_what_a_receipt_does_not_prove_is_said():
    said = check_receipt(receipt_of(6, hidden=[1])).not_proved

    assert [sentence.split(":")[0][:22] for sentence in said] == [
        "No key was given",
        "No outside checkpoint",
        "Entries that name othe",
        "That no other entry be",
    ]


def put(path, value):
    def change(receipt):
        place = receipt
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def call(*changes):
    def change(receipt):
        for each in changes:
            each(receipt)

    return change


def recomputed(receipt):
    """A forger makes the leaves fit whatever the fields say."""
    for leaf, make in [
        (receipt["command"], command_leaf),
        *((entry, entry_leaf) for entry in receipt["entries"]),
    ]:
        fields = dict(leaf["fields"])
        for name in ("recorded_at", "effective_at"):
            if f"{name}_microseconds" in fields:
                fields[name] = int(fields[f"{name}_microseconds"])
        raw = make(fields)
        leaf["leaf"], leaf["leaf_hash"] = raw.hex(), sha256(b"\x00" + raw).hexdigest()


FOREIGN = LOG.body(5).replace("/demonstration/", "/ledger/")
CUT = LOG.body(4)

# Every forgery of the receipt of command 6, which has two entries, and the check that finds it.
FORGERIES = {
    "another format": ("form", put(["format"], "yongneng/receipt/2")),
    "a field more": ("form", put(["note"], "trust me")),
    "a field less": ("form", lambda receipt: receipt.pop("entries")),
    "a leaf without its fields": ("form", put(["entries", 0, "fields"], None)),
    "no list of entries": ("form", put(["entries"], {})),
    "an index that is no number": ("form", put(["command", "index"], "9")),
    "an index that is true": ("form", put(["command", "index"], True)),
    "a sequence that is a fraction": ("form", put(["command", "fields", "sequence"], 6.0)),
    "a proof of numbers": ("form", put(["command", "proof"], [1])),
    "a posting of three": ("form", put(["entries", 0, "fields", "postings"], [["a", "b", "c"]])),
    "a hidden command": (
        "form",
        call(put(["command", "leaf"], None), put(["command", "fields"], None)),
    ),
    "a checkpoint of text": ("checkpoint_form", put(["checkpoint"], "10 leaves, I swear")),
    "a checkpoint with a block": (
        "checkpoint_form",
        lambda receipt: put(["checkpoint"], note_of(5).replace("\ntime", "\nblock 5\ntime"))(
            receipt
        ),
    ),
    "one key twice": (
        "checkpoint_form",
        put(["checkpoint"], note_of(5) + note_of(5).rsplit("\n\n", 1)[1]),
    ),
    "another size": (
        "checkpoint_signature",
        put(["checkpoint"], note_of(5).replace("\n14\n", "\n13\n")),
    ),
    "another origin": (
        "checkpoint_signature",
        put(["checkpoint"], note_of(5).replace("/demonstration/370100\n", "/ledger/370100\n", 1)),
    ),
    "another time": ("checkpoint_signature", put(["checkpoint"], note_of(5).replace("T00", "T01"))),
    "another key": (
        "checkpoint_signature",
        put(["checkpoint"], signed(LOG.body(5), key=OTHER_KEY)),
    ),
    "a payload": ("payload_hash", put(["command", "fields", "payload"], "{}")),
    "a payload hash": ("payload_hash", put(["command", "fields", "payload_hash"], "00" * 32)),
    "an answer": ("answer_hash", put(["command", "fields", "answer"], '{"ok":1}')),
    "an answer hash": ("answer_hash", put(["command", "fields", "answer_hash"], "00" * 32)),
    **{
        f"the command's {name}": ("command_leaf", put(["command", "fields", name], value))
        for name, value in {
            "sequence": 7,
            "id": "demo-7",
            "kind": "cash.withdraw",
            "actor": "person:P002",
            "code": "refused",
            "rules_version": "demo/2027-01",
            "recorded_at_microseconds": "1",
        }.items()
    },
    "a time with a second spelling": (
        "command_leaf",
        put(["command", "fields", "recorded_at_microseconds"], "01"),
    ),
    "a number beyond 64 bits": ("command_leaf", put(["command", "fields", "sequence"], 2**64)),
    "a number below zero": ("command_leaf", put(["command", "fields", "sequence"], -1)),
    "the command's bytes": ("command_leaf", put(["command", "leaf"], "00")),
    "the command's hash": ("command_leaf", put(["command", "leaf_hash"], "00" * 32)),
    **{
        f"the entry's {name}": ("entry_leaf", put(["entries", 1, "fields", name], value))
        for name, value in {
            "sequence": 6,
            "command_sequence": 5,
            "ordinal": 0,
            "code": "deposit",
            "rule": "REG-11",
            "reference": "bank:2026-3",
            "effective_at_microseconds": "1",
            "reverses": 4,
            "postings": [],
        }.items()
    },
    "an amount": (
        "entry_leaf",
        lambda receipt: put(["entries", 1, "fields", "postings", 0, 3], "41")(receipt),
    ),
    "an amount with a second spelling": (
        "entry_leaf",
        lambda receipt: put(["entries", 1, "fields", "postings", 0, 3], "040")(receipt),
    ),
    "an entry dropped from the middle": ("entry_order", lambda receipt: receipt["entries"].pop(0)),
    "entries swapped": ("entry_order", lambda receipt: receipt["entries"].reverse()),
    "an entry of another command": (
        "entry_order",
        lambda receipt: receipt["entries"].append(receipt_of(7)["entries"][0]),
    ),
    "an entry of another command in the right place": (
        "entry_order",
        lambda receipt: put(["entries", 0], {**receipt_of(7)["entries"][0], "index": 9})(receipt),
    ),
    "an entry without its command's number, everything recomputed": (
        "entry_order",
        call(put(["entries", 0, "fields", "command_sequence"], 7), recomputed),
    ),
    "another actor, everything recomputed": (
        "inclusion",
        call(put(["command", "fields", "actor"], "person:P002"), recomputed),
    ),
    "another amount, everything recomputed": (
        "inclusion",
        call(
            lambda receipt: put(["entries", 1, "fields", "postings", 0, 3], "41")(receipt),
            recomputed,
        ),
    ),
    "a proof hash flipped": ("inclusion", put(["command", "proof", 1], "00" * 32)),
    "a proof hash in capitals": (
        "inclusion",
        lambda receipt: put(["command", "proof", 0], receipt["command"]["proof"][0].upper())(
            receipt
        ),
    ),
    "a proof hash too short": ("inclusion", put(["command", "proof", 0], "00" * 31)),
    "a proof hash dropped": ("inclusion", lambda receipt: receipt["command"]["proof"].pop()),
    "a proof hash added": (
        "inclusion",
        lambda receipt: receipt["command"]["proof"].append("00" * 32),
    ),
    "proof hashes swapped": ("inclusion", lambda receipt: receipt["entries"][0]["proof"].reverse()),
    "a smaller tree, truly signed": ("inclusion", put(["checkpoint"], signed(LOG.body(3)))),
    "a tree that ends before the last entry, truly signed": (
        "inclusion",
        put(["checkpoint"], signed(CUT)),
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_each_forgery_fails_the_check_that_is_there_for_it(name):
    check, change = FORGERIES[name]
    receipt = copy.deepcopy(receipt_of(6))
    change(receipt)

    found = check_receipt(receipt, KEY)

    assert found.failed == check, found.detail
    assert found.detail
    assert found.not_proved == ()


def test_every_field_of_a_receipt_is_in_some_forgery():
    """Whoever adds a field to the format adds its forgery."""
    for leaf, word in (
        (receipt_of(6)["command"], "command"),
        (receipt_of(6)["entries"][0], "entry"),
    ):
        for name in leaf["fields"]:
            told = [f"the {word}'s {name}", f"a {name.replace('_', ' ')}", f"an {name}"]
            told.append(f"an {name.replace('_', ' ')}")
            assert any(each in FORGERIES for each in told), name


def test_a_hidden_entry_that_was_replaced_is_found():
    receipt = receipt_of(6, hidden=[1])
    assert failed(receipt) == ""
    receipt["entries"][1]["leaf_hash"] = HASHES[0].hex()

    assert failed(receipt) == "inclusion"


def test_an_index_beyond_the_tree_is_refused_for_trees_of_every_size():
    for size in (0, 1, 2**63 - 1, 2**63, 2**64):
        receipt = copy.deepcopy(receipt_of(6))
        receipt["checkpoint"] = signed(LOG.body(5).replace("\n14\n", f"\n{size}\n"))

        assert failed(receipt) == "inclusion"


def test_a_log_of_one_leaf_needs_no_hash():
    raw = command_leaf(LOG.commands[0])
    body = LOG.body(5).split("\n")
    body[1:3] = ["1", b64encode(HASHES[0]).decode()]
    receipt = receipt_of(1)
    receipt["checkpoint"], receipt["command"]["proof"] = signed("\n".join(body)), []

    assert failed(receipt) == ""
    assert receipt["command"]["leaf"] == raw.hex()


def test_an_outside_checkpoint_of_the_same_size_must_have_the_same_root():
    forged = signed(LOG.body(5).replace(LOG.body(5).split("\n")[2], "A" * 43 + "="))

    assert failed(receipt_of(6), outside=note_of(5)) == ""
    assert failed(receipt_of(6), outside=forged) == "outside_root"
    assert failed(receipt_of(6), outside=signed(LOG.body(5), key=OTHER_KEY)) == "outside_signature"
    assert failed(receipt_of(6), outside="a note") == "outside_form"
    assert failed(receipt_of(6), outside=signed(FOREIGN)) == "outside_origin"


@pytest.mark.parametrize(("kept", "shown"), [(3, 5), (5, 4), (4, 5)])
def test_an_outside_checkpoint_of_another_size_needs_the_proof_between_the_two(kept, shown):
    receipt, outside = receipt_of(2, block=shown), note_of(kept)
    small, large = sorted(int(LOG.body(each).split("\n")[1]) for each in (kept, shown))
    proof = consistency(small, large)

    assert failed(receipt, outside=outside, proof=proof) == ""
    assert failed(receipt, outside=outside) == "outside_root"
    assert failed(receipt, outside=outside, proof={}) == "outside_root"
    assert failed(receipt, outside=outside, proof={**proof, "first": 1}) == "outside_root"
    for spoilt in ([], proof["proof"][:-1], [*proof["proof"], "00" * 32], ["00" * 32] * 9):
        assert failed(receipt, outside=outside, proof={**proof, "proof": spoilt}) == "outside_root"


def test_a_receipt_of_a_rewritten_history_does_not_stand_beside_an_older_checkpoint():
    """The forger has the key and signs anew; only who kept a checkpoint notices."""
    forged = copy.deepcopy(LOG)
    forged.commands[1]["actor"] = "person:P666"
    forged.seal()
    hashes = [sha256(b"\x00" + leaf).digest() for leaf in forged.leaves()]
    receipt = receipt_of(2)
    receipt["checkpoint"] = signed(forged.body(5))
    command, size = forged.commands[1], len(hashes)
    receipt["command"] |= {
        "leaf": command_leaf(command).hex(),
        "leaf_hash": hashes[1].hex(),
        "fields": fields_of(command),
    }
    for leaf in (receipt["command"], *receipt["entries"]):
        leaf["proof"] = [each.hex() for each in naive_path(leaf["index"], hashes[:size])]

    assert failed(receipt) == ""
    for subproof in (naive_subproof(8, hashes, True), naive_subproof(8, HASHES, True)):
        proof = {**consistency(8, 14), "proof": [each.hex() for each in subproof]}
        assert failed(receipt, outside=note_of(3), proof=proof) == "outside_root"


def places(document, path=()):
    """Yield the path of every value of a JSON document that is no object or list."""
    parts = document.items() if isinstance(document, dict) else enumerate(document)
    for step, value in parts:
        if isinstance(value, dict | list):
            yield from places(value, (*path, step))
        else:
            yield (*path, step)


def mutated(chance, receipt):
    """Return the receipt changed in one random way that changes what it says."""
    copied = copy.deepcopy(receipt)
    path = chance.choice(list(places(copied)))
    place = copied
    for step in path[:-1]:
        place = place[step]
    value = place[path[-1]]
    if isinstance(value, int):
        place[path[-1]] = value + chance.choice([-2, -1, 1, 2, 2**32, 2**63])
        return copied
    if isinstance(place, list) and chance.random() < 0.3:
        chance.choice([place.reverse, place.pop, lambda: place.append(place[0])])()
        return copied if copied != receipt else mutated(chance, receipt)
    at = chance.randrange(len(value) + 1)
    way = chance.randrange(3)
    new = chance.choice("0123456789abcdefXyz{}:\n ")
    place[path[-1]] = value[:at] + new * (way != 0) + value[at + (way != 1) :]
    return copied if copied != receipt else mutated(chance, receipt)


def accepted_mutations(trials):
    """Return how many random forgeries of receipts pass; the release takes 50,000."""
    chance = random.Random(20_261_121)
    receipts = [receipt_of(sequence, block=5) for sequence in (2, 4, 5, 6)]
    return sum(failed(mutated(chance, chance.choice(receipts))) == "" for _ in range(trials))


def test_of_3_000_random_forgeries_none_is_accepted():
    assert accepted_mutations(3_000) == 0


def test_random_forgeries_would_notice_a_verifier_that_forgets_a_check(monkeypatch):
    monkeypatch.setattr(verify_receipt, "_check_included", lambda *_: None)

    assert accepted_mutations(300) > 10


@pytest.mark.parametrize("document", [None, 5, "x", [], {}, {"format": 1}, [[[]]]])
def test_what_is_no_receipt_at_all_is_refused_in_words(document):
    found = check_receipt(document, KEY)

    assert found.failed == "form"
    assert found.detail


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_file_runs_alone_and_says_what_it_found(tmp_path):
    receipt, key = tmp_path / "receipt.json", tmp_path / "key.txt"
    receipt.write_text(json.dumps(receipt_of(6)), encoding="utf-8")
    key.write_text(KEY + "\n", encoding="utf-8")
    kept, proof = tmp_path / "note.txt", tmp_path / "proof.json"
    kept.write_text(note_of(3), encoding="utf-8")
    proof.write_text(json.dumps(consistency(8, 14)), encoding="utf-8")

    code, said = run(receipt, "--key", key, "--checkpoint", kept, "--consistency", proof)

    assert code == 0
    assert "passed      outside_root" in said
    assert "Command 6 is in yongneng/demonstration/370100, of 14 leaves" in said
    receipt.write_text(json.dumps({**receipt_of(6), "format": "x"}), encoding="utf-8")
    code, said = run(receipt, "--json")
    assert code == 1
    assert json.loads(said)["failed"] == "form"


@pytest.mark.parametrize(
    ("raw", "check"),
    [
        (b"\xff", "form"),
        (b"{", "form"),
        (b'{"format": 1, "format": 2}', "form"),
        (b"[" * 100_000, "form"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_named_failure(tmp_path, capsys, raw, check):
    path = tmp_path / "receipt.json"
    path.write_bytes(raw)

    assert verify_receipt.main([str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["failed"] == check


def test_files_that_are_not_there_are_named_failures(tmp_path, capsys):
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt_of(6)), encoding="utf-8")
    options = {
        "--key": "checkpoint_signature",
        "--checkpoint": "outside_form",
        "--consistency": "outside_root",
    }
    for option, check in options.items():
        assert verify_receipt.main([str(path), option, str(tmp_path / "no"), "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["failed"] == check


def test_the_verifier_of_receipts_is_one_file_without_the_product():
    source = VERIFIER.read_text(encoding="utf-8")
    modules = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert modules - set(sys.stdlib_module_names) == {"cryptography"}


def test_every_check_is_described_in_the_format_page():
    page = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", page[page.index("## Receipts") :]))

    assert set(verify_receipt.CHECKS.split()) <= told


def test_every_check_that_a_test_expects_is_one_of_the_verifier():
    expected = {check for check, _ in FORGERIES.values()}

    assert expected <= set(verify_receipt.CHECKS.split())
