"""The writer behind its socket answers as it would in one process, whoever is at the other end."""

import socket
import stat
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from api.socket_place import SocketPathUnusable, SocketPlace, SocketTaken
from api.wire import PROTOCOL, Failed, Frames, Hello, Submit, Told, build_of, frame, read_response
from api.wire_refusals import FRAME_BYTES_MAX
from ledger.command import Command, canonical
from ledger.tick import Tick
from tests.api.process.world import SUBJECTS, connected, logged, sector, serving
from tests.build import DISTRICT, REGULATOR

HELLO = frame(Hello(1, PROTOCOL, build_of(SUBJECTS)))


@pytest.fixture
def raw(server, path):
    """A bare connection to the writer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        yield connection


def told(command):
    return Told(command.id, command.actor, command.kind, canonical(command.payload))


def responses(connection, count):
    """Return so many answers; fewer if the writer hangs up before."""
    frames, found = Frames(), []
    while len(found) < count and (arrived := connection.recv(65_536)):
        found += map(read_response, frames.feed(arrived))
    return found


def is_served(path):
    """Return whether the writer still answers others."""
    with connected(path) as other:
        return other.outcomes((sector("AFTER"),))[0].ok


def test_one_id_from_two_webs_at_the_same_instant_has_one_effect_and_one_answer(
    server, path, sqlite_url
):
    together = Barrier(2)
    with connected(path) as one, connected(path) as other, ThreadPoolExecutor(2) as pool:

        def send(gateway):
            found = []
            for number in range(20):
                together.wait()
                found += gateway.outcomes((sector(f"S{number}"),))
            return found

        first, second = pool.map(send, (one, other))

    assert [answer.ok for answer in first] == [True] * 20
    assert first == second
    assert [sorted((a.repeated, b.repeated)) for a, b in zip(first, second, strict=True)] == [
        [False, True]
    ] * 20
    assert logged(sqlite_url) == ["ledger:open", *(f"sector:S{number}" for number in range(20))]


def test_what_is_refused_is_refused_in_the_same_words_as_in_one_process(program, gateway):
    gateway.outcomes((sector("KNOWN"),))
    commands = (
        sector("OTHER", command_id="sector:KNOWN"),
        sector("MINE", actor=DISTRICT),
        sector("X", command_id="tick:9"),
        sector("X", command_id="no good id"),
        sector("X", actor="nobody"),
        sector("X", command_id="nul", title="a\0b"),
        sector("X", command_id="half", title="\ud800"),
        Command("tick", REGULATOR, Tick()),
    )

    elsewhere, here = gateway.outcomes(commands), program.outcomes(commands)

    def said(refusals):
        return [(each.code, each.rule, each.message, each.facts) for each in refusals]

    assert [refusal.code for refusal in here] == [
        "command_id_reused",
        "role_missing",
        "command_id_reserved",
        "command_id_malformed",
        "person_malformed",
        "text_unstorable",
        "text_unstorable",
        "kind_unknown",
    ]
    assert said(elsewhere) == said(here)


def test_a_command_that_the_ledger_refuses_has_the_answer_that_the_log_keeps(program, gateway):
    gateway.outcomes((sector("ONCE"),))
    twice = sector("ONCE", command_id="again")

    [elsewhere] = gateway.outcomes((twice,))
    [here] = program.outcomes((twice,))

    assert elsewhere.code == "party_exists"
    assert elsewhere == here
    assert (elsewhere.repeated, here.repeated) == (False, True)


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("nope", b"{}", "kind_unknown"),
        ("sectors.register", b"{", "payload_malformed"),
        ("sectors.register", b'{"rows":[],"more":1}', "field_unknown"),
        ("sectors.register", b'{"rows":' + b"[" * 100_000, "payload_malformed"),
        ("sectors.register", b'{"more":' + b"[" * 100_000, "field_unknown"),
    ],
)
def test_a_payload_that_no_web_of_ours_would_send_never_becomes_a_command(
    raw, path, sqlite_url, kind, payload, code
):
    raw.sendall(HELLO + frame(Submit(7, [Told("x", "person:REG1", kind, payload)])))

    _, outcomes = responses(raw, 2)

    assert [each.code for each in outcomes.outcomes] == [code]
    assert is_served(path)
    assert logged(sqlite_url) == ["ledger:open", "sector:AFTER"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(Hello(1, PROTOCOL, "rules 0, shapes 0")), "build_mismatch"),
        (frame(Hello(1, PROTOCOL + 1, build_of(SUBJECTS))), "build_mismatch"),
        (frame(Submit(1, [told(sector("UNMET"))])), "frame_malformed"),
        (b"\x00\x00\x00\x01\xc1", "frame_malformed"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "frame_too_large"),
        (struct.pack(">I", FRAME_BYTES_MAX + 1), "frame_too_large"),
        (HELLO + b"\x00\x00\x00\x00", "frame_malformed"),
    ],
)
def test_who_does_not_speak_this_protocol_is_told_so_and_hung_up_on(
    raw, path, sqlite_url, sent, code
):
    raw.sendall(sent)

    *_, refusal = responses(raw, 3)

    assert isinstance(refusal, Failed)
    assert refusal.why.code == code
    assert raw.recv(1) == b""
    assert is_served(path)
    assert logged(sqlite_url) == ["ledger:open", "sector:AFTER"]


def test_requests_before_a_malformed_one_are_answered(raw):
    raw.sendall(HELLO + frame(Submit(2, [told(sector("FIRST"))])) + b"\x00\x00\x00\x01\xc1")

    _, first, refusal = responses(raw, 3)

    assert [each.code for each in first.outcomes] == ["ok"]
    assert refusal.why.code == "frame_malformed"


def test_a_client_that_goes_away_after_sending_finds_its_effect_by_the_id(server, path, sqlite_url):
    commands = [sector(f"L{number}") for number in range(5)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as leaving:
        leaving.connect(str(path))
        leaving.sendall(HELLO + frame(Submit(2, list(map(told, commands)))))
    until = time.monotonic() + 20
    while len(logged(sqlite_url)) < 6:
        assert time.monotonic() < until
        time.sleep(0.01)

    with connected(path) as gateway:
        found = gateway.outcomes(commands)

    assert [(answer.ok, answer.repeated) for answer in found] == [(True, True)] * 5


def test_a_frame_in_part_has_no_effect(server, path, sqlite_url):
    whole = HELLO + frame(Submit(2, [told(sector("PART"))]))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as leaving:
        leaving.connect(str(path))
        leaving.sendall(whole[:-1])

    assert is_served(path)
    assert logged(sqlite_url) == ["ledger:open", "sector:AFTER"]


def test_requests_under_way_together_share_a_commit_and_keep_their_order(program, raw):
    requests = [Submit(number, [told(sector(f"S{number}"))]) for number in range(2, 102)]
    raw.sendall(HELLO)
    responses(raw, 1)
    before = program.writer.memory.block

    raw.sendall(b"".join(map(frame, requests)))
    found = responses(raw, 100)

    assert [each.number for each in found] == list(range(2, 102))
    sequences = [each.outcomes[0].sequence for each in found]
    assert sequences == list(range(2, 102))
    assert program.writer.memory.block - before <= 3


def test_a_bug_met_by_one_command_hides_no_answer_of_its_neighbours(program, path, monkeypatch):
    handler = program.subjects.handlers["districts.register"]
    districts = handler.payload(rows=())
    monkeypatch.setattr(
        type(program.writer), "outcomes", broken_at(type(program.writer).outcomes, "bug")
    )
    bug = Command("bug", REGULATOR, districts)
    with serving(program, path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.connect(str(path))
        raw.sendall(HELLO + frame(Submit(2, [told(sector("A"))])) + frame(Submit(3, [told(bug)])))
        raw.sendall(frame(Submit(4, [told(sector("B"))])))
        found = responses(raw, 4)[1:]

    a, broken, b = (each.outcomes[0] for each in found)
    assert (a.code, a.repeated, b.code, b.repeated) == ("ok", False, "ok", False)
    assert broken.problem == "AssertionError: planted"


def broken_at(honest, command_id):
    """Return a writer's `outcomes` that meets a bug, after the others have taken effect."""

    def outcomes(writer, commands):
        found = honest(writer, [each for each in commands if each.id != command_id])
        if len(found) < len(commands):
            raise AssertionError("planted")
        return found

    return outcomes


