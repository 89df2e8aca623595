"""
Balances: what accounts have, now, after an entry, at an instant, or by the effect of entries.

Everything is read from one snapshot of the database: the last snapshot of an account before the
entry asked for, and the postings since. What follows behind the writer may be away or behind;
answers are the same then, and take longer.

Rule: REG-50, REG-53.
"""

from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from ledger.errors import Refused
from ledger.past import entry_at, last_entry
from ledger.snapshots import (
    DISTANCES,
    POSITION,
    RECEIVED_MODULUS,
    Standing,
    id_list,
    listed_ids,
    one_by_one,
    standings,
    totals,
)
from ledger.tables import AccountRow, BalanceRow

NEAR_ENTRIES = 500
"""Reading so many entries in order costs about as much as one account's moves by the index."""

Amounts = dict[int, int]
"""Minor units by asset id; assets of which there is nothing are left out."""


class PrefixMalformed(Refused):
    """What stands for accounts is neither an address nor the beginning of one and a star."""

    code = "prefix_malformed"
    rule = "REG-53"

    def __init__(self, prefix: str) -> None:
        super().__init__(
            f"{prefix[:80]!r} stands for no accounts; write an address, or its beginning with a "
            "star at the end, such as district:370100:*",
            prefix=prefix[:80],
        )


class Difference(NamedTuple):
    """What an account had of one asset before a period, took in, gave away, and had after it."""

    opening: int
    received: int
    given: int
    closing: int


def balances_now(connection: sa.Connection, account: int) -> Amounts:
    """Return what *account* has."""
    rows = connection.execute(_NOW, {"account": account})
    return {asset: amount for asset, amount in rows if amount}


_NOW = sa.text("SELECT asset_id, amount FROM balances WHERE account_id = :account")


def balances_after(connection: sa.Connection, account: int, entry: int) -> Amounts:
    """Return what *account* had after *entry*, 0 being before the first."""
    return {
        asset: standing.amount
        for asset, standing in _standings(connection, account, entry).items()
        if standing.amount
    }


def balances_effective(connection: sa.Connection, account: int, instant: int) -> Amounts:
    """
    Return what *account* had at *instant* by the effect of entries, as far as it is known today.

    That is what was recorded by then, with what was recorded later and counts from *instant* or
    before it, and without what counts from after it.
    """
    entry = entry_at(connection, instant)
    found = balances_after(connection, account, entry)
    query = _late_query(is_sqlite=connection.dialect.name == "sqlite")
    asked = {"account": account, "instant": instant, "entry": entry, **POSITION}
    for asset, change in connection.execute(query, asked):
        found[asset] = found.get(asset, 0) + int(change)
    return {asset: amount for asset, amount in found.items() if amount}


def differences(
    connection: sa.Connection, account: int, first: int, last: int
) -> dict[int, Difference]:
    """Return by asset what entries after *first*, and up to *last*, did to *account*."""
    before = _standings(connection, account, first)
    found = {}
    for asset, after in _standings(connection, account, last).items():
        opening, received_before, _ = before.get(asset, Standing(0, 0, 0))
        received = (after.received - received_before) % RECEIVED_MODULUS
        given = received - (after.amount - opening)
        if opening or received or given:
            found[asset] = Difference(opening, received, given, after.amount)
    return found


def beginning_with(prefix: str) -> sa.ColumnElement[bool]:
    """
    Return the condition that an account is one that *prefix* stands for; an index serves it.

    A star at the end stands for any end, an empty one included; nothing else is a wildcard.

    Rule: REG-53.
    """
    begin, star, rest = prefix.partition("*")
    if rest or not prefix or not (begin + "~").isascii() or not (begin + "~").isprintable():
        raise PrefixMalformed(prefix)
    if not star:
        return AccountRow.address == begin
    return address_range(begin)


def address_range(begin: str) -> sa.ColumnElement[bool]:
    """Return the condition that an address begins with *begin*; an index serves it."""
    if not begin:
        return sa.true()
    # Addresses are ASCII, and in the order of its codes on both databases.
    if not begin.isascii():
        return sa.false()
    end = begin[:-1] + chr(ord(begin[-1]) + 1)
    return sa.and_(AccountRow.address >= begin, AccountRow.address < end)


