"""A workbook is read as people see it, or refused with what to do about it."""

import io
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from api.csv_rows import read_rows, table_of
from api.file_refusals import (
    CellInexact,
    CellNotAmount,
    CellOfOtherKind,
    TooManyRows,
    WorkbookHasFormulas,
    WorkbookHasMacros,
    WorkbookHasManySheets,
    WorkbookHasMergedCells,
    WorkbookHidesContent,
    WorkbookLocked,
    WorkbookOld,
    WorkbookTooLarge,
    WorkbookUnreadable,
)
from api.workbook_rows import EXPANDED_MAX, workbook_rows
from ledger.rows import RowsRefused
from tests.api.test_csv_rows import Line

HEADER = ("id", "energy_tce")


def made(write=None, *, rows=(HEADER, ("A1", "1.5")), name="Sheet1"):
    """Return the bytes of a workbook with *rows* as Excel would type them; *write* adds to it."""
    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw, {"in_memory": True})
    sheet = book.add_worksheet(name)
    for position, row in enumerate(rows):
        sheet.write_row(position, 0, row)
    if write is not None:
        write(book, sheet)
    book.close()
    return raw.getvalue()


def repacked(raw, change):
    """Return a package whose members went through *change*, a function on name → bytes."""
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        members = {name: package.read(name) for name in package.namelist()}
    change(members)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()


def read(raw):
    return workbook_rows("deliveries.xlsx", raw)


def test_a_workbook_is_read_as_the_csv_of_the_same_table_is(tmp_path):
    book, text = tmp_path / "a.xlsx", tmp_path / "a.csv"
    header = ("id", "energy_tce", "price_yuan", "pieces", "way", "note")
    book.write_bytes(made(rows=(header, ("A1", 12.345, "0.10", 7, "road", "备注"))))
    text.write_text(
        "id,energy_tce,price_yuan,pieces,way,note\nA1,12.345,0.10,7,road,备注\n", "utf-8"
    )

    rows = read_rows(book, Line)

    assert rows == read_rows(text, Line)
    assert rows == [
        {"id": "A1", "energy_kgce": 12_345, "price_fen": 10, "pieces": 7, "way": "road"}
        | {"note": "备注"}
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text ", "text "),
        (1, "1"),
        (-3, "-3"),
        (0, "0"),
        (0.3, "0.3"),
        (4.35, "4.35"),
        (1234567.891, "1234567.891"),
        (999_999_999_999_999, "999999999999999"),
        (date(2026, 6, 30), "2026-06-30"),
        (datetime(2026, 6, 30, 9, 15), "2026-06-30 09:15:00"),  # noqa: DTZ001
        (True, "TRUE"),
    ],
)
def test_a_cell_becomes_the_text_that_people_see(value, text):
    def write(book, sheet):
        form = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        put = sheet.write_datetime if isinstance(value, date) else sheet.write
        put(1, 1, value, form) if isinstance(value, date) else put(1, 1, value)

    assert read(made(write))[1] == ["A1", text]


@pytest.mark.parametrize(
    ("value", "refusal"),
    [
        (1_000_000_000_000_000, CellInexact),
        (913_700_001_234_567_890, CellInexact),
        (0.00001, CellInexact),
        (True, CellOfOtherKind),
        (date(2026, 6, 30), CellNotAmount),
        ("1,234.5", CellNotAmount),
        ("１２", CellNotAmount),
        ("1.2345", CellNotAmount),
        (1.2345, CellNotAmount),
        ("1e3", CellNotAmount),
        (" 1", CellNotAmount),
    ],
)
def test_a_cell_that_is_no_exact_amount_is_refused_by_row_and_column(tmp_path, value, refusal):
    def write(book, sheet):
        if isinstance(value, date):
            sheet.write_datetime(2, 1, value, book.add_format({"num_format": "yyyy-mm-dd"}))
        else:
            sheet.write(2, 1, value)

    path = tmp_path / "a.xlsx"
    path.write_bytes(made(write, rows=(HEADER, ("A1", "1.5"), ("A2", ""))))

    with pytest.raises(RowsRefused) as refused:
        read_rows(path, Line)

    ((row, found),) = refused.value.problems
    assert (row, type(found), found.facts["column"]) == (3, refusal, "energy_tce")


