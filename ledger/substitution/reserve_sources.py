"""
Reserve what a plan offers, so that no two projects offer the same units, and let go of it again.

Reserved units stand in ``source:<id>:reserved``; what is let go returns to ``source:<id>``, to the
same holder and with the same origin.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from ledger.asset import Kind, parse_asset
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.post import post
from ledger.register import open_if_new
from ledger.substitution.offered import Offering, require_offered
from ledger.substitution.project_tables import ReservationRow
from ledger.substitution.requirement import SourceNotStanding
from ledger.substitution.retirement import Use
from ledger.substitution.tables import FreedSourceRow, PlanLineRow, ProjectRow
from ledger.work import Work


class SourceUnknown(Refused):
    """No confirmed source of this id holds this asset."""

    code = "source_unknown"
    rule = "SUB-57"

    def __init__(self, project: str, *, source: str, asset: str) -> None:
        super().__init__(
            f"project {project} names {source[:60]}, which is no confirmed source"
            f"{' of ' + asset[:60] if asset else ''}; one such as S12-ENERGY is accepted",
            project=project,
            source=source[:60],
            asset=asset[:60],
        )


class SourceInsufficient(Refused):
    """A source holds less than the plan offers from it."""

    code = "source_insufficient"
    rule = "SUB-57"

    def __init__(self, project: str, *, source: str, needed: int, available: int) -> None:
        super().__init__(
            f"the plan of {project} offers {needed} from source {source}, which holds {available}, "
            "in minor units of the measure",
            project=project,
            source=source,
            needed=needed,
            available=available,
        )


def source_of_line(work: Work, row: ProjectRow, *, source: str, asset: str) -> FreedSourceRow:
    """Return the source that a line names; refuse annual flow and what is no source. SUB-57."""
    if asset and parse_asset(asset).kind is not Kind.STANDING:
        raise SourceNotStanding(row.id, source=source, asset=asset)
    found = work.session.get(FreedSourceRow, source)
    if found is None or asset not in ("", found.asset):
        raise SourceUnknown(row.id, source=source, asset=asset)
    return found


def reserve(work: Work, row: ProjectRow, lines: Sequence[PlanLineRow], offering: Offering) -> None:
    """
    Reserve every line of a plan in full, in one entry, or refuse the plan.

    For each line in this order: a confirmed source, its holder, the carrier of coal, what the
    source still has free.

    Rule: SUB-67.
    """
    offered: dict[str, int] = {}
    postings = []
    for line in lines:
        source = source_of_line(work, row, source=line.source, asset=line.asset)
        require_offered(work, row, source, offering)
        needed = offered[source.id] = offered.get(source.id, 0) + line.amount
        available = work.memory.balance(f"source:{source.id}", source.asset)
        if needed > available:
            raise SourceInsufficient(row.id, source=source.id, needed=needed, available=available)
        reserved = open_if_new(work, f"source:{source.id}:reserved").address
        postings.append(Posting(f"source:{source.id}", reserved, source.asset, line.amount))
    reference = f"reservation:{row.id}:{work.sequence}"
    post(work, Entry(EntryCode.RESERVATION, "SUB-67", tuple(postings), reference=reference))
    work.session.add_all(_row(line, offering) for line in lines)


def _row(line: PlanLineRow, offering: Offering) -> ReservationRow:
    return ReservationRow(
        plan=line.plan,
        ordinal=line.ordinal,
        project=line.project,
        source=line.source,
        asset=line.asset,
        carrier=offering.carriers.get(line.source, ""),
        amount=line.amount,
        retired=0,
        released=0,
    )


def reserved_by(work: Work, plan: int | None) -> list[ReservationRow]:
    """Return what a plan reserved, in its order; empty for a plan of an earlier version."""
    return list(
        work.session.scalars(
            sa.select(ReservationRow)
            .where(ReservationRow.plan == plan)
            .order_by(ReservationRow.ordinal)
        )
    )


def release(work: Work, row: ProjectRow) -> dict[str, int]:
    """
    Give back what the newest plan of a project still reserves; return how much of each source.

    What was revoked while it was reserved is no longer there and is not given back.

    Rule: SUB-70.
    """
    given: dict[str, int] = {}
    postings = []
    for line in reserved_by(work, row.plan):
        left = line.amount - line.retired - line.released
        line.released += left
        there = work.memory.balance(f"source:{line.source}:reserved", line.asset)
        amount = min(left, there - given.get(line.source, 0))
        if amount > 0:
            given[line.source] = given.get(line.source, 0) + amount
            reserved, free = f"source:{line.source}:reserved", f"source:{line.source}"
            postings.append(Posting(reserved, free, line.asset, amount))
    if postings:
        post(work, Entry(EntryCode.RELEASE, "SUB-70", tuple(postings)))
    return given


def use_up(work: Work, plan: int | None, uses: Sequence[Use]) -> None:
    """Note what of each reserved line was retired; lines are used up in the order of the plan."""
    left = {use.source: use.amount for use in uses}
    for line in reserved_by(work, plan):
        line.retired = min(line.amount, left.get(line.source, 0))
        left[line.source] = left.get(line.source, 0) - line.retired


def account_of(source: str, *, is_reserved: bool) -> str:
    """Return the account from which a plan takes: the reserved part, or before RIGHTS the whole."""
    return f"source:{source}:reserved" if is_reserved else f"source:{source}"
