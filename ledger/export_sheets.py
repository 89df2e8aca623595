"""
The tables that people want of a ledger, row by row: accounts, balances, entries, commands, holds.

A sheet says what its columns hold; how it is written, as CSV or as a workbook, is decided
elsewhere. Amounts stand twice: as exact decimal text in the unit people use, and in minor units.

Rule: AUD-41.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa

from ledger.asset import CNY, parse_asset
from ledger.chart import owner_of
from ledger.export_amounts import decimal_text, unit_of
from ledger.export_journal import (
    balances_of,
    commands_in_order,
    in_order_of_record,
    recorded_at,
)
from ledger.export_times import day_text, instant_text
from ledger.history import Names, in_order
from ledger.tables import AccountRow, AssetRow, HoldRow

Cell = str | int | None
Row = tuple[Cell, ...]


class Form(Enum):
    """What a column holds: anybody's text, our own decimal text, or a whole number."""

    TEXT = "text"
    DECIMAL = "decimal"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its lasting name, its headings for people, and its form."""

    name: str
    zh: str
    en: str
    form: Form = Form.TEXT


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name, its heading in Chinese and English, its columns and its rows."""

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    rows: Callable[[sa.Connection, Names], Iterator[Row]]


def whole(name: str, zh: str, en: str) -> Column:
    """Return a column of whole numbers."""
    return Column(name, zh, en, Form.WHOLE)


def amount_columns(name: str, zh: str, en: str) -> tuple[Column, ...]:
    """Return the columns in which an amount stands: decimal text, unit, minor units."""
    return (
        Column(name, zh, en, Form.DECIMAL),
        Column(f"{name}_unit", f"{zh}单位", f"{en} unit"),
        whole(f"{name}_minor", f"{zh}（最小单位）", f"{en}, minor units"),
    )


def amount_cells(minor: int, asset: str) -> tuple[str, str, int]:
    """Return an amount of *asset* as the cells of `amount_columns`."""
    unit = unit_of(asset)
    return decimal_text(minor, unit.decimals), unit.name, minor


def _accounts(connection: sa.Connection, _names: Names) -> Iterator[Row]:
    for row in in_order(connection, AccountRow, 0):
        purpose = row.address.removeprefix(owner_of(row.address)).removeprefix(":")
        yield row.address, owner_of(row.address), purpose, row.state, row.opened_by


def _assets(connection: sa.Connection, _names: Names) -> Iterator[Row]:
    for row in in_order(connection, AssetRow, 0):
        unit = unit_of(row.code)
        dimensions: Sequence[str] = ("cash", "cash", "", "", "", "")
        if row.code != CNY:
            asset = parse_asset(row.code)
            dimensions = (
                *(asset.measure, asset.kind.value, asset.origin.value),
                *(asset.period, asset.basis, asset.area),
            )
        yield row.code, *dimensions, unit.name, unit.minor, row.opened_by


def _balances(connection: sa.Connection, names: Names) -> Iterator[Row]:
    for account, asset, amount in balances_of(connection):
        code = names.assets[asset]
        yield names.accounts[account], code, *amount_cells(amount, code)


def _entries(connection: sa.Connection, names: Names) -> Iterator[Row]:
    for stretch in in_order_of_record(connection):
        recorded = recorded_at(connection, stretch)
        for entry in stretch:
            head = (
                *(entry.sequence, entry.command_sequence, entry.code, entry.rule),
                *(entry.reference or "", entry.reverses, instant_text(entry.effective_at)),
                *(day_text(entry.effective_at), instant_text(recorded[entry.command_sequence])),
            )
            for number, source, destination, asset, amount in entry.moves:
                code = names.assets[asset]
                ends = names.accounts[source], names.accounts[destination]
                yield *head, number, *ends, code, *amount_cells(amount, code)


def _commands(connection: sa.Connection, _names: Names) -> Iterator[Row]:
    for row in commands_in_order(connection):
        yield (
            *(row.sequence, row.id, row.kind, row.actor, row.code, row.rules_version),
            *(instant_text(row.recorded_at), row.payload_hash.hex(), row.payload, row.answer),
        )


