"""
Set the stage for a what-if: a district as the writer would see it, on a snapshot, for one plan.

The verb itself is then played on it and everything is thrown away: the session writes nothing, and
the writer is not asked.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from api.matrix import Reach
from api.read.visible import visible
from ledger.allocation.held import HELD_IN, rights_in_force
from ledger.allocation.plan import work_out
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.allocation.what_if import Outcome, Trial, try_plan
from ledger.chart import of_enterprise
from ledger.collection import collection_off
from ledger.districts.budget import Measure, budget_account, flow_of, reserve_account
from ledger.districts.tables import BudgetRow
from ledger.errors import Refused
from ledger.memory import ASSET_BITS, Account, HeldAsset, Memory, balance_key
from ledger.parties.party import District, Enterprise, Parties
from ledger.parties.tables import DistrictRow, EnterpriseRow, SectorRow
from ledger.policy_book import load_policy
from ledger.rows import RowsRefused
from ledger.tables import AccountRow, AssetRow, BalanceRow, CommandRow
from ledger.work import Work

ACTOR = "system:what-if"
AT_ONCE = 1_000
"""How many names one query asks for."""


def outcome_of(connection: sa.Connection, trial: Trial) -> Outcome:
    """Return what *trial* comes to on the snapshot of *connection*, which it leaves unchanged."""
    named = {line.enterprise for line in trial.rows}
    memory = stage(connection, [trial.district], named, year=trial.year, measure=trial.measure)
    _widen(connection, memory, trial)
    with _thrown_away(connection, memory) as work:
        return try_plan(work, trial)


def places(reach: Reach) -> sa.Select[Any]:
    """Return the query of the districts for which somebody may try a plan, by code."""
    columns: list[Any] = [DistrictRow.code, DistrictRow.name, DistrictRow.name_en]
    names = sa.select(*columns)
    return names.where(visible(reach, district=DistrictRow.code)).order_by(DistrictRow.code)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What one district's plan would answer, or the refusals of its lines by their place."""

    result: Mapping[str, object]
    refused: tuple[tuple[int, Refused], ...] = ()


def rehearse_plans(
    connection: sa.Connection,
    lines: Mapping[str, Sequence[PlanLine]],
    *,
    year: int,
    measure: Measure,
) -> dict[str, Rehearsed]:
    """
    Return what the plans of several districts would come to, on one snapshot; write nothing.

    A refusal of the whole plan, such as a budget that is not set, stands at its first line.
    """
    named = {line.enterprise for rows in lines.values() for line in rows}
    memory = stage(connection, sorted(lines), named, year=year, measure=measure)
    found = {}
    for district, rows in sorted(lines.items()):
        payload = PlanAllocations(district=district, year=year, measure=measure, rows=tuple(rows))
        with collection_off(), _thrown_away(connection, memory) as work:
            found[district] = _rehearsed(work, payload)
    return found


def _rehearsed(work: Work, payload: PlanAllocations) -> Rehearsed:
    try:
        return Rehearsed(work_out(work, payload).result)
    except RowsRefused as refusal:
        return Rehearsed({}, tuple((number - 1, each) for number, each in refusal.problems))
    except Refused as refusal:
        return Rehearsed({}, ((0, refusal),))


@contextmanager
def _thrown_away(connection: sa.Connection, memory: Memory) -> Iterator[Work]:
    """Give a work whose session writes nothing: what is written into its rows goes with them."""
    session = Session(connection, autoflush=False)
    try:
        yield Work(
            memory,
            sequence=memory.sequence + 1,
            now=memory.now + 1,
            actor=ACTOR,
            session=session,
        )
    finally:
        session.expunge_all()
        session.close()


def stage(
    connection: sa.Connection,
    districts: Sequence[str],
    named: Collection[str],
    *,
    year: int,
    measure: str,
) -> Memory:
    """
    Return as much of the writer's memory as the plans of *districts* touch.

    *named* are enterprises that the plans name, wherever they lie.
    """
    memory = Memory()
    last = connection.execute(
        sa.select(CommandRow.sequence, CommandRow.recorded_at)
        .order_by(CommandRow.sequence.desc())
        .limit(1)
    ).one_or_none()
    if last is not None:
        memory.sequence, memory.now = last
    parties = _parties(connection, districts, named)
    memory.keep(parties)
    memory.keep(load_policy(connection, memory))
    for asset_id, code in connection.execute(
        sa.select(AssetRow.id, AssetRow.code).order_by(AssetRow.id)
    ):
        memory.assets[code] = held = HeldAsset(asset_id, code)
        memory.assets_by_id.append(held)
    _balances(connection, memory, _addresses(memory, parties, districts, year, measure))
    return memory


def _parties(
    connection: sa.Connection, districts: Sequence[str], named: Collection[str]
) -> Parties:
    parties = Parties()
    for row in connection.execute(sa.select(DistrictRow.__table__)):
        parties.districts[row.code] = District(row.code, row.parent, row.pack)
    for sector in connection.execute(sa.select(SectorRow.__table__)):
        parties.two_high[sector.code] = sector.two_high == "yes"
    wanted: sa.ColumnElement[bool] = EnterpriseRow.district.in_(districts)
    if 0 < len(named) <= AT_ONCE:
        wanted = sa.or_(wanted, EnterpriseRow.id.in_(sorted(named)))
    for each in connection.execute(sa.select(EnterpriseRow.__table__).where(wanted)):
        parties.enterprises[each.id] = Enterprise(
            each.id, each.district, each.sector, parties.two_high[each.sector], each.owner_group
        )
    return parties


def _addresses(
    memory: Memory, parties: Parties, districts: Sequence[str], year: int, measure: str
) -> list[str]:
    """Return the accounts whose balances a plan reads: budgets, and rights where there are any."""
    addresses = [
        address
        for district in districts
        for address in (budget_account(district), reserve_account(district))
    ]
    if rights_in_force(memory, measure=measure, year=year):
        addresses += [
            of_enterprise(enterprise, purpose)
            for enterprise in parties.enterprises
            for purpose in HELD_IN
        ]
    return addresses


def _balances(connection: sa.Connection, memory: Memory, addresses: Sequence[str]) -> None:
    query = sa.select(
        AccountRow.id, AccountRow.address, AccountRow.state, BalanceRow.asset_id, BalanceRow.amount
    ).outerjoin(BalanceRow, BalanceRow.account_id == AccountRow.id)
    for first in range(0, len(addresses), AT_ONCE):
        some = addresses[first : first + AT_ONCE]
        for account_id, address, state, asset_id, amount in connection.execute(
            query.where(AccountRow.address.in_(some))
        ):
            if address not in memory.accounts:
                memory.accounts[address] = Account(account_id, address, state=state)
            if amount:
                memory.balances |= {account_id << ASSET_BITS | asset_id: amount}


def _widen(connection: sa.Connection, memory: Memory, trial: Trial) -> None:
    """Give the budget's account as much more, or less, as the cap that is tried differs."""
    account = memory.accounts.get(budget_account(trial.district))
    code = flow_of(trial.district, year=trial.year, measure=trial.measure).code
    named = (BudgetRow.district, BudgetRow.year, BudgetRow.measure)
    wanted = (trial.district, trial.year, trial.measure)
    cap = connection.execute(
        sa.select(BudgetRow.cap).where(*(a == b for a, b in zip(named, wanted, strict=True)))
    ).scalar()
    if trial.cap > 0 and cap is not None and account is not None and code in memory.assets:
        key = balance_key(account, memory.assets[code])
        memory.balances |= {key: memory.balances.get(key, 0) + trial.cap - cap}
