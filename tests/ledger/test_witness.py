"""Witnesses: what they cosign, what they refuse, and how a verifier counts them."""

import re
import struct
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.keys import verifier_key
from ledger.merkle import ProofRefused
from ledger.note import (
    Algorithm,
    CheckpointMalformed,
    CheckpointOriginOther,
    CheckpointSignatureInvalid,
    key_text,
    parse_key,
    parse_note,
    require_signed,
)
from ledger.verify import VerificationFailed, verify_export
from ledger.witness import (
    CheckpointShrank,
    Contradiction,
    NotContinued,
    SplitView,
    cosign,
    require_continued,
    witness_key,
    witnessed_by,
)
from tests.ledger.independent import KEY_NAME, LOG_KEY, signed, small_log
from tests.ledger.independent import verifier_key as key_line
from tests.ledger.test_merkle import naive_subproof

FORMAT = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")


def block_of(name):
    return re.search(rf"```{name}\n(.*?)```", FORMAT, re.DOTALL)[1]


# RFC 8032, 7.1, test 2.
WITNESS = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
)
SECOND = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME, SECOND_NAME = "witness.example/w1", "witness.example/w2"
AT = 1_782_835_300

LOG = small_log()
ORIGIN = LOG.origin()
LOG_KEYS = [verifier_key(LOG_KEY, KEY_NAME)]
HASHES = [sha256(b"\x00" + leaf).digest() for leaf in LOG.leaves()]
SIZES = {number: int(LOG.body(number).split("\n")[1]) for number in range(1, 6)}


def note(block):
    return signed(LOG.body(block))


def proof(first, second):
    return naive_subproof(first, HASHES[:second], True)


def no_proof(*_):
    raise AssertionError("no proof is needed here")


def by_hand(body, *, key=WITNESS, name=NAME, time=AT):
    """The line of a cosignature by c2sp.org/tlog-cosignature, written here anew."""
    public = key.public_key().public_bytes_raw()
    key_hash = sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    signature = key.sign(f"cosignature/v1\ntime {time}\n{body}".encode())
    packed = b64encode(key_hash + struct.pack(">Q", time) + signature).decode()
    return f"\N{EM DASH} {name} {packed}\n"


def test_the_published_cosignature_is_made_byte_for_byte():
    text = block_of("note-sm3")

    assert cosign(text, WITNESS, NAME, time=AT) == text + block_of("cosignature")
    assert key_text(witness_key(WITNESS, NAME)) + "\n" == block_of("witness-key")


def test_a_cosignature_is_what_the_specification_says():
    text = note(5)

    assert cosign(text, WITNESS, NAME, time=AT) == text + by_hand(LOG.body(5))


def test_who_cosigned_and_when_is_read_back():
    text = cosign(cosign(note(5), WITNESS, NAME, time=AT), SECOND, SECOND_NAME, time=AT + 60)
    first, second = witness_key(WITNESS, NAME), witness_key(SECOND, SECOND_NAME)

    assert witnessed_by(text, [first, second]) == {first: AT, second: AT + 60}
    assert witnessed_by(text, [second]) == {second: AT + 60}
    assert witnessed_by(note(5), [first]) == {}
    require_signed(parse_note(text), LOG_KEYS)


def test_a_witness_has_one_line_the_newest():
    once = cosign(note(5), WITNESS, NAME, time=AT)

    again = cosign(once, WITNESS, NAME, time=AT + 1)

    assert again == cosign(note(5), WITNESS, NAME, time=AT + 1)


