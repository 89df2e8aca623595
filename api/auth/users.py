"""
Users: who may sign in, as which person; names of persons are kept nowhere else.

A login binds a person's powers, so what one security officer does to bind it, another confirms.
Whether the person who acts is a security officer is for the caller to check.

Rules: AUT-01, AUT-02, AUT-03.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.auth.passwords import SALT_BYTES, require_strong
from api.auth.second_person import require_another
from api.auth.sessions import end_sessions
from api.auth.store import AuthStore
from api.auth.tables import UserRow
from api.auth.user import (
    COLUMNS,
    LANGUAGES,
    LOGIN,
    NAME_MAX,
    LoginTaken,
    OnlyHostBegins,
    PersonaHasNoPassword,
    PersonTaken,
    User,
    UserChanged,
    UserMalformed,
    UserNotNew,
    UserNotPending,
    UserUnknown,
    normal_login,
    user_of,
)
from ledger.roles import require_person

HOST = "host"
"""Who acts when no person is named: whoever owns the machine and its files."""

BEGINNING = "beginning"
"""What stands for the second person of the first two users, and of personas."""

FIRST_USERS = 2


def add_user(
    store: AuthStore,
    login: str,
    *,
    person: str,
    name: str,
    now: int,
    by: str = HOST,
    password: str | None = None,
    persona: bool = False,
    language: str = "zh",
) -> User:
    """
    Add a user and return it: pending, unless it is one of the first two or a persona.

    A *persona* is for demonstration ledgers: it has no password, and needs no second person.

    Refuses `user_malformed`, `person_malformed`, `password_weak`, `login_taken`, `person_taken`,
    `persona_has_no_password`, `host_only_begins`. Rules: AUT-01, AUT-02.
    """
    login = normal_login(login)
    name = unicodedata.normalize("NFC", name).strip()
    _require_wellformed(login, person=person, name=name, language=language)
    if persona and password is not None:
        raise PersonaHasNoPassword(login)
    hashed = None if password is None else _hashed(store, login, password)
    with store.writing() as connection:
        _require_free(connection, login, person)
        # A persona opens nothing outside a demonstration, so it takes no second person.
        is_begun = persona or (by == HOST and _logins(connection) < FIRST_USERS)
        if by == HOST and not is_begun:
            raise OnlyHostBegins(FIRST_USERS)
        connection.execute(
            sa.insert(UserRow).values(
                login=login,
                person=person,
                name=name,
                language=language,
                is_persona=int(persona),
                password_hash=hashed,
                added_at=now,
                proposed_by=by,
                confirmed_by=BEGINNING if is_begun else None,
                confirmed_at=now if is_begun else None,
                disabled_by=None,
            )
        )
        return _required(connection, login)


def confirm_user(store: AuthStore, login: str, *, person: str, by: str, now: int) -> User:
    """
    Confirm what another has done to bind *login* to *person*, as the confirmer *by* has read it.

    Refuses `user_unknown`, `user_changed`, `user_not_pending`, `same_person_confirms`.
    Rule: AUT-02.
    """
    require_person(by)
    with store.writing() as connection:
        user = _required(connection, login)
        if user.person != person:
            raise UserChanged(user.login)
        if not user.is_pending:
            raise UserNotPending(user.login)
        require_another(by, user.proposed_by, user.person, what=f"user {user.login}")
        first = user.confirmed_at if user.confirmed_at is not None else now
        return _change(connection, user.login, {"confirmed_by": by, "confirmed_at": first})


def reject_user(store: AuthStore, login: str) -> None:
    """
    Take back a user who was never confirmed, so that login and person are free again.

    Refuses `user_unknown`, `user_not_new`. Rule: AUT-02.
    """
    with store.writing() as connection:
        user = _required(connection, login)
        if user.confirmed_at is not None:
            raise UserNotNew(user.login)
        connection.execute(sa.delete(UserRow).where(UserRow.login == user.login))


def disable_user(store: AuthStore, login: str, *, by: str, now: int) -> User:
    """
    Shut a user out at once, every session and key with it; one person is enough to protect.

    Refuses `user_unknown`. Rule: AUT-01.
    """
    with store.writing() as connection:
        user = _required(connection, login)
        end_sessions(connection, user.login, now)
        return _change(connection, user.login, {"disabled_by": by})


def enable_user(store: AuthStore, login: str) -> User:
    """Let a disabled user in again; one who was pending still is. Refuses `user_unknown`."""
    with store.writing() as connection:
        return _change(connection, _required(connection, login).login, {"disabled_by": None})


def set_password(store: AuthStore, login: str, password: str, *, by: str, now: int) -> User:
    """
    Set a password and end every session of the user.

    Set by anybody but the user's own person it opens that person's powers to whoever knows it, so
    the user is pending until a second person confirms; the host is exempt while there are no more
    than the first two users. That the user knows the old password is for the caller to check.

    Refuses `user_unknown`, `password_weak`, `persona_has_no_password`, `busy`. Rules: AUT-02,
    AUT-03.
    """
    known = find_user(store, login)
    if known.is_persona:
        raise PersonaHasNoPassword(known.login)
    hashed = _hashed(store, known.login, password)
    with store.writing() as connection:
        user = _required(connection, known.login)
        is_beginning = by == HOST and _logins(connection) <= FIRST_USERS
        values: dict[str, object] = {"password_hash": hashed}
        if by != user.person and not is_beginning:
            values |= {"proposed_by": by, "confirmed_by": None}
        end_sessions(connection, user.login, now)
        return _change(connection, user.login, values)


def set_language(store: AuthStore, login: str, language: str) -> User:
    """Set the language a user is addressed in: zh or en. Refuses `user_unknown`."""
    if language not in LANGUAGES:
        raise UserMalformed("language", "zh or en")
    with store.writing() as connection:
        return _change(connection, _required(connection, login).login, {"language": language})


def find_user(store: AuthStore, login: str) -> User:
    """Return the user of this login. Refuses `user_unknown`."""
    with store.reading() as connection:
        return _required(connection, login)


def list_users(store: AuthStore) -> list[User]:
    """Return every user, sorted by login."""
    with store.reading() as connection:
        rows = connection.execute(sa.select(*COLUMNS).order_by(UserRow.login))
        return [user_of(row) for row in rows]


def _require_wellformed(login: str, *, person: str, name: str, language: str) -> None:
    if not LOGIN.fullmatch(login):
        raise UserMalformed("login", "2 to 64 letters a-z, digits, and . _ @ - within")
    require_person(person)
    if not 1 <= len(name) <= NAME_MAX or any(not _is_shown(letter) for letter in name):
        raise UserMalformed("name", f"1 to {NAME_MAX} characters that can be shown")
    if language not in LANGUAGES:
        raise UserMalformed("language", "zh or en")


def _is_shown(letter: str) -> bool:
    # No control, format, surrogate, private or unassigned characters, which could hide or mislead.
    return not unicodedata.category(letter).startswith("C")


def _require_free(connection: sa.Connection, login: str, person: str) -> None:
    taken = connection.execute(
        sa.select(UserRow.login, UserRow.person)
        .where(sa.or_(UserRow.login == login, UserRow.person == person))
        .order_by(UserRow.login != login)
    ).first()
    if taken is None:
        return
    if taken.login == login:
        raise LoginTaken(login)
    raise PersonTaken(person)


def _logins(connection: sa.Connection) -> int:
    """Return how many users there are who sign in with a password, personas left out."""
    count = sa.select(sa.func.count()).select_from(UserRow).where(UserRow.is_persona == 0)
    return int(connection.execute(count).scalar_one())


def _hashed(store: AuthStore, login: str, password: str) -> str:
    require_strong(password, login=login)
    with store.passwords.slot():
        return store.passwords.hashed(password, salt=store.entropy(SALT_BYTES))


def _change(connection: sa.Connection, login: str, values: Mapping[str, Any]) -> User:
    connection.execute(sa.update(UserRow).where(UserRow.login == login).values(**values))
    return _required(connection, login)


def _required(connection: sa.Connection, login: str) -> User:
    name = normal_login(login)
    # A text that is no login never reaches the database, which does not take every text.
    row = (
        connection.execute(sa.select(*COLUMNS).where(UserRow.login == name)).one_or_none()
        if LOGIN.fullmatch(name)
        else None
    )
    if row is None:
        raise UserUnknown(name)
    return user_of(row)
