"""Receipts: checked offline with hashlib and cryptography alone, and over HTTP."""

import copy
import struct
from base64 import b64decode
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.api.rest.offices import AUDITOR, EVERYTHING_PASSED, appoint, problem, sign
from tests.api.rest.test_entries import traded
from tests.api.rest.test_orders import ORDER

CHECK = "/api/v1/receipts/check"


def ordered(faced):
    client = faced.visit("person:T1")
    return client, faced.post(client, "/api/v1/orders", ORDER).json


def text(value):
    raw = value.encode()
    return struct.pack(">I", len(raw)) + raw


def octets(value):
    return struct.pack(">I", len(value)) + value


def whole(value):
    return struct.pack(">Q", int(value))


def command_bytes(fields):
    """The leaf of a command by docs/format.md, written here anew."""
    return b"".join(
        (
            text("yongneng/command/1"),
            whole(fields["sequence"]),
            octets(sha256(fields["id"].encode()).digest()),
            text(fields["kind"]),
            text(fields["actor"]),
            octets(sha256(fields["payload"].encode()).digest()),
            text(fields["code"]),
            octets(sha256(fields["answer"].encode()).digest()),
            text(fields["rules_version"]),
            whole(fields["recorded_at_microseconds"]),
        )
    )


def entry_bytes(fields):
    moves = [
        text(source) + text(destination) + text(asset) + whole(amount)
        for source, destination, asset, amount in fields["postings"]
    ]
    return b"".join(
        (
            text("yongneng/entry/1"),
            whole(fields["sequence"]),
            whole(fields["command_sequence"]),
            whole(fields["ordinal"]),
            text(fields["code"]),
            text(fields["rule"]),
            text(fields["reference"]),
            whole(fields["effective_at_microseconds"]),
            whole(fields["reverses"]),
            whole(len(moves)),
            *moves,
        )
    )


