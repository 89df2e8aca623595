"""
Create the snapshots of balances, and let accounts be found by how their address begins.

PostgreSQL orders text by the customs of a language unless it is told otherwise, and then no range
of an index is a beginning; SQLite compares the letters' numbers already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "derived_snapshots",
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("entry", WHOLE, nullable=False),
        sa.Column("asset_id", WHOLE, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("received", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "entry", "asset_id", name=op.f("pk_derived_snapshots")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "derived_dated",
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("distance", WHOLE, nullable=False),
        sa.Column("recorded_at", WHOLE, nullable=False),
        sa.Column("entry", WHOLE, nullable=False),
        sa.Column("asset_id", WHOLE, nullable=False),
        sa.Column("effective_at", WHOLE, nullable=False),
        sa.Column("change", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id",
            "distance",
            "recorded_at",
            "entry",
            "asset_id",
            name=op.f("pk_derived_dated"),
        ),
        sqlite_with_rowid=False,
    )
    _collate_addresses("C")


def downgrade() -> None:
    _collate_addresses("default")
    op.drop_table("derived_dated")
    op.drop_table("derived_snapshots")


def _collate_addresses(collation: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f'ALTER TABLE accounts ALTER COLUMN address TYPE text COLLATE "{collation}"')
