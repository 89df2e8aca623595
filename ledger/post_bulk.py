"""
Post plain entries in bulk: the verb of `ledger.post`, unrolled.

What a line of one posting needs is checked in one condition and applied in place, which takes a
third of the time; whatever that condition does not settle is given to `post`, which says why.
"""

from collections.abc import Iterable

from ledger.entry import Entry, EntryCode, Posting
from ledger.leaf import plain_entry_leaves
from ledger.memory import ASSET_BITS
from ledger.post import BALANCE_MAX, post
from ledger.units import AMOUNT_MAX
from ledger.work import Work


def post_plain(
    work: Work, *, code: EntryCode, rule: str, lines: Iterable[tuple[str, str, str, str, int]]
) -> int:
    """
    Post each line (reference, source, destination, asset, amount) as an entry; return how many.

    The same ladder as `post`, unrolled for bulk: whatever the short way does not settle at once
    is given to `post`, which applies it or says why not.
    """
    memory = work.memory
    accounts, assets, balances = memory.accounts, memory.assets, memory.balances
    before, entries, postings, leaves = (
        work.balances_before,
        work.entries,
        work.postings,
        work.leaves,
    )
    sequence, command, now = memory.entry_sequence, work.sequence, work.now
    leaf_of = plain_entry_leaves(command_sequence=command, code=code, rule=rule, effective_at=now)
    first = sequence
    for reference, source_name, destination_name, asset_name, amount in lines:
        source, destination = accounts.get(source_name), accounts.get(destination_name)
        asset = assets.get(asset_name)
        if source is None or destination is None or asset is None or type(amount) is not int:
            posting = Posting(source_name, destination_name, asset_name, amount)
            sequence = post(work, Entry(code, rule, (posting,), reference))
            continue
        source_key = source.id << ASSET_BITS | asset.id
        destination_key = destination.id << ASSET_BITS | asset.id
        available, there = balances.get(source_key, 0), balances.get(destination_key, 0)
        if not (
            0 < amount <= AMOUNT_MAX
            and (available >= amount or source.overdraws)
            and available - amount >= -BALANCE_MAX
            and there + amount <= BALANCE_MAX
            and source is not destination
            and source.is_free
            and destination.is_free
            and source.kinds & destination.kinds & asset.kind_bit
        ):
            posting = Posting(source_name, destination_name, asset_name, amount)
            sequence = post(work, Entry(code, rule, (posting,), reference))
            continue
        before.setdefault(source_key, available)
        before.setdefault(destination_key, there)
        balances[source_key] = available - amount
        balances[destination_key] = there + amount
        sequence += 1
        memory.entry_sequence = sequence
        ordinal = len(entries)
        entries.append((sequence, command, ordinal, code, rule, reference, now, None))
        postings.append((sequence, 0, source.id, destination.id, asset.id, amount))
        leaves.append(
            leaf_of(
                sequence,
                ordinal,
                reference,
                source.packed,
                destination.packed,
                asset.packed,
                amount,
            )
        )
    return sequence - first
