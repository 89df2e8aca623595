"""
Random lives of one asset against a plain model: who has how much where, and who waits for what.

The model knows nothing of rows and postings: lists of freezes in order of arrival, of leases and
of pledges, and what is free.
"""

import random
from collections import Counter
from datetime import date

from ledger.check import self_check
from ledger.db import reading
from ledger.liens.freeze_commands import LiftFreeze
from ledger.liens.lease import AcceptLease, OfferLease
from ledger.liens.lease_end import CallBackLease
from ledger.liens.pledge import AcceptPledge, OfferPledge, ReleasePledge
from ledger.moves.transfer import MakeTransfers, TransferLine
from market.court_freeze import FreezeUnits
from tests.ledger.compliance.world import report
from tests.ledger.liens.world import COURT, FLOW, admin, have, town, trader

FIRMS = ("E1", "E2", "E4")
RETURN = date(2026, 12, 31)
STEPS = 90


class Model:
    """What each firm has free, pledged and leased in; *freezes* are [firm, wanted, frozen]."""

    def __init__(self):
        self.free = dict.fromkeys(FIRMS, 0)
        self.freezes, self.leases, self.pledges = {}, {}, {}

    def credit(self, firm, amount):
        """Units come free: those who wait take them first."""
        self.free[firm] += amount
        for entry in self.freezes.values():
            if entry[0] == firm:
                taken = min(entry[1] - entry[2], self.free[firm])
                entry[2] += taken
                self.free[firm] -= taken

    def lift(self, name):
        firm, _, frozen = self.freezes.pop(name)
        self.credit(firm, frozen)

    def transfer(self, source, to, amount):
        # A transfer tells no freeze; who waits takes it when something comes free by a lien.
        if amount > self.free[source]:
            return False
        self.free[source] -= amount
        self.free[to] += amount
        return True

    def pledge(self, name, firm, amount):
        if amount > self.free[firm]:
            return False
        self.free[firm] -= amount
        self.pledges[name] = [firm, amount]
        return True

    def release(self, name, amount):
        entry = self.pledges[name]
        entry[1] -= amount
        if not entry[1]:
            del self.pledges[name]
        self.credit(entry[0], amount)

    def lease(self, name, lessor, lessee, amount):
        if amount > self.free[lessor]:
            return False
        self.free[lessor] -= amount
        self.leases[name] = (lessor, lessee, amount)
        return True

    def give_back(self, name):
        lessor, _, amount = self.leases.pop(name)
        self.credit(lessor, amount)

    def purses(self):
        """Return the balance of every account, by firm and purpose."""
        found = Counter({(firm, "holding"): amount for firm, amount in self.free.items()})
        for firm, _, frozen in self.freezes.values():
            found[firm, "frozen"] += frozen
        for firm, amount in self.pledges.values():
            found[firm, "pledged"] += amount
        for _, lessee, amount in self.leases.values():
            found[lessee, "leased"] += amount
        return +found


