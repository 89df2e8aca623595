"""
The mean price from which fines are reckoned: the market's daily figures before the deadline.
"""

from datetime import date

import sqlalchemy as sa

from api.demo.cast import REG1, REG2, dates
from api.demo.province import YEAR
from api.demo.stage import Stage
from api.demo.words import amount, yuan
from ledger.adopt import Policy
from ledger.compliance.open_year import RecordPrice
from ledger.db import reading
from ledger.policy import as_int
from ledger.units import KGCE_PER_TCE
from market.tables import InstrumentRow, MarketDayRow


def record_price(stage: Stage) -> None:
    """
    Record by four eyes what was paid for how much energy in the window that the pack names.

    What counts are the days as the exchange closed them, so the one-way auction stays out.
    """
    last = dates()["deadline"]
    first = _months_before(last, _window_months(stage))
    with reading(stage.program.engine) as connection:
        turnover_fen, volume_tce = connection.execute(
            sa.select(sa.func.sum(MarketDayRow.turnover_fen), sa.func.sum(MarketDayRow.volume_tce))
            .join(InstrumentRow, InstrumentRow.id == MarketDayRow.instrument)
            .where(InstrumentRow.asset.like(f"energy.flow.%.{YEAR}.%"))
            .where(MarketDayRow.day > first.isoformat(), MarketDayRow.day <= last.isoformat())
        ).one()
    recorded = RecordPrice(
        year=YEAR,
        measure="energy",
        turnover_fen=int(turnover_fen),
        volume=int(volume_tce) * KGCE_PER_TCE,
        source=f"示例省交易所 {first}（不含）至 {last} 每日行情合计",
    )
    stage.do_both(recorded, maker=REG1, checker=REG2)
    _tell(stage, recorded)


def _window_months(stage: Stage) -> int:
    policy = stage.program.writer.memory.cache(Policy)
    found = policy.find(policy.jurisdiction, "shortfall.price_window_months", dates()["deadline"])
    return as_int(found)


def _months_before(day: date, months: int) -> date:
    """Return the same day of an earlier month, which must have it."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, day.day)


def _tell(stage: Stage, recorded: RecordPrice) -> None:
    volume_tce = recorded.volume // KGCE_PER_TCE
    sold = amount("energy", recorded.volume)
    price = yuan(_mean_fen(recorded.turnover_fen, volume_tce))
    stage.voice.say(
        zh=f"截止日前一个月成交 {sold.zh}，均价每吨 {price.zh}，由双人复核登记，罚款建议以此计算。",
        en=f"In the month before the deadline {sold.en} were traded at {price.en} a tonne on "
        "average; two persons record it, and fines are reckoned from it.",
    )


def _mean_fen(turnover_fen: int, volume_tce: int) -> int:
    """Return the mean price in whole fen a tonne, for reading; the ledger keeps it exact."""
    return (2 * turnover_fen + volume_tce) // (2 * volume_tce)