def climbed(leaf, size):
    """The root to which a leaf's proof leads (RFC 9162, 2.1.3.2)."""
    node, index, last = bytes.fromhex(leaf["leaf_hash"]), leaf["index"], size - 1
    for sibling in map(bytes.fromhex, leaf["proof"]):
        if index & 1 or index == last:
            node = sha256(b"\x01" + sibling + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    assert last == 0
    return node


def verify_offline(receipt, key):
    """Everything a stranger can check, with nothing of the product."""
    body, _, signatures = receipt["checkpoint"].rpartition("\n\n")
    _, size, root, _ = body.split("\n")
    packed = b64decode(signatures.split(" ")[2])
    public = Ed25519PublicKey.from_public_bytes(b64decode(key.split("+", 2)[2])[1:])
    public.verify(packed[4:], f"{body}\n".encode())
    written = [(receipt["command"], command_bytes), *((e, entry_bytes) for e in receipt["entries"])]
    for leaf, make in written:
        if leaf["fields"] is not None:
            assert make(leaf["fields"]).hex() == leaf["leaf"]
            assert sha256(b"\x00" + bytes.fromhex(leaf["leaf"])).hexdigest() == leaf["leaf_hash"]
        assert climbed(leaf, int(size)) == b64decode(root)


def test_there_is_no_receipt_before_a_checkpoint_covers_the_command(faced):
    sign(faced)
    client, sent = ordered(faced)
    path = f"/api/v1/commands/{sent['sequence']}/receipt"

    early = client.get(path)
    assert problem(early) == (409, "not_covered_yet")
    assert early.json["facts"]["sequence"] == sent["sequence"]

    sign(faced)
    assert client.get(path).json["command"]["leaf_hash"] == sent["leaf_hash"]


def test_every_command_and_entry_of_the_town_proves_itself_offline(faced):
    appoint(faced)
    _, sent = ordered(faced)
    _, key = sign(faced)
    client = faced.visit(AUDITOR)

    entries = 0
    for sequence in range(1, sent["sequence"] + 1):
        receipt = client.get(f"/api/v1/commands/{sequence}/receipt").json
        verify_offline(receipt, key)
        assert receipt["command"]["fields"]["sequence"] == sequence
        entries += len(receipt["entries"])
    assert entries > 3


def test_a_stranger_finds_a_forged_receipt(faced):
    client, sent = ordered(faced)
    _, key = sign(faced)
    receipt = client.get(f"/api/v1/commands/{sent['sequence']}/receipt").json
    verify_offline(receipt, key)

    forged = copy.deepcopy(receipt)
    forged["command"]["fields"]["actor"] = "person:T2"
    with pytest.raises(AssertionError):
        verify_offline(forged, key)
    forged = copy.deepcopy(receipt)
    forged["checkpoint"] = forged["checkpoint"].replace("\ntime 2", "\ntime 3")
    with pytest.raises(InvalidSignature):
        verify_offline(forged, key)


def test_the_receipt_of_a_trade_names_no_counterparty(faced):
    appoint(faced)
    entry = traded(faced)
    _, key = sign(faced)
    path = f"/api/v1/commands/{entry['command_sequence']}/receipt"

    buyer = faced.visit("person:T2").get(path).json
    auditor = faced.visit(AUDITOR).get(path).json

    verify_offline(buyer, key)
    verify_offline(auditor, key)
    assert "enterprise:E1" not in str(buyer)
    assert "enterprise:E1" in str(auditor)
    hashes = [leaf["leaf_hash"] for leaf in auditor["entries"]]
    assert [leaf["leaf_hash"] for leaf in buyer["entries"]] == hashes
    assert any(leaf["leaf"] is None for leaf in buyer["entries"])
    for other in ("person:T1", "person:T3", ""):
        assert problem(faced.visit(other).get(path)) == (404, "not_found"), other


def changed(receipt, path, value):
    copied = copy.deepcopy(receipt)
    place = copied
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copied


def test_a_check_names_the_part_that_does_not_hold(faced):
    client, sent = ordered(faced)
    note, key = sign(faced)
    receipt = client.get(f"/api/v1/commands/{sent['sequence']}/receipt").json
    before = faced.digest()

    def checked(question):
        answer = client.post(CHECK, json=question)
        assert answer.status_code == 200, answer.text
        return answer.json

    whole_one = checked({"receipt": receipt, "key": key})
    assert (whole_one["ok"], whole_one["failed"]) == (True, "")
    assert whole_one["passed"] == EVERYTHING_PASSED
    unsigned = checked({"receipt": receipt})
    assert unsigned["ok"]
    assert "checkpoint_signature" not in unsigned["passed"]
    assert any("No key" in sentence for sentence in unsigned["not_proved"])

    proof = receipt["command"]["proof"]
    forgeries = {
        "form": [changed(receipt, ["format"], "other/1"), changed(receipt, ["entries"], 5), {}],
        "checkpoint_form": [changed(receipt, ["checkpoint"], note.replace("time ", "at "))],
        "checkpoint_signature": [
            changed(receipt, ["checkpoint"], note.replace("time 2", "time 3"))
        ],
        "payload_hash": [changed(receipt, ["command", "fields", "payload"], "{}")],
        "answer_hash": [changed(receipt, ["command", "fields", "answer"], "{}")],
        "command_leaf": [
            changed(receipt, ["command", "fields", "actor"], "person:T2"),
            changed(receipt, ["command", "fields", "recorded_at_microseconds"], "-1"),
            changed(receipt, ["command", "fields", "sequence"], 2**70),
            changed(receipt, ["command", "leaf"], "00"),
        ],
        "entry_leaf": [changed(receipt, ["entries", 0, "fields", "rule"], "REG-01")],
        "entry_order": [changed(receipt, ["entries", 0, "index"], 0)],
        "inclusion": [
            changed(receipt, ["command", "proof"], proof[:-1]),
            changed(receipt, ["command", "proof", 0], "00" * 32),
            changed(receipt, ["command", "proof", 0], "zz"),
        ],
    }
    for name, ones in forgeries.items():
        for forged in ones:
            found = checked({"receipt": forged, "key": key})
            assert (found["ok"], found["failed"]) == (False, name), found
            assert found["detail"]
    foreign = note.replace("\ntime 2", "\ntime 3")
    stranger = checked({"receipt": changed(receipt, ["checkpoint"], foreign)})
    assert (stranger["ok"], stranger["failed"]) == (False, "checkpoint_known")
    assert faced.digest() == before


def test_the_public_may_check_too(faced):
    """With the token that every session of a browser takes; see GET /session."""
    client, sent = ordered(faced)
    sign(faced)
    receipt = client.get(f"/api/v1/commands/{sent['sequence']}/receipt").json
    public = faced.visit()
    token = public.get("/api/v1/session").json["csrf_token"]

    answer = public.post(CHECK, json={"receipt": receipt}, headers={"X-CSRFToken": token})

    assert answer.status_code == 200, answer.text
    assert answer.json["ok"]
