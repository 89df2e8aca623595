"""A ledger with regulators in it, writers on threads and in processes, and people who ask."""

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import sqlalchemy as sa

from api.gateway import Gateway
from api.program import Program, subjects
from api.socket_gateway import SocketGateway
from api.socket_place import SocketPlace
from api.standby import Turn
from api.writer_line import WriterAway
from api.writer_server import Desk, WriterServer
from ledger.command import Command
from ledger.db import connect, reading
from ledger.errors import Refused
from ledger.parties.enroll import RegisterSectors, SectorLine
from ledger.register import OpenLedger
from ledger.tables import CommandRow
from ledger.writer import OutcomeUnknown
from tests.build import GRANTS, REGULATOR

ROOT = Path(__file__).resolve().parents[3]
SUBJECTS = subjects()
START_SECONDS_MAX = 60
SAID = {
    Turn.IF_FREE: "the writer listens",
    Turn.TAKE_OVER: "the writer listens",
    Turn.STANDBY: "standing by",
}


def sector(name, *, command_id="", actor=REGULATOR, title="钢铁"):
    """Return the command that registers one sector, which can be done only once."""
    line = SectorLine(name, title, "Steel", "no")
    return Command(command_id or f"sector:{name}", actor, RegisterSectors(rows=(line,)))


def open_ledger(url, **options):
    """Return a program on a ledger that has just been opened."""
    program = Program(url, **options)
    opening = OpenLedger(
        name="示例省", jurisdiction="sample", purpose="demonstration", grants=GRANTS
    )
    program.submit(Command("ledger:open", REGULATOR, opening)).require()
    return program


@contextmanager
def serving(program, path, *, desk=Desk):
    """Let a writer listen at *path* on a thread of its own, and end it in order."""
    place = SocketPlace(path)
    server = WriterServer(desk(program), place)
    thread = Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        assert server.finish(seconds=20)
        place.close()


@contextmanager
def connected(path, **options):
    """Give a web process's gateway to the writer at *path*."""
    gateway = SocketGateway(path, SUBJECTS, **options)
    is_gateway: Gateway = gateway
    try:
        yield is_gateway
    finally:
        gateway.close()


@contextmanager
def writer_process(url, path, *, fault="none", turn=Turn.IF_FREE):
    """Give a writer in a process of its own, once it listens or waits; it is dead afterwards."""
    arguments = (fault, turn, url, str(path))
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.api.process.child", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until_it_says(process, SAID[turn])
            yield process
        finally:
            process.kill()


def wait_until_it_says(process, beginning):
    """Read what a process says, warnings of the database first, up to a line that begins so."""
    said = []
    while not (said and said[-1].startswith(beginning)):
        said.append(process.stderr.readline())
        assert said[-1], "".join(said)


class Asker:
    """Somebody who registers sectors until the writer goes, and keeps the score."""

    def __init__(self, gateway, name):
        self.gateway, self.name = gateway, name
        self.acknowledged, self.away, self.unknown = [], [], []
        self.surprises = []
        self.thread = Thread(target=self._ask)
        self.thread.start()

    def _ask(self):
        number = 0
        while not (self.away or self.unknown or self.surprises):
            number += 1
            self._note(sector(f"{self.name}{number:05}"))

    def _note(self, command):
        [outcome] = self.gateway.outcomes((command,))
        if isinstance(outcome, WriterAway):
            self.away.append(command)
        elif isinstance(outcome, OutcomeUnknown):
            self.unknown.append(command)
        elif isinstance(outcome, Refused) or not outcome.ok:
            self.surprises.append(outcome)
        else:
            self.acknowledged.append(command)


class Crowd:
    """Several askers at two web processes."""

    def __init__(self, gateways, *, each):
        self.askers = [
            Asker(gateway, f"{'XY'[web]}{chr(65 + number)}")
            for web, gateway in enumerate(gateways)
            for number in range(each)
        ]

    def wait_for(self, acknowledged):
        """Wait until so many commands have been acknowledged."""
        until = time.monotonic() + START_SECONDS_MAX
        while len(self.all("acknowledged")) < acknowledged:
            assert time.monotonic() < until, "the crowd is not served"
            time.sleep(0.01)

    def go_home(self):
        """Wait until everybody has noticed that the writer is gone."""
        for asker in self.askers:
            asker.thread.join()

    def all(self, score):
        """Return what all askers together have on one score."""
        return [each for asker in self.askers for each in getattr(asker, score)]


def logged(url):
    """Return the ids in the command log, in their order."""
    engine = connect(url)
    with reading(engine) as connection:
        ids = connection.execute(sa.select(CommandRow.id).order_by(CommandRow.sequence))
        found = list(ids.scalars())
    engine.dispose()
    return found
