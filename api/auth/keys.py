"""
API keys: what a program shows instead of a session.

A key belongs to one person and serves one owner, such as an enterprise. It is asked for by that
person, works once another has confirmed it, for at most 180 days, and is revoked by one alone.

Rule: AUT-07.
"""

import hmac
import os
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import sqlalchemy as sa

from api.auth.second_person import require_another
from api.auth.sessions import IS_ACTIVE, SKEW
from api.auth.store import AuthStore, Entropy
from api.auth.tables import ApiKeyRow, UserRow
from ledger.days import DAY
from ledger.errors import Refused
from ledger.roles import require_person

LIFE_DAYS_MAX = 180
LABEL_MAX = 60
ID_BYTES = 8
SECRET_BYTES = 32
TOKEN = re.compile(r"yn_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)
ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
OWNER = re.compile(r"\*|[a-z]+:[A-Z0-9][A-Z0-9_-]{0,63}", re.ASCII)
NO_HASH = bytes(32)


class KeyInvalid(Refused):
    """A key is unknown, pending, expired or revoked, or its person may not sign in."""

    code = "key_invalid"
    rule = "AUT-07"

    def __init__(self) -> None:
        super().__init__("this API key does not work; ask for another one")


class KeyUnknown(Refused):
    """There is no key of this id."""

    code = "key_unknown"
    rule = "AUT-07"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"there is no API key {key_id[:16]!r}; look at the list of keys", key_id=key_id[:16]
        )


class KeyMalformed(Refused):
    """A label, a scope, an owner or an expiry is not one a key may have."""

    code = "key_malformed"
    rule = "AUT-07"

    def __init__(self, field: str, accepted: str) -> None:
        super().__init__(f"{field} must be {accepted}", field=field, accepted=accepted)


