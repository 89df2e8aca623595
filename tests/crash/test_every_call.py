"""
Whatever call of the database fails, a command has happened wholly or not at all.

Every kind of command the product has is sent while first the first call of the driver fails, then
the second, and so on until it succeeds: from the honest documents of the table of bad input in a
small town, from the log of the demonstration, and for the few kinds that neither has, something
plausible whose refusal is logged.
"""

import itertools
import json
import shutil
import sqlite3
from contextlib import suppress
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import ClassVar

import pytest
import sqlalchemy as sa

from api.commands.send import payload_of
from api.demo.play import play_chapters
from api.demo.stage import HandClock, Stage
from api.demo.voice import Voice
from api.program import SUBJECTS, Program, subjects
from ledger.approve import approving, proposing
from ledger.cash import Deposit
from ledger.command import Payload
from ledger.db import Base, connect, move_wal, reading, sqlite_url
from ledger.digest import state_digest
from ledger.errors import Refused
from ledger.history import CommandTold, in_order
from ledger.load import load_memory
from ledger.post import AmountNotPositive
from ledger.replay import _no_clock, _pending
from ledger.roles import Grant, GrantRoles, RevokeRole
from ledger.set_aside import CaptureHold, ReleaseHold
from ledger.subject import Handler, Role, Subject
from ledger.tables import CommandRow, ProposalRow
from ledger.transfer import ReverseEntry
from ledger.writer import BATCH_MAX, OutcomeUnknown, Writer
from market.cancel import CancelOrder
from tests.api.town import open_town
from tests.build import (
    CLEARING,
    OPENED,
    REGULATOR,
    SECOND_CLEARING,
    SECOND_SECURITY,
    SECURITY,
    Bench,
    OpenFreely,
)
from tests.conftest import FixedClock
from tests.crash.faulty import plant
from tests.demo_files import toml
from tests.ledger import small
from tests.properties.hostile import Hostile
from tests.properties.memory_view import remembered

HONEST = toml(Path(__file__).parents[1] / "vectors" / "bad_input.toml")["honest"]
DRAWS_MAX = 20
CALLS_MAX = 100
"""More than any command makes, so that one that never succeeds is noticed."""


@pytest.fixture(autouse=True)
def no_move_of_the_log(monkeypatch):
    """It comes after the commit and is no part of a command; test_io_errors.py lets it fail."""
    monkeypatch.setattr("ledger.writer.BLOCKS_PER_WAL_MOVE", 1 << 40)


class Strikes:
    """
    Lets call after call of a ledger's driver fail until a command succeeds for all that.

    *look* returns what must not change as long as it does not.
    """

    def __init__(self, writer, plan, look):
        self.writer, self.plan, self.look = writer, plan, look
        self.total = 0

    def __call__(self, send):
        for at in range(1, CALLS_MAX):
            self._read_memory_again()
            before = self.look()
            self.plan.arm(at)
            try:
                answer, is_unknown = send(), False
            except OutcomeUnknown:
                answer, is_unknown = None, True
            finally:
                has_struck, called = self.plan.has_struck, self.plan.names[-1:]
                self.plan.disarm()
            assert is_unknown == has_struck, (at, called, answer)
            if not has_struck:
                return answer
            self.total += 1
            assert self.look() == before, (at, called)
        raise AssertionError("it never succeeds")

    def _read_memory_again(self):
        # As the next command would, so that the calls that are counted are the command's own.
        if not self.writer._memory_is_true:
            self.writer.memory = self.writer._load()
            self.writer._memory_is_true = True


@pytest.fixture
def commits():
    """A function that returns another: SQLite's own word for whether anybody has committed."""
    opened = []

    def of(engine):
        opened.append(sqlite3.connect(engine.url.database))
        return partial(_version, opened[-1])

    yield of
    for connection in opened:
        connection.close()


def _version(connection):
    return connection.execute("PRAGMA data_version").fetchone()


