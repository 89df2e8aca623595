"""
Tables as they were brought in: the rows of every accepted command of a kind, in order of the log.

What takes two persons counts once it was approved. So what was entered can be taken out, mended
and brought in again elsewhere; what it led to is in the exports of the ledger.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from api.imports import Kind
from api.matrix import Reach
from api.tables_in import kind_of
from ledger.parties.tables import EnterpriseRow
from ledger.tables import CommandRow, ProposalRow

ROWS_MAX = 100_000
"""How many rows one table has at most; a workbook of more is nobody's help."""

SINGLE = {
    "closures": "freed.claim_closure",
    "retrofits": "freed.claim_retrofit",
    "projects": "projects.register",
}
"""Kinds of command that make one line of a table, beside the one that makes many."""

Row = Mapping[str, Any]


def table_rows(
    connection: sa.Connection, kind: str, settings: Mapping[str, Any], reach: Reach
) -> Iterator[Row]:
    """Yield the flat rows of *kind* within *reach*, of commands whose header is *settings*."""
    found = kind_of(kind)
    districts = _districts(connection) if not reach.everything else {}
    count = 0
    for line in _lines(connection, kind, found, settings):
        if not (reach.everything or _is_seen(line, reach, districts)):
            continue
        for row in _flat(line, found):
            count += 1
            if count > ROWS_MAX:
                return
            yield row


def _lines(
    connection: sa.Connection, kind: str, found: Kind, settings: Mapping[str, Any]
) -> Iterator[Row]:
    for name, text in _payloads(connection, found.payload.kind, SINGLE.get(kind, "")):
        payload = json.loads(text)
        if not found.field or name != found.payload.kind:
            yield payload
            continue
        own = {key: value for key, value in payload.items() if key != found.field}
        if all(own.get(key) == value for key, value in settings.items()):
            for line in payload[found.field]:
                yield {**_header_of(own), **line}


def _header_of(own: Row) -> Row:
    """Return what says whose a row is where the row itself does not."""
    return {f"_{name}": own[name] for name in ("enterprise", "district") if name in own}


def _payloads(connection: sa.Connection, *kinds: str) -> Iterator[tuple[str, str]]:
    """Yield kind and payload of what took effect, directly or by approval, oldest first."""
    command, proposal = CommandRow, ProposalRow
    direct = sa.select(command.sequence, command.kind, command.payload).where(
        command.kind.in_(kinds), command.code == "ok"
    )
    approved = sa.select(proposal.id, proposal.kind, proposal.payload).where(
        proposal.kind.in_(kinds), proposal.state == "approved"
    )
    both = sa.union_all(direct, approved).subquery()
    query = sa.select(both).order_by(both.c.sequence)
    for _, kind, text in connection.execute(query.execution_options(yield_per=500)):
        yield kind, text


def _flat(line: Row, kind: Kind) -> Iterator[Row]:
    own = {name: value for name, value in line.items() if not name.startswith("_")}
    if not kind.nested:
        yield own
        return
    inner = own.pop(kind.nested)
    for part in inner:
        yield {**own, **part}


def _districts(connection: sa.Connection) -> dict[str, str]:
    query = sa.select(EnterpriseRow.id, EnterpriseRow.district)
    return {row.id: row.district for row in connection.execute(query)}


def _is_seen(line: Row, reach: Reach, districts: Mapping[str, str]) -> bool:
    """Return whether a line is of an enterprise or a district within *reach*; others are not."""
    enterprise = next((line[each] for each in _OWNERS if line.get(each)), "")
    district = str(line.get("district") or districts.get(enterprise) or line.get("_district", ""))
    return reach.sees(enterprise=enterprise, district=district)


_OWNERS = ("enterprise", "_enterprise", "holder")
