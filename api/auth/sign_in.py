"""
Sign in: one answer whatever was wrong, and only so many wrong answers.

Every try is counted as failed before the password is checked and taken back when it was right, so
that tries at the same instant, in any number of processes, cannot get past the limit.

Rules: AUT-03, AUT-04, AUT-05.
"""

import hmac
import os
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address

import sqlalchemy as sa

from api.auth.passwords import SALT_BYTES
from api.auth.sessions import IS_ACTIVE, begin_session
from api.auth.store import AuthStore, Entropy
from api.auth.tables import AttemptRow, UserRow
from api.auth.user import COLUMNS, LOGIN, User, normal_login, user_of
from ledger.days import MINUTE, SECOND
from ledger.errors import Refused

FAILURES_MAX = 10
WINDOW = 15 * MINUTE


class CredentialsInvalid(Refused):
    """The login is unknown, or the password wrong, or the user may not sign in."""

    code = "credentials_invalid"
    rule = "AUT-03"

    def __init__(self) -> None:
        super().__init__("login and password do not fit; check both and try again")


class TooManyAttempts(Refused):
    """Too many sign-ins of this login, or from this address, have failed of late."""

    code = "too_many_attempts"
    rule = "AUT-04"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            f"too many sign-ins have failed; try again in {retry_after_seconds} seconds",
            retry_after_seconds=retry_after_seconds,
        )


def sign_in(
    store: AuthStore,
    login: str,
    password: str,
    address: str,
    now: int,
    entropy: Entropy = os.urandom,
) -> str:
    """
    Begin a session and return its token.

    Refuses `too_many_attempts`, `busy`, `credentials_invalid`, in this order. Rules: AUT-03,
    AUT-04, AUT-05.
    """
    right = _checked(store, login, password, address, now, entropy)
    with store.writing() as connection:
        # The password may have been changed, or the user disabled, while it was being checked.
        if _active(connection, right.user.login) != (right.user, right.stored):
            raise CredentialsInvalid
        _take_back(connection, right)
        return begin_session(connection, right.user.login, now, entropy)


def require_password(
    store: AuthStore,
    login: str,
    password: str,
    address: str,
    now: int,
    entropy: Entropy = os.urandom,
) -> User:
    """
    Return the user whose password this is, counted and refused as a sign-in, without a session.

    For what asks a signed-in user for the password again, such as setting another.
    """
    right = _checked(store, login, password, address, now, entropy)
    with store.writing() as connection:
        _take_back(connection, right)
    return right.user


def persona_in(store: AuthStore, login: str, now: int, entropy: Entropy = os.urandom) -> str:
    """
    Begin the session of a persona, who has no password, and return its token.

    That the ledger is a demonstration is for the caller to check. Refuses `credentials_invalid`
    for everyone else. Rule: AUT-01.
    """
    with store.writing() as connection:
        user, _ = _active(connection, normal_login(login))
        if user is None or not user.is_persona:
            raise CredentialsInvalid
        return begin_session(connection, user.login, now, entropy)


@dataclass(frozen=True, slots=True)
class _Right:
    """A password that was right: whose, as what it is kept, as what it should be, and the try."""

    user: User
    stored: str
    fresh: str
    attempt: bytes


def _checked(
    store: AuthStore, login: str, password: str, address: str, now: int, entropy: Entropy
) -> _Right:
    name = normal_login(login)
    keys = _counted_as(store, name, address)
    # Whoever is locked out is told so without a place among the few, or the lock of writers.
    with store.reading() as connection:
        _require_below_limit(connection, keys, now)
    passwords = store.passwords
    with passwords.slot():
        attempt = _count(store, keys, now, entropy)
        with store.reading() as connection:
            user, stored = _active(connection, name)
        if not passwords.is_right(stored, password) or user is None or stored is None:
            raise CredentialsInvalid
        fresh = stored
        if passwords.is_outdated(stored):
            fresh = passwords.hashed(password, salt=entropy(SALT_BYTES))
    return _Right(user, stored, fresh, attempt)


def _counted_as(store: AuthStore, name: str, address: str) -> tuple[bytes, bytes]:
    key = store.secret("attempts")
    return _keyed(key, "login", name), _keyed(key, "address", _network(address))


def _keyed(key: bytes, purpose: str, text: str) -> bytes:
    octets = f"{purpose}:{text}".encode("utf-8", "surrogatepass")
    return hmac.new(key, octets, sha256).digest()


def _network(address: str) -> str:
    """Return what counts as one address: of IPv6 the /64, which a single home has whole."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found), 64), strict=False))
    return str(found)


def _count(store: AuthStore, keys: tuple[bytes, bytes], now: int, entropy: Entropy) -> bytes:
    attempt = entropy(16)
    with store.writing() as connection:
        connection.execute(sa.delete(AttemptRow).where(AttemptRow.at <= now - WINDOW))
        _require_below_limit(connection, keys, now)
        connection.execute(
            sa.insert(AttemptRow).values(
                id=attempt, login_hash=keys[0], address_hash=keys[1], at=now
            )
        )
    return attempt


def _require_below_limit(connection: sa.Connection, keys: tuple[bytes, bytes], now: int) -> None:
    """Refuse when this login, or this address, has failed ten times in a quarter of an hour."""
    columns = (AttemptRow.login_hash, AttemptRow.address_hash)
    free_at = now
    for column, key in zip(columns, keys, strict=True):
        tenth = connection.execute(
            sa.select(AttemptRow.at)
            .where(column == key, AttemptRow.at > now - WINDOW)
            .order_by(AttemptRow.at.desc())
            .offset(FAILURES_MAX - 1)
            .limit(1)
        ).scalar_one_or_none()
        if tenth is not None:
            free_at = max(free_at, tenth + WINDOW)
    if free_at > now:
        raise TooManyAttempts(-((now - free_at) // SECOND))


def _active(connection: sa.Connection, name: str) -> tuple[User | None, str | None]:
    """Return the user who may sign in by this name, and the password's hash, in one query."""
    # A text that is no login never reaches the database, which does not take every text.
    if not LOGIN.fullmatch(name):
        return None, None
    row = connection.execute(
        sa.select(*COLUMNS).where(UserRow.login == name, IS_ACTIVE)
    ).one_or_none()
    return (None, None) if row is None else (user_of(row), row.password_hash)


def _take_back(connection: sa.Connection, right: _Right) -> None:
    """Forget the try, and keep the password as it is kept today if it is not yet."""
    connection.execute(sa.delete(AttemptRow).where(AttemptRow.id == right.attempt))
    if right.fresh != right.stored:
        connection.execute(
            sa.update(UserRow)
            .where(UserRow.login == right.user.login, UserRow.password_hash == right.stored)
            .values(password_hash=right.fresh)
        )
