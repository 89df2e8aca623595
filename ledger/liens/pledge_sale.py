"""
Sell pledged units for the pledgees (实现质权): by agreed valuation or to an eligible buyer.

    offered → consented → sold, or withdrawn

The pledgee offers after maturity. The pledgor consents to an agreed valuation, the authority to a
sale without it; then the buyer pays, and units and cash change hands in one entry. The units never
simply fall to a pledgee. An auction is run by `market.pledge_sale`.
"""

from datetime import date
from typing import ClassVar, Literal

from ledger.asset import CNY, Kind
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.standing import gap_of
from ledger.compliance.terms import TermUnknown
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.pledge_state import (
    active_of_lot,
    end_pledge,
    free_lot,
    pledge_of,
    require_not_in_sale,
    units_of_lot,
)
from ledger.liens.tables import PledgeRow, PledgeSaleRow
from ledger.liens.waterfall import Claim, waterfall
from ledger.moves.home import (
    home_of,
    parameter,
    quota_of,
    require_amount,
    require_in_area,
    require_text,
    require_two,
)
from ledger.parties.party import Parties, require_id
from ledger.policy import as_text
from ledger.post import post
from ledger.subject import Result
from ledger.work import Work

BUYERS = ("gap", "enrolled")


class PledgeNotMature(Refused):
    """The debt is not due, so the units are not sold for it."""

    code = "pledge_not_mature"
    rule = "LIE-16"

    def __init__(self, pledge: str, *, matures_on: str, today: date) -> None:
        super().__init__(
            f"pledge {pledge} matures on {matures_on} and may be enforced from the day after; "
            f"the ledger's day is {today}",
            pledge=pledge,
            matures_on=matures_on,
            today=today.isoformat(),
        )


class BuyerNotEligible(Refused):
    """The buyer is a pledgee or the pledgor's own group, or has no gap where that is asked for."""

    code = "pledge_buyer_not_eligible"
    rule = "LIE-17"

    def __init__(self, buyer: str, *, reason: str) -> None:
        super().__init__(
            f"{buyer} cannot buy these units: {reason}; name another buyer",
            buyer=buyer,
            reason=reason,
        )


class SaleExists(Refused):
    """A sale of this id was offered before."""

    code = "pledge_sale_exists"
    rule = "LIE-16"

    def __init__(self, sale: str) -> None:
        super().__init__(f"sale {sale} was offered before; give a new one a new id", sale=sale)


class SaleNotReady(Refused):
    """There is no such sale, or it is not at the stage that this step follows."""

    code = "pledge_sale_not_ready"
    rule = "LIE-16"

    def __init__(self, sale: str, *, state: str, needed: str) -> None:
        super().__init__(
            f"sale {sale[:40]} is {state}, but this step takes one that is {needed}",
            sale=sale[:40],
            state=state,
            needed=needed,
        )


class SaleExceeded(Refused):
    """More is offered for sale than the pledge covers."""

    code = "pledge_sale_exceeded"
    rule = "LIE-16"

    def __init__(self, pledge: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"pledge {pledge} covers {available}, so {needed} cannot be sold for it",
            pledge=pledge,
            needed=needed,
            available=available,
        )


class SellPledged(Payload, frozen=True):
    """Offer *amount* minor units of a matured pledge to *buyer* for *price_fen* in all."""

    kind: ClassVar[str] = "pledges.sell"
    sale: str
    pledge: str
    way: Literal["agreed", "eligible_sale"]
    buyer: str
    amount: int
    price_fen: int
    document: str


class ConsentSale(Payload, frozen=True):
    """Consent to an agreed valuation, as the pledgor."""

    kind: ClassVar[str] = "pledges.consent"
    sale: str


class ApproveSale(Payload, frozen=True):
    """Approve a sale to an eligible buyer, as the authority, by a *document*."""

    kind: ClassVar[str] = "pledges.approve_sale"
    sale: str
    document: str


class BuyPledged(Payload, frozen=True):
    """Buy as the named buyer: the price goes to the pledgees by rank, the rest to the pledgor."""

    kind: ClassVar[str] = "pledges.buy"
    sale: str


class WithdrawSale(Payload, frozen=True):
    """Take back the offer of a sale, as the pledgee."""

    kind: ClassVar[str] = "pledges.withdraw_sale"
    sale: str


def sell_pledged(work: Work, payload: SellPledged) -> Result:
    """
    Keep the offer of a sale; it moves nothing.

    Refusals in this order: id, known before, those of `enforceable`, buyer, price, document.
    Rule: LIE-16, LIE-17.
    """
    require_id(payload.sale)
    if work.session.get(PledgeSaleRow, payload.sale) is not None:
        raise SaleExists(payload.sale)
    row = enforceable(work, payload.pledge, payload.amount)
    require_buyer(work, row, payload.buyer, payload.amount)
    require_amount(payload.price_fen)
    require_text("the document", payload.document)
    sale = PledgeSaleRow(
        id=payload.sale,
        pledge=row.id,
        lot=row.lot,
        way=payload.way,
        buyer=payload.buyer,
        amount=payload.amount,
        price_fen=payload.price_fen,
        document=payload.document,
        state="offered",
        offered_by=work.sequence,
    )
    work.session.add(sale)
    return {"sale": payload.sale, "state": "offered"}


def consent_sale(work: Work, payload: ConsentSale) -> Result:
    """Consent as the pledgor, in whose place nobody can agree a price. Rule: LIE-16."""
    return _let_go_on(work, payload.sale, "agreed")


