"""
Whether something was closed lately after which a checkpoint is wanted at once.
"""

import msgspec
import sqlalchemy as sa

from ledger.approve import Approve
from ledger.command import OK
from ledger.compliance.close_year import CloseYear
from ledger.tables import CommandRow, ProposalRow
from market.close_day import CloseDay

CLOSES = (CloseDay.kind, CloseYear.kind)
"""Kinds of commands that close a trading day or a compliance year."""


def closed_since(connection: sa.Connection, sequence: int) -> bool:
    """
    Return whether a command later than *sequence* has closed a day or a year, approved ones too.

    Rule: AUD-36.
    """
    query = sa.select(CommandRow.kind, CommandRow.payload).where(
        CommandRow.sequence > sequence,
        CommandRow.code == OK,
        CommandRow.kind.in_((*CLOSES, Approve.kind)),
    )
    for kind, payload in connection.execute(query):
        if kind in CLOSES or _proposed(connection, payload) in CLOSES:
            return True
    return False


def _proposed(connection: sa.Connection, payload: str) -> str | None:
    number = msgspec.json.decode(payload)["proposal"]
    query = sa.select(ProposalRow.kind).where(ProposalRow.id == number)
    return connection.execute(query).scalar_one_or_none()
