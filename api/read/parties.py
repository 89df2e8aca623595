"""
Districts, sectors, enterprises and facilities: what everybody may know of them, and what not.
"""

from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.visible import visible
from ledger.parties.tables import DistrictRow, EnterpriseRow, FacilityRow, SectorRow


def districts() -> sa.Select[Any]:
    """Return the query of every district; all of it is public."""
    return sa.select(*DistrictRow.__table__.columns)


def sectors() -> sa.Select[Any]:
    """Return the query of every sector; all of it is public."""
    return sa.select(*SectorRow.__table__.columns)


def enterprises(reach: Reach) -> sa.Select[Any]:
    """
    Return the query of every enterprise: id, name, district and sector are public.

    *credit_code*, *owner_group* and *registered_by* are None outside *reach*.
    """
    seen = visible(reach, enterprises=[EnterpriseRow.id])
    private = [
        sa.case((seen, column)).label(column.name)
        for column in (
            EnterpriseRow.__table__.c.credit_code,
            EnterpriseRow.__table__.c.owner_group,
            EnterpriseRow.__table__.c.registered_by,
        )
    ]
    return sa.select(
        EnterpriseRow.id,
        EnterpriseRow.name,
        EnterpriseRow.district,
        EnterpriseRow.sector,
        *private,
    )


def facilities(reach: Reach) -> sa.Select[Any]:
    """Return the query of the facilities within *reach*."""
    seen = visible(reach, enterprises=[FacilityRow.enterprise])
    return sa.select(*FacilityRow.__table__.columns).where(seen)


def is_within(connection: sa.Connection, reach: Reach, enterprise: str) -> bool:
    """Return whether *enterprise* is registered and within *reach*."""
    query = sa.select(EnterpriseRow.id).where(
        EnterpriseRow.id == enterprise, visible(reach, enterprises=[EnterpriseRow.id])
    )
    return connection.execute(query).first() is not None
