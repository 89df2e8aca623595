"""
Lineage by another way: every single unit is a token that carries its lot and its place in a list.

First in, first out is a sort by place. Slow, and close to the words of the rules AUD-30 and AUD-31.
"""

from collections import Counter, defaultdict
from itertools import groupby

from tests.ledger.lineage.journal import ISSUANCE, party


class Token:
    """One unit: its lot by name, and when it came to where it is."""

    def __init__(self, lot, place):
        self.lot = lot
        self.place = place


class Tokens:
    """A journal played unit by unit."""

    def __init__(self, journal):
        self.at = defaultdict(list)
        self.made_of = Counter()
        self.moved = Counter()
        self._parts = {}
        self._places = 0
        command, given_up = 0, None
        for sequence, (its_command, postings, reverses) in enumerate(journal.entries, start=1):
            if its_command != command:
                command, given_up = its_command, defaultdict(list)
            self._entry(sequence, postings, self._parts.get(reverses, []), given_up)

    def _entry(self, sequence, postings, undone, given_up):
        parts = self._parts[sequence] = []
        for ordinal, (source, destination, asset, amount) in enumerate(postings):
            giver, taker = party(source), party(destination)
            if giver == taker or asset == "cash.cny":
                continue
            left = amount
            for part in reversed(undone):
                if (part["giver"], part["taker"], part["asset"]) == (taker, giver, asset):
                    left -= self._give_back(sequence, part, left)
            if left and giver == ISSUANCE:
                name = f"{sequence}.{ordinal}"
                tokens = [Token(name, None) for _ in range(left)]
                for lot in given_up.pop(asset.split(".")[0], []):
                    self.made_of[name, lot] += 1
            else:
                tokens = self._first(giver, asset, left)
            for _, run in groupby(tokens, key=lambda token: token.lot):
                self._go(sequence, list(run), (giver, taker, asset), parts)
            if taker.startswith(("scheme:converted", "scheme:substituted")) and tokens:
                given_up[asset.split(".")[0]] += [token.lot for token in tokens]

    def _first(self, giver, asset, amount):
        there = sorted(self.at[giver, asset], key=lambda token: token.place)
        taken = there[:amount]
        missing = [Token("0.0", None) for _ in range(amount - len(taken))]
        for token in taken:
            self.at[giver, asset].remove(token)
        return taken + missing

    def _go(self, sequence, run, hop, parts):
        giver, taker, asset = hop
        self._places += 1
        left = run[0].place
        part = {"giver": giver, "taker": taker, "asset": asset, "tokens": run}
        parts.append({**part, "from": left, "place": self._places})
        self.moved[sequence, run[0].lot, giver, taker] += len(run)
        for token in run:
            token.place = self._places
            self.at[taker, asset].append(token)

    def _give_back(self, sequence, part, wanted):
        key = part["taker"], part["asset"]
        there = [
            token
            for token in part["tokens"]
            if token in self.at[key] and token.place == part["place"]
        ][:wanted]
        home = part["giver"], part["asset"]
        self._places += 1
        for token in there:
            self.at[key].remove(token)
            token.place = self._places if part["from"] is None else part["from"]
            self.at[home].append(token)
            self.moved[sequence, token.lot, part["taker"], part["giver"]] += 1
        return len(there)

    def queues(self):
        """Return, for each owner and asset, lots and amounts in the order in which they leave."""
        found = {}
        for key, tokens in self.at.items():
            lots = [token.lot for token in sorted(tokens, key=lambda token: token.place)]
            if lots:
                found[key] = [(lot, len(list(run))) for lot, run in groupby(lots)]
        return found
