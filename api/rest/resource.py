"""
What the files of the API are made of: routes that take a command, list rows or show one thing.

Each decorator checks the request, documents the route, and leaves the view its one thing to do.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

import flask_smorest
import marshmallow as ma
import sqlalchemy as sa
from flask import current_app, make_response, request, url_for

from api.door import NotFound, visitor
from api.faces import faces
from api.key_reach import require_within_key
from api.paging import LIMIT_DEFAULT, LIMIT_MAX, Asked, Query, asked, page_of
from api.rest.body import StrictParser
from api.rest.fields import Words, plain
from api.rest.shapes import Problem, Sent, body_of, page_schema
from api.send import command_id, send
from api.settings import BULK_BYTES_MAX
from ledger.command import Payload
from ledger.errors import Refused
from ledger.tables import CommandRow

View = Callable[..., Any]
Rows = list[Mapping[str, Any]]
Complete = Callable[[sa.Connection, Rows], Rows]
"""Adds to rows that were read what lies in other tables, without a query a row."""

POLL_SECONDS = 0.02
PROBLEM_TYPE = "application/problem+json"


class NotThereYet(Refused):
    """The database read here has not yet seen the sequence that was asked for."""

    code = "not_there_yet"
    rule = "API-04"

    def __init__(self, wanted: int, found: int) -> None:
        super().__init__(
            f"what is read here has reached sequence {found}, not yet {wanted}; ask again",
            wanted=wanted,
            found=found,
        )


class QueryWhole(ma.fields.String):
    """A whole number in a query string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"pattern": "^[0-9]{1,18}$"}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19):
            raise ma.ValidationError("a whole number of at most 18 digits is needed here")
        return int(value)


