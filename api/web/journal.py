"""
The journal: entries by filter, one entry, one command, and the statement of an account.
"""

import json
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import render_template

from api.door import NotFound, seen, visitor
from api.faces import faces
from api.instants import DateInvalid, read_day
from api.problem import language
from api.read import command_entries as reading
from api.read import journal as journals
from api.read import ledger
from api.web import authority_words as words
from api.web.authority_document import pretty, shown
from api.web.authority_frame import Row, authority, filter_of, listed
from api.web.authority_terms import ENTRIES
from ledger.rules import Rule
from ledger.tables import AccountRow, EntryRow

ENTRIES_MAX = 200
"""Entries of one command that its page shows."""


@authority.get("/authority/journal")
def entries() -> str:
    """List entries, narrowed by account, asset, code and day, the newest first."""
    with faces().read() as connection:
        query = _narrowed(connection)
        rows, cursor = listed(connection, query, [EntryRow.sequence])
        found = _complete(connection, rows)
        assets = reading.assets(connection) if _sees_all() else []
    return render_template(
        "journal/entries.html",
        rows=found,
        cursor=cursor,
        assets=assets,
        codes=ENTRIES,
        asked={name: filter_of(name) for name in ("account", "asset", "code", "day")},
        day_wrong=bool(filter_of("day")) and _day() is None,
    )


@authority.get("/authority/journal/<int:entry>")
def entry(entry: int) -> str:
    """Show one entry: its postings in words, its rule, its command, what undid it."""
    with faces().read() as connection:
        query = journals.entries(seen()).where(EntryRow.sequence == entry)
        row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        found = _complete(connection, [dict(row)])[0]
        told = _command(connection, found["command_sequence"])
        undone = reading.reversal_of(connection, entry)
    words.know(persons=[found["actor"] or ""])
    return render_template(
        "journal/entry.html",
        entry=found,
        rule=_rule(found["rule"]),
        command=told,
        fields=_fields(told),
        pretty=pretty(told["payload"]) if told else "",
        undone=undone,
    )


@authority.get("/authority/journal/commands/<int:sequence>")
def command(sequence: int) -> str:
    """Show one command: who, when, what it said, what was answered, what it wrote."""
    with faces().read() as connection:
        told = _command(connection, sequence)
        its = journals.entries_of(connection, sequence)
        within = EntryRow.sequence.between(its.start, its.stop - 1)
        query = journals.entries(seen()).where(within).order_by(EntryRow.sequence)
        rows: list[Row] = [
            dict(row) for row in connection.execute(query.limit(ENTRIES_MAX)).mappings()
        ]
        if told is None and not rows:
            raise NotFound
        found = _complete(connection, rows)
    return render_template(
        "journal/command.html",
        sequence=sequence,
        command=told,
        fields=_fields(told),
        pretty=pretty(told["payload"]) if told else "",
        answer=pretty(told["answer"]) if told else "",
        rows=found,
        total=len(its),
    )


@authority.get("/authority/journal/accounts/<address>")
def statement(address: str) -> str:
    """Show one account: what is on it, and every move with the balance after it."""
    only_cash = ledger.cash_only(visitor().grants)
    with faces().read() as connection:
        own = ledger.accounts(seen(), only_cash=only_cash).where(AccountRow.address == address)
        account = connection.execute(own).mappings().first()
        if account is None:
            raise NotFound
        told = ledger.Statement(dict(account), seen(), asset=filter_of("asset"))
        rows, cursor = listed(connection, told.query, told.keys)
        lines = told.fill(connection, rows)
        balances = ledger.account_balances(connection, [address]).get(address, [])
    words.know_of([address, *(line["other"] for line in lines)])
    return render_template(
        "journal/statement.html",
        address=address,
        account=account,
        balances=balances,
        lines=lines,
        cursor=cursor,
        asset=filter_of("asset"),
    )


def _narrowed(connection: sa.Connection) -> sa.Select[Any]:
    query = journals.entries(seen())
    if (code := filter_of("code")) in ENTRIES:
        query = query.where(EntryRow.code == code)
    account, asset = filter_of("account"), filter_of("asset")
    if account or asset:
        query = query.where(reading.moving(connection, prefix=account, asset=asset))
    if (day := _day()) is not None:
        its = reading.entries_of_day(connection, day)
        query = query.where(EntryRow.sequence.between(its.start, its.stop - 1))
    return query


def _day() -> date | None:
    try:
        return read_day(filter_of("day"))
    except DateInvalid:
        return None


def _sees_all() -> bool:
    return seen().everything


def _names_actor() -> bool:
    return any(role in journals.AUTHORITY for role, _ in visitor().grants)


def _complete(connection: sa.Connection, rows: list[Row]) -> list[Row]:
    """Return entries with their postings and rules, and read at once the names they show."""
    found = journals.with_postings(
        connection,
        rows,
        seen(),
        rules=faces().wording.rules,
        language=language(),
        names_actor=_names_actor(),
    )
    ends = [move[end] for row in found for move in row["postings"] for end in _ENDS]
    words.know_of(ends)
    words.know(persons=[row["actor"] or "" for row in found])
    return found


_ENDS = ("source", "destination")


def _command(connection: sa.Connection, sequence: int) -> Row | None:
    """Return a command as far as the visitor may read it; its person only for authorities."""
    query = reading.command(sequence).where(journals.own_command(seen(), visitor().person))
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    approves = _approved(row)
    made = reading.proposal(connection, approves or sequence)
    words.know(persons=[row["actor"], "" if made is None else made["maker"]])
    return {**row, "proposal": made, "approves": approves}


def _approved(row: Any) -> int | None:
    if row["kind"] not in ("proposal.approve", "proposal.reject"):
        return None
    return int(json.loads(row["payload"])["proposal"])


def _fields(told: Row | None) -> list[Any]:
    """Return what a command says; of a proposal or its approval, what is proposed."""
    if told is None:
        return []
    made = told["proposal"]
    if made is not None:
        return shown(made["kind"], made["payload"])
    return shown(told["kind"], told["payload"])


def _rule(code: str) -> Rule | None:
    return faces().wording.rules.get(code)
