"""A CSV file is read as it stands, or every bad cell of it is named and nothing is taken."""

from typing import Literal

import msgspec
import pytest

from api import csv_rows
from api.csv_rows import read_rows
from api.file_refusals import (
    CellEmpty,
    CellIsFormula,
    CellNotAmount,
    CellNotListed,
    CellNotWhole,
    ColumnsWrong,
    CsvMalformed,
    FileNotText,
    FileUnreadable,
    RowRagged,
    TooManyRows,
)
from ledger.rows import RowsEmpty, RowsRefused


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One delivery."""

    id: str
    energy_kgce: int
    price_fen: int = 0
    pieces: int | None = None
    way: Literal["rail", "road"] = "rail"
    note: str = ""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file of the given text or bytes and returns its path."""

    def written(content):
        path = tmp_path / "deliveries.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def problems(path):
    """Return (row, refusal) of every bad row of a file."""
    with pytest.raises(RowsRefused) as refused:
        read_rows(path, Line)
    return refused.value.problems


def only_problem(path):
    ((row, refusal),) = problems(path)
    return row, refusal


def test_rows_come_as_plain_data_with_whole_numbers(write):
    path = write("id,energy_kgce,way,note\nA1,12,road,煤\nA2,0,rail,\n")

    rows = read_rows(path, Line)

    assert rows == [
        {"id": "A1", "energy_kgce": 12, "way": "road", "note": "煤"},
        {"id": "A2", "energy_kgce": 0, "way": "rail"},
    ]


def test_columns_may_stand_in_any_order(write):
    assert read_rows(write("energy_kgce,id\n7,A1\n"), Line) == [{"energy_kgce": 7, "id": "A1"}]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_utf_8_is_read_with_and_without_a_mark_and_with_any_line_end(write, mark, end):
    content = mark + f"id,energy_kgce,note{end}A1,5,青岛{end}".encode()

    assert read_rows(write(content), Line) == [{"id": "A1", "energy_kgce": 5, "note": "青岛"}]


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-16-le"])
def test_another_encoding_is_refused_with_what_to_do(write, encoding):
    path = write("id,energy_kgce,note\nA1,5,青岛市\n".encode(encoding))

    with pytest.raises(FileNotText) as refused:
        read_rows(path, Line)

    assert refused.value.code == "file_not_utf8"
    assert "save it as CSV UTF-8" in refused.value.message
    assert refused.value.facts["file"] == "deliveries.csv"


def test_a_nul_character_is_refused(write):
    with pytest.raises(FileNotText):
        read_rows(write("id,energy_kgce\nA\x001,5\n"), Line)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileUnreadable) as refused:
        read_rows(tmp_path / "none.csv", Line)

    assert refused.value.code == "file_unreadable"
    assert refused.value.message == "none.csv: No such file or directory"


def test_a_file_beyond_the_largest_size_is_refused(write, monkeypatch):
    monkeypatch.setattr(csv_rows, "BYTES_MAX", 20)

    with pytest.raises(FileUnreadable) as refused:
        read_rows(write("id,energy_kgce\nA1,12\n"), Line)

    assert refused.value.facts["problem"] == "is larger than 20 bytes"


@pytest.mark.parametrize(
    ("first_line", "fact", "names"),
    [
        ("id", "missing", "energy_kgce"),
        ("note", "missing", "id, energy_kgce"),
        ("id,energy_kgce,colour", "unknown", "colour"),
        ("id,energy_kgce,Note", "unknown", "Note"),
        ("id, energy_kgce,energy_kgce", "unknown", " energy_kgce"),
        ("id,energy_kgce,=1+1", "unknown", "=1+1"),
        ("id,energy_kgce,note,note", "repeated", "note"),
        ("id,energy_kgce,energy_tce", "repeated", "energy_kgce"),
    ],
)
def test_the_first_line_names_each_column_once_and_no_other(write, first_line, fact, names):
    with pytest.raises(ColumnsWrong) as refused:
        read_rows(write(f"{first_line}\nA1,5,x,y\n"), Line)

    assert refused.value.facts[fact] == names
    assert "its columns are id, energy_kgce, price_fen, pieces, way, note" in refused.value.message


