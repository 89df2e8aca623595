"""
If-Match: who changes a thing names the version of it that they have read.
"""

from typing import Any

from flask import request

from ledger.errors import Refused

IF_MATCH: dict[str, Any] = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "The ETag of what was read; another version is refused.",
    "schema": {"type": "string"},
}


class VersionRequired(Refused):
    """A change came without the version of what it changes."""

    code = "version_required"
    rule = "API-20"

    def __init__(self) -> None:
        super().__init__("name the version you have read in the header If-Match, as its ETag said")


class VersionStale(Refused):
    """What was read has changed since."""

    code = "version_stale"
    rule = "API-20"

    def __init__(self) -> None:
        super().__init__("this has changed since you read it; read it again, then decide")


def asked_version() -> str:
    """Return the version that the request names; refuse `version_required`. Rule: API-20."""
    header = request.headers.get("If-Match")
    if header is None:
        raise VersionRequired
    return header.strip().removeprefix("W/").strip('"')


def require_version(current: str) -> None:
    """Refuse unless the request names *current* as the version it has read. Rule: API-20."""
    if asked_version() != current:
        raise VersionStale
