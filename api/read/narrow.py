"""
Narrow a query to what was asked for: rows of a value, rows of a district's enterprises.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ledger.parties.tables import EnterpriseRow

Asked = Mapping[str, Any]
"""The filters of a list, by name; what was not asked for is absent."""


def narrow(query: sa.Select[Any], asked: Asked, **columns: Any) -> sa.Select[Any]:
    """Return *query* with the rows whose *columns* have the values asked for by those names."""
    for name, column in columns.items():
        if name in asked:
            query = query.where(column == asked[name])
    return query


def in_district(query: sa.Select[Any], asked: Asked, enterprise: Any) -> sa.Select[Any]:
    """Return *query* with the rows whose *enterprise* lies in the district asked for."""
    if "district" not in asked:
        return query
    there = sa.select(EnterpriseRow.id).where(EnterpriseRow.district == asked["district"])
    return query.where(enterprise.in_(there))
