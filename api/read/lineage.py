"""
Where units came from and where they went, as far as somebody sees.

Whoever does not see everything sees the lots that they hold or held first, back to the decision;
of the way forward their own part, and of others only what kind of party they are. Lineage follows
behind the journal: `through` says how far.

Rule: AUD-30 to AUD-32.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.ledger import asset_fields
from api.read.lineage_decision import decisions
from api.read.lineage_owners import owned, shown_owners, through
from ledger.lineage.lots import (
    NO_ORIGIN,
    OUTCOMES,
    PART_BITS,
    LotUnknown,
    entry_of_lot,
    entry_of_move,
    lot_name,
    move_number,
    outcome_of,
    parse_lot,
)
from ledger.lineage.tables import AncestorRow, LotMoveRow, LotRow, OwnerRow, PieceRow
from ledger.tables import AssetRow

Row = Mapping[str, Any]
Rows = list[Mapping[str, Any]]

EVERYTHING = Reach(everything=True)
SOURCE, UNKNOWN = "source:", lot_name(NO_ORIGIN)
RELATED_MAX = 100
"""How many lots of a family are told at once, and how many lots of one source."""


def lot_numbers(connection: sa.Connection, name: str) -> list[int]:
    """
    Return the lots that *name* names: ``12.0``, or the lots issued into ``source:S12``.

    Refuses a name of no lot. Rule: AUD-30.
    """
    query = sa.select(LotRow.number).order_by(LotRow.number).limit(RELATED_MAX)
    if name.startswith(SOURCE):
        owner = sa.select(OwnerRow.owner).where(
            OwnerRow.kind == "source", OwnerRow.party == name.removeprefix(SOURCE)
        )
        query = query.where(LotRow.owner.in_(owner))
    else:
        query = query.where(LotRow.number == parse_lot(name))
    found = list(connection.execute(query).scalars())
    if not found:
        raise LotUnknown(name, through_entry=through(connection))
    return found


def lots(reach: Reach) -> sa.Select[Any]:
    """Return the query of the lots within *reach*: number, command, code, owner, amount."""
    columns: list[Any] = [LotRow.number, LotRow.command, LotRow.owner, LotRow.amount]
    query = sa.select(*columns, AssetRow.code.label("code")).join(
        AssetRow, AssetRow.id == LotRow.asset
    )
    if reach.everything:
        return query
    own = owned(reach)
    held = sa.exists().where(PieceRow.lot == LotRow.number, PieceRow.owner.in_(own))
    return query.where(sa.or_(LotRow.owner.in_(own), held))


def traced(
    connection: sa.Connection, numbers: Sequence[int], reach: Reach, *, names_persons: bool
) -> dict[str, Any]:
    """
    Return *items*: lots with their decisions and outcomes, *made_of* and *became*: their family.

    *older* are the lots they were made of, with their decisions.
    """
    older = family(connection, numbers, older=True)
    younger = family(connection, numbers, older=False)
    before = sorted({link["made_of"] for link in older} - set(numbers))
    return {
        "items": decided(connection, numbers, reach, names_persons=names_persons),
        "made_of": told_links(older),
        "older": decided(connection, before, reach, names_persons=names_persons),
        "became": told_links(younger),
    }


def decided(
    connection: sa.Connection,
    numbers: Sequence[int],
    reach: Reach = EVERYTHING,
    *,
    names_persons: bool = True,
) -> list[dict[str, Any]]:
    """Return lots with the decisions that issued them, in the order of the journal."""
    query = lots(EVERYTHING).where(LotRow.number.in_(numbers)).order_by(LotRow.number)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    every = shown_owners(connection, {row["owner"] for row in rows}, EVERYTHING)
    parties = {entry_of_lot(row["number"]): every[row["owner"]].partition(":")[2] for row in rows}
    by_entry = decisions(connection, parties, names_persons=names_persons)
    found = told_lots(connection, rows, reach)
    for told in found:
        # References of subjects name the party, such as freed:S12.
        is_hidden = told["first_holder"].endswith("*")
        told["decision"] = by_entry[told["entry"]] | ({"reference": None} if is_hidden else {})
    return found


def told_lots(connection: sa.Connection, rows: Sequence[Row], reach: Reach) -> list[dict[str, Any]]:
    """Return rows of `lots` as they are told: name, asset fields, first holder, outcomes."""
    shown = shown_owners(connection, {row["owner"] for row in rows}, reach)
    ended = _outcomes(connection, [row["number"] for row in rows], reach)
    return [
        {
            "entry": entry_of_lot(row["number"]),
            "command": row["command"],
            "amount": row["amount"],
            **asset_fields(row["code"]),
            "lot": lot_name(row["number"]),
            "first_holder": shown[row["owner"]],
            "outcomes": [
                {"outcome": outcome, "amount": ended[row["number"], outcome]}
                for outcome in OUTCOMES
                if (row["number"], outcome) in ended
            ],
        }
        for row in rows
    ]


def _outcomes(
    connection: sa.Connection, numbers: Sequence[int], reach: Reach
) -> dict[tuple[int, str], int]:
    """Return what became of each lot; of what others within it did, nothing is told."""
    found: dict[tuple[int, str], int] = {}
    queries = [_held(numbers, reach)]
    if not reach.everything:
        queries.append(_ended(numbers, reach))
    for query in queries:
        for lot, kind, party, amount in connection.execute(query):
            key = (lot, outcome_of(kind, party))
            found[key] = found.get(key, 0) + int(amount)
    return found


def _held(numbers: Sequence[int], reach: Reach) -> sa.Select[Any]:
    # Summed by owner first, in the order of an index; only then is it asked who that is.
    by_owner = (
        sa.select(PieceRow.lot, PieceRow.owner, sa.func.sum(PieceRow.amount).label("amount"))
        .where(PieceRow.lot.in_(numbers))
        .group_by(PieceRow.lot, PieceRow.owner)
    )
    if not reach.everything:
        by_owner = by_owner.where(PieceRow.owner.in_(owned(reach)))
    held = by_owner.subquery()
    return _by_end(held.c.lot, held.c.owner, held.c.amount)


def _ended(numbers: Sequence[int], reach: Reach) -> sa.Select[Any]:
    """Return the query of what owners within *reach* themselves have given to the scheme."""
    return _by_end(LotMoveRow.lot, LotMoveRow.taker, LotMoveRow.amount).where(
        LotMoveRow.lot.in_(numbers), LotMoveRow.giver.in_(owned(reach)), OwnerRow.kind == "scheme"
    )


def _by_end(lot: Any, owner: Any, amount: Any) -> sa.Select[Any]:
    end = sa.case((OwnerRow.kind == "scheme", OwnerRow.party), else_="")
    return (
        sa.select(lot, OwnerRow.kind, end, sa.func.sum(amount))
        .join(OwnerRow, OwnerRow.account == owner)
        .group_by(lot, OwnerRow.kind, end)
    )


def family(connection: sa.Connection, numbers: Iterable[int], *, older: bool) -> Rows:
    """
    Return the lots that *numbers* were made of, theirs and so on; or those made of them.

    Each link tells how much of *made_of* went into *lot*; at most RELATED_MAX links, nearest first.
    Rule: AUD-32.
    """
    here, there = AncestorRow.lot, AncestorRow.made_of
    if not older:
        here, there = there, here
    links: Rows = []
    seen, wanted = set(), set(numbers)
    while wanted and len(links) < RELATED_MAX:
        seen |= wanted
        query = sa.select(AncestorRow.lot, AncestorRow.made_of, AncestorRow.amount).where(
            here.in_(sorted(wanted))
        )
        query = query.order_by(AncestorRow.lot, AncestorRow.made_of)
        rows = connection.execute(query.limit(RELATED_MAX - len(links))).mappings().all()
        links += [dict(row) for row in rows]
        wanted = {row[there.key] for row in rows} - seen
    return links


def told_links(links: Iterable[Row]) -> Rows:
    """Return links of `family` with the names of their lots."""
    return [
        {**link, "lot": lot_name(link["lot"]), "made_of": lot_name(link["made_of"])}
        for link in links
    ]


def moves(reach: Reach, condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the query of the moves of lots for which *condition* holds, as far as *reach* goes."""
    named = ("number", "lot", "amount", "giver", "taker")
    query = sa.select(*(LotMoveRow.__table__.c[name] for name in named)).where(condition)
    if reach.everything:
        return query
    own = owned(reach)
    return query.where(sa.or_(LotMoveRow.giver.in_(own), LotMoveRow.taker.in_(own)))


