"""trace: where units came from and where they went, and whether any serves two ends."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from api.options import data_option, existing, json_option
from api.read import lineage
from api.read.lineage_decision import decisions
from api.read.lineage_owners import owner_at, through
from api.say import say_facts, say_json
from ledger.asset import CNY
from ledger.chart import place_of
from ledger.db import reading
from ledger.errors import Refused
from ledger.follow import catch_up
from ledger.lineage.check import DoubleClaims, Found, double_claims
from ledger.lineage.fifo import LINEAGE
from ledger.lineage.lots import parse_lot
from ledger.lineage.tables import LotMoveRow, PieceRow
from ledger.substitution.conservation import FATES, positions
from ledger.units import format_tce

CONSERVATION = "conservation"
"""The name of the check that freed quota is all there, beside those of lineage."""

_LIMIT = click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Rows shown."
)


class EntryUntraced(Refused):
    """There is no such entry, or lineage has not come to it."""

    code = "entry_untraced"
    rule = "AUD-30"

    def __init__(self, entry: int, *, through_entry: int) -> None:
        super().__init__(
            f"entry {entry} is not among those followed so far, 1 to {through_entry}",
            entry=entry,
            through_entry=through_entry,
        )


@contextmanager
def _traced(data: Path | None) -> Iterator[sa.Connection]:
    """Give a snapshot of the ledger in which lineage has come to its end."""
    with existing(data) as engine:
        catch_up(engine, (LINEAGE,))
        with reading(engine) as connection:
            yield connection


@click.group()
def trace() -> None:
    """Trace units: one lot, what an account's owner holds, one entry; or check all of them."""


@trace.command("lot")
@data_option
@click.argument("name")
@_LIMIT
@json_option
def lot(data: Path | None, name: str, limit: int, as_json: bool) -> None:
    """Trace the lot NAME, such as 12.0 or source:S12: its decision, its steps, its ends."""
    with _traced(data) as connection:
        numbers = lineage.lot_numbers(connection, name)
        document = lineage.traced(connection, numbers, lineage.EVERYTHING, names_persons=True)
        held = lineage.holders(lineage.EVERYTHING, numbers).order_by(PieceRow.owner)
        moved = lineage.moves(lineage.EVERYTHING, LotMoveRow.lot.in_(numbers))
        document["holders"] = _told(connection, held.limit(limit), lineage.told_holders)
        ordered = moved.order_by(LotMoveRow.number).limit(limit)
        document["moves"] = _told(connection, ordered, lineage.told_moves)
        document["through_entry"] = through(connection)
    if as_json:
        say_json(_as_text(document))
        return
    for one in (*document["items"], *document["older"]):
        _say_lot(one)
    for link in (*document["made_of"], *document["became"]):
        click.echo(f"{_units(link['amount'])} of {link['made_of']} became {link['lot']}")
    for row in document["holders"]:
        click.echo(f"  {row['outcome']:<12} {row['holder']:<36} {_units(row['amount'])}")
    for row in document["moves"]:
        click.echo(_move(row))


@trace.command("holding")
@data_option
@click.argument("address")
@click.argument("asset", default="")
@_LIMIT
@json_option
def holding(data: Path | None, address: str, asset: str, limit: int, as_json: bool) -> None:
    """Trace what the owner of the account ADDRESS has, in the order in which it will leave."""
    place_of(address)
    with _traced(data) as connection:
        owner = owner_at(connection, address, lineage.EVERYTHING)
        query = lineage.pieces(owner, "" if asset == CNY else asset)
        ordered = query.order_by(PieceRow.asset, PieceRow.position).limit(limit)
        rows = _told(connection, ordered, lineage.told_pieces)
        document: dict[str, Any] = {
            "address": address,
            "items": rows,
            "lots": lineage.decided(connection, _numbers(rows)),
            "through_entry": through(connection),
        }
    if as_json:
        say_json(_as_text(document))
        return
    for row in rows:
        click.echo(
            f"{_units(row['amount'])} of lot {row['lot']}, {row['asset']},"
            f" by entry {row['came_by_entry']} from {row['came_from']}"
        )
    for one in document["lots"]:
        _say_lot(one)


