"""Opening balances from a file: tried without a trace, confirmed by hash, all rows or none."""

import csv

import pytest
from python_calamine import CalamineWorkbook

from api.file_refusals import (
    CellEmpty,
    CellNotAmount,
    CellRefused,
    ColumnsWrong,
    TooManyRows,
)
from api.opening_books import fault_documents, write_errors, write_template
from api.openings import (
    CellFullWidth,
    CellHasSeparators,
    Opening,
    OpeningRowEmpty,
    OpeningTwice,
    read_openings,
)
from api.read.rehearse_openings import OpeningExists, OpeningWaits, rehearse
from api.wording import read_wording
from api.workbook import export_xlsx, written
from ledger.approve import approving, proposing
from ledger.asset import AssetMalformed
from ledger.chart import AccountMalformed
from ledger.db import reading
from ledger.export_csv import export_csv
from ledger.export_sheets import KERNEL_SHEETS
from ledger.post import AccountUnknown, AmountNotPositive, AssetNotHeldHere, AssetUnknown
from ledger.roles import RoleMissing
from ledger.rows import RowsEmpty
from ledger.transfer import HeldUnits, Line, PostLines, ReverseEntry
from tests.build import (
    CLEARING,
    DISTRICT,
    REGULATOR,
    SECOND_REGULATOR,
    OpenFreely,
    open_ledger,
)
from tests.conftest import FixedClock
from tests.ledger.small import E1, E1_HELD, E2, FLOW, opened, play

STANDING = "coal.standing.two_high.t2030.na.370200"
ENTITLEMENT = "enterprise:E1:entitlement"
CASH = "enterprise:E1:cash"
HEADER = "account,asset,amount,document\n"
GOOD = (
    HEADER + f"{E1},{FLOW},1200.5,鲁发改〔2025〕12号\n"
    f"{CASH},cash.cny,12.34,对账单1\n"
    f"{ENTITLEMENT},{STANDING},0.001,鲁发改〔2025〕12号\n"
)


