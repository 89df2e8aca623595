"""
What every face has in hand: the way to the writer, the database for reading, users, settings.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import cast

import sqlalchemy as sa
from flask import current_app

from api.auth.store import AuthStore
from api.gateway import Gateway
from api.matrix import Matrix, read_matrix
from api.program import wall_clock
from api.settings import Settings
from api.wording import Wording, read_wording
from ledger.db import reading

EXTENSION = "yongneng"


@dataclass(frozen=True)
class Faces:
    """
    One installation: its gateway, its databases, its settings, its texts and its matrix.

    *clock* is the wall's, for sign-in; the ledger has a time of its own, which on a demonstration
    is elsewhere. *step* moves that time to the next event and tells in Chinese and English what
    happened; only demonstrations have it. Matrix and wording are files of the program, read once.
    """

    gateway: Gateway
    engine: sa.Engine
    auth: AuthStore
    settings: Settings = field(default_factory=Settings)
    matrix: Matrix = field(default_factory=cache(read_matrix))
    wording: Wording = field(default_factory=cache(read_wording))
    clock: Callable[[], int] = wall_clock
    step: Callable[[], tuple[str, str]] | None = None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one snapshot and writes nothing."""
        with reading(self.engine) as connection:
            yield connection


def faces() -> Faces:
    """Return the installation that this request is for."""
    return cast(Faces, current_app.extensions[EXTENSION])
