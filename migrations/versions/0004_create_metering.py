"""Create metering."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "factor_editions",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("adopted_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "basis IN ('equivalent', 'calorific')", name=op.f("ck_factor_editions_basis")
        ),
        sa.PrimaryKeyConstraint("year", "basis", "edition", name=op.f("pk_factor_editions")),
    )
    op.create_table(
        "readings",
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("replaced_at_value", sa.Text(), nullable=True),
        sa.Column("restarted_at_value", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, nullable=False),
        sa.Column("corrected_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "(replaced_at_value IS NULL) = (restarted_at_value IS NULL)",
            name=op.f("ck_readings_changeover_whole"),
        ),
        sa.PrimaryKeyConstraint("meter", "month", name=op.f("pk_readings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "factors",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("kgce_per_unit", sa.Text(), nullable=False),
        sa.Column("coal_kg_per_unit", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["year", "basis", "edition"],
            ["factor_editions.year", "factor_editions.basis", "factor_editions.edition"],
            name=op.f("fk_factors_year"),
        ),
        sa.PrimaryKeyConstraint("year", "basis", "edition", "carrier", name=op.f("pk_factors")),
    )
    op.create_table(
        "report_verifiers",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("assigned_by", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_report_verifiers_enterprise")
        ),
        sa.PrimaryKeyConstraint("enterprise", "year", "person", name=op.f("pk_report_verifiers")),
    )
    op.create_table(
        "reports",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("version", WHOLE, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("energy_kgce", WHOLE, nullable=False),
        sa.Column("coal_kg", WHOLE, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("report_hash", sa.Text(), nullable=True),
        sa.Column("drafted_by", WHOLE, nullable=False),
        sa.Column("submitted_by", WHOLE, nullable=True),
        sa.Column("decided_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "(state = 'draft') = (report_hash IS NULL)", name=op.f("ck_reports_hash_when_submitted")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'verified', 'returned', 'final')",
            name=op.f("ck_reports_state"),
        ),
        sa.CheckConstraint(
            "energy_kgce >= 0 AND coal_kg >= 0", name=op.f("ck_reports_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_reports_enterprise")
        ),
        sa.PrimaryKeyConstraint("enterprise", "year", "version", name=op.f("pk_reports")),
    )
    op.create_index("ix_reports_year_state", "reports", ["year", "state"], unique=False)
    op.create_table(
        "meters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("multiplier", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("first_month", sa.Text(), nullable=False),
        sa.Column("closed_month", sa.Text(), nullable=True),
        sa.Column("registered_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "use IN ('consumed', 'own_renewable', 'feedstock', 'conversion_out', 'sold')",
            name=op.f("ck_meters_use"),
        ),
        sa.CheckConstraint(
            "closed_month >= first_month", name=op.f("ck_meters_closed_after_first")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_meters_enterprise")
        ),
        sa.ForeignKeyConstraint(["facility"], ["facilities.id"], name=op.f("fk_meters_facility")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meters")),
    )
    op.create_index(op.f("ix_meters_enterprise"), "meters", ["enterprise"], unique=False)
    op.create_table(
        "opinions",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("version", WHOLE, autoincrement=False, nullable=False),
        sa.Column("report_hash", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("opinion_hash", sa.Text(), nullable=False),
        sa.Column("first_signer", sa.Text(), nullable=False),
        sa.Column("second_signer", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, nullable=False),
        sa.CheckConstraint("verdict IN ('accept', 'return')", name=op.f("ck_opinions_verdict")),
        sa.CheckConstraint("first_signer <> second_signer", name=op.f("ck_opinions_two_persons")),
        sa.ForeignKeyConstraint(
            ["enterprise", "year", "version"],
            ["reports.enterprise", "reports.year", "reports.version"],
            name=op.f("fk_opinions_enterprise"),
        ),
        sa.PrimaryKeyConstraint("enterprise", "year", "version", name=op.f("pk_opinions")),
    )


def downgrade() -> None:
    op.drop_table("opinions")
    op.drop_index(op.f("ix_meters_enterprise"), table_name="meters")
    op.drop_table("meters")
    op.drop_index("ix_reports_year_state", table_name="reports")
    op.drop_table("reports")
    op.drop_table("report_verifiers")
    op.drop_table("factors")
    op.drop_table("readings")
    op.drop_table("factor_editions")
