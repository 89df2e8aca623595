"""
The part of a table that somebody may see, as a condition of the query.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from ledger.metering.tables import ReportVerifierRow
from ledger.parties.tables import EnterpriseRow

Column = Any
"""A mapped column or a column of a table."""


def visible(
    reach: Reach, *, enterprises: Sequence[Column] = (), district: Column | None = None
) -> sa.ColumnElement[bool]:
    """
    Return the condition that a row is within *reach*.

    *enterprises* are the columns that name whose row it is (a trade has two); *district* names the
    place of a row that is a district's own. A district's officer sees its enterprises.
    """
    if reach.everything:
        return sa.true()
    conditions: list[sa.ColumnElement[bool]] = []
    for column in enterprises:
        conditions.append(column.in_(sorted(reach.enterprises)))
        if reach.districts:
            conditions.append(column.in_(_of_districts(reach.districts)))
        if reach.engaged:
            conditions.append(column.in_(_of_engagements(reach.engaged)))
    if district is not None:
        conditions.append(district.in_(sorted(reach.districts)))
    return sa.or_(sa.false(), *conditions)


def _of_districts(districts: frozenset[str]) -> sa.Select[str]:
    return sa.select(EnterpriseRow.id).where(EnterpriseRow.district.in_(sorted(districts)))


def _of_engagements(person: str) -> sa.Select[str]:
    return sa.select(ReportVerifierRow.enterprise).where(ReportVerifierRow.person == person)
