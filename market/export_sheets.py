"""The tables that people want of the market, row by row: orders and trades. Rule: AUD-41."""

from collections.abc import Iterator

import sqlalchemy as sa

from ledger.export_amounts import decimal_text
from ledger.export_sheets import Column, Form, Row, Sheet, whole
from ledger.export_times import instant_text
from ledger.history import Names, in_order
from market.tables import OrderRow, TradeRow

_FEN_DECIMALS = 2


def _yuan(name: str, zh: str, en: str) -> tuple[Column, Column]:
    return (
        Column(f"{name}_yuan", f"{zh}（元）", f"{en}, yuan", Form.DECIMAL),
        whole(f"{name}_fen", f"{zh}（分）", f"{en}, fen"),
    )


def _money(fen: int) -> tuple[str, int]:
    return decimal_text(fen, _FEN_DECIMALS), fen


def _orders(connection: sa.Connection, _names: Names) -> Iterator[Row]:
    for row in in_order(connection, OrderRow, 0):
        yield (
            *(row.id, row.instrument, row.day_number, row.enterprise, row.side),
            *_money(row.price_fen),
            *(row.quantity_tce, row.filled_tce, row.validity, row.state, row.ended_because),
        )


def _trades(connection: sa.Connection, _names: Names) -> Iterator[Row]:
    for row in in_order(connection, TradeRow, 0):
        yield (
            *(row.id, row.instrument, row.day_number, instant_text(row.traded_at), row.mode),
            *(row.buyer, row.seller, row.buy_order, row.sell_order, row.taker_side),
            *_money(row.price_fen),
            row.quantity_tce,
            *_money(row.consideration_fen),
            *_money(row.buyer_fee_fen),
            *_money(row.seller_fee_fen),
        )


MARKET_SHEETS = (
    Sheet(
        *("orders", "申报", "Orders"),
        (
            whole("order", "申报号", "Order"),
            Column("instrument", "品种", "Instrument"),
            whole("day_number", "交易日序号", "Day number"),
            Column("enterprise", "用能单位", "Enterprise"),
            Column("side", "方向", "Side"),
            *_yuan("price", "价格", "Price"),
            whole("quantity_tce", "数量（吨标准煤）", "Quantity, tce"),
            whole("filled_tce", "已成交（吨标准煤）", "Filled, tce"),
            Column("validity", "有效期", "Validity"),
            Column("state", "状态", "State"),
            Column("ended_because", "结束原因", "Ended because"),
        ),
        _orders,
    ),
    Sheet(
        *("trades", "成交", "Trades"),
        (
            whole("trade", "成交号", "Trade"),
            Column("instrument", "品种", "Instrument"),
            whole("day_number", "交易日序号", "Day number"),
            Column("traded_at", "成交时间（UTC）", "Traded at (UTC)"),
            Column("mode", "方式", "Mode"),
            Column("buyer", "买方", "Buyer"),
            Column("seller", "卖方", "Seller"),
            whole("buy_order", "买入申报", "Buy order"),
            whole("sell_order", "卖出申报", "Sell order"),
            Column("taker_side", "主动方", "Taker side"),
            *_yuan("price", "价格", "Price"),
            whole("quantity_tce", "数量（吨标准煤）", "Quantity, tce"),
            *_yuan("consideration", "成交金额", "Consideration"),
            *_yuan("buyer_fee", "买方手续费", "Buyer's fee"),
            *_yuan("seller_fee", "卖方手续费", "Seller's fee"),
        ),
        _trades,
    ),
)
"""What the market knows, in the order in which a reader wants it."""
