"""
Kept totals of what moved between groups of owners, month by month, as far as somebody sees.
"""

from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from ledger.lineage.tables import FlowRow
from ledger.tables import AssetRow


def totals(reach: Reach) -> sa.Select[Any]:
    """
    Return the query of the kept totals within *reach*, with the code of the asset.

    Rule: AUD-34.
    """
    query = sa.select(*FlowRow.__table__.columns, AssetRow.code.label("code")).join(
        AssetRow, AssetRow.id == FlowRow.asset
    )
    if reach.everything:
        return query
    return query.where(
        sa.or_(
            *(
                end.startswith(prefix)
                for code in sorted(reach.districts)
                for prefix in (f"enterprise:{code}:", f"district:{code}:")
                for end in (FlowRow.giver, FlowRow.taker)
            ),
            sa.false(),
        )
    )


def shown_end(end: str, reach: Reach) -> str:
    """Return an end of a kept total; of enterprises outside *reach* only their district."""
    kind, _, rest = end.partition(":")
    district = rest.partition(":")[0]
    if kind == "enterprise" and not reach.sees(district=district):
        return f"enterprise:{district}:*"
    if kind == "source" and not reach.everything:
        return "source:*"
    if end.startswith("scheme:substituted:") and not reach.everything:
        return "scheme:substituted:*"
    return end
