"""
Owners of lots: which of them somebody sees, by what name, and how far lineage has followed them.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from ledger.errors import Refused
from ledger.follow import position_of
from ledger.lineage.fifo import LINEAGE
from ledger.lineage.lots import holder_of
from ledger.lineage.tables import OwnerRow
from ledger.parties.tables import EnterpriseRow
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow


class HoldingUnknown(Refused):
    """Nobody of this account has ever had quota, as far as lineage has followed."""

    code = "holding_unknown"
    rule = "AUD-30"

    def __init__(self, address: str, *, through_entry: int) -> None:
        super().__init__(
            f"the owner of {address[:80]} has had no quota through entry {through_entry}; look at "
            "the address",
            account=address[:80],
            through_entry=through_entry,
        )


def through(connection: sa.Connection) -> int:
    """Return the last entry that lineage has followed."""
    return position_of(connection, LINEAGE).entry


def owned(reach: Reach) -> sa.Select[Any]:
    """Return the query of the owners within *reach*, by number."""
    of_districts = EnterpriseRow.district.in_(sorted(reach.districts))
    firms = sa.select(EnterpriseRow.id).where(of_districts)
    sources = (
        sa.select(FreedSourceRow.id)
        .join(FreedClaimRow, FreedClaimRow.id == FreedSourceRow.claim)
        .join(EnterpriseRow, EnterpriseRow.id == FreedClaimRow.enterprise)
        .where(sa.or_(EnterpriseRow.id.in_(sorted(reach.enterprises)), of_districts))
    )
    kind, party = OwnerRow.kind, OwnerRow.party
    return sa.select(OwnerRow.owner).where(
        sa.or_(
            sa.and_(kind == "enterprise", party.in_(sorted(reach.enterprises))),
            sa.and_(kind == "enterprise", party.in_(firms)),
            sa.and_(kind == "district", party.in_(sorted(reach.districts))),
            sa.and_(kind == "source", party.in_(sources)),
        )
    )


def owner_at(connection: sa.Connection, address: str, reach: Reach) -> int:
    """Return whose account *address* is, or refuse; what is not within *reach* is not there."""
    kind, party = holder_of(address)
    query = sa.select(OwnerRow.owner).where(OwnerRow.kind == kind, OwnerRow.party == party)
    if not reach.everything:
        query = query.where(OwnerRow.owner.in_(owned(reach)))
    found = connection.execute(query.limit(1)).scalar()
    if found is None:
        raise HoldingUnknown(address, through_entry=through(connection))
    return int(found)


def shown_owners(connection: sa.Connection, owners: Iterable[int], reach: Reach) -> dict[int, str]:
    """Return the names of owners; of another outside *reach* only what kind of party it is."""
    seen = sa.true() if reach.everything else OwnerRow.owner.in_(owned(reach))
    query = sa.select(OwnerRow.owner, OwnerRow.kind, OwnerRow.party, seen.label("seen")).where(
        OwnerRow.account.in_(sorted(set(owners)))
    )
    return {
        owner: f"{kind}:{party if is_seen else _hidden(kind, party)}"
        for owner, kind, party, is_seen in connection.execute(query)
    }


def _hidden(kind: str, party: str) -> str:
    if kind in ("enterprise", "source"):
        return "*"
    return "substituted:*" if party.startswith("substituted:") else party
