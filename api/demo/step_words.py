"""
What a step did, in words: the time, what fell due, what the operator did and what came of it.
"""

from collections.abc import Iterable

from api.demo.words import PHASES, Words
from ledger.command import Answer, Payload
from ledger.days import text_of
from ledger.errors import Refused
from ledger.units import format_yuan
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.open_day import OpenDay

Outcome = tuple[Payload, Answer | Refused]


def told(at: int, *, due: tuple[str, str], outcomes: Iterable[Outcome]) -> Words:
    """Tell an event that happened at the instant *at*."""
    parts = [_due(*due)] if due[0] else []
    parts += _together(list(outcomes))
    time = text_of(at)[:16]
    zh, en = "；".join(part.zh for part in parts), "; ".join(part.en for part in parts)
    return Words(f"{time}：{zh}。", f"{time}: {en}.")


def _due(kind: str, key: str) -> Words:
    match kind:
        case "compliance.deadline":
            return Words(
                f"{key} 年度清缴截止日已过，进入结清",
                f"the surrender deadline of {key} has passed, the year is closing",
            )
        case "hold":
            return Words(
                f"第 {key} 号预留到期，指标自动退回",
                f"hold {key} has expired, its units are free again",
            )
        case "lease.return":
            return Words(
                f"租赁 {key} 届满，指标返还出租方", f"lease {key} is over, its units are back"
            )
        case "pledge.matures":
            return Words(f"质押 {key} 担保的债务到期", f"the debt that pledge {key} secures is due")
        case "freeze.end":
            return Words(f"冻结 {key} 期满解除", f"freeze {key} has ended")
        case "rights.expire":
            return Words(f"{key} 年底期满的用能权失效", f"rights to the end of {key} have expired")
        case "transfer.settle":
            return Words(f"划转 {key} 生效", f"transfer {key} takes effect")
        case "usage_fees.lapse":
            return Words(f"有偿配额 {key} 逾期未缴，退回预算", f"paid quota {key} lapses unpaid")
        case _:
            return Words(f"到期事项 {kind}（{key}）已处理", f"{kind} {key} was due and is done")


def _together(outcomes: list[Outcome]) -> list[Words]:
    """Tell outcomes; instruments with the same words are named together."""
    named: dict[Words, list[str]] = {}
    for payload, outcome in outcomes:
        named.setdefault(_said(payload, outcome), []).append(_instrument(payload))
    return [
        Words(f"{'、'.join(names)} {said.zh}", f"{', '.join(names)}: {said.en}")
        for said, names in named.items()
    ]


def _instrument(payload: Payload) -> str:
    assert isinstance(payload, (ChangePhase, CloseDay, OpenDay, Uncross))
    return payload.instrument


def _said(payload: Payload, outcome: Answer | Refused) -> Words:
    if isinstance(outcome, Refused) or not outcome.ok:
        return Words(f"未能推进（{outcome.code}）", f"could not go on ({outcome.code})")
    match payload:
        case OpenDay():
            return Words("开市", "the day is opened")
        case Uncross():
            return _crossed(outcome)
        case CloseDay():
            return _closed(outcome)
        case ChangePhase(phase=phase):
            return Words(f"进入{PHASES[phase].zh}", PHASES[phase].en)
        case _:
            raise AssertionError(payload.kind)


def _crossed(answer: Answer) -> Words:
    price_fen, volume_tce = answer.result["price_fen"], answer.result["volume_tce"]
    if not price_fen:
        return Words("集合竞价结束，无成交", "the call ends without a trade")
    price = format_yuan(price_fen)
    return Words(
        f"集合竞价以每吨 {price} 元成交 {volume_tce:,} 吨",
        f"the call ends, {volume_tce:,} t at {price} yuan",
    )


def _closed(answer: Answer) -> Words:
    price, volume_tce = format_yuan(answer.result["close_price_fen"]), answer.result["volume_tce"]
    return Words(
        f"收市，收盘价 {price} 元，成交 {volume_tce:,} 吨",
        f"closed at {price} yuan, {volume_tce:,} t traded",
    )
