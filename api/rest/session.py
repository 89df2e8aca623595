"""
The session: who one is here; sign in, sign out, choose a language, change one's password.

A browser or a script that signs in first reads the session for its `csrf_token`, and sends that in
the header X-CSRFToken with every write; over HTTPS with a Referer of this site as well. A program
with an API key needs neither.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import g, request, session
from flask_wtf.csrf import generate_csrf

from api.auth import sessions
from api.auth.sessions import Session
from api.auth.sign_in import require_password, sign_in
from api.auth.user import LANGUAGES
from api.auth.users import set_language, set_password
from api.auth.visitor import Visitor, visitor_of
from api.door import SIGNED_IN, NotSignedIn, visitor
from api.faces import faces
from api.rest.fields import Words
from api.rest.outside import answers
from api.rest.person import require_session
from api.rest.resource import Resource
from api.rest.shapes import Strict

access = Resource("session", __name__, "Session: sign in and out, one's own settings")


class GrantItem(ma.Schema):
    """A role in force, and for whom."""

    role = Words()
    scope = Words()


class SessionItem(ma.Schema):
    """Who asks; *person* is empty for the public."""

    person = Words()
    name = Words()
    language = Words()
    method = Words(metadata={"description": "session, key or none"})
    roles = ma.fields.List(ma.fields.Nested(GrantItem))
    csrf_token = Words(metadata={"description": "for X-CSRFToken; empty with a key"})


class Credentials(Strict):
    """What one signs in with."""

    login = Words(required=True)
    password = Words(required=True, metadata={"format": "password"})


class Settings(Strict):
    """One's own settings."""

    language = Words(required=True, validate=ma.validate.OneOf(LANGUAGES))


class PasswordChange(Strict):
    """The password one has, and the one to have."""

    old_password = Words(required=True, metadata={"format": "password"})
    new_password = Words(required=True, metadata={"format": "password"})


@access.get("/session")
@answers(access, SessionItem)
def show() -> Any:
    """Show who one is here, with the token that writes take."""
    return _shown(visitor())


@access.post("/session")
@answers(access, SessionItem, body=Credentials, status=201)
def begin(given: Mapping[str, Any]) -> Any:
    """Sign in; ten failures in a quarter of an hour lock the login and the address."""
    require_session()
    ours, address = faces(), request.remote_addr or ""
    token = sign_in(ours.auth, given["login"], given["password"], address, ours.clock())
    _forget()
    session[SIGNED_IN] = token
    return _shown(_now(sessions.find(ours.auth, token, ours.clock()))), 201


@access.delete("/session")
@answers(access, status=204)
def end() -> None:
    """Sign out."""
    require_session()
    _forget()


@access.patch("/session")
@answers(access, SessionItem, body=Settings)
def change(given: Mapping[str, Any]) -> Any:
    """Choose the language one is addressed in."""
    found = _own()
    set_language(faces().auth, found.login, given["language"])
    return _shown(_now(_own()))


@access.post("/session/password")
@answers(access, body=PasswordChange, status=204)
def change_password(given: Mapping[str, Any]) -> None:
    """Change one's password; every session ends with the old one."""
    ours, address, own = faces(), request.remote_addr or "", _own()
    now = ours.clock()
    require_password(ours.auth, own.login, given["old_password"], address, now)
    set_password(ours.auth, own.login, given["new_password"], by=own.person, now=now)
    _forget()


def _own() -> Session:
    require_session()
    token = session.get(SIGNED_IN)
    if not token:
        raise NotSignedIn
    return sessions.find(faces().auth, str(token), faces().clock())


def _forget() -> None:
    """End the session there was; a cookie from before a sign-in must be worth nothing after."""
    token = session.get(SIGNED_IN)
    if token:
        sessions.close(faces().auth, str(token), faces().clock())
    session.clear()
    g.pop("csrf_token", None)


def _now(found: Session) -> Visitor:
    with faces().read() as connection:
        return visitor_of(connection, found)


def _shown(asking: Visitor) -> Mapping[str, Any]:
    return {
        "person": asking.person,
        "name": asking.name,
        "language": asking.language,
        "method": asking.method,
        "roles": [{"role": role, "scope": scope} for role, scope in sorted(asking.grants)],
        "csrf_token": "" if asking.method == "key" else generate_csrf(),
    }
