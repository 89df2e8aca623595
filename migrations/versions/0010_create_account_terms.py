"""Create limits of accounts, sealed periods and metadata, of which the last two are history."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HISTORY = ("period_seals", "metadata")


def upgrade() -> None:
    op.create_table(
        "account_limits",
        sa.Column("account_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("asset_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("floor", WHOLE, nullable=True),
        sa.Column("ceiling", WHOLE, nullable=True),
        sa.Column("set_by", WHOLE, nullable=False),
        sa.CheckConstraint("floor >= 0", name=op.f("ck_account_limits_floor")),
        sa.CheckConstraint("ceiling >= 0", name=op.f("ck_account_limits_ceiling")),
        sa.CheckConstraint("floor <= ceiling", name=op.f("ck_account_limits_room")),
        sa.PrimaryKeyConstraint("account_id", "asset_id", name=op.f("pk_account_limits")),
    )
    op.create_table(
        "period_seals",
        sa.Column("sealed_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("through", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sealed_by", name=op.f("pk_period_seals")),
    )
    op.create_table(
        "metadata",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("set_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("target", "key", "set_by", name=op.f("pk_metadata")),
    )
    _guard()


def downgrade() -> None:
    for table in ("metadata", "period_seals", "account_limits"):
        op.drop_table(table)


def _guard() -> None:
    """Let the database refuse to change or delete what is history, as 0002 does for the rest."""
    for table in HISTORY:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE "
                f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
