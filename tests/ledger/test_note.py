"""Checkpoints as signed notes: published vectors, one spelling only, and corrupted notes."""

import base64
import random
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.note import (
    Algorithm,
    Checkpoint,
    CheckpointMalformed,
    CheckpointOriginOther,
    CheckpointSignatureInvalid,
    VerifierKey,
    checkpoint_body,
    checkpoint_origin,
    key_text,
    open_checkpoint,
    parse_checkpoint,
    parse_key,
    parse_note,
    require_signed,
    sign_note,
)

FORMAT = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
NOTE = re.search(r"```note\n(.*?)```", FORMAT, re.DOTALL)[1]
KEY_TEXT = re.search(r"```key\n(.*?)\n```", FORMAT, re.DOTALL)[1]
ORIGIN = "yongneng/demonstration/370100"
CHECKPOINT = Checkpoint(
    origin=ORIGIN,
    tree_size=4,
    root=bytes.fromhex("d1d76dc876330447d9d49aa0ed853d9f7a7e56ed46645c6dcd428956661828d7"),
    time=datetime(2026, 6, 30, 16, 1, tzinfo=UTC),
)

# RFC 8032, 7.1, test 1.
LOG_SECRET = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
LOG_KEY = VerifierKey(
    name=ORIGIN,
    public_key=bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
)
# RFC 8032, 7.1, test 2.
NEW_SECRET = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
)
NEW_KEY = VerifierKey(
    name=ORIGIN,
    public_key=bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
)

# The key and note of the Go reference implementation (golang.org/x/mod/sumdb/note).
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_BODY = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_NOTE = (
    PETER_BODY + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN"
    "1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_go_reference_key_and_note_are_accepted():
    key = parse_key(PETER)

    assert key.name == "PeterNeumann"
    assert key.key_hash.hex() == "c74f20a3"
    assert key_text(key) == PETER
    require_signed(parse_note(PETER_NOTE), [key])


def test_the_go_reference_note_is_signed_byte_for_byte():
    secret = Ed25519PrivateKey.from_private_bytes(PETER_SEED)

    note = sign_note(PETER_BODY, {parse_key(PETER): secret.sign})

    assert note == PETER_NOTE


def test_the_published_checkpoint_is_written_and_signed_byte_for_byte():
    note = sign_note(checkpoint_body(CHECKPOINT), {LOG_KEY: LOG_SECRET.sign})

    assert note == NOTE


def test_the_published_checkpoint_is_read_back():
    checkpoint = open_checkpoint(NOTE, origin=ORIGIN, keys=[parse_key(KEY_TEXT)])

    assert checkpoint == CHECKPOINT


def test_the_published_key_has_its_algorithm_inside():
    key = parse_key(KEY_TEXT)

    assert key == LOG_KEY
    assert key.algorithm is Algorithm.ED25519
    assert base64.b64decode(KEY_TEXT.split("+", 2)[2])[0] == 0x01


def test_a_time_in_another_zone_is_written_in_utc():
    shanghai = timezone(timedelta(hours=8))
    local = datetime(2026, 7, 1, 0, 1, tzinfo=shanghai)

    body = checkpoint_body(Checkpoint(ORIGIN, 4, CHECKPOINT.root, time=local))

    assert body == checkpoint_body(CHECKPOINT)


def test_the_empty_tree_has_a_checkpoint_too():
    body = f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    body += "time 2026-06-30T16:01:00Z\n"

    checkpoint = parse_checkpoint(body)

    assert checkpoint.tree_size == 0
    assert checkpoint_body(checkpoint) == body


@pytest.mark.parametrize(
    ("demonstration", "origin"),
    [(True, "yongneng/demonstration/370100"), (False, "yongneng/ledger/370100")],
)
def test_the_origin_says_whether_the_ledger_is_live(demonstration, origin):
    assert checkpoint_origin("370100", demonstration=demonstration) == origin


@pytest.mark.parametrize("ledger_id", ["", "a b", "济南", "a\n", "a/b", "a+b", "x" * 65])
def test_a_ledger_id_that_is_no_plain_name_has_no_origin(ledger_id):
    with pytest.raises(CheckpointMalformed):
        checkpoint_origin(ledger_id, demonstration=False)


BODY = checkpoint_body(CHECKPOINT)
ROOT = "0ddtyHYzBEfZ1Jqg7YU9n3p+Vu1GZFxtzUKJVmYYKNc="


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ORIGIN, ""),
        ("\n4\n", "\n04\n"),
        ("\n4\n", "\n+4\n"),
        ("\n4\n", "\n-4\n"),
        ("\n4\n", "\n4 \n"),
        ("\n4\n", "\n４\n"),
        ("\n4\n", "\n\n"),
        ("\n4\n", f"\n{2**63}\n"),
        ("\n4\n", f"\n{'9' * 5_000}\n"),
        (ROOT, ROOT[:-1]),
        (ROOT, ROOT[:-2] + "d="),
        (ROOT, ROOT[:-4]),
        (ROOT, ROOT.replace("+", "-")),
        (ROOT, " " + ROOT),
        (ROOT, ""),
        ("time", f"block 2 {'00' * 32}\ntime"),
        ("time 2026-06-30T16:01:00Z", "time 2026-6-30T16:01:00Z"),
        ("time 2026-06-30T16:01:00Z", "time 2026-06-30T16:01:00+00:00"),
        ("time 2026-06-30T16:01:00Z", "time 2026-06-30T16:01:00.000Z"),
        ("time 2026-06-30T16:01:00Z", "time 2026-02-30T16:01:00Z"),
        ("time 2026-06-30T16:01:00Z", "2026-06-30T16:01:00Z"),
        ("time 2026-06-30T16:01:00Z\n", ""),
        ("time 2026-06-30T16:01:00Z\n", "time 2026-06-30T16:01:00Z"),
        ("time 2026-06-30T16:01:00Z\n", "time 2026-06-30T16:01:00Z\nmore\n"),
    ],
)
def test_a_checkpoint_has_one_spelling_only(old, new):
    assert old in BODY

    with pytest.raises(CheckpointMalformed):
        parse_checkpoint(BODY.replace(old, new))


