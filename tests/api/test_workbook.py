"""Exports as a workbook: the same tables, nothing executed, more rows than a sheet takes."""

import zipfile
from xml.etree import ElementTree

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy.orm import Session

from api import workbook
from api.workbook import CELL_MAX, export_xlsx, written
from ledger.export_directory import ExportDirectoryNotEmpty
from ledger.export_sheets import KERNEL_SHEETS, Column, Form
from ledger.transfer import Line, PostLines
from market.export_sheets import MARKET_SHEETS
from market.tables import TradeRow
from tests.api.files import open_desk
from tests.conftest import START
from tests.ledger.small import E1, FLOW, opened, play


@pytest.fixture
def bench(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock)
    play(bench, clock)
    return bench


def sheet(path, name):
    with CalamineWorkbook.from_path(path) as book:
        return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def titles(path):
    with CalamineWorkbook.from_path(path) as book:
        return book.sheet_names


def test_every_table_is_a_sheet_headed_in_chinese(engine, clock, tmp_path):
    play(opened(engine, clock), clock)

    exported = export_xlsx(engine, tmp_path / "out", KERNEL_SHEETS, language="zh")

    path = tmp_path / "out" / "ledger.xlsx"
    assert titles(path) == ["账户", "资产", "余额", "凭证与分录", "指令", "锁定"]
    assert sheet(path, "余额")[:2] == [
        ["账户", "资产", "数量", "数量单位", "数量（最小单位）"],
        ["scheme:issuance", FLOW, "-5.000", "tce", -5_000],
    ]
    assert exported.counts["entries"] == 10
    assert len(sheet(path, "凭证与分录")) == 11


def test_every_table_is_a_sheet_headed_in_english(bench, tmp_path):
    export_xlsx(bench.engine, tmp_path / "out", KERNEL_SHEETS, language="en")

    path = tmp_path / "out" / "ledger.xlsx"
    assert titles(path) == ["Accounts", "Assets", "Balances", "Entries", "Commands", "Holds"]
    assert sheet(path, "Balances")[0] == [
        *("Account", "Asset", "Amount", "Amount unit", "Amount, minor units")
    ]


def test_the_first_line_of_every_sheet_stays_in_view(bench, tmp_path):
    export_xlsx(bench.engine, tmp_path / "out", KERNEL_SHEETS, language="zh")

    with zipfile.ZipFile(tmp_path / "out" / "ledger.xlsx") as package:
        sheets = [name for name in package.namelist() if "worksheets/sheet" in name]
        panes = [package.read(name).count(b'ySplit="1" topLeftCell="A2"') for name in sheets]

    assert panes == [1] * 6


def test_two_exports_of_one_snapshot_are_the_same_bytes(bench, tmp_path):
    hashes = [
        export_xlsx(bench.engine, tmp_path / name, KERNEL_SHEETS, language="zh").manifest_hash
        for name in ("one", "two")
    ]

    assert hashes[0] == hashes[1]
    with zipfile.ZipFile(tmp_path / "one" / "ledger.xlsx") as package:
        assert b"2025-01-02T16:00:00Z" in package.read("docProps/core.xml")


@pytest.mark.parametrize("text", ["=1+1", "http://example.org", "12", "{=A1}", "+1", "@A1"])
def test_text_is_text_whatever_it_looks_like(bench, tmp_path, text):
    line = Line(text, "scheme:issuance", E1, FLOW, 1)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()

    export_xlsx(bench.engine, tmp_path / "out", KERNEL_SHEETS, language="en")

    path = tmp_path / "out" / "ledger.xlsx"
    assert sheet(path, "Entries")[11][4] == text
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if "worksheets" in name and name.endswith(".xml"):
                tags = {one.tag.rpartition("}")[2] for one in ElementTree.fromstring(
                    package.read(name)
                ).iter()}  # fmt: skip
                assert not tags & {"f", "hyperlink"}


COLUMNS = (
    Column("name", "名称", "Name"),
    Column("number", "数", "Number", Form.WHOLE),
)


@pytest.mark.parametrize(
    ("count", "sheets"),
    [
        (0, ["T"]),
        (3, ["T"]),
        (4, ["T", "T (2)"]),
        (6, ["T", "T (2)"]),
        (7, ["T", "T (2)", "T (3)"]),
    ],
)
def test_a_table_goes_on_in_further_sheets(tmp_path, monkeypatch, count, sheets):
    monkeypatch.setattr(workbook, "ROWS_MAX", 3)
    rows = [(f"r{number}", number) for number in range(count)]

    with written(tmp_path / "b.xlsx") as book:
        told = book.table("T", COLUMNS, iter(rows), language="en")

    assert told == count
    assert titles(tmp_path / "b.xlsx") == sheets
    parts = [sheet(tmp_path / "b.xlsx", name) for name in sheets]
    assert [part[0] for part in parts] == [["Name", "Number"]] * len(sheets)
    assert [tuple(row) for part in parts for row in part[1:]] == rows