@pytest.mark.parametrize("content", ["", "\n", "\n\nid,energy_kgce\nA1,5\n"])
def test_an_empty_first_line_lacks_every_column(write, content):
    with pytest.raises(ColumnsWrong) as refused:
        read_rows(write(content), Line)

    assert refused.value.facts["missing"] == "id, energy_kgce"


@pytest.mark.parametrize("content", ["id,energy_kgce", "id,energy_kgce\n", "id,energy_kgce\n\n\n"])
def test_a_file_without_rows_is_refused(write, content):
    with pytest.raises(RowsEmpty):
        read_rows(write(content), Line)


@pytest.mark.parametrize("row", ["A1", "A1,5,x,y", '"A1,5,x"'])
def test_a_row_with_too_few_or_too_many_cells_is_refused(write, row):
    number, refusal = only_problem(write(f"id,energy_kgce,note\nA0,1,\n{row}\n"))

    assert number == 3
    assert isinstance(refusal, RowRagged)
    assert refusal.facts["columns"] == 3


def test_empty_rows_are_passed_over_but_counted_as_a_spreadsheet_counts_them(write):
    path = write("id,energy_kgce\n\nA1,5\n\n\nA2,x\n")

    number, refusal = only_problem(path)

    assert number == 6
    assert refusal.facts == {"column": "energy_kgce", "text": "x"}


def test_a_cell_may_hold_commas_quotes_and_line_ends_in_quotes(write):
    path = write('id,energy_kgce,note\nA1,5,"two\nlines, a ""quote"""\nA2,x,\n')

    number, _ = only_problem(path)

    assert number == 3  # the two lines above are one row of a spreadsheet
    path = write('id,energy_kgce,note\nA1,5,"two\nlines, a ""quote"""\n')
    assert read_rows(path, Line)[0]["note"] == 'two\nlines, a "quote"'


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ('A1,5,"never closed', 2),
        ('A1,5,"closed" too early', 2),
        ("A1,5," + "x" * 140_000, 2),
    ],
)
def test_quotes_that_do_not_balance_are_refused(write, row, line):
    with pytest.raises(CsvMalformed) as refused:
        read_rows(write(f"id,energy_kgce,note\n{row}\n"), Line)

    assert refused.value.code == "csv_malformed"
    assert f"is not CSV at line {line}: " in refused.value.message
    assert "ends with one" in refused.value.message


def test_more_rows_than_one_command_takes_are_refused(write, monkeypatch):
    monkeypatch.setattr(csv_rows, "ROWS_MAX", 2)
    two, three = "A1,1\n\nA2,2\n", "A1,1\nA2,2\nA3,3\n"

    assert len(read_rows(write(f"id,energy_kgce\n{two}"), Line)) == 2
    with pytest.raises(TooManyRows) as refused:
        read_rows(write(f"id,energy_kgce\n{three}"), Line)

    assert refused.value.facts["rows"] == 3
    assert "at most 2 at a time" in refused.value.message


@pytest.mark.parametrize("text", ["=1+1", "+5", "@A1", "\t5", '"=HYPERLINK(""x"")"'])
@pytest.mark.parametrize("column", ["note", "energy_kgce", "energy_tce", "way"])
def test_a_cell_that_begins_like_a_formula_is_refused_in_every_column(write, column, text):
    cells = {"id": "A1", "energy_kgce": "5", column: text}
    if column == "energy_tce":
        del cells["energy_kgce"]
    content = f"{','.join(cells)}\n{','.join(cells.values())}\n"

    number, refusal = only_problem(write(content))

    assert number == 2
    assert isinstance(refusal, CellIsFormula)
    assert refusal.facts["column"] == column
    assert "plain text that does not begin with = + @ or a tab" in refusal.message


