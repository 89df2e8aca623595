"""The offline verifier against named corruptions, a forger with every key, and random flips."""

import ast
import base64
import copy
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import verify
from ledger.verify import VerificationFailed, verify_export
from tests.ledger.independent import (
    CNY,
    FLOW,
    KEY_NAME,
    signed,
    small_log,
    verifier_key,
    write_files,
)

LOG = small_log()
OUTSIDE = signed(LOG.body(3))  # kept by somebody else: 8 of 14 leaves, up to command 5
KEY = verifier_key()
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFIER = Path(verify.__file__)


@pytest.fixture
def log():
    return copy.deepcopy(LOG)


@pytest.fixture
def export(tmp_path):
    LOG.write(tmp_path / "export")
    return tmp_path / "export"


def failure(folder, checkpoint=OUTSIDE, key=KEY):
    """Return the name of the check that fails, empty when the export passes."""
    try:
        verify_export(folder, checkpoint, key)
    except VerificationFailed as failed:
        return failed.check
    return ""


def test_an_honest_export_passes_every_check(export):
    report = verify_export(export, OUTSIDE, KEY)

    assert report.checks == tuple(name for name in verify.CHECKS.split() if name != "witness")
    assert report.ledger_id == "370100"
    assert report.demonstration is True
    assert report.tree_size == 14
    assert report.root == "2c01f4c7dd97a275ed1179724c6095d5090a8c74393f14b0709bb5f51da24f92"
    assert report.counts["commands"] == 8
    assert report.outside_size == 8
    assert report.outside_time == "2026-07-01T00:03:00Z"


def test_without_an_outside_checkpoint_the_report_says_what_was_not_proved(export):
    report = verify_export(export)

    assert "No outside checkpoint" in report.not_proved[0]
    assert "No key" in report.not_proved[1]
    assert not {"outside_root", "checkpoint_signature"} & set(report.checks)


def test_leaves_later_than_the_outside_checkpoint_are_reported_as_not_proved(export):
    report = verify_export(export, OUTSIDE, KEY)

    assert report.not_proved[0] == "6 of 14 leaves are later than the outside checkpoint."


def test_leaves_under_no_checkpoint_are_reported_as_not_proved(log, tmp_path):
    log.checkpoints.pop()
    log.write(tmp_path)

    report = verify_export(tmp_path, OUTSIDE, KEY)

    assert "The last 6 leaves are under no checkpoint of the export." in report.not_proved


def test_an_export_without_any_checkpoint_proves_no_name(log, tmp_path):
    log.checkpoints = []
    log.write(tmp_path)

    report = verify_export(tmp_path)

    assert any("only claims" in sentence for sentence in report.not_proved)


def test_files_that_are_no_part_of_the_export_are_named(export):
    (export / "extra.txt").write_text("trust me", encoding="utf-8")

    report = verify_export(export, OUTSIDE, KEY)

    assert any("['extra.txt']" in sentence for sentence in report.not_proved)


def test_an_empty_ledger_passes(tmp_path):
    empty = small_log()
    for rows in (empty.commands, empty.entries, empty.blocks, empty.balances):
        rows.clear()
    empty.checkpoints = []
    empty.write(tmp_path)

    report = verify_export(tmp_path)

    assert report.tree_size == 0
    assert report.root == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def set_field(rows, at, **fields):
    rows[at].update(fields)


def edit_note(log, at, old, new):
    assert old in log.checkpoints[at]["note"]
    log.checkpoints[at]["note"] = log.checkpoints[at]["note"].replace(old, new)


def naming_a_block(body):
    return body.replace("time ", f"block 3 {'00' * 32}\ntime ")


def second_reversal(log):
    log.entries[5]["reverses"] = log.entries[4]["reverses"] = 3


def renamed(log, **fields):
    for name, value in fields.items():
        setattr(log, name, value)