class NeededWhole(QueryWhole):
    """A whole number that a query must give, such as the year of a position."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=True, **kwargs)


class Api(flask_smorest.Api):  # type: ignore[misc]
    """The API as a whole, whose errors are documented as what they are: problem documents."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """Leave errors to `api.problem`, which words them for pages as well."""

    def _register_responses(self) -> None:
        content = {PROBLEM_TYPE: {"schema": Problem}}
        for name in ("DEFAULT_ERROR", *(status.name for status in HTTPStatus)):
            response = {"description": "Why not (RFC 9457)", "content": content}
            self.spec.components.response(name, response, lazy=True)


class Resource(flask_smorest.Blueprint):  # type: ignore[misc]
    """One file of the API."""

    # Each schema says itself what it does not know; webargs would let any query pass.
    ARGUMENTS_PARSER = StrictParser(unknown=None)

    def __init__(self, name: str, import_name: str, description: str) -> None:
        super().__init__(name, import_name, description=description, url_prefix="/api/v1")
        self.url_value_preprocessor(_make_room)

    def get(self, rule: str) -> Callable[[View], View]:
        """Route GET of *rule* to a view."""
        return self._routed(rule, "GET")

    def post(self, rule: str) -> Callable[[View], View]:
        """Route POST of *rule* to a view."""
        return self._routed(rule, "POST")

    def delete(self, rule: str) -> Callable[[View], View]:
        """Route DELETE of *rule* to a view."""
        return self._routed(rule, "DELETE")

    def patch(self, rule: str) -> Callable[[View], View]:
        """Route PATCH of *rule* to a view."""
        return self._routed(rule, "PATCH")

    def _routed(self, rule: str, method: str) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            self.add_url_rule(rule, None, view, methods=[method])
            return view

        return decorate

    def takes(
        self, payload: type[Payload], *, path: tuple[str, ...] = (), bulk: bool = False
    ) -> Callable[[View], View]:
        """
        Take the body of one command and document what may come back.

        *path* are fields that the path gives; *bulk* bodies may have 8 MiB instead of 1.
        """

        def decorate(view: View) -> View:
            view = self.response(201, Sent, description="Accepted")(view)
            view = self.alt_response(
                202, schema=Sent, description="Proposed: a second person decides"
            )(view)
            view = self.arguments(body_of(payload, path))(view)
            view = self.doc(parameters=[KEY_PARAMETER])(view)
            return roomy(view) if bulk else view

        return decorate

    def acts(self, status: int = 201) -> Callable[[View], View]:
        """Document a command without a body, such as a cancellation named by its path."""

        def decorate(view: View) -> View:
            view = self.response(status, Sent, description="Accepted")(view)
            view = self.alt_response(
                202, schema=Sent, description="Proposed: a second person decides"
            )(view)
            acting: View = self.doc(parameters=[KEY_PARAMETER])(view)
            return acting

        return decorate

    def lists(
        self, item: type[ma.Schema], **filters: type[ma.fields.Field[Any]]
    ) -> Callable[[View], View]:
        """Give the view an `Asked` page and the filters as a mapping; document the page."""
        query = ma.Schema.from_dict(
            {
                "cursor": Words(),
                "limit": QueryWhole(
                    load_default=LIMIT_DEFAULT,
                    validate=ma.validate.Range(1, LIMIT_MAX, error="a number from 1 to 500"),
                ),
                "min_sequence": QueryWhole(),
                "lang": Words(validate=ma.validate.OneOf(("zh", "en"))),
                **{name: kind() for name, kind in filters.items()},
            },
            name=f"{self.name}Query{item.__name__}",
        )

        def decorate(view: View) -> View:
            view = self.response(200, page_schema(item))(view)
            listed: View = self.arguments(query, location="query")(view)
            return listed

        return decorate

    def shows(
        self, item: type[ma.Schema], **filters: type[ma.fields.Field[Any]]
    ) -> Callable[[View], View]:
        """
        Show one thing, with an ETag that spares sending it again.

        Where *filters* are named, the view gets the query as a mapping before its path.
        """
        own = {name: kind() for name, kind in filters.items()}
        language = Words(validate=ma.validate.OneOf(("zh", "en")))
        query = ma.Schema.from_dict(
            {"min_sequence": QueryWhole(), "lang": language, **own}, name="ShowQuery"
        )

        def decorate(view: View) -> View:
            @wraps(view)
            def with_query(asked: Mapping[str, Any], **path: Any) -> Any:
                return view(asked, **path) if filters else view(**path)

            shown = self.response(200, item)(with_query)
            shown = self.alt_response(304, description="Not modified", success=True)(shown)
            return _tagged(self.arguments(query, location="query")(shown))

        return decorate

    def tells(
        self,
        item: type[ma.Schema],
        *,
        body: type[ma.Schema] | None = None,
        query: type[ma.Schema] | None = None,
        is_keyed: bool = False,
        content_type: str | None = None,
    ) -> Callable[[View], View]:
        """
        Give the view a *body* or a *query* of its own shape; it answers 200 with *item*.

        *is_keyed* documents the Idempotency-Key that the view then reads.
        """

        def decorate(view: View) -> View:
            view = self.response(200, item, content_type=content_type)(view)
            if body is not None:
                view = self.arguments(body)(view)
            if query is not None:
                view = self.arguments(query, location="query")(view)
            if is_keyed:
                view = self.doc(parameters=[KEY_PARAMETER])(view)
            return view

        return decorate


KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "Names the command; sent again, it gets the first answer again.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$"},
}


def roomy(view: View) -> View:
    """Let the body of *view* have 8 MiB instead of 1."""
    view.__dict__["is_roomy"] = True
    return view


def _make_room(endpoint: str | None, _path: Mapping[str, Any] | None) -> None:
    """Set the bound of the body before anything, the door's check of a token too, looks at it."""
    view = current_app.view_functions.get(str(endpoint))
    if view is not None and view.__dict__.get("is_roomy"):
        request.max_content_length = BULK_BYTES_MAX


def _tagged(view: View) -> View:
    @wraps(view)
    def with_tag(*args: Any, **kwargs: Any) -> Any:
        response = make_response(view(*args, **kwargs))
        response.add_etag()
        return response.make_conditional(request)

    return with_tag