def approve_sale(work: Work, payload: ApproveSale) -> Result:
    """Approve a sale to an eligible buyer, to which the pledgor has not agreed. Rule: LIE-16."""
    require_text("the document", payload.document)
    return _let_go_on(work, payload.sale, "eligible_sale")


def _let_go_on(work: Work, sale: str, way: str) -> Result:
    row = sale_of(work, sale, "offered")
    if row.way != way:
        raise SaleNotReady(sale, state=row.way, needed=way)
    row.state = "consented"
    return {"sale": row.id, "state": row.state}


def withdraw_sale(work: Work, payload: WithdrawSale) -> Result:
    """Take the offer of a sale back. Rule: LIE-16."""
    row = sale_of(work, payload.sale, "offered", "consented")
    row.state = "withdrawn"
    return {"sale": row.id, "state": row.state}


def buy_pledged(work: Work, payload: BuyPledged) -> Result:
    """
    Deliver against payment: units to the buyer, cash by rank, in one entry.

    Refusals in this order: not consented, buyer no longer eligible, cover of cash.
    Rule: LIE-17, LIE-18.
    """
    sale = sale_of(work, payload.sale, "consented")
    row = pledge_of(work, sale.pledge, "active")
    require_buyer(work, row, sale.buyer, sale.amount)
    assert sale.price_fen is not None
    asset = quota_of(work.memory, row.asset)
    units = Posting(
        of_enterprise(row.pledgor, "pledged"), home_of(sale.buyer, asset), row.asset, sale.amount
    )
    cash = pay_by_rank(work, row, sale.price_fen, payer=of_enterprise(sale.buyer, "cash"))
    sale.entry = post(work, Entry(EntryCode.PLEDGE_SALE, "LIE-18", (units, *cash)))
    sale.state = "sold"
    take_from_lot(work, row, sale.amount)
    return {"sale": sale.id, "entry": sale.entry, "state": sale.state}


def enforceable(work: Work, pledge: str, amount: int) -> PledgeRow:
    """
    Return a pledge that may be enforced for *amount*.

    Refusals in this order: unknown or not active, not mature, in sale, amount, more than it covers.
    Rule: LIE-16.
    """
    row = pledge_of(work, pledge, "active")
    today = day_of(work.now)
    if today <= date.fromisoformat(row.matures_on):
        raise PledgeNotMature(row.id, matures_on=row.matures_on, today=today)
    require_not_in_sale(work, row)
    require_amount(amount)
    if amount > row.amount:
        raise SaleExceeded(row.id, needed=amount, available=row.amount)
    return row


def require_buyer(work: Work, row: PledgeRow, buyer: str, amount: int) -> None:
    """Refuse a buyer whom the rule or the pack does not let buy. Rule: LIE-17."""
    require_two(work.memory, row.pledgor, buyer)
    parties = work.memory.cache(Parties)
    if buyer in {other.pledgee for other in active_of_lot(work, row.lot)}:
        raise BuyerNotEligible(buyer, reason="it is a pledgee, to whom the units never fall")
    if parties.enterprise(buyer).owner_group == parties.enterprise(row.pledgor).owner_group:
        raise BuyerNotEligible(buyer, reason="it belongs to the pledgor's own group")
    asset = quota_of(work.memory, row.asset)
    require_in_area(work.memory, asset, buyer)
    rule = as_text(parameter(work, row.pledgor, "pledge.buyers", on=day_of(work.now)))
    if rule not in BUYERS:
        raise TermUnknown("pledge.buyers", value=rule, accepted=" or ".join(BUYERS))
    if rule == "gap" and asset.kind is Kind.FLOW:
        gap = gap_of(work.memory, buyer, compliance_year=asset.vintage, measure=asset.measure)
        if gap is None or gap.short < amount:
            raise BuyerNotEligible(buyer, reason="its gap is smaller than what is sold")


def pay_by_rank(work: Work, row: PledgeRow, proceeds_fen: int, *, payer: str) -> list[Posting]:
    """Count the proceeds towards each rank and return the moves of cash. Rule: LIE-18."""
    of_lot = {each.id: each for each in active_of_lot(work, row.lot)}
    claims = [Claim(each.id, each.secured_fen - each.paid_fen) for each in of_lot.values()]
    paid, left_fen = waterfall(proceeds_fen, claims)
    moves = []
    for pledge, share_fen in paid:
        of_lot[pledge].paid_fen += share_fen
        cash = of_enterprise(of_lot[pledge].pledgee, "cash")
        moves.append(Posting(payer, cash, CNY, share_fen))
    own = of_enterprise(row.pledgor, "cash")
    if left_fen and own != payer:
        moves.append(Posting(payer, own, CNY, left_fen))
    return moves


def take_from_lot(work: Work, row: PledgeRow, sold: int) -> None:
    """Let what was sold leave the lot, and pledges that are paid or empty end. Rule: LIE-18."""
    there = units_of_lot(work, row.lot) - sold
    of_lot = active_of_lot(work, row.lot)
    for each in of_lot:
        each.amount = min(each.amount, there)
        if each.paid_fen == each.secured_fen:
            end_pledge(work, each, "satisfied")
        elif not each.amount:
            end_pledge(work, each, "enforced")
    free_lot(work, row, there)


def sale_of(work: Work, sale: str, *states: str) -> PledgeSaleRow:
    """Return a sale in one of *states*, or refuse. Rule: LIE-16."""
    row = work.session.get(PledgeSaleRow, sale)
    state = "unknown" if row is None else row.state
    if row is None or state not in states:
        raise SaleNotReady(sale, state=state, needed=" or ".join(states))
    return row
