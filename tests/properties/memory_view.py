"""What a writer remembers, as plain values that can be compared before and after a restart."""

import dataclasses
from enum import Enum

from ledger.compliance.book import Book as Years
from market.book import Book
from market.order import Order, Side
from market.venue import Listing, Seat, Venue


def remembered(memory):
    """
    Return all that *memory* holds.

    Left out is what means nothing: zero balances, persons without roles, seats not taken yet,
    expiries of holds that are no longer open, and in which order a heap or dict has its items.
    """
    return {
        "accounts": [_plain(account) for account in memory.accounts_by_id],
        "addresses": {address: account.id for address, account in memory.accounts.items()},
        "assets": [_plain(asset) for asset in memory.assets_by_id],
        "codes": {code: asset.id for code, asset in memory.assets.items()},
        "balances": {key: amount for key, amount in memory.balances.items() if amount},
        "holds": {number: _plain(hold) for number, hold in memory.holds.items()},
        "limits": {key: _plain(limit) for key, limit in memory.limits.items()},
        "times": (memory.opened_at, memory.sealed_until),
        "expiries": sorted(
            {
                (at, number)
                for at, number in memory.expiries
                if number in memory.holds and memory.holds[number].expires_at == at
            }
        ),
        "due": sorted(memory.due),
        "roles": {person: roles for person, roles in memory.roles.items() if roles},
        "recent": memory.recent,
        "position": (memory.sequence, memory.entry_sequence, memory.block, memory.block_hash),
        "now": memory.now,
        "caches": {kind.__name__: _plain(cache) for kind, cache in memory._caches.items()},
    }


def _plain(value):
    """Return *value* as nested dicts, lists and scalars."""
    match value:
        case Enum():
            return value.value
        case Venue():
            return {"listings": _plain(value.listings), "orders": _plain(value.orders)}
        case Years():  # what it read from the packs, it reads again
            names = [name for name in vars(value) if name != "terms"]
            return {name: _plain(getattr(value, name)) for name in names}
        case Listing():
            shown = {name: _plain(getattr(value, name)) for name in Listing.__slots__}
            shown["own"] = value.own is not None and {
                group: sorted(order.id for order in value.own_orders(group))
                for group in list(value.own)
                if value.own_orders(group)
            }
            shown["lots"] = {name: lots for name, lots in value.lots.items() if lots}
            return shown
        case Book():
            return {
                "band": (value.low_fen, value.high_fen, value.tick_fen),
                "orders": {side: [_plain(each) for each in value.resting(side)] for side in Side},
                "depth": {side: value.depth(side) for side in Side},
                "best": (value.best_bid(), value.best_ask()),
                "total": {side: value.quantity_tce(side) for side in Side},
                "known": sorted(value.orders),
            }
        case Order():
            links = ("previous", "next", "level")
            names = [name for name in Order.__slots__ if name not in links]
            return {name: _plain(getattr(value, name)) for name in names} | {
                "rests": value.level is not None
            }
        case (Order() as order, Listing() as listing):
            return _plain(order), listing.id
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case set() | frozenset():
            return set(value)
        case list() | tuple():
            return [_plain(each) for each in value]
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if hasattr(value, "__slots__") or hasattr(value, "__dict__"):
        names = [*getattr(value, "__slots__", ()), *getattr(value, "__dict__", ())]
        if names and not isinstance(value, (str, int, bytes)):
            return {name: _plain(getattr(value, name)) for name in names}
    return value


def seats(memory):
    """Return every seat that has been taken, as it is and as it would be taken now."""
    kept = memory.cache(Venue)
    fresh = Venue()
    return (
        {name: _seat(seat) for name, seat in kept.seats.items()},
        {name: _seat(fresh.seat(memory, name)) for name in kept.seats},
    )


def _seat(seat):
    return {name: _plain(getattr(seat, name)) for name in Seat.__slots__}
