"""
Buy freed quota back into a reserve (回购), at the price of its packs; the treasury pays.
"""

from typing import ClassVar

import msgspec

from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.entry import EntryCode
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import Result
from ledger.substitution.holders import RESERVE, require_holder
from ledger.substitution.parting import Parting, part, require_partable
from ledger.substitution.payment import payment
from ledger.substitution.priced import BUY_BACK, cost_of
from ledger.substitution.reserve_tables import ReserveSaleRow
from ledger.work import Work


class BuyBackLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """*amount* of the holder's *source*, which the reserve is to hold as *target*."""

    source: str
    target: str
    amount: int


class BuyBack(Payload, frozen=True):
    """Offer freed quota to the reserve of district *reserve*, which pays for it."""

    kind: ClassVar[str] = "reserve.buy_back"
    enterprise: str
    reserve: str
    document: str
    rows: tuple[BuyBackLine, ...]


def buy_back(work: Work, payload: BuyBack) -> Result:
    """
    Take each lot into the reserve and pay its holder in the same entry.

    Refusals of a line in this order: its source, its holder, those of `parting`, the price, the
    cash of the treasury. Rule: FRQ-83, FRQ-71.
    """
    work.memory.cache(Parties).enterprise(payload.enterprise)
    work.memory.cache(Parties).district(payload.reserve)
    paid: list[int] = []
    each_row(payload.rows, lambda line: paid.append(_buy(work, payload, line, len(paid))))
    return {"enterprise": payload.enterprise, "bought": len(paid), "paid_fen": sum(paid)}


def _buy(work: Work, payload: BuyBack, line: BuyBackLine, ordinal: int) -> int:
    require_holder(work, line.source, payload.enterprise)
    parting = Parting(
        line.source,
        line.target,
        line.amount,
        f"{RESERVE}{payload.reserve}",
        "buy_back",
        payload.document,
    )
    source = require_partable(work, parting)
    paid_fen, sheet = cost_of(
        work, reserve=payload.reserve, price=BUY_BACK, measure=source.measure, amount=line.amount
    )
    payee = of_enterprise(payload.enterprise, "cash")
    paid = payment(work, "treasury:sales", payee, paid_fen)
    part(work, parting, EntryCode.RESERVE_SALE, "FRQ-83", paid=paid)
    work.session.add(
        ReserveSaleRow(
            sequence=work.sequence,
            ordinal=ordinal,
            direction="buy_back",
            reserve=payload.reserve,
            enterprise=payload.enterprise,
            project="",
            source=line.source,
            target=line.target,
            asset=source.asset,
            measure=source.measure,
            amount=line.amount,
            paid_fen=paid_fen,
            document=payload.document,
            sheet=canonical(sheet.plain()).decode(),
        )
    )
    return paid_fen
