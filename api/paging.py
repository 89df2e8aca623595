"""
Pages by cursor: where the last page ended, sealed for whom and for what it was made.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from ledger.errors import Refused

LIMIT_DEFAULT = 50
LIMIT_MAX = 500
_SEAL_BYTES = 16


class PageInvalid(Refused):
    """A page of that size is not given."""

    code = "page_invalid"
    rule = "API-01"

    def __init__(self, given: str) -> None:
        super().__init__(
            f"limit is a whole number from 1 to {LIMIT_MAX}, not {given[:20]!r}", largest=LIMIT_MAX
        )


class CursorInvalid(Refused):
    """A cursor was not made for this list, this person and these filters."""

    code = "cursor_invalid"
    rule = "API-01"

    def __init__(self) -> None:
        super().__init__("this cursor does not belong to this list; begin again without one")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page is asked for: after which key, how many rows, under which seal."""

    after: tuple[int | str, ...]
    limit: int
    secret: bytes
    about: str


Window = Callable[[sa.Connection, Asked, bool], Sequence[Mapping[str, Any]]]
"""
What finds the rows of one page by itself: those behind `Asked.after`, in order, newest first if so
asked, and one more than the page has where there is one.
"""

Query = sa.Select[Any] | Window


def asked(parameters: Mapping[str, str], *, secret: bytes, about: str, keys: int) -> Asked:
    """
    Return the page that *parameters* (cursor, limit) ask for.

    *about* says for whom, of which list, with which filters; *keys* is how many columns order it.
    Rule: API-01.
    """
    text = parameters.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= LIMIT_MAX):
        raise PageInvalid(text)
    cursor = parameters.get("cursor")
    after = () if cursor is None else _opened(cursor, secret, about)
    if after and len(after) != keys:
        raise CursorInvalid
    return Asked(after, int(text), secret, about)


def page_of(
    connection: sa.Connection,
    query: Query,
    asked: Asked,
    keys: Sequence[Any],
    *,
    newest_first: bool = False,
) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return the rows of one page of *query* in order of *keys*, and the cursor of the next."""
    if isinstance(query, sa.Select):
        query = _windowed(query, keys)
    rows = query(connection, asked, newest_first)
    shown = [dict(row) for row in rows[: asked.limit]]
    if len(rows) <= asked.limit:
        return list(shown), None
    last = tuple(shown[-1][key.name] for key in keys)
    return list(shown), _sealed(last, asked.secret, asked.about)


def _windowed(query: sa.Select[Any], keys: Sequence[Any]) -> Window:
    def rows(connection: sa.Connection, asked: Asked, newest_first: bool) -> Any:
        behind = query
        if asked.after:
            here, there = sa.tuple_(*keys), sa.tuple_(*(sa.literal(each) for each in asked.after))
            behind = query.where(here < there if newest_first else here > there)
        order = [key.desc() if newest_first else key for key in keys]
        return connection.execute(behind.order_by(*order).limit(asked.limit + 1)).mappings().all()

    return rows


def _sealed(key: tuple[int | str, ...], secret: bytes, about: str) -> str:
    body = msgspec.json.encode(key)
    return urlsafe_b64encode(_seal(body, secret, about) + body).decode().rstrip("=")


def _opened(cursor: str, secret: bytes, about: str) -> tuple[int | str, ...]:
    try:
        whole = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        seal, body = whole[:_SEAL_BYTES], whole[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, _seal(body, secret, about)):
            raise CursorInvalid
        return msgspec.json.decode(body, type=tuple[int | str, ...])
    except (ValueError, UnicodeEncodeError):
        raise CursorInvalid from None


def _seal(body: bytes, secret: bytes, about: str) -> bytes:
    return hmac.new(secret, about.encode() + b"\x00" + body, sha256).digest()[:_SEAL_BYTES]
