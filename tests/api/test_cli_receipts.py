"""Receipts from the command line: written by the operator, verified by anyone, forged by nobody."""

import json
import shutil

import pytest

from api.cli import cli
from api.cli import run as run_cli
from ledger.db import connect, sqlite_url
from ledger.note import parse_checkpoint, parse_note
from tests.build import OPENED
from tests.conftest import FixedClock
from tests.ledger.small import COMMANDS, ENTRIES, opened, play


@pytest.fixture
def home(sqlite_template, tmp_path):
    """The directory of the small ledger."""
    data = tmp_path / "home"
    data.mkdir()
    shutil.copyfile(sqlite_template, data / "ledger.db")
    engine, clock = connect(sqlite_url(data)), FixedClock()
    bench = opened(engine, clock)
    play(bench, clock)
    bench.writer.close()
    OPENED.remove(bench)
    engine.dispose()
    return data


@pytest.fixture
def yongneng(capsys, monkeypatch):
    """Return a function that runs the command line; it gives the exit code and what was printed."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def ran(*arguments):
        capsys.readouterr()
        code = run_cli(cli, [str(one) for one in arguments])
        return code, capsys.readouterr().out

    return ran


@pytest.fixture
def kept(yongneng, home, tmp_path):
    """The checkpoint and the key of the log, as somebody outside keeps them."""
    note, key = tmp_path / "note.txt", tmp_path / "key.txt"
    code, _ = yongneng("checkpoint", "--data", home, "--out", note, "--public-key", key)
    assert code == 0
    return {"--checkpoint": note, "--key": key}


def options(kept):
    return [each for pair in kept.items() for each in pair]


def test_the_receipt_of_every_command_verifies_offline(yongneng, home, kept, tmp_path):
    entries, refused = 0, 0
    for sequence in range(1, COMMANDS + 1):
        out = tmp_path / "receipts" / f"{sequence}.json"
        code, said = yongneng("receipt", sequence, "--data", home, "--out", out, "--json")
        assert code == 0, said
        entries += json.loads(said)["entries"]
        code, said = yongneng("verify-receipt", out, *options(kept), "--json")
        found = json.loads(said)
        assert (code, found["ok"], found["sequence"]) == (0, True, sequence)
        assert "outside_root" in found["passed"]
        receipt = json.loads(out.read_text(encoding="utf-8"))
        refused += receipt["command"]["fields"]["code"] != "ok"
    assert entries == ENTRIES
    assert refused == 3


def test_a_receipt_is_printed_where_no_file_is_named(yongneng, home, kept):
    code, printed = yongneng("receipt", 4, "--data", home)

    assert code == 0
    assert json.loads(printed)["format"] == "yongneng/receipt/1"


def test_a_forged_receipt_exits_with_1_and_the_check(yongneng, home, kept, tmp_path):
    out = tmp_path / "receipt.json"
    yongneng("receipt", 4, "--data", home, "--out", out)
    out.write_text(out.read_text(encoding="utf-8").replace('"5000"', '"5001"'), encoding="utf-8")

    code, said = yongneng("verify-receipt", out, *options(kept))

    assert code == 1
    assert said.startswith("FAILED  entry_leaf: ")


def test_there_is_no_receipt_of_what_is_not_there_or_not_covered(yongneng, home):
    code, said = yongneng("receipt", COMMANDS, "--data", home, "--json")
    assert (code, json.loads(said)["code"]) == (1, "not_covered_yet")

    code, said = yongneng("receipt", COMMANDS + 1, "--data", home, "--json")
    assert (code, json.loads(said)["code"]) == (1, "command_unknown")
    assert yongneng("receipt", 0, "--data", home)[0] == 2


def test_a_checkpoint_in_the_profile_of_sm3_states_both_roots_and_verifies(
    yongneng, home, tmp_path
):
    note, key, out = (tmp_path / name for name in ("note.txt", "key.txt", "export"))
    signing = ("--out", note, "--public-key", key, "--profile", "sm3")
    assert yongneng("checkpoint", "--data", home, *signing)[0] == 0
    assert yongneng("export", "--data", home, "--out", out)[0] == 0

    code, said = yongneng("verify-export", out, "--checkpoint", note, "--key", key, "--json")

    assert parse_checkpoint(parse_note(note.read_text(encoding="utf-8")).body).sm3_root is not None
    assert (code, json.loads(said)["ok"]) == (0, True)


def test_an_export_is_verified_with_the_witnesses_of_its_checkpoint(yongneng, home, kept, tmp_path):
    origin = kept["--checkpoint"].read_text(encoding="utf-8").split("\n")[0]
    cosigned, witness = tmp_path / "cosigned.txt", tmp_path / "witness.txt"
    code, _ = yongneng(
        *("witness", kept["--checkpoint"], "--origin", origin, "--log-key", kept["--key"]),
        *("--key", tmp_path / "w.pem", "--name", "w.example", "--state", tmp_path / "seen.json"),
        *("--out", cosigned, "--public-key", witness),
    )
    assert code == 0
    yongneng("export", "--data", home, "--out", tmp_path / "export")
    asked = ("verify-export", tmp_path / "export", "--key", kept["--key"], "--witness", witness)

    for outside, needed, expected in (
        (cosigned, 1, 0),
        (cosigned, 2, 1),
        (kept["--checkpoint"], 1, 1),
    ):
        more = ("--checkpoint", outside, "--witnesses-needed", needed, "--json")
        code, said = yongneng(*asked, *more)
        assert code == expected, said
        assert json.loads(said).get("check", "") == ("witness" if expected else "")