# Each corruption edits rows; the manifest is made to fit afterwards.
CORRUPTIONS = {
    "payload edited": ("payload_hash", lambda log: set_field(log.commands, 1, payload="{}")),
    "payload hash edited": (
        "payload_hash",
        lambda log: set_field(log.commands, 1, payload_hash="00" * 32),
    ),
    "payload hash in capitals": (
        "payload_hash",
        lambda log: set_field(
            log.commands, 1, payload_hash=log.commands[1]["payload_hash"].upper()
        ),
    ),
    "payload and hash edited": (
        "block_hash",
        lambda log: (set_field(log.commands, 1, payload="{}"), log.seal_payloads()),
    ),
    "payload, hash and chain edited": (
        "checkpoint_root",
        lambda log: (
            set_field(log.commands, 1, payload="{}"),
            log.seal_payloads(),
            log.seal_blocks(),
        ),
    ),
    "actor edited": ("block_hash", lambda log: set_field(log.commands, 1, actor="person:P666")),
    "kind edited": ("block_hash", lambda log: set_field(log.commands, 1, kind="ledger.open")),
    "refusal made an acceptance": ("block_hash", lambda log: set_field(log.commands, 3, code="ok")),
    "answer edited": (
        "block_hash",
        lambda log: set_field(log.commands, 1, answer='{"message": "another wording"}'),
    ),
    "answer of a refusal edited": (
        "block_hash",
        lambda log: set_field(log.commands, 3, answer='{"rule": "REG-99"}'),
    ),
    "answer respelt": ("block_hash", lambda log: set_field(log.commands, 1, answer="{ }")),
    "answer and chain edited": (
        "checkpoint_root",
        lambda log: (set_field(log.commands, 1, answer="{ }"), log.seal_blocks()),
    ),
    "rules version edited": (
        "block_hash",
        lambda log: set_field(log.commands, 1, rules_version="demo/2027-01"),
    ),
    "command id edited": ("block_hash", lambda log: set_field(log.commands, 1, id="demo-x")),
    "command id used twice": ("command_id", lambda log: set_field(log.commands, 2, id="demo-2")),
    "command dropped": ("sequence", lambda log: log.commands.pop(3)),
    "last command dropped": ("sequence", lambda log: log.commands.pop()),
    "command repeated": ("sequence", lambda log: log.commands.insert(3, log.commands[2])),
    "commands swapped": ("sequence", lambda log: log.commands.insert(2, log.commands.pop(3))),
    "command behind the last block": (
        "sequence",
        lambda log: (log.command("market.open"), log.seal_payloads()),
    ),
    "command recorded at the time of another": (
        "time",
        lambda log: set_field(log.commands, 4, recorded_at=log.commands[3]["recorded_at"]),
    ),
    "command recorded earlier": ("time", lambda log: set_field(log.commands, 4, recorded_at=1)),
    "block committed at the time of another": (
        "time",
        lambda log: set_field(log.blocks, 2, committed_at=log.blocks[1]["committed_at"]),
    ),
    "block committed later": (
        "block_hash",
        lambda log: set_field(log.blocks, 1, committed_at=log.blocks[1]["committed_at"] + 1),
    ),
    "block hash edited": ("block_hash", lambda log: set_field(log.blocks, 4, hash="00" * 32)),
    "previous hash edited": (
        "block_chain",
        lambda log: set_field(log.blocks, 2, previous_hash="00" * 32),
    ),
    "last block dropped": ("sequence", lambda log: log.blocks.pop()),
    "middle block dropped": ("sequence", lambda log: log.blocks.pop(2)),
    "block number edited": ("sequence", lambda log: set_field(log.blocks, 2, number=4)),
    "blocks overlap": ("block_chain", lambda log: set_field(log.blocks, 1, first_sequence=2)),
    "blocks leave a gap": ("block_chain", lambda log: set_field(log.blocks, 1, first_sequence=4)),
    "block ends before it begins": (
        "block_chain",
        lambda log: set_field(log.blocks, 1, last_sequence=2),
    ),
    "block claims commands without end": (
        "sequence",
        lambda log: set_field(log.blocks, 4, last_sequence=10**18),
    ),
    "block states another last entry": (
        "block_chain",
        lambda log: set_field(log.blocks, 1, last_entry=3),
    ),
    "block boundary moved": (
        "block_hash",
        lambda log: (
            set_field(log.blocks, 1, last_sequence=3),
            set_field(log.blocks, 2, first_sequence=4),
        ),
    ),
    "only entry of a command dropped": ("block_chain", lambda log: log.entries.pop(2)),
    "first entry of a command dropped": ("sequence", lambda log: log.entries.pop(3)),
    "last entry dropped": ("block_chain", lambda log: log.entries.pop()),
    "entries swapped": ("sequence", lambda log: log.entries.insert(3, log.entries.pop(4))),
    "entry of another command": (
        "entry_order",
        lambda log: set_field(log.entries, 1, command_sequence=2),
    ),
    "entry of a command that has passed": (
        "block_chain",
        lambda log: set_field(log.entries, 2, command_sequence=1),
    ),
    "entry of no command": (
        "entry_order",
        lambda log: (
            set_field(log.entries, 5, command_sequence=9),
            [set_field(log.blocks, at, last_entry=5) for at in (3, 4)],
            log.seal_blocks(),
        ),
    ),
    "ordinal edited": ("entry_order", lambda log: set_field(log.entries, 4, ordinal=2)),
    "entry code edited": ("block_hash", lambda log: set_field(log.entries, 2, code="transfer")),
    "entry rule edited": ("block_hash", lambda log: set_field(log.entries, 2, rule="SET-02")),
    "entry reference edited": (
        "block_hash",
        lambda log: set_field(log.entries, 2, reference="trade:2"),
    ),
    "entry reference used twice": (
        "reference",
        lambda log: set_field(log.entries, 3, reference="bank:2026-1"),
    ),
    "entry back-dated": ("block_hash", lambda log: set_field(log.entries, 2, effective_at=1)),
    "reversal of a later entry": ("reversal", lambda log: set_field(log.entries, 4, reverses=6)),
    "reversal of itself": ("reversal", lambda log: set_field(log.entries, 5, reverses=6)),
    "reversal of a negative entry": (
        "reversal",
        lambda log: set_field(log.entries, 5, reverses=-1),
    ),
    "two reversals of one entry": ("reversal", second_reversal),
    "reversal no longer one": ("block_hash", lambda log: set_field(log.entries, 5, reverses=0)),
    "amount edited": (
        "block_hash",
        lambda log: log.entries[2]["postings"][0].__setitem__(3, "999999"),
    ),
    "amount and chain edited": (
        "balance",
        lambda log: (
            log.entries[2]["postings"][0].__setitem__(3, "999999"),
            log.seal_blocks(),
        ),
    ),
    "postings in another order": (
        "block_hash",
        lambda log: log.entries[2]["postings"].insert(0, log.entries[2]["postings"].pop(1)),
    ),
    "posting dropped": ("block_hash", lambda log: log.entries[2]["postings"].pop()),
    "all postings dropped": ("posting", lambda log: log.entries[2]["postings"].clear()),
    "posting of nothing": (
        "posting",
        lambda log: log.entries[2]["postings"][0].__setitem__(3, "0"),
    ),
    "posting below nothing": (
        "posting",
        lambda log: log.entries[2]["postings"][0].__setitem__(3, "-5"),
    ),
    "posting to itself": (
        "posting",
        lambda log: log.entries[2]["postings"][0].__setitem__(1, "enterprise:E001:holding"),
    ),
    "posting beyond cover": (
        "negative",
        lambda log: log.entries[2]["postings"][0].__setitem__(3, "5000001"),
    ),
    "posting beyond 64 bits": (
        "form",
        lambda log: log.entries[0]["postings"][0].__setitem__(3, str(2**64)),
    ),
    "account that only looks like issuance": (
        "negative",
        lambda log: (
            log.accounts.append({"address": "scheme:issuance2"}),
            log.entries[0]["postings"][0].__setitem__(0, "scheme:issuance2"),
        ),
    ),
    "account not listed": ("account", lambda log: log.accounts.pop()),
    "account listed twice": ("account", lambda log: log.accounts.append(log.accounts[0])),
    "asset not listed": ("account", lambda log: log.assets.pop()),
    "asset listed twice": ("account", lambda log: log.assets.append(log.assets[0])),
    "one balance edited": ("conservation", lambda log: set_field(log.balances, 0, amount="1")),
    "balance dropped": ("conservation", lambda log: log.balances.pop()),
    "two balances edited alike": (
        "balance",
        lambda log: [
            row.update(amount=str(int(row["amount"]) + step))
            for row, step in zip(
                [row for row in log.balances if row["asset"] == CNY], (-1, 1), strict=False
            )
        ],
    ),
    "balances of an account without postings": (
        "balance",
        lambda log: log.balances.extend(
            {"account": account, "asset": FLOW, "amount": amount}
            for account, amount in (("venue:fees", "7"), ("enterprise:E002:cash", "-7"))
        ),
    ),
    "balance stated twice": ("form", lambda log: log.balances.append(log.balances[0])),
    "balance with a plus sign": ("form", lambda log: set_field(log.balances, -1, amount="+1")),
    "balance that is no number": ("form", lambda log: set_field(log.balances, -1, amount="1e3")),
    "sequence as true": ("form", lambda log: set_field(log.commands, 0, sequence=True)),
    "sequence as a fraction": ("form", lambda log: set_field(log.commands, 0, sequence=1.0)),
    "sequence as a text": ("form", lambda log: set_field(log.commands, 0, sequence="1")),
    "reference as null": ("form", lambda log: set_field(log.entries, 0, reference=None)),
    "time beyond 64 bits": ("form", lambda log: set_field(log.commands, -1, recorded_at=2**64)),
    "field missing": ("form", lambda log: log.commands[0].pop("answer")),
    "field too many": ("form", lambda log: set_field(log.commands, 0, note="x")),
    "fields in another order": (
        "form",
        lambda log: set_field(log.commands, 0, sequence=log.commands[0].pop("sequence")),
    ),
    "amount with leading zeros": (
        "form",
        lambda log: log.entries[0]["postings"][0].__setitem__(3, "05000000"),
    ),
    "amount in full-width digits": (
        "form",
        lambda log: log.entries[0]["postings"][0].__setitem__(3, "５０００"),
    ),
    "amount as a number": (
        "form",
        lambda log: log.entries[0]["postings"][0].__setitem__(3, 5_000_000),
    ),
    "posting of three parts": ("form", lambda log: log.entries[0]["postings"][0].pop()),
    "posting as a text": ("form", lambda log: log.entries[0].update(postings=["abc1"])),
    "posting of lists": (
        "form",
        lambda log: log.entries[0].update(postings=[[["a"], [], [], "1"]]),
    ),
    "checkpoint that is no note": ("checkpoint_form", lambda log: edit_note(log, 0, "time", "tim")),
    "checkpoint with trailing garbage": (
        "checkpoint_form",
        lambda log: edit_note(log, 0, "Z\n", "Z\nmore\n"),
    ),
    "checkpoint size below nothing": (
        "checkpoint_form",
        lambda log: edit_note(log, 0, "\n8\n", "\n-8\n"),
    ),
    "checkpoint of another ledger": (
        "checkpoint_origin",
        lambda log: edit_note(log, 0, "370100\n8", "370200\n8"),
    ),
    "checkpoint text edited": (
        "checkpoint_signature",
        lambda log: edit_note(log, 0, "00:03:00Z", "00:02:00Z"),
    ),
    "checkpoint of another signer": (
        "checkpoint_signature",
        lambda log: set_field(log.checkpoints, 0, note=signed(log.body(3), key=OTHER_KEY)),
    ),
    "checkpoint with another name": (
        "checkpoint_signature",
        lambda log: set_field(log.checkpoints, 0, note=signed(log.body(3), name="x")),
    ),
    "checkpoints in another order": ("checkpoint_order", lambda log: log.checkpoints.reverse()),
    "checkpoint of another root": (
        "checkpoint_root",
        lambda log: set_field(
            log.checkpoints, 0, note=signed(log.body(3).replace("\n8\n", "\n7\n"))
        ),
    ),
    "checkpoint beyond the end": (
        "checkpoint_root",
        lambda log: set_field(
            log.checkpoints, 1, note=signed(log.body(5).replace("\n14\n", "\n15\n"))
        ),
    ),
    "checkpoint that names a block": (
        "checkpoint_form",
        lambda log: set_field(log.checkpoints, 0, note=signed(naming_a_block(log.body(3)))),
    ),
    "demonstration called live": (
        "outside_origin",
        lambda log: renamed(log, demonstration=False),
    ),
    "export of another ledger": ("outside_origin", lambda log: renamed(log, ledger_id="370200")),
    "ledger id that is no name": ("manifest", lambda log: renamed(log, ledger_id="../x")),
    "flag that is no flag": ("manifest", lambda log: renamed(log, demonstration=1)),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_caught_by_its_own_check(log, tmp_path, name):
    check, corrupt = CORRUPTIONS[name]
    corrupt(log)
    log.write(tmp_path)

    assert failure(tmp_path) == check


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_without_a_new_manifest_is_caught_by_the_old_one(log, tmp_path, name):
    _, corrupt = CORRUPTIONS[name]
    honest = log.files()
    manifest = log.manifest(honest)
    corrupt(log)
    changed = log.files()
    write_files(tmp_path, changed, manifest)

    assert changed == honest or failure(tmp_path) == "file_hash"


RAW_CORRUPTIONS = {
    "not JSON": lambda raw: raw.replace(b"{", b"[", 1),
    "a list of pairs": lambda raw: b'[["sequence", 1]]\n' + raw.split(b"\n", 1)[1],
    "an empty object": lambda raw: b"{}\n" + raw.split(b"\n", 1)[1],
    "a field twice": lambda raw: raw.replace(b'"code": "ok"', b'"code": "no", "code": "ok"', 1),
    "an empty line": lambda raw: raw.replace(b"\n", b"\n\n", 1),
    "no newline at the end": lambda raw: raw.removesuffix(b"\n"),
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "not UTF-8": lambda raw: raw.replace(b"demo-1", b"demo-\xff", 1),
    "nested too deep": lambda raw: b"[" * 100_000 + b"\n" + raw.split(b"\n", 1)[1],
    "a number without end": lambda raw: raw.replace(b'ce": 1,', b'ce": ' + b"9" * 9_999 + b",", 1),
    "half a surrogate pair": lambda raw: raw.replace(b"demo-1", b"demo-\\ud800", 1),
    "a null byte": lambda raw: raw.replace(b"demo-1", b"demo-\x00", 1),
}


@pytest.mark.parametrize("name", RAW_CORRUPTIONS)
def test_a_file_that_is_not_what_the_format_says_is_a_named_failure(log, tmp_path, name):
    files = log.files()
    files["commands.jsonl"] = RAW_CORRUPTIONS[name](LOG.files()["commands.jsonl"])
    manifest = log.manifest(files)
    manifest["counts"]["commands"] = 8
    write_files(tmp_path, files, manifest)

    assert files != LOG.files()
    assert failure(tmp_path) == "form"


@pytest.mark.parametrize("name", verify.ROWS)
def test_a_wrong_count_in_the_manifest_is_caught(log, tmp_path, name):
    manifest = log.manifest(log.files())
    manifest["counts"][name] += 1
    write_files(tmp_path, log.files(), manifest)

    assert failure(tmp_path) == "count"


MANIFEST_CORRUPTIONS = {
    "no manifest": lambda _text: None,
    "empty": lambda _text: "",
    "not JSON": lambda text: text[1:],
    "a list": lambda _text: "[]\n",
    "a text": lambda _text: '"yongneng/export/1"\n',
    "without spaces": lambda text: json.dumps(json.loads(text)) + "\n",
    "a blank at the end": lambda text: text + " ",
    "a field twice": lambda text: text.replace('  "format"', '  "format": "x",\n  "format"'),
    "another format": lambda text: text.replace("export/1", "export/2"),
    "a count as a text": lambda text: text.replace('"blocks": 5', '"blocks": "5"'),
    "a file too few": lambda text: text.replace("verify.py", "verifier.py"),
    "a path out of the directory": lambda text: text.replace('"verify.py"', '"../verify.py"'),
    "an unknown field": lambda text: text.replace('"ledger_id"', '"ledger_ip"'),
    "nested too deep": lambda _text: "[" * 100_000,
}


@pytest.mark.parametrize("name", MANIFEST_CORRUPTIONS)
def test_a_manifest_in_another_form_is_a_named_failure(export, name):
    path = export / "manifest.json"
    text = MANIFEST_CORRUPTIONS[name](path.read_text(encoding="utf-8"))
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")

    assert failure(export) == "manifest"


@pytest.mark.parametrize("name", [*sorted(LOG.files())])
def test_a_missing_file_is_a_named_failure(export, name):
    (export / name).unlink()

    assert failure(export) == "file_hash"


def test_a_directory_in_place_of_a_file_is_a_named_failure(export):
    (export / "balances.jsonl").unlink()
    (export / "balances.jsonl").mkdir()

    assert failure(export) == "file_hash"


def test_a_directory_that_does_not_exist_is_a_named_failure(tmp_path):
    assert failure(tmp_path / "nowhere") == "manifest"


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("", "outside_form"),
        ("garbage", "outside_form"),
        (OUTSIDE.replace("\n", "\r\n"), "outside_form"),
        (OUTSIDE + "\n", "outside_form"),
        (OUTSIDE + OUTSIDE.splitlines()[-1] + "\n", "outside_form"),
        (OUTSIDE.replace("\n8\n", "\n08\n"), "outside_form"),
        (OUTSIDE.replace("\n8\n", "\n７\n"), "outside_form"),
        (OUTSIDE.replace("time 2026", "time 26"), "outside_form"),
        (signed(LOG.body(3).replace("demonstration", "ledger")), "outside_origin"),
        (signed(LOG.body(3).replace("370100", "370200")), "outside_origin"),
        (OUTSIDE.replace("00:03:00Z", "00:02:00Z"), "outside_signature"),
        (signed(LOG.body(3), key=OTHER_KEY), "outside_signature"),
        (signed(LOG.body(3), name="other"), "outside_signature"),
        (signed(LOG.body(3).replace("\n8\n", "\n7\n")), "outside_root"),
        (signed(LOG.body(3).replace("\n8\n", "\n0\n")), "outside_root"),
        (signed(LOG.body(3).replace("\n8\n", "\n15\n")), "outside_root"),
        (signed(LOG.body(3).replace("\n8\n", f"\n{2**63}\n")), "outside_root"),
        (signed(naming_a_block(LOG.body(3))), "outside_form"),
        (signed(LOG.body(3)[:-1]), "outside_form"),
    ],
)
def test_an_outside_checkpoint_that_does_not_fit_is_a_named_failure(export, text, check):
    assert failure(export, text) == check