def test_a_note_has_no_room_for_a_seventeenth_line():
    text = note(5)
    for number in range(15):
        text = cosign(text, WITNESS, f"w{number}", time=AT)
    cosign(text, WITNESS, "w0", time=AT)  # in place of its own

    with pytest.raises(CheckpointMalformed):
        cosign(text, WITNESS, "w15", time=AT)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("\n14\n", "\n13\n"),
        lambda text: text.replace("T00", "T01"),
        lambda text: text.replace(by_hand(LOG.body(5)), by_hand(LOG.body(4))),
        lambda text: text.replace(
            by_hand(LOG.body(5)),
            by_hand(LOG.body(5))[:-12] + "A" * 8 + by_hand(LOG.body(5))[-4:],
        ),
    ],
)
def test_a_cosignature_of_another_text_is_refused(spoil):
    text = cosign(note(5), WITNESS, NAME, time=AT)
    assert spoil(text) != text

    with pytest.raises(CheckpointSignatureInvalid):
        witnessed_by(spoil(text), [witness_key(WITNESS, NAME)])


def test_a_time_that_was_changed_is_refused():
    line = by_hand(LOG.body(5))
    later = by_hand(LOG.body(5), time=AT + 1)
    stamp = line[: line.index(" ", 3) + 18]
    forged = stamp + later[len(stamp) :]

    with pytest.raises(CheckpointSignatureInvalid):
        witnessed_by(note(5) + forged, [witness_key(WITNESS, NAME)])


def test_the_key_of_a_witness_is_none_of_a_log_and_the_other_way_round():
    own, log = key_text(witness_key(WITNESS, NAME)), key_line()

    assert parse_key(own, Algorithm.COSIGNATURE) == witness_key(WITNESS, NAME)
    with pytest.raises(CheckpointMalformed):
        parse_key(own)
    with pytest.raises(CheckpointMalformed):
        parse_key(log, Algorithm.COSIGNATURE)


def test_a_witness_alone_does_not_make_a_note_signed():
    text = f"{LOG.body(5)}\n{by_hand(LOG.body(5))}"

    with pytest.raises(CheckpointSignatureInvalid):
        require_continued(text, None, origin=ORIGIN, keys=LOG_KEYS, proof=no_proof)


def continued(text, seen, prove=proof):
    return require_continued(text, seen, origin=ORIGIN, keys=LOG_KEYS, proof=prove)


def test_the_first_checkpoint_is_taken_as_it_comes():
    assert continued(note(3), None, no_proof).tree_size == SIZES[3]


def test_the_same_checkpoint_is_cosigned_again_without_a_proof():
    assert continued(note(3), note(3), no_proof).tree_size == SIZES[3]


@pytest.mark.parametrize("seen", [1, 2, 3, 4])
@pytest.mark.parametrize("shown", [2, 3, 4, 5])
def test_a_larger_tree_is_cosigned_with_its_proof(seen, shown):
    if seen < shown:
        assert continued(note(shown), note(seen)).tree_size == SIZES[shown]


def test_an_empty_tree_is_the_beginning_of_every_tree():
    empty = sha256(b"").digest()
    body = f"{ORIGIN}\n0\n{b64encode(empty).decode()}\ntime 2026-07-01T00:00:00Z\n"

    assert continued(note(1), signed(body), no_proof).tree_size == SIZES[1]


def test_a_smaller_tree_is_refused_with_its_evidence():
    with pytest.raises(CheckpointShrank) as refused:
        continued(note(3), note(5), no_proof)

    assert refused.value.facts == {
        "seen": SIZES[5],
        "shown": SIZES[3],
        "problem": "it has fewer leaves",
    }
    assert refused.value.evidence == Contradiction(note(5), note(3))


def rewritten():
    log = small_log()
    log.commands[0]["actor"] = "person:P666"
    return log.seal()


def test_another_root_of_the_same_size_is_a_split_view():
    forged = signed(rewritten().body(5))

    with pytest.raises(SplitView) as refused:
        continued(forged, note(5), no_proof)

    assert refused.value.evidence == Contradiction(note(5), forged)


