"""Create marks, outside claims, dispositions, memberships, offsets and certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TABLES = (
    "facility_marks",
    "outside_claims",
    "duplicate_dispositions",
    "carbon_memberships",
    "carbon_offsets",
    "certificate_issues",
    "certificate_holdings",
    "certificate_moves",
)


def upgrade() -> None:
    _create_duplicates()
    _create_carbon()
    _create_certificates()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_duplicates() -> None:
    op.create_table(
        "facility_marks",
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["facility"], ["facilities.id"], name=op.f("fk_facility_marks_facility")
        ),
        sa.PrimaryKeyConstraint("facility", name=op.f("pk_facility_marks")),
    )
    op.create_table(
        "outside_claims",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("facility_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("first_serial", WHOLE, nullable=True),
        sa.Column("last_serial", WHOLE, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("withdrawal", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_outside_claims_amount")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_outside_claims_days")),
        sa.CheckConstraint(
            "state IN ('standing', 'withdrawn')", name=op.f("ck_outside_claims_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_claims")),
    )
    op.create_index(op.f("ix_outside_claims_evidence"), "outside_claims", ["evidence"])
    op.create_index(op.f("ix_outside_claims_facility"), "outside_claims", ["facility"])
    op.create_table(
        "duplicate_dispositions",
        sa.Column("first", sa.Text(), nullable=False),
        sa.Column("second", sa.Text(), nullable=False),
        sa.Column("disposed_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "finding IN ('same', 'different')", name=op.f("ck_duplicate_dispositions_finding")
        ),
        sa.PrimaryKeyConstraint(
            "first", "second", "disposed_by", name=op.f("pk_duplicate_dispositions")
        ),
    )


def _create_carbon() -> None:
    op.create_table(
        "carbon_memberships",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("power_sector", sa.Text(), nullable=False),
        sa.Column("allowance_kg", WHOLE, nullable=True),
        sa.Column("emission_kg", WHOLE, nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "power_sector IN ('yes', 'no')", name=op.f("ck_carbon_memberships_power_sector")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_carbon_memberships_enterprise")
        ),
        sa.PrimaryKeyConstraint("enterprise", "year", name=op.f("pk_carbon_memberships")),
    )
    op.create_table(
        "carbon_offsets",
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("outside", sa.Text(), nullable=False),
        sa.Column("energy_kgce", WHOLE, nullable=False),
        sa.Column("converted_kg", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["claim"], ["freed_claims.id"], name=op.f("fk_carbon_offsets_claim")
        ),
        sa.ForeignKeyConstraint(
            ["outside"], ["outside_claims.id"], name=op.f("fk_carbon_offsets_outside")
        ),
        sa.PrimaryKeyConstraint("claim", "outside", name=op.f("pk_carbon_offsets")),
    )


def _create_certificates() -> None:
    op.create_table(
        "certificate_issues",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("first_serial", WHOLE, autoincrement=False, nullable=False),
        sa.Column("last_serial", WHOLE, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("plant", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "route IN ('intra_province', 'cross_province_deal', 'stand_alone')",
            name=op.f("ck_certificate_issues_route"),
        ),
        sa.CheckConstraint(
            "first_serial > 0 AND first_serial <= last_serial",
            name=op.f("ck_certificate_issues_serials"),
        ),
        sa.ForeignKeyConstraint(
            ["holder"], ["enterprises.id"], name=op.f("fk_certificate_issues_holder")
        ),
        sa.PrimaryKeyConstraint("series", "first_serial", name=op.f("pk_certificate_issues")),
    )
    op.create_table(
        "certificate_holdings",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("first_serial", WHOLE, autoincrement=False, nullable=False),
        sa.Column("last_serial", WHOLE, nullable=False),
        sa.Column("issued_from", WHOLE, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("beneficiary", sa.Text(), nullable=False),
        sa.Column("amount_kgce", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("changed_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "state IN ('issued', 'held', 'retired')", name=op.f("ck_certificate_holdings_state")
        ),
        sa.ForeignKeyConstraint(
            ["holder"], ["enterprises.id"], name=op.f("fk_certificate_holdings_holder")
        ),
        sa.PrimaryKeyConstraint("series", "first_serial", name=op.f("pk_certificate_holdings")),
    )
    op.create_index(
        op.f("ix_certificate_holdings_beneficiary"), "certificate_holdings", ["beneficiary"]
    )
    op.create_index(op.f("ix_certificate_holdings_holder"), "certificate_holdings", ["holder"])
    op.create_table(
        "certificate_moves",
        sa.Column("moved_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("first_serial", WHOLE, nullable=False),
        sa.Column("last_serial", WHOLE, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination"], ["enterprises.id"], name=op.f("fk_certificate_moves_destination")
        ),
        sa.ForeignKeyConstraint(
            ["source"], ["enterprises.id"], name=op.f("fk_certificate_moves_source")
        ),
        sa.PrimaryKeyConstraint("moved_by", name=op.f("pk_certificate_moves")),
    )
