"""
Where a year's allowances came from and what became of them: the edges of a flow chart.

At every owner what flows in is what flows out, what is still held included. Annual allowances are
followed by vintage; freed quota, which is a standing right and is never added to them, by the year
in which the use ended. Moves within one owner's accounts and within one group do not show.

Groups are drawn from totals that are kept behind the journal, enterprises from the journal itself,
some of them at a time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from api.matrix import Reach
from api.read.flow_groups import By, Groups, Move
from ledger.allocation.tables import AllocationRow
from ledger.asset import Kind
from ledger.chart import PURPOSES, of_enterprise
from ledger.entry import EntryCode
from ledger.follow import position_of
from ledger.lineage.flows import FLOWS
from ledger.lineage.tables import FlowRow
from ledger.parties.tables import EnterpriseRow
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow
from ledger.tables import AccountRow, AssetRow, EntryRow, PostingRow

HELD = "held"
SUBSTITUTED = "scheme:substituted:"
ENTERPRISES_AT_ONCE = 50

_SOURCE, _DESTINATION = aliased(AccountRow), aliased(AccountRow)
_SCHEME_USES = {
    "scheme:expired": "expired",
    "scheme:cancelled": "cancelled",
    "scheme:converted": "banked",
    "scheme:issuance": "reversed",
    "scheme:revoked": "revoked",
}
_BUDGET_ORIGINS: dict[str, str] = {EntryCode.TRUE_UP: "true_up", EntryCode.TRADE: "district_sale"}
_OWNERS = ("district:", "sector:", "enterprise:")


@dataclass(frozen=True, slots=True)
class Flows:
    """
    The *edges* {kind, origin, use, amount} of one year and measure, in kgce or kg.

    They stand through entry *through*. *next_after* is the enterprise behind which the next page
    begins, None where there is none.
    """

    edges: list[dict[str, Any]]
    through: int
    next_after: str | None = None


def flows(
    connection: sa.Connection,
    reach: Reach,
    *,
    year: int,
    measure: str,
    by: By = "district",
    district: str = "",
    after: str = "",
) -> Flows:
    """
    Return the edges of one year and measure.

    Owners are "district:…", "sector:…" or "enterprise:…" after *by*; *district* and the reach of
    who asks narrow them, and whoever is beyond shows as a district with which they traded, net. Of
    enterprises those *after* the one named are shown, a page at a time.
    Other origins are "allocation:" and a method, "true_up", "district_sale", "banked_in",
    "decision" and "freed:" and a method; other uses "surrendered", "surrendered_later" (for
    another year), "substituted", "banked", "expired", "returned" (to the budget), "reversed",
    "cancelled" and "held".
    """
    groups, next_after = Groups(reach, by, district), None
    through = position_of(connection, FLOWS).entry
    if by == "enterprise":
        shown, next_after = _page(connection, reach, district=district, after=after)
        groups.page = frozenset(shown)
        moves = list(_of_enterprises(connection, groups, year=year, measure=measure))
        through = connection.execute(sa.select(sa.func.max(EntryRow.sequence))).scalar() or 0
    else:
        moves = list(_of_groups(connection, groups, year=year, measure=measure))
    edges = {
        Kind.FLOW: _edges(moves, groups.scope, year),
        Kind.STANDING: _freed(connection, Groups(reach, by, district, groups.page), year, measure),
    }
    rows = [
        {"kind": str(kind), "origin": origin, "use": use, "amount": amount}
        for kind, found in edges.items()
        for (origin, use), amount in sorted(found.items())
        if amount
    ]
    return Flows(rows, int(through), next_after)


def _of_groups(
    connection: sa.Connection, groups: Groups, *, year: int, measure: str
) -> Iterator[Move]:
    """Yield what moved of one vintage between groups, from the totals that are kept."""
    columns: list[Any] = [FlowRow.giver, FlowRow.taker, FlowRow.how]
    query = (
        sa.select(*columns, sa.func.sum(FlowRow.amount).label("amount"))
        .where(FlowRow.asset.in_(_vintage(year, measure)))
        .group_by(*columns)
    )
    for row in connection.execute(query):
        giver, taker = (_group(groups, end) for end in (row.giver, row.taker))
        yield Move(giver, taker, row.how, int(row.amount))


def _vintage(year: int, measure: str) -> sa.Select[Any]:
    return sa.select(AssetRow.id).where(AssetRow.code.like(f"{measure}.flow.%.{year}.%"))


def _group(groups: Groups, end: str) -> str:
    kind, *rest = end.split(":")
    return groups.node(*rest) if kind == "enterprise" else end


def _page(
    connection: sa.Connection, reach: Reach, *, district: str, after: str
) -> tuple[list[str], str | None]:
    """Return the enterprises of one page, and behind which the next begins."""
    query = sa.select(EnterpriseRow.id).where(EnterpriseRow.id > after)
    if district:
        query = query.where(EnterpriseRow.district == district)
    if not reach.everything:
        query = query.where(EnterpriseRow.district.in_(sorted(reach.districts)))
    ordered = query.order_by(EnterpriseRow.id).limit(ENTERPRISES_AT_ONCE + 1)
    found = list(connection.execute(ordered).scalars())
    shown = found[:ENTERPRISES_AT_ONCE]
    return shown, shown[-1] if len(found) > ENTERPRISES_AT_ONCE else None


def _of_enterprises(
    connection: sa.Connection, groups: Groups, *, year: int, measure: str
) -> Iterator[Move]:
    """Yield what moved of one vintage to and from the enterprises of a page, from the journal."""
    addresses = [of_enterprise(one, purpose) for one in groups.page for purpose in PURPOSES]
    query = sa.select(AccountRow.id).where(AccountRow.address.in_(addresses))
    own = list(connection.execute(query).scalars())
    rows = [
        row
        for ends in (
            PostingRow.source_id.in_(own),
            sa.and_(PostingRow.destination_id.in_(own), PostingRow.source_id.not_in(own)),
        )
        for row in connection.execute(
            _moved().where(PostingRow.asset_id.in_(_vintage(year, measure)), ends)
        )
    ]
    firms = {end.split(":")[1] for row in rows for end in row[:2] if _is_firm(end)}
    names = _nodes(connection, groups, firms)
    methods = _methods(connection, groups.page, year=year, measure=measure)
    for row in rows:
        giver, taker = (
            names[end.split(":")[1]] if _is_firm(end) else end
            for end in (row.source, row.destination)
        )
        yield Move(giver, taker, methods.get(row.allocation, row.code), int(row.amount))


def _moved() -> sa.Select[Any]:
    """Return the query of what moved in all between two accounts, by entry code and allocation."""
    of_allocation = sa.case(
        (EntryRow.code == str(EntryCode.ALLOCATION), EntryRow.reference), else_=None
    )
    # Grouped by number and not by address: of one account both are one, and numbers sort faster.
    return (
        sa.select(
            sa.func.max(_SOURCE.address).label("source"),
            sa.func.max(_DESTINATION.address).label("destination"),
            EntryRow.code,
            of_allocation.label("allocation"),
            sa.func.sum(PostingRow.amount).label("amount"),
        )
        .select_from(PostingRow)
        .join(EntryRow, EntryRow.sequence == PostingRow.entry)
        .join(_SOURCE, _SOURCE.id == PostingRow.source_id)
        .join(_DESTINATION, _DESTINATION.id == PostingRow.destination_id)
        .group_by(PostingRow.source_id, PostingRow.destination_id, EntryRow.code, of_allocation)
    )


def _is_firm(end: str) -> bool:
    return end.startswith("enterprise:")


def _nodes(connection: sa.Connection, groups: Groups, firms: Iterable[str]) -> dict[str, str]:
    """Return the group of each of *firms*; of one that is not registered, nobody's."""
    query = sa.select(EnterpriseRow.id, EnterpriseRow.district, EnterpriseRow.sector)
    rows = connection.execute(query.where(EnterpriseRow.id.in_(sorted(firms))))
    known = {row.id: groups.node(row.district, row.sector, row.id) for row in rows}
    return {firm: known.get(firm, "district:") for firm in firms}