@pytest.mark.parametrize("whose", ["true", "forged", "none", "too long", "refused"])
def test_a_larger_tree_of_another_history_is_refused_whatever_the_proof(whose):
    log = rewritten()
    forged = signed(log.body(5))
    hashes = [sha256(b"\x00" + leaf).digest() for leaf in log.leaves()]

    def prove(first, second):
        if whose == "refused":
            raise ProofRefused("the ledger gave none")
        return {
            "true": naive_subproof(first, HASHES[:second], True),
            "forged": naive_subproof(first, hashes[:second], True),
            "none": [],
            "too long": [bytes(32)] * 70,
        }[whose]

    with pytest.raises(NotContinued) as refused:
        continued(forged, note(3), prove)

    assert refused.value.facts["seen"] == SIZES[3]
    assert refused.value.evidence[:2] == (note(3), forged)


def test_a_true_continuation_without_its_proof_is_not_cosigned():
    with pytest.raises(NotContinued):
        continued(note(5), note(3), lambda *_: [])


def test_another_ledger_another_key_and_what_is_no_note_are_refused():
    with pytest.raises(CheckpointOriginOther):
        require_continued(
            note(5), None, origin="yongneng/ledger/370100", keys=LOG_KEYS, proof=no_proof
        )
    with pytest.raises(CheckpointSignatureInvalid):
        continued(signed(LOG.body(5), key=SECOND), None)
    with pytest.raises(CheckpointMalformed):
        continued("14 leaves", None)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb"])
def test_a_name_that_no_line_can_carry_is_refused(name):
    with pytest.raises(CheckpointMalformed):
        cosign(note(5), WITNESS, name, time=AT)


def test_evidence_has_one_name():
    evidence = Contradiction(note(5), note(3))

    assert evidence.name == sha256(f"{note(5)}\n{note(3)}".encode()).hexdigest()[:16]
    assert evidence.name != Contradiction(note(3), note(5)).name


KEYS = "\n".join(
    key_text(witness_key(key, name)) for key, name in ((WITNESS, NAME), (SECOND, SECOND_NAME))
)
OUTSIDE = note(3)
ONCE = cosign(OUTSIDE, WITNESS, NAME, time=AT)
TWICE = cosign(ONCE, SECOND, SECOND_NAME, time=AT)


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("witnessed") / "export"
    LOG.write(folder)
    return folder


def failure(export, outside, witnesses=KEYS, needed=1):
    try:
        verify_export(export, outside, key_line(), witnesses, needed)
    except VerificationFailed as failed:
        return failed.check
    return ""


def test_the_verifier_counts_the_witnesses_of_the_outside_checkpoint(export):
    report = verify_export(export, TWICE, key_line(), KEYS, 2)

    assert report.witnesses == 2
    assert "witness" in report.checks
    assert verify_export(export, TWICE, key_line()).witnesses == 0


@pytest.mark.parametrize(
    ("outside", "needed", "check"),
    [
        (TWICE, 1, ""),
        (TWICE, 2, ""),
        (TWICE, 3, "witness"),
        (ONCE, 1, ""),
        (ONCE, 2, "witness"),
        (OUTSIDE, 1, "witness"),
        (OUTSIDE, 0, "witness"),
        (None, 1, "witness"),
        (ONCE.replace(by_hand(LOG.body(3)), by_hand(LOG.body(2))), 1, "witness"),
        (TWICE.replace(by_hand(LOG.body(3)), by_hand(LOG.body(2))), 1, "witness"),
    ],
)
def test_too_few_witnesses_or_a_wrong_one_fail_the_check(export, outside, needed, check):
    assert failure(export, outside, needed=needed) == check


def test_one_key_under_two_names_is_one_witness(export):
    both = cosign(ONCE, WITNESS, "another.example", time=AT)
    keys = f"{KEYS}\n{key_text(witness_key(WITNESS, 'another.example'))}"

    assert failure(export, both, keys, needed=1) == ""
    assert failure(export, both, keys, needed=2) == "witness"


def test_keys_of_another_algorithm_are_no_witnesses(export):
    assert failure(export, ONCE, key_line()) == "key"
    assert failure(export, ONCE, "") == "key"