class KeyNotPending(Refused):
    """The key was confirmed or revoked, or its time is over."""

    code = "key_not_pending"
    rule = "AUT-07"

    def __init__(self, key_id: str, state: str) -> None:
        super().__init__(
            f"API key {key_id} is {state}; only a pending one can be confirmed",
            key_id=key_id,
            state=state,
        )


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, whose it is, and for what; nothing of its secret."""

    id: str
    person: str
    name: str
    language: str
    owner: str
    label: str
    scopes: frozenset[str]
    asked_at: int
    expires_at: int
    confirmed_by: str | None
    revoked_by: str | None
    method: Literal["key"] = "key"

    def state(self, now: int) -> Literal["active", "pending", "expired", "revoked"]:
        """Return the state as it is shown at *now*."""
        if self.revoked_by is not None:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        return "pending" if self.confirmed_by is None else "active"


def request_key(
    store: AuthStore,
    *,
    person: str,
    owner: str,
    label: str,
    scopes: Collection[str],
    allowed: Collection[str],
    expires_at: int,
    now: int,
    entropy: Entropy = os.urandom,
) -> tuple[ApiKey, str]:
    """
    Return a new key, pending, and its text, which is shown once and kept nowhere.

    *allowed* is the closed list of scopes; *expires_at* is at most 180 days after *now*. That
    *person* may ask for *owner* is for the caller to check. Refuses `key_malformed`. Rule: AUT-07.
    """
    label = unicodedata.normalize("NFC", label).strip()
    _require_wellformed(owner, label, scopes, allowed)
    if not now < expires_at <= now + LIFE_DAYS_MAX * DAY:
        raise KeyMalformed("expires_at", f"later than now and within {LIFE_DAYS_MAX} days")
    key_id = entropy(ID_BYTES).hex()
    secret = urlsafe_b64encode(entropy(SECRET_BYTES)).rstrip(b"=").decode()
    with store.writing() as connection:
        _require_user(connection, person)
        connection.execute(
            sa.insert(ApiKeyRow).values(
                id=key_id,
                person=person,
                owner=owner,
                label=label,
                scopes=" ".join(sorted(set(scopes))),
                secret_hash=_hash(secret),
                asked_at=now,
                expires_at=expires_at,
                confirmed_by=None,
                revoked_by=None,
            )
        )
        return _required(connection, key_id), f"yn_{key_id}_{secret}"


def confirm_key(store: AuthStore, key_id: str, *, by: str, now: int) -> ApiKey:
    """
    Confirm a key that another person has asked for; it works from now on.

    Refuses `key_unknown`, `key_not_pending`, `same_person_confirms`. Rule: AUT-07.
    """
    require_person(by)
    with store.writing() as connection:
        key = _required(connection, key_id)
        if (state := key.state(now)) != "pending":
            raise KeyNotPending(key.id, state)
        require_another(by, key.person, what=f"API key {key.id}")
        return _change(connection, key.id, confirmed_by=by)


def revoke_key(store: AuthStore, key_id: str, *, by: str) -> ApiKey:
    """
    Revoke a key at once and for good; one person is enough, and a second time changes nothing.

    Refuses `key_unknown`. Rule: AUT-07.
    """
    with store.writing() as connection:
        key = _required(connection, key_id)
        return key if key.revoked_by is not None else _change(connection, key.id, revoked_by=by)


def find(store: AuthStore, token: str, now: int) -> ApiKey:
    """
    Return the key in force whose text *token* is.

    Refuses `key_invalid`, with one text for every reason. Rule: AUT-07.
    """
    parts = TOKEN.fullmatch(token)
    if parts is None:
        raise KeyInvalid
    with store.reading() as connection:
        row = connection.execute(
            _KEYS.add_columns(ApiKeyRow.secret_hash).where(ApiKeyRow.id == parts[1], IS_ACTIVE)
        ).one_or_none()
    # Compared in any case, so that an unknown id takes as long as a wrong secret.
    is_right = hmac.compare_digest(NO_HASH if row is None else row.secret_hash, _hash(parts[2]))
    if row is None or not is_right:
        raise KeyInvalid
    key = _key_of(row)
    if key.state(now) != "active" or key.asked_at > now + SKEW:
        raise KeyInvalid
    return key


def find_key(store: AuthStore, key_id: str) -> ApiKey:
    """Return the key of this id, in whatever state. Refuses `key_unknown`."""
    with store.reading() as connection:
        return _required(connection, key_id)


def list_keys(
    store: AuthStore, *, owner: str | None = None, person: str | None = None
) -> list[ApiKey]:
    """Return keys, of one owner or one person if named, oldest first."""
    query = _KEYS.order_by(ApiKeyRow.asked_at, ApiKeyRow.id)
    if owner is not None:
        query = query.where(ApiKeyRow.owner == owner)
    if person is not None:
        query = query.where(ApiKeyRow.person == person)
    with store.reading() as connection:
        return [_key_of(row) for row in connection.execute(query)]


def _require_wellformed(
    owner: str, label: str, scopes: Collection[str], allowed: Collection[str]
) -> None:
    if not OWNER.fullmatch(owner):
        raise KeyMalformed("owner", "* or such as enterprise:E001")
    shown = all(not unicodedata.category(letter).startswith("C") for letter in label)
    if not 1 <= len(label) <= LABEL_MAX or not shown:
        raise KeyMalformed("label", f"1 to {LABEL_MAX} characters that can be shown")
    assert not any(" " in name for name in allowed)
    if not scopes or not set(scopes) <= set(allowed):
        raise KeyMalformed("scopes", f"one or more of {', '.join(sorted(allowed))}")


def _require_user(connection: sa.Connection, person: str) -> None:
    known = sa.select(UserRow.login).where(UserRow.person == person, IS_ACTIVE)
    if connection.execute(known).first() is None:
        raise KeyMalformed("person", "a person who may sign in")


_KEYS = sa.select(
    *(column for column in ApiKeyRow.__table__.columns if column.name != "secret_hash"),
    UserRow.name,
    UserRow.language,
).join(UserRow, UserRow.person == ApiKeyRow.person)


def _key_of(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        person=row.person,
        name=row.name,
        language=row.language,
        owner=row.owner,
        label=row.label,
        scopes=frozenset(row.scopes.split(" ")),
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        confirmed_by=row.confirmed_by,
        revoked_by=row.revoked_by,
    )


def _required(connection: sa.Connection, key_id: str) -> ApiKey:
    # A text that is no id never reaches the database, which does not take every text.
    row = (
        connection.execute(_KEYS.where(ApiKeyRow.id == key_id)).one_or_none()
        if ID.fullmatch(key_id)
        else None
    )
    if row is None:
        raise KeyUnknown(key_id)
    return _key_of(row)


def _change(connection: sa.Connection, key_id: str, **values: str) -> ApiKey:
    connection.execute(sa.update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(**values))
    return _required(connection, key_id)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
