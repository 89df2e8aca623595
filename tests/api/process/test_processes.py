"""The commands that run an installation: one process, or a writer with a web beside it."""

import http.client
import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from api.processes import require_same_ledger
from api.socket_place import SocketTaken, hold, socket_path
from api.wire_refusals import LedgerMismatch
from ledger.db import connect, reading
from ledger.db import sqlite_url as url_in
from ledger.tables import CheckpointRow
from tests.api.process.world import ROOT, connected, open_ledger, serving

SAID = {"serve": "serving at ", "web": "serving at ", "writer": "the writer listens at "}


@pytest.fixture
def data(sqlite_url, tmp_path):
    """The directory of a ledger that has been opened."""
    assert sqlite_url == url_in(tmp_path)
    open_ledger(sqlite_url).close()
    return tmp_path


@contextmanager
def yongneng(command, *arguments):
    """Run a command until the block ends; give its process and what it said when it was ready."""
    with subprocess.Popen(
        [sys.executable, "-m", "api.cli", command, *map(str, arguments)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            said = []
            while not (said and said[-1].startswith(SAID[command])):
                line = process.stderr.readline()
                assert line, "".join(said)
                said.append(line)
            yield process, said[-1].removeprefix(SAID[command]).strip()
        finally:
            process.kill()


def get_json(address, path):
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def end(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=60)


@pytest.mark.slow
def test_one_process_serves_an_ordinary_ledger_and_ends_in_order(data):
    with yongneng("serve", "--data", data, "--port", 0) as (process, address):
        status, health = get_json(address, "/api/v1/health")
        exit_code = end(process)

    assert (status, health["sequence"], exit_code) == (200, 1, 0)
    engine = connect(url_in(data))
    with reading(engine) as connection:
        assert connection.execute(CheckpointRow.__table__.select()).one().last_sequence == 1
    engine.dispose()


@pytest.mark.slow
def test_a_web_beside_a_writer_serves_the_same_and_each_ends_in_order(data, path):
    beside = ("--data", data, "--socket", path)
    with (
        yongneng("writer", *beside) as (writer, where),
        yongneng("web", *beside, "--port", 0) as (web, address),
    ):
        status, health = get_json(address, "/api/v1/health")
        ended = [end(web), end(writer)]

    assert where == str(path)
    assert (status, health["sequence"]) == (200, 1)
    assert ended == [0, 0]


def test_a_writer_of_another_ledger_is_refused(program, path, tmp_path):
    own = program.engine.url.render_as_string(hide_password=False)
    (tmp_path / "other").mkdir()
    other = url_in(tmp_path / "other")
    elsewhere = open_ledger(other, clock=lambda: 1_735_660_800_000_000)
    elsewhere.close()

    with serving(program, path), connected(path) as gateway:
        require_same_ledger(own, gateway)
        with pytest.raises(LedgerMismatch) as refused:
            require_same_ledger(other, gateway)

    assert refused.value.facts["own"] != refused.value.facts["writer"]


def test_a_writer_that_is_not_there_yet_may_come_later(sqlite_url, path):
    with connected(path) as gateway:
        require_same_ledger(sqlite_url, gateway)


def test_no_writer_listens_while_one_process_serves_the_directory(program, path):
    with hold(path), pytest.raises(SocketTaken), serving(program, path):
        pass


def test_the_socket_is_in_the_data_directory_unless_it_is_said_where(tmp_path, path):
    assert socket_path(tmp_path, None) == tmp_path / "writer.sock"
    assert socket_path(tmp_path, path) == path
