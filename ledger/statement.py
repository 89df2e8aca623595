"""
Statement: the moves of one account in their order, and what it had before any of them.

A page costs what its rows cost, wherever in history it lies: each end of the account is read from
the index no further than the page is long, and the balance before it comes from a snapshot.

Rule: REG-54.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from ledger.balances import Amounts, balances_after

Place = tuple[int, int]
"""An entry and the ordinal of a posting within it."""

BEFORE_ALL: Place = (0, 0)
BEHIND_ALL: Place = (1 << 62, 0)


def moves(
    connection: sa.Connection,
    account: int,
    *,
    limit: int,
    after: Place | None = None,
    newest_first: bool = False,
    first: int = 0,
    last: int | None = None,
    asset: str = "",
) -> list[Mapping[str, Any]]:
    """
    Return at most *limit* moves of *account* behind the place *after*, in order.

    Each has entry, ordinal, asset_id, change and other_id. *first* and *last* bound the entries to
    those after *first* and up to *last*; *asset* is a code. *newest_first* goes backward.
    """
    entry, ordinal = after or (BEHIND_ALL if newest_first else BEFORE_ALL)
    low, high = first + 1, BEHIND_ALL[0] if last is None else last
    asked = {
        "account": account,
        "asset": asset,
        "entry": entry,
        "ordinal": ordinal,
        "low": low if newest_first else max(low, entry),
        "high": min(high, entry) if newest_first else high,
        "limit": limit,
    }
    query = _moves_query(newest_first=newest_first, of_asset=bool(asset))
    return [dict(row) for row in connection.execute(query, asked).mappings()]


def running_before(connection: sa.Connection, account: int, place: Place) -> Amounts:
    """Return what *account* had of each asset before the move at *place*."""
    entry, ordinal = place
    found = balances_after(connection, account, entry - 1)
    earlier = connection.execute(_EARLIER, {"entry": entry, "ordinal": ordinal}) if ordinal else ()
    for move in earlier:
        if account in (move.source_id, move.destination_id):
            change = -move.amount if move.source_id == account else move.amount
            found[move.asset_id] = found.get(move.asset_id, 0) + change
    return found


_EARLIER = sa.text(
    "SELECT source_id, destination_id, asset_id, amount FROM postings "
    "WHERE entry = :entry AND ordinal < :ordinal"
)


@cache
def _moves_query(*, newest_first: bool, of_asset: bool) -> sa.TextClause:
    # The entry alone is in the index of both databases, the pair with the ordinal only in one's.
    way, behind = ("DESC", "<") if newest_first else ("ASC", ">")
    only = "AND asset_id = (SELECT id FROM assets WHERE code = :asset)" if of_asset else ""
    order = f"ORDER BY entry {way}, ordinal {way} LIMIT :limit"
    given, received = (
        f"""
        SELECT * FROM (
          SELECT entry, ordinal, asset_id, {change} AS change, {other} AS other_id
          FROM postings WHERE {own} = :account AND entry >= :low AND entry <= :high {only}
          AND (entry {behind} :entry OR entry = :entry AND ordinal {behind} :ordinal)
          {order}
        ) AS {name}
        """
        for name, own, other, change in (
            ("given", "source_id", "destination_id", "-amount"),
            ("received", "destination_id", "source_id", "amount"),
        )
    )
    return sa.text(f"SELECT * FROM ({given} UNION ALL {received}) AS moves {order}")
