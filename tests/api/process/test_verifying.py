"""What is verified before a writer takes commands, and what halts it while it does."""

import logging
import shutil
import time

import pytest
import sqlalchemy as sa

from api import verifying
from api.cli import cli, run
from api.jobs import put_aside
from api.processes import run_writer
from api.program import Program
from api.pulse import Checkpoints
from api.verifying import How, Verifying, Watching
from ledger.attest import HistoryBroken, grow
from ledger.damage import LedgerDamaged, LedgerHalted
from ledger.db import connect, reading
from ledger.errors import Refused
from ledger.keys import load_or_create_key, public_key_text
from ledger.signed_last import LedgerRolledBack
from ledger.tables import LeaseRow
from ledger.verified import kept_verified
from tests.api.process.test_jobs import TODAY
from tests.api.process.test_pulse import beating, checkpoints, eventually
from tests.api.process.world import connected, logged, open_ledger, sector, serving
from tests.ledger.tampering import unguarded

BALANCE = "INSERT INTO balances VALUES (1, 1, 0, 1)"
"""Nothing was posted there: no query of the writer's ever meets it."""


def damage(engine, statement=BALANCE):
    with engine.begin() as connection, unguarded(connection):
        assert connection.exec_driver_sql(statement).rowcount == 1


def url_of(program):
    return program.engine.url.render_as_string(hide_password=False)


def watching(program, path, **options):
    how = Verifying(How.TAIL, path.with_suffix(".pem"))
    return Watching(program.writer, program.engine, how, rests=0, **options)


def epoch(url):
    engine = connect(url)
    with reading(engine) as connection:
        found = connection.execute(sa.select(LeaseRow.epoch)).scalar_one()
    engine.dispose()
    return found


# Behind the writer


def test_damage_found_behind_the_writer_halts_it_for_every_face(program, path, caplog):
    damage(program.engine)
    watch = watching(program, path)
    with serving(program, path), connected(path) as gateway, caplog.at_level(logging.CRITICAL):
        gateway.require_writer()
        assert gateway.stopped is None
        watch.start()
        eventually(lambda: program.writer.stopped is not None)
        watch.stop()
        [near] = program.outcomes((sector("A"),))
        [far] = gateway.outcomes((sector("A"),))
        for way in (program, gateway):
            with pytest.raises(Refused) as refused:
                way.require_writer()
            assert refused.value.code == way.stopped.code == "ledger_halted"

    assert isinstance(near, LedgerHalted)
    assert (near.facts["check"], near.code, far.code) == ("balances", near.code, near.code)
    assert far.facts == near.facts
    assert logged(url_of(program)) == ["ledger:open"]
    assert "balances" in caplog.text


def test_a_halted_ledger_is_not_signed_and_its_pulse_does_not_tick(program, path):
    ticks = []
    program.tick = lambda: ticks.append(1)
    program.writer.halt(LedgerHalted("balances", "here", "planted"))
    pulse = beating(program, path, checkpoint_seconds=0.01)

    pulse.start()
    time.sleep(0.1)
    pulse.stop()

    assert ticks == []
    assert checkpoints(program.engine) == []


def test_history_that_does_not_lead_to_itself_halts_the_writer_when_it_is_to_be_signed(
    program, path
):
    damage(program.engine, "UPDATE commands SET actor = 'person:X' WHERE sequence = 1")

    with pytest.raises(HistoryBroken):
        Checkpoints(program, path.with_suffix(".pem")).sign()

    assert checkpoints(program.engine) == []
    [refused] = program.outcomes((sector("A"),))
    assert (refused.code, refused.facts["check"]) == ("ledger_halted", "history")


def test_the_first_reason_to_halt_is_kept(program):
    first, second = (LedgerHalted("balances", where, "planted") for where in "AB")
    program.writer.halt(first)
    program.writer.halt(second)

    assert program.writer.stopped is first


