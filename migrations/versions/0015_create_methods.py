"""
Create the bases of history, paid parts, entrants, certificates and regional increments.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MEASURES = "measure IN ('energy', 'coal')"


def upgrade() -> None:
    op.create_table(
        "history_bases",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.CheckConstraint("basis IN ('', 'eq', 'cal')", name=op.f("ck_history_bases_basis")),
        _enterprise("history_bases"),
        sa.PrimaryKeyConstraint(
            "enterprise", "year", "product", "recorded_by", name=op.f("pk_history_bases")
        ),
    )
    _paid_parts()
    _entrants()
    op.create_table(
        "entitlement_certificates",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("acceptance", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("formal_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "state IN ('pre_issued', 'formal')", name=op.f("ck_entitlement_certificates_state")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_entitlement_certificates")),
    )
    _increments()


def downgrade() -> None:
    for table in (
        "increment_offers",
        "regional_increments",
        "entitlement_certificates",
        "entrants",
        "paid_parts",
        "history_bases",
    ):
        op.drop_table(table)


def _enterprise(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["enterprise"], ["enterprises.id"], name=op.f(f"fk_{table}_enterprise")
    )


def _district(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["district"], ["districts.code"], name=op.f(f"fk_{table}_district")
    )


def _paid_parts() -> None:
    op.create_table(
        "paid_parts",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("price_fen", WHOLE, nullable=False),
        sa.Column("fee_fen", WHOLE, nullable=False),
        sa.Column("due_on", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_by", WHOLE, nullable=False),
        sa.Column("decided_by", WHOLE, nullable=True),
        sa.CheckConstraint(MEASURES, name=op.f("ck_paid_parts_measure")),
        sa.CheckConstraint(
            "amount > 0 AND price_fen > 0 AND fee_fen > 0", name=op.f("ck_paid_parts_amounts")
        ),
        sa.CheckConstraint(
            "state IN ('payable', 'paid', 'lapsed')", name=op.f("ck_paid_parts_state")
        ),
        _enterprise("paid_parts"),
        _district("paid_parts"),
        sa.PrimaryKeyConstraint(
            "year", "measure", "enterprise", "product", name=op.f("pk_paid_parts")
        ),
    )
    op.create_index(op.f("ix_paid_parts_issued_by"), "paid_parts", ["issued_by"])


def _entrants() -> None:
    op.create_table(
        "entrants",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("used", WHOLE, nullable=True),
        sa.Column("returned", WHOLE, nullable=True),
        sa.Column("due", WHOLE, nullable=True),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("settled_by", WHOLE, nullable=True),
        sa.CheckConstraint(MEASURES, name=op.f("ck_entrants_measure")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_entrants_amount")),
        sa.CheckConstraint("returned + due <= amount", name=op.f("ck_entrants_returned")),
        sa.CheckConstraint("state IN ('admitted', 'settled')", name=op.f("ck_entrants_state")),
        _district("entrants"),
        _enterprise("entrants"),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_entrants")),
        sa.UniqueConstraint(
            "enterprise",
            "facility",
            "year",
            "measure",
            name=op.f("uq_entrants_enterprise_facility_year_measure"),
        ),
    )
    op.create_index(
        op.f("ix_entrants_district_year_measure"), "entrants", ["district", "year", "measure"]
    )


def _increments() -> None:
    op.create_table(
        "regional_increments",
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("set_by", WHOLE, nullable=False),
        sa.CheckConstraint(MEASURES, name=op.f("ck_regional_increments_measure")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_regional_increments_amount")),
        _district("regional_increments"),
        sa.PrimaryKeyConstraint("district", "year", "measure", name=op.f("pk_regional_increments")),
    )
    op.create_table(
        "increment_offers",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_increment_offers_amount")),
        sa.CheckConstraint(
            "state IN ('offered', 'returned')", name=op.f("ck_increment_offers_state")
        ),
        _district("increment_offers"),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_increment_offers")),
    )
    op.create_index(
        op.f("ix_increment_offers_district_year_measure"),
        "increment_offers",
        ["district", "year", "measure"],
    )
