"""
Post an entry: the only verb that moves value.

The checks of a posting run in the order of the rule, and the first that fails is the answer:
amount, source, destination, asset, two ends, both accounts open, both may hold the asset; then of
the source cover, floor and a balance that can be counted, of the destination ceiling and the same.
"""

from collections.abc import Mapping

from ledger.db import require_key_text
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.leaf import entry_leaf
from ledger.memory import ASSET_BITS, Account, HeldAsset, Limit, Memory
from ledger.restraint import NO_LIMITS, limits_for, require_ceiling, require_floor, require_free
from ledger.units import AMOUNT_MAX
from ledger.work import Work

BALANCE_MAX = 10**18
"""A thousand of the largest amounts; sums over all accounts still fit into 64 bits."""


class AmountNotInteger(Refused):
    """An amount is not a whole number of minor units."""

    code = "amount_not_integer"
    rule = "REG-10"

    def __init__(self, amount: object) -> None:
        super().__init__(
            f"{amount!r} is not a whole number of minor units (kgce, kg, fen)", amount=repr(amount)
        )


class AmountNotPositive(Refused):
    """An amount is zero or below."""

    code = "amount_not_positive"
    rule = "REG-10"

    def __init__(self, amount: int) -> None:
        super().__init__(f"{amount} is not above zero", amount=amount)


class AmountTooLarge(Refused):
    """An amount is beyond what the ledger counts."""

    code = "amount_too_large"
    rule = "REG-10"

    def __init__(self, amount: int) -> None:
        super().__init__(
            f"{amount} is above the largest amount, {AMOUNT_MAX}",
            amount=str(amount),
            largest=AMOUNT_MAX,
        )


class AccountUnknown(Refused):
    """No account has been opened at this address."""

    code = "account_unknown"
    rule = "REG-03"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"there is no account {address[:80]}; accounts open when their owner is registered",
            account=address[:80],
        )


class AssetUnknown(Refused):
    """No asset of this code has been opened."""

    code = "asset_unknown"
    rule = "REG-02"

    def __init__(self, asset: str) -> None:
        super().__init__(
            f"there is no asset {asset[:60]}; an asset opens when it is first issued or listed",
            asset=asset[:60],
        )


class SameAccount(Refused):
    """Source and destination are the same account."""

    code = "same_account"
    rule = "REG-11"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} cannot send to itself; name another destination", account=address
        )


class AssetNotHeldHere(Refused):
    """The account may not hold this kind of asset."""

    code = "asset_not_held_here"
    rule = "REG-13"

    def __init__(self, address: str, asset: str) -> None:
        super().__init__(f"{address} may not hold {asset}", account=address, asset=asset)


class InsufficientBalance(Refused):
    """The source does not have what the posting takes."""

    code = "insufficient_balance"
    rule = "REG-14"

    def __init__(self, address: str, asset: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"{address} needs {needed} of {asset} but has {available}",
            account=address,
            asset=asset,
            needed=needed,
            available=available,
        )


class BalanceTooLarge(Refused):
    """A balance would come to more than the database counts, above zero or below."""

    code = "balance_too_large"
    rule = "REG-10"

    def __init__(self, address: str, asset: str) -> None:
        super().__init__(
            f"{address} would have more than {BALANCE_MAX} of {asset}, above zero or below",
            account=address,
            asset=asset,
            largest=BALANCE_MAX,
        )


class EntryEmpty(Refused):
    """An entry has no posting."""

    code = "entry_empty"
    rule = "REG-11"

    def __init__(self) -> None:
        super().__init__("an entry needs at least one posting")


def post(work: Work, entry: Entry) -> int:
    """
    Apply *entry* and return its sequence, or refuse it and let the command be undone.

    Postings apply in order, each against the balances the earlier ones left.

    Rule: REG-10 to REG-14.
    """
    memory = work.memory
    if not entry.postings:
        raise EntryEmpty
    if entry.reference is not None:
        require_key_text(entry.reference)
    sequence = memory.entry_sequence + 1
    moves = []
    for ordinal, posting in enumerate(entry.postings):
        source, destination, asset = ends(memory, posting)
        limits = require_allowed(memory, entry.code, source, destination, asset)
        _move(work, source, destination, asset, posting.amount, limits)
        work.postings.append(
            (sequence, ordinal, source.id, destination.id, asset.id, posting.amount)
        )
        moves.append((source.packed, destination.packed, asset.packed, posting.amount))
    memory.entry_sequence = sequence
    _write(work, entry, sequence, moves)
    return sequence