def of_entry(entry: int) -> sa.ColumnElement[bool]:
    """Return the condition that a move is of this entry."""
    return sa.and_(
        LotMoveRow.number >= move_number(entry, 0), LotMoveRow.number < move_number(entry + 1, 0)
    )


def told_moves(connection: sa.Connection, rows: Sequence[Row], reach: Reach) -> Rows:
    """Return rows of `moves` as they are told."""
    ends = {row[end] for row in rows for end in ("giver", "taker")}
    shown = shown_owners(connection, ends, reach)
    return [
        {
            "entry": entry_of_move(row["number"]),
            "part": row["number"] & (1 << PART_BITS) - 1,
            "lot": lot_name(row["lot"]),
            "amount": row["amount"],
            "giver": shown[row["giver"]],
            "taker": shown[row["taker"]],
        }
        for row in rows
    ]


def holders(reach: Reach, lots: Sequence[int]) -> sa.Select[Any]:
    """Return the query of who has what of some lots: *owner* and *amount*."""
    columns: list[Any] = [PieceRow.owner, sa.func.sum(PieceRow.amount).label("amount")]
    query = sa.select(*columns).where(PieceRow.lot.in_(lots)).group_by(PieceRow.owner)
    return query if reach.everything else query.where(PieceRow.owner.in_(owned(reach)))


