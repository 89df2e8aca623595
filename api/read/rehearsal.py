"""
Set a stage for one order: as much of the writer's memory as the verb that places it would touch.

The verb itself is then played on it and everything is thrown away, so that what a preview says and
what placing does can never be two opinions. What is loaded is the instrument and its day, the
orders that this one could meet, and the accounts, holds and parties of those whose orders they are.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from api.read.market import OPEN_STATES
from ledger.asset import CNY
from ledger.chart import of_enterprise
from ledger.memory import ASSET_BITS, Account, HeldAsset, Hold, Memory
from ledger.parties.party import District, Enterprise, Parties
from ledger.parties.tables import DistrictRow, EnterpriseRow, SectorRow
from ledger.tables import AccountRow, AssetRow, BalanceRow, CommandRow, EntryRow, HoldRow
from ledger.terms.load import load_limits
from market.calendar import Phase
from market.load import listing_of
from market.order import Order, Side, opposite
from market.place import PlaceOrder
from market.settle import FEES
from market.tables import InstrumentRow, MarketDayRow, OrderRow
from market.venue import UNMATCHED, Listing, Venue

_PURPOSES = ("holding", "held", "bought", "cash", "cash_held")
_AT_ONCE = 1_000

Each = TypeVar("Each")


def stage(connection: sa.Connection, order: PlaceOrder) -> Memory:
    """
    Return a memory in which *order* meets what it would meet now.

    An instrument or enterprise that is not there is left out, for the verb to refuse.
    """
    memory, venue, parties = Memory(), Venue(), Parties()
    memory.keep(venue)
    memory.keep(parties)
    _load_position(connection, memory)
    row = connection.execute(
        sa.select(InstrumentRow.__table__).where(InstrumentRow.id == order.instrument)
    ).one_or_none()
    if row is None:
        return memory
    _load_assets(connection, memory, (row.asset, CNY))
    listing = venue.listings[row.id] = listing_of(row, memory)
    _load_day(connection, listing)
    makers = list(_met(connection, listing, order))
    enterprises = {order.enterprise, *(maker.enterprise for maker in makers)}
    _load_parties(connection, parties, enterprises)
    _load_accounts(connection, memory, enterprises)
    own = [of_enterprise(order.enterprise, purpose) for purpose in _PURPOSES]
    ids = [memory.accounts[address].id for address in own if address in memory.accounts]
    load_limits(connection, memory, only=ids)
    _load_holds(connection, memory, [maker.hold_id for maker in makers])
    for maker in sorted(makers, key=lambda each: each.sequence):
        listing.book.rest(maker)
    listing.enter(listing.phase)
    return memory


def _load_position(connection: sa.Connection, memory: Memory) -> None:
    last = connection.execute(
        sa.select(CommandRow.sequence, CommandRow.recorded_at)
        .order_by(CommandRow.sequence.desc())
        .limit(1)
    ).one_or_none()
    if last is not None:
        memory.sequence, memory.now = last
    entry = connection.execute(sa.select(sa.func.max(EntryRow.sequence))).scalar_one()
    memory.entry_sequence = entry or 0


def _load_assets(connection: sa.Connection, memory: Memory, codes: Sequence[str]) -> None:
    rows = connection.execute(sa.select(AssetRow.id, AssetRow.code).where(AssetRow.code.in_(codes)))
    memory.assets.update((code, HeldAsset(asset_id, code)) for asset_id, code in rows)


def _load_day(connection: sa.Connection, listing: Listing) -> None:
    today = connection.execute(
        sa.select(MarketDayRow.__table__)
        .where(MarketDayRow.instrument == listing.id)
        .order_by(MarketDayRow.number.desc())
        .limit(1)
    ).one_or_none()
    if today is not None:
        listing.number, listing.day, listing.phase = today.number, today.day, Phase(today.phase)
        listing.reference_price_fen = today.reference_price_fen
        listing.set_band(today.low_limit_fen, today.high_limit_fen)


def _met(connection: sa.Connection, listing: Listing, order: PlaceOrder) -> Iterator[Order]:
    """
    Yield the open orders that *order* could meet.

    Where orders rest unmatched these are its own group's; else those across from it, best first,
    until the orders of others would fill it.
    """
    group = connection.execute(
        sa.select(EnterpriseRow.owner_group).where(EnterpriseRow.id == order.enterprise)
    ).scalar_one_or_none()
    query = sa.select(OrderRow.__table__).where(
        OrderRow.instrument == listing.id,
        OrderRow.day_number == listing.number,
        OrderRow.state.in_(OPEN_STATES),
    )
    if listing.phase in UNMATCHED:
        query = query.where(OrderRow.owner_group == group)
    else:
        query = _across(query, order)
    left_tce = min(order.quantity_tce, listing.limits.quantity_max_tce)
    with connection.execute(query.execution_options(yield_per=_AT_ONCE)) as found:
        for row in found:
            yield (maker := _order(row))
            left_tce -= 0 if maker.owner == group else maker.leaves_tce
            if left_tce <= 0 and listing.phase not in UNMATCHED:
                return


def _across(query: sa.Select[Any], order: PlaceOrder) -> sa.Select[Any]:
    side, price = opposite(Side(order.side)), OrderRow.price_fen
    query = query.where(OrderRow.side == side.value)
    if side is Side.SELL:
        return query.where(price <= order.price_fen).order_by(price, OrderRow.id)
    return query.where(price >= order.price_fen).order_by(price.desc(), OrderRow.id)


def _order(row: Any) -> Order:
    order = Order(
        id=row.id,
        owner=row.owner_group,
        enterprise=row.enterprise,
        side=Side(row.side),
        price_fen=row.price_fen,
        quantity_tce=row.quantity_tce,
        sequence=row.id,
        hold_id=row.hold_id,
    )
    order.leaves_tce = row.quantity_tce - row.filled_tce
    return order


def _load_parties(
    connection: sa.Connection, parties: Parties, enterprises: Collection[str]
) -> None:
    for code, parent, pack in connection.execute(
        sa.select(DistrictRow.code, DistrictRow.parent, DistrictRow.pack)
    ):
        parties.districts[code] = District(code, parent, pack)
    row = EnterpriseRow
    query = sa.select(row.id, row.district, row.sector, SectorRow.two_high, row.owner_group).join(
        SectorRow, SectorRow.code == row.sector
    )
    for some in _some(sorted(enterprises)):
        for name, district, sector, two_high, group in connection.execute(
            query.where(row.id.in_(some))
        ):
            parties.enterprises[name] = Enterprise(name, district, sector, two_high == "yes", group)


def _load_accounts(connection: sa.Connection, memory: Memory, enterprises: Collection[str]) -> None:
    addresses = [of_enterprise(each, purpose) for each in enterprises for purpose in _PURPOSES]
    assets = [asset.id for asset in memory.assets.values()]
    balances: dict[int, int] = {}
    for some in _some(sorted([FEES, *addresses])):
        query = (
            sa.select(
                AccountRow.id,
                AccountRow.address,
                AccountRow.state,
                BalanceRow.asset_id,
                BalanceRow.amount,
            )
            .outerjoin(
                BalanceRow,
                sa.and_(BalanceRow.account_id == AccountRow.id, BalanceRow.asset_id.in_(assets)),
            )
            .where(AccountRow.address.in_(some))
        )
        for account, address, state, asset, amount in connection.execute(query):
            memory.accounts[address] = Account(account, address, state=state)
            if asset is not None:
                balances[account << ASSET_BITS | asset] = amount
    memory.balances = balances


def _load_holds(connection: sa.Connection, memory: Memory, holds: Sequence[int]) -> None:
    accounts = {account.id: account for account in memory.accounts.values()}
    assets = {asset.id: asset for asset in memory.assets.values()}
    for some in _some(holds):
        for row in connection.execute(sa.select(HoldRow.__table__).where(HoldRow.id.in_(some))):
            memory.holds[row.id] = Hold(
                row.id,
                account=accounts[row.account_id],
                held=accounts[row.held_id],
                asset=assets[row.asset_id],
                amount=row.amount,
                remaining=row.remaining,
                expires_at=row.expires_at,
                purpose=row.purpose,
            )


def _some(every: Sequence[Each]) -> Iterator[Sequence[Each]]:
    """Yield *every* in parts that one query takes."""
    return (every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE))
