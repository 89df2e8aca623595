"""
Self-check: hold every table of the kernel against the history it rests on.

What no leaf covers and no sum shows (purposes and expiries of holds, role grants, states and limits
of accounts, seals, notes) is found by a replay of the command log, not here.

Rule: AUD-24.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from ledger.attest import ledger_origin
from ledger.command import OK, payload_hash
from ledger.db import reading, require_durable
from ledger.errors import Refused
from ledger.finding import Checked, Findings
from ledger.history import Names, in_order
from ledger.note import Checkpoint, VerifierKey, parse_checkpoint, parse_note, require_signed
from ledger.recount import WALKED, Recount
from ledger.register import OpenLedger
from ledger.tables import (
    APPEND_ONLY,
    AccountRow,
    AssetRow,
    CheckpointRow,
    CommandRow,
    EntryRow,
    LeaseRow,
    LedgerRow,
    PostingRow,
    ProposalRow,
)
from ledger.tally import check_balances, check_holds, is_in_chart

BEFORE = ("durability", "storage", "guards", "lease", "ledger")
AFTER = ("balances", "conservation", "negatives", "holds", "checkpoints")
CHECKS = (*BEFORE, *WALKED, *AFTER)
"""The names of all checks, in the order in which they are reported."""


def self_check(engine: sa.Engine, keys: Sequence[VerifierKey] = ()) -> Checked:
    """
    Return the outcome of every check over one snapshot of the database.

    With *keys*, signatures of stored checkpoints are verified as well.

    Rule: AUD-24.
    """
    findings = Findings(CHECKS)
    with reading(engine) as connection:
        with findings.making("storage"):
            _check_storage(connection, findings)
        check_surroundings(connection, findings)
        _check_history(connection, findings, keys)
    return findings.checked()


def check_surroundings(connection: sa.Connection, findings: Findings) -> None:
    """Make the checks of what history stands in: settings, guards, the lease, the ledger's row."""
    for check, make in (
        ("durability", _check_durability),
        ("guards", _check_guards),
        ("lease", _check_lease),
        ("ledger", _check_ledger),
    ):
        with findings.making(check):
            make(connection, findings)


def _check_history(
    connection: sa.Connection, findings: Findings, keys: Sequence[VerifierKey]
) -> None:
    with findings.making(*WALKED, *AFTER):
        sizes = frozenset(connection.execute(sa.select(CheckpointRow.size)).scalars())
        recount = Recount(findings, Names(connection), sizes)
        recount.walk(connection)
        check_proposals(connection, findings)
        check_counts(connection, findings, recount)
        check_opened(connection, findings, recount)
        check_balances(connection, findings, recount)
        check_holds(connection, findings, recount)
    with findings.making("checkpoints"):
        _check_checkpoints(connection, findings, recount, keys)


def _check_durability(connection: sa.Connection, findings: Findings) -> None:
    try:
        require_durable(connection)
    except Refused as refusal:
        findings.problem("durability", "settings", refusal.message, **refusal.facts)
    findings.fact("durability", engine=connection.dialect.name)


def _check_storage(connection: sa.Connection, findings: Findings) -> None:
    """Let SQLite verify its own pages and indexes; PostgreSQL has page checksums for that."""
    if connection.dialect.name == "sqlite":
        found = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one())
        if found != "ok":
            findings.problem("storage", "database file", found)
    else:
        checksums = str(connection.exec_driver_sql("SHOW data_checksums").scalar_one())
        findings.fact("storage", page_checksums=checksums)


def _check_guards(connection: sa.Connection, findings: Findings) -> None:
    if connection.dialect.name == "sqlite":
        wanted = {f"{table}_refuse_{change}" for table in APPEND_ONLY for change in _CHANGES}
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'"
    else:
        wanted = {f"{table}_refuse_change" for table in APPEND_ONLY}
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
    found = set(connection.exec_driver_sql(query).scalars())
    for name in sorted(wanted - found):
        findings.problem("guards", name, "this trigger, which keeps history unchanged, is gone")
    findings.fact("guards", triggers=len(wanted))


_CHANGES = ("update", "delete")


def _check_lease(connection: sa.Connection, findings: Findings) -> None:
    rows = connection.execute(sa.select(LeaseRow.epoch, LeaseRow.holder)).all()
    written = connection.execute(sa.select(CommandRow.sequence).limit(1)).first() is not None
    if len(rows) != int(written or bool(rows)) or any(row.epoch < 1 for row in rows):
        findings.problem("lease", "lease", "there is not exactly one with an epoch", rows=len(rows))
    else:
        findings.fact("lease", epoch=max((row.epoch for row in rows), default=0))


