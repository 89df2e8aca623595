"""Create parties."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "districts",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("registered_by", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_districts")),
    )
    op.create_table(
        "sectors",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("two_high", sa.Text(), nullable=False),
        sa.Column("registered_by", WHOLE, nullable=False),
        sa.CheckConstraint("two_high IN ('yes', 'no')", name=op.f("ck_sectors_two_high")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_sectors")),
    )
    op.create_table(
        "enterprises",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("owner_group", sa.Text(), nullable=False),
        sa.Column("registered_by", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_enterprises_district")
        ),
        sa.ForeignKeyConstraint(["sector"], ["sectors.code"], name=op.f("fk_enterprises_sector")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprises")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_enterprises_credit_code")),
    )
    op.create_table(
        "facilities",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("capacity", WHOLE, nullable=False),
        sa.Column("capacity_unit", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("registered_by", WHOLE, nullable=False),
        sa.CheckConstraint("state IN ('running', 'closed')", name=op.f("ck_facilities_state")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_facilities_capacity")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_facilities_enterprise")
        ),
        sa.ForeignKeyConstraint(["sector"], ["sectors.code"], name=op.f("fk_facilities_sector")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facilities")),
    )


def downgrade() -> None:
    op.drop_table("facilities")
    op.drop_table("enterprises")
    op.drop_table("sectors")
    op.drop_table("districts")
