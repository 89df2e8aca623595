"""The kernel's tables: the journal, what is derived from it, and who may act. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Octets, Whole, Words, WordsKey

ADDRESS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text in the order of its letters' numbers, so that a range of the index is a beginning."""


class LedgerRow(Base):
    """What this ledger is; exactly one row, written by its first command."""

    __tablename__ = "ledger"

    id: Mapped[Key]
    name: Mapped[Words]
    jurisdiction: Mapped[Words]
    purpose: Mapped[Words]
    opened_at: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("id = 1", "one_row"),
        sa.CheckConstraint("purpose IN ('live', 'demonstration', 'training')", "purpose"),
    )


class LeaseRow(Base):
    """Who writes. Every commit touches this row and fails if the epoch has moved on."""

    __tablename__ = "lease"

    id: Mapped[Key]
    epoch: Mapped[Whole]
    holder: Mapped[Words]

    __table_args__ = (sa.CheckConstraint("id = 1", "one_row"),)


class CommandRow(Base):
    """The command log: append-only, refusals included."""

    __tablename__ = "commands"

    sequence: Mapped[Key]
    id: Mapped[str] = mapped_column(sa.Text(), unique=True)
    kind: Mapped[Words]
    actor: Mapped[Words]
    payload: Mapped[Words]
    payload_hash: Mapped[Octets]
    code: Mapped[Words]
    answer: Mapped[Words]
    rules_version: Mapped[Words]
    recorded_at: Mapped[Whole]
    leaf_hash: Mapped[Octets]


class EntryRow(Base):
    """The journal: append-only. The time of recording is that of the command."""

    __tablename__ = "entries"

    sequence: Mapped[Key]
    command_sequence: Mapped[Whole]
    ordinal: Mapped[Whole]
    code: Mapped[Words]
    rule: Mapped[Words]
    reference: Mapped[str | None] = mapped_column(sa.Text())
    effective_at: Mapped[Whole]
    reverses: Mapped[int | None] = mapped_column(WHOLE)

    # Partial, so that the many entries without either write no index page.
    __table_args__ = (
        sa.CheckConstraint("reverses < sequence", "reverses_earlier"),
        sa.Index(
            "uq_entries_reference",
            "reference",
            unique=True,
            sqlite_where=sa.text("reference IS NOT NULL"),
            postgresql_where=sa.text("reference IS NOT NULL"),
        ),
        sa.Index(
            "uq_entries_reverses",
            "reverses",
            unique=True,
            sqlite_where=sa.text("reverses IS NOT NULL"),
            postgresql_where=sa.text("reverses IS NOT NULL"),
        ),
    )


class PostingRow(Base):
    """
    The moves of each entry: append-only.

    No foreign keys: the single writer is the only author, `self-check` verifies the references,
    and three look-ups a row would cost more than the row.
    """

    __tablename__ = "postings"

    entry: Mapped[Key]
    ordinal: Mapped[Key]
    source_id: Mapped[Whole]
    destination_id: Mapped[Whole]
    asset_id: Mapped[Whole]
    amount: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "positive"),
        sa.CheckConstraint("source_id <> destination_id", "two_ends"),
        sa.Index("ix_postings_source_id_entry", "source_id", "entry"),
        sa.Index("ix_postings_destination_id_entry", "destination_id", "entry"),
        {"sqlite_with_rowid": False},
    )


class AccountRow(Base):
    """Accounts by address; ids are dense in order of opening."""

    __tablename__ = "accounts"

    id: Mapped[Key]
    address: Mapped[str] = mapped_column(ADDRESS, unique=True)
    state: Mapped[Words]
    opened_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("state IN ('open', 'frozen', 'closed')", "state"),)


class AssetRow(Base):
    """Assets by code; ids are dense in order of first use."""

    __tablename__ = "assets"

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(sa.Text(), unique=True)
    opened_by: Mapped[Whole]


class BalanceRow(Base):
    """The cached sum of postings. *overdraws* is 1 for the accounts that may go below zero."""

    __tablename__ = "balances"

    account_id: Mapped[Key]
    asset_id: Mapped[Key]
    amount: Mapped[Whole]
    overdraws: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("amount >= 0 OR overdraws = 1", "covered"),
        {"sqlite_with_rowid": False},
    )


class HoldRow(Base):
    """Units set aside until captured, released or expired; id is that of its first entry."""

    __tablename__ = "holds"

    id: Mapped[Key]
    account_id: Mapped[Whole]
    held_id: Mapped[Whole]
    asset_id: Mapped[Whole]
    amount: Mapped[Whole]
    remaining: Mapped[Whole]
    state: Mapped[Words]
    expires_at: Mapped[int | None] = mapped_column(WHOLE)
    purpose: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("remaining >= 0 AND remaining <= amount", "remaining"),
        sa.CheckConstraint("state IN ('open', 'captured', 'released', 'expired')", "state"),
        sa.CheckConstraint("(state = 'open') = (remaining > 0)", "open_or_empty"),
    )


