"""The witness command: over HTTP and over files, and what a ledger with two faces comes to."""

import json
import shutil
from contextlib import contextmanager
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from api.cli import cli
from api.cli import run as run_cli
from api.read import proofs
from ledger.attest import ledger_origin, sign_checkpoint
from ledger.db import connect, reading, sqlite_url
from ledger.keys import public_key_text
from ledger.note import Algorithm, parse_checkpoint, parse_key, parse_note
from ledger.witness import witnessed_by
from tests.api.rest.offices import sign
from tests.api.rest.test_orders import ORDER
from tests.build import OPENED, Bench, OpenFreely
from tests.conftest import FixedClock
from tests.ledger.independent import LOG_KEY
from tests.ledger.small import opened


class Quiet(WSGIRequestHandler):
    """A request handler that logs nothing."""

    def log_message(self, *_):
        pass


@contextmanager
def serving(app):
    """Serve *app* at a port of this machine; give its address."""
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Witness:
    """A witness with its files in one directory."""

    def __init__(self, directory, origin, key):
        self.directory = directory
        self.state = directory / "state.json"
        self.out = directory / "cosigned.txt"
        (directory / "log.txt").write_text(key + "\n", encoding="utf-8")
        self.options = {
            "--origin": origin,
            "--log-key": directory / "log.txt",
            "--key": directory / "witness.pem",
            "--name": "witness.example/w1",
            "--state": self.state,
            "--out": self.out,
            "--public-key": directory / "witness.txt",
        }

    def __call__(self, source, *more, **changed):
        options = {**self.options, **{f"--{name}": value for name, value in changed.items()}}
        given = [str(each) for pair in options.items() for each in pair]
        self.out.unlink(missing_ok=True)
        return run_cli(cli, ["witness", str(source), *given, *map(str, more)])

    def cosigned(self):
        """Return the size it has cosigned last."""
        text = self.out.read_text(encoding="utf-8")
        line = (self.directory / "witness.txt").read_text(encoding="utf-8").strip()
        assert witnessed_by(text, [parse_key(line, Algorithm.COSIGNATURE)])
        return parse_checkpoint(parse_note(text).body).tree_size

    def evidence(self):
        found = sorted(self.directory.glob("state.json.evidence-*"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in found]


@pytest.fixture
def directory(tmp_path):
    made = tmp_path / "witness"
    made.mkdir()
    return made


def test_a_witness_follows_a_ledger_over_http(faced, directory):
    first, key = sign(faced)
    origin = parse_checkpoint(parse_note(first).body).origin
    witness = Witness(directory, origin, key)
    with serving(faced.app) as address:
        assert witness(address) == 0
        seen = witness.cosigned()
        client = faced.visit("person:T1")
        faced.post(client, "/api/v1/orders", ORDER)
        second, _ = sign(faced)
        assert witness(address) == 0
        assert witness(address + "/") == 0

    assert seen == parse_checkpoint(parse_note(first).body).tree_size
    assert witness.cosigned() == parse_checkpoint(parse_note(second).body).tree_size > seen
    assert json.loads(witness.state.read_text(encoding="utf-8")) == {origin: second}
    assert witness.evidence() == []


@contextmanager
def copied(original, directory, clock):
    """Open a copy of a ledger's database in *directory*."""
    directory.mkdir()
    shutil.copyfile(original / "ledger.db", directory / "ledger.db")
    engine = connect(sqlite_url(directory))
    bench = Bench(engine, clock)
    try:
        yield bench
    finally:
        bench.writer.close()
        OPENED.remove(bench)
        engine.dispose()


def add(bench, name):
    """Let one more command into the history of *bench*, and sign what there is then."""
    bench.do(OpenFreely(addresses=(f"enterprise:{name}:holding",))).require()
    return note_of(bench)


def note_of(bench):
    with reading(bench.engine) as connection:
        origin = ledger_origin(connection)
    return sign_checkpoint(bench.engine, LOG_KEY, origin=origin, key_name="log")


def size_of(note):
    return parse_checkpoint(parse_note(note).body).tree_size


def proof_file(bench, path, first, second):
    with reading(bench.engine) as connection:
        proof = proofs.consistency(connection, first=first, second=second)
    path.write_text(json.dumps(proof), encoding="utf-8")
    return path


@pytest.fixture
def branches(sqlite_template, tmp_path, directory):
    """One ledger, a witness that has seen it, and two that went on from copies of it."""
    root, clock = tmp_path / "root", FixedClock()
    root.mkdir()
    shutil.copyfile(sqlite_template, root / "ledger.db")
    engine = connect(sqlite_url(root))
    bench = opened(engine, clock)
    common = add(bench, "COMMON")
    bench.writer.close()
    OPENED.remove(bench)
    engine.dispose()
    origin = parse_checkpoint(parse_note(common).body).origin
    witness = Witness(directory, origin, public_key_text(LOG_KEY, "log"))
    with copied(root, tmp_path / "a", clock) as a, copied(root, tmp_path / "b", clock) as b:
        yield witness, common, a, b


def shown(directory, note):
    path = directory / "shown.txt"
    path.write_text(note, encoding="utf-8")
    return path


def test_a_fork_of_the_same_size_convicts_the_ledger(branches, directory, capsys):
    witness, common, a, b = branches
    assert witness(shown(directory, common)) == 0
    left, right = add(a, "LEFT"), add(b, "RIGHT")
    proof = proof_file(a, directory / "proof.json", size_of(common), size_of(left))
    assert witness(shown(directory, left), consistency=proof) == 0
    before = witness.state.read_text(encoding="utf-8")

    code = witness(shown(directory, right), "--json")

    assert code == 1
    assert '"code":"split_view"' in capsys.readouterr().out
    assert not witness.out.exists()
    assert witness.state.read_text(encoding="utf-8") == before
    (evidence,) = witness.evidence()
    assert (evidence["seen"], evidence["shown"]) == (left, right)


def test_a_fork_that_grew_is_not_cosigned_whatever_proof_it_brings(branches, directory, capsys):
    witness, _, a, b = branches
    left = add(a, "LEFT")
    assert witness(shown(directory, left)) == 0
    add(b, "RIGHT")
    further = add(b, "RIGHT2")
    proof = proof_file(b, directory / "proof.json", size_of(left), size_of(further))

    code = witness(shown(directory, further), "--json", consistency=proof)

    assert code == 1
    assert '"code":"history_not_continued"' in capsys.readouterr().out
    (evidence,) = witness.evidence()
    assert evidence["proof"] == json.loads(proof.read_text(encoding="utf-8"))["proof"]
    assert not witness.out.exists()


def test_a_ledger_that_was_put_back_is_not_cosigned(branches, directory, capsys):
    witness, common, a, _ = branches
    left = add(a, "LEFT")
    assert witness(shown(directory, left)) == 0

    code = witness(shown(directory, common), "--json")

    assert code == 1
    assert '"code":"checkpoint_shrank"' in capsys.readouterr().out
    assert [each["shown"] for each in witness.evidence()] == [common]
    assert list(json.loads(witness.state.read_text(encoding="utf-8")).values()) == [left]


def test_what_was_seen_is_kept_before_the_cosignature_is_made(branches, directory, monkeypatch):
    """A witness that dies in between has cosigned nothing, and forgotten nothing."""
    witness, common, _, _ = branches

    def dies(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("api.commands.witness.cosign", dies)

    assert witness(shown(directory, common)) == 130
    assert list(json.loads(witness.state.read_text(encoding="utf-8")).values()) == [common]
    assert not witness.out.exists()


def test_a_witness_that_forgot_would_cosign_both(branches, directory):
    """The control: it is the memory of the witness that catches a fork, and nothing else."""
    witness, _, a, b = branches
    assert witness(shown(directory, add(a, "LEFT"))) == 0
    witness.state.unlink()

    assert witness(shown(directory, add(b, "RIGHT"))) == 0


def test_a_larger_tree_without_a_proof_is_asked_for_one(branches, directory, capsys):
    witness, common, a, _ = branches
    assert witness(shown(directory, common)) == 0

    assert witness(shown(directory, add(a, "LEFT")), "--json") == 1

    said = json.loads(capsys.readouterr().out)
    assert said["code"] == "checkpoint_out_of_reach"
    assert "--consistency" in said["message"]
    assert witness.evidence() == []


@pytest.mark.parametrize("raw", ["", "[]", '{"proof": 5}', '{"proof": ["zz"]}', "[" * 9_999])
def test_what_is_no_proof_is_none(branches, directory, capsys, raw):
    witness, common, a, _ = branches
    assert witness(shown(directory, common)) == 0
    proof = directory / "proof.json"
    proof.write_text(raw, encoding="utf-8")

    assert witness(shown(directory, add(a, "LEFT")), "--json", consistency=proof) == 1

    assert json.loads(capsys.readouterr().out)["code"] == "history_not_continued"


def test_who_cannot_be_reached_and_who_is_another_leave_the_state_alone(
    branches, directory, capsys
):
    witness, common, _, _ = branches
    cases = {
        "http://127.0.0.1:9": "checkpoint_out_of_reach",
        str(directory / "nothing.txt"): "checkpoint_out_of_reach",
        str(shown(directory, common.replace("\n— log", "\n— other"))): (
            "checkpoint_signature_invalid"
        ),
    }
    for source, expected in cases.items():
        assert witness(source, "--json") == 1
        assert json.loads(capsys.readouterr().out)["code"] == expected
    assert witness(shown(directory, common), "--json", origin="yongneng/ledger/370100") == 1
    assert json.loads(capsys.readouterr().out)["code"] == "checkpoint_origin_other"
    assert witness(shown(directory, common), "--json", name="two words") == 1
    assert not witness.state.exists()
    assert witness.evidence() == []
