"""Create notices of figures, objections, debts netted from an issue, and changes of enterprises."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

MEASURE = "measure IN ('energy', 'coal')"
STAGE = "stage IN ('planned', 'final')"


def upgrade() -> None:
    _notices()
    _objections()
    _nettings()
    _changes()


def _notices() -> None:
    op.create_table(
        "allocation_notices",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("notified_on", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("sheets", WHOLE, nullable=False),
        sa.Column("figures_hash", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint(MEASURE, name=op.f("ck_allocation_notices_measure")),
        sa.CheckConstraint(STAGE, name=op.f("ck_allocation_notices_stage")),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_allocation_notices_district")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_allocation_notices")),
    )
    op.create_index(
        "ix_allocation_notices_district_year", "allocation_notices", ["district", "year"]
    )


def _objections() -> None:
    texts = ("measure", "product", "stage")
    later = ("sheet_code", "reasons", "evidence_hash", "filed_on", "state", "reviewer")
    op.create_table(
        "objections",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("notice", WHOLE, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in later),
        sa.Column("reviewed_by", WHOLE, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("corrected_code", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Text(), nullable=False),
        sa.Column("decided_by", WHOLE, nullable=True),
        sa.CheckConstraint(MEASURE, name=op.f("ck_objections_measure")),
        sa.CheckConstraint(STAGE, name=op.f("ck_objections_stage")),
        sa.CheckConstraint(
            "state IN ('filed', 'under_review', 'decided')", name=op.f("ck_objections_state")
        ),
        sa.CheckConstraint(
            "outcome IN ('', 'upheld', 'corrected')", name=op.f("ck_objections_outcome")
        ),
        sa.CheckConstraint(
            "(state = 'decided') = (outcome <> '')", name=op.f("ck_objections_decided")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_objections_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_objections_district")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_objections")),
    )
    op.create_index("ix_objections_enterprise_year", "objections", ["enterprise", "year"])
    op.create_index(
        "ix_objections_district_year_state", "objections", ["district", "year", "state"]
    )


def _nettings() -> None:
    op.create_table(
        "nettings",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("claim", WHOLE, nullable=False),
        sa.Column("claim_ordinal", WHOLE, nullable=False),
        sa.Column("debt_asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint(MEASURE, name=op.f("ck_nettings_measure")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_nettings_amount")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_nettings_enterprise")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_nettings")),
    )
    op.create_index("ix_nettings_enterprise_year", "nettings", ["enterprise", "year"])


def _changes() -> None:
    op.create_table(
        "enterprise_changes",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("share", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "step IN ('cease', 'merge', 'split', 'relocate')",
            name=op.f("ck_enterprise_changes_step"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_enterprise_changes_enterprise")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_enterprise_changes")),
    )
    op.create_index("ix_enterprise_changes_enterprise", "enterprise_changes", ["enterprise"])
    op.create_index("ix_enterprise_changes_other", "enterprise_changes", ["other"])


def downgrade() -> None:
    for table in ("enterprise_changes", "nettings", "objections", "allocation_notices"):
        op.drop_table(table)
