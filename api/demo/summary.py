"""
The figures at the end: counted from the database, never from what the demonstration remembers.
"""

from typing import Any

import sqlalchemy as sa

from api.demo.market_now import session_figures
from api.demo.proof import Proof
from api.demo.province import YEAR
from api.demo.stage import Stage
from api.demo.voice import Voice, rules
from api.demo.words import FIGURES, NO, YES, Words
from ledger.compliance.tables import ClosingRow
from ledger.db import reading
from ledger.entry import EntryCode
from ledger.errors import refusal_classes
from ledger.parties.tables import EnterpriseRow
from ledger.tables import (
    AccountRow,
    AssetRow,
    BalanceRow,
    CommandRow,
    EntryRow,
    PostingRow,
)
from ledger.units import format_tce, format_yuan
from market.tables import OrderRow, TradeRow


def summary(stage: Stage, proof: Proof, seconds: int) -> dict[str, Any]:
    """Return the figures of the played year; tonnes are text with three decimals."""
    with reading(stage.program.engine) as connection:
        return {
            "enterprises": _count(connection, EnterpriseRow),
            "commands": _count(connection, CommandRow),
            "refused": dict(sorted(stage.refused.items())),
            "entries": _count(connection, EntryRow),
            "postings": _count(connection, PostingRow),
            "orders": _count(connection, OrderRow),
            "trades": _count(connection, TradeRow),
            **_tonnes(connection),
            "cash_turnover_fen": _sum(connection, TradeRow.consideration_fen),
            "imbalance": _imbalance(connection),
            "session": session_figures(connection),
            "state_digest": proof.state_digest,
            "replay_digest": proof.replay_digest,
            "checkpoint": proof.checkpoint,
            "tamper_detected": proof.tamper_detected,
            "seconds": seconds,
        }


def _tonnes(connection: sa.Connection) -> dict[str, str]:
    given = _moved(connection, "district:%:budget", "enterprise:%", asset=_OF_YEAR)
    taken = _moved(connection, "enterprise:%", "district:%:budget", asset=_OF_YEAR)
    freed = _moved(connection, "scheme:issuance", "source:%")
    substituted = _moved(connection, "source:%", "scheme:substituted:%")
    added = _moved(
        connection, "scheme:issuance", "enterprise:%:entitlement", code=EntryCode.SUBSTITUTION
    )
    amounts = {
        "allocated": given - taken,
        "freed": freed,
        "substituted": substituted,
        "net_reduction": substituted - added,
        "traded": _moved(connection, "enterprise:%:held", "enterprise:%", code=EntryCode.TRADE),
        "surrendered": _moved(connection, "enterprise:%", "scheme:surrendered:%"),
        "short": _sum(connection, ClosingRow.missing, ClosingRow.measure == "energy"),
    }
    return {f"tce_{name}": format_tce(kgce) for name, kgce in amounts.items()}


_OF_YEAR = f"energy.flow.%.{YEAR}.%"


def _moved(
    connection: sa.Connection,
    source: str,
    destination: str,
    *,
    code: EntryCode | None = None,
    asset: str = "energy.%",
) -> int:
    """Return the kgce of *asset* moved from accounts like *source* to ones like *destination*."""
    giving, taking = sa.alias(AccountRow.__table__), sa.alias(AccountRow.__table__)
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(PostingRow.amount), 0))
        .join(giving, giving.c.id == PostingRow.source_id)
        .join(taking, taking.c.id == PostingRow.destination_id)
        .join(AssetRow, AssetRow.id == PostingRow.asset_id)
        .join(EntryRow, EntryRow.sequence == PostingRow.entry)
        .where(giving.c.address.like(source), taking.c.address.like(destination))
        .where(AssetRow.code.like(asset))
    )
    if code is not None:
        query = query.where(EntryRow.code == code)
    return int(connection.execute(query).scalar_one())


def _count(connection: sa.Connection, table: Any) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _sum(connection: sa.Connection, column: Any, *conditions: Any) -> int:
    total = sa.select(sa.func.coalesce(sa.func.sum(column), 0)).where(*conditions)
    return int(connection.execute(total).scalar_one())


def _imbalance(connection: sa.Connection) -> int:
    """Return by how much any asset fails to sum to zero over all accounts; it must be 0."""
    sums = connection.execute(
        sa.select(sa.func.sum(BalanceRow.amount)).group_by(BalanceRow.asset_id)
    ).scalars()
    return sum(abs(int(total)) for total in sums)


def tell(voice: Voice, figures: dict[str, Any]) -> None:
    """Say the figures as tables."""
    voice.chapter(zh="小结", en="In figures")
    voice.table(
        Words(
            "账本数字（数量均为能源指标，分配与清缴为 2025 年度）：",
            "The ledger in figures; quantities are of energy, allocated and surrendered of 2025:",
        ),
        (Words("项目", "figure"), Words("数值", "value"), Words("单位", "unit")),
        ((FIGURES[name][0], _shown(name, figures[name]), FIGURES[name][1]) for name in FIGURES),
    )
    is_same = figures["state_digest"] == figures["replay_digest"]
    voice.table(
        Words("核验结果：", "What was verified:"),
        (Words("项目", "check"), Words("结果", "result")),
        (
            (Words("状态摘要", "state digest"), figures["state_digest"]),
            (Words("重放结果相同", "replay is the same"), YES if is_same else NO),
            (Words("伪造被发现", "forgery found"), YES if figures["tamper_detected"] else NO),
        ),
    )
    rule_of = {refusal.code: refusal.rule for refusal in refusal_classes()}
    voice.table(
        Words("被拒绝的指令：", "Commands that were refused:"),
        (
            Words("次数", "times"),
            Words("代码", "code"),
            Words("编号", "rule"),
            Words("规则", "what it says"),
        ),
        (
            (str(times), code, rule_of[code], _sentence(rule_of[code]))
            for code, times in figures["refused"].items()
        ),
    )
    voice.why(
        zh="拒绝不是故障：每次拒绝都有代码和规则，并与被接受的指令一样记入历史。",
        en="A refusal is no fault: it has a code and a rule, and history keeps it as well.",
    )


def _shown(name: str, value: int | str) -> str:
    if name.endswith("_fen"):
        return format_yuan(int(value))
    return f"{value:,}" if isinstance(value, int) else value


def _sentence(rule: str) -> Words:
    return Words(rules()[rule].sentence_zh, rules()[rule].sentence)
