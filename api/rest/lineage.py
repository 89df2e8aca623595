"""
Lineage: where units came from, and where they went, lot by lot.

Every answer says through which entry lineage has followed the journal.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.door import NotFound, seen, visitor
from api.read import journal, lineage
from api.read.lineage_owners import HoldingUnknown, owner_at, through
from api.rest.accounts import ASSET
from api.rest.fields import Amount, Count, Instant, Words
from api.rest.resource import Resource, page, reached, snapshot
from api.rest.shapes import add_to_pages
from ledger.lineage.lots import LotUnknown
from ledger.lineage.tables import LotMoveRow, LotRow, PieceRow
from ledger.tables import EntryRow

traced = Resource("lineage", __name__, "Lineage: where units came from and where they went")

THROUGH: dict[str, Any] = {
    "through_entry": Count(metadata={"description": "the last entry that lineage has followed"})
}


Outcome = ma.Schema.from_dict({"outcome": Words(), "amount": Amount()}, name="LotOutcome")
Decision = ma.Schema.from_dict(
    {
        "entry": Count(),
        "code": Words(),
        "rule": Words(),
        "reference": Words(allow_none=True),
        "command": Count(),
        "proposal": Count(allow_none=True),
        "kind": Words(),
        "documents": ma.fields.List(Words()),
        "made_by": Words(allow_none=True),
        "approved_by": Words(allow_none=True),
        "recorded_at": Instant(),
    },
    name="LotDecision",
)
Link = ma.Schema.from_dict({"lot": Words(), "made_of": Words(), "amount": Amount()}, name="LotLink")
Lot = ma.Schema.from_dict(
    {
        "lot": Words(),
        "entry": Count(),
        "command": Count(),
        **ASSET,
        "amount": Amount(),
        "first_holder": Words(),
        "outcomes": ma.fields.List(ma.fields.Nested(Outcome)),
        "decision": ma.fields.Nested(Decision),
    },
    name="Lot",
)
LotTraced = ma.Schema.from_dict(
    {
        "items": ma.fields.List(ma.fields.Nested(Lot)),
        "made_of": ma.fields.List(ma.fields.Nested(Link)),
        "older": ma.fields.List(ma.fields.Nested(Lot)),
        "became": ma.fields.List(ma.fields.Nested(Link)),
        "sequence": Count(),
        **THROUGH,
    },
    name="LotTraced",
)


_MOVE: dict[str, ma.fields.Field[Any]] = {
    "entry": Count(),
    "part": Count(),
    "lot": Words(),
    "amount": Amount(),
    "giver": Words(),
    "taker": Words(),
}
LotMove = ma.Schema.from_dict(_MOVE, name="LotMove")
MoveOfEntry = ma.Schema.from_dict(_MOVE, name="MoveOfEntry")
LotHolder = ma.Schema.from_dict(
    {"holder": Words(), "outcome": Words(), "amount": Amount()}, name="LotHolder"
)
LotPiece = ma.Schema.from_dict(
    {
        "lot": Words(),
        **ASSET,
        "amount": Amount(),
        "came_by_entry": Count(),
        "came_from": Words(),
    },
    name="LotPiece",
)
for _item in (LotMove, MoveOfEntry, LotHolder, LotPiece):
    add_to_pages(_item, **THROUGH)


@traced.get("/lots/<lot>")
@traced.shows(LotTraced)
def show(lot: str) -> Any:
    """Trace one lot (12.0 or source:S12): its decision, what it was made of, what became of it."""
    with snapshot() as connection:
        numbers = _visible(connection, lot)
        names_persons = any(role in journal.AUTHORITY for role, _ in visitor().grants)
        told = lineage.traced(connection, numbers, seen(), names_persons=names_persons)
        return {
            **told,
            "sequence": reached(connection),
            "through_entry": through(connection),
        }


@traced.get("/lots/<lot>/holders")
@traced.lists(LotHolder)
def holders(asked: Mapping[str, Any], lot: str) -> Any:
    """List who has what of a lot now, ends such as surrender included."""
    query = lineage.holders(seen(), _numbers(lot))
    return _page(query, asked, [PieceRow.owner], lineage.told_holders)


@traced.get("/lots/<lot>/moves")
@traced.lists(LotMove)
def moves(asked: Mapping[str, Any], lot: str) -> Any:
    """List every step of a lot from owner to owner, in the order of the journal."""
    query = lineage.moves(seen(), LotMoveRow.lot.in_(_numbers(lot)))
    return _page(query, asked, [LotMoveRow.number], lineage.told_moves)


@traced.get("/accounts/<address>/lots")
@traced.lists(LotPiece, asset=Words)
def held(asked: Mapping[str, Any], address: str) -> Any:
    """List the lots that the owner of an account has, in the order in which they will leave."""
    with snapshot() as connection:
        try:
            owner = owner_at(connection, address, seen())
        except HoldingUnknown:
            raise NotFound from None
    query = lineage.pieces(owner, asked.get("asset", ""))
    return _page(query, asked, [PieceRow.asset, PieceRow.position], lineage.told_pieces)


@traced.get("/entries/<int:entry>/lots")
@traced.lists(MoveOfEntry)
def of_entry(asked: Mapping[str, Any], entry: int) -> Any:
    """List the parts of lots that an entry moved."""
    with snapshot() as connection:
        there = journal.entries(seen()).where(EntryRow.sequence == entry)
        if connection.execute(there).first() is None:
            raise NotFound
    query = lineage.moves(seen(), lineage.of_entry(entry))
    return _page(query, asked, [LotMoveRow.number], lineage.told_moves)


def _numbers(lot: str) -> list[int]:
    with snapshot() as connection:
        return _visible(connection, lot)


def _visible(connection: sa.Connection, lot: str) -> list[int]:
    """Return the lots of this name that are seen; hidden and absent look alike."""
    try:
        named = lineage.lot_numbers(connection, lot)
    except LotUnknown:
        raise NotFound from None
    query = lineage.lots(seen()).where(LotRow.number.in_(named))
    found = [row.number for row in connection.execute(query.order_by(LotRow.number))]
    if not found:
        raise NotFound
    return found


Told = Callable[[sa.Connection, Sequence[Mapping[str, Any]], Any], lineage.Rows]


def _page(query: sa.Select[Any], asked: Mapping[str, Any], keys: Sequence[Any], told: Told) -> Any:
    """Return a page as the API has them, and through which entry it stands."""
    stands: dict[str, int] = {}

    def complete(connection: sa.Connection, rows: lineage.Rows) -> lineage.Rows:
        stands["through_entry"] = through(connection)
        return told(connection, rows, seen())

    body, status, headers = page(query, asked, keys, complete=complete)
    return {**body, **stands}, status, headers


def _through(connection: sa.Connection) -> int:
    return through(connection)
