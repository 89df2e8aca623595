"""SM3 beside SHA-256: the published vectors, a root that grows, and a verifier that holds it."""

import copy
import hashlib
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.attest import Attester, Profile, grow, leaves, ledger_origin, sign_checkpoint
from ledger.db import reading
from ledger.export import export_jsonl
from ledger.keys import verifier_key
from ledger.merkle import CompactTree, sm3_leaf_hash, sm3_of
from ledger.note import (
    Checkpoint,
    CheckpointMalformed,
    checkpoint_body,
    parse_checkpoint,
    parse_note,
    sign_note,
)
from ledger.tables import CheckpointRow
from ledger.verify import VerificationFailed, verify_export
from tests.build import EXCHANGE, OpenFreely
from tests.ledger.independent import KEY_NAME, LOG_KEY, signed, small_log
from tests.ledger.independent import verifier_key as key_line

FORMAT = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
NOTE = re.search(r"```note-sm3\n(.*?)```", FORMAT, re.DOTALL)[1]
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def vector(name):
    return bytes.fromhex(re.search(rf"```hex {name}\n(.*?)```", FORMAT, re.DOTALL)[1])


LEAVES = [vector(name) for name in ("command-1", "entry-1", "entry-2", "command-2")]


def sm3(raw):
    """SM3 by another library than the product's: OpenSSL through hashlib."""
    return hashlib.new("sm3", raw).digest()