class BlockRow(Base):
    """One row a commit: the hash chain over the leaves of its commands and entries."""

    __tablename__ = "blocks"

    number: Mapped[Key]
    previous_hash: Mapped[Octets]
    hash: Mapped[Octets]
    first_sequence: Mapped[Whole]
    last_sequence: Mapped[Whole]
    last_entry: Mapped[Whole]
    committed_at: Mapped[Whole]


class CheckpointRow(Base):
    """Signed roots over all leaves so far, as C2SP notes."""

    __tablename__ = "checkpoints"

    size: Mapped[Key]
    last_sequence: Mapped[Whole]
    note: Mapped[Words]


class ProposalRow(Base):
    """What one person has proposed and another must approve; id is its command's sequence."""

    __tablename__ = "proposals"

    id: Mapped[Key]
    kind: Mapped[Words]
    payload: Mapped[Words]
    payload_hash: Mapped[Octets]
    maker: Mapped[Words]
    checker: Mapped[str | None] = mapped_column(sa.Text())
    state: Mapped[Words]
    expires_at: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'approved', 'rejected', 'expired')", "state"),
        sa.CheckConstraint("checker IS NULL OR checker <> maker", "two_persons"),
    )


class RoleGrantRow(Base):
    """Which role a person has, for whom; grants are ended, never deleted."""

    __tablename__ = "role_grants"

    person: Mapped[WordsKey]
    role: Mapped[WordsKey]
    scope: Mapped[WordsKey]
    granted_by: Mapped[Key]
    revoked_by: Mapped[int | None] = mapped_column(WHOLE)


class DueRow(Base):
    """What falls due by itself, and when; done by the first command at or after that time."""

    __tablename__ = "due"

    at: Mapped[Key]
    kind: Mapped[WordsKey]
    key: Mapped[WordsKey]
    done_by: Mapped[int | None] = mapped_column(WHOLE)


class PackRow(Base):
    """A policy pack as it was adopted, whole; the newest adoption of an id is the one in force."""

    __tablename__ = "packs"

    id: Mapped[WordsKey]
    adopted_by: Mapped[Key]
    version: Mapped[Words]
    content: Mapped[Words]


class OutboxRow(Base):
    """Events for readers, in order; derived, and outside the digest."""

    __tablename__ = "outbox"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    topic: Mapped[Words]
    body: Mapped[Words]


class PositionRow(Base):
    """How far each projection of the journal has come; derived, like what it stands for."""

    __tablename__ = "derived_positions"

    name: Mapped[WordsKey]
    version: Mapped[Whole]
    command: Mapped[Whole]
    entry: Mapped[Whole]


class TileRow(Base):
    """Hashes of the tree, up to 256 of one level side by side; derived, and believed by nobody."""

    __tablename__ = "derived_tiles"

    level: Mapped[Key]
    number: Mapped[Key]
    hashes: Mapped[Octets]


class SnapshotRow(Base):
    """What an account had, and had received in all, of each of its assets after an entry."""

    __tablename__ = "derived_snapshots"

    account_id: Mapped[Key]
    entry: Mapped[Key]
    asset_id: Mapped[Key]
    amount: Mapped[Whole]
    received: Mapped[Whole]

    __table_args__ = ({"sqlite_with_rowid": False},)


class DatedRow(Base):
    """What an entry changed on an account that counts from another time than its recording."""

    __tablename__ = "derived_dated"

    account_id: Mapped[Key]
    distance: Mapped[Key]
    recorded_at: Mapped[Key]
    entry: Mapped[Key]
    asset_id: Mapped[Key]
    effective_at: Mapped[Whole]
    change: Mapped[Whole]

    __table_args__ = ({"sqlite_with_rowid": False},)


APPEND_ONLY = (
    "commands",
    "entries",
    "postings",
    "blocks",
    "checkpoints",
    "outbox",
    "period_seals",
    "metadata",
    "waivers",
)
"""Tables whose rows a database trigger refuses to change or delete."""

OUTSIDE_DIGEST = ("commands", "blocks", "checkpoints", "lease", "outbox", "alembic_version")
"""What the state digest leaves out: the log and what depends on batching, leases or signatures."""

DERIVED = "derived_"
"""How the names of tables begin that follow behind the writer; the state digest leaves them out."""