@pytest.mark.parametrize(
    "key_text",
    [
        "",
        "x",
        "a+b",
        KEY[:-1],
        KEY.replace("+e71cb089+", "+00000000+"),
        KEY.replace("+Ad", "+Bd"),
        KEY + "\n\n",
    ],
)
def test_a_malformed_key_is_a_named_failure(export, key_text):
    assert failure(export, OUTSIDE, key_text) == "key"


def test_several_keys_may_be_given_one_a_line(export):
    other = verifier_key(name="witness.example", key=OTHER_KEY)

    assert failure(export, OUTSIDE, f"{other}\n{KEY}\n") == ""


def test_a_key_of_somebody_else_is_not_enough(export):
    assert failure(export, OUTSIDE, verifier_key(key=OTHER_KEY)) == "outside_signature"


def rewritten(log):
    """Pay the fee to the buyer and hide it: payload, hashes, chain, balances, checkpoints."""
    log.commands[4]["payload"] = '{"price": 22050, "quantity": 1000000, "fee": 0}'
    log.entries[2]["postings"][2][1] = "enterprise:E002:cash"
    return log.seal()


def test_a_forger_with_the_log_key_is_caught_by_the_outside_checkpoint(log, tmp_path):
    rewritten(log).write(tmp_path)

    with pytest.raises(VerificationFailed) as failed:
        verify_export(tmp_path, OUTSIDE, KEY)

    assert failed.value.check == "outside_root"
    assert "the first 8 leaves have root" in failed.value.detail