@pytest.mark.parametrize(
    "text", ["5.0", "1e3", "1,000", " 5", "5 ", "٥", "0x1f", "007", "--5", "1234567890123456789"]
)
def test_a_whole_number_is_plain_digits(write, text):
    _, refusal = only_problem(write(f'id,energy_kgce\nA1,"{text}"\n'))

    assert isinstance(refusal, CellNotWhole)
    assert refusal.code == "cell_not_an_integer"
    assert "must be a whole number of at most 18 digits" in refusal.message


def test_a_sign_and_eighteen_digits_are_read(write):
    rows = read_rows(write("id,energy_kgce\nA1,-5\nA2,999999999999999999\n"), Line)

    assert [row["energy_kgce"] for row in rows] == [-5, 999_999_999_999_999_999]


def test_an_empty_cell_is_left_out_where_it_may_be_and_refused_where_not(write):
    path = write("id,energy_kgce,pieces,way\nA1,5,,\n")
    assert read_rows(path, Line) == [{"id": "A1", "energy_kgce": 5}]

    _, refusal = only_problem(write("id,energy_kgce\nA1,\n"))

    assert isinstance(refusal, CellEmpty)
    assert refusal.message == "energy_kgce is '' but must be filled in"


def test_a_word_outside_the_columns_list_is_refused_with_the_list(write):
    _, refusal = only_problem(write("id,energy_kgce,way\nA1,5,Rail\n"))

    assert isinstance(refusal, CellNotListed)
    assert refusal.message == "way is 'Rail' but must be one of rail, road"


@pytest.mark.parametrize(
    ("text", "kgce"),
    [("12.345", 12_345), ("12.3", 12_300), ("12", 12_000), ("0.001", 1), ("-1.5", -1_500)],
)
def test_tonnes_are_read_as_kilograms(write, text, kgce):
    assert read_rows(write(f"id,energy_tce\nA1,{text}\n"), Line) == [
        {"id": "A1", "energy_kgce": kgce}
    ]


@pytest.mark.parametrize(("text", "fen"), [("220.50", 22_050), ("220", 22_000), ("0.01", 1)])
def test_yuan_are_read_as_fen(write, text, fen):
    rows = read_rows(write(f"id,energy_kgce,price_yuan\nA1,5,{text}\n"), Line)

    assert rows[0]["price_fen"] == fen


@pytest.mark.parametrize(
    ("column", "text", "decimals"),
    [
        ("energy_tce", "1.0005", 3),
        ("energy_tce", "1.0000", 3),
        ("energy_tce", "1e3", 3),
        ("energy_tce", ".5", 3),
        ("price_yuan", "220.505", 2),
        ("price_yuan", "1,220", 2),
    ],
)
def test_more_decimals_than_the_unit_has_are_refused_and_never_rounded(
    write, column, text, decimals
):
    other = "" if column == "energy_tce" else ",energy_kgce"
    _, refusal = only_problem(write(f'id,{column}{other}\nA1,"{text}"{",5" if other else ""}\n'))

    assert isinstance(refusal, CellNotAmount)
    assert refusal.facts == {"column": column, "text": text}
    assert f"must be digits with at most {decimals} decimals" in refusal.message


def test_every_bad_row_is_named_at_once(write):
    path = write("id,energy_kgce,way\nA1,5,rail\nA2,x,rail\nA3,6\nA4,7,=1\nA5,,road\n")

    with pytest.raises(RowsRefused) as refused:
        read_rows(path, Line)

    assert [(row, one.code) for row, one in refused.value.problems] == [
        (3, "cell_not_an_integer"),
        (4, "row_ragged"),
        (5, "cell_is_formula"),
        (6, "cell_empty"),
    ]
    assert refused.value.facts["refused"] == 4
    assert refused.value.facts["rows"] == 5
    assert "so nothing was taken: row 3: cell_not_an_integer: " in refused.value.message
