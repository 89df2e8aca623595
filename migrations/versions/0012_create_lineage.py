"""Create lots, pieces, moves and ancestors of lineage, and the kept totals of flows."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, WHOLE, autoincrement=False, nullable=False) for name in names]


def _key(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}"))


def upgrade() -> None:
    op.create_table(
        "derived_owners",
        *_whole("account", "owner"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        _key("derived_owners", "account"),
    )
    op.create_index("ix_derived_owners_kind_party", "derived_owners", ["kind", "party"])
    op.create_table(
        "derived_lots",
        *_whole("number", "command", "asset", "owner", "amount"),
        _key("derived_lots", "number"),
    )
    op.create_index("ix_derived_lots_owner", "derived_lots", ["owner"])
    op.create_table(
        "derived_pieces",
        *_whole("owner", "asset", "position", "lot", "amount"),
        _key("derived_pieces", "owner", "asset", "position"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_derived_pieces_amount")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_derived_pieces_lot_owner_amount", "derived_pieces", ["lot", "owner", "amount"]
    )
    op.create_table(
        "derived_moves",
        *_whole("number", "lot", "amount", "giver", "taker", "taken_at", "put_at"),
        _key("derived_moves", "number"),
    )
    op.create_index("ix_derived_moves_lot_number", "derived_moves", ["lot", "number"])
    op.create_table(
        "derived_ancestors",
        *_whole("lot", "made_of", "amount"),
        _key("derived_ancestors", "lot", "made_of"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_derived_ancestors_made_of", "derived_ancestors", ["made_of"])
    op.create_table(
        "derived_flows",
        *_whole("asset", "month"),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("how", "giver", "taker")),
        *_whole("amount"),
        _key("derived_flows", "asset", "month", "how", "giver", "taker"),
    )


def downgrade() -> None:
    for table in ("flows", "ancestors", "moves", "pieces", "lots", "owners"):
        op.drop_table(f"derived_{table}")