def test_the_same_forgery_passes_without_the_outside_checkpoint(log, tmp_path):
    """The control: it is the outside checkpoint that catches the forger, and nothing else."""
    rewritten(log).write(tmp_path)

    assert failure(tmp_path, None, KEY) == ""


def test_history_cut_off_before_the_outside_checkpoint_is_caught(log, tmp_path):
    del log.commands[4:], log.entries[2:], log.blocks[2:]
    log.checkpointed = [2]
    log.seal().write(tmp_path)

    with pytest.raises(VerificationFailed) as failed:
        verify_export(tmp_path, OUTSIDE, KEY)

    assert failed.value.check == "outside_root"
    assert "its end is cut off" in failed.value.detail
    assert failure(tmp_path, None, KEY) == ""


def test_the_outside_checkpoint_catches_the_forger_even_without_a_key(log, tmp_path):
    rewritten(log).write(tmp_path)

    assert failure(tmp_path, OUTSIDE, None) == "outside_root"


def test_honest_growth_after_the_outside_checkpoint_passes(log, tmp_path):
    log.command("market.open")
    log.block()
    log.seal().write(tmp_path)

    assert failure(tmp_path) == ""


def test_an_edited_answer_text_is_caught_by_the_outside_checkpoint(log, tmp_path):
    """The wording of an answer is covered like its code, also by a forger with every key."""
    log.commands[1]["answer"] = '{"message": "another wording"}'
    log.seal().write(tmp_path)

    assert failure(tmp_path) == "outside_root"
    assert failure(tmp_path, None, KEY) == ""


