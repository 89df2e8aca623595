"""Golden vectors: docs/format.md, the program, and struct code written here must agree."""

import re
import struct
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.leaf import (
    FIRST_PREVIOUS_HASH,
    block_hash,
    command_leaf,
    entry_leaf,
    leaves_hash,
    pack_bytes,
    pack_text,
)
from ledger.merkle import leaf_hash, root_of

FORMAT = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
FLOW = "energy.flow.general.2026.eq.370100"

COMMAND_1 = {
    "sequence": 1,
    "command_id": "018f-allocate-1",
    "kind": "quota.allocate",
    "actor": "person:P001",
    "payload_hash": sha256(b'{"amount":5000000,"enterprise":"E001"}').digest(),
    "code": "ok",
    "answer_hash": sha256(b'{"result":{"entries":2}}').digest(),
    "rules_version": "qingdao/2026-01",
    "recorded_at": 1_782_835_200_000_001,
}
COMMAND_2 = {
    "sequence": 2,
    "command_id": "订单-2",
    "kind": "order.place",
    "actor": "person:P002",
    "payload_hash": sha256('{"单位":"吨标准煤"}'.encode()).digest(),
    "code": "insufficient_balance",
    "answer_hash": sha256('{"facts":{"单位":"吨标准煤"},"rule":"REG-12"}'.encode()).digest(),
    "rules_version": "qingdao/2026-01",
    "recorded_at": 1_782_835_200_000_002,
}
ENTRY_1 = {
    "sequence": 1,
    "command_sequence": 1,
    "ordinal": 0,
    "code": "allocation",
    "rule": "ALC-01",
    "reference": "grant:2026-1",
    "effective_at": 1_782_835_200_000_001,
    "reverses": 0,
}
POSTINGS_1 = [("scheme:issuance", "enterprise:E001:holding", FLOW, 5_000_000)]
ENTRY_2 = {
    "sequence": 2,
    "command_sequence": 1,
    "ordinal": 1,
    "code": "reversal",
    "rule": "REG-16",
    "reference": "",
    "effective_at": 1_782_748_800_000_000,
    "reverses": 1,
}
POSTINGS_2 = [
    ("enterprise:E001:holding", "scheme:issuance", FLOW, 5_000_000),
    ("enterprise:E002:cash", "venue:fees", "cash.cny", 66_150),
]


def vector(name):
    found = re.search(rf"```hex {name}\n(.*?)```", FORMAT, re.DOTALL)
    assert found, f"docs/format.md has no vector {name}"
    return bytes.fromhex(found[1])


def packed(postings):
    return [(pack_text(a), pack_text(b), pack_text(c), amount) for a, b, c, amount in postings]


