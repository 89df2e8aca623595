"""
Jobs: wake a writer when something is due, and put aside a checkpoint each day.

One process of this kind works at a time, and another takes over when it ends. What falls due is
done by the writer, which being woken twice does nothing twice; a day's checkpoint is put aside
once, after all of history has been read and verified anew.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta, timezone
from pathlib import Path
from threading import Event

import sqlalchemy as sa
from apscheduler.schedulers.background import BackgroundScheduler

from api.commands.audit import KEY_NAME
from api.gateway import Gateway
from api.program import reading_engine, subjects
from api.socket_gateway import SocketGateway
from api.web_server import ended_by_signals
from api.writer_line import WriterAway
from ledger.attest import LedgerNotOpened, Profile, ledger_origin, sign_checkpoint
from ledger.days import day_of
from ledger.db import reading
from ledger.errors import Refused
from ledger.keys import load_or_create_key
from ledger.signed_last import SignedLast
from ledger.writer import OutcomeUnknown

WAKE_SECONDS = 5
LOOK_SECONDS = 60
"""How often a day's checkpoint is looked for, so that one that was missed is caught up with."""

LEAD_SECONDS = 1.0
ADVISORY_LOCK = 0x59_4E_4A_4F_42_53
"""The session lock of whoever leads, on PostgreSQL."""

SHANGHAI = timezone(timedelta(hours=8))

_LOG = logging.getLogger(__name__)


class LeadLost(Refused):
    """The connection that held the lead is gone, so that another may lead by now."""

    code = "lead_lost"
    rule = "REG-08"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"the lead over the jobs was lost: {problem}; start this process again",
            problem=problem[:200],
        )


def run_jobs(
    url: str,
    socket: Path,
    *,
    key: Path,
    out: Path,
    say: Callable[[str], None],
    profile: Profile = Profile.SHA256,
) -> None:
    """
    Do the jobs of the ledger at *url* until told to end, once no other process does.

    Refusals: `lead_lost`, where the lead cannot be proved any more.
    """
    stopping = Event()
    with ExitStack() as stack:
        engine = reading_engine(url)
        stack.callback(engine.dispose)
        stack.enter_context(ended_by_signals(stopping.set))
        still_leads = stack.enter_context(leading(engine, stopping))
        gateway = SocketGateway(socket, subjects())
        stack.callback(gateway.close)
        if not stopping.is_set():
            say("this process leads the jobs")
            stack.enter_context(scheduled(engine, gateway, key=key, out=out, profile=profile))
        while not stopping.wait(LEAD_SECONDS):
            still_leads()


@contextmanager
def scheduled(
    engine: sa.Engine,
    gateway: Gateway,
    *,
    key: Path,
    out: Path,
    profile: Profile = Profile.SHA256,
) -> Iterator[None]:
    """Run the jobs for the length of the block; the last one is waited for."""
    scheduler = BackgroundScheduler(
        timezone=SHANGHAI,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    scheduler.add_job(wake, "interval", seconds=WAKE_SECONDS, args=(gateway,))
    asked = (engine, gateway.now, key, out, profile)
    scheduler.add_job(put_aside, "interval", seconds=LOOK_SECONDS, args=asked)
    put_aside(*asked)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def wake(gateway: Gateway) -> None:
    """Let what is due happen; a writer that is away is tried again the next time."""
    try:
        gateway.tick()
    except (WriterAway, OutcomeUnknown) as refusal:
        _LOG.warning("%s", refusal)


def put_aside(
    engine: sa.Engine,
    now: Callable[[], int],
    key: Path,
    out: Path,
    profile: Profile = Profile.SHA256,
) -> Path | None:
    """
    Return the file of today's checkpoint in *out*, signed now if it is not there.

    All of history is verified first. A ledger without history has none.

    Refusals: `history_broken`, `ledger_rolled_back`. Rules: AUD-21, AUD-47.
    """
    path = out / f"{day_of(now()).isoformat()}.txt"
    if path.exists():
        return path
    try:
        with reading(engine) as connection:
            origin = ledger_origin(connection)
    except LedgerNotOpened:
        return None
    out.mkdir(parents=True, exist_ok=True)
    note = sign_checkpoint(
        engine,
        load_or_create_key(key),
        origin=origin,
        key_name=KEY_NAME,
        last=SignedLast(key),
        profile=profile,
    )
    fresh = path.with_suffix(".new")
    fresh.write_text(note, encoding="utf-8")
    fresh.rename(path)
    return path


@contextmanager
def leading(engine: sa.Engine, stopping: Event) -> Iterator[Callable[[], None]]:
    """
    Wait until this process leads, or is stopping; give the function that refuses if it does not.

    The system lets go of the lead however a process ends.
    """
    lead = _postgres_lead if engine.dialect.name == "postgresql" else _file_lead
    with lead(engine) as (take, still_leads):
        while not take() and not stopping.wait(LEAD_SECONDS):
            pass
        yield still_leads


Lead = Iterator[tuple[Callable[[], bool], Callable[[], None]]]


@contextmanager
def _file_lead(engine: sa.Engine) -> Lead:
    assert engine.url.database is not None
    path = Path(engine.url.database).with_name("jobs.lock")
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        yield take, lambda: None  # a file's lock is not lost
    finally:
        os.close(lock)


@contextmanager
def _postgres_lead(engine: sa.Engine) -> Lead:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # back in the pool, its session would go on holding the lead

        def take() -> bool:
            query = sa.select(sa.func.pg_try_advisory_lock(ADVISORY_LOCK))
            return bool(connection.execute(query).scalar_one())

        def still_leads() -> None:
            try:
                connection.execute(sa.select(1))
            except sa.exc.DBAPIError as error:
                raise LeadLost(str(error.orig)) from error

        yield take, still_leads
