"""
Take the lease: of all processes that open a ledger, the last one to come is its writer.
"""

import sqlalchemy as sa

from ledger.tables import LeaseRow


def take_lease(connection: sa.Connection, holder: str) -> int:
    """Return an epoch that no other writer has, even one that starts at the same instant."""
    with connection.begin():
        connection.execute(
            sa.text(
                "INSERT INTO lease (id, epoch, holder) VALUES (1, 0, :holder) "
                "ON CONFLICT (id) DO NOTHING"
            ),
            {"holder": holder},
        )
        # The update locks the row, so the epoch read after it is nobody else's.
        connection.execute(sa.update(LeaseRow).values(epoch=LeaseRow.epoch + 1, holder=holder))
        return int(connection.execute(sa.select(LeaseRow.epoch)).scalar_one())