def history_of(engine):
    """Return what the log says of every command, and the state digest."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(CommandRow.__table__).order_by(CommandRow.sequence))
        told = [(row.id, row.kind, row.code, row.answer, row.leaf_hash) for row in rows]
        return told, state_digest(connection)


def require_true_memory(bench):
    """See that the writer remembers what it would read, however it came to remember it."""
    with reading(bench.engine) as connection:
        assert remembered(bench.writer.memory) == remembered(
            load_memory(connection, bench.subjects)
        )


# The demonstration: most kinds, accepted as they were.


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    """The whole demonstration, played once: an engine on it."""
    directory = tmp_path_factory.mktemp("demonstration")
    (directory / "papers").mkdir()
    clock = HandClock(date(2025, 1, 2))
    program = Program(sqlite_url(directory), clock=clock)
    play_chapters(Stage(program, clock, Voice(silent=True), directory / "papers"))
    program.close()
    engine = connect(sqlite_url(directory))
    yield engine
    engine.dispose()


@cache
def first_of_each_kind(engine):
    """Return by kind the first command that had that effect, its approval where it took two."""
    with reading(engine) as connection:
        told = [CommandTold._make(row) for row in in_order(connection, CommandRow, 0)]
        proposals = connection.execute(sa.select(ProposalRow.id, ProposalRow.kind))
        proposed = {row.id: row.kind for row in proposals}
    found = {}
    for command in told:
        if command.code == "ok":
            found.setdefault(command.kind, command.sequence)
            if command.kind == "proposal.approve":
                proposal = json.loads(command.payload)["proposal"]
                found.setdefault(proposed[proposal], command.sequence)
    return found, told


def test_each_command_of_the_demonstration_is_all_or_nothing_at_every_call(
    demonstration, sqlite_engine, commits
):
    known, (found, told) = subjects(), first_of_each_kind(demonstration)
    plan = plant(sqlite_engine)
    writer = Writer(sqlite_engine, known, clock=_no_clock)
    strikes = Strikes(writer, plan, commits(sqlite_engine))
    wanted = {number for kind, number in found.items() if kind not in IN_TOWN}

    def again(commands):
        writer.replay([_pending(each, known) for each in commands])

    def alone(command):
        pending = _pending(command, known)
        writer.replay([pending])
        return pending.outcome()

    for is_wanted, commands in itertools.groupby(told, lambda each: each.sequence in wanted):
        if is_wanted:
            for command in commands:
                assert strikes(partial(alone, command)).code == "ok"
        else:
            between = list(commands)
            for start in range(0, len(between), BATCH_MAX):
                again(between[start : start + BATCH_MAX])

    writer.close()
    assert len(wanted) > 30
    assert strikes.total > 10 * len(wanted)
    assert history_of(sqlite_engine) == history_of(demonstration)


# The town: what can be sent to a small ledger.


IN_TOWN = {
    *HONEST.keys() - {"packs.adopt"},  # the honest one is a base for faults, not a document
    "proposal.make",
    "hold.capture",
    "hold.release",
    "entries.reverse",
    "roles.revoke",
}


class Town:
    """A copy of the town, to which commands are sent; *sends* decides how each goes."""

    def __init__(self, engine, now):
        self.bench = Bench(engine, FixedClock(now), SUBJECTS[2:])
        self.sends = lambda send: send()
        self.accepted = set()
        self._numbers = itertools.count(1)

    def do(self, payload, actor):
        command_id = f"script:{next(self._numbers)}"
        answer = self.sends(lambda: self.bench.do(payload, actor=actor, command_id=command_id))
        return self._noted(payload, answer)

    def send(self, payload, maker, checker=""):
        if not checker:
            return self.do(payload, maker)
        proposal = self.do(proposing(payload), maker).require().sequence
        return self._noted(payload, self.do(approving(proposal, payload), checker))

    def _noted(self, payload, answer):
        if answer.ok:
            self.accepted.add(payload.kind)
        return answer

    def play(self):
        """Send the honest documents of the table of bad input, and what follows from them."""
        answers = {}
        for kind, row in HONEST.items():
            if "document" in row and kind not in ("orders.cancel", "proposal.approve"):
                payload = payload_of(self.bench.subjects, kind, json.dumps(row["document"]))
                sent = self.send(payload, row["maker"], row.get("checker", ""))
                answers[kind] = sent.require().result
        order, hold = answers["orders.place"]["order"], answers["hold.place"]["hold"]
        self.do(CancelOrder(enterprise="E1", order=order), "person:T1").require()
        part = CaptureHold(hold=hold, amount=300, destination="enterprise:E2:holding")
        self.do(part, CLEARING).require()
        self.do(ReleaseHold(hold=hold), "person:ADM").require()
        undo = ReverseEntry(entry=answers["cash.deposit"]["entry"], reason="twice")
        self.send(undo, CLEARING, REGULATOR).require()
        self.do(RevokeRole(person="person:NEW1", role=Role.AUDITOR), SECURITY).require()

    def send_each(self, kinds):
        """Send something plausible of each of *kinds* by somebody who may, whatever it comes to."""
        hostile = Hostile(self.bench.subjects, 1, 0)
        for kind in sorted(kinds):
            handler = self.bench.subjects.handlers[kind]
            offices = [
                f"person:{role.upper()}-{number}"
                for number, roles in enumerate((handler.makers, handler.checkers), start=1)
                for role in sorted(roles or {Role.SECURITY})[:1]
            ]
            maker, checker = offices[0], offices[1] if handler.checkers else ""
            for _ in range(DRAWS_MAX):
                # What is refused at the door never becomes a command, and is drawn again.
                with suppress(Refused):
                    self.send(hostile.payload(kind), maker, checker)
                    break


@pytest.fixture(scope="module")
def town_file(sqlite_template, tmp_path_factory):
    """The town in a file, with two persons in every office, and its time."""
    directory = tmp_path_factory.mktemp("town")
    shutil.copyfile(sqlite_template, directory / "ledger.db")
    engine, clock = connect(sqlite_url(directory)), FixedClock()
    bench = open_town(engine, clock)
    grants = tuple(Grant(f"person:{role.upper()}-{n}", role) for role in Role for n in (1, 2))
    bench.both(GrantRoles(grants=grants), maker=SECURITY, checker=SECOND_SECURITY).require()
    bench.writer.close()
    OPENED.remove(bench)
    with engine.connect() as connection:
        move_wal(connection, empty_it=True)
    engine.dispose()
    return directory / "ledger.db", clock.now


@pytest.fixture
def town(town_file, tmp_path):
    """A function that makes a town of its own in a directory of that name."""
    made = []

    def make(name):
        (tmp_path / name).mkdir()
        shutil.copyfile(town_file[0], tmp_path / name / "ledger.db")
        made.append(Town(connect(sqlite_url(tmp_path / name)), town_file[1]))
        return made[-1]

    yield make
    for each in made:
        each.bench.writer.close()
        OPENED.remove(each.bench)
        each.bench.engine.dispose()


def struck(town, look):
    """Let every call of every command sent to *town* from now on fail once."""
    plan = plant(town.bench.engine)
    town.bench.restart()
    town.sends = Strikes(town.bench.writer, plan, look)
    return town.sends


def test_each_command_of_the_town_is_all_or_nothing_at_every_call(demonstration, town, commits):
    rest = subjects().handlers.keys() - IN_TOWN - first_of_each_kind(demonstration)[0].keys()
    rest = sorted(rest)[::4]  # all of them would take a minute; most are refused before they write
    hit, spared = town("hit"), town("spared")
    spared.bench.restart()
    strikes = struck(hit, commits(hit.bench.engine))

    for each in (hit, spared):
        each.play()
        each.send_each(rest)

    assert strikes.total > 10 * len(IN_TOWN | set(rest))
    assert history_of(hit.bench.engine) == history_of(spared.bench.engine)
    require_true_memory(hit.bench)
    assert hit.accepted >= IN_TOWN


def test_the_town_and_the_demonstration_have_every_kind_but_a_few(demonstration):
    accepted = IN_TOWN | first_of_each_kind(demonstration)[0].keys()

    few = subjects().handlers.keys() - accepted

    # The others have drawn payloads alone, which few of them accept: there are not to be more.
    assert len(few) <= 81


# Both engines: the kernel's own commands, and a commit whose answer is lost.


OPENING = 2
"""Commands of the opening of a small ledger, whose ids differ from one to the next."""


def sizes(engine):
    """Return how many rows each table has."""
    counts = [f"SELECT '{name}', count(*) FROM {name}" for name in sorted(Base.metadata.tables)]
    with reading(engine) as connection:
        return connection.exec_driver_sql(" UNION ALL ".join(counts)).all()


def play_small(send):
    """Send a deposit, a hold that is refused, and so many accounts that they are copied."""
    deposit = Deposit(enterprise="E1", amount_fen=100_000, statement_line="2025-0001")
    proposal = send(proposing(deposit), CLEARING).require().sequence
    send(approving(proposal, deposit), SECOND_CLEARING).require()
    assert send(small.place(1), small.TRADER).code == "insufficient_balance"
    rows = tuple(f"enterprise:E{number}:cash" for number in range(10, 30))
    send(OpenFreely(addresses=rows), REGULATOR).require()


def named(bench, wrap=lambda send: send()):
    numbers = itertools.count(1)

    def send(payload, actor):
        command_id = f"small:{next(numbers)}"
        return wrap(lambda: bench.do(payload, actor=actor, command_id=command_id))

    return send


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_every_call_may_fail_on_either_engine(engine, other_engine, clock):
    spared = small.opened(other_engine, FixedClock())
    play_small(named(spared))
    bench = small.opened(engine, clock)
    plan = plant(engine)
    bench.restart()
    strikes = Strikes(bench.writer, plan, partial(sizes, engine))

    play_small(named(bench, strikes))

    assert strikes.total > 25
    (told, digest), (told_there, digest_there) = map(history_of, (engine, other_engine))
    assert told[OPENING:] == told_there[OPENING:]
    assert digest == digest_there
    require_true_memory(bench)


def test_a_commit_that_is_durable_and_fails_all_the_same_is_resolved_by_the_id(engine, clock):
    bench = small.opened(engine, clock)
    plan = plant(engine)
    bench.restart()
    opening = OpenFreely(addresses=("enterprise:E9:cash",))
    before = bench.digest()
    plan.arm(CALLS_MAX)
    bench.do(OpenFreely(addresses=("enterprise:E8:cash",)))
    commit = 1 + plan.names.index("COMMIT")
    after_one = bench.digest()

    plan.arm(commit, after=True)
    with pytest.raises(OutcomeUnknown):
        bench.do(opening, command_id="once")
    plan.disarm()
    after_two = bench.digest()
    again = bench.do(opening, command_id="once")

    assert (again.ok, again.repeated) == (True, True)
    assert len({before, after_one, after_two}) == 3
    assert bench.digest() == after_two


# Planted bugs.


class Leak(Payload, frozen=True):
    """Change what the writer remembers, without an undo, and then be refused."""

    kind: ClassVar[str] = "test.leak"


def leak(work, _payload):
    account = work.memory.accounts[small.E1]
    asset = work.memory.assets[small.FLOW]
    work.memory.balances[account.id << 20 | asset.id] = 7
    raise AmountNotPositive(0)


class Count(Payload, frozen=True):
    """Answer with a number that is kept outside what the writer remembers."""

    kind: ClassVar[str] = "test.count"


def planted(verb, shape):
    return Subject("planted", (Handler(shape, verb, frozenset({Role.CITY_REGULATOR})),))


def test_a_handler_that_changes_memory_without_an_undo_is_caught(sqlite_engine, clock):
    bench = small.opened(sqlite_engine, clock, (planted(leak, Leak),))
    plan = plant(sqlite_engine)
    bench.restart()
    strikes = Strikes(bench.writer, plan, bench.digest)

    assert strikes(lambda: bench.do(Leak(), command_id="leak")).code == "amount_not_positive"

    with pytest.raises(AssertionError):
        require_true_memory(bench)


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_a_handler_that_counts_outside_memory_is_caught(sqlite_engine, other_engine):
    histories = []
    for engine, has_faults in ((sqlite_engine, True), (other_engine, False)):
        numbers = itertools.count(1)
        counting = planted(lambda _work, _payload, each=numbers: {"number": next(each)}, Count)
        bench = small.opened(engine, FixedClock(), (counting,))
        plan = plant(engine)
        bench.restart()
        wrap = Strikes(bench.writer, plan, bench.digest) if has_faults else lambda send: send()
        named(bench, wrap)(Count(), REGULATOR).require()
        histories.append(history_of(engine)[0][OPENING:])

    assert histories[0] != histories[1]
