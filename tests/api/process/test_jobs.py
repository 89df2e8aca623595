"""One process at a time does the jobs, and what it does twice happens once."""

import logging
from datetime import date
from threading import Event, Thread

import pytest
import sqlalchemy as sa

from api.jobs import LeadLost, leading, put_aside, scheduled, wake
from api.program import Program
from ledger.days import start_of
from ledger.db import connect
from tests.api.process.test_pulse import checkpoints
from tests.api.process.world import connected, sector

TODAY = start_of(date(2026, 3, 2))
TOMORROW = start_of(date(2026, 3, 3))


def test_a_days_checkpoint_is_put_aside_once_and_the_next_day_again(program, path):
    key, out = path.with_suffix(".pem"), path.parent / "checkpoints"

    first = put_aside(program.engine, lambda: TODAY, key, out)
    text = first.read_text(encoding="utf-8")
    program.outcomes((sector("A"),))
    again = put_aside(program.engine, lambda: TOMORROW - 1, key, out)
    second = put_aside(program.engine, lambda: TOMORROW, key, out)

    assert [path.name for path in sorted(out.iterdir())] == ["2026-03-02.txt", "2026-03-03.txt"]
    assert again == first
    assert first.read_text(encoding="utf-8") == text
    assert text.startswith("yongneng/demonstration/sample-")
    assert second.read_text(encoding="utf-8") != text
    assert checkpoints(program.engine) == [1, 2]


def test_a_ledger_without_history_has_no_checkpoint(sqlite_url, path):
    program = Program(sqlite_url)

    assert put_aside(program.engine, lambda: TODAY, path.with_suffix(".pem"), path.parent) is None
    program.close()

    assert list(path.parent.iterdir()) == []


def test_a_writer_that_is_away_is_waked_another_time(path, caplog):
    with connected(path) as gateway, caplog.at_level(logging.WARNING):
        wake(gateway)

    assert "cannot be reached" in caplog.text


def test_the_jobs_run_until_the_block_ends(program, path):
    out = path.parent / "checkpoints"
    with scheduled(program.engine, program, key=path.with_suffix(".pem"), out=out):
        assert len(list(out.iterdir())) == 1


def test_one_process_leads_and_the_next_one_takes_over(url):
    one, other = connect(url), connect(url)
    leads, is_over = Event(), Event()

    def wait_for_the_lead():
        with leading(other, Event()) as still_leads:
            still_leads()
            leads.set()
            is_over.wait(20)

    waiting = Thread(target=wait_for_the_lead)
    with leading(one, Event()) as still_leads:
        waiting.start()
        assert not leads.wait(1.5)
        still_leads()
    assert leads.wait(20)
    is_over.set()
    waiting.join()
    one.dispose()
    other.dispose()


def test_who_is_told_to_end_while_waiting_for_the_lead_does_not_lead(url):
    one, other = connect(url), connect(url)
    stopping = Event()
    with leading(one, Event()):
        stopping.set()
        with leading(other, stopping):
            pass
    one.dispose()
    other.dispose()


@pytest.mark.postgres
def test_a_lead_whose_connection_is_cut_is_lost(postgres_engine):
    with leading(postgres_engine, Event()) as still_leads:
        still_leads()
        cut_who_holds_a_lock(postgres_engine)
        with pytest.raises(LeadLost):
            still_leads()


def cut_who_holds_a_lock(engine):
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
    admin = connect(engine.url.render_as_string(hide_password=False))
    with admin.connect() as connection:
        assert connection.execute(sa.text(query)).scalars().all() == [True]
    admin.dispose()
