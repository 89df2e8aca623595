"""A web process says truly what happened to what it sent, also when the writer does not answer."""

import socket
import time
from contextlib import contextmanager
from threading import Thread

import pytest

from api.program import wall_clock
from api.wire import Frames, Greeting, Time, build_of, frame, read_request
from api.wire_refusals import BuildMismatch, FrameTooLarge
from api.writer_line import WriterAway
from ledger.errors import Refused
from ledger.writer import OutcomeUnknown
from tests.api.process.world import SUBJECTS, connected, logged, sector, serving


@contextmanager
def mute_writer(path, *, hangs_up_after=None, now=0):
    """Let somebody listen at *path* who says hello and the time, and never answers a command."""
    received = []

    def attend(connection):
        frames = Frames()
        while arrived := connection.recv(65_536):
            for request in map(read_request, frames.feed(arrived)):
                received.append(request)
                match type(request).__name__:
                    case "Hello":
                        build = build_of(SUBJECTS)
                        connection.sendall(frame(Greeting(0, "other-ledger", "live", 1, build)))
                    case "AskTime":
                        connection.sendall(frame(Time(request.number, now)))
            if hangs_up_after is not None and len(received) > hangs_up_after:
                return

    def listen():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                attend(connection)

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = Thread(target=listen)
        thread.start()
        yield received
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_without_a_writer_nothing_happens_and_it_is_said_so(path):
    with connected(path) as gateway:
        [first, second] = gateway.outcomes((sector("A"), sector("B")))

        assert isinstance(first, WriterAway)
        assert isinstance(second, WriterAway)
        assert first.facts == {"problem": "[Errno 2] No such file or directory"}
        with pytest.raises(WriterAway):
            gateway.tick()
        with pytest.raises(WriterAway):
            gateway.greeting()
        with pytest.raises(WriterAway):
            gateway.require_writer()


def test_a_malformed_command_is_refused_even_without_a_writer(path):
    with connected(path) as gateway:
        found = gateway.outcomes((sector("A", command_id="no good id"), sector("B")))

    assert [refusal.code for refusal in found] == ["command_id_malformed", "writer_away"]


def test_a_writer_that_hangs_up_without_an_answer_leaves_the_outcome_unknown(path):
    with mute_writer(path, hangs_up_after=1), connected(path, lines=1) as gateway:
        [outcome] = gateway.outcomes((sector("A"),))

    assert isinstance(outcome, OutcomeUnknown)
    assert outcome.facts["id"] == "sector:A"


def test_a_writer_that_does_not_answer_in_time_leaves_the_outcome_unknown(path):
    with mute_writer(path), connected(path, lines=1, answer_seconds=0.2) as gateway:
        [outcome] = gateway.outcomes((sector("A"),))

        assert isinstance(outcome, OutcomeUnknown)
        with pytest.raises(OutcomeUnknown):
            gateway.tick()


def test_once_the_writer_is_back_the_same_gateway_finds_it(program, path):
    with connected(path, lines=1) as gateway:
        with serving(program, path):
            assert gateway.outcomes((sector("A"),))[0].ok
        assert isinstance(gateway.outcomes((sector("B"),))[0], WriterAway)
        with serving(program, path):
            found = gateway.outcomes((sector("A"), sector("B")))

    assert [(answer.ok, answer.repeated) for answer in found] == [(True, True), (True, False)]


def test_a_writer_of_another_build_is_refused_and_nothing_happens(server, path, sqlite_url):
    with connected(path) as gateway:
        for line in gateway._lines:
            line.build = "rules 0, shapes 0"
        [outcome] = gateway.outcomes((sector("A"),))

    assert outcome.code == BuildMismatch.code
    assert outcome.facts["own"] == "rules 0, shapes 0"
    assert logged(sqlite_url) == ["ledger:open"]


@pytest.mark.parametrize("count", [0, 1, 512, 513, 1_100])
def test_any_number_of_commands_keeps_its_order(gateway, count):
    commands = [sector(f"S{number}") for number in range(count)]

    found = gateway.outcomes(commands)

    assert [answer.sequence for answer in found] == list(range(2, count + 2))


def test_a_command_larger_than_a_frame_is_refused_and_its_neighbours_are_not(gateway, sqlite_url):
    large = sector("LARGE", title="钢" * 6_000_000)

    first, refusal, last = gateway.outcomes((sector("A"), large, sector("B")))

    assert (first.ok, last.ok) == (True, True)
    assert isinstance(refusal, FrameTooLarge)
    assert refusal.facts["size"] > 18_000_000
    assert logged(sqlite_url) == ["ledger:open", "sector:A", "sector:B"]


def test_a_command_of_several_megabytes_goes_through(gateway):
    [outcome] = gateway.outcomes((sector("LONG", title="钢" * 2_000_000),))

    assert not isinstance(outcome, Refused)


def test_many_threads_share_the_lines_and_each_has_its_own_answer(gateway):
    found = {}

    def ask(name):
        found[name] = [gateway.outcomes((sector(f"{name}-{n}"),))[0] for n in range(20)]

    threads = [Thread(target=ask, args=(f"T{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    sequences = [answer.sequence for answers in found.values() for answer in answers]
    assert sorted(sequences) == list(range(2, 322))
    for answers in found.values():
        own = [answer.sequence for answer in answers]
        assert own == sorted(own)


def test_now_is_the_writers_clock_wherever_it_stands(path):
    far = 4_000_000_000_000_000  # in the year 2096

    with mute_writer(path, now=far) as received, connected(path, lines=1) as gateway:
        first, second = gateway.now(), gateway.now()

    assert far <= first <= second < far + 5_000_000
    assert [type(request).__name__ for request in received] == ["Hello", "AskTime"]


def test_the_clock_goes_on_while_the_writer_is_away(path):
    far = 4_000_000_000_000_000
    with connected(path, lines=1) as gateway:
        assert abs(gateway.now() - wall_clock()) < 5_000_000
        gateway._ask_again_at = 0.0
        with mute_writer(path, now=far, hangs_up_after=1):
            assert gateway.now() >= far
        path.unlink()
        gateway._ask_again_at = 0.0

        assert far <= gateway.now() < far + 5_000_000


def test_a_tick_reaches_the_writer(program, path):
    ticks = []
    program.tick = lambda: ticks.append(time.monotonic())
    with serving(program, path), connected(path) as gateway:
        gateway.tick()

    assert len(ticks) == 1