@pytest.fixture
def bench(engine, clock):
    """A ledger with two enterprises' accounts and three assets, and nothing in them."""
    bench = opened(engine, clock)
    bench.do(OpenFreely(addresses=(ENTITLEMENT,), assets=(STANDING,))).require()
    return bench


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a CSV file of this text."""

    def named(text, name="openings.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return named


def tried(bench, openings, actor=REGULATOR):
    """Return what a dry run finds wrong, as row and class; nothing of it may stay."""
    before = bench.digest()
    with reading(bench.engine) as connection:
        faults = rehearse(connection, bench.subjects, openings, actor=actor, now=bench.clock())
    assert bench.digest() == before
    return [(fault.row, fault.column, type(fault.refusal)) for fault in faults]


def brought_in(bench, openings):
    """Propose and approve, as two persons do."""
    return bench.both(openings.payload())


def test_rows_become_entries_from_issuance_and_from_the_bank(bench, file):
    openings = read_openings(file(GOOD))

    assert tried(bench, openings) == []
    answer = brought_in(bench, openings).require()

    assert openings.faults == ()
    assert answer.result["entries"] == 3
    assert bench.balance(E1, FLOW) == 1_200_500
    assert bench.balance(CASH, "cash.cny") == 1_234
    assert bench.balance(ENTITLEMENT, STANDING) == 1
    assert bench.balance("scheme:issuance", FLOW) == -1_200_500
    assert bench.balance("bank:settlement", "cash.cny") == -1_234
    assert openings.lines[0].reference == f"opening/{E1}/{FLOW}/鲁发改〔2025〕12号"
    assert openings.totals() == [
        ("cash.cny", "12.34", "yuan"),
        (STANDING, "0.001", "t"),
        (FLOW, "1200.500", "tce"),
    ]


def test_an_enterprise_and_a_purpose_name_an_account_and_one_document_may_stand_for_all(file):
    path = file(f"用能单位,用途,资产,数量（吨或元）\nE1,holding,{FLOW},1\n")

    openings = read_openings(path, document="D1")

    assert openings.lines == (Opening(2, E1, FLOW, 1_000, "D1"),)


@pytest.mark.parametrize(
    ("row", "column", "refusal"),
    [
        (f"enterprise:e1,{FLOW},1,D", "account", AccountMalformed),
        (f"{E1},energy,1,D", "asset", AssetMalformed),
        (f"{E1},{FLOW},,D", "amount", CellEmpty),
        (f"{E1},{FLOW},1.0001,D", "amount", CellNotAmount),
        (f"{CASH},cash.cny,1.001,D", "amount", CellNotAmount),
        (f"{E1},{FLOW},1e3,D", "amount", CellNotAmount),
        (f"{E1},{FLOW},2026-01-02,D", "amount", CellNotAmount),
        (f"{E1},{FLOW},１２,D", "amount", CellFullWidth),
        (f"{E1},{FLOW},1．5,D", "amount", CellFullWidth),
        (f'{E1},{FLOW},"1,200",D', "amount", CellHasSeparators),
        (f"{E1},{FLOW},1 200,D", "amount", CellHasSeparators),
        (f"{E1},{FLOW},=1+1,D", "amount", CellRefused),
        (f"{E1},{FLOW},1,", "document", CellEmpty),
        (f",{FLOW},1,D", "account", CellEmpty),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(file, row, column, refusal):
    openings = read_openings(file(f"{HEADER}{E2},{FLOW},1,D\n{row}\n"))

    ((number, found, refused),) = openings.faults
    assert (number, found) == (3, column)
    assert isinstance(refused, refusal)


@pytest.mark.parametrize(
    ("rows", "faulty"),
    [
        (f"{E1},{FLOW},1,D\n\n\n", []),
        (f"{E1},{FLOW},1,D\n,,,\n,,,\n", []),
        (f"{E1},{FLOW},1,D\n,,,\n\n{E2},{FLOW},1,D\n", [3, 4]),
    ],
)
def test_empty_rows_at_the_end_are_none_and_between_rows_they_are_faults(file, rows, faulty):
    openings = read_openings(file(HEADER + rows))

    assert [(fault.row, type(fault.refusal)) for fault in openings.faults] == [
        (row, OpeningRowEmpty) for row in faulty
    ]
    with pytest.raises(RowsEmpty):
        read_openings(file(f"{HEADER},,,\n,,,\n"))


def test_an_account_and_an_enterprise_in_one_row_are_refused(file):
    text = f"account,enterprise,purpose,asset,amount,document\n{E1},E1,holding,{FLOW},1,D\n"

    ((row, column, _),) = read_openings(file(text)).faults

    assert (row, column) == (2, "account")


def test_every_fault_of_a_file_is_found_at_once_in_the_order_of_rows(bench, file):
    openings = read_openings(
        file(
            f"{HEADER}{E1},{FLOW},1,D\n"  # 2: twice
            "\n"  # 3: empty
            f"enterprise:E9:holding,{FLOW},1,D\n"  # 4: unknown to the ledger
            f"{E1},{FLOW},2,D\n"  # 5: twice
            f"{CASH},{FLOW},1,D\n"  # 6: the account may not hold it
            f"{E2},{FLOW},0,D\n"  # 7: nothing
            f"{E2},{FLOW},-1,D\n"  # 8: less than nothing, and twice
            f"{E1_HELD},{FLOW},1,D\n"  # 9: stands behind holds
            f"{E2},coal.flow.general.2025.na.370200,1,D\n"  # 10: not in use
            f"source:S1,{FLOW},x,D\n"  # 11: no amount
        )
    )

    told = [(fault.row, type(fault.refusal)) for fault in openings.faults]
    assert told == [
        (2, OpeningTwice),
        (3, OpeningRowEmpty),
        (5, OpeningTwice),
        (7, OpeningTwice),
        (8, OpeningTwice),
        (11, CellNotAmount),
    ]
    assert tried(bench, openings) == [
        (4, "account", AccountUnknown),
        (6, "asset", AssetNotHeldHere),
        (7, "amount", AmountNotPositive),
        (8, "amount", AmountNotPositive),
        (9, "account", HeldUnits),
        (10, "asset", AssetUnknown),
    ]


def test_who_may_not_propose_learns_nothing_of_the_rows(bench, file):
    openings = read_openings(file(f"{HEADER}enterprise:E9:holding,{FLOW},1,D\n"))

    with reading(bench.engine) as connection, pytest.raises(RoleMissing):
        rehearse(connection, bench.subjects, openings, actor=DISTRICT, now=bench.clock())


def test_an_account_is_opened_once_with_an_asset_whatever_the_document(bench, file):
    brought_in(bench, read_openings(file(f"{HEADER}{E1},{FLOW},1,D1\n"))).require()

    again = read_openings(file(f"{HEADER}{E1},{FLOW},2,D2\n{E2},{FLOW},2,D2\n"))

    assert tried(bench, again) == [(2, "account", OpeningExists)]


def test_an_opening_that_was_reversed_can_be_made_again(bench, file):
    brought_in(bench, read_openings(file(f"{HEADER}{E1},{FLOW},1,D1\n"))).require()
    undo = ReverseEntry(entry=1, reason="wrong")
    bench.both(undo, maker=CLEARING, checker=REGULATOR).require()

    again = read_openings(file(f"{HEADER}{E1},{FLOW},2,D2\n"))

    assert tried(bench, again) == []
    brought_in(bench, again).require()
    assert bench.balance(E1, FLOW) == 2_000


@pytest.mark.parametrize("reference", ["opening/", "opening/x", f"opening/{E1}/{FLOW}/", "opening"])
def test_an_entry_whose_reference_only_begins_alike_opens_nothing(bench, file, reference):
    line = Line(reference, "scheme:issuance", E1, FLOW, 1)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()

    assert tried(bench, read_openings(file(f"{HEADER}{E1},{FLOW},1,D\n"))) == []


def test_what_waits_for_a_second_person_is_not_proposed_again(bench, file):
    openings = read_openings(file(f"{HEADER}{E1},{FLOW},1,D1\n"))
    proposal = bench.do(proposing(openings.payload())).require().sequence

    other = read_openings(file(f"{HEADER}{E1},{FLOW},1,D2\n", "other.csv"))

    assert tried(bench, other) == [(2, "account", OpeningWaits)]
    bench.do(approving(proposal, openings.payload()), actor=SECOND_REGULATOR).require()
    assert tried(bench, other) == [(2, "account", OpeningExists)]


def test_one_row_the_ledger_refuses_keeps_every_row_out(bench, file):
    openings = read_openings(file(f"{HEADER}{E1},{FLOW},1,D\nenterprise:E9:holding,{FLOW},1,D\n"))
    before = bench.digest()
    proposal = bench.do(proposing(openings.payload())).require().sequence

    answer = bench.do(approving(proposal, openings.payload()), actor=SECOND_REGULATOR)

    assert answer.code == "account_unknown"
    assert bench.balance(E1, FLOW) == 0
    assert bench.digest() != before  # the proposal itself stays in the ledger


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("account,asset,amount\n", "document"),
        ("asset,amount,document\n", "account"),
        ("enterprise,asset,amount,document\n", "account"),
        ("account,amount,document\n", "asset"),
        ("", "asset, amount"),
    ],
)
def test_a_header_that_lacks_a_column_is_refused(file, text, missing):
    with pytest.raises(ColumnsWrong) as refused:
        read_openings(file(text + (f"{E1},1,1,1\n" if text else "")))

    assert refused.value.facts["missing"] == missing


def test_a_file_without_rows_and_one_with_too_many_are_refused(file):
    row = f"enterprise:E{{}}:holding,{FLOW},1,D\n"

    with pytest.raises(RowsEmpty):
        read_openings(file(HEADER))
    with pytest.raises(TooManyRows) as refused:
        read_openings(file(HEADER + "".join(map(row.format, range(8_193)))))

    assert refused.value.facts["rows"] == 8_193
    kept = read_openings(file(HEADER + "".join(map(row.format, range(8_192)))))
    assert len(kept.lines) == 8_192


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_template_that_was_filled_in_is_read(tmp_path, language):
    template, filled = tmp_path / "t.xlsx", tmp_path / "f.xlsx"
    write_template(template, language=language)
    with CalamineWorkbook.from_path(template) as book:
        first, notes = book.sheet_names
        (headings,) = book.get_sheet_by_name(first).to_python()

    with written(filled) as book:
        sheet = book.sheet(first, headings, [10] * len(headings))
        book.row(sheet, 1, (E1, "", "", FLOW, "1.5", "D"))
        book.sheet(notes, ("x",), (10,))

    assert read_openings(filled).lines == (Opening(2, E1, FLOW, 1_500, "D"),)
    with pytest.raises(RowsEmpty):
        read_openings(template)


def test_an_error_workbook_is_the_file_with_what_is_wrong_and_comes_back_corrected(
    bench, file, tmp_path
):
    openings = read_openings(file(f"{HEADER}{E1},{FLOW},1,D\n{E2},{FLOW},１,D\n"))
    out = tmp_path / "errors.xlsx"
    wording = read_wording()

    write_errors(out, openings.table, openings.faults, wording=wording, language="zh")

    with CalamineWorkbook.from_path(out) as book:
        rows = book.get_sheet_by_index(0).to_python()
    assert rows == [
        ["account", "asset", "amount", "document", "错误"],
        [E1, FLOW, "1", "D", ""],
        [E2, FLOW, "１", "D", "“amount”列的“１”含全角字符。请改用半角数字。"],
    ]
    rows[2][2] = "1"
    with written(out) as book:
        sheet = book.sheet("x", rows[0], [10] * 5)
        for position, row in enumerate(rows[1:], start=1):
            book.row(sheet, position, row)
    corrected = read_openings(out)
    assert (corrected.faults, tried(bench, corrected)) == ((), [])
    again = tmp_path / "again.xlsx"
    write_errors(again, corrected.table, (), wording=wording, language="en")
    with CalamineWorkbook.from_path(again) as book:
        assert book.get_sheet_by_index(0).to_python()[0][3:] == ["document", "What is wrong"]


def test_a_fault_is_told_in_both_languages(file):
    openings = read_openings(file(f"{HEADER}{E1},{FLOW},1,\n"))

    (told,) = fault_documents(openings.faults, wording=read_wording())

    assert told == {
        "row": 2,
        "column": "document",
        "code": "cell_empty",
        "rule": "REG-40",
        "message": "document is '' but must be filled in",
        "message_zh": "“document”列必须填写。",
    }


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_the_balances_of_an_export_opened_in_a_new_ledger_are_the_same(
    engine, other_engine, clock, tmp_path, form
):
    old = opened(engine, clock)
    play(old, clock)
    held = old.balance(E1_HELD, FLOW)
    assert held == 500
    if form == "csv":
        export_csv(engine, tmp_path / "out", KERNEL_SHEETS)
        with (tmp_path / "out" / "balances.csv").open(encoding="utf-8-sig", newline="") as book:
            rows = [(row["account"], row["asset"], row["amount"]) for row in csv.DictReader(book)]
    else:
        export_xlsx(engine, tmp_path / "out", KERNEL_SHEETS, language="zh")
        with CalamineWorkbook.from_path(tmp_path / "out" / "ledger.xlsx") as book:
            rows = [row[:3] for row in book.get_sheet_by_name("余额").to_python()[1:]]
    # Only what somebody has is opened; issuance and the bank follow, and holds are placed anew.
    path = tmp_path / "openings.xlsx"
    with written(path) as book:
        sheet = book.sheet("x", ("账户", "资产", "数量（吨或元）"), (10, 10, 10))
        kept = [row for row in rows if not row[2].startswith("-") and row[0] != E1_HELD]
        for position, row in enumerate(kept, start=1):
            book.row(sheet, position, row)
    fresh = open_ledger(other_engine, FixedClock())
    addresses = tuple(sorted({row[0] for row in kept} | {E1_HELD}))
    fresh.do(OpenFreely(addresses=addresses, assets=(FLOW,))).require()

    openings = read_openings(path, document="closing of the old ledger")
    assert (openings.faults, tried(fresh, openings)) == ((), [])
    brought_in(fresh, openings).require()

    balances = {(row[0], row[1]): fresh.balance(row[0], row[1]) for row in rows}
    assert balances == {
        ("scheme:issuance", FLOW): -5_000 + held,
        ("bank:settlement", "cash.cny"): -100_000,
        (E1, FLOW): 4_200,
        (E1_HELD, FLOW): 0,
        (E2, FLOW): 300,
        (CASH, "cash.cny"): 100_000,
    }
