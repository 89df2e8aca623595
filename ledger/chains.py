"""
Chains of entries in bulk: each chain is written whole or not at all, and no chain minds another.
"""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from ledger.command import Payload
from ledger.db import require_key_text
from ledger.effective import require_effective
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.memory import balance_key
from ledger.post import post
from ledger.references import (
    ReferenceEmpty,
    ReferenceRepeated,
    Written,
    clash,
    known_references,
    read_written,
    require_unreserved,
)
from ledger.rows import RowsEmpty
from ledger.subject import Handler, Result, Role
from ledger.transfer import ENTRIES_MAX, TooManyEntries, require_plain
from ledger.up_to import as_much_as_may
from ledger.work import Work


class ChainLine(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """
    One entry of one posting: [reference, source, destination, asset, amount, up_to, effective_at].

    With *up_to* it moves as much of *amount* as the accounts allow, maybe nothing. It counts from
    *effective_at* (microseconds), or from when it is recorded.
    """

    reference: str
    source: str
    destination: str
    asset: str
    amount: int
    up_to: bool = False
    effective_at: int | None = None


class PostChains(Payload, frozen=True):
    """Move units between accounts without a price, chain by chain: each chain whole or not."""

    kind: ClassVar[str] = "entries.batch"
    rule: str
    chains: tuple[tuple[ChainLine, ...], ...]


def post_chains(work: Work, payload: PostChains) -> Result:
    """
    Post each chain in order; one that is refused leaves no trace and keeps no other back.

    The whole is refused only where it has too many lines, or a chain none. Of each chain the answer
    tells the entries, what each moved and the balances of both ends after it; or why not, by the
    first of its lines that was refused. Rule: REG-48.
    """
    count = sum(map(len, payload.chains))
    if count > ENTRIES_MAX:
        raise TooManyEntries(count)
    if not payload.chains or not all(payload.chains):
        raise RowsEmpty
    chains = _Chains(work, payload)
    first = work.memory.entry_sequence + 1
    told = [chains.post(chain) for chain in payload.chains]
    return {
        "first_entry": first,
        "entries": work.memory.entry_sequence + 1 - first,
        "chains": told,
    }


class _Chains:
    """The chains of one command, and the references of the entries they have written so far."""

    def __init__(self, work: Work, payload: PostChains) -> None:
        self.work = work
        self.rule = payload.rule
        references = sorted({line.reference for chain in payload.chains for line in chain})
        self.known = known_references(work.session.connection(), references)
        self.written: dict[str, Written] = {}

    def post(self, chain: tuple[ChainLine, ...]) -> Mapping[str, object]:
        """Post one chain, or give it up; return what the answer tells of it."""
        mark = self.work.mark()
        written: dict[str, Written] = {}
        told = []
        for number, line in enumerate(chain, start=1):
            try:
                told.append(self._post(line, written))
            except Refused as refusal:
                self.work.back_to(mark)
                return {
                    "refused": refusal.code,
                    "line": number,
                    "message": refusal.message,
                    "rule": refusal.rule,
                    "facts": refusal.facts,
                }
        self.work.keep(mark)
        self.written |= written
        return {"lines": told}

    def _post(self, line: ChainLine, written: dict[str, Written]) -> Mapping[str, object]:
        """
        Post one line of a chain that has *written* some; return what the answer tells of it.

        Refusals in this order: reference empty, too long, twice in the chain, written before,
        reserved; an end that is no plain account; a time it cannot count from; those of
        `ledger.post`.
        """
        work = self.work
        asked = Posting(line.source, line.destination, line.asset, line.amount)
        self._require_new(line, asked, written)
        require_plain(work, line.source, line.destination)
        if line.effective_at is not None:
            require_effective(work, line.effective_at)
        posting = asked
        if line.up_to:
            code = EntryCode.TRANSFER
            posting = asked._replace(amount=as_much_as_may(work, code, asked))
        entry = None
        if posting.amount or not line.up_to:
            entry = self._write(line, posting)
            written[line.reference] = Written(entry, (posting,))
        return {
            "entry": entry,
            "amount": posting.amount,
            "source_balance": self._balance(line.source, line.asset),
            "destination_balance": self._balance(line.destination, line.asset),
        }

    def _write(self, line: ChainLine, posting: Posting) -> int:
        return post(
            self.work,
            Entry(
                EntryCode.TRANSFER,
                self.rule,
                (posting,),
                reference=line.reference,
                effective_at=line.effective_at,
            ),
        )

    def _require_new(self, line: ChainLine, asked: Posting, written: dict[str, Written]) -> None:
        """Refuse a reference that is empty, too long, repeated, known or reserved."""
        reference = line.reference
        if not reference:
            raise ReferenceEmpty
        require_key_text(reference)
        if reference in written:
            raise ReferenceRepeated(reference)
        before = self.written.get(reference)
        if before is None and reference in self.known:
            before = read_written(self.work, reference)
        if before is not None:
            raise clash(reference, before, asked, up_to=line.up_to)
        require_unreserved(reference)

    def _balance(self, address: str, asset: str) -> int:
        memory = self.work.memory
        key = balance_key(memory.accounts[address], memory.assets[asset])
        return memory.balances.get(key, 0)


_REGULATOR = frozenset({Role.CITY_REGULATOR})

CHAIN_HANDLERS = (Handler(PostChains, post_chains, makers=_REGULATOR, checkers=_REGULATOR),)