def test_the_noise_of_a_calculation_is_refused_as_excel_keeps_it(tmp_path):
    """Excel shows 0.3 and keeps 0.1 + 0.2; what was meant only its author knows."""

    def noisy(members):
        sheet = members["xl/worksheets/sheet1.xml"]
        assert sheet.count(b"<v>0.3</v>") == 1
        members["xl/worksheets/sheet1.xml"] = sheet.replace(b"0.3<", b"0.30000000000000004<")

    path = tmp_path / "a.xlsx"
    path.write_bytes(repacked(made(rows=(HEADER, ("A1", 0.3))), noisy))

    with pytest.raises(RowsRefused) as refused:
        read_rows(path, Line)

    ((row, found),) = refused.value.problems
    assert (row, type(found), found.facts["text"]) == (2, CellInexact, "0.30000000000000004")


def test_a_long_number_in_a_column_of_text_is_refused_rather_than_shortened(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(made(rows=(HEADER, (913_700_001_234_567_890, "1"))))

    with pytest.raises(RowsRefused) as refused:
        read_rows(path, Line)

    assert refused.value.problems[0][1].facts["column"] == "id"


def test_empty_rows_count_and_those_at_the_end_do_not():
    rows = (HEADER, ("A1", "1"), ("", ""), ("A2", "2"), ("", ""))

    assert read(made(rows=rows)) == [list(HEADER), ["A1", "1"], [], ["A2", "2"]]


def test_a_sheet_of_notes_is_not_read():
    def write(book, sheet):
        book.add_worksheet("说明").write(0, 0, "how to fill it in")

    assert read(made(write)) == [list(HEADER), ["A1", "1.5"]]


def formula(book, sheet):
    sheet.write_formula(1, 1, "=1+1", None, 2)
    sheet.write_formula(2, 1, "=SUM(B2:B2)", None, 2)


def merged(book, sheet):
    sheet.merge_range("A4:B5", "both")


def hidden_sheet(book, sheet):
    book.add_worksheet("Secret").hide()


def hidden_row(book, sheet):
    sheet.set_row(1, None, None, {"hidden": True})


def hidden_columns(book, sheet):
    sheet.set_column(1, 27, None, None, {"hidden": True})


def second_sheet(book, sheet):
    book.add_worksheet("More")


def far_right(book, sheet):
    sheet.write(0, 64, "x")


@pytest.mark.parametrize(
    ("write", "refusal", "facts"),
    [
        (formula, WorkbookHasFormulas, {"places": "B2, B3", "count": 2}),
        (merged, WorkbookHasMergedCells, {"places": "A4:B5", "count": 1}),
        (hidden_sheet, WorkbookHidesContent, {"places": "Secret", "count": 1}),
        (hidden_row, WorkbookHidesContent, {"places": "2:2", "count": 1}),
        (hidden_columns, WorkbookHidesContent, {"places": "B:AB", "count": 1}),
        (second_sheet, WorkbookHasManySheets, {"places": "Sheet1, More", "count": 2}),
        (far_right, WorkbookTooLarge, {}),
    ],
)
def test_what_people_do_not_see_in_its_row_is_refused_with_its_place(write, refusal, facts):
    with pytest.raises(refusal) as refused:
        read(made(write))

    assert type(refused.value) is refusal
    assert facts.items() <= refused.value.facts.items()
    assert "deliveries.xlsx" in refused.value.message


def test_a_value_in_the_last_row_of_excel_is_too_many_rows_and_takes_no_memory():
    def far_below(members):
        sheet = members["xl/worksheets/sheet1.xml"]
        members["xl/worksheets/sheet1.xml"] = sheet.replace(b'"A2"', b'"A1048576"')

    with pytest.raises(TooManyRows) as refused:
        read(repacked(made(), far_below))

    assert refused.value.facts["rows"] == 1_048_575


def test_exactly_as_many_rows_as_one_command_takes_are_read():
    raw = made(rows=(HEADER, *((f"A{number}", "1") for number in range(8_192))))

    assert len(read(raw)) == 8_193


def macros(members):
    members["xl/vbaProject.bin"] = b"\xd0\xcf"


def no_workbook(members):
    del members["xl/workbook.xml"]


def broken_xml(members):
    members["xl/worksheets/sheet1.xml"] = b"<worksheet><sheetData>"


def no_encoding(members):
    sheet = members["xl/worksheets/sheet1.xml"]
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b"UTF-8", b"UTF-88", 1)