def totals_now(connection: sa.Connection, accounts: sa.Select[Any]) -> Amounts:
    """Return what *accounts*, a query of ids, have together."""
    total = sa.func.sum(BalanceRow.amount)
    query = (
        sa.select(BalanceRow.asset_id, total)
        .where(BalanceRow.account_id.in_(accounts))
        .group_by(BalanceRow.asset_id)
    )
    return {asset: int(amount) for asset, amount in connection.execute(query) if amount}


def totals_after(connection: sa.Connection, accounts: sa.Select[Any], entry: int) -> Amounts:
    """Return what *accounts*, a query of ids, had together after *entry*."""
    ids = connection.execute(accounts).scalars().all()
    last = last_entry(connection)
    if min(entry, last - entry) > NEAR_ENTRIES * len(ids):
        return totals(connection, ids, entry)
    is_early = entry < last - entry
    found = {} if is_early else totals_now(connection, accounts)
    first, end, sign = (0, entry, 1) if is_early else (entry, last, -1)
    asked = {"accounts": id_list(ids), "first": first, "last": end}
    query = _moved_query(is_sqlite=connection.dialect.name == "sqlite")
    for asset, change in connection.execute(query, asked):
        found[asset] = found.get(asset, 0) + sign * int(change)
    return {asset: amount for asset, amount in found.items() if amount}


def _standings(connection: sa.Connection, account: int, entry: int) -> dict[int, Standing]:
    return {asset: one for (_, asset), one in standings(connection, (account,), entry).items()}


@cache
def _moved_query(*, is_sqlite: bool) -> sa.TextClause:
    """Return the query of what a stretch of the journal, read in order, brought to accounts."""
    own = f"IN ({listed_ids(is_sqlite=is_sqlite)})"
    return sa.text(
        f"""
        SELECT asset_id, sum(change) FROM (
          SELECT asset_id, CASE WHEN destination_id {own} THEN amount ELSE 0 END
            - CASE WHEN source_id {own} THEN amount ELSE 0 END AS change
          FROM postings WHERE entry > :first AND entry <= :last
        ) AS moved GROUP BY asset_id
        """
    )


@cache
def _late_query(*, is_sqlite: bool) -> sa.TextClause:
    """
    Return the query of what an account has to be given for entries that count from another time.

    Of each class by distance only those can matter that were recorded within it of the instant.
    What the snapshots have not taken in is looked at one by one. Of the recorded later (number
    above :entry) those matter that count already, of the others those that do not count yet.
    """
    late = (f"({n}, :instant, :instant + {most})" for n, most in enumerate(DISTANCES, start=1))
    early = (f"({-n}, :instant - {most}, :instant)" for n, most in enumerate(DISTANCES, start=1))
    kept = one_by_one(
        "derived_dated",
        "d",
        "d.account_id = :account AND d.distance = classes.distance "
        "AND d.recorded_at > classes.low AND d.recorded_at <= classes.high "
        "AND d.entry <= (SELECT entry FROM taken)",
        is_sqlite=is_sqlite,
    )
    dated = one_by_one("entries", "e", "e.sequence = p.entry", is_sqlite=is_sqlite)
    ends = []
    for end, sign in (("destination_id", ""), ("source_id", "-")):
        since = f"p.{end} = own.account_id AND p.entry > (SELECT entry FROM taken)"
        postings = one_by_one("postings", "p", since, is_sqlite=is_sqlite)
        ends.append(
            f"""
            SELECT p.asset_id, p.entry > :entry AS is_later, {sign}p.amount AS change
            FROM own {postings} {dated} WHERE (e.effective_at <= :instant) = (p.entry > :entry)
            """
        )
    return sa.text(
        f"""
        WITH own (account_id) AS (SELECT CAST(:account AS BIGINT)),
        taken (entry) AS (
          SELECT coalesce(max(entry), 0) FROM derived_positions
          WHERE name = :name AND version = :version
        ),
        classes (distance, low, high) AS (VALUES {", ".join((*late, *early))})
        SELECT asset_id, sum(CASE WHEN is_later THEN change ELSE -change END) FROM (
          SELECT d.asset_id, d.distance > 0 AS is_later, d.change FROM classes {kept}
          WHERE (d.effective_at <= :instant) = (d.distance > 0)
          UNION ALL {" UNION ALL ".join(ends)}
        ) AS parts GROUP BY asset_id
        """
    )
