"""
The indicator ledger (能耗指标台账): every change of a district's budget, from what really happened.

Lines come from the entries on the budget's account and from what weighs on a budget without an
entry; nobody types them a second time. The running balance is headroom and what plans may still
ask.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, narrow
from api.read.visible import visible
from ledger.districts.budget import BudgetPosition, budget_account, flow_of
from ledger.districts.read import read_budgets
from ledger.districts.tables import BudgetDecisionRow
from ledger.districts.use_tables import BudgetLineRow, BudgetMoveRow
from ledger.parties.tables import DistrictRow
from ledger.tables import AccountRow, AssetRow, CommandRow, EntryRow, PostingRow

Row = Mapping[str, Any]

_NAMES = {
    "DST-50": ("cap", "cap"),
    "DST-52": ("cap_lowered", "cap_lowered"),
    "DST-53": ("reserve_released", "reserved"),
    "DST-64": ("moved_in", "moved_out"),
    "DST-65": ("lent_in", "lent_out"),
}
"""What a line of a budget entry is called by its rule: where room came in, and went out."""


def lines(reach: Reach, *, district: str, year: int, measure: str) -> sa.Select[Any]:
    """
    Return the query of one budget's lines with the balance after each, oldest first.

    Ordered and paged by command, part, number and ordinal. Rule: DST-67.
    """
    both = sa.union_all(
        _entries(district, year=year, measure=measure),
        _others(district, year=year, measure=measure),
    ).subquery()
    order = [both.c.command, both.c.part, both.c.number, both.c.ordinal]
    running = sa.func.sum(both.c.amount).over(order_by=order)
    told = (
        sa.select(both, sa.cast(running, sa.BigInteger).label("balance"), CommandRow.recorded_at)
        .join(CommandRow, CommandRow.sequence == both.c.command)
        .subquery()
    )
    mine = sa.exists().where(
        DistrictRow.code == district, visible(reach, district=DistrictRow.code)
    )
    return sa.select(told).where(mine)


def keys_of(query: sa.Select[Any]) -> list[Any]:
    """Return the columns by which the lines of `lines` are ordered."""
    named = query.selected_columns
    return [named.command, named.part, named.number, named.ordinal]


def _entries(district: str, *, year: int, measure: str) -> sa.Select[Any]:
    account = (
        sa.select(AccountRow.id)
        .where(AccountRow.address == budget_account(district))
        .scalar_subquery()
    )
    asset = (
        sa.select(AssetRow.id)
        .where(AssetRow.code == flow_of(district, year=year, measure=measure).code)
        .scalar_subquery()
    )
    comes_in = PostingRow.destination_id == account
    words = [
        ((EntryRow.code == "budget") & (EntryRow.rule == rule) & (comes_in if into else ~comes_in))
        for rule in _NAMES
        for into in (True, False)
    ]
    names = [name for pair in _NAMES.values() for name in pair]
    line = sa.case(*zip(words, names, strict=True), else_=EntryRow.code)
    return (
        sa.select(
            EntryRow.command_sequence.label("command"),
            sa.literal(0).label("part"),
            EntryRow.sequence.label("number"),
            PostingRow.ordinal.label("ordinal"),
            line.label("line"),
            EntryRow.rule.label("rule"),
            sa.case((comes_in, PostingRow.amount), else_=-PostingRow.amount).label("amount"),
            sa.func.coalesce(
                _decision(district, year, measure), _move(), EntryRow.reference, ""
            ).label("document"),
        )
        .join(EntryRow, EntryRow.sequence == PostingRow.entry)
        .where(
            PostingRow.asset_id == asset,
            (PostingRow.destination_id == account) | (PostingRow.source_id == account),
        )
    )


def _decision(district: str, year: int, measure: str) -> sa.ScalarSelect[Any]:
    """Return the document of the decision on this budget that an entry's command recorded."""
    return (
        sa.select(sa.func.min(BudgetDecisionRow.document))
        .where(
            BudgetDecisionRow.sequence == EntryRow.command_sequence,
            BudgetDecisionRow.district == district,
            BudgetDecisionRow.year == year,
            BudgetDecisionRow.measure == measure,
        )
        .scalar_subquery()
    )


def _move() -> sa.ScalarSelect[Any]:
    return (
        sa.select(sa.func.min(BudgetMoveRow.document))
        .where(
            (BudgetMoveRow.sequence == EntryRow.command_sequence)
            | (BudgetMoveRow.returned_by == EntryRow.command_sequence)
        )
        .scalar_subquery()
    )


def _others(district: str, *, year: int, measure: str) -> sa.Select[Any]:
    columns: list[Any] = [
        BudgetLineRow.sequence.label("command"),
        sa.literal(1).label("part"),
        sa.literal(0).label("number"),
        BudgetLineRow.ordinal.label("ordinal"),
        BudgetLineRow.line.label("line"),
        sa.literal("DST-67").label("rule"),
        BudgetLineRow.amount.label("amount"),
        BudgetLineRow.document.label("document"),
    ]
    return sa.select(*columns).where(
        BudgetLineRow.district == district,
        BudgetLineRow.year == year,
        BudgetLineRow.measure == measure,
    )


def moves(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of budget moved and lent, seen by giver and taker."""
    seen = visible(reach, district=BudgetMoveRow.giver) | visible(
        reach, district=BudgetMoveRow.taker
    )
    query = sa.select(*BudgetMoveRow.__table__.columns).where(seen)
    named = ("giver", "taker", "year", "measure", "state")
    return narrow(query, asked, **{name: getattr(BudgetMoveRow, name) for name in named})


PARTS = ("cap", "reserved", "committed", "issued", "uncovered", "freed", "listed", "split")
"""What headroom is made of: the cap, and all that is taken off it."""


def headroom(connection: sa.Connection, here: Row, *, year: int) -> Row:
    """
    Return every named part of a district's budgets of a year, its own and with those below it.

    Below means every district that hangs under it at any depth. What is split down is not part of
    the sum, since the districts below show it as their caps.

    Rule: DST-13, DST-60.
    """
    found_parents = connection.execute(sa.select(DistrictRow.code, DistrictRow.parent))
    family = _with_below(here["district"], {row.code: row.parent for row in found_parents})
    found = read_budgets(connection, year=year)
    own = {measure: at for (code, _, measure), at in found.items() if code == here["district"]}
    together = {
        measure: [at for (code, _, one), at in found.items() if code in family and one == measure]
        for measure in sorted({measure for _, _, measure in found})
    }
    return {
        **here,
        "year": year,
        "districts_count": len(family),
        "own": [parts_of(measure, at) for measure, at in sorted(own.items())],
        "with_below": [
            {"measure": measure, **_summed(positions)}
            for measure, positions in together.items()
            if positions
        ],
    }


def parts_of(measure: str, at: BudgetPosition) -> Row:
    """Return every part of a budget's headroom by its name."""
    named = {name: getattr(at, name) for name in PARTS}
    return {"measure": measure, **named, "headroom": at.headroom}


def _summed(positions: Sequence[BudgetPosition]) -> Row:
    names = ("reserved", "committed", "issued", "uncovered", "freed", "listed")
    return {name: sum(getattr(at, name) for at in positions) for name in names}


def _with_below(code: str, parents: Mapping[str, str]) -> set[str]:
    """Return a district and all below it; parents stand before children when registered."""
    family = {code}
    grown = True
    while grown:
        more = {one for one, parent in parents.items() if parent in family} - family
        grown = bool(more)
        family |= more
    return family
