"""
What the writer keeps in memory: balances, holds, roles, recent ids. The database is the truth.

These are hot values: mutable slotted classes, changed only by the kernel's own verbs while a
command is applied, and rebuilt from the database at start and after any failed commit.
"""

from collections.abc import Iterable
from sys import intern
from typing import TypeVar

from ledger.asset import Kind, kind_of
from ledger.chart import place_of
from ledger.leaf import pack_text

RECENT_IDS_MAX = 1_000_000

KIND_BITS = {Kind.FLOW: 1, Kind.STANDING: 2, Kind.CASH: 4}
ASSET_BITS = 20

Cache = TypeVar("Cache")


OPEN, FROZEN, CLOSED = "open", "frozen", "closed"
"""The states of an account."""


class Account:
    """
    An account: its dense id, its address packed for leaves, what it may hold, and its state.

    *is_free* says that nothing binds it, so that a posting need not look further: it is open and
    has no limits.
    """

    __slots__ = (
        "address",
        "id",
        "is_free",
        "is_open",
        "kinds",
        "limited",
        "overdraws",
        "packed",
        "state",
    )

    def __init__(self, account_id: int, address: str, *, state: str = OPEN) -> None:
        place = place_of(address)
        self.id = account_id
        self.address = address
        self.packed = pack_text(address)
        self.kinds = sum(KIND_BITS[kind] for kind in place.kinds)
        self.overdraws = int(place.overdraws)
        self.limited = 0
        self.turn(state)

    def turn(self, state: str) -> None:
        """Let the account be in *state* from now on."""
        self.state = intern(state)  # a database gives every account a text of its own
        self.is_open = state == OPEN
        self.is_free = self.is_open and not self.limited

    def count_limits(self, change: int) -> None:
        """Let the account have *change* more, or fewer, assets with limits."""
        self.limited += change
        self.is_free = self.is_open and not self.limited


class Limit:
    """
    The least and the most that an account may hold of an asset; None where there is none.

    *set_aside* is what open holds have taken from the account and may come back to it.
    """

    __slots__ = ("ceiling", "floor", "set_aside")

    def __init__(self, floor: int | None, ceiling: int | None, set_aside: int = 0) -> None:
        self.floor = floor
        self.ceiling = ceiling
        self.set_aside = set_aside


class HeldAsset:
    """An asset in use: its dense id, its code packed for leaves, and the bit of its kind."""

    __slots__ = ("code", "id", "kind_bit", "packed")

    def __init__(self, asset_id: int, code: str) -> None:
        self.id = asset_id
        self.code = code
        self.packed = pack_text(code)
        self.kind_bit = KIND_BITS[kind_of(code)]


class Hold:
    """Units set aside in *held*, taken from *account*; *remaining* is what is still there."""

    __slots__ = (
        "account",
        "amount",
        "asset",
        "expires_at",
        "held",
        "id",
        "purpose",
        "remaining",
        "state",
    )

    def __init__(
        self,
        hold_id: int,
        *,
        account: Account,
        held: Account,
        asset: HeldAsset,
        amount: int,
        remaining: int,
        expires_at: int | None,
        purpose: str,
    ) -> None:
        self.id = hold_id
        self.account = account
        self.held = held
        self.asset = asset
        self.amount = amount
        self.remaining = remaining
        self.expires_at = expires_at
        self.purpose = purpose
        self.state = "open"

    def row(self) -> tuple[object, ...]:
        """Return the values of this hold in the order of its table."""
        return (
            self.id,
            self.account.id,
            self.held.id,
            self.asset.id,
            self.amount,
            self.remaining,
            self.state,
            self.expires_at,
            self.purpose,
        )


class Memory:
    """
    The writer's view of the ledger between commands.

    *limits* are kept like balances, under account and asset. *opened_at* is when the ledger began;
    everything effective before *sealed_until* is sealed.
    """

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.accounts_by_id: list[Account] = []
        self.assets: dict[str, HeldAsset] = {}
        self.assets_by_id: list[HeldAsset] = []
        self.balances: dict[int, int] = {}
        self.limits: dict[int, Limit] = {}
        self.holds: dict[int, Hold] = {}
        self.expiries: list[tuple[int, int]] = []
        self.due: list[tuple[int, str, str]] = []
        self.roles: dict[str, set[tuple[str, str]]] = {}
        self.recent: dict[str, int] = {}
        self.recent_is_whole = True
        self.sequence = 0
        self.entry_sequence = 0
        self.block = 0
        self.block_hash = bytes(32)
        self.now = 0
        self.opened_at = 0
        self.sealed_until = 0
        self._caches: dict[type[object], object] = {}

    def keep(self, cache: object) -> None:
        """Keep a subject's cache, one of each class."""
        self._caches[type(cache)] = cache

    def cache(self, kind: type[Cache]) -> Cache:
        """Return the cache of class *kind* that its subject keeps."""
        found = self._caches[kind]
        assert isinstance(found, kind)
        return found

    def kept(self, kind: type[Cache]) -> Cache | None:
        """Return the cache of class *kind*, None where no subject of this ledger keeps one."""
        return self.cache(kind) if kind in self._caches else None

    def balance(self, address: str, asset: str) -> int:
        """Return the balance of *asset* in the account at *address*; zero where there is none."""
        account = self.accounts.get(address)
        held = self.assets.get(asset)
        if account is None or held is None:
            return 0
        return self.balances.get(balance_key(account, held), 0)

    def holdings(self, addresses: Iterable[str]) -> dict[tuple[str, str], int]:
        """Return the non-zero balances of some accounts by (address, asset code), in id order."""
        found: dict[tuple[str, str], int] = {}
        for address in addresses:
            account = self.accounts.get(address)
            if account is None:
                continue
            for asset in self.assets_by_id:
                amount = self.balances.get(balance_key(account, asset), 0)
                if amount:
                    found[address, asset.code] = amount
        return found

    def remember(self, command_id: str, sequence: int) -> None:
        """Keep a command's id so that a repeat is known without asking the database."""
        self.recent[command_id] = sequence
        if len(self.recent) > RECENT_IDS_MAX:
            self.recent_is_whole = False
            self.recent.pop(next(iter(self.recent)))


def balance_key(account: Account, asset: HeldAsset) -> int:
    """Return the one number under which the balance of *asset* in *account* is kept."""
    return account.id << ASSET_BITS | asset.id
