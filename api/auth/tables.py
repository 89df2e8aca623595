"""The tables of the auth store: personal data and credentials, never in the ledger. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ledger.db import NAMING, WHOLE, Octets, Whole, Words, WordsKey


class AuthBase(DeclarativeBase):
    """The metadata of the auth store, apart from that of the ledger."""

    metadata = sa.MetaData(naming_convention=NAMING)


class UserRow(AuthBase):
    """
    One login and the one person it acts as; the only place where a person's name is kept.

    *confirmed_by* is NULL while a second security officer has yet to confirm what *proposed_by*
    did: add the user, or set another's password. *confirmed_at* is the first confirmation.
    """

    __tablename__ = "users"

    login: Mapped[WordsKey]
    person: Mapped[str] = mapped_column(sa.Text(), unique=True)
    name: Mapped[Words]
    language: Mapped[Words]
    is_persona: Mapped[Whole]
    password_hash: Mapped[str | None] = mapped_column(sa.Text())
    added_at: Mapped[Whole]
    proposed_by: Mapped[Words]
    confirmed_by: Mapped[str | None] = mapped_column(sa.Text())
    confirmed_at: Mapped[int | None] = mapped_column(WHOLE)
    disabled_by: Mapped[str | None] = mapped_column(sa.Text())

    __table_args__ = (
        sa.CheckConstraint("language IN ('zh', 'en')", "language"),
        sa.CheckConstraint("is_persona IN (0, 1)", "is_persona"),
        sa.CheckConstraint("is_persona = 0 OR password_hash IS NULL", "persona_has_no_password"),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> proposed_by", "two_persons"),
    )


class SessionRow(AuthBase):
    """One sign-in; only the SHA-256 of its token is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(), primary_key=True)
    login: Mapped[str] = mapped_column(sa.ForeignKey("users.login"), index=True)
    started_at: Mapped[int] = mapped_column(WHOLE, index=True)
    seen_at: Mapped[Whole]
    ended_at: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (sa.CheckConstraint("seen_at >= started_at", "seen_after_start"),)


class ApiKeyRow(AuthBase):
    """
    One API key of one person; only the SHA-256 of its secret is kept.

    *owner* is the scope whose key it is, such as enterprise:E001. *scopes* are names, sorted, with
    a space between. A key works from its confirmation by another person until it expires.
    """

    __tablename__ = "api_keys"

    id: Mapped[WordsKey]
    person: Mapped[str] = mapped_column(sa.ForeignKey("users.person"), index=True)
    owner: Mapped[str] = mapped_column(sa.Text(), index=True)
    label: Mapped[Words]
    scopes: Mapped[Words]
    secret_hash: Mapped[Octets]
    asked_at: Mapped[Whole]
    expires_at: Mapped[Whole]
    confirmed_by: Mapped[str | None] = mapped_column(sa.Text())
    revoked_by: Mapped[str | None] = mapped_column(sa.Text())

    __table_args__ = (
        sa.CheckConstraint("expires_at > asked_at", "expires_later"),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> person", "two_persons"),
    )


class AttemptRow(AuthBase):
    """
    One failed sign-in, or one still being checked.

    The login and the address are kept as keyed hashes: a password typed into the wrong field is
    not kept, and the text may have any length.
    """

    __tablename__ = "attempts"

    id: Mapped[bytes] = mapped_column(sa.LargeBinary(), primary_key=True)
    login_hash: Mapped[Octets]
    address_hash: Mapped[Octets]
    at: Mapped[int] = mapped_column(WHOLE, index=True)

    __table_args__ = (
        sa.Index("ix_attempts_login_hash_at", "login_hash", "at"),
        sa.Index("ix_attempts_address_hash_at", "address_hash", "at"),
    )


class SecretRow(AuthBase):
    """One secret of this installation, made once."""

    __tablename__ = "secrets"

    name: Mapped[WordsKey]
    value: Mapped[Octets]
