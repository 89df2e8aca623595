"""Exports: verified by the one-file verifier, refused once anything in them was changed."""

import itertools
import json
import subprocess
import sys
import tracemalloc
from hashlib import sha256

import pytest
import sqlalchemy as sa

from ledger import export, verify
from ledger.attest import LedgerNotOpened, ledger_origin, sign_checkpoint
from ledger.db import reading
from ledger.export import export_jsonl
from ledger.export_directory import ExportDirectoryNotEmpty
from ledger.keys import public_key_text
from ledger.replay import replay
from ledger.tables import CommandRow
from ledger.verify import VerificationFailed, verify_export
from tests import build
from tests.build import EXCHANGE, OpenFreely
from tests.conftest import START, FixedClock
from tests.ledger.independent import LOG_KEY
from tests.ledger.small import E1_HELD, TRADER, opened, place, play

KEY = public_key_text(LOG_KEY, "log") + "\n"


@pytest.fixture
def numbered_anew(monkeypatch):
    """Return a function after which command ids begin from 1 again, so that ledgers are twins."""
    return lambda: monkeypatch.setattr(build, "_IDS", itertools.count(1))


def sign(engine):
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    return sign_checkpoint(engine, LOG_KEY, origin=origin, key_name="log")


def forge(directory, name, old, new):
    """Replace text in one file of an export and make the manifest fit again."""
    path = directory / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    manifest["files"][name] = sha256(path.read_bytes()).hexdigest()
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    (directory / "manifest.json").write_text(text, "utf-8")


def test_an_export_verifies_without_trusting_anyone(engine, clock, tmp_path):
    bench = opened(engine, clock)
    play(bench, clock)
    note = sign(engine)

    exported = export_jsonl(engine, tmp_path / "new" / "export")

    assert exported.counts == {
        "commands": 18,
        "entries": 10,
        "accounts": 12,
        "assets": 2,
        "blocks": 17,
        "balances": 6,
        "checkpoints": 1,
    }
    manifest = (exported.directory / "manifest.json").read_bytes()
    assert exported.manifest_hash == sha256(manifest).hexdigest()
    report = verify_export(exported.directory, note, KEY)
    assert report.tree_size == 28
    assert report.outside_size == 28
    assert report.demonstration
    assert not [line for line in report.not_proved if "checkpoint" in line or "key" in line]
    alone = verify_export(exported.directory)
    assert alone.root == report.root
    assert "No outside checkpoint" in alone.not_proved[0]


def test_an_export_says_what_is_later_than_its_last_checkpoint(small, tmp_path):
    note = sign(small.engine)
    small.do(OpenFreely(addresses=("source:S1",)), actor=EXCHANGE).require()
    export_jsonl(small.engine, tmp_path / "export")

    report = verify_export(tmp_path / "export", note, KEY)

    assert "1 of 29 leaves are later than the outside checkpoint." in report.not_proved


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("other_engine", ["postgresql"], indirect=True)
def test_both_databases_export_the_same_bytes(engine, other_engine, tmp_path, numbered_anew):
    for number, each in enumerate((engine, other_engine)):
        numbered_anew()
        clock = FixedClock()
        play(opened(each, clock), clock)
        sign(each)
        export_jsonl(each, tmp_path / f"export{number}")

    for path in sorted((tmp_path / "export0").iterdir()):
        assert path.read_bytes() == (tmp_path / "export1" / path.name).read_bytes(), path.name


def test_rows_are_written_as_the_format_page_says(small, tmp_path):
    export_jsonl(small.engine, tmp_path / "export")

    lines = (tmp_path / "export" / "entries.jsonl").read_text("utf-8").splitlines()
    balances = (tmp_path / "export" / "balances.jsonl").read_text("utf-8").splitlines()

    assert json.loads(lines[8]) == {
        "sequence": 9,
        "command_sequence": 14,
        "ordinal": 0,
        "code": "reversal",
        "rule": "REG-18",
        "reference": "",
        "effective_at": 1_735_660_800_000_013,
        "reverses": 2,
        "postings": [
            ["enterprise:E2:holding", "scheme:issuance", "energy.flow.general.2025.eq.370200",
             "3000"]
        ],
    }  # fmt: skip
    amounts = {tuple(row.values())[:2]: row["amount"] for row in map(json.loads, balances)}
    assert amounts["scheme:issuance", "energy.flow.general.2025.eq.370200"] == "-5000"
    assert amounts[E1_HELD, "energy.flow.general.2025.eq.370200"] == "500"


def test_an_export_sees_one_snapshot(small, tmp_path, monkeypatch):
    write_history = export._write_history

    def disturbed(*arguments):
        counts = write_history(*arguments)
        small.do(place(100), actor=TRADER).require()
        return counts

    monkeypatch.setattr(export, "_write_history", disturbed)

    exported = export_jsonl(small.engine, tmp_path / "export")

    assert exported.counts["blocks"] == 17
    assert verify_export(exported.directory).tree_size == 28
    assert small.balance(E1_HELD, "energy.flow.general.2025.eq.370200") == 600


def test_the_verifier_beside_an_export_runs_by_itself(small, tmp_path):
    exported = export_jsonl(small.engine, tmp_path / "export")

    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "."],
        cwd=exported.directory,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert (exported.directory / "verify.py").read_bytes() == _verifier()


def _verifier():
    with open(verify.__file__, "rb") as file:
        return file.read()