def test_a_face_meets_the_writers_bug_as_a_bug(program, path, monkeypatch):
    monkeypatch.setattr(
        type(program.writer), "outcomes", broken_at(type(program.writer).outcomes, "sector:BUG")
    )
    with serving(program, path), connected(path) as gateway:
        with pytest.raises(AssertionError, match="planted"):
            gateway.outcomes((sector("BUG"),))

        assert gateway.outcomes((sector("GOOD"),))[0].ok


def test_a_client_that_does_not_take_its_answers_keeps_no_one_else_waiting(raw, path):
    answers = frame(Submit(2, [told(sector("S"))] * 400))
    raw.sendall(HELLO)
    raw.settimeout(1)
    is_full = False
    while not is_full:  # both buffers, and the writer waits for us
        try:
            raw.sendall(answers)
        except TimeoutError:
            is_full = True

    assert is_served(path)


def test_two_writers_never_listen_at_one_socket(server, path):
    with pytest.raises(SocketTaken) as refused:
        SocketPlace(path)

    assert refused.value.facts == {"path": str(path)}
    assert is_served(path)


def test_a_socket_whose_owner_holds_no_lock_but_lives_is_not_taken(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as foreign:
        foreign.bind(str(path))
        foreign.listen()

        with pytest.raises(SocketTaken):
            SocketPlace(path)

        assert path.is_socket()


def test_the_socket_of_a_dead_writer_is_replaced(program, path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    assert path.is_socket()

    with serving(program, path):
        assert is_served(path)

    assert not path.exists()


def test_only_its_owner_reaches_the_socket(server, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_in_the_place_of_the_socket_is_left_alone(path):
    path.write_text("not yours")

    with pytest.raises(SocketPathUnusable):
        SocketPlace(path)

    assert path.read_text() == "not yours"


@pytest.mark.parametrize("length", [107, 108])
def test_a_socket_may_have_107_bytes_of_address_and_not_108(path, length):
    long = path.with_name("s" * (length - len(str(path.parent)) - 1))
    assert len(str(long)) == length

    if length == 107:
        SocketPlace(long).close()
    else:
        with pytest.raises(SocketPathUnusable):
            SocketPlace(long)


def test_hello_tells_the_ledger_its_purpose_and_the_epoch(program, gateway):
    greeting = gateway.greeting()

    assert greeting.ledger.startswith("sample-")
    assert greeting.purpose == "demonstration"
    assert greeting.epoch == program.writer.epoch


def test_a_silent_connection_is_hung_up_on(program, path, monkeypatch):
    monkeypatch.setattr("api.writer_server.HELLO_SECONDS", 1)
    with serving(program, path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.settimeout(20)
        silent.connect(str(path))

        assert silent.recv(1) == b""


def test_only_so_many_connections_are_taken(program, path, monkeypatch):
    monkeypatch.setattr("api.writer_server.CONNECTIONS_MAX", 1)
    with serving(program, path), connected(path, lines=1) as first:
        assert first.outcomes((sector("A"),))[0].ok
        with connected(path, lines=1) as second:
            assert second.outcomes((sector("B"),))[0].code == "writer_away"