def lp(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(f">I{len(raw)}s", len(raw), raw)


def by_hand_command(row):
    tag, identity = lp("yongneng/command/1"), sha256(row["command_id"].encode()).digest()
    head = tag + struct.pack(">Q", row["sequence"]) + lp(identity) + lp(row["kind"])
    tail = lp(row["rules_version"]) + struct.pack(">Q", row["recorded_at"])
    answer = lp(row["code"]) + lp(row["answer_hash"])
    return head + lp(row["actor"]) + lp(row["payload_hash"]) + answer + tail


def by_hand_entry(row, postings):
    numbers = struct.pack(">QQQ", row["sequence"], row["command_sequence"], row["ordinal"])
    texts = lp(row["code"]) + lp(row["rule"]) + lp(row["reference"])
    counts = struct.pack(">QQQ", row["effective_at"], row["reverses"], len(postings))
    moves = b"".join(lp(a) + lp(b) + lp(c) + struct.pack(">Q", n) for a, b, c, n in postings)
    return lp("yongneng/entry/1") + numbers + texts + counts + moves


LEAVES = [
    by_hand_command(COMMAND_1),
    by_hand_entry(ENTRY_1, POSTINGS_1),
    by_hand_entry(ENTRY_2, POSTINGS_2),
    by_hand_command(COMMAND_2),
]


def by_hand_block(number, previous, span, committed_at, leaves):
    all_leaves = sha256(b"".join(map(lp, leaves))).digest()
    head = lp("yongneng/block/1") + struct.pack(">Q", number) + lp(previous)
    return sha256(head + struct.pack(">QQQQ", *span, committed_at) + lp(all_leaves)).digest()


def test_a_text_is_packed_behind_its_length_in_bytes():
    packed_text = pack_text("吨a")

    assert packed_text == bytes.fromhex("00000004e590a861")


def test_bytes_are_packed_behind_their_length():
    packed_bytes = pack_bytes(b"\x00\xff")

    assert packed_bytes == bytes.fromhex("0000000200ff")


@pytest.mark.parametrize(("name", "row"), [("command-1", COMMAND_1), ("command-2", COMMAND_2)])
def test_a_command_leaf_is_the_published_vector(name, row):
    leaf = command_leaf(**row)

    assert leaf == vector(name) == by_hand_command(row)


@pytest.mark.parametrize(
    ("name", "row", "postings"),
    [("entry-1", ENTRY_1, POSTINGS_1), ("entry-2", ENTRY_2, POSTINGS_2)],
)
def test_an_entry_leaf_is_the_published_vector(name, row, postings):
    leaf = entry_leaf(**row, postings=packed(postings))

    assert leaf == vector(name) == by_hand_entry(row, postings)


def test_an_entry_leaf_takes_its_postings_from_any_iterable():
    leaf = entry_leaf(**ENTRY_2, postings=(posting for posting in packed(POSTINGS_2)))

    assert leaf == vector("entry-2")


def test_the_first_block_names_zeros_as_its_predecessor():
    first = block_hash(
        number=1,
        previous=FIRST_PREVIOUS_HASH,
        first_sequence=1,
        last_sequence=1,
        last_entry=2,
        committed_at=1_782_835_200_000_500,
        leaves=LEAVES[:3],
    )

    by_hand = by_hand_block(1, bytes(32), (1, 1, 2), 1_782_835_200_000_500, LEAVES[:3])
    assert first == vector("block-1") == by_hand


def test_a_block_without_entries_keeps_the_last_entry_of_the_block_before():
    second = block_hash(
        number=2,
        previous=vector("block-1"),
        first_sequence=2,
        last_sequence=2,
        last_entry=2,
        committed_at=1_782_835_200_000_900,
        leaves=LEAVES[3:],
    )

    by_hand = by_hand_block(2, vector("block-1"), (2, 2, 2), 1_782_835_200_000_900, LEAVES[3:])
    assert second == vector("block-2") == by_hand


def test_the_tree_stands_in_the_order_of_commands_and_their_entries():
    root = root_of(leaf_hash(leaf) for leaf in LEAVES)

    assert root == vector("root-4")


def test_leaves_cannot_be_cut_differently_under_one_block_hash():
    assert leaves_hash([b"ab", b"c"]) != leaves_hash([b"a", b"bc"])


@pytest.mark.parametrize("field", sorted(COMMAND_1))
def test_every_field_of_a_command_changes_its_leaf(field):
    other = {**COMMAND_1, field: COMMAND_2[field]}
    if other == COMMAND_1:
        other[field] += "x"

    assert command_leaf(**other) != command_leaf(**COMMAND_1)


@pytest.mark.parametrize("field", sorted(ENTRY_1))
def test_every_field_of_an_entry_changes_its_leaf(field):
    value = ENTRY_1[field]
    other = {**ENTRY_1, field: value + 1 if isinstance(value, int) else value + "x"}

    first, second = (entry_leaf(**row, postings=packed(POSTINGS_1)) for row in (ENTRY_1, other))

    assert first != second


def test_a_text_moved_between_fields_changes_the_leaf():
    moved = {**ENTRY_1, "code": "allocationA", "rule": "LC-01"}

    first, second = (entry_leaf(**row, postings=[]) for row in (ENTRY_1, moved))

    assert len(first) == len(second)
    assert first != second


@pytest.mark.parametrize("sequence", [-1, 2**64])
def test_a_number_that_eight_bytes_cannot_hold_is_never_packed(sequence):
    with pytest.raises(struct.error):
        command_leaf(**{**COMMAND_1, "sequence": sequence})


@pytest.mark.parametrize("field", ["payload_hash", "answer_hash"])
def test_a_hash_of_another_length_is_a_bug(field):
    with pytest.raises(AssertionError):
        command_leaf(**{**COMMAND_1, field: b"short"})