SIGNATURE_LINE = NOTE.splitlines(keepends=True)[-1]
PACKED = SIGNATURE_LINE.split(" ")[2].strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        BODY,
        BODY + "\n",
        SIGNATURE_LINE,
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE + "trailing\n",
        NOTE + SIGNATURE_LINE,
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—"),
        NOTE.replace(f" {PACKED}", ""),
        NOTE.replace(PACKED, PACKED[:-1]),
        NOTE.replace(PACKED, PACKED + "="),
        NOTE.replace(PACKED, "5xywiQ=="),
        NOTE.replace(PACKED, "!" + PACKED[1:]),
        NOTE.replace(f"— {ORIGIN}", "— two words"),
        NOTE.replace(f"— {ORIGIN}", "— a+b"),
        NOTE.replace(f"— {ORIGIN}", "— a\N{NO-BREAK SPACE}b"),
        NOTE.replace("yongneng", "yong\x00neng"),
        NOTE.replace("yongneng", "yong\tneng"),
        NOTE.replace("yongneng", "yong\ud800neng"),
        NOTE + "".join(f"— witness{n} {PACKED}\n" for n in range(16)),
    ],
)
def test_a_malformed_note_is_refused(text):
    with pytest.raises(CheckpointMalformed):
        parse_note(text)


