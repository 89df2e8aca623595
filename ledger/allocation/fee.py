"""
The paid part of an allocation (有偿使用): units against a usage fee, both in one entry.

The free part of a grant goes out when the plan is issued. The paid part stays promised in the
budget until the enterprise pays, and goes back to the budget's headroom if it does not in time.
"""

from datetime import timedelta
from typing import ClassVar

import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.allocation.grant import terms_of_row
from ledger.allocation.method_tables import PaidPartRow
from ledger.allocation.quota import paid_of
from ledger.allocation.tables import AllocationRow
from ledger.asset import CNY
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.days import day_of, end_of
from ledger.districts.budget import Measure, budget_account, flow_of
from ledger.districts.draw import draw, open_budget
from ledger.districts.tables import BudgetRow
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import as_int
from ledger.register import set_due
from ledger.subject import Handler, Result, Role
from ledger.units import KGCE_PER_TCE, format_yuan
from ledger.work import Work

DUE_FEE = "usage_fees.lapse"
TREASURY = "treasury:usage_fees"


class PaidPartUnknown(Refused):
    """The allocation has no part that costs a usage fee."""

    code = "paid_part_unknown"
    rule = "ALC-74"

    def __init__(self, enterprise: str, *, year: int, measure: str, product: str) -> None:
        super().__init__(
            f"the {measure} allocation of {enterprise} for {year}, product {product!r}, has no "
            "part that costs a usage fee",
            enterprise=enterprise,
            year=year,
            measure=measure,
            product=product,
        )


class PaidPartClosed(Refused):
    """The paid part was paid for already, or its last day has passed."""

    code = "paid_part_closed"
    rule = "ALC-74"

    def __init__(self, row: PaidPartRow) -> None:
        super().__init__(
            f"the paid part of {row.enterprise} for {row.year} is {row.state}; it could be paid "
            f"for once, until the end of {row.due_on}",
            enterprise=row.enterprise,
            state=row.state,
            due_on=row.due_on,
        )


class UsageFeeShort(Refused):
    """The enterprise's free cash does not cover its usage fee."""

    code = "usage_fee_short"
    rule = "ALC-74"

    def __init__(self, enterprise: str, *, needed_fen: int, available_fen: int) -> None:
        super().__init__(
            f"the usage fee of {enterprise} is {format_yuan(needed_fen)} yuan, but it has "
            f"{format_yuan(available_fen)} yuan free: deposit the rest first",
            enterprise=enterprise,
            needed_fen=needed_fen,
            available_fen=available_fen,
        )


class PayAllocation(Payload, frozen=True):
    """Pay the usage fee of one allocation's paid part and take the units."""

    kind: ClassVar[str] = "allocations.pay"
    enterprise: str
    year: int
    measure: Measure
    product: str = ""


def let_be_paid(work: Work, row: AllocationRow) -> int:
    """
    Keep the paid part of a row that is issued now, with its price and last day; return its amount.

    The price and the days are the pack's in force today. Rule: ALC-73.
    """
    if '"paid_share"' not in row.terms:  # a plan has many rows, and few have such a part
        return 0
    amount = paid_of(row.granted, terms_of_row(row)).amount_kgce
    if not amount:
        return 0
    price_fen, days = _price_fen(work, row), _find(work, row.district, "allocation.usage_fee_days")
    due_on = day_of(work.now) + timedelta(days=days)
    work.session.add(
        PaidPartRow(
            year=row.year,
            measure=row.measure,
            enterprise=row.enterprise,
            product=row.product,
            district=row.district,
            amount=amount,
            price_fen=price_fen,
            fee_fen=amount // KGCE_PER_TCE * price_fen,
            due_on=due_on.isoformat(),
            state="payable",
            issued_by=work.sequence,
            decided_by=None,
        )
    )
    set_due(work, at=end_of(due_on), kind=DUE_FEE, key=str(work.sequence))
    return amount


