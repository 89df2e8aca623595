"""
Whose word a proposal about a lien waits for: the enterprise that a lease, pledge or sale names.

Mirrors `ledger.liens.scope` over the payload as it is kept, so that a list can be a query.
"""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from ledger.liens.tables import FreezeRow, LeaseRow, PledgeRow, PledgeSaleRow

_SALES = sa.select(PledgeSaleRow.id).join(PledgeRow, PledgeRow.id == PledgeSaleRow.pledge)
_LESSEE = ("lease", sa.select(LeaseRow.id), LeaseRow.lessee)
_PLEDGEE = ("pledge", sa.select(PledgeRow.id), PledgeRow.pledgee)

OF_SIDE: Mapping[str, tuple[str, sa.Select[Any], Any]] = {
    "leases.accept": _LESSEE,
    "leases.settle": _LESSEE,
    "pledges.accept": _PLEDGEE,
    "pledges.auction": _PLEDGEE,
    "pledges.buy": ("sale", sa.select(PledgeSaleRow.id), PledgeSaleRow.buyer),
    "pledges.consent": ("sale", _SALES, PledgeRow.pledgor),
    "pledges.release": _PLEDGEE,
    "pledges.sell": _PLEDGEE,
}
"""By kind: the field of the payload, the query of ids, and the column of the side that decides."""

OF_FREEZE = frozenset({"freezes.lift", "freezes.renew"})
"""Kinds that the district of the frozen enterprise decides."""

NAMES = frozenset({"lease", "pledge", "sale", "freeze"})
"""Fields of payloads that name a lien."""


def of_side(kind: str, enterprises: Collection[str]) -> tuple[str, sa.Select[Any]]:
    """Return the field of *kind*, and the ids whose deciding side is one of *enterprises*."""
    field, ids, side = OF_SIDE[kind]
    return field, ids.where(side.in_(sorted(enterprises)))


def of_freeze(enterprises: sa.Select[Any]) -> sa.Select[Any]:
    """Return the ids of the freezes on units of *enterprises*."""
    return sa.select(FreezeRow.id).where(FreezeRow.enterprise.in_(enterprises))


def sides_of(connection: sa.Connection, named: Mapping[str, Collection[str]]) -> set[str]:
    """Return the enterprises that are sides of the liens that a payload names."""
    pledges = set(named.get("pledge", ()))
    sales = sa.select(PledgeSaleRow.pledge, PledgeSaleRow.buyer).where(
        PledgeSaleRow.id.in_(sorted(named.get("sale", ())))
    )
    found = set()
    for pledge, buyer in connection.execute(sales):
        pledges.add(pledge)
        found.add(buyer)
    queries = (
        (LeaseRow, (LeaseRow.lessor, LeaseRow.lessee), named.get("lease", ())),
        (PledgeRow, (PledgeRow.pledgor, PledgeRow.pledgee), pledges),
        (FreezeRow, (FreezeRow.enterprise,), named.get("freeze", ())),
    )
    for table, columns, ids in queries:
        rows = connection.execute(sa.select(*columns).where(table.id.in_(sorted(ids))))
        found |= {side for row in rows for side in row}
    return found - {""}