def _holds(connection: sa.Connection, names: Names) -> Iterator[Row]:
    row: sa.Row[Any]
    for row in in_order(connection, HoldRow, 0):
        code = names.assets[row.asset_id]
        expires = None if row.expires_at is None else instant_text(row.expires_at)
        yield (
            *(row.id, names.accounts[row.account_id], names.accounts[row.held_id], code),
            *amount_cells(row.amount, code),
            *amount_cells(row.remaining, code),
            *(row.state, expires, row.purpose),
        )


KERNEL_SHEETS = (
    Sheet(
        *("accounts", "账户", "Accounts"),
        (
            Column("account", "账户", "Account"),
            Column("owner", "所有人", "Owner"),
            Column("purpose", "用途", "Purpose"),
            Column("state", "状态", "State"),
            whole("opened_by", "开立指令", "Opened by command"),
        ),
        _accounts,
    ),
    Sheet(
        *("assets", "资产", "Assets"),
        (
            Column("asset", "资产", "Asset"),
            Column("measure", "计量对象", "Measure"),
            Column("kind", "类别", "Kind"),
            Column("origin", "来源", "Origin"),
            Column("period", "年度或期限", "Period"),
            Column("basis", "折算方法", "Basis"),
            Column("area", "使用区域", "Area"),
            Column("unit", "单位", "Unit"),
            Column("minor_unit", "最小单位", "Minor unit"),
            whole("opened_by", "设立指令", "Opened by command"),
        ),
        _assets,
    ),
    Sheet(
        *("balances", "余额", "Balances"),
        (
            Column("account", "账户", "Account"),
            Column("asset", "资产", "Asset"),
            *amount_columns("amount", "数量", "Amount"),
        ),
        _balances,
    ),
    Sheet(
        *("entries", "凭证与分录", "Entries"),
        (
            whole("entry", "凭证号", "Entry"),
            whole("command", "指令号", "Command"),
            Column("code", "种类", "Kind"),
            Column("rule", "依据规则", "Rule"),
            Column("reference", "凭据", "Reference"),
            whole("reverses", "冲销凭证", "Reverses"),
            Column("effective_at", "生效时间（UTC）", "Effective at (UTC)"),
            Column("effective_day", "生效日（北京时间）", "Effective day (Shanghai)"),
            Column("recorded_at", "记录时间（UTC）", "Recorded at (UTC)"),
            whole("posting", "分录序号", "Posting"),
            Column("source", "转出账户", "Source"),
            Column("destination", "转入账户", "Destination"),
            Column("asset", "资产", "Asset"),
            *amount_columns("amount", "数量", "Amount"),
        ),
        _entries,
    ),
    Sheet(
        *("commands", "指令", "Commands"),
        (
            whole("sequence", "指令号", "Sequence"),
            Column("id", "指令标识", "Id"),
            Column("kind", "种类", "Kind"),
            Column("actor", "发出人", "Actor"),
            Column("code", "结果", "Answer code"),
            Column("rules_version", "规则版本", "Rules version"),
            Column("recorded_at", "记录时间（UTC）", "Recorded at (UTC)"),
            Column("payload_hash", "内容哈希", "Payload hash"),
            Column("payload", "内容", "Payload"),
            Column("answer", "答复", "Answer"),
        ),
        _commands,
    ),
    Sheet(
        *("holds", "锁定", "Holds"),
        (
            whole("hold", "锁定号", "Hold"),
            Column("account", "账户", "Account"),
            Column("held", "锁定账户", "Held account"),
            Column("asset", "资产", "Asset"),
            *amount_columns("amount", "数量", "Amount"),
            *amount_columns("remaining", "剩余", "Remaining"),
            Column("state", "状态", "State"),
            Column("expires_at", "到期时间（UTC）", "Expires at (UTC)"),
            Column("purpose", "用途", "Purpose"),
        ),
        _holds,
    ),
)
"""What the kernel knows, in the order in which a reader wants it."""