def submit(
    payload: type[Payload], document: Mapping[str, object]
) -> tuple[Any, int, dict[str, str]]:
    """
    Send *document* as a command of the visitor's and return its answer, a status and headers.

    201 is accepted; 202 is proposed, for a second person to decide. Refusals are raised.
    """
    key = command_id(visitor().person, request.headers.get("Idempotency-Key"))
    look = partial(require_within_key, faces(), visitor())
    sent = send(faces().gateway, payload, document, visitor().person, key, look=look)
    answer = sent.answer
    body = {
        "command_id": sent.command.id,
        "sequence": answer.sequence,
        "code": answer.code,
        "recorded_at": answer.recorded_at,
        "leaf_hash": answer.leaf_hash,
        "result": plain(answer.result),
    }
    headers = {"Idempotency-Replayed": "true"} if answer.repeated else {}
    return body, 202 if sent.is_proposal else 201, headers


def reached(connection: sa.Connection) -> int:
    """Return the sequence of the last command that *connection* sees."""
    found = connection.execute(sa.select(sa.func.max(CommandRow.sequence))).scalar_one()
    return int(found or 0)


@contextmanager
def snapshot() -> Iterator[sa.Connection]:
    """Give a snapshot no older than the `min_sequence` asked for; refuse after a short wait."""
    wanted = int(request.args.get("min_sequence", "0") or 0)
    end = time.monotonic() + faces().settings.wait_for_sequence_seconds
    while True:
        with faces().read() as connection:
            found = reached(connection) if wanted else 0
            if found >= wanted:
                yield connection
                return
        if time.monotonic() > end:
            raise NotThereYet(wanted, found)
        time.sleep(POLL_SECONDS)


def page(
    query: Query,
    parameters: Mapping[str, Any],
    keys: Sequence[Any],
    *,
    newest_first: bool = False,
    complete: Complete | None = None,
) -> Any:
    """
    Return one page of *query*, in order of *keys*, for the parameters a list was asked with.

    The cursor is sealed for this person, this list and these filters. *complete* adds to the rows
    what lies in other tables, read in the same snapshot.
    """
    with snapshot() as connection:
        rows, cursor = page_of(
            connection, query, _asked(parameters, len(keys)), keys, newest_first=newest_first
        )
        if complete is not None:
            rows = complete(connection, rows)
        body = {"items": rows, "next_cursor": cursor, "sequence": reached(connection)}
    return body, 200, _link(cursor)


def auth_page(
    query: sa.Select[Any],
    parameters: Mapping[str, Any],
    keys: Sequence[Any],
    *,
    complete: Complete,
) -> Any:
    """Return one page of *query* over the auth store, as `page` does over the ledger."""
    with faces().auth.reading() as connection:
        rows, cursor = page_of(connection, query, _asked(parameters, len(keys)), keys)
        items = complete(connection, rows)
    with snapshot() as connection:
        sequence = reached(connection)
    return {"items": items, "next_cursor": cursor, "sequence": sequence}, 200, _link(cursor)


def _asked(parameters: Mapping[str, Any], keys: int) -> Asked:
    filters = {
        name: value
        for name, value in sorted(parameters.items())
        if name not in ("cursor", "limit", "min_sequence", "lang")
    }
    about = f"{visitor().person} {request.endpoint} {request.view_args} {filters}"
    texts = {name: str(parameters[name]) for name in ("cursor", "limit") if name in parameters}
    return asked(texts, secret=faces().auth.secret("cursors"), about=about, keys=keys)


def _link(cursor: str | None) -> dict[str, str]:
    if cursor is None:
        return {}
    arguments = {**request.args.to_dict(), **(request.view_args or {}), "cursor": cursor}
    return {"Link": f'<{url_for(str(request.endpoint), **arguments)}>; rel="next"'}


def one(query: sa.Select[Any], *, complete: Complete | None = None) -> Mapping[str, Any]:
    """
    Return the one row of *query*; what is not there, or not for these eyes, is not found.

    *complete* adds to the row what lies in other tables, read in the same snapshot.
    """
    with snapshot() as connection:
        found = connection.execute(query).mappings().first()
        if found is None:
            raise NotFound
        return dict(found) if complete is None else complete(connection, [dict(found)])[0]


def columns(table: Any) -> Sequence[Any]:
    """Return the columns of a mapped table, for a select without any object per row."""
    return list(sa.inspect(table).local_table.columns)