def naive_root(hashes):
    """RFC 9162, 2.1.1, with SM3."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else sm3(b"")
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sm3(b"\x01" + naive_root(hashes[:split]) + naive_root(hashes[split:]))


def by_hand(raw_leaves):
    return naive_root([sm3(b"\x00" + leaf) for leaf in raw_leaves])


def with_sm3(body, root):
    return f"{body}sm3 {b64encode(root).decode()}\n"


def test_the_hash_is_that_of_the_standard():
    """GB/T 32905-2016, appendix A.1 and A.2."""
    assert (
        sm3_of(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    assert sm3_of(b"abcd" * 16).hex() == (
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    )


def test_the_published_root_is_that_of_the_published_leaves():
    tree = CompactTree(digest=sm3_of)
    for leaf in LEAVES:
        tree.append(sm3_leaf_hash(leaf))

    assert tree.root() == by_hand(LEAVES) == vector("root-4-sm3")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, 31, 33])
def test_a_tree_by_sm3_agrees_with_the_naive_one_and_goes_on(size):
    raw = [b"leaf %d" % number for number in range(size)]
    tree = CompactTree(digest=sm3_of)
    for leaf in raw[: size // 2]:
        tree.append(sm3_leaf_hash(leaf))
    tree = CompactTree(tree.size, tree.peaks, digest=sm3_of)
    for leaf in raw[size // 2 :]:
        tree.append(sm3_leaf_hash(leaf))

    assert tree.root() == by_hand(raw)


def test_the_published_checkpoint_is_signed_byte_for_byte_and_read_back():
    checkpoint = Checkpoint(
        origin="yongneng/demonstration/370100",
        tree_size=4,
        root=vector("root-4"),
        time=datetime(2026, 6, 30, 16, 1, tzinfo=UTC),
        sm3_root=vector("root-4-sm3"),
    )
    key = verifier_key(LOG_KEY, KEY_NAME)

    assert sign_note(checkpoint_body(checkpoint), {key: LOG_KEY.sign}) == NOTE
    assert parse_checkpoint(parse_note(NOTE).body) == checkpoint


BODY = parse_note(NOTE).body
LINE = BODY.split("\n")[4]


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("sm3 ", "SM3 "),
        BODY.replace("sm3 ", "sm3  "),
        BODY.replace("sm3 ", "sha256 "),
        BODY.replace(LINE, ""),
        BODY.replace(LINE, "sm3 " + b64encode(bytes(31)).decode()),
        BODY.replace(LINE, LINE[:-2] + "9="),  # a bit that base64 does not need
        BODY + LINE + "\n",
        BODY[:-1],
    ],
)
def test_the_line_has_one_spelling_only(body):
    assert body != BODY
    with pytest.raises(CheckpointMalformed):
        parse_checkpoint(body)


def origin_of(engine):
    with reading(engine) as connection:
        return ledger_origin(connection)


def attester(engine, profile=Profile.SM3):
    return Attester(engine, LOG_KEY, origin=origin_of(engine), key_name="log", profile=profile)


def test_a_checkpoint_of_the_profile_states_both_roots(small):
    with reading(small.engine) as connection:
        raw = list(leaves(connection))

    note = parse_note(attester(small.engine).sign())

    stated = parse_checkpoint(note.body)
    assert stated.sm3_root == by_hand(raw)
    assert stated.tree_size == len(raw)


def test_sha_256_alone_is_the_default(small):
    note = sign_checkpoint(small.engine, LOG_KEY, origin=origin_of(small.engine), key_name="log")

    assert parse_checkpoint(parse_note(note).body).sm3_root is None
    assert note.count("\n") == 6


def test_the_second_root_grows_with_the_first(small, monkeypatch):
    going_on = attester(small.engine)
    going_on.sign()
    small.do(OpenFreely(addresses=("enterprise:E3:holding",)), actor=EXCHANGE).require()
    grown = []
    monkeypatch.setattr(
        "ledger.attest.sm3_leaf_hash", lambda leaf: grown.append(leaf) or sm3_leaf_hash(leaf)
    )

    stated = parse_checkpoint(parse_note(going_on.sign()).body)

    assert len(grown) == 2  # one new leaf, computed twice
    with reading(small.engine) as connection:
        assert stated.sm3_root == by_hand(list(leaves(connection)))
        assert grow(connection, Profile.SM3.nothing).sm3_root == stated.sm3_root


def test_one_size_is_signed_once_whatever_the_profile(small):
    first = attester(small.engine, Profile.SHA256).sign()

    assert attester(small.engine, Profile.SM3).sign() == first


def test_a_ledger_that_changes_its_profile_verifies_as_a_whole(small, tmp_path):
    attester(small.engine, Profile.SHA256).sign()
    small.do(OpenFreely(addresses=("enterprise:E3:holding",)), actor=EXCHANGE).require()
    outside = attester(small.engine, Profile.SM3).sign()
    export_jsonl(small.engine, tmp_path / "export")
    with reading(small.engine) as connection:
        notes = connection.execute(sa.select(CheckpointRow.note)).scalars().all()

    report = verify_export(tmp_path / "export", outside)

    assert [note.count("\nsm3 ") for note in notes] == [0, 1]
    assert {"checkpoint_root", "outside_root"} <= set(report.checks)


LOG = small_log()


def failure(folder, outside):
    try:
        verify_export(folder, outside, key_line())
    except VerificationFailed as failed:
        return failed.check, failed.detail
    return "", ""


def test_the_verifier_holds_a_stated_root_by_sm3(tmp_path):
    log = copy.deepcopy(LOG)
    true, false = by_hand(log.leaves()), by_hand(log.leaves()[:-1])
    early = by_hand(log.leaves()[:8])
    log.write(tmp_path / "plain")
    log.checkpoints[-1]["note"] = signed(with_sm3(log.body(5), true))
    log.write(tmp_path / "true")
    log.checkpoints[-1]["note"] = signed(with_sm3(log.body(5), false))
    log.write(tmp_path / "false")

    for name in ("plain", "true"):
        for outside in (log.body(3), with_sm3(log.body(3), early), with_sm3(log.body(5), true)):
            assert failure(tmp_path / name, signed(outside)) == ("", "")
        check, detail = failure(tmp_path / name, signed(with_sm3(log.body(3), true)))
        assert check == "outside_root"
        assert true.hex() in detail
        assert early.hex() in detail
    assert failure(tmp_path / "false", signed(log.body(3)))[0] == "checkpoint_root"


def test_a_malformed_line_is_no_checkpoint_for_the_verifier(tmp_path):
    LOG.write(tmp_path)
    line = with_sm3("", bytes(32))
    for spoilt in (line.replace("sm3", "sm4"), line + line, "sm3 AAAA\n", "sm3 ===\n"):
        assert failure(tmp_path, signed(LOG.body(3) + spoilt))[0] == "outside_form"


def test_the_line_is_signed_like_the_others(tmp_path):
    LOG.write(tmp_path)
    note = signed(with_sm3(LOG.body(3), by_hand(LOG.leaves()[:8])))
    packed = note.split("\nsm3 ")[1].split("\n")[0]
    other = b64encode(bytes([b64decode(packed)[0] ^ 1]) + b64decode(packed)[1:]).decode()

    assert failure(tmp_path, note) == ("", "")
    assert failure(tmp_path, note.replace(packed, other))[0] == "outside_signature"
    assert failure(tmp_path, note.replace(f"sm3 {packed}\n", ""))[0] == "outside_signature"
    assert failure(tmp_path, signed(LOG.body(3), key=OTHER_KEY))[0] == "outside_signature"
