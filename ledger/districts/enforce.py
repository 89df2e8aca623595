"""
Enforce the budgets of districts: set the cap, keep a reserve, and let nothing out beyond headroom.

A cap is issued into the district's budget account, so what the budget can still give is a balance
and what plans may still ask of it is a commitment; the difference is headroom.
"""

from datetime import date
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.calculation import DOWN_TO_LOT, Sheet, step
from ledger.command import Payload, canonical
from ledger.districts.budget import (
    UNITS,
    Measure,
    budget_account,
    flow_of,
    reserve_account,
)
from ledger.districts.draw import draw, open_budget, position_of, require_headroom
from ledger.districts.split import count_split, require_split
from ledger.districts.tables import BudgetDecisionRow, BudgetRow
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import as_share
from ledger.post import AmountNotPositive, post
from ledger.register import open_asset
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.units import KGCE_PER_TCE
from ledger.versions import RIGHTS
from ledger.work import Work


class BudgetDecisionUsed(Refused):
    """A decision document was recorded for this budget before, or none is named."""

    code = "budget_decision_used"
    rule = "DST-51"

    def __init__(self, district: str, *, year: int, document: str) -> None:
        super().__init__(
            f"decision {document[:80]!r} is empty or was recorded for {district} in {year} before; "
            "a new decision needs a document of its own",
            district=district,
            year=year,
            document=document[:80],
        )


class BudgetLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cap: *amount* is the whole cap of the year in kgce or kg, not a change of it."""

    district: str
    year: int
    measure: Measure
    amount: int
    document: str


class SetBudgets(Payload, frozen=True):
    """Decide the caps of districts."""

    kind: ClassVar[str] = "budgets.set"
    rows: tuple[BudgetLine, ...]


class ReserveBudget(Payload, frozen=True):
    """Set part of a budget aside; without *amount* the pack's share of the cap, in whole lots."""

    kind: ClassVar[str] = "budgets.reserve"
    district: str
    year: int
    measure: Measure
    document: str
    amount: int | None = None


class ReleaseReserve(Payload, frozen=True):
    """Give part of the reserve back to the budget."""

    kind: ClassVar[str] = "budgets.release_reserve"
    district: str
    year: int
    measure: Measure
    document: str
    amount: int


def set_budgets(work: Work, payload: SetBudgets) -> Result:
    """
    Issue each cap into its budget account, or the change where a cap stood before.

    A cap is lowered only as far as headroom goes, and is part of the cap of the district above.

    Rule: DST-50, DST-51, DST-52, DST-60.
    """
    ordinals = iter(range(len(payload.rows)))
    each_row(payload.rows, lambda line: _set_budget(work, line, ordinal=next(ordinals)))
    return {"budgets": len(payload.rows)}


def _set_budget(work: Work, line: BudgetLine, *, ordinal: int) -> None:
    work.memory.cache(Parties).district(line.district)
    _require_amount(line.amount)
    row = work.session.get(BudgetRow, (line.district, line.year, line.measure))
    before = 0 if row is None else row.cap
    if row is None:
        row = BudgetRow(
            district=line.district,
            year=line.year,
            measure=line.measure,
            cap=line.amount,
            committed=0,
        )
        work.session.add(row)
    asset = open_asset(work, flow_of(row.district, year=row.year, measure=row.measure))
    _decide(work, row, what="set", amount=line.amount, document=line.document, ordinal=ordinal)
    budget = budget_account(line.district)
    if line.amount > before:
        posting = Posting("scheme:issuance", budget, asset, line.amount - before)
        post(work, Entry(EntryCode.BUDGET, "DST-50", (posting,)))
    elif line.amount < before:
        if work.is_since(RIGHTS):
            count_split(work, row, document=line.document)
        require_headroom(work.memory, row, before - line.amount)
        posting = Posting(budget, "scheme:issuance", asset, before - line.amount)
        draw(work, row, Entry(EntryCode.BUDGET, "DST-52", (posting,)))
    row.cap = line.amount
    if work.is_since(RIGHTS):
        require_split(work, row, rise=line.amount - before, document=line.document)


