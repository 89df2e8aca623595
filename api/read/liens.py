"""
Moves without a price and liens: transfers, leases, pledges, freezes, court orders, certificates.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.visible import visible
from ledger.liens.tables import (
    CourtOrderRow,
    FreezeRow,
    LeaseRow,
    PledgeRow,
    PledgeSaleRow,
    SuccessionRow,
)
from ledger.moves.tables import (
    CancellationRow,
    ConversionRow,
    TransferCeilingRow,
    TransferRow,
    TrustRow,
)
from ledger.parties.tables import EnterpriseRow

Row = Mapping[str, Any]


def transfers(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of transfers, seen by both sides; filters: enterprise, partner, state."""
    return _of(TransferRow, reach, asked, ("enterprise", "partner"), ("state", "asset"))


def trusted(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of trusted partners, those taken off the list too; for their enterprise."""
    query = _of(TrustRow, reach, asked, ("enterprise",), ())
    return narrow(query, asked, partner=TrustRow.partner)


def ceilings(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of the ceilings that enterprises have set themselves."""
    return _of(TransferCeilingRow, reach, asked, ("enterprise",), ())


def cancellations(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of cancellations; filters: enterprise, asset."""
    return _of(CancellationRow, reach, asked, ("enterprise",), ("asset",))


def certificate(check_code: str) -> sa.Select[Any]:
    """Return the query of what a certificate says, with the enterprise's name; for everybody."""
    return (
        sa.select(*CancellationRow.__table__.columns, EnterpriseRow.name.label("enterprise_name"))
        .join(EnterpriseRow, EnterpriseRow.id == CancellationRow.enterprise)
        .where(CancellationRow.check_code == check_code)
    )


def conversions(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of conversions; filters: enterprise, state."""
    return _of(ConversionRow, reach, asked, ("enterprise",), ("state",))


def leases(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of leases, seen by both sides; filters: lessor, lessee, state, asset."""
    return _of(LeaseRow, reach, asked, ("lessor", "lessee"), ("state", "asset"))


def pledges(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of pledges, seen by both sides; filters: pledgor, pledgee, lot, state."""
    return _of(PledgeRow, reach, asked, ("pledgor", "pledgee"), ("state", "asset", "lot"))


def pledge_sales(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of sales of pledged units, seen by pledgor, pledgee and buyer."""
    sides = (PledgeRow.pledgor, PledgeRow.pledgee, PledgeSaleRow.buyer)
    query: sa.Select[Any] = (
        sa.select(*PledgeSaleRow.__table__.columns, PledgeRow.pledgor, PledgeRow.pledgee)
        .join(PledgeRow, PledgeRow.id == PledgeSaleRow.pledge)
        .where(visible(reach, enterprises=sides))
    )
    named = ("pledge", "buyer", "way", "state")
    return narrow(query, asked, **{name: getattr(PledgeSaleRow, name) for name in named})


def freezes(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of judicial freezes; filters: enterprise, state, asset, court, district."""
    return _of(FreezeRow, reach, asked, ("enterprise",), ("state", "asset", "court"))


def court_orders(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of units that courts have moved, seen by both sides."""
    return _of(CourtOrderRow, reach, asked, ("enterprise", "partner"), ("asset",))


def successions(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of successions, seen by both sides."""
    return _of(SuccessionRow, reach, asked, ("enterprise", "successor"), ())


def open_liens(connection: sa.Connection, enterprise: str) -> dict[str, list[Row]]:
    """
    Return what binds an enterprise today: leases, pledges, freezes, transfers that wait, levels.

    A lease or pledge is there for either of its sides.
    """
    queries = {
        "leases": _either(LeaseRow, ("lessor", "lessee"), enterprise, ("returned", "withdrawn")),
        "pledges": _either(PledgeRow, ("pledgor", "pledgee"), enterprise, _PLEDGES_OVER),
        "freezes": _either(FreezeRow, ("enterprise",), enterprise, ("ended",)),
        "transfers": _either(TransferRow, ("enterprise", "partner"), enterprise, _TRANSFERS_OVER),
        "conversions": _either(ConversionRow, ("enterprise",), enterprise, ("over",)),
    }
    return {
        name: [dict(row) for row in connection.execute(query).mappings()]
        for name, query in queries.items()
    }


_PLEDGES_OVER = ("withdrawn", "released", "satisfied", "enforced", "lapsed")
_TRANSFERS_OVER = ("made", "recalled", "returned")


def _either(table: Any, sides: Sequence[str], who: str, over: Sequence[str]) -> sa.Select[Any]:
    query: sa.Select[Any] = sa.select(*table.__table__.columns)
    is_side = sa.or_(*(getattr(table, side) == who for side in sides))
    return query.where(is_side, table.state.not_in(over)).order_by(table.id)


def _of(
    table: Any, reach: Reach, asked: Asked, sides: Sequence[str], named: Sequence[str]
) -> sa.Select[Any]:
    """Return the rows of *table* that concern somebody within reach, narrowed to what is asked."""
    columns = [getattr(table, side) for side in sides]
    query: sa.Select[Any] = sa.select(*table.__table__.columns).where(
        visible(reach, enterprises=columns)
    )
    filters = {name: getattr(table, name) for name in (*sides, *named)}
    return in_district(narrow(query, asked, **filters), asked, columns[0])
