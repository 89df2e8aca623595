"""
Users: who may sign in as which person; bound by one security officer, confirmed by another.

Nothing of this enters the ledger, so it takes no Idempotency-Key: a login is added once.
"""

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.auth.second_person import require_another
from api.auth.tables import UserRow
from api.auth.user import COLUMNS, User, user_of
from api.auth.users import (
    add_user,
    confirm_user,
    disable_user,
    enable_user,
    find_user,
    reject_user,
    set_password,
)
from api.door import visitor
from api.faces import faces
from api.rest.fields import Instant, Words
from api.rest.outside import answers
from api.rest.person import require_session
from api.rest.preconditions import IF_MATCH, require_version
from api.rest.resource import Resource, auth_page
from api.rest.shapes import Strict

users = Resource("users", __name__, "Users: who may sign in")


class UserItem(ma.Schema):
    """A user; of the password only whether there is one."""

    login = Words()
    person = Words()
    name = Words()
    language = Words()
    state = Words(metadata={"description": "active, pending or disabled"})
    is_persona = ma.fields.Boolean()
    has_password = ma.fields.Boolean()
    added_at = Instant()
    proposed_by = Words()
    confirmed_by = Words(allow_none=True)
    confirmed_at = Instant(allow_none=True)
    disabled_by = Words(allow_none=True)

    class Meta:
        """The name under which the documentation has it."""

        title = "User"


class UserDraft(Strict):
    """A user to be added."""

    login = Words(required=True)
    person = Words(required=True)
    name = Words(required=True)
    password = Words(required=True, metadata={"format": "password"})
    language = Words(load_default="zh")


class Confirmation(Strict):
    """Whom the confirmer has read that the login acts as."""

    person = Words(required=True)


class Password(Strict):
    """A password to be set."""

    password = Words(required=True, metadata={"format": "password"})


@users.get("/users")
@users.lists(UserItem, person=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List users by login."""
    query = sa.select(*COLUMNS)
    if "person" in asked:
        query = query.where(UserRow.person == asked["person"])
    return auth_page(query, asked, [UserRow.login], complete=_items)


@users.get("/users/<login>")
@users.shows(UserItem)
def show(login: str) -> Any:
    """Show one user; the ETag is what If-Match takes."""
    return _tagged(find_user(faces().auth, login))


@users.post("/users")
@answers(users, UserItem, body=UserDraft, status=201, description="Added: another officer confirms")
def add(draft: Mapping[str, Any]) -> Any:
    """Add a user, who may sign in once another officer has confirmed it."""
    require_session()
    ours, by = faces(), visitor().person
    return _tagged(add_user(ours.auth, **draft, now=ours.clock(), by=by), 201)


@users.post("/users/<login>/confirmations")
@answers(users, UserItem, body=Confirmation, headers=(IF_MATCH,))
def confirm(confirmation: Mapping[str, Any], login: str) -> Any:
    """Confirm what another officer has done to bind a login to a person."""
    _require_read(login)
    ours, by = faces(), visitor().person
    return _tagged(confirm_user(ours.auth, login, **confirmation, by=by, now=ours.clock()))


@users.post("/users/<login>/password")
@answers(users, UserItem, body=Password, headers=(IF_MATCH,))
def change_password(given: Mapping[str, Any], login: str) -> Any:
    """Set a user's password, who may sign in again once another officer has confirmed it."""
    _require_read(login)
    ours, by = faces(), visitor().person
    # One's own is changed by whoever knows the old one, at /session/password.
    require_another(by, find_user(ours.auth, login).person, what=f"the password of {login}")
    return _tagged(set_password(ours.auth, login, **given, by=by, now=ours.clock()))


@users.post("/users/<login>/suspension")
@answers(users, UserItem, headers=(IF_MATCH,))
def disable(login: str) -> Any:
    """Shut a user out at once, every session and key with it."""
    _require_read(login)
    ours, by = faces(), visitor().person
    return _tagged(disable_user(ours.auth, login, by=by, now=ours.clock()))


@users.delete("/users/<login>/suspension")
@answers(users, UserItem, headers=(IF_MATCH,))
def enable(login: str) -> Any:
    """Let a user who was shut out in again."""
    _require_read(login)
    return _tagged(enable_user(faces().auth, login))


@users.delete("/users/<login>")
@answers(users, status=204, headers=(IF_MATCH,))
def reject(login: str) -> None:
    """Take back a user who was never confirmed."""
    _require_read(login)
    reject_user(faces().auth, login)


def _require_read(login: str) -> None:
    """Refuse a program, and whoever has read another version of the user than the present."""
    require_session()
    require_version(_version(find_user(faces().auth, login)))


def _version(user: User) -> str:
    return sha256(repr(asdict(user)).encode()).hexdigest()[:32]


def _tagged(user: User, status: int = 200) -> tuple[Any, int, dict[str, str]]:
    return _item(user), status, {"ETag": f'"{_version(user)}"'}


def _item(user: User) -> dict[str, Any]:
    return {**asdict(user), "state": user.state}


def _items(_connection: sa.Connection, rows: list[Any]) -> list[Any]:
    return [_item(user_of(_Row(row))) for row in rows]


class _Row:
    """A row by names, as `user_of` reads it."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.__dict__.update(fields)
