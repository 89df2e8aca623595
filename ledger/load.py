"""Rebuild the writer's memory from the database, which is the only truth."""

from heapq import heapify

import sqlalchemy as sa

from ledger.memory import ASSET_BITS, RECENT_IDS_MAX, Account, HeldAsset, Hold, Memory
from ledger.roles import load_roles
from ledger.subject import Subjects
from ledger.tables import (
    AccountRow,
    AssetRow,
    BalanceRow,
    BlockRow,
    CommandRow,
    DueRow,
    EntryRow,
    HoldRow,
)
from ledger.terms.load import load_terms


def load_memory(connection: sa.Connection, subjects: Subjects) -> Memory:
    """Return memory as the last commit left it: accounts, balances, holds, terms, roles, caches."""
    memory = Memory()
    _load_chart(connection, memory)
    _load_balances(connection, memory)
    _load_holds(connection, memory)
    load_terms(connection, memory)
    _load_due(connection, memory)
    load_roles(connection, memory)
    _load_position(connection, memory)
    for subject in subjects.all:
        if subject.load is not None:
            memory.keep(subject.load(connection, memory))
    return memory


def _load_chart(connection: sa.Connection, memory: Memory) -> None:
    accounts = sa.select(AccountRow.id, AccountRow.address, AccountRow.state)
    for account_id, address, state in connection.execute(accounts.order_by(AccountRow.id)):
        account = Account(account_id, address, state=state)
        memory.accounts[address] = account
        memory.accounts_by_id.append(account)
        assert account_id == len(memory.accounts_by_id)
    assets = sa.select(AssetRow.id, AssetRow.code).order_by(AssetRow.id)
    for asset_id, code in connection.execute(assets):
        asset = HeldAsset(asset_id, code)
        memory.assets[code] = asset
        memory.assets_by_id.append(asset)
        assert asset_id == len(memory.assets_by_id)


def _load_balances(connection: sa.Connection, memory: Memory) -> None:
    rows = connection.execute(
        sa.select(BalanceRow.account_id, BalanceRow.asset_id, BalanceRow.amount)
    )
    for account_id, asset_id, amount in rows:
        memory.balances[account_id << ASSET_BITS | asset_id] = amount


def _load_holds(connection: sa.Connection, memory: Memory) -> None:
    rows = connection.execute(sa.select(HoldRow.__table__).where(HoldRow.state == "open"))
    for row in rows:
        memory.holds[row.id] = Hold(
            row.id,
            account=memory.accounts_by_id[row.account_id - 1],
            held=memory.accounts_by_id[row.held_id - 1],
            asset=memory.assets_by_id[row.asset_id - 1],
            amount=row.amount,
            remaining=row.remaining,
            expires_at=row.expires_at,
            purpose=row.purpose,
        )
        if row.expires_at is not None:
            memory.expiries.append((row.expires_at, row.id))
    heapify(memory.expiries)


def _load_due(connection: sa.Connection, memory: Memory) -> None:
    rows = connection.execute(
        sa.select(DueRow.at, DueRow.kind, DueRow.key).where(DueRow.done_by.is_(None))
    )
    memory.due = [(at, kind, key) for at, kind, key in rows]
    heapify(memory.due)


def _load_position(connection: sa.Connection, memory: Memory) -> None:
    recent = connection.execute(
        sa.select(CommandRow.sequence, CommandRow.id, CommandRow.recorded_at)
        .order_by(CommandRow.sequence.desc())
        .limit(RECENT_IDS_MAX)
    ).all()
    for sequence, command_id, _ in reversed(recent):
        memory.recent[command_id] = sequence
    memory.recent_is_whole = len(recent) < RECENT_IDS_MAX
    if recent:
        memory.sequence, memory.now = recent[0].sequence, recent[0].recorded_at
    last_entry = connection.execute(sa.select(sa.func.max(EntryRow.sequence))).scalar_one()
    memory.entry_sequence = last_entry or 0
    block = connection.execute(
        sa.select(BlockRow.number, BlockRow.hash).order_by(BlockRow.number.desc()).limit(1)
    ).one_or_none()
    if block is not None:
        memory.block, memory.block_hash = block.number, block.hash