def test_the_same_history_in_other_blocks_passes_and_the_report_says_so(log, tmp_path):
    """The boundary of what is proved: a replay may batch otherwise, even within a checkpoint."""
    log.blocks[1]["last_sequence"] = 3
    log.blocks[2] |= {"first_sequence": 4, "last_sequence": 7, "last_entry": 6}
    log.blocks[4] |= {"number": 4}
    del log.blocks[3]
    log.seal_blocks()
    log.write(tmp_path)

    report = verify_export(tmp_path, OUTSIDE, KEY)

    assert report.outside_size == 8
    assert any("committed together" in sentence for sentence in report.not_proved)


def renumber(log):
    """Close every gap that an edit has left, as a forger would."""
    for sequence, row in enumerate(log.commands, 1):
        for entry in log.entries:
            if entry["command_sequence"] == row["sequence"] and "done" not in entry:
                entry |= {"command_sequence": sequence, "done": True}
        row["sequence"] = sequence
        row["recorded_at"] = LOG.commands[0]["recorded_at"] + 10 * sequence
    for sequence, entry in enumerate(log.entries, 1):
        entry["sequence"] = sequence
        del entry["done"]
    ends = [min(3 * number, len(log.commands)) for number in (1, 2, 3)]
    log.blocks = [
        {
            "number": number,
            "previous_hash": "",
            "first_sequence": ends[number - 2] + 1 if number > 1 else 1,
            "last_sequence": end,
            "last_entry": sum(entry["command_sequence"] <= end for entry in log.entries),
            "committed_at": LOG.blocks[0]["committed_at"] + number,
            "hash": "",
        }
        for number, end in enumerate(ends, 1)
    ]
    log.checkpointed = [2, 3]