def no_column(members):
    sheet = members["xl/worksheets/sheet1.xml"]
    columns = b'<cols><col min="x" max="2" hidden="1"/></cols><sheetData>'
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b"<sheetData>", columns, 1)


def entities(members):
    sheet = members["xl/worksheets/sheet1.xml"]
    members["xl/worksheets/sheet1.xml"] = sheet.replace(
        b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet', 1
    )


def elsewhere(members):
    members["xl/sheet1.xml"] = members.pop("xl/worksheets/sheet1.xml")
    rels = members["xl/_rels/workbook.xml.rels"]
    members["xl/_rels/workbook.xml.rels"] = rels.replace(b"worksheets/sheet1", b"sheet1")


def many_members(members):
    members.update({f"junk/{number}": b"" for number in range(200)})


def bomb(members):
    members["xl/media/image1.png"] = bytes(EXPANDED_MAX + 1)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (macros, WorkbookHasMacros),
        (no_workbook, WorkbookUnreadable),
        (broken_xml, WorkbookUnreadable),
        (no_encoding, WorkbookUnreadable),
        (no_column, WorkbookUnreadable),
        (entities, WorkbookUnreadable),
        (elsewhere, WorkbookUnreadable),
        (many_members, WorkbookTooLarge),
        (bomb, WorkbookTooLarge),
    ],
)
def test_a_package_that_is_no_plain_workbook_is_refused(change, refusal):
    raw = repacked(made(), change)
    assert len(raw) < 100_000

    with pytest.raises(refusal) as refused:
        read(raw)

    assert type(refused.value) is refusal


def test_a_member_that_lies_about_its_size_is_not_unpacked_beyond_it():
    """The directory says 10 bytes; unpacking stops there, and the checksum then does not fit."""
    raw = bytearray(repacked(made(), lambda members: members.update({"z": bytes(1 << 20)})))
    entry = raw.rindex(b"PK\x01\x02")
    assert raw[entry + 24 : entry + 28] == (1 << 20).to_bytes(4, "little")
    raw[entry + 24 : entry + 28] = (10).to_bytes(4, "little")

    with pytest.raises(WorkbookUnreadable):
        read(bytes(raw))


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), WorkbookOld),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            WorkbookLocked,
        ),
        (b"PK\x03\x04" + bytes(100), WorkbookUnreadable),
    ],
)
def test_an_old_a_locked_and_a_broken_workbook_are_told_apart(raw, refusal):
    with pytest.raises(refusal) as refused:
        read(raw)

    assert type(refused.value) is refusal


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_that_was_cut_off_is_refused(cut):
    raw = made()

    with pytest.raises(WorkbookUnreadable):
        read(raw[: int(len(raw) * cut)])


@pytest.mark.parametrize("place", range(40, 2_000, 97))
def test_a_workbook_with_a_changed_byte_is_read_the_same_or_refused(place):
    """The package's own checksums catch it; no other answer and no other exception comes."""
    raw = bytearray(made())
    raw[place] ^= 0xFF

    try:
        rows = read(bytes(raw))
    except WorkbookUnreadable:
        return
    assert rows == [list(HEADER), ["A1", "1.5"]]


def test_a_workbook_is_known_by_its_content_and_not_by_its_name():
    assert table_of("a.csv", made()) == [list(HEADER), ["A1", "1.5"]]
    assert table_of("a.xlsx", b"id,energy_tce\nA1,1.5\n") == [list(HEADER), ["A1", "1.5"]]
