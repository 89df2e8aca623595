"""
Market data as it happens: a stream of server-sent events, and the same events for who asks again.
"""

import json
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import Response, current_app, request
from marshmallow import validate

from api.faces import faces
from api.read.market_events import (
    Event,
    changes,
    head,
    position_text,
    read_position,
    standing,
)
from api.rest.fields import Words, plain
from api.rest.instruments import require_listed
from api.rest.resource import QueryWhole, Resource, snapshot
from api.stream import Streams, streams_of

data = Resource("market-data", __name__, "Market data: the book, the tape and the phase, live")


class MarketEvent(ma.Schema):
    """One event; `id` is where to go on after it."""

    id = Words(required=True)
    event = Words(required=True)
    data = ma.fields.Dict(required=True)


class MarketEvents(ma.Schema):
    """Events in order; ask again after `last`, at once if `is_more`."""

    items = ma.fields.List(ma.fields.Nested(MarketEvent), required=True)
    last = Words(required=True)
    is_more = ma.fields.Boolean(required=True)


class EventsQuery(ma.Schema):
    """After which event to go on; without one it begins with what now stands."""

    after = Words()
    min_sequence = QueryWhole()
    lang = Words(validate=validate.OneOf(("zh", "en")))


@data.get("/market-data/<string:instrument>/events")
@data.tells(MarketEvent, query=EventsQuery, content_type="text/event-stream")
def follow(asked: Mapping[str, Any], instrument: str) -> Response:
    """Follow an instrument: events book, trades, phase, indicative; resume by Last-Event-ID."""
    require_listed(instrument)
    last = request.headers.get("Last-Event-ID") or asked.get("after")
    after = None if last is None else read_position(last)
    streams = streams_of(current_app, _make)
    stream = streams.join(instrument)
    response = Response(streams.events(stream, after), mimetype="text/event-stream")
    # A reader may be gone before the first event; then the generator never ends by itself.
    response.call_on_close(lambda: streams.leave(stream))
    response.headers["X-Accel-Buffering"] = "no"
    return response


@data.get("/market-data/<string:instrument>/changes")
@data.tells(MarketEvents, query=EventsQuery)
def list_changes(asked: Mapping[str, Any], instrument: str) -> Any:
    """List the events after one, without waiting; for who cannot keep a stream."""
    last = asked.get("after")
    after = None if last is None else read_position(last)
    require_listed(instrument)
    with snapshot() as connection:
        newest = head(connection)
        if after is None or after > newest:
            return _listed(standing(connection, instrument, newest), newest, is_more=False)
        found = changes(connection, after, instruments={instrument})
    return _listed(found.events, found.last, is_more=found.is_more)


def _make() -> Streams:
    ours = faces()
    return Streams(ours.read, _encoded, largest=ours.settings.streams_max)


def _listed(events: tuple[Event, ...], last: tuple[int, int], *, is_more: bool) -> dict[str, Any]:
    return {
        "items": [
            {
                "id": position_text(event.position),
                "event": event.name,
                "data": plain(event.data),
            }
            for event in events
        ],
        "last": position_text(last),
        "is_more": is_more,
    }


def _encoded(event: Event) -> bytes:
    """Return an event as a stream sends it; only what closes a change moves the reader's place."""
    body = json.dumps(plain(event.data), ensure_ascii=False, separators=(",", ":"))
    place = "" if event.is_derived else f"id: {position_text(event.position)}\n"
    return f"event: {event.name}\n{place}data: {body}\n\n".encode()