class Game:
    """The ledger and the model, played side by side by chance."""

    def __init__(self, engine, clock, seed):
        self.chance, self.model, self.number = random.Random(seed), Model(), 0
        self.bench, self.seen = town(engine, clock), Counter()
        for firm in FIRMS:
            report(self.bench, firm, energy=0)
            amount = self.chance.randint(50, 1_000)
            have(self.bench, firm, FLOW, amount)
            self.model.free[firm] = amount
        self.total = sum(self.model.free.values())

    def by(self, firm, payload):
        return self.bench.both(payload, maker=trader(firm), checker=admin(firm)).ok

    def name(self, letter):
        self.number += 1
        return f"{letter}{self.number}"

    def two(self):
        return self.chance.sample(FIRMS, 2)

    def amount(self):
        return self.chance.choice((1, 40, 200, 700))

    def transfer(self):
        # Only E1 and E4 are of one group, so that it goes at once.
        source, to = self.chance.sample(("E1", "E4"), 2)
        amount = self.amount()
        line = TransferLine(self.name("N"), to, FLOW, amount)
        done = self.by(source, MakeTransfers(enterprise=source, reason="r", rows=(line,)))
        assert done == self.model.transfer(source, to, amount)
        return done

    def lease(self):
        (lessor, lessee), name, amount = self.two(), self.name("L"), self.amount()
        offer = OfferLease(
            lease=name, enterprise=lessor, lessee=lessee, asset=FLOW, amount=amount,
            return_on=RETURN,
        )  # fmt: skip
        assert self.by(lessor, offer)
        done = self.by(lessee, AcceptLease(lease=name))
        assert done == self.model.lease(name, lessor, lessee, amount)
        return done

    def give_back(self):
        if not self.model.leases:
            return False
        name = self.chance.choice(sorted(self.model.leases))
        assert self.bench.both(CallBackLease(lease=name, document="令")).ok
        self.model.give_back(name)
        return True

    def pledge(self):
        firm, name, amount = self.chance.choice(FIRMS), self.name("P"), self.amount()
        offer = OfferPledge(
            pledge=name, enterprise=firm, pledgee="BANK", asset=FLOW, amount=amount,
            secured_fen=1, matures_on=RETURN,
        )  # fmt: skip
        assert self.by(firm, offer)
        done = self.by("BANK", AcceptPledge(pledge=name))
        assert done == self.model.pledge(name, firm, amount)
        return done

    def release(self):
        if not self.model.pledges:
            return False
        name = self.chance.choice(sorted(self.model.pledges))
        amount = self.chance.randint(1, self.model.pledges[name][1])
        assert self.by("BANK", ReleasePledge(pledge=name, amount=amount))
        self.model.release(name, amount)
        return True

    def freeze(self):
        firm, name, amount = self.chance.choice(FIRMS), self.name("F"), self.amount()
        payload = FreezeUnits(
            freeze=name, enterprise=firm, asset=FLOW, court=COURT, document="执", ends_on=RETURN,
            amount=amount,
        )  # fmt: skip
        assert self.bench.both(payload).ok
        self.model.freezes[name] = [firm, amount, 0]
        self.model.credit(firm, 0)
        return True

    def lift(self):
        if not self.model.freezes:
            return False
        name = self.chance.choice(sorted(self.model.freezes))
        assert self.bench.both(LiftFreeze(freeze=name, document="裁")).ok
        self.model.lift(name)
        return True

    def play(self, steps):
        moves = ("transfer", "lease", "give_back", "pledge", "release", "freeze", "lift")
        for _ in range(steps):
            move = self.chance.choice(moves)
            self.seen[move, getattr(self, move)()] += 1
            self.compare()

    def compare(self):
        addresses = [
            f"enterprise:{firm}:{purpose}"
            for firm in FIRMS
            for purpose in ("holding", "pledged", "frozen", "leased", "held", "bought")
        ]
        there = self.bench.writer.memory.holdings(addresses)
        found = {
            tuple(address.split(":")[1:]): amount
            for (address, asset), amount in there.items()
            if asset == FLOW
        }
        assert found == dict(self.model.purses())
        assert sum(found.values()) == self.total


def test_random_lives_are_as_the_model_foretells(engine, clock):
    game = Game(engine, clock, seed=1)

    game.play(STEPS if engine.dialect.name == "sqlite" else STEPS // 6)

    with reading(engine) as connection:
        frozen = dict(
            connection.exec_driver_sql(
                "SELECT id, frozen FROM freezes WHERE state <> 'ended' ORDER BY arrived_by"
            ).fetchall()
        )
        assert frozen == {name: entry[2] for name, entry in game.model.freezes.items()}
    assert self_check(engine).failed == {}
    if engine.dialect.name == "sqlite":
        assert len(game.seen) >= 8
    game.bench.restart()
    game.compare()
