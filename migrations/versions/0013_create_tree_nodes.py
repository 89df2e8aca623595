"""Create the tiles of the tree that follows behind the writer."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "derived_tiles",
        sa.Column("level", WHOLE, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_derived_tiles")),
    )


def downgrade() -> None:
    op.drop_table("derived_tiles")