def reserve_budget(work: Work, payload: ReserveBudget) -> Result:
    """Move part of a budget's headroom to the district's reserve. Rule: DST-53, DST-52."""
    row = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    amount, sheet = payload.amount, ""
    if amount is None:
        amount, sheet = _reserve_share(work, row)
    _require_amount(amount)
    _decide(work, row, what="reserve", amount=amount, document=payload.document, sheet=sheet)
    require_headroom(work.memory, row, amount)
    posting = Posting(
        budget_account(row.district),
        reserve_account(row.district),
        flow_of(row.district, year=row.year, measure=row.measure).code,
        amount,
    )
    draw(work, row, Entry(EntryCode.BUDGET, "DST-53", (posting,)))
    return {"reserved": amount, "headroom": position_of(work.memory, row).headroom}


def _reserve_share(work: Work, row: BudgetRow) -> tuple[int, str]:
    """Return the pack's share of the cap in whole lots, with its sheet as JSON."""
    pack = work.memory.cache(Parties).district(row.district).pack
    found = work.memory.cache(Policy).find(
        pack, "allocation.reserve_share", on=date(row.year, 1, 1)
    )
    share = as_share(found)
    amount = row.cap * share // KGCE_PER_TCE * KGCE_PER_TCE
    reserve = step(
        "reserve",
        "⌊cap × share ÷ lot⌋ × lot",
        {"cap": row.cap, "share": share, "lot": KGCE_PER_TCE},
        result=amount,
        unit=UNITS[row.measure],
        rule="DST-53",
        rounding=DOWN_TO_LOT,
    )
    sheet = Sheet(f"{found.pack_id}@{found.version}").then(reserve)
    return amount, canonical(sheet.plain()).decode()


def release_reserve(work: Work, payload: ReleaseReserve) -> Result:
    """Move part of the district's reserve back to its budget. Rule: DST-53."""
    row = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    _require_amount(payload.amount)
    _decide(work, row, what="release", amount=payload.amount, document=payload.document)
    posting = Posting(
        reserve_account(row.district),
        budget_account(row.district),
        flow_of(row.district, year=row.year, measure=row.measure).code,
        payload.amount,
    )
    post(work, Entry(EntryCode.BUDGET, "DST-53", (posting,)))
    return {"released": payload.amount, "headroom": position_of(work.memory, row).headroom}


def _require_amount(amount: int) -> None:
    if amount <= 0:
        raise AmountNotPositive(amount)


def _decide(
    work: Work,
    row: BudgetRow,
    *,
    what: str,
    amount: int,
    document: str,
    ordinal: int = 0,
    sheet: str = "",
) -> None:
    """Keep one decision; its document counts once for each thing it may decide. Rule: DST-51."""
    work.require_keys(document)
    same = sa.select(BudgetDecisionRow.sequence).where(
        BudgetDecisionRow.district == row.district,
        BudgetDecisionRow.year == row.year,
        BudgetDecisionRow.measure == row.measure,
        BudgetDecisionRow.step == what,
        BudgetDecisionRow.document == document,
    )
    if not document.strip() or work.session.scalar(same) is not None:
        raise BudgetDecisionUsed(row.district, year=row.year, document=document)
    work.session.add(
        BudgetDecisionRow(
            sequence=work.sequence,
            ordinal=ordinal,
            district=row.district,
            year=row.year,
            measure=row.measure,
            step=what,
            amount=amount,
            document=document,
            sheet=sheet,
        )
    )


def _scope_of_rows(_work: Work, payload: SetBudgets) -> str:
    districts = {line.district for line in payload.rows}
    return f"district:{districts.pop()}" if len(districts) == 1 else ANYWHERE


def _scope(_work: Work, payload: ReserveBudget | ReleaseReserve) -> str:
    return f"district:{payload.district}"


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

ENFORCE_HANDLERS = (
    Handler(SetBudgets, set_budgets, makers=_CITY, checkers=_CITY, scope=_scope_of_rows),
    Handler(ReserveBudget, reserve_budget, makers=_DISTRICT, checkers=_CITY, scope=_scope),
    Handler(ReleaseReserve, release_reserve, makers=_DISTRICT, checkers=_CITY, scope=_scope),
)
