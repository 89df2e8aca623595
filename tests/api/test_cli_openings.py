"""The command line: exports in every form, and opening balances from template to approval."""

import json
import shutil
import subprocess
from hashlib import sha256

import pytest
from beancount import loader
from python_calamine import CalamineWorkbook

from api.cli import cli, run
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from tests.build import DISTRICT, REGULATOR, SECOND_REGULATOR, OpenFreely
from tests.conftest import _close_ledgers
from tests.ledger.small import E1, E2, FLOW, opened

GOOD = f"account,asset,amount,document\n{E1},{FLOW},1200.5,D1\n{E2},{FLOW},2,D1\n"
BAD = GOOD + f"enterprise:E9:holding,{FLOW},1,D1\n{E1},cash.cny,１,D1\n"


@pytest.fixture
def home(sqlite_engine, clock, tmp_path):
    """The directory of a ledger with two enterprises and nothing in their accounts."""
    bench = opened(sqlite_engine, clock)
    bench.do(OpenFreely(addresses=("enterprise:E2:cash",))).require()
    _close_ledgers(bench.engine)
    return tmp_path


@pytest.fixture
def yongneng(capsys, monkeypatch, home):
    """Return a function that runs a command on that ledger and returns its code and JSON."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def ran(*arguments):
        code = run(cli, [str(one) for one in (*arguments, "--data", home, "--json")])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else err

    return ran


@pytest.fixture
def openings(yongneng):
    """Return a function that brings opening balances in."""

    def ran(file, *options, actor=REGULATOR):
        return yongneng("import", "opening-balances", file, "--actor", actor, *options)

    return ran


def write(home, text, name="openings.csv"):
    path = home / name
    path.write_text(text, encoding="utf-8")
    return path, sha256(path.read_bytes()).hexdigest()


def digest_of(home):
    engine = connect(sqlite_url(home))
    with reading(engine) as connection:
        digest = state_digest(connection)
    engine.dispose()
    return digest


def test_opening_balances_are_tried_confirmed_and_approved(openings, yongneng, home):
    file, hashed = write(home, GOOD)
    before = digest_of(home)

    code, tried = openings(file, "--dry-run")

    assert (code, tried) == (
        0,
        {
            "file": "openings.csv",
            "hash": hashed,
            "rows": 2,
            "totals": [[FLOW, "1202.500", "tce"]],
            "errors": [],
        },
    )
    assert digest_of(home) == before
    code, proposed = openings(file, "--confirm", hashed)
    assert code == 0
    result = proposed["result"]
    approve = ("approve", result["proposal"], result["payload_hash"], "--actor")
    assert yongneng(*approve, SECOND_REGULATOR)[0] == 0
    _, told = yongneng("balance", "enterprise:E")
    assert [(one["account"], int(one["amount"])) for one in told["balances"]] == [
        (E1, 1_200_500),
        (E2, 2_000),
    ]


def test_a_file_with_faults_is_told_row_by_row_and_not_sent(openings, home):
    file, hashed = write(home, BAD)
    before = digest_of(home)

    for options in (("--dry-run",), ("--confirm", hashed)):
        code, told = openings(file, *options, "--errors", home / "wrong" / "errors.xlsx")

        assert code == 1
        assert [(one["row"], one["column"], one["code"]) for one in told["errors"]] == [
            (4, "account", "account_unknown"),
            (5, "amount", "cell_full_width"),
        ]
        assert told["errors"][1]["message_zh"] == "“amount”列的“１”含全角字符。请改用半角数字。"
    with CalamineWorkbook.from_path(home / "wrong" / "errors.xlsx") as book:
        rows = book.get_sheet_by_index(0).to_python()
    assert [row[4] != "" for row in rows] == [True, False, False, True, True]
    assert digest_of(home) == before


def test_faults_are_said_in_words_in_the_language_asked_for(capsys, monkeypatch, home):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    file, _ = write(home, BAD)
    arguments = ["import", "opening-balances", str(file), "--actor", REGULATOR, "--dry-run"]

    code = run(cli, [*arguments, "--data", str(home)])
    in_chinese = capsys.readouterr().out
    run(cli, [*arguments, "--data", str(home), "--lang", "en"])
    in_english = capsys.readouterr().out

    assert code == 1
    assert in_chinese.splitlines()[1] == "第 5 行：“amount”列的“１”含全角字符。请改用半角数字。"
    assert in_english.splitlines()[0].startswith(
        "row 4: Account: there is no account enterprise:E9"
    )


@pytest.mark.parametrize("change", ["\n", f"{E1},cash.cny,1,D\n"])
def test_a_file_that_was_changed_after_the_dry_run_is_not_sent(openings, home, change):
    file, hashed = write(home, GOOD)
    openings(file, "--dry-run")
    file.write_text(GOOD + change, encoding="utf-8")
    before = digest_of(home)

    code, told = openings(file, "--confirm", hashed)

    assert (code, told["code"]) == (1, "import_not_checked")
    assert told["facts"]["found"] == sha256(file.read_bytes()).hexdigest()
    assert digest_of(home) == before


def test_a_file_that_waits_or_was_taken_is_not_sent_twice(openings, yongneng, home):
    file, hashed = write(home, GOOD)
    _, proposed = openings(file, "--confirm", hashed)
    before = digest_of(home)

    code, told = openings(file, "--confirm", hashed)

    assert (code, {one["code"] for one in told["errors"]}) == (1, {"opening_waits"})
    assert digest_of(home) == before
    number = proposed["result"]["proposal"]
    yongneng("reject", number, "wrong file", "--actor", SECOND_REGULATOR)
    assert openings(file, "--confirm", hashed)[0] == 0


def test_who_has_no_right_to_it_is_refused_at_the_dry_run(openings, home):
    file, _ = write(home, GOOD)

    code, told = openings(file, "--dry-run", actor=DISTRICT)

    assert (code, told["code"]) == (1, "role_missing")


@pytest.mark.parametrize(
    "arguments",
    [
        ("opening-balances", "FILE", "--actor", REGULATOR),
        ("opening-balances", "FILE", "--actor", REGULATOR, "--dry-run", "--confirm", "ab"),
        ("opening-balances", "FILE", "--dry-run"),
        ("opening-balances", "--actor", REGULATOR, "--dry-run"),
        ("opening-balances", "FILE", "--actor", REGULATOR, "--dry-run", "--set", "x=1"),
        ("districts", "FILE", "--actor", REGULATOR, "--dry-run", "--confirm", "ab"),
        ("districts", "FILE", "--actor", REGULATOR, "--errors", "ab"),
        ("districts", "--template", "FILE"),
        ("districts", "FILE"),
        ("opening-balances", "FILE", "--actor", REGULATOR, "--dry-run", "--errors", "FILE"),
        ("opening-balances", "--template", "FILE"),
    ],
)
def test_what_makes_no_sense_together_is_misuse(yongneng, home, arguments):
    file, _ = write(home, GOOD)
    before = digest_of(home)

    code, _ = yongneng("import", *(file if one == "FILE" else one for one in arguments))

    assert code == 2
    assert file.read_text("utf-8") == GOOD
    assert digest_of(home) == before


def test_a_template_needs_neither_a_ledger_nor_a_person(yongneng, home):
    code, told = yongneng("import", "opening-balances", "--template", home / "new" / "t.xlsx")

    assert (code, told) == (0, {"template": str(home / "new" / "t.xlsx")})
    with CalamineWorkbook.from_path(home / "new" / "t.xlsx") as book:
        assert book.sheet_names == ["期初余额", "说明"]


def test_a_document_for_all_rows_stands_beside_them(openings, home):
    file, _ = write(home, f"account,asset,amount\n{E1},{FLOW},1\n")

    code, told = openings(file, "--dry-run", "--set", "document=D7")

    assert (code, told["errors"]) == (0, [])


def test_a_workbook_is_brought_in_as_a_csv_is(yongneng, home):
    from api.workbook import written

    with written(home / "d.xlsx") as book:
        sheet = book.sheet("x", ("code", "name", "name_en", "parent", "pack"), (9,) * 5)
        book.row(sheet, 1, ("990000", "示例市", "Sample City", "", "sample"))

    code, told = yongneng("import", "districts", home / "d.xlsx", "--dry-run", "--actor", REGULATOR)

    assert (code, told["commands"], told["errors"]) == (0, 1, [])


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx", "beancount", "hledger"])
def test_every_form_of_export_is_written_and_counted(yongneng, home, form):
    code, told = yongneng("export", "--format", form, "--out", home / "out", "--lang", "en")

    assert code == 0
    assert (told["counts"]["accounts"], told["counts"]["entries"]) == (13, 0)
    manifest = (home / "out" / "manifest.json").read_bytes()
    assert told["manifest_hash"] == sha256(manifest).hexdigest()
    code, told = yongneng("export", "--format", form, "--out", home / "out")
    assert (code, told["code"]) == (1, "export_directory_not_empty")


def test_the_accounting_programs_take_a_ledger_without_any_entry(yongneng, home):
    for form in ("beancount", "hledger"):
        yongneng("export", "--format", form, "--out", home / form)

    assert loader.load_file(str(home / "beancount" / "ledger.beancount"))[1] == []
    if shutil.which("hledger") is None:
        pytest.skip("needs hledger: apt-get install hledger")
    journal = str(home / "hledger" / "ledger.journal")
    subprocess.run(
        ["hledger", "-f", journal, "check", "-s", "ordereddates"], check=True, timeout=60
    )