def test_passes_follow_one_another_and_each_keeps_how_far_it_came(program, path):
    watch = watching(program, path, rest_seconds=0)
    watch.start()
    eventually(lambda: watch.passes >= 2)
    program.outcomes((sector("A"),))
    before = watch.passes
    eventually(lambda: watch.passes >= before + 2)
    watch.stop()

    with reading(program.engine) as connection:
        assert kept_verified(path.with_suffix(".verified")) == grow(connection)
    assert program.writer.stopped is None


def test_a_pass_that_the_database_breaks_off_is_logged_and_the_next_one_comes(
    program, path, monkeypatch, caplog
):
    passes = []
    honest = verifying.Watch.steps

    def fail_first(watch):
        passes.append(1)
        if len(passes) == 1:
            raise sa.exc.InterfaceError("SELECT", {}, Exception("gone"))
        return honest(watch)

    monkeypatch.setattr(verifying.Watch, "steps", fail_first)
    watch = watching(program, path, rest_seconds=0)
    with caplog.at_level(logging.ERROR):
        watch.start()
        eventually(lambda: watch.passes >= 1)
        watch.stop()

    assert len(caplog.records) == 1
    assert program.writer.stopped is None


def test_nothing_is_watched_where_nothing_is_to_be_verified(program, path):
    damage(program.engine)
    watch = Watching(program.writer, program.engine, Verifying(How.NONE, path), rests=0)
    watch.start()
    time.sleep(0.05)
    watch.stop()

    assert watch.passes == 0
    assert program.writer.stopped is None


# Before the first command


DAMAGES = [
    (BALANCE, "balances", How.FULL),
    ("UPDATE role_grants SET role = 'exchange_operator' WHERE person = 'person:REG1'", "replay",
     How.FULL),
    ("UPDATE sectors SET name = 'other'", "replay", How.FULL),
    ("UPDATE commands SET actor = 'person:X' WHERE sequence = 1", "leaves", How.FULL),
    ("UPDATE commands SET actor = 'person:X' WHERE sequence = 1", "blocks", How.TAIL),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "check", "how"), DAMAGES)
def test_a_damaged_ledger_is_not_opened(program, path, statement, check, how):
    program.outcomes((sector("A"),))
    damage(program.engine, statement)
    url = url_of(program)
    before = epoch(url)

    with pytest.raises(LedgerDamaged) as refused:
        Program(url, verifying=Verifying(how, path.with_suffix(".pem")))

    assert refused.value.facts["check"] == check
    assert epoch(url) == before  # a writer that is at work would go on


@pytest.mark.parametrize("how", list(How))
def test_an_honest_ledger_is_opened(url, path, how):
    opened = open_ledger(url)
    opened.outcomes((sector("A"),))
    Checkpoints(opened, path.with_suffix(".pem")).sign()
    opened.close()

    Program(url, verifying=Verifying(how, path.with_suffix(".pem"))).close()


def test_a_ledger_that_is_new_is_opened(sqlite_url, path):
    Program(sqlite_url, verifying=Verifying(How.FULL, path.with_suffix(".pem"))).close()


def test_checkpoints_must_be_signed_by_the_key_of_today_or_a_retired_one(program, path):
    old, key = path.with_name("old.pem"), path.with_name("new.pem")
    Checkpoints(program, old).sign()
    load_or_create_key(key)
    how, url = Verifying(How.FULL, key), url_of(program)
    with pytest.raises(LedgerDamaged) as refused:
        Program(url, verifying=how)
    assert refused.value.facts["check"] == "checkpoints"

    line = public_key_text(load_or_create_key(old), "yongneng")
    key.with_suffix(".retired").write_text(line + "\n", encoding="utf-8")

    Program(url, verifying=how).close()


def test_a_writer_process_verifies_before_it_listens(program, path):
    damage(program.engine)
    said = []

    with pytest.raises(LedgerDamaged):
        run_writer(
            url_of(program), path, key=path.with_suffix(".pem"), say=said.append, how=How.FULL
        )

    assert said == []
    assert not path.exists()


