"""Create the waivers of parameters that no source confirms; they are history."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "waivers",
        sa.Column("waived_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("waived_by", "pack", "key", "valid_from", "first_day", "last_day"),
            name=op.f("pk_waivers"),
        ),
    )
    _guard()


def downgrade() -> None:
    op.drop_table("waivers")


def _guard() -> None:
    """Let the database refuse to change or delete what is history, as 0002 does for the rest."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER waivers_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON waivers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER waivers_refuse_{change.lower()} BEFORE {change} ON waivers "
            "BEGIN SELECT RAISE(ABORT, 'waivers is append-only'); END"
        )
