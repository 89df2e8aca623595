"""
Whole lives of rights against a model in plain numbers: claimed, moved, collected, used, undone.

The model knows three laws and nothing of the code: a plant's days are claimed once; a unit is in
one place; what was freed in two-high trades serves qualifying two-high projects alone, and what was
freed elsewhere never does, through however many hands it went.
"""

import random

import pytest

from ledger.db import reading
from ledger.substitution.accept import AcceptProject
from ledger.substitution.commission import WithdrawProject
from ledger.substitution.conservation import positions
from ledger.substitution.release_reserve import ReleaseLine
from ledger.substitution.tables import FreedClaimRow
from ledger.substitution.undo import UndoAcceptance
from tests.build import DISTRICT, SECOND_REGULATOR
from tests.ledger.substitution.estate import ADMINS, buy, collect, fund, lot, revoke, transfer
from tests.ledger.substitution.estate import open_estate as estate
from tests.ledger.substitution.test_terms import city
from tests.ledger.substitution.world import closure, confirm, lines, plan, project, review

STEPS = ["claim", "hand_on", "hand_on", "collect", "release", "build", "build", "undo", "revoke"]
PLANTS = {"F1": ("E1", "two_high"), "F1B": ("E1", "two_high"), "F2": ("E2", "other")}
STOCK = (60_000, 90_001)
PROJECTS = {
    "two_high": {"sector": "CEMENT", "industry": "cement_clinker", "enterprise": "E3"},
    "unqualified": {"sector": "CEMENT", "industry": "cement_clinker", "enterprise": "E3"},
    "other": {"sector": "SERVICE", "enterprise": "E4"},
}
PRICE_FEN = 20_000
"""A tonne of the reserve."""

RULES = {
    "substitution.class_barrier": (True, "switch"),
    "substitution.qualifying_only": (True, "switch"),
    "substitution.measures": (["energy"], "choices"),
    "substitution.pool_area": ("city", "choice"),
    "substitution.source_consent": ("holder", "choice"),
    "substitution.ratio.energy.cement_clinker": ("6/5", "ratio"),
    "substitution.ratio.energy": ("6/5", "ratio"),
    "collection.price_energy": (PRICE_FEN, "fen_per_tce"),
    "collection.commission_decides_up_to_t": (1_000_000, "t"),
}