def _write(
    work: Work, entry: Entry, sequence: int, moves: list[tuple[bytes, bytes, bytes, int]]
) -> None:
    ordinal = len(work.entries)
    effective_at = work.now if entry.effective_at is None else entry.effective_at
    work.entries.append(
        (
            sequence,
            work.sequence,
            ordinal,
            entry.code,
            entry.rule,
            entry.reference,
            effective_at,
            entry.reverses,
        )
    )
    work.leaves.append(
        entry_leaf(
            sequence=sequence,
            command_sequence=work.sequence,
            ordinal=ordinal,
            code=entry.code,
            rule=entry.rule,
            reference=entry.reference or "",
            effective_at=effective_at,
            reverses=entry.reverses or 0,
            postings=moves,
        )
    )


def ends(memory: Memory, posting: Posting) -> tuple[Account, Account, HeldAsset]:
    """Return the two accounts and the asset of a posting that is well-formed, or refuse."""
    amount = posting.amount
    if type(amount) is not int:
        raise AmountNotInteger(amount)
    if amount <= 0:
        raise AmountNotPositive(amount)
    if amount > AMOUNT_MAX:
        raise AmountTooLarge(amount)
    source = memory.accounts.get(posting.source)
    if source is None:
        raise AccountUnknown(posting.source)
    destination = memory.accounts.get(posting.destination)
    if destination is None:
        raise AccountUnknown(posting.destination)
    asset = memory.assets.get(posting.asset)
    if asset is None:
        raise AssetUnknown(posting.asset)
    if source is destination:
        raise SameAccount(posting.source)
    return source, destination, asset


def require_allowed(
    memory: Memory, code: EntryCode, source: Account, destination: Account, asset: HeldAsset
) -> Mapping[int, Limit]:
    """Refuse a move that state or chart forbids; return the limits that bind it. Rule: REG-12."""
    limits = NO_LIMITS
    if not (source.is_free and destination.is_free):
        require_free(code, source, destination)
        limits = limits_for(code, memory.limits)
    if not source.kinds & asset.kind_bit:
        raise AssetNotHeldHere(source.address, asset.code)
    if not destination.kinds & asset.kind_bit:
        raise AssetNotHeldHere(destination.address, asset.code)
    return limits


def _move(
    work: Work,
    source: Account,
    destination: Account,
    asset: HeldAsset,
    amount: int,
    limits: Mapping[int, Limit],
) -> None:
    balances = work.memory.balances
    before = work.balances_before
    key = source.id << ASSET_BITS | asset.id
    available = balances.get(key, 0)
    if available < amount and not source.overdraws:
        raise InsufficientBalance(source.address, asset.code, needed=amount, available=available)
    if limits and key in limits:
        require_floor(limits[key], source, asset, amount=amount, available=available)
    if available - amount < -BALANCE_MAX:
        raise BalanceTooLarge(source.address, asset.code)
    before.setdefault(key, available)
    balances[key] = available - amount
    key = destination.id << ASSET_BITS | asset.id
    available = balances.get(key, 0)
    if limits and key in limits:
        require_ceiling(limits[key], destination, asset, amount=amount, there=available)
    if available + amount > BALANCE_MAX:
        raise BalanceTooLarge(destination.address, asset.code)
    before.setdefault(key, available)
    balances[key] = available + amount


def reversing(
    *, sequence: int, postings: tuple[Posting, ...], rule: str, effective_at: int | None = None
) -> Entry:
    """Return the entry that undoes entry *sequence*: ends swapped, in reverse order."""
    swapped = tuple(
        Posting(posting.destination, posting.source, posting.asset, posting.amount)
        for posting in reversed(postings)
    )
    return Entry(
        code=EntryCode.REVERSAL,
        rule=rule,
        postings=swapped,
        effective_at=effective_at,
        reverses=sequence,
    )
