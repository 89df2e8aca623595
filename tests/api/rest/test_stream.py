"""Market data live: nothing lost, nothing twice, no names, and orders go on whoever watches."""

import http.client
import json
import time
from itertools import islice
from threading import Thread

import pytest
import sqlalchemy as sa

import api.stream
from api.settings import Settings
from api.stream import EXTENSION, WAITING_BYTES_MAX, WAITING_MAX, Stream, stop_streams
from api.web_server import Waitress
from ledger.db import reading
from tests.api.rest.offices import problem
from tests.api.rest.trading import Exchange, order
from tests.market.floor import QD

PATH = f"/api/v1/market-data/{QD}"
STREAMS_MAX = 2


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(api.stream, "HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr(api.stream, "POLL_SECONDS", 0.02)


@pytest.fixture
def exchange(engine, clock):
    yield from opened(engine, clock)


@pytest.fixture
def lite(sqlite_engine, clock):
    """An exchange on one engine, for what the streams decide by themselves."""
    yield from opened(sqlite_engine, clock)


def opened(engine, clock):
    town = Exchange(engine, clock, settings=Settings(streams_max=STREAMS_MAX))
    yield town
    stop_streams(town.app)
    town.close()


class Reader:
    """Reads one stream through the application, event by event."""

    def __init__(self, exchange, *, after=None, query=""):
        headers = {} if after is None else {"Last-Event-ID": after}
        self.response = exchange.visit().get(
            f"{PATH}/events{query}", headers=headers, buffered=False
        )
        self.blocks = self.response.iter_encoded()
        self.last = after

    def next(self):
        """Return the next event as (name, id or None, data); heartbeats are passed over."""
        for block in self.blocks:
            event = parsed(block)
            if event is not None:
                self.last = event[1] or self.last
                return event
        return None

    def until(self, place):
        """Return the events up to the one whose id is *place*."""
        found = []
        while not found or found[-1][1] != place:
            found.append(self.next())
        return found

    def close(self):
        self.response.close()


def parsed(block):
    lines = dict(line.split(": ", 1) for line in block.decode().strip().splitlines())
    if "event" not in lines:
        return None
    return lines["event"], lines.get("id"), json.loads(lines["data"])


def places(exchange):
    """Return the id of every row of the outbox that the market wrote, straight from the table."""
    query = "SELECT sequence, ordinal FROM outbox WHERE topic IN ('book', 'trades', 'phase') "
    with reading(exchange.bench.engine) as connection:
        rows = connection.execute(sa.text(query + "ORDER BY sequence, ordinal")).all()
    return [f"{sequence}.{ordinal}" for sequence, ordinal in rows]


def trade(exchange, times=1):
    for _ in range(times):
        exchange.floor.sell("E1", 10_000, 2).require()
        exchange.floor.buy("E2", 10_000, 1).require()


def streams(exchange):
    return exchange.app.extensions[EXTENSION]


def test_a_stream_begins_with_what_stands_and_goes_on_with_what_happens(exchange):
    exchange.floor.sell("E1", 10_100, 7).require()
    reader = Reader(exchange)
    assert reader.response.mimetype == "text/event-stream"
    assert reader.next()[::2] == ("phase", {"instrument": QD, "phase": "continuous"})
    name, place, data = reader.next()
    assert (name, place) == ("book", places(exchange)[-1])
    assert data["asks"] == [{"price_fen": "10100", "quantity_tce": "7", "orders": 1}]

    exchange.floor.buy("E2", 10_100, 3).require()
    exchange.floor.phase("halted").require()

    name, _, data = reader.next()
    assert name == "trades"
    [first] = data["trades"]
    assert (first["price_fen"], first["quantity_tce"], first["side"]) == ("10100", "3", "buy")
    seen = reader.until(places(exchange)[-1])
    assert seen[-1][::2] == ("phase", {"instrument": QD, "phase": "halted"})
    assert [data for name, _, data in seen if name == "book"][-1]["asks"][0]["quantity_tce"] == "4"
    reader.close()


def test_what_comes_over_a_stream_names_nobody(exchange):
    trade(exchange, 3)
    reader = Reader(exchange, after="0.0")

    text = json.dumps(reader.until(places(exchange)[-1]))

    hidden = ("E1", "E2", "E3", "person", "enterprise", "owner", "buyer", "seller", "own_tce")
    assert not any(name in text for name in hidden)
    reader.close()


def test_resuming_after_any_event_loses_and_repeats_nothing(exchange):
    trade(exchange, 3)
    whole = places(exchange)
    for cut in range(1, len(whole)):
        first = Reader(exchange, after="0.0")
        before = [place for _, place, _ in first.until(whole[cut - 1]) if place]
        first.close()
        second = Reader(exchange, after=first.last)
        after = [place for _, place, _ in second.until(whole[-1]) if place]
        second.close()
        assert before + after == whole


def test_resuming_while_the_market_goes_on_loses_and_repeats_nothing(exchange):
    got, last = [], "0.0"
    for _ in range(4):
        reader = Reader(exchange, after=last)
        trade(exchange, 2)
        got += [place for _, place, _ in reader.until(places(exchange)[-3]) if place]
        last = reader.last
        reader.close()
    reader = Reader(exchange, after=last)
    got += [place for _, place, _ in reader.until(places(exchange)[-1]) if place]
    reader.close()

    assert got == places(exchange)


def test_changes_are_the_events_of_the_stream_for_who_asks_again(exchange):
    trade(exchange, 2)
    client = exchange.visit()
    begun = client.get(f"{PATH}/changes").json
    assert [item["event"] for item in begun["items"]] == ["phase", "book"]
    assert client.get(f"{PATH}/changes?after={begun['last']}").json["items"] == []
    whole = client.get(f"{PATH}/changes?after=0.0").json
    reader = Reader(exchange, after="0.0")

    streamed = reader.until(places(exchange)[-1])

    assert [(item["event"], item["data"]) for item in whole["items"]] == [
        (name, data) for name, _, data in streamed
    ]
    assert (whole["last"], whole["is_more"]) == (places(exchange)[-1], False)
    reader.close()


@pytest.mark.parametrize("given", ["x", "1", "1.", "-1.0", "1.0.0", "1" * 19 + ".0"])
def test_an_id_that_no_stream_gave_is_refused(lite, given):
    client = lite.visit()

    assert problem(client.get(f"{PATH}/changes?after={given}")) == (400, "event_id_invalid")
    answer = client.get(f"{PATH}/events", headers={"Last-Event-ID": given})
    assert problem(answer) == (400, "event_id_invalid")


def test_what_is_not_listed_has_no_market_data(lite):
    for what in ("events", "changes"):
        answer = lite.visit().get(f"/api/v1/market-data/NONE/{what}")
        assert problem(answer) == (404, "not_found")


def test_an_id_of_the_future_is_told_a_gap_and_begins_anew(lite):
    reader = Reader(lite, after="999999.0")

    assert reader.next()[0] == "gap"
    assert [reader.next()[0], reader.next()[0]] == ["phase", "book"]
    reader.close()


def test_a_call_streams_its_indicative_price(sqlite_engine, clock):
    town = Exchange(sqlite_engine, clock, phase="call")
    town.floor.buy("E1", 10_200, 30).require()
    reader = Reader(town)
    assert [reader.next()[0] for _ in range(3)] == ["phase", "indicative", "book"]

    town.floor.sell("E2", 10_000, 20).require()

    name, place, data = reader.next()
    assert (name, place) == ("indicative", None)
    assert (data["price_fen"], data["matched_tce"]) == ("10200", "20")
    reader.close()
    stop_streams(town.app)
    town.close()


def test_a_quiet_market_beats_so_that_the_line_stays_open(lite):
    reader = Reader(lite)

    blocks = list(islice(reader.blocks, 5))

    assert blocks[0].startswith(b"retry: ")
    assert blocks[3:] == [api.stream.HEARTBEAT] * 2
    reader.close()


def test_one_stream_more_than_may_be_is_refused_until_one_is_left(lite):
    readers = [Reader(lite) for _ in range(STREAMS_MAX)]

    refused = lite.visit().get(f"{PATH}/events")

    assert problem(refused) == (503, "streams_full")
    assert refused.headers["Retry-After"] == "5"
    assert lite.visit().get(f"{PATH}/changes").status_code == 200
    readers.pop().close()
    readers.append(Reader(lite))
    assert readers[-1].next()[0] == "phase"
    for reader in readers:
        reader.close()


def test_a_reader_that_goes_before_its_first_event_leaves_its_place(lite):
    for _ in range(STREAMS_MAX + 1):
        lite.visit().get(f"{PATH}/events", buffered=False).close()

    assert len(streams(lite)) == 0


def test_with_the_last_reader_the_thread_ends_and_with_the_next_it_begins(lite):
    Reader(lite).close()
    until(lambda: streams(lite)._thread is None)
    reader = Reader(lite)

    trade(lite)

    assert [event[0] for event in reader.until(places(lite)[-1])][-1] == "book"
    reader.close()


def test_stopping_ends_every_stream_and_opens_none(lite):
    reader = Reader(lite)
    reader.next()

    stop_streams(lite.app)

    assert [event for event in iter(reader.next, None) if event[0] not in ("phase", "book")] == []
    assert streams(lite)._thread is None
    assert problem(lite.visit().get(f"{PATH}/events")) == (503, "streams_full")
    reader.close()


def test_what_waits_for_a_reader_is_bounded_in_number():
    stream = Stream(QD, (0, 0))
    stream.offer([((1, number), b"x") for number in range(WAITING_MAX)])
    assert not stream.is_dropped

    stream.offer([((2, 0), b"x")])

    assert stream.is_dropped
    assert stream.take(0) == []


def test_what_waits_for_a_reader_is_bounded_in_octets_but_one_event_may_be_larger():
    stream = Stream(QD, (0, 0))
    stream.offer([((1, 0), b"x" * (WAITING_BYTES_MAX + 1))])
    assert not stream.is_dropped

    stream.offer([((2, 0), b"x")])

    assert stream.is_dropped
    assert stream.take(0) == []


def test_a_stalled_reader_is_dropped_told_where_to_go_on_and_finds_the_rest(lite, monkeypatch):
    monkeypatch.setattr(api.stream, "WAITING_MAX", 10)
    stalled = Reader(lite)
    assert [stalled.next()[0], stalled.next()[0]] == ["phase", "book"]
    last = stalled.last
    other = Reader(lite)

    for _ in range(8):
        trade(lite)
        other.until(places(lite)[-1])

    [held] = [each for each in streams(lite)._streams if each.is_dropped]
    assert len(held._waiting) == 0
    name, _, data = stalled.next()
    assert (name, data) == ("gap", {"resume_after": last})
    assert stalled.next() is None
    stalled.close()
    other.close()
    monkeypatch.undo()
    resumed = Reader(lite, after=data["resume_after"])
    missed = [place for _, place, _ in resumed.until(places(lite)[-1]) if place]
    assert missed == places(lite)[places(lite).index(last) + 1 :]
    resumed.close()


def test_streams_at_their_maximum_leave_order_entry_alive(lite):
    server = Waitress(lite.app, host="127.0.0.1", port=0, threads=STREAMS_MAX + 2)
    serving = Thread(target=server.serve)
    serving.start()
    host, port = server.address
    lines = [http.client.HTTPConnection(host, port, timeout=20) for _ in range(STREAMS_MAX + 2)]
    *watching, refused, trading = lines
    try:
        answers = []
        for line in watching:
            line.request("GET", f"{PATH}/events")
            answers.append(line.getresponse())
        refused.request("GET", f"{PATH}/events")
        assert refused.getresponse().status == 503

        numbers = [placed(lite, trading, f"o{number}") for number in range(5)]

        assert len(set(numbers)) == 5
        for answer in answers:
            read = b""
            while f"id: {numbers[-1]}.0".encode() not in read:
                read += answer.readline()
        stop_streams(lite.app)
        assert all(b"event: gap" not in answer.read() for answer in answers)
    finally:
        stop_streams(lite.app)
        for line in lines:
            line.close()
        server.stop()
        serving.join()


def placed(exchange, line, key):
    """Place one order over a real connection; return its number."""
    client = exchange.trader("E1")
    cookie = client.get_cookie("yongneng")
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"yongneng={cookie.value}",
        "X-CSRFToken": client.environ_base["HTTP_X_CSRFTOKEN"],
        "Idempotency-Key": key,
    }
    body = json.dumps(order("E1", "sell", 10_000, 1))
    line.request("POST", "/api/v1/orders", body, headers)
    answer = line.getresponse()
    assert answer.status == 201, answer.status
    return json.loads(answer.read())["result"]["order"]


def until(holds, seconds=10):
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