def test_a_schema_nobody_knows_is_named(program, path):
    damage(program.engine, "UPDATE alembic_version SET version_num = '0000'")

    with pytest.raises(LedgerDamaged) as refused:
        Program(url_of(program), verifying=Verifying(How.FULL, path.with_suffix(".pem")))

    assert refused.value.facts["check"] == "schema"


# An older copy


@pytest.fixture
def rolled_back(sqlite_url, path):
    """A program on a copy that was put back after more was signed, and that went on differently."""
    key = path.with_suffix(".pem")
    opened = open_ledger(sqlite_url)
    Checkpoints(opened, key).sign()
    opened.close()
    file = opened.engine.url.database
    shutil.copyfile(file, f"{file}.copy")
    newer = Program(sqlite_url)
    newer.outcomes((sector("A"), sector("B")))
    Checkpoints(newer, key).sign()
    newer.close()
    shutil.copyfile(f"{file}.copy", file)
    older = Program(sqlite_url)
    yield older
    older.close()


@pytest.mark.parametrize("names", ["", "C", "CD", "CDE"])
def test_pulse_and_jobs_do_not_sign_an_older_copy_and_its_writer_halts(rolled_back, path, names):
    key, out = path.with_suffix(".pem"), path.parent / "checkpoints"
    rolled_back.outcomes([sector(name) for name in names])

    with pytest.raises(LedgerRolledBack):
        put_aside(rolled_back.engine, lambda: TODAY, key, out)
    with pytest.raises(LedgerRolledBack):
        Checkpoints(rolled_back, key).sign()

    assert checkpoints(rolled_back.engine) == [1]
    assert list(out.iterdir()) == []
    [refused] = rolled_back.outcomes((sector("Z"),))
    assert refused.code == "ledger_rolled_back"


@pytest.mark.parametrize(("names", "how"), [("", How.TAIL), ("C", How.TAIL), ("CDE", How.FULL)])
def test_an_older_copy_is_not_served(rolled_back, path, names, how):
    """While it is shorter the tail tells; that it went on differently takes all of history."""
    rolled_back.outcomes([sector(name) for name in names])

    with pytest.raises(LedgerRolledBack):
        Program(url_of(rolled_back), verifying=Verifying(how, path.with_suffix(".pem")))


def test_the_command_declares_the_loss_and_the_ledger_goes_on(rolled_back, path, capsys):
    key = path.with_suffix(".pem")
    home = str(rolled_back.engine.url.database).removesuffix("/ledger.db")
    rolled_back.outcomes((sector("C"),))
    arguments = ["checkpoint", "--data", home, "--key", str(key)]

    assert run(cli, arguments) == 1
    assert "--accept-rollback" in capsys.readouterr().err
    assert run(cli, [*arguments, "--accept-rollback", "disk lost"]) == 0
    printed = capsys.readouterr()
    assert run(cli, [*arguments, "--accept-rollback", "again"]) == 1

    assert "withdrawn 3\n" in printed.err
    assert "goes on from 2\n" in printed.err
    assert "reason disk lost" in printed.err
    assert checkpoints(rolled_back.engine) == [1, 2]
    Checkpoints(rolled_back, key).sign()
    Program(url_of(rolled_back), verifying=Verifying(How.FULL, key)).close()


# From the command line


def test_serve_says_which_check_failed_and_does_not_serve(sqlite_url, capsys):
    program = open_ledger(sqlite_url)
    damage(program.engine)
    home = str(program.engine.url.database).removesuffix("/ledger.db")
    program.close()

    assert run(cli, ["serve", "--data", home, "--port", "0", "--verify", "full"]) == 1

    said = capsys.readouterr().err
    assert "refused: the check of balances failed" in said
    assert "serving at" not in said


@pytest.mark.parametrize("command", [("digest",), ("self-check",), ("list", "enterprises")])
def test_no_command_shows_a_bare_error_of_a_damaged_file(tmp_path, capsys, command):
    (tmp_path / "ledger.db").write_bytes(b"x" * 8192)

    assert run(cli, [*command, "--data", str(tmp_path)]) == 1

    assert "refused: the check of storage failed" in capsys.readouterr().err
