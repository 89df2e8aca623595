"""A request that stalls keeps nobody else waiting, and an end in order answers what has begun."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from api.web_server import Waitress, ended_by_signals
from tests.api.process.world import ROOT

STALLED_BODY = b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nten bytes."
STALLED_HEAD = b"GET / HTTP/1.1\r\nHost: local"


def application(environ, start_response):
    """Read a body, wait for `RELEASED`, or just answer."""
    if environ["PATH_INFO"] == "/read":
        environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/wait":
        ENTERED.set()
        RELEASED.wait(20)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"done"]


ENTERED, RELEASED = Event(), Event()


@contextmanager
def waitress(*, threads=2, **options):
    """Give a server on a thread, ended in order."""
    server = Waitress(application, host="127.0.0.1", port=0, threads=threads, **options)
    thread = Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        RELEASED.set()
        server.stop()
        thread.join()
        ENTERED.clear()
        RELEASED.clear()


@contextmanager
def stalled(address, sent, *, count):
    """Give connections that send the beginning of a request and then nothing."""
    connections = [socket.create_connection(address, timeout=20) for _ in range(count)]
    for connection in connections:
        connection.sendall(sent)
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


def get(address, path="/"):
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


@pytest.mark.parametrize("sent", [STALLED_BODY, STALLED_HEAD])
def test_twenty_stalled_requests_take_none_of_two_threads(sent):
    with waitress() as server, stalled(server.address, sent, count=20):
        began = time.monotonic()
        assert [get(server.address) for _ in range(5)] == [b"done"] * 5
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("sent", [STALLED_BODY, STALLED_HEAD, b""])
def test_who_stays_silent_is_hung_up_on(monkeypatch, sent):
    monkeypatch.setattr("api.web_server.IDLE_SECONDS", 1)
    monkeypatch.setattr("api.web_server.CLEAN_SECONDS", 1)
    with waitress() as server, stalled(server.address, sent, count=1) as [connection]:
        assert connection.recv(1) == b""


def test_an_end_in_order_answers_the_request_that_has_begun_and_takes_no_new_one():
    found = []
    with waitress() as server:
        address = server.address
        asking = Thread(target=lambda: found.append(get(address, "/wait")))
        asking.start()
        assert ENTERED.wait(20)
        server.stop()
        time.sleep(1.5)  # more than it takes to notice
        with pytest.raises(ConnectionError):
            get(address)
        RELEASED.set()
        asking.join()

    assert found == [b"done"]


def test_an_end_in_order_does_not_wait_for_who_stays_silent():
    with waitress() as server, stalled(server.address, STALLED_BODY, count=3):
        began = time.monotonic()
        server.stop()
    assert time.monotonic() - began < 5


def test_streams_are_let_go_of_when_the_end_begins():
    """A stream ends only when it is told to, so this one would keep the server for ten seconds."""
    with waitress(ending=RELEASED.set) as server:
        streaming = Thread(target=lambda: get(server.address, "/wait"))
        streaming.start()
        assert ENTERED.wait(20)
        began = time.monotonic()
        server.stop()
        streaming.join()

    assert time.monotonic() - began < 8


@pytest.fixture
def interruptible():
    """Let SIGINT interrupt, which a shell that starts tests in the background does not."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("interruptible")
def test_the_first_signal_ends_in_order_and_the_second_at_once():
    told = []
    with ended_by_signals(lambda: told.append(1)):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert told == [1]


@contextmanager
def gunicorn():
    """Give the address of one gunicorn worker with two threads and a second's patience."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.api.process.gunicorn_child", str(address[1])],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while "Booting worker" not in process.stderr.readline():
                assert process.poll() is None
            yield address
        finally:
            process.terminate()
            process.communicate(timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize("sent", [STALLED_BODY, STALLED_HEAD])
def test_gunicorns_threads_are_free_again_after_their_patience(sent):
    with gunicorn() as address:
        assert get(address) == b"done"
        with stalled(address, sent, count=2):
            began = time.monotonic()
            assert get(address) == b"done"
            assert time.monotonic() - began < 10
