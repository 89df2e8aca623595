"""
Sessions: a random token in the visitor's hands, its hash here.

A session ends after 30 minutes without a request, after 12 hours in any case, when it is closed,
and as soon as its user may not sign in any more. Rule: AUT-06.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import sqlalchemy as sa

from api.auth.passwords import Busy
from api.auth.store import AuthStore, Entropy
from api.auth.tables import SessionRow, UserRow
from ledger.days import HOUR, MINUTE
from ledger.errors import Refused

IDLE = 30 * MINUTE
LIFE = 12 * HOUR
SEEN_STEP = MINUTE
"""How old the record of the last request may be: most requests write nothing."""
SKEW = MINUTE
"""How far the clock of the machine that began a session may be ahead of this one's."""

TOKEN_BYTES = 32
TOKEN_MAX = 200

IS_ACTIVE = sa.and_(UserRow.disabled_by.is_(None), UserRow.confirmed_by.is_not(None))
"""The condition on a user's row under which sessions and keys of the user work."""


class SessionInvalid(Refused):
    """A session is unknown, expired, closed or not yet begun, or its user may not sign in."""

    code = "session_invalid"
    rule = "AUT-06"

    def __init__(self) -> None:
        super().__init__("this session has ended; sign in again")


@dataclass(frozen=True, slots=True)
class Session:
    """
    A session in force, and whose it is.

    *seen_at* is at most a minute behind the last request, so a session may end after 29 idle
    minutes, and never after more than 30.
    """

    login: str
    person: str
    name: str
    language: str
    is_persona: bool
    started_at: int
    seen_at: int
    scopes: None = None
    method: Literal["session"] = "session"

    @property
    def expires_at(self) -> int:
        """Return when it ends if no other request comes."""
        return min(self.seen_at + IDLE, self.started_at + LIFE)


def find(store: AuthStore, token: str, now: int) -> Session:
    """
    Return the session of *token* and note that it was used.

    Refuses `session_invalid`, with one text for every reason. Rule: AUT-06.
    """
    key = token_hash(token)
    with store.reading() as connection:
        row = connection.execute(_OPEN.where(SessionRow.token_hash == key)).one_or_none()
    if row is None:
        raise SessionInvalid
    session = _session_of(row)
    if session.started_at > now + SKEW or session.expires_at <= now:
        raise SessionInvalid
    if now - session.seen_at >= SEEN_STEP:
        _note_use(store, key, now)
    return session


def begin_session(connection: sa.Connection, login: str, now: int, entropy: Entropy) -> str:
    """Begin a session in the caller's transaction and return its token, which is kept nowhere."""
    raw = entropy(TOKEN_BYTES)
    assert len(raw) == TOKEN_BYTES
    token = urlsafe_b64encode(raw).rstrip(b"=").decode()
    connection.execute(sa.delete(SessionRow).where(SessionRow.started_at <= now - LIFE))
    connection.execute(
        sa.insert(SessionRow).values(
            token_hash=token_hash(token), login=login, started_at=now, seen_at=now, ended_at=None
        )
    )
    return token


def close(store: AuthStore, token: str, now: int) -> None:
    """End the session of *token*, if there is one."""
    with store.writing() as connection:
        connection.execute(
            sa.update(SessionRow)
            .where(SessionRow.token_hash == token_hash(token), SessionRow.ended_at.is_(None))
            .values(ended_at=now)
        )


def close_all(store: AuthStore, person: str, now: int) -> None:
    """End every session of *person*, wherever it was begun."""
    with store.writing() as connection:
        login = connection.execute(
            sa.select(UserRow.login).where(UserRow.person == person)
        ).scalar_one_or_none()
        if login is not None:
            end_sessions(connection, login, now)


def end_sessions(connection: sa.Connection, login: str, now: int) -> None:
    """End every session of the user *login* in the caller's transaction."""
    connection.execute(
        sa.update(SessionRow)
        .where(SessionRow.login == login, SessionRow.ended_at.is_(None))
        .values(ended_at=now)
    )


def token_hash(token: str) -> bytes:
    """Return what is kept of a token; tokens are random, so a plain hash hides them."""
    return sha256(token[:TOKEN_MAX].encode("utf-8", "surrogatepass")).digest()


_OPEN = (
    sa.select(
        SessionRow.login,
        SessionRow.started_at,
        SessionRow.seen_at,
        UserRow.person,
        UserRow.name,
        UserRow.language,
        UserRow.is_persona,
    )
    .join(UserRow, UserRow.login == SessionRow.login)
    .where(SessionRow.ended_at.is_(None), IS_ACTIVE)
)


def _session_of(row: Any) -> Session:
    return Session(
        login=row.login,
        person=row.person,
        name=row.name,
        language=row.language,
        is_persona=bool(row.is_persona),
        started_at=row.started_at,
        seen_at=row.seen_at,
    )


def _note_use(store: AuthStore, key: bytes, now: int) -> None:
    try:
        with store.writing() as connection:
            connection.execute(
                sa.update(SessionRow)
                .where(SessionRow.token_hash == key, SessionRow.seen_at < now)
                .values(seen_at=now)
            )
    except Busy:
        # The session is good all the same, and the next request notes its own use.
        return