def tamper(chance, log):
    """Edit history up to command 5 in one random way and rebuild everything; return the way."""
    way = chance.choice(["field", "posting", "drop", "insert", "swap", "cut", "entry field"])
    command = chance.choice(log.commands[:5])
    entry = chance.choice(log.entries[:3])
    if way == "field":
        field = chance.choice(["id", "kind", "actor", "payload", "code", "answer", "rules_version"])
        command[field] += chance.choice("xyz")
    elif way == "entry field":
        field = chance.choice(["code", "rule", "reference"])
        entry[field] += chance.choice("xyz")
    elif way == "posting":
        posting = chance.choice(entry["postings"])
        posting[3] = str(int(posting[3]) - chance.randrange(1, 60))
    elif way == "drop":
        log.commands.remove(command)
        gone = command["sequence"]
        log.entries = [row for row in log.entries if row["command_sequence"] != gone]
    elif way == "insert":
        log.commands.insert(command["sequence"], {**command, "id": "new", "sequence": 99})
    elif way == "swap":
        log.commands[0], log.commands[3] = log.commands[3], log.commands[0]
    else:
        del log.commands[chance.randrange(1, 5) :]
        kept = len(log.commands)
        log.entries = [row for row in log.entries if row["command_sequence"] <= kept]
    if way in ("drop", "insert", "swap", "cut"):
        log.entries.sort(
            key=lambda row: [one["sequence"] for one in log.commands].index(row["command_sequence"])
        )
        if len(log.commands) >= 7:
            renumber(log)
        else:
            log.blocks = log.blocks[:1]
            log.blocks[0] |= {"last_sequence": len(log.commands), "last_entry": len(log.entries)}
            log.checkpointed = [1]
    log.seal()
    return way


