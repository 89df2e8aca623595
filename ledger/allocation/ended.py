"""
Which enterprises have ended: closed, merged into another or split up. They are planned no more.
"""

from collections.abc import Collection

import sqlalchemy as sa

from ledger.allocation.change_tables import EnterpriseChangeRow
from ledger.errors import Refused
from ledger.work import Work

ENDING = ("cease", "merge", "split")


class EnterpriseEnded(Refused):
    """An enterprise has been closed, merged or split, and takes no further part."""

    code = "enterprise_ended"
    rule = "CHG-01"

    def __init__(self, enterprise: str, *, step: str, document: str) -> None:
        super().__init__(
            f"{enterprise} has ended ({step}, {document[:80]!r}): name its successor, if any",
            enterprise=enterprise,
            step=step,
            document=document[:80],
        )


def ended_among(work: Work, enterprises: Collection[str]) -> dict[str, EnterpriseEnded]:
    """Return the refusal of each of *enterprises* that has ended. Rule: CHG-01."""
    rows = work.session.scalars(
        sa.select(EnterpriseChangeRow).where(
            EnterpriseChangeRow.enterprise.in_(sorted(enterprises)),
            EnterpriseChangeRow.step.in_(ENDING),
        )
    )
    return {
        row.enterprise: EnterpriseEnded(row.enterprise, step=row.step, document=row.document)
        for row in rows
        if row.enterprise in enterprises
    }


def require_lasting(work: Work, enterprise: str) -> None:
    """Refuse an enterprise that has ended. Rule: CHG-01."""
    for refusal in ended_among(work, {enterprise}).values():
        raise refusal
