"""
The door: who is asking, whether this route is for them at all, and how far they see.

What a command may do is decided again by the writer at the moment of effect; the door decides what
may be read, and keeps out what could never become a command.
"""

from typing import cast

from flask import Flask, g, request, session
from flask_wtf.csrf import CSRFProtect

from api.auth import keys, sessions
from api.auth.keys import ApiKey
from api.auth.sessions import Session
from api.auth.visitor import PUBLIC, Visitor, visitor_of
from api.faces import Faces, faces
from api.matrix import Operation, Reach, may, reach
from ledger.errors import Refused

SIGNED_IN = "token"
"""The name of the sign-in's token in the cookie session."""

BEARER = "Bearer "
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OPEN_ENDPOINTS = frozenset({"static", "bootstrap.static"})
"""Files of the pages: the same for everybody, so outside the matrix."""

READS_BY_POST = frozenset({"receipts.check"})
"""Routes that change nothing, though their question is a body: a stranger needs no token there."""

HEADER_FIELDS_MAX = 100
HEADER_BYTES_MAX = 32 << 10

csrf = CSRFProtect()


class NotSignedIn(Refused):
    """This takes signing in first."""

    code = "not_signed_in"
    rule = "API-03"

    def __init__(self) -> None:
        super().__init__("sign in first, or send an API key as a bearer token")


class NotPermitted(Refused):
    """No role of this person allows this."""

    code = "not_permitted"
    rule = "API-03"

    def __init__(self, operation: Operation) -> None:
        super().__init__(
            f"no role of yours allows this: {operation.name}",
            operation=operation.name,
            operation_zh=operation.name_zh,
        )


class KeyScope(Refused):
    """The API key is not for this."""

    code = "key_scope"
    rule = "API-03"

    def __init__(self, needed: str) -> None:
        super().__init__(f"this API key lacks the scope {needed}", needed=needed)


class HeadersTooLarge(Refused):
    """A request has more or longer header fields than any client sends."""

    code = "headers_too_large"
    rule = "API-02"

    def __init__(self) -> None:
        super().__init__(
            f"at most {HEADER_FIELDS_MAX} header fields, of {HEADER_BYTES_MAX} bytes, are taken"
        )


class NotFound(Refused):
    """There is no such thing, or none for the eyes of who asked; the two look alike."""

    code = "not_found"
    rule = "API-03"

    def __init__(self) -> None:
        super().__init__("there is no such thing here")


def visitor() -> Visitor:
    """Return who asks."""
    return cast(Visitor, g.visitor)


def seen() -> Reach:
    """Return how far who asks sees on this route."""
    return cast(Reach, g.reach)


def operation_here() -> Operation:
    """Return the operation this route belongs to."""
    return cast(Operation, g.operation)


def reach_of(number: int) -> Reach:
    """Return how far who asks sees in another operation, for a page that shows several things."""
    return reach(faces().matrix.operations[number], visitor().grants, visitor().person)


def may_do(number: int) -> bool:
    """Return whether who asks may do an operation at all, for what a page offers."""
    return may(faces().matrix.operations[number], visitor().grants)


def register(app: Flask) -> None:
    """Put the door before every route of *app*."""
    csrf.init_app(app)
    # Checked by `_keep_out` below, after it is known whether a cookie or a key speaks.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.before_request(_keep_out)


def _keep_out() -> None:
    _require_small_headers()
    g.visitor = _identify(faces())
    endpoint = request.endpoint
    if endpoint is None or endpoint in OPEN_ENDPOINTS:
        return
    g.operation = operation = faces().matrix.operation(endpoint)
    asking = visitor()
    if not may(operation, asking.grants):
        raise NotPermitted(operation) if asking.person else NotSignedIn
    _require_scope(asking)
    g.reach = reach(operation, asking.grants, asking.person)
    is_only_asking = endpoint in READS_BY_POST and asking.method == "none"
    if request.method in WRITES and asking.method != "key" and not is_only_asking:
        csrf.protect()


def _require_small_headers() -> None:
    size = sum(len(name) + len(value) for name, value in request.headers)
    if len(request.headers) > HEADER_FIELDS_MAX or size > HEADER_BYTES_MAX:
        raise HeadersTooLarge


def _identify(ours: Faces) -> Visitor:
    authorization = request.headers.get("Authorization", "")
    token = session.get(SIGNED_IN)
    found: ApiKey | Session
    if authorization:
        key = authorization.removeprefix(BEARER).strip()
        found = keys.find(ours.auth, key, ours.clock())
    elif token:
        found = sessions.find(ours.auth, str(token), ours.clock())
    else:
        return PUBLIC
    with ours.read() as connection:
        return visitor_of(connection, found)


def _require_scope(asking: Visitor) -> None:
    if asking.scopes is None:
        return
    needed = "write" if request.method in WRITES else "read"
    if needed not in asking.scopes:
        raise KeyScope(needed)