def test_300_tampers_by_a_forger_with_every_key_are_all_caught(tmp_path):
    """P7 at the gate; the control counts how many pass without the outside checkpoint."""
    chance = random.Random(20_260_701)
    caught, ways, unnoticed = 0, Counter(), 0
    for _ in range(300):
        log = copy.deepcopy(LOG)
        way = tamper(chance, log)
        log.write(tmp_path)
        check = failure(tmp_path)
        caught += check != ""
        ways[way] += check == "outside_root"
        unnoticed += failure(tmp_path, None, KEY) == ""

    assert caught == 300
    assert min(ways[way] for way in ("field", "posting", "insert", "swap", "cut", "drop")) > 0
    assert unnoticed > 200


def test_200_random_flips_of_one_byte_are_all_refused(export):
    chance = random.Random(20_260_701)
    accepted = []
    paths = sorted(export.iterdir())
    for _ in range(200):
        path = chance.choice(paths)
        honest = path.read_bytes()
        at = chance.randrange(len(honest))
        flipped = bytes([honest[at] ^ chance.randrange(1, 256)])
        path.write_bytes(honest[:at] + flipped + honest[at + 1 :])
        if failure(export, None, None) == "":
            accepted.append((path.name, at))
        path.write_bytes(honest)

    assert accepted == []
    assert failure(export, None, None) == ""


