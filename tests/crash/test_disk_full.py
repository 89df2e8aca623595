"""A full disk refuses cleanly, can be read all the while, and has room for the same id later."""

import os
import shutil
import subprocess

import pytest

from api.drill.crash import disk_suite
from ledger.approve import approving, proposing
from ledger.command import Command
from ledger.db import connect, sqlite_url
from ledger.roles import Grant, GrantRoles
from ledger.storage import StorageExhausted
from ledger.subject import Role
from tests.build import REGULATOR, SECOND_SECURITY, SECURITY, OpenFreely
from tests.ledger.small import opened

MANY = tuple(f"enterprise:E{number}:cash" for number in range(100, 1_100))


def test_twenty_full_disks_leave_no_partial_effect_and_the_same_ids_succeed(workshop):
    tally, slowest_us = disk_suite(workshop, fills=20, seed=3)

    assert tally.trials == 20
    assert (tally.lost, tally.corrupt, tally.unbalanced, tally.faults) == (0, 0, 0, 0)
    assert slowest_us < 5_000_000


@pytest.fixture
def small_disk(tmp_path, sqlite_template):
    """A file system of four MiB with a ledger on it."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    shutil.copyfile(sqlite_template, place / "ledger.db")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place):
    """Leave no room on a file system; return the file that takes it."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def test_on_a_file_system_that_is_really_full(small_disk, clock):
    engine = connect(sqlite_url(small_disk))
    bench = opened(engine, clock)
    before, ballast = bench.digest(), fill(small_disk)
    many = OpenFreely(addresses=MANY)

    for _ in range(3):
        with pytest.raises(StorageExhausted) as full:
            bench.do(many, command_id="many")
        assert bench.digest() == before

    ballast.unlink()
    assert full.value.facts["problem"].startswith("SQLITE_FULL")
    assert bench.do(many, command_id="many").require().repeated is False
    assert bench.do(many, command_id="many").repeated is True
    assert bench.balance(MANY[0], "cash.cny") == 0
    bench.writer.close()
    engine.dispose()


def limit(bench, pages):
    """Let SQLite say that the disk is full when the database would have more pages."""
    connection = bench.writer._connection.connection.driver_connection
    connection.execute(f"PRAGMA max_page_count={pages}")


def test_a_full_database_refuses_all_that_came_along_and_stores_nothing_of_it(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock)
    before = bench.digest()
    limit(bench, 1)  # it has more already, and may not grow
    commands = [
        Command("full:1", REGULATOR, OpenFreely(addresses=MANY[:1])),
        Command("full:2", REGULATOR, OpenFreely(addresses=MANY[1:])),
    ]

    outcomes = bench.writer.outcomes(commands)

    told = [(outcome.code, outcome.rule) for outcome in outcomes]
    assert told == [("storage_exhausted", "REG-58")] * 2
    assert bench.digest() == before
    limit(bench, 1 << 30)
    assert [answer.ok for answer in bench.writer.submit_all(commands)] == [True, True]


def test_a_cold_command_that_meets_a_full_disk_is_refused_in_the_same_way(sqlite_engine, clock):
    """Its rows are written while it is decided, where other errors are bugs of its own."""
    bench = opened(sqlite_engine, clock)
    persons = tuple(Grant(f"person:P{number}", Role.AUDITOR) for number in range(3_000))
    giving = GrantRoles(grants=persons)
    proposal = bench.do(proposing(giving), actor=SECURITY).require().sequence
    before = bench.digest()
    limit(bench, 1)

    with pytest.raises(StorageExhausted):
        bench.do(approving(proposal, giving), actor=SECOND_SECURITY, command_id="cold")

    assert bench.digest() == before
    limit(bench, 1 << 30)
    assert bench.do(approving(proposal, giving), actor=SECOND_SECURITY, command_id="cold").ok


def test_a_log_that_cannot_be_moved_for_want_of_room_stays_where_it_is(
    sqlite_engine, clock, monkeypatch
):
    bench = opened(sqlite_engine, clock)
    monkeypatch.setattr("ledger.writer.BLOCKS_PER_WAL_MOVE", 1)

    def full(_connection):
        raise StorageExhausted("SQLITE_FULL")

    with monkeypatch.context() as broken:
        broken.setattr("ledger.writer.move_wal", full)
        assert bench.do(OpenFreely(addresses=MANY[:1])).ok
        assert bench.do(OpenFreely(addresses=MANY[1:2])).ok

    assert bench.do(OpenFreely(addresses=MANY[2:3])).ok
