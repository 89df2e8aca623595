"""Exports as CSV: every table, exact amounts, and no cell that a spreadsheet would execute."""

import csv
import itertools
import json

import pytest

from ledger.export_csv import export_csv, harmless
from ledger.export_directory import ExportDirectoryNotEmpty
from ledger.export_sheets import KERNEL_SHEETS
from ledger.transfer import Line, PostLines
from tests import build
from tests.conftest import FixedClock
from tests.ledger.small import E1, E1_HELD, E2, FLOW, TRADER, opened, place, play


@pytest.fixture
def bench(engine, clock):
    bench = opened(engine, clock)
    play(bench, clock)
    return bench


def rows_of(directory, name):
    """Return a file's rows by heading, as any program reads CSV in UTF-8 with its mark."""
    with (directory / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_is_a_file_with_its_rows_counted(bench, tmp_path):
    exported = export_csv(bench.engine, tmp_path / "out", KERNEL_SHEETS)

    assert exported.counts == {
        "accounts": 12,
        "assets": 2,
        "balances": 6,
        "entries": 10,
        "commands": 18,
        "holds": 3,
    }
    for name, count in exported.counts.items():
        assert len(rows_of(tmp_path / "out", name)) == count
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["format"] == "yongneng/csv/1"
    assert (manifest["last_sequence"], manifest["last_entry"]) == (18, 10)


def test_amounts_stand_as_decimal_text_and_in_minor_units(bench, tmp_path):
    export_csv(bench.engine, tmp_path / "out", KERNEL_SHEETS)

    balances = {
        (row["account"], row["asset"]): (*(row["amount"], row["amount_unit"], row["amount_minor"]),)
        for row in rows_of(tmp_path / "out", "balances")
    }
    assert balances == {
        ("scheme:issuance", FLOW): ("-5.000", "tce", "-5000"),
        ("bank:settlement", "cash.cny"): ("-1000.00", "yuan", "-100000"),
        (E1, FLOW): ("4.200", "tce", "4200"),
        (E1_HELD, FLOW): ("0.500", "tce", "500"),
        (E2, FLOW): ("0.300", "tce", "300"),
        ("enterprise:E1:cash", "cash.cny"): ("1000.00", "yuan", "100000"),
    }


def test_an_entry_and_a_hold_are_told_whole(bench, tmp_path):
    export_csv(bench.engine, tmp_path / "out", KERNEL_SHEETS)

    assert rows_of(tmp_path / "out", "entries")[8] == {
        "entry": "9",
        "command": "14",
        "code": "reversal",
        "rule": "REG-18",
        "reference": "",
        "reverses": "2",
        "effective_at": "2024-12-31T16:00:00.000013Z",
        "effective_day": "2025-01-01",
        "recorded_at": "2024-12-31T16:00:00.000013Z",
        "posting": "0",
        "source": E2,
        "destination": "scheme:issuance",
        "asset": FLOW,
        "amount": "3.000",
        "amount_unit": "tce",
        "amount_minor": "3000",
    }
    assert rows_of(tmp_path / "out", "holds")[1] == {
        "hold": "5",
        "account": E1,
        "held": E1_HELD,
        "asset": FLOW,
        "amount": "0.800",
        "amount_unit": "tce",
        "amount_minor": "800",
        "remaining": "0.500",
        "remaining_unit": "tce",
        "remaining_minor": "500",
        "state": "open",
        "expires_at": "",
        "purpose": "test",
    }
    assert rows_of(tmp_path / "out", "accounts")[8] == {
        "account": E1,
        "owner": "enterprise:E1",
        "purpose": "holding",
        "state": "open",
        "opened_by": "2",
    }
    assert rows_of(tmp_path / "out", "assets")[1] == {
        "asset": FLOW,
        "measure": "energy",
        "kind": "flow",
        "origin": "general",
        "period": "2025",
        "basis": "eq",
        "area": "370200",
        "unit": "tce",
        "minor_unit": "kgce",
        "opened_by": "2",
    }


def test_the_file_begins_with_the_mark_that_excel_needs_and_has_lines_of_rfc_4180(bench, tmp_path):
    export_csv(bench.engine, tmp_path / "out", KERNEL_SHEETS)

    raw = (tmp_path / "out" / "accounts.csv").read_bytes()

    assert raw.startswith(b"\xef\xbb\xbfaccount,owner,purpose,state,opened_by\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n") == 13


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("'quoted", "''quoted"),
        ("plain =1", "plain =1"),
        ("", ""),
    ],
)
def test_text_that_a_spreadsheet_would_execute_is_made_harmless(text, written):
    assert harmless(text) == written


def test_a_reference_that_is_a_formula_is_harmless_and_a_negative_amount_stays_a_number(
    bench, tmp_path
):
    line = Line('=HYPERLINK("http://x")', "scheme:issuance", E1, FLOW, 1)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()

    export_csv(bench.engine, tmp_path / "out", KERNEL_SHEETS)

    assert rows_of(tmp_path / "out", "entries")[10]["reference"] == '\'=HYPERLINK("http://x")'
    assert rows_of(tmp_path / "out", "balances")[0]["amount"] == "-5.001"


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("other_engine", ["postgresql"], indirect=True)
def test_both_databases_give_the_same_bytes(engine, other_engine, tmp_path, monkeypatch):
    for number, each in enumerate((engine, other_engine)):
        monkeypatch.setattr(build, "_IDS", itertools.count(1))
        clock = FixedClock()
        play(opened(each, clock), clock)
        export_csv(each, tmp_path / f"out{number}", KERNEL_SHEETS)

    for path in sorted((tmp_path / "out0").iterdir()):
        assert path.read_bytes() == (tmp_path / "out1" / path.name).read_bytes(), path.name


def test_all_files_show_one_snapshot(bench, tmp_path, monkeypatch):
    """A hold that is placed while the export is being written stands in none of its files."""
    first = KERNEL_SHEETS[0]

    def disturbed(connection, names):
        yield from first.rows(connection, names)
        bench.do(place(100), actor=TRADER).require()

    sheets = (type(first)(first.name, first.zh, first.en, first.columns, disturbed),)

    exported = export_csv(bench.engine, tmp_path / "out", sheets + KERNEL_SHEETS[1:])

    assert (exported.counts["holds"], exported.counts["commands"]) == (3, 18)
    assert bench.balance(E1_HELD, FLOW) == 600


def test_an_export_goes_into_an_empty_directory_only(bench, tmp_path):
    (tmp_path / "kept.txt").write_text("mine")

    with pytest.raises(ExportDirectoryNotEmpty):
        export_csv(bench.engine, tmp_path, KERNEL_SHEETS)

    assert not (tmp_path / "accounts.csv").exists()
