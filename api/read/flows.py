"""
Where a year's allowances came from and what became of them: the edges of a flow chart.

Read from the journal, so that at every owner what flows in is what flows out, what is still held
included. Annual allowances are followed by vintage; freed quota, which is a standing right and is
never added to them, by the year in which the use ended. Moves within one owner's accounts and
within one group do not show.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from api.matrix import Reach
from ledger.allocation.tables import AllocationRow
from ledger.asset import Kind
from ledger.chart import owner_of
from ledger.entry import EntryCode
from ledger.parties.tables import EnterpriseRow
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow
from ledger.tables import AccountRow, AssetRow, EntryRow, PostingRow

By = Literal["district", "sector", "enterprise"]

HELD = "held"
_SOURCE, _DESTINATION = aliased(AccountRow), aliased(AccountRow)
_SCHEME_USES = {
    "scheme:expired": "expired",
    "scheme:cancelled": "cancelled",
    "scheme:converted": "banked",
    "scheme:issuance": "reversed",
}
_BUDGET_ORIGINS = {EntryCode.TRUE_UP: "true_up", EntryCode.TRADE: "district_sale"}


@dataclass(frozen=True, slots=True)
class Owners:
    """
    Enterprises in groups: which node each belongs to, and which nodes are in *scope*.

    An enterprise beyond the scope is only a counterparty, under its district's name.
    """

    nodes: Mapping[str, str]
    scope: frozenset[str]

    def node(self, address: str) -> str:
        """Return the node of an enterprise's account, "" where the account is nobody's."""
        kind, _, owner = owner_of(address).partition(":")
        return self.nodes[owner] if kind == "enterprise" else ""


@dataclass(frozen=True, slots=True)
class Move:
    """What moved in all from one account to another; *origin* names what it was where it began."""

    source: str
    destination: str
    origin: str
    amount: int


def flows(
    connection: sa.Connection,
    reach: Reach,
    *,
    year: int,
    measure: str,
    by: By = "district",
    district: str = "",
) -> list[dict[str, Any]]:
    """
    Return the edges {kind, origin, use, amount} of one year and measure, in kgce or kg.

    Owners are "district:…", "sector:…" or "enterprise:…" after *by*; *district* and the reach of
    who asks narrow them, and whoever is beyond shows as a district with which they traded, net.
    Other origins are "allocation:" and a method, "true_up", "district_sale", "banked_in",
    "decision" and "freed:" and a method; other uses "surrendered", "surrendered_later" (for
    another year), "substituted", "banked", "expired", "returned" (to the budget), "reversed",
    "cancelled" and "held".
    """
    owners = _owners(connection, reach, by=by, district=district)
    edges = {
        Kind.FLOW: _edges(_of_year(connection, year=year, measure=measure), owners, year),
        Kind.STANDING: _freed(connection, owners, year=year, measure=measure),
    }
    return [
        {"kind": str(kind), "origin": origin, "use": use, "amount": amount}
        for kind, found in edges.items()
        for (origin, use), amount in sorted(found.items())
        if amount
    ]


def _owners(connection: sa.Connection, reach: Reach, *, by: By, district: str) -> Owners:
    named: dict[By, Callable[[Any], str]] = {
        "district": lambda row: f"district:{row.district}",
        "sector": lambda row: f"sector:{row.sector}",
        "enterprise": lambda row: f"enterprise:{row.id}",
    }
    nodes, scope = {}, set()
    columns = (EnterpriseRow.id, EnterpriseRow.district, EnterpriseRow.sector)
    for row in connection.execute(sa.select(*columns)):
        is_inside = district in ("", row.district) and reach.sees(district=row.district)
        nodes[row.id] = named[by if is_inside else "district"](row)
        if is_inside:
            scope.add(nodes[row.id])
    return Owners(nodes, frozenset(scope))


def _of_year(connection: sa.Connection, *, year: int, measure: str) -> Iterator[Move]:
    """Yield what moved of one vintage: first what began outside enterprises, then the rest."""
    vintage = sa.select(AssetRow.id).where(AssetRow.code.like(f"{measure}.flow.%.{year}.%"))
    of_vintage = PostingRow.asset_id.in_(vintage)
    methods = _methods(connection, year=year, measure=measure)
    for row in connection.execute(_granted().where(of_vintage)):
        yield Move(row.source, row.destination, _origin(row, methods), int(row.amount))
    own = _moves().where(of_vintage, _SOURCE.address.like("enterprise:%"))
    for row in connection.execute(own):
        yield Move(row.source, row.destination, "", int(row.amount))


def _moves(*more: Any) -> sa.Select[Any]:
    """Return the query of what moved in all between each two accounts, split by *more*."""
    query: sa.Select[Any] = sa.select(
        sa.func.max(_SOURCE.address).label("source"),
        sa.func.max(_DESTINATION.address).label("destination"),
        *more,
        sa.func.sum(PostingRow.amount).label("amount"),
    )
    # Grouped by number and not by address: of one account both are one, and numbers sort faster.
    return (
        query.select_from(PostingRow)
        .join(_SOURCE, _SOURCE.id == PostingRow.source_id)
        .join(_DESTINATION, _DESTINATION.id == PostingRow.destination_id)
        .group_by(PostingRow.source_id, PostingRow.destination_id, *more)
    )


def _granted() -> sa.Select[Any]:
    """Return the query of what left budgets and the scheme, by entry code and allocation."""
    of_allocation = sa.case(
        (EntryRow.code == str(EntryCode.ALLOCATION), EntryRow.reference), else_=None
    )
    return (
        _moves(EntryRow.code, of_allocation.label("allocation"))
        .join(EntryRow, EntryRow.sequence == PostingRow.entry)
        .where(_SOURCE.address.not_like("enterprise:%"))
    )


def _methods(connection: sa.Connection, *, year: int, measure: str) -> dict[str, str]:
    """Return the method of each allocation by the reference of the entry that issued it."""
    columns = (AllocationRow.enterprise, AllocationRow.product, AllocationRow.method)
    rows = connection.execute(
        sa.select(*columns).where(AllocationRow.year == year, AllocationRow.measure == measure)
    )
    return {
        f"allocation:{year}:{measure}:{row.enterprise}:{row.product}": row.method for row in rows
    }


def _origin(row: Any, methods: Mapping[str, str]) -> str:
    if row.allocation in methods:
        return f"allocation:{methods[row.allocation]}"
    if row.source.startswith("district:"):
        return _BUDGET_ORIGINS.get(row.code, "decision")
    return "banked_in" if row.code == EntryCode.BANKING else "decision"


def _edges(moves: Iterable[Move], owners: Owners, year: int) -> dict[tuple[str, str], int]:
    edges: dict[tuple[str, str], int] = defaultdict(int)
    between: dict[tuple[str, str], int] = defaultdict(int)
    node, scope = cache(owners.node), owners.scope
    for move in moves:
        giver, taker = node(move.source), node(move.destination)
        if giver == taker or not (giver in scope or taker in scope):
            continue
        if not giver:
            edges[move.origin, taker] += move.amount
        elif not taker:
            edges[giver, _use(move.destination, year)] += move.amount
        else:
            between[giver, taker] += move.amount
    for (giver, taker), amount in between.items():
        edges[giver, taker] = max(amount - between.get((taker, giver), 0), 0)
    _hold(edges, owners)
    return edges


def _use(destination: str, year: int) -> str:
    if destination.startswith("district:"):
        return "returned"
    if destination.startswith("scheme:surrendered:"):
        return "surrendered" if destination.endswith(f":{year}") else "surrendered_later"
    return _SCHEME_USES.get(destination, "decision")


def _hold(edges: dict[tuple[str, str], int], owners: Owners) -> None:
    """Add what each owner in scope still holds: what came less what went."""
    held: dict[str, int] = defaultdict(int)
    for (origin, use), amount in edges.items():
        held[origin] -= amount
        held[use] += amount
    for node in owners.scope:
        edges[node, HELD] = held[node]


def _freed(
    connection: sa.Connection, owners: Owners, *, year: int, measure: str
) -> dict[tuple[str, str], int]:
    """Return the edges of what was freed by use that ended in *year*; a source is an account."""
    rows = connection.execute(
        sa.select(FreedSourceRow.id, FreedClaimRow.method, FreedClaimRow.enterprise)
        .join(FreedClaimRow, FreedClaimRow.id == FreedSourceRow.claim)
        .where(FreedSourceRow.measure == measure, FreedClaimRow.freed_year == year)
    )
    sources = {f"source:{row.id}": (row.method, owners.nodes[row.enterprise]) for row in rows}
    seen = {address: found for address, found in sources.items() if found[1] in owners.scope}
    edges: dict[tuple[str, str], int] = defaultdict(int)
    for row in connection.execute(_of_sources(sorted(seen))):
        if row.destination in seen:
            method, node = seen[row.destination]
            edges[f"freed:{method}", node] += int(row.amount)
        if row.source in seen:
            is_used = row.destination.startswith("scheme:substituted:")
            use = "substituted" if is_used else _use(row.destination, year)
            edges[seen[row.source][1], use] += int(row.amount)
    _hold(edges, owners)
    return edges


def _of_sources(addresses: list[str]) -> sa.Select[Any]:
    ids = sa.select(AccountRow.id).where(AccountRow.address.in_(addresses))
    return _moves().where(sa.or_(PostingRow.source_id.in_(ids), PostingRow.destination_id.in_(ids)))