class Model:
    """Where every unit is, by source; which plant is claimed; what each project was given."""

    def __init__(self):
        self.claimed, self.confirmed = {}, {}
        self.has, self.holder, self.claim, self.origin = {}, {}, {}, {}
        self.used, self.revoked, self.owed = {}, {}, 0

    def lots(self, holders, least=1):
        return [one for one in sorted(self.has) if self.holder[one] in holders and
                self.has[one] >= least]  # fmt: skip

    def add(self, source, amount, holder, claim):
        self.has[source], self.holder[source], self.claim[source] = amount, holder, claim

    def part(self, source, target, amount, holder):
        self.has[source] -= amount
        self.add(target, amount, holder, self.claim[source])

    def accepts(self, kind, source, added, offered):
        may = {"two_high": "two_high", "other": "other"}.get(kind)
        return self.origin[self.claim[source]] == may and offered * 5 >= added * 6

    def use(self, code, source, added):
        retired = -(-added * 6 // 5)
        self.has[source] -= retired
        self.used[code] = (source, retired, added)

    def undo(self, code):
        source, retired, _ = self.used.pop(code)
        self.has[source] += retired

    def revoke(self, claim):
        self.revoked[claim] = 0
        self.claimed = {plant: one for plant, one in self.claimed.items() if one != claim}
        for source in self.has:
            if self.claim[source] == claim:
                self.revoked[claim] += self.has[source]
                self.has[source] = 0
        self.owed += sum(n for one, n, _ in self.used.values() if self.claim[one] == claim)

    def positions(self):
        """Return by origin: confirmed, available, consumed, collected, revoked."""
        found = {}
        for claim, amount in self.confirmed.items():
            row = found.setdefault(self.origin[claim], [0] * 5)
            row[0] += amount
            row[4] += self.revoked.get(claim, 0)
        for source, amount in self.has.items():
            row = found[self.origin[self.claim[source]]]
            row[3 if self.holder[source].startswith("district:") else 1] += amount
        for source, retired, _ in self.used.values():
            found[self.origin[self.claim[source]]][2] += retired
        return {origin: tuple(row) for origin, row in found.items()}


class Life:
    """One ledger and its model, and what can happen to both."""

    def __init__(self, bench, seed):
        self.bench, self.model, self.rng = bench, Model(), random.Random(seed)
        self.number, self.seen = 0, set()

    def step(self):
        self.number += 1
        what = self.rng.choice(STEPS)
        if what == "revoke" and self.number < 60:
            return
        outcome = getattr(self, what)()
        if outcome is not None:
            self.seen.add((what, outcome))

    def claim(self):
        """A plant's days are claimed once, unless the claim before was rejected or revoked."""
        facility = self.rng.choice(sorted(PLANTS))
        enterprise, origin = PLANTS[facility]
        code, amount = f"C{self.number}", self.rng.choice(STOCK)
        answer = self.bench.do(
            closure(code, facility, enterprise=enterprise, measures=lines({"energy": amount}))
        )
        is_first = facility not in self.model.claimed
        assert answer.ok is is_first, answer.message
        if not is_first:
            assert answer.code == "claim_overlaps"
            return "twice"
        if self.rng.random() < 0.4:
            review(self.bench, code, finding="rejected").require()
            return "rejected"
        review(self.bench, code).require()
        confirm(self.bench, code).require()
        self.model.claimed[facility] = code
        self.model.confirmed[code], self.model.origin[code] = amount, origin
        self.model.add(f"{code}-ENERGY", amount, enterprise, code)
        return "confirmed"

    def hand_on(self):
        found = self.model.lots(ADMINS, 2)
        if not found:
            return None
        source = self.rng.choice(found)
        there, giver = self.model.has[source], self.model.holder[source]
        to = self.rng.choice([one for one in ("E3", "E4", "E5") if one != giver])
        amount = self.rng.choice([1, there // 2, there, there + 1])
        answer = transfer(self.bench, source, f"T{self.number}", to, amount, by=giver)
        assert answer.ok is (amount <= there), answer.message
        if not answer.ok:
            return "more than there is"
        self.model.part(source, f"T{self.number}", amount, to)
        return "moved"

    def collect(self):
        found = self.model.lots(ADMINS, 10)
        if not found:
            return None
        source = self.rng.choice(found)
        amount = self.model.has[source] // 3
        one = lot(source, "voluntary", f"R{self.number}", amount=amount)
        collect(self.bench, f"B{self.number}", one).require()
        self.model.part(source, f"R{self.number}", amount, "district:990000")
        return "collected"

    def release(self):
        found = self.model.lots({"district:990000"})
        if not found:
            return None
        source = self.rng.choice(found)
        buyer, amount = self.rng.choice(("E3", "E4")), self.model.has[source]
        cost_fen = (2 * amount * PRICE_FEN + 1_000) // 2_000
        is_paid = self.rng.random() < 0.7
        if is_paid:
            fund(self.bench, buyer, cost_fen)
        there = self.bench.balance(f"enterprise:{buyer}:cash", "cash.cny")
        answer = buy(self.bench, buyer, ReleaseLine(source, f"Q{self.number}", amount))
        assert answer.ok is (there >= cost_fen), answer.message
        if not answer.ok:
            return "unpaid"
        self.model.part(source, f"Q{self.number}", amount, buyer)
        return "sold"

    def build(self):
        """Register, plan and accept: lawful or not, and by a unit too few or just enough."""
        kind = self.rng.choice(sorted(PROJECTS))
        facts = PROJECTS[kind]
        found = self.model.lots({facts["enterprise"]}, 12)
        if not found:
            return None
        source, code = self.rng.choice(found), f"P{self.number}"
        offered = min(self.model.has[source], 12 * self.rng.randrange(1, 500))
        added = offered * 5 // 6 + self.rng.choice((0, 0, 1))
        self.bench.do(
            project(
                code,
                additions={"energy": added},
                qualifying="yes" if kind == "two_high" else "no",
                **facts,
            )
        ).require()
        answer = self.bench.do(plan(code, (source, offered)))
        if answer.ok:
            answer = self.bench.both(
                AcceptProject(project=code), maker=DISTRICT, checker=SECOND_REGULATOR
            )
            if not answer.ok:
                self.bench.do(WithdrawProject(project=code, document="撤回1号")).require()
        is_lawful = self.model.accepts(kind, source, added, offered)
        assert answer.ok is is_lawful, (kind, source, added, offered, answer.message)
        if is_lawful:
            self.model.use(code, source, added)
            return "accepted"
        return answer.code

    def undo(self):
        model = self.model
        standing = [
            code
            for code, (source, _, _) in sorted(model.used.items())
            if model.claim[source] not in model.revoked
        ]
        if not standing:
            return None
        code = self.rng.choice(standing)
        self.bench.both(
            UndoAcceptance(project=code, document="撤销1号"),
            maker=DISTRICT,
            checker=SECOND_REGULATOR,
        ).require()
        model.undo(code)
        return "undone"

    def revoke(self):
        model = self.model
        used = sorted({model.claim[source] for source, _, _ in model.used.values()})
        claim = self.rng.choice(
            used if used and self.rng.random() < 0.5 else sorted(model.claim.values())
        )
        owed = model.owed
        answer = revoke(self.bench, claim)
        is_first = claim not in self.model.revoked
        assert answer.ok is is_first, answer.message
        if is_first:
            self.model.revoke(claim)
        if not is_first:
            return "twice"
        return "revoked" if model.owed == owed else "revoked after use"

    def require_same(self):
        with reading(self.bench.engine) as connection:
            rows = positions(connection)
            claims = connection.execute(
                FreedClaimRow.__table__.select().where(FreedClaimRow.state == "confirmed")
            ).all()
            owed = connection.exec_driver_sql("SELECT sum(amount) FROM project_deficits").scalar()
        assert all(row.difference == 0 for row in rows)
        assert {
            row.origin: (row.confirmed, row.available, row.consumed, row.collected, row.revoked)
            for row in rows
        } == self.model.positions()
        standing = [row.facility for row in claims if row.id not in self.model.revoked]
        assert sorted(standing) == sorted(self.model.claimed)
        assert (owed or 0) == self.model.owed
        for holder in ("E3", "E4"):
            own = {one for one, facts in PROJECTS.items() if facts["enterprise"] == holder}
            origin = "two_high" if "two_high" in own else "other"
            asset = f"energy.standing.{origin}.t2030.eq.990102"
            given = sum(
                added
                for source, _, added in self.model.used.values()
                if self.model.origin[self.model.claim[source]] == origin
            )
            assert self.bench.balance(f"enterprise:{holder}:entitlement", asset) == given


@pytest.fixture
def life(sqlite_engine, clock):
    bench = estate(sqlite_engine, clock, packs=("national",))
    city(bench, RULES, parent="national")
    return Life(bench, 7)


def lived(life, steps):
    for _ in range(steps):
        life.step()
        life.require_same()


def test_rights_live_as_the_three_laws_say(life):
    lived(life, 90)

    assert life.seen >= {
        *(("claim", one) for one in ("confirmed", "twice", "rejected")),
        *(("hand_on", one) for one in ("moved", "more than there is")),
        *(("collect", "collected"), ("release", "sold"), ("release", "unpaid")),
        *(("build", one) for one in ("accepted", "class_barred", "measure_short")),
        *(("undo", "undone"), ("revoke", "revoked after use"), ("revoke", "twice")),
    }


@pytest.mark.parametrize(
    "forgotten",
    [
        "ledger.substitution.file.require_unclaimed",
        "ledger.substitution.requirement.require_permitted",
        "ledger.substitution.revoke.open_deficit",
    ],
)
def test_a_law_that_is_not_asked_is_missed(life, monkeypatch, forgotten):
    """Planted: one of the laws lets everything pass."""
    monkeypatch.setattr(forgotten, lambda *_, **__: None)

    with pytest.raises(AssertionError):
        lived(life, 90)