def test_a_whole_number_that_excel_would_round_is_written_as_text(tmp_path):
    with written(tmp_path / "b.xlsx") as book:
        book.table("T", COLUMNS, iter([("a", 10**15 - 1), ("b", 10**15), ("c", -(10**18))]),
                   language="zh")  # fmt: skip

    assert [row[1] for row in sheet(tmp_path / "b.xlsx", "T")[1:]] == [
        *(999_999_999_999_999, "1000000000000000", "-1000000000000000000")
    ]


def test_a_text_longer_than_a_cell_takes_is_cut_and_says_so(tmp_path):
    with written(tmp_path / "b.xlsx") as book:
        book.table("T", COLUMNS, iter([("x" * CELL_MAX, 1), ("x" * (CELL_MAX + 1), 2)]),
                   language="zh")  # fmt: skip

    whole, cut = (row[0] for row in sheet(tmp_path / "b.xlsx", "T")[1:])
    assert whole == "x" * CELL_MAX
    assert len(cut) == CELL_MAX
    assert cut.endswith("x … [cut: the CSV export has all of it]")


def test_orders_and_trades_are_tables_too(sqlite_engine, clock, tmp_path):
    desk = open_desk(sqlite_engine, clock, tmp_path)
    desk.bring_until("orders")
    desk.open_market()
    desk.bring("orders")

    exported = export_xlsx(sqlite_engine, tmp_path / "out", MARKET_SHEETS, language="en")

    assert exported.counts == {"orders": 1, "trades": 0}
    headings, order = sheet(tmp_path / "out" / "ledger.xlsx", "Orders")
    assert dict(zip(headings, order, strict=True)) == {
        "Order": desk.bench.writer.memory.sequence,  # the number of its command, the last one
        "Instrument": "E25",
        "Day number": 1,
        "Enterprise": "E1",
        "Side": "buy",
        "Price, yuan": "100.50",
        "Price, fen": 10_050,
        "Quantity, tce": 10,
        "Filled, tce": 0,
        "Validity": "day",
        "State": "new",
        "Ended because": "",
    }


def test_a_trade_is_told_with_its_money_in_yuan_and_in_fen(sqlite_engine, clock, tmp_path):
    opened(sqlite_engine, clock)
    trade = TradeRow(
        id=7,
        instrument="E25",
        day_number=1,
        mode="continuous",
        buy_order=5,
        sell_order=4,
        buyer="E1",
        seller="E2",
        taker_side="buy",
        price_fen=10_050,
        quantity_tce=10,
        consideration_fen=100_500,
        buyer_fee_fen=101,
        seller_fee_fen=0,
        traded_at=START + 1,
    )
    with Session(sqlite_engine) as session:
        session.add(trade)
        session.commit()

    export_xlsx(sqlite_engine, tmp_path / "out", MARKET_SHEETS, language="zh")

    headings, told = sheet(tmp_path / "out" / "ledger.xlsx", "成交")
    assert dict(zip(headings, told, strict=True)) == {
        "成交号": 7,
        "品种": "E25",
        "交易日序号": 1,
        "成交时间（UTC）": "2024-12-31T16:00:00.000001Z",
        "方式": "continuous",
        "买方": "E1",
        "卖方": "E2",
        "买入申报": 5,
        "卖出申报": 4,
        "主动方": "buy",
        "价格（元）": "100.50",
        "价格（分）": 10_050,
        "数量（吨标准煤）": 10,
        "成交金额（元）": "1005.00",
        "成交金额（分）": 100_500,
        "买方手续费（元）": "1.01",
        "买方手续费（分）": 101,
        "卖方手续费（元）": "0.00",
        "卖方手续费（分）": 0,
    }


def test_a_workbook_goes_into_an_empty_directory_only(bench, tmp_path):
    (tmp_path / "kept.txt").write_text("mine")

    with pytest.raises(ExportDirectoryNotEmpty):
        export_xlsx(bench.engine, tmp_path, KERNEL_SHEETS, language="zh")

    assert not (tmp_path / "ledger.xlsx").exists()
