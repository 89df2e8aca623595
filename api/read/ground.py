"""
What a compliance year would rest on without a source to confirm it, and which of it is waived.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa

from api.read.packs import fields_of
from api.read.policy import policy_of
from ledger.compliance.ground import ground
from ledger.parties.tables import DistrictRow, EnterpriseRow
from ledger.policy_book import load_waivers
from ledger.waiver import Use, uncovered


def ground_of_year(
    connection: sa.Connection, compliance_year: int, deadline: date
) -> list[dict[str, Any]]:
    """Return each unconfirmed or analogous value of a year, its days, and whether it is waived."""
    policy = policy_of(connection)
    uses = ground(policy, _governing(connection), compliance_year, deadline=deadline)
    left = set(uncovered(uses, load_waivers(connection)))
    return [_told(use, is_waived=use not in left) for use in uses]


def _governing(connection: sa.Connection) -> list[str]:
    """Return the packs that govern an enterprise, and the one that governs the ledger."""
    of_firms = sa.select(DistrictRow.pack).where(
        DistrictRow.code.in_(sa.select(EnterpriseRow.district))
    )
    policy = policy_of(connection)
    packs = {pack for pack in connection.execute(of_firms).scalars() if pack in policy.packs}
    return sorted(packs | ({policy.jurisdiction} if policy.jurisdiction else set()))


def _told(use: Use, *, is_waived: bool) -> dict[str, Any]:
    return {
        **fields_of(use.parameter),
        "pack": use.pack,
        "first_day": use.first_day.isoformat(),
        "last_day": use.last_day.isoformat(),
        "is_waived": is_waived,
    }
