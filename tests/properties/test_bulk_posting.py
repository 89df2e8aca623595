"""
The short way of posting against the exact one: the same entries, balances and leaves, or the same
refusal with the same traces taken back, whatever binds the accounts.
"""

import random
from collections import Counter

import pytest

from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.memory import Account, HeldAsset, Limit, Memory, balance_key
from ledger.post import BALANCE_MAX, post
from ledger.post_bulk import post_plain
from ledger.units import AMOUNT_MAX
from ledger.work import Work

ADDRESSES = (
    "scheme:issuance", "scheme:expired", "enterprise:E1:holding", "enterprise:E2:holding",
    "enterprise:E3:holding", "enterprise:E4:holding", "enterprise:E1:cash", "bank:settlement",
)  # fmt: skip
CODES = (
    "energy.flow.general.2025.eq.370200",
    "energy.standing.general.t2030.eq.370200",
    "cash.cny",
)
AMOUNTS = (1, 2, 30, 500, 0, -1, AMOUNT_MAX, AMOUNT_MAX + 1)


def world(seed):
    """A memory in which balances lie near every bound, and some accounts are bound or not open."""
    chance, memory = random.Random(seed), Memory()
    for number, address in enumerate(ADDRESSES, start=1):
        state = chance.choice(("open",) * 8 + ("frozen", "closed"))
        account = Account(number, address, state=state)
        memory.accounts[address] = account
        memory.accounts_by_id.append(account)
    for number, code in enumerate(CODES, start=1):
        memory.assets[code] = HeldAsset(number, code)
        memory.assets_by_id.append(memory.assets[code])
    for account in memory.accounts_by_id:
        for asset in memory.assets_by_id:
            key, there = balance_key(account, asset), chance.choice((0, 3, 700, BALANCE_MAX - 5))
            memory.balances[key] = -there if account.overdraws else there
            if chance.random() < 0.15:
                floor, ceiling = chance.choice((None, 0, 100)), chance.choice((None, 720, 10**17))
                memory.limits[key] = Limit(floor, ceiling, chance.choice((0, 0, 10)))
                account.count_limits(1)
    memory.sequence, memory.entry_sequence, memory.now = 7, 40, 10**15
    return memory


def drawn(seed):
    """Lines that mostly can be posted, so that what is refused has others before it."""
    chance = random.Random(f"lines {seed}")
    strange = ("enterprise:E9:holding", *ADDRESSES)
    return [
        (
            f"r{number}",
            chance.choice(ADDRESSES[:5]) if chance.random() < 0.9 else chance.choice(strange),
            chance.choice(ADDRESSES[1:6]) if chance.random() < 0.9 else chance.choice(strange),
            CODES[0] if chance.random() < 0.9 else chance.choice((*CODES, "energy.none")),
            chance.choice(AMOUNTS[:3]) if chance.random() < 0.9 else chance.choice((*AMOUNTS, 1.5)),
        )
        for number in range(chance.choice((1, 2, 5, 20)))
    ]


def work_on(memory):
    return Work(memory, sequence=8, now=10**15 + 1, actor="person:P1")


def outcome(memory, send):
    """What came of it: the refusal, or every row; and what memory then has, taken back or not."""
    work = work_on(memory)
    try:
        told = send(work)
    except Refused as refusal:
        work.take_back()
        said = (refusal.code, refusal.message, dict(refusal.facts))
        return said, dict(memory.balances), memory.entry_sequence
    rows = (told, work.entries, work.postings, work.leaves, work.balances_before)
    return rows, dict(memory.balances), memory.entry_sequence


def shortly(lines):
    return lambda work: post_plain(work, code=EntryCode.TRANSFER, rule="REG-11", lines=lines)


def exactly(lines):
    def send(work):
        for reference, *posting in lines:
            post(work, Entry(EntryCode.TRANSFER, "REG-11", (Posting(*posting),), reference))
        return len(lines)

    return send


def test_the_short_way_does_what_the_exact_way_does_and_nothing_else():
    seen = Counter()
    for seed in range(4_000):
        lines = drawn(seed)
        short, exact = outcome(world(seed), shortly(lines)), outcome(world(seed), exactly(lines))
        assert short == exact, (seed, lines)
        seen[short[0][0] if isinstance(short[0][0], str) else "ok"] += 1

    refused = {
        *("amount_not_integer", "amount_not_positive", "amount_too_large", "account_unknown"),
        *("asset_unknown", "same_account", "account_not_open", "asset_not_held_here"),
        *("insufficient_balance", "below_floor", "above_ceiling", "balance_too_large"),
    }
    assert seen.keys() == {"ok", *refused}
    assert seen["ok"] > 300


@pytest.mark.parametrize("floor", [0, 100])
def test_a_limited_account_that_keeps_its_limit_is_not_refused_by_the_short_way(floor):
    memory = world(0)
    for account in memory.accounts_by_id:
        account.turn("open")
    memory.limits.clear()
    source = memory.accounts["enterprise:E1:holding"]
    key = balance_key(source, memory.assets[CODES[0]])
    memory.balances[key] = 700
    memory.limits[key] = Limit(floor, None)
    source.count_limits(1)
    line = ("enterprise:E1:holding", "scheme:expired", CODES[0])
    sink = balance_key(memory.accounts["scheme:expired"], memory.assets[CODES[0]])
    memory.balances[sink] = 0

    work = work_on(memory)
    done = post_plain(
        work, code=EntryCode.TRANSFER, rule="REG-11",
        lines=[("a", *line, 1), ("b", *line, 699 - floor)],
    )  # fmt: skip

    assert done == 2
    assert memory.balances[key] == floor
    assert [row[0] for row in work.entries] == [41, 42]


def test_what_is_given_up_after_a_mark_leaves_no_trace_in_work_or_memory():
    for seed in range(500):
        memory, lines = world(seed), drawn(seed)
        work = work_on(memory)
        kept = next((n for n, line in enumerate(lines) if not accepts(world(seed), lines[: n + 1])),
                    len(lines))  # fmt: skip
        for reference, *posting in lines[:kept]:
            post(work, Entry(EntryCode.TRANSFER, "REG-11", (Posting(*posting),), reference))
        before = standing(work)
        mark = work.mark()
        try:
            for reference, *posting in lines:
                post(work, Entry(EntryCode.TRANSFER, "REG-11", (Posting(*posting),), reference))
        except Refused:
            pass
        work.back_to(mark)
        assert standing(work) == before, seed


def standing(work):
    """All that a part of a command may change; a balance of nothing is as none."""
    balances = {key: amount for key, amount in work.memory.balances.items() if amount}
    rows = (list(work.entries), list(work.postings), list(work.leaves))
    return *rows, dict(work.balances_before), balances, work.memory.entry_sequence


def accepts(memory, lines):
    return not isinstance(outcome(memory, exactly(lines))[0][0], str)