@pytest.mark.parametrize(
    "text",
    [
        NOTE.replace("\n4\n", "\n5\n"),
        NOTE.replace(ROOT, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        NOTE.replace("16:01:00Z", "16:01:01Z"),
        NOTE.replace(PACKED, base64.b64encode(base64.b64decode(PACKED)[:-1]).decode()),
        NOTE.replace(PACKED, base64.b64encode(base64.b64decode(PACKED) + b"\x00").decode()),
    ],
)
def test_a_signature_that_does_not_fit_the_text_is_refused(text):
    with pytest.raises(CheckpointSignatureInvalid) as refused:
        open_checkpoint(text, origin=ORIGIN, keys=[LOG_KEY])

    assert refused.value.facts == {"key_name": ORIGIN}


def test_a_checkpoint_of_an_unknown_key_is_refused():
    with pytest.raises(CheckpointSignatureInvalid) as refused:
        open_checkpoint(NOTE, origin=ORIGIN, keys=[NEW_KEY])

    assert refused.value.code == "checkpoint_signature_invalid"


def test_a_signature_under_another_name_is_refused():
    renamed = VerifierKey(name="yongneng/demonstration/370200", public_key=LOG_KEY.public_key)

    with pytest.raises(CheckpointSignatureInvalid):
        open_checkpoint(NOTE, origin=ORIGIN, keys=[renamed])


def test_without_any_key_nothing_is_signed():
    with pytest.raises(CheckpointSignatureInvalid):
        open_checkpoint(NOTE, origin=ORIGIN, keys=[])


def test_a_checkpoint_of_another_ledger_is_refused_with_both_origins():
    with pytest.raises(CheckpointOriginOther) as refused:
        open_checkpoint(NOTE, origin="yongneng/ledger/370100", keys=[LOG_KEY])

    assert refused.value.code == "checkpoint_origin_other"
    assert refused.value.facts == {"origin": ORIGIN, "expected": "yongneng/ledger/370100"}


def test_form_is_refused_before_signature_and_signature_before_origin():
    with pytest.raises(CheckpointMalformed):
        open_checkpoint(NOTE.replace("\n4\n", "\n04\n"), origin="other", keys=[NEW_KEY])
    with pytest.raises(CheckpointSignatureInvalid):
        open_checkpoint(NOTE, origin="other", keys=[NEW_KEY])


def test_two_keys_overlap_at_a_change_and_either_suffices():
    note = sign_note(BODY, {LOG_KEY: LOG_SECRET.sign, NEW_KEY: NEW_SECRET.sign})

    assert open_checkpoint(note, origin=ORIGIN, keys=[LOG_KEY]) == CHECKPOINT
    assert open_checkpoint(note, origin=ORIGIN, keys=[NEW_KEY]) == CHECKPOINT


def test_one_wrong_signature_of_a_known_key_voids_the_note():
    note = sign_note(BODY, {LOG_KEY: LOG_SECRET.sign, NEW_KEY: NEW_SECRET.sign})
    last = note.splitlines()[-1].split(" ")[2]
    raw = bytearray(base64.b64decode(last))
    raw[-1] ^= 1
    spoiled = note.replace(last, base64.b64encode(raw).decode())

    with pytest.raises(CheckpointSignatureInvalid):
        open_checkpoint(spoiled, origin=ORIGIN, keys=[LOG_KEY, NEW_KEY])


def test_lines_of_unknown_witnesses_are_ignored():
    note = NOTE + "— witness.example AAAAAAAAAAAA\n"

    assert open_checkpoint(note, origin=ORIGIN, keys=[LOG_KEY]) == CHECKPOINT


def test_a_signer_that_flips_a_bit_is_noticed_before_anything_is_published():
    def faulty(message):
        signature = bytearray(LOG_SECRET.sign(message))
        signature[3] ^= 4
        return bytes(signature)

    with pytest.raises(CheckpointSignatureInvalid):
        sign_note(BODY, {LOG_KEY: faulty})


def test_a_signer_of_another_key_is_noticed_before_anything_is_published():
    with pytest.raises(CheckpointSignatureInvalid):
        sign_note(BODY, {LOG_KEY: NEW_SECRET.sign})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("PeterNeumann", "PeterNeuman"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER.replace("PeterNeumann", ""),
        PETER.replace("+ARpc", "+AhpC"),
        PETER[:-4],
        PETER + "\n",
        PETER + "\x00",
    ],
)
def test_a_malformed_key_is_refused(text):
    with pytest.raises(CheckpointMalformed):
        parse_key(text)


def test_of_2_000_notes_with_one_character_changed_none_is_accepted():
    chance = random.Random(20_260_701)
    accepted = []
    for _ in range(2_000):
        at = chance.randrange(len(NOTE))
        other = chance.choice("\n +/=-0123456789aAzZ\x00吨")
        text = NOTE[:at] + other + NOTE[at + 1 :]
        try:
            open_checkpoint(text, origin=ORIGIN, keys=[LOG_KEY])
        except (CheckpointMalformed, CheckpointSignatureInvalid, CheckpointOriginOther):
            continue
        if text != NOTE:
            accepted.append(text)

    assert accepted == []