@pytest.mark.parametrize(
    ("name", "old", "new", "check"),
    [
        ("entries.jsonl", '"5000"', '"5001"', "block_hash"),
        ("entries.jsonl", "grant:1", "grant:9", "block_hash"),
        ("commands.jsonl", '"actor":"person:CLR1"', '"actor":"person:CLR2"', "block_hash"),
        ("commands.jsonl", "2025-0001", "2025-0002", "payload_hash"),
        ("balances.jsonl", '"-5000"', '"-4999"', "conservation"),
        ("accounts.jsonl", "E2:holding", "E3:holding", "account"),
        ("blocks.jsonl", '"last_entry":3', '"last_entry":2', "block_chain"),
        ("commands.jsonl", 'remaining\\":500', 'remaining\\":501', "block_hash"),
        ("checkpoints.jsonl", "time 2025-01-02", "time 2025-01-03", "checkpoint_signature"),
    ],
)
def test_a_forged_export_is_refused_by_name(small, tmp_path, name, old, new, check):
    note = sign(small.engine)
    directory = export_jsonl(small.engine, tmp_path / "export").directory
    forge(directory, name, old, new)

    with pytest.raises(VerificationFailed) as failed:
        verify_export(directory, note, KEY)

    assert failed.value.check == check


def test_a_file_changed_behind_the_manifest_is_refused(small, tmp_path):
    directory = export_jsonl(small.engine, tmp_path / "export").directory
    with (directory / "commands.jsonl").open("a") as file:
        file.write("\n")

    with pytest.raises(VerificationFailed) as failed:
        verify_export(directory)

    assert failed.value.check == "file_hash"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_a_history_written_anew_and_signed_anew_fails_an_outside_checkpoint(
    engine, other_engine, tmp_path, numbered_anew
):
    numbered_anew()
    honest = opened(engine, FixedClock())
    honest.do(OpenFreely(addresses=("source:S1",)), actor=EXCHANGE).require()
    kept_outside = sign(engine)
    numbered_anew()
    rewritten = opened(other_engine, FixedClock())
    rewritten.do(OpenFreely(addresses=("source:S2",)), actor=EXCHANGE).require()
    sign(other_engine)
    directory = export_jsonl(other_engine, tmp_path / "export").directory
    verify_export(directory, key=KEY)  # it fits in itself

    with pytest.raises(VerificationFailed) as failed:
        verify_export(directory, kept_outside, KEY)

    assert failed.value.check == "outside_root"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_a_history_whose_end_was_cut_off_fails_an_outside_checkpoint(
    engine, other_engine, tmp_path, numbered_anew
):
    numbered_anew()
    whole = opened(engine, FixedClock())
    whole.do(OpenFreely(addresses=("source:S1",)), actor=EXCHANGE).require()
    kept_outside = sign(engine)
    numbered_anew()
    opened(other_engine, FixedClock())
    directory = export_jsonl(other_engine, tmp_path / "export").directory

    with pytest.raises(VerificationFailed) as failed:
        verify_export(directory, kept_outside, KEY)

    assert failed.value.check == "outside_root"
    assert "its end is cut off" in failed.value.detail


@pytest.mark.parametrize("sizes", [(1,), (7,), (512,), (3, 5, 2)])
@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_a_replay_in_other_batches_verifies_against_the_checkpoint_of_the_original(
    small, other_engine, tmp_path, sizes
):
    """Also where the checkpoint ends within a block of the replay, as it does with 7 and 512."""
    kept_outside = sign(small.engine)
    small.do(OpenFreely(addresses=("source:S1",)), actor=EXCHANGE).require()
    original = export_jsonl(small.engine, tmp_path / "original").directory
    replay(small.engine, other_engine, small.subjects, itertools.cycle(sizes))

    directory = export_jsonl(other_engine, tmp_path / "replayed").directory

    first, second = (verify_export(each, kept_outside, KEY) for each in (original, directory))
    assert second.root == first.root
    assert second.ledger_id == first.ledger_id
    assert (second.outside_size, second.tree_size) == (28, 29)


def test_large_commands_are_exported_a_few_at_a_time(sqlite_engine, clock, tmp_path):
    """100 commands of half a megabyte each, 50 MB in all, pass through less than 24 MB."""
    opened(sqlite_engine, clock)
    rows = [
        {
            "sequence": number,
            "id": f"large:{number}",
            "kind": "k",
            "actor": "a",
            "payload": "x" * 500_000,
            "payload_hash": b"",
            "code": "ok",
            "answer": "{}",
            "rules_version": "1",
            "recorded_at": START + number,
            "leaf_hash": b"",
        }
        for number in range(3, 103)
    ]
    with sqlite_engine.begin() as connection:
        connection.execute(sa.insert(CommandRow), rows)
    del rows
    tracemalloc.start()

    counts = export_jsonl(sqlite_engine, tmp_path / "export").counts
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert counts["commands"] == 102
    assert peak < 24_000_000


def test_an_export_goes_into_an_empty_directory_only(small, tmp_path):
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "kept.txt").write_text("mine")

    with pytest.raises(ExportDirectoryNotEmpty) as refused:
        export_jsonl(small.engine, tmp_path / "export")

    assert refused.value.facts == {"directory": str(tmp_path / "export")}
    assert [path.name for path in (tmp_path / "export").iterdir()] == ["kept.txt"]


def test_an_export_does_not_go_over_a_file(small, tmp_path):
    (tmp_path / "export").write_text("mine")

    with pytest.raises(ExportDirectoryNotEmpty):
        export_jsonl(small.engine, tmp_path / "export")

    assert (tmp_path / "export").read_text() == "mine"


def test_a_ledger_without_history_is_not_exported(sqlite_engine, tmp_path):
    with pytest.raises(LedgerNotOpened):
        export_jsonl(sqlite_engine, tmp_path / "export")

    assert not (tmp_path / "export").exists()