def _methods(
    connection: sa.Connection, firms: Iterable[str], *, year: int, measure: str
) -> dict[str, str]:
    """Return the method of each allocation by the reference of the entry that issued it."""
    columns = (AllocationRow.enterprise, AllocationRow.product, AllocationRow.method)
    rows = connection.execute(
        sa.select(*columns).where(
            AllocationRow.year == year,
            AllocationRow.measure == measure,
            AllocationRow.enterprise.in_(sorted(firms)),
        )
    )
    return {
        f"allocation:{year}:{measure}:{row.enterprise}:{row.product}": f"allocation:{row.method}"
        for row in rows
    }


def _origin(move: Move) -> str:
    if move.how.startswith("allocation:"):
        return move.how
    if move.giver.startswith("district:"):
        return _BUDGET_ORIGINS.get(move.how, "decision")
    return "banked_in" if move.how == EntryCode.BANKING else "decision"


def _edges(moves: Iterable[Move], scope: set[str], year: int) -> dict[tuple[str, str], int]:
    edges: dict[tuple[str, str], int] = defaultdict(int)
    between: dict[tuple[str, str], int] = defaultdict(int)
    for move in moves:
        giver, taker = move.giver, move.taker
        if giver == taker or not (giver in scope or taker in scope):
            continue
        if not _is_node(giver):
            edges[_origin(move), taker] += move.amount
        elif not _is_node(taker):
            edges[giver, _use(taker, year)] += move.amount
        else:
            between[giver, taker] += move.amount
    for (giver, taker), amount in between.items():
        edges[giver, taker] = max(amount - between.get((taker, giver), 0), 0)
    _hold(edges, scope)
    return edges


