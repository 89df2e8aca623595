"""
API keys: asked for by who will use one, confirmed by the enterprise's administrator.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import marshmallow as ma

from api.auth.keys import (
    ApiKey,
    KeyUnknown,
    confirm_key,
    find_key,
    list_keys,
    request_key,
    revoke_key,
)
from api.door import NotFound, NotPermitted, operation_here, seen, visitor
from api.faces import faces
from api.rest.fields import Instant, Words
from api.rest.outside import answers
from api.rest.person import require_session
from api.rest.resource import Resource
from api.rest.shapes import Strict

api_keys = Resource("api_keys", __name__, "API keys: what a program shows instead of a session")

SCOPES = ("read", "write")


class KeyItem(ma.Schema):
    """A key; nothing of its secret."""

    id = Words()
    person = Words()
    owner = Words(metadata={"description": "such as enterprise:E001"})
    label = Words()
    scopes = ma.fields.List(Words())
    state = Words(metadata={"description": "pending, active, expired or revoked"})
    asked_at = Instant()
    expires_at = Instant()
    confirmed_by = Words(allow_none=True)
    revoked_by = Words(allow_none=True)


class KeyMade(KeyItem):
    """A new key, with its text for the one time."""

    token = Words(metadata={"description": "shown this once and kept nowhere"})


class KeyDraft(Strict):
    """A key to be asked for."""

    owner = Words(required=True)
    label = Words(required=True)
    scopes = ma.fields.List(Words(), required=True, validate=ma.validate.Length(1, len(SCOPES)))
    expires_at = Instant(required=True)


Keys = ma.Schema.from_dict({"items": ma.fields.List(ma.fields.Nested(KeyItem))}, name="KeyList")


@api_keys.get("/api-keys")
@api_keys.shows(Keys)
def index() -> Any:
    """Show every key of one's enterprises, the oldest first."""
    auth = faces().auth
    owners = sorted(f"enterprise:{each}" for each in seen().enterprises)
    return {"items": [_item(key) for owner in owners for key in list_keys(auth, owner=owner)]}


@api_keys.get("/api-keys/<key>")
@api_keys.shows(KeyItem)
def show(key: str) -> Any:
    """Show one key."""
    return _item(_visible(key))


@api_keys.post("/api-keys")
@answers(api_keys, KeyMade, body=KeyDraft, status=201, description="It works once confirmed")
def ask(draft: Mapping[str, Any]) -> Any:
    """Ask for a key of an enterprise one trades for; its text is in this answer alone."""
    require_session()
    _require(draft["owner"], "makes")
    ours, person = faces(), visitor().person
    key, token = request_key(ours.auth, person=person, **draft, allowed=SCOPES, now=ours.clock())
    return {**_item(key), "token": token}


@api_keys.post("/api-keys/<key>/confirmations")
@answers(api_keys, KeyItem)
def confirm(key: str) -> Any:
    """Confirm a key that another person of the enterprise has asked for."""
    require_session()
    _require(_visible(key).owner, "checks")
    ours = faces()
    return _item(confirm_key(ours.auth, key, by=visitor().person, now=ours.clock()))


@api_keys.delete("/api-keys/<key>")
@answers(api_keys, KeyItem)
def revoke(key: str) -> Any:
    """Revoke a key of one's enterprise at once and for good."""
    require_session()
    _visible(key)
    return _item(revoke_key(faces().auth, key, by=visitor().person))


def _visible(key_id: str) -> ApiKey:
    """Return a key of one's own enterprises; every other looks like none."""
    try:
        key = find_key(faces().auth, key_id)
    except KeyUnknown:
        raise NotFound from None
    if not seen().sees(enterprise=key.owner.removeprefix("enterprise:")):
        raise NotFound
    return key


def _require(owner: str, part: str) -> None:
    """Refuse unless the visitor has, for *owner*, a role that makes, or checks, a key."""
    cells = operation_here().cells
    for role, scope in visitor().grants:
        if scope == owner and role in cells and getattr(cells[role], part):
            return
    raise NotPermitted(operation_here())


def _item(key: ApiKey) -> dict[str, Any]:
    return {**asdict(key), "scopes": sorted(key.scopes), "state": key.state(faces().clock())}
