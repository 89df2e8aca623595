"""Journals written straight into a database, by hand or by chance; nobody checks what they move."""

from collections import Counter

from ledger.chart import owner_of
from ledger.store import Store

F25 = "energy.flow.general.2025.eq.370200"
F26 = "energy.flow.general.2026.eq.370200"
COAL = "coal.flow.general.2025.na.370200"
FREED = "energy.standing.other.t2030.eq.370200"
ISSUANCE, CONVERTED = "scheme:issuance", "scheme:converted"
MONTH = 31 * 86_400 * 1_000_000
START = 1_735_660_800_000_000


def firm(name, purpose="holding"):
    return f"enterprise:{name}:{purpose}"


class Journal:
    """Commands of entries of postings (source, destination, asset, amount), numbered from 1."""

    def __init__(self):
        self.commands = []
        self.entries = []
        self.accounts = {}
        self.assets = {"cash.cny": 1}

    def command(self, *entries, at=START):
        """Add a command with these entries; return their sequences."""
        self.commands.append(at)
        return [self._entry(entry, None) for entry in entries]

    def move(self, *postings, at=START):
        """Add a command of one entry and return its sequence."""
        return self.command(postings, at=at)[0]

    def reverse(self, entry):
        """Add a command that undoes an entry, as `ledger.post.reversing` would."""
        self.commands.append(START)
        moves = self.entries[entry - 1][1]
        swapped = [(there, here, asset, amount) for here, there, asset, amount in moves[::-1]]
        return self._entry(swapped, entry)

    def _entry(self, postings, reverses):
        for source, destination, asset, _ in postings:
            for address in (source, destination):
                self.accounts.setdefault(address, len(self.accounts) + 1)
            self.assets.setdefault(asset, len(self.assets) + 1)
        self.entries.append((len(self.commands), list(postings), reverses))
        return len(self.entries)

    def balances(self):
        """Return what each account has of each asset."""
        found = Counter()
        for _, postings, _ in self.entries:
            for source, destination, asset, amount in postings:
                found[source, asset] -= amount
                found[destination, asset] += amount
        return found

    def write(self, engine, *, after=0):
        """Write the commands later than *after*, and everything they need, into *engine*."""
        with engine.begin() as connection:
            store = Store(connection)
            if not after:
                store.insert(
                    "accounts", [(n, name, "open", 1) for name, n in self.accounts.items()]
                )
                store.insert("assets", [(n, code, 1) for code, n in self.assets.items()])
            store.insert("commands", [self._command(n) for n in self._numbers(after)])
            store.insert("entries", list(self._entry_rows(after)))
            store.insert("postings", list(self._posting_rows(after)))
            accounts, assets = self.accounts, self.assets
            store.upsert(
                "balances",
                [
                    (accounts[address], assets[asset], amount, int(amount < 0))
                    for (address, asset), amount in self.balances().items()
                ],
            )

    def _numbers(self, after):
        return range(after + 1, len(self.commands) + 1)

    def _command(self, number):
        at = self.commands[number - 1]
        empty = (b"", "ok", "{}", "2")
        return (number, f"c{number}", "entries.post", "person:A", "{}", *empty, at, b"")

    def _entry_rows(self, after):
        ordinals = Counter()
        for sequence, (command, _, reverses) in enumerate(self.entries, start=1):
            if command > after:
                code = "transfer" if reverses is None else "reversal"
                at = self.commands[command - 1]
                yield (sequence, command, ordinals[command], code, "REG-11", None, at, reverses)
                ordinals[command] += 1

    def _posting_rows(self, after):
        for sequence, (command, postings, _) in enumerate(self.entries, start=1):
            for ordinal, (source, destination, asset, amount) in enumerate(postings):
                if command > after:
                    ends = (self.accounts[source], self.accounts[destination])
                    yield (sequence, ordinal, *ends, self.assets[asset], amount)


HOLDERS = (
    *(firm(name, purpose) for name in ("E1", "E2", "E3") for purpose in ("holding", "held")),
    "district:370200:budget",
    "district:370200:reserve",
    "source:S1",
    "source:S2",
    "scheme:surrendered:2025",
    "scheme:surrendered:2026",
    "scheme:expired",
    CONVERTED,
)


def random_journal(chance, commands):
    """Return a journal in which nothing is overdrawn, with everything that lineage knows."""
    journal = Journal()
    balances = Counter()
    open_entries = []
    for _ in range(commands):
        kind = chance.choices(("issue", "move", "convert", "reverse"), (3, 10, 2, 3))[0]
        if kind == "reverse" and open_entries:
            entry = open_entries.pop(chance.randrange(len(open_entries)))
            moves = journal.entries[entry - 1][1]
            if _apply(balances, [(there, here, asset, n) for here, there, asset, n in moves[::-1]]):
                journal.reverse(entry)
            continue
        drawn = _drawn(chance, balances, kind)
        if drawn and all(_apply(balances, entry) for entry in drawn):
            open_entries += journal.command(*drawn, at=START + chance.randrange(3) * MONTH)
    return journal


def _drawn(chance, balances, kind):
    """Return the entries of one command, each the more likely the more there is to move."""
    asset = chance.choice((F25, F25, F26, FREED))
    if kind == "issue":
        return [[(ISSUANCE, chance.choice(HOLDERS[:10]), asset, chance.randint(1, 9))]]
    held = [(key, amount) for key, amount in sorted(balances.items()) if amount > 0]
    if not held:
        return []
    (address, asset), amount = chance.choice(held)
    some = chance.randint(1, amount)
    if kind == "convert":
        new = chance.choice((F26, FREED, COAL))
        into = chance.choice((CONVERTED, "scheme:substituted:P1"))
        made = (ISSUANCE, chance.choice(HOLDERS[:9]), new, chance.randint(1, some))
        entries = [(address, into, asset, some), made] if address != into else [made]
        return [entries] if chance.random() < 0.5 else [[each] for each in entries]
    others = [each for each in (*HOLDERS, ISSUANCE) if each != address]
    first = chance.randint(0, some)
    parts = [part for part in (first, some - first) if part]
    return [[(address, chance.choice(others), asset, part) for part in parts]]


def _apply(balances, postings):
    """Move what can be moved; leave everything as it was, and say so, if it cannot."""
    after = Counter(balances)
    for source, destination, asset, amount in postings:
        after[source, asset] -= amount
        after[destination, asset] += amount
        if source != ISSUANCE and after[source, asset] < 0:
            return False
    balances.clear()
    balances.update(after)
    return True


def party(address):
    """Return whose account it is, in the words of the rule and not by the product's code."""
    return address if address.startswith("scheme:") else owner_of(address)