def test_flips_in_the_manifest_itself_are_all_refused(export):
    """No hash covers the manifest: its one spelling and the signed origin must do."""
    path = export / "manifest.json"
    honest = path.read_bytes()
    accepted = []
    for at in range(len(honest)):
        path.write_bytes(honest[:at] + bytes([honest[at] ^ 1]) + honest[at + 1 :])
        if failure(export, None, None) == "":
            accepted.append(at)

    assert accepted == []


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def outside_files(tmp_path):
    (tmp_path / "checkpoint").write_bytes(OUTSIDE.encode())
    (tmp_path / "key").write_bytes(f"{KEY}\n".encode())
    return ["--checkpoint", tmp_path / "checkpoint", "--key", tmp_path / "key"]


def test_the_command_line_runs_alone_and_exits_0(export, outside_files):
    done = run(export, *outside_files)

    assert done.returncode == 0
    assert "passed      outside_root" in done.stdout
    assert "NOT PROVED  6 of 14 leaves" in done.stdout
    assert done.stderr == ""


def test_the_command_line_names_the_failed_check_and_exits_1(log, tmp_path, outside_files):
    rewritten(log).write(tmp_path / "export")

    done = run(tmp_path / "export", *outside_files)

    assert done.returncode == 1
    assert done.stdout.startswith("FAILED  outside_root: ")
    assert done.stderr == ""


def test_the_command_line_writes_one_json_object(export, capsys):
    code = verify.main([str(export), "--json"])

    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert report["ok"] is True
    assert report["tree_size"] == 14
    assert report["not_proved"][0].startswith("No outside checkpoint")


def test_the_command_line_writes_a_failure_as_json_too(export, capsys):
    (export / "blocks.jsonl").unlink()

    code = verify.main([str(export), "--json"])

    assert code == 1
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "check": "file_hash",
        "detail": "blocks.jsonl is missing",
    }


@pytest.mark.parametrize(("option", "check"), [("--checkpoint", "outside_form"), ("--key", "key")])
def test_a_file_from_outside_that_cannot_be_read_is_a_named_failure(
    export, tmp_path, capsys, option, check
):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    codes = [
        verify.main([str(export), option, str(tmp_path / name)]) for name in ("nothing", "binary")
    ]

    assert codes == [1, 1]
    assert capsys.readouterr().out.count(f"FAILED  {check}: ") == 2


def test_a_hostile_name_cannot_write_to_the_terminal(log, tmp_path, capsys):
    log.ledger_id = "\x1b[2J用能"
    log.checkpoints = []
    log.write(tmp_path)

    verify.main([str(tmp_path)])

    assert capsys.readouterr().out.isascii()


def test_without_cryptography_a_given_key_is_a_named_failure(export, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)

    assert failure(export, None, KEY) == "checkpoint_signature"
    assert failure(export, OUTSIDE, None) == ""


def test_the_verifier_is_one_file_of_at_most_500_lines_without_the_product():
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

    assert len(source.splitlines()) <= 500
    assert modules - set(sys.stdlib_module_names) == {"cryptography"}


def test_every_check_is_described_in_the_format_page():
    page = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")

    assert [check for check in verify.CHECKS.split() if f"`{check}`" not in page] == []


def test_every_failure_that_a_test_expects_is_a_check_of_the_verifier():
    expected = {check for check, _ in CORRUPTIONS.values()}

    assert expected <= set(verify.CHECKS.split())


def test_a_witness_line_does_not_disturb_the_outside_checkpoint(export):
    line = base64.b64encode(b"\x00\x01\x02\x03" + bytes(64)).decode()

    assert failure(export, f"{OUTSIDE}— witness.example {line}\n") == ""


def test_the_key_name_of_the_log_is_its_origin():
    assert f"\n— {KEY_NAME} " in OUTSIDE
