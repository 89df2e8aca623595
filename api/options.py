"""Options that commands share: where the ledger is, who acts, and how to answer."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import click
import sqlalchemy as sa

from api.ids import fresh_uuid
from api.program import Program, database_url, reading_engine
from api.standby import Turn, turn_to_write
from ledger.attest import LedgerNotOpened
from ledger.db import reading
from ledger.tables import CommandRow

Function = TypeVar("Function", bound=Callable[..., Any])

_DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of an embedded ledger; without it DATABASE_URL, or ./data.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_ACTOR = click.option("--actor", required=True, help="Who acts, such as person:REG1.")
_ID = click.option("--id", "command_id", default="", help="The command's id; made up if left out.")


def data_option(function: Function) -> Function:
    """Add --data."""
    return _DATA(function)


def json_option(function: Function) -> Function:
    """Add --json."""
    return _JSON(function)


def actor_options(function: Function) -> Function:
    """Add --actor and --id."""
    return _ACTOR(_ID(function))


@contextmanager
def opened(data: Path | None, *, begins: bool = False) -> Iterator[Program]:
    """Open the ledger for writing and let go of it afterwards; only *begins* makes a new one."""
    if not begins:
        _require_there(data)
    with _alone(data):
        program = Program(database_url(data))
        try:
            yield program
        finally:
            program.close()


@contextmanager
def _alone(data: Path | None) -> Iterator[None]:
    """Refuse a ledger that a running `serve` or `writer` has: that would have to end."""
    if data is None and os.environ.get("DATABASE_URL"):
        with turn_to_write(database_url(data), Turn.IF_FREE, Event()):
            yield
        return
    try:
        from api.socket_place import hold, socket_path
    except ImportError:  # Windows: the lease alone decides
        yield
        return
    with hold(socket_path(data, None)):
        yield


@contextmanager
def existing(data: Path | None) -> Iterator[sa.Engine]:
    """Give the engine of a ledger that is there, for what sends no command; or refuse."""
    _require_there(data)
    engine = reading_engine(database_url(data))
    try:
        with reading(engine) as connection:
            if not sa.inspect(connection).has_table(CommandRow.__tablename__):
                raise LedgerNotOpened
        yield engine
    finally:
        engine.dispose()


def _require_there(data: Path | None) -> None:
    """Refuse an embedded ledger that is not there, before anything is made in its place."""
    if data is None and os.environ.get("DATABASE_URL"):
        return
    if not ((data or Path("data")) / "ledger.db").exists():
        raise LedgerNotOpened


def fresh_id(command_id: str) -> str:
    """Return the given id, or a new UUID version 7."""
    return command_id or fresh_uuid()
