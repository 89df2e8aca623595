"""Create kernel."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_by", WHOLE, nullable=False),
        sa.CheckConstraint("state IN ('open', 'frozen', 'closed')", name=op.f("ck_accounts_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("address", name=op.f("uq_accounts_address")),
    )
    op.create_table(
        "assets",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("opened_by", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("code", name=op.f("uq_assets_code")),
    )
    op.create_table(
        "balances",
        sa.Column("account_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("asset_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("overdraws", WHOLE, nullable=False),
        sa.CheckConstraint("amount >= 0 OR overdraws = 1", name=op.f("ck_balances_covered")),
        sa.PrimaryKeyConstraint("account_id", "asset_id", name=op.f("pk_balances")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "blocks",
        sa.Column("number", WHOLE, autoincrement=False, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("first_sequence", WHOLE, nullable=False),
        sa.Column("last_sequence", WHOLE, nullable=False),
        sa.Column("last_entry", WHOLE, nullable=False),
        sa.Column("committed_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_blocks")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", WHOLE, autoincrement=False, nullable=False),
        sa.Column("last_sequence", WHOLE, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "commands",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("recorded_at", WHOLE, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_commands")),
        sa.UniqueConstraint("id", name=op.f("uq_commands_id")),
    )
    op.create_table(
        "due",
        sa.Column("at", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("done_by", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("at", "kind", "key", name=op.f("pk_due")),
    )
    op.create_table(
        "entries",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("command_sequence", WHOLE, nullable=False),
        sa.Column("ordinal", WHOLE, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("effective_at", WHOLE, nullable=False),
        sa.Column("reverses", WHOLE, nullable=True),
        sa.CheckConstraint("reverses < sequence", name=op.f("ck_entries_reverses_earlier")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_entries")),
    )
    op.create_index(
        "uq_entries_reference",
        "entries",
        ["reference"],
        unique=True,
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_index(
        "uq_entries_reverses",
        "entries",
        ["reverses"],
        unique=True,
        sqlite_where=sa.text("reverses IS NOT NULL"),
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.create_table(
        "holds",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("held_id", WHOLE, nullable=False),
        sa.Column("asset_id", WHOLE, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("remaining", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", WHOLE, nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (remaining > 0)", name=op.f("ck_holds_open_or_empty")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'captured', 'released', 'expired')", name=op.f("ck_holds_state")
        ),
        sa.CheckConstraint(
            "remaining >= 0 AND remaining <= amount", name=op.f("ck_holds_remaining")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_table(
        "lease",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("epoch", WHOLE, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_lease_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lease")),
    )
    op.create_table(
        "ledger",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("opened_at", WHOLE, nullable=False),
        sa.CheckConstraint(
            "purpose IN ('live', 'demonstration', 'training')", name=op.f("ck_ledger_purpose")
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
    )
    op.create_table(
        "outbox",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_outbox")),
    )
    op.create_table(
        "packs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("adopted_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "adopted_by", name=op.f("pk_packs")),
    )
    op.create_table(
        "postings",
        sa.Column("entry", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("source_id", WHOLE, nullable=False),
        sa.Column("destination_id", WHOLE, nullable=False),
        sa.Column("asset_id", WHOLE, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_postings_positive")),
        sa.CheckConstraint("source_id <> destination_id", name=op.f("ck_postings_two_ends")),
        sa.PrimaryKeyConstraint("entry", "ordinal", name=op.f("pk_postings")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_postings_destination_id_entry", "postings", ["destination_id", "entry"], unique=False
    )
    op.create_index("ix_postings_source_id_entry", "postings", ["source_id", "entry"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("checker", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", WHOLE, nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'rejected', 'expired')", name=op.f("ck_proposals_state")
        ),
        sa.CheckConstraint(
            "checker IS NULL OR checker <> maker", name=op.f("ck_proposals_two_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_table(
        "role_grants",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("granted_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("revoked_by", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint(
            "person", "role", "scope", "granted_by", name=op.f("pk_role_grants")
        ),
    )


def downgrade() -> None:
    op.drop_table("role_grants")
    op.drop_table("proposals")
    op.drop_index("ix_postings_source_id_entry", table_name="postings")
    op.drop_index("ix_postings_destination_id_entry", table_name="postings")
    op.drop_table("postings")
    op.drop_table("packs")
    op.drop_table("outbox")
    op.drop_table("ledger")
    op.drop_table("lease")
    op.drop_table("holds")
    op.drop_index(
        "uq_entries_reverses",
        table_name="entries",
        sqlite_where=sa.text("reverses IS NOT NULL"),
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.drop_index(
        "uq_entries_reference",
        table_name="entries",
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.drop_table("entries")
    op.drop_table("due")
    op.drop_table("commands")
    op.drop_table("checkpoints")
    op.drop_table("blocks")
    op.drop_table("balances")
    op.drop_table("assets")
    op.drop_table("accounts")