def _check_ledger(connection: sa.Connection, findings: Findings) -> None:
    """Hold the ledger's one row against the command that opened it."""
    opening = connection.execute(
        sa.select(CommandRow.payload, CommandRow.recorded_at)
        .where(CommandRow.kind == OpenLedger.kind, CommandRow.code == OK)
        .order_by(CommandRow.sequence)
    ).all()
    rows = connection.execute(sa.select(LedgerRow.__table__)).all()
    if not opening and not rows:
        findings.fact("ledger", opened="not yet")
        return
    if len(opening) != 1 or len(rows) != 1:
        findings.problem("ledger", "ledger", "it was not opened exactly once")
        return
    payload = msgspec.json.decode(opening[0].payload, type=OpenLedger)
    wanted = (payload.name, payload.jurisdiction, payload.purpose, opening[0].recorded_at)
    if tuple(rows[0])[1:] != wanted:
        findings.problem("ledger", "ledger", "name, jurisdiction, purpose or time was changed")
    findings.fact("ledger", purpose=payload.purpose, jurisdiction=payload.jurisdiction)


def check_proposals(connection: sa.Connection, findings: Findings) -> None:
    """Hold the payload of every proposal against the hash that the second person approved."""
    for row in in_order(connection, ProposalRow, 0):
        if payload_hash(row.payload.encode()) != row.payload_hash:
            findings.problem(
                "payload_hashes", f"proposal {row.id}", "the payload is not the one hashed"
            )


def check_counts(connection: sa.Connection, findings: Findings, recount: Recount) -> None:
    """Note the rows that the walk did not meet because nothing leads to them."""
    for table, walked in ((EntryRow, recount.entries), (PostingRow, recount.postings)):
        stored = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        name = table.__tablename__
        if stored != walked:
            findings.problem(
                "references", name, "some belong to nothing", stored=stored, walked=walked
            )
        findings.fact("references", **{name: stored})


def check_opened(connection: sa.Connection, findings: Findings, recount: Recount) -> None:
    """Check that ids of accounts and assets are dense, in order of opening, and well-formed."""
    for table in (AccountRow, AssetRow):
        number, before = 0, 1
        for number, row in enumerate(in_order(connection, table, -1), start=1):
            where = f"{table.__tablename__} {row.id}"
            if row.id != number:
                findings.problem("sequences", where, f"{number} should stand here")
            if not before <= row.opened_by <= recount.last_sequence:
                findings.problem("references", where, "no command can have opened it")
            before = row.opened_by
        findings.fact("sequences", **{table.__tablename__: number})
    for account, address in recount.names.accounts.items():
        if not is_in_chart(address):
            findings.problem("references", f"account {account}", "it is not in the chart")


def _check_checkpoints(
    connection: sa.Connection,
    findings: Findings,
    recount: Recount,
    keys: Sequence[VerifierKey],
) -> None:
    """Hold every stored checkpoint against the tree. Rules: AUD-04, AUD-05, AUD-07."""
    seen, before = 0, None
    for row in in_order(connection, CheckpointRow, 0):
        seen += 1
        stated = check_checkpoint(connection, findings, recount, row, keys)
        if stated is not None and before is not None and stated.time < before:
            findings.problem(
                "checkpoints", f"checkpoint {row.size}", "it is older than the one before"
            )
        before = before if stated is None else stated.time
    findings.fact("checkpoints", checkpoints=seen, signatures="checked" if keys else "not checked")


def check_checkpoint(
    connection: sa.Connection,
    findings: Findings,
    recount: Recount,
    row: sa.Row[Any],
    keys: Sequence[VerifierKey],
) -> Checkpoint | None:
    """
    Hold one stored checkpoint against the recount, which has come past it; return what it states.

    With *keys*, one of them must have signed it.
    """
    fault, stated = "", None
    try:
        note = parse_note(row.note)
        stated = parse_checkpoint(note.body)
        fault = _checkpoint_fault(row, stated, recount)
        if not fault and stated.origin != ledger_origin(connection):
            fault = "it is of another ledger"
        if keys:
            require_signed(note, keys)
    except Refused as refusal:
        fault = fault or refusal.message
    if fault:
        findings.problem("checkpoints", f"checkpoint {row.size}", fault)
    return stated


def _checkpoint_fault(row: sa.Row[Any], stated: Checkpoint, recount: Recount) -> str:
    end = recount.ends.get(row.size)
    if end is None:
        return "no command of history ends there"
    if end.root != stated.root:
        return "the rows lead to another root"
    if (stated.tree_size, row.last_sequence) != (row.size, end.last_sequence):
        return "its note and its row differ, or name another command"
    return ""