def _price_fen(work: Work, row: AllocationRow) -> int:
    """Return the fee in fen a tonne: of standard coal, or of coal where coal is measured."""
    unit = "t" if row.measure == "coal" else "tce"
    return _find(work, row.district, f"allocation.usage_fee_fen_per_{unit}")


def _find(work: Work, district: str, key: str) -> int:
    pack = work.memory.cache(Parties).district(district).pack
    return as_int(work.memory.cache(Policy).find(pack, key, on=day_of(work.now)))


def pay_allocation(work: Work, payload: PayAllocation) -> Result:
    """
    Move the fee to the treasury and the units to the holding, in one entry.

    Checks in this order: enterprise, a paid part, payable, cash. Rule: ALC-74.
    """
    work.memory.cache(Parties).enterprise(payload.enterprise)
    key = (payload.year, payload.measure, payload.enterprise, payload.product)
    row = work.session.get(PaidPartRow, key)
    if row is None:
        year, measure, enterprise, product = key
        raise PaidPartUnknown(enterprise, year=year, measure=measure, product=product)
    if row.state != "payable":
        raise PaidPartClosed(row)
    cash = of_enterprise(row.enterprise, "cash")
    available_fen = work.memory.balance(cash, CNY)
    if available_fen < row.fee_fen:
        raise UsageFeeShort(row.enterprise, needed_fen=row.fee_fen, available_fen=available_fen)
    budget = open_budget(work, row.district, year=row.year, measure=row.measure)
    entry = draw(work, budget, _against_fee(row, cash))
    _promise_less(budget, row, state="paid", by=work.sequence)
    work.session.get_one(AllocationRow, key).issued += row.amount
    result = {"entry": entry, "amount": row.amount, "fee_fen": row.fee_fen}
    work.publish("usage_fees", {"enterprise": row.enterprise, "year": row.year, **result})
    return result


def _against_fee(row: PaidPartRow, cash: str) -> Entry:
    asset = flow_of(row.district, year=row.year, measure=row.measure).code
    holding = of_enterprise(row.enterprise, "holding")
    postings = (
        Posting(cash, TREASURY, CNY, row.fee_fen),
        Posting(budget_account(row.district), holding, asset, row.amount),
    )
    reference = f"usage_fee:{row.year}:{row.measure}:{row.enterprise}:{row.product}"
    return Entry(EntryCode.USAGE_FEE, "ALC-74", postings, reference=reference)


def lapse_unpaid(work: Work, key: str) -> None:
    """Give back to headroom what the issue of command *key* left unpaid. Rule: ALC-75."""
    rows = work.session.scalars(
        sa.select(PaidPartRow).where(
            PaidPartRow.issued_by == int(key), PaidPartRow.state == "payable"
        )
    )
    for row in list(rows):
        lapse(work, row)


def lapse(work: Work, row: PaidPartRow) -> None:
    """Give one unpaid part back to the headroom of its budget. Rule: ALC-75."""
    budget = open_budget(work, row.district, year=row.year, measure=row.measure)
    _promise_less(budget, row, state="lapsed", by=work.sequence)


def _promise_less(budget: BudgetRow, row: PaidPartRow, *, state: str, by: int) -> None:
    budget.committed -= row.amount
    row.state, row.decided_by = state, by


def end_paid_part(work: Work, row: AllocationRow) -> tuple[int, int]:
    """
    End the paid part of a row that is trued up; return what of it was paid for and what was not.

    What is still payable lapses now. Rule: ALC-75.
    """
    part = work.session.get(PaidPartRow, (row.year, row.measure, row.enterprise, row.product))
    if part is None:
        return 0, 0
    if part.state == "payable":
        lapse(work, part)
    return (part.amount, 0) if part.state == "paid" else (0, part.amount)


def _scope(_work: Work, payload: PayAllocation) -> str:
    return f"enterprise:{payload.enterprise}"


FEE_HANDLERS = (
    Handler(
        PayAllocation,
        pay_allocation,
        makers=frozenset({Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_COMPLIANCE}),
        scope=_scope,
    ),
)
FEE_DUE = {DUE_FEE: lapse_unpaid}