def _is_node(end: str) -> bool:
    """Return whether an end is a group of enterprises; accounts of districts have more parts."""
    return end.startswith(_OWNERS) and end.count(":") == 1


def _use(destination: str, year: int) -> str:
    if destination.startswith("district:"):
        return "returned"
    if destination.startswith("scheme:surrendered:"):
        return "surrendered" if destination.endswith(f":{year}") else "surrendered_later"
    return _SCHEME_USES.get(destination, "decision")


def _hold(edges: dict[tuple[str, str], int], scope: set[str]) -> None:
    """Add what each owner in scope still holds: what came less what went."""
    held: dict[str, int] = defaultdict(int)
    for (origin, use), amount in edges.items():
        held[origin] -= amount
        held[use] += amount
    for node in scope:
        edges[node, HELD] = held[node]


def _freed(
    connection: sa.Connection, groups: Groups, year: int, measure: str
) -> dict[tuple[str, str], int]:
    """Return the edges of what was freed by use that ended in *year*; a source is an account."""
    rows = connection.execute(
        sa.select(
            FreedSourceRow.id,
            FreedClaimRow.method,
            EnterpriseRow.id.label("enterprise"),
            EnterpriseRow.district,
            EnterpriseRow.sector,
        )
        .join(FreedClaimRow, FreedClaimRow.id == FreedSourceRow.claim)
        .join(EnterpriseRow, EnterpriseRow.id == FreedClaimRow.enterprise)
        .where(FreedSourceRow.measure == measure, FreedClaimRow.freed_year == year)
    )
    sources = {
        f"source:{row.id}{part}": (
            row.method,
            groups.node(row.district, row.sector, row.enterprise),
        )
        for row in rows
        for part in ("", ":reserved")
    }
    seen = {address: found for address, found in sources.items() if found[1] in groups.scope}
    edges: dict[tuple[str, str], int] = defaultdict(int)
    for row in connection.execute(_of_sources(sorted(seen))):
        # From source to source a unit only changes hands, or is reserved.
        if row.destination in seen and row.source not in sources:
            method, node = seen[row.destination]
            if row.source.startswith(SUBSTITUTED):  # an acceptance was undone
                edges[node, "substituted"] -= int(row.amount)
            else:
                edges[f"freed:{method}", node] += int(row.amount)
        if row.source in seen and row.destination not in sources:
            is_used = row.destination.startswith(SUBSTITUTED)
            use = "substituted" if is_used else _use(row.destination, year)
            edges[seen[row.source][1], use] += int(row.amount)
    _hold(edges, groups.scope)
    return edges


def _of_sources(addresses: list[str]) -> sa.Select[Any]:
    ids = sa.select(AccountRow.id).where(AccountRow.address.in_(addresses))
    return _moved().where(sa.or_(PostingRow.source_id.in_(ids), PostingRow.destination_id.in_(ids)))
