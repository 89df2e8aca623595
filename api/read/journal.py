"""
The journal: commands and entries, as far as somebody sees.

Of an entry that concerns two enterprises each sees its own part, and not who the other is.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.ledger import Row, shown_addresses, visible_account
from ledger.rules import Rule
from ledger.subject import Role
from ledger.tables import AccountRow, AssetRow, CommandRow, EntryRow, PostingRow, RoleGrantRow

AUTHORITY = frozenset({str(Role.CITY_REGULATOR), str(Role.DISTRICT_REGULATOR), str(Role.AUDITOR)})
"""Who is told the person behind an entry."""


def entries(reach: Reach) -> sa.Select[Any]:
    """Return the query of entries that move anything within *reach*, with time and person."""
    query = sa.select(*EntryRow.__table__.columns, CommandRow.recorded_at, CommandRow.actor).join(
        CommandRow, CommandRow.sequence == EntryRow.command_sequence
    )
    if reach.everything:
        return query
    own = sa.select(AccountRow.id).where(visible_account(reach))
    moved = sa.union_all(
        sa.select(PostingRow.entry).where(PostingRow.source_id.in_(own)),
        sa.select(PostingRow.entry).where(PostingRow.destination_id.in_(own)),
    )
    return query.where(EntryRow.sequence.in_(moved))


def with_postings(
    connection: sa.Connection,
    rows: Sequence[Row],
    reach: Reach,
    *,
    rules: Mapping[str, Rule],
    language: str = "zh",
    names_actor: bool = False,
) -> list[Row]:
    """
    Return *rows* of `entries` with the sentence of their rule and their postings within *reach*.

    A posting is left out where neither end is in reach. The person who acted is named only with
    *names_actor*, which is for AUTHORITY.
    """
    moves = _postings(connection, [row["sequence"] for row in rows], reach)
    return [
        {
            **row,
            "actor": row["actor"] if names_actor else None,
            "rule_sentence": _sentence(rules.get(row["rule"]), language),
            "postings": moves.get(row["sequence"], []),
        }
        for row in rows
    ]


def _sentence(rule: Rule | None, language: str) -> str:
    if rule is None:
        return ""
    return rule.sentence if language == "en" else rule.sentence_zh


def _postings(
    connection: sa.Connection, sequences: Sequence[int], reach: Reach
) -> dict[int, list[Row]]:
    query = (
        sa.select(*PostingRow.__table__.columns, AssetRow.code.label("asset"))
        .join(AssetRow, AssetRow.id == PostingRow.asset_id)
        .where(PostingRow.entry.in_(sequences))
        .order_by(PostingRow.entry, PostingRow.ordinal)
    )
    moves = connection.execute(query).all()
    ends = {end for move in moves for end in (move.source_id, move.destination_id)}
    shown, seen = shown_addresses(connection, ends, reach), _seen(connection, ends, reach)
    found: dict[int, list[Row]] = {}
    for move in moves:
        if move.source_id in seen or move.destination_id in seen:
            found.setdefault(move.entry, []).append(
                {
                    "ordinal": move.ordinal,
                    "source": shown[move.source_id],
                    "destination": shown[move.destination_id],
                    "asset": move.asset,
                    "amount": move.amount,
                }
            )
    return found


def _seen(connection: sa.Connection, ids: Collection[int], reach: Reach) -> Collection[int]:
    if reach.everything:
        return ids
    query = sa.select(AccountRow.id).where(AccountRow.id.in_(sorted(ids)), visible_account(reach))
    return set(connection.execute(query).scalars())


def entries_of(connection: sa.Connection, command: int) -> range:
    """Return the sequences of the entries that *command* wrote; they stand together."""
    last = connection.execute(sa.select(sa.func.max(EntryRow.sequence))).scalar_one() or 0

    def owner(entry: int) -> int:
        query = sa.select(EntryRow.command_sequence).where(EntryRow.sequence == entry)
        return int(connection.execute(query).scalar_one())

    # Entries follow the order of their commands, so halving finds them without an index.
    every = range(1, int(last) + 1)
    first, end = (bisect_left(every, wanted, key=owner) for wanted in (command, command + 1))
    return every[first:end]


def commands(reach: Reach, person: str) -> sa.Select[Any]:
    """
    Return the query of commands: all of them, or those of *person* and of colleagues.

    A colleague is somebody who has only ever acted for enterprises or districts within *reach*.
    """
    query = sa.select(*(c for c in CommandRow.__table__.columns if c.name not in _LONG))
    return query.where(own_command(reach, person))


_LONG = ("payload", "answer")


def own_command(reach: Reach, person: str) -> sa.ColumnElement[bool]:
    """Return the condition that a command is within *reach*, or sent by *person*."""
    if reach.everything:
        return sa.true()
    own = sorted(_scopes(reach))
    of = RoleGrantRow.scope
    colleagues = sa.select(RoleGrantRow.person).where(of.in_(own))
    strangers = sa.select(RoleGrantRow.person).where(of.not_in(own))
    among = sa.and_(CommandRow.actor.in_(colleagues), CommandRow.actor.not_in(strangers))
    return sa.or_(sa.and_(CommandRow.actor == person, sa.literal(person) != ""), among)


def _scopes(reach: Reach) -> Iterable[str]:
    yield from (f"enterprise:{each}" for each in reach.enterprises)
    yield from (f"district:{each}" for each in reach.districts)