def told_holders(connection: sa.Connection, rows: Sequence[Row], reach: Reach) -> Rows:
    """Return rows of `holders` with the names of the holders and what that means for the units."""
    shown = shown_owners(connection, {row["owner"] for row in rows}, reach)
    return [
        {
            "holder": shown[row["owner"]],
            "outcome": outcome_of(*shown[row["owner"]].split(":", 1)),
            "amount": int(row["amount"]),
        }
        for row in rows
    ]


def pieces(owner: int, asset: str = "") -> sa.Select[Any]:
    """Return the query of what an owner has, in the order in which it will leave."""
    columns: list[Any] = [PieceRow.asset, PieceRow.position, PieceRow.lot, PieceRow.amount]
    query = (
        sa.select(*columns, AssetRow.code.label("code"), LotMoveRow.giver)
        .join(AssetRow, AssetRow.id == PieceRow.asset)
        .outerjoin(LotMoveRow, LotMoveRow.number == PieceRow.position)
        .where(PieceRow.owner == owner)
    )
    return query.where(AssetRow.code == asset) if asset else query


def told_pieces(connection: sa.Connection, rows: Sequence[Row], reach: Reach) -> Rows:
    """Return rows of `pieces` as they are told, each with the entry and the giver it came by."""
    shown = shown_owners(connection, {row["giver"] for row in rows if row["giver"]}, reach)
    return [
        {
            **asset_fields(row["code"]),
            "lot": lot_name(row["lot"]),
            "amount": row["amount"],
            "came_by_entry": entry_of_move(row["position"]),
            "came_from": shown.get(row["giver"], ""),
        }
        for row in rows
    ]