@trace.command("entry")
@data_option
@click.argument("number", type=click.IntRange(1, 10**12))
@_LIMIT
@json_option
def entry(data: Path | None, number: int, limit: int, as_json: bool) -> None:
    """Trace the entry NUMBER: which lots it moved, from whom to whom, and who decided it."""
    with _traced(data) as connection:
        last = through(connection)
        if number > last:
            raise EntryUntraced(number, through_entry=last)
        query = lineage.moves(lineage.EVERYTHING, lineage.of_entry(number))
        ordered = query.order_by(LotMoveRow.number).limit(limit)
        rows = _told(connection, ordered, lineage.told_moves)
        decided = decisions(connection, {number: ""}, names_persons=True)
        document: dict[str, Any] = {
            "entry": number,
            "decision": decided.get(number),
            "items": rows,
            "lots": lineage.decided(connection, _numbers(rows)),
            "through_entry": last,
        }
    if as_json:
        say_json(_as_text(document))
        return
    if decided:
        say_facts(decided[number])
    for row in rows:
        click.echo(_move(row))
    for one in document["lots"]:
        _say_lot(one)


@trace.command("check")
@data_option
@json_option
def check(data: Path | None, as_json: bool) -> None:
    """Look for units that serve two ends or are nowhere; exit with 1 where some are found."""
    with _traced(data) as connection:
        found = double_claims(connection)
        lost = tuple(_unconserved(connection))
    found = replace(found, found={**found.found, CONSERVATION: lost})
    if as_json:
        say_json(_check_document(found))
    else:
        for name, problems in found.found.items():
            click.echo(f"{'FAILED' if problems else 'passed'}  {name}")
            for one in problems:
                click.echo(f"  {one.where}: {one.problem}; lots {', '.join(one.lots) or 'none'}")
                say_facts(one.facts)
    if not found.ok:
        raise click.exceptions.Exit(1)


def _unconserved(connection: sa.Connection) -> Iterator[Found]:
    """Yield each class of freed quota that is not all somewhere, and only once. Rule: FRQ-86."""
    for one in positions(connection):
        if one.difference:
            names = (*_CLASS, "confirmed", *FATES)
            facts = {name: getattr(one, name) for name in names} | {"difference": one.difference}
            where = " ".join(filter(None, (getattr(one, name) for name in _CLASS)))
            yield Found(where, "what became of it is not what was confirmed", (), facts)


_CLASS = ("measure", "basis", "origin", "area")


def _check_document(found: DoubleClaims) -> dict[str, object]:
    return {
        "ok": found.ok,
        "through_entry": found.through_entry,
        "checks": {name: not problems for name, problems in found.found.items()},
        "found": [
            {
                "check": name,
                "where": one.where,
                "problem": one.problem,
                "lots": one.lots,
                "facts": one.facts,
            }
            for name, problems in found.found.items()
            for one in problems
        ],
    }


def _told(connection: sa.Connection, query: sa.Select[Any], tell: Any) -> lineage.Rows:
    rows = [dict(row) for row in connection.execute(query).mappings()]
    found: lineage.Rows = tell(connection, rows, lineage.EVERYTHING)
    return found


def _numbers(rows: lineage.Rows) -> list[int]:
    """Return the lots of *rows*, those without origin left out."""
    return sorted({parse_lot(row["lot"]) for row in rows if row["lot"] != lineage.UNKNOWN})


def _say_lot(one: Mapping[str, Any]) -> None:
    decided = one["decision"]
    by = f"{decided['made_by']}" + (
        f", approved by {decided['approved_by']}" if decided["approved_by"] else ""
    )
    documents = f", {'; '.join(decided['documents'])}" if decided["documents"] else ""
    click.echo(
        f"lot {one['lot']}: {_units(one['amount'])} of {one['asset']} to {one['first_holder']}"
    )
    click.echo(
        f"  {decided['kind']} in command {decided['command']}{documents},"
        f" rule {decided['rule']}, by {by}"
    )
    for row in one["outcomes"]:
        click.echo(f"  {row['outcome']:<12} {_units(row['amount'])}")


def _move(row: Mapping[str, Any]) -> str:
    return (
        f"entry {row['entry']}: {_units(row['amount'])} of lot {row['lot']}"
        f" from {row['giver']} to {row['taker']}"
    )


def _units(amount: int) -> str:
    return f"{format_tce(amount)} t"


def _as_text(document: Any, name: str = "") -> Any:
    """Return *document* with every amount as text, as everywhere outside."""
    if isinstance(document, Mapping):
        return {key: _as_text(value, key) for key, value in document.items()}
    if isinstance(document, list):
        return [_as_text(each) for each in document]
    return str(document) if name == "amount" else document


COMMANDS = {"trace": trace}
