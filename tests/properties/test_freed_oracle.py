"""
Random lives of freed quota against a model that knows nothing of the code: plain numbers by source.

Each step is tried on both; what the model calls impossible must be refused and change nothing, and
after each step every class of quota must add up as the model says.
"""

import random

import pytest

from ledger.db import reading
from ledger.substitution.conservation import positions
from tests.ledger.substitution.estate import (
    batch,
    decision,
    lot,
    open_estate,
    reviewed,
    revoke,
    split,
    transfer,
)
from tests.ledger.substitution.world import closure, free, lines, plan, project

ORIGINS = {"S1": "two_high", "S2": "other", "S3": "two_high"}
PLANTS = {"S1": ("F1", "E1"), "S2": ("F2", "E2"), "S3": ("F5", "E5")}
AREAS = {"S1": "990101", "S2": "990101", "S3": "990201"}
HOLDERS = ("E1", "E2", "E3", "E4", "E5")
RESERVE = "reserve"
PLANNER = "E3"
"""Whose project plans, and so reserves."""


class Model:
    """What each source has, who holds it and which claim it comes from."""

    def __init__(self):
        self.has, self.holder, self.claim = {}, {}, {}
        self.reserved = {}
        self.confirmed = dict.fromkeys(ORIGINS, 0)
        self.revoked = dict.fromkeys(ORIGINS, 0)

    def confirm(self, claim, amount):
        self.confirmed[claim] = amount
        self.add(f"{claim}-ENERGY", amount, PLANTS[claim][1], claim)

    def add(self, source, amount, holder, claim):
        self.has[source], self.holder[source], self.claim[source] = amount, holder, claim

    def part(self, source, target, amount, holder):
        if not 0 < amount <= self.has[source] or target in self.has:
            return False
        self.has[source] -= amount
        self.add(target, amount, holder, self.claim[source])
        return True

    def reserve(self, source, amount):
        """Plan from one source alone: the earlier plan gives back what it had reserved."""
        there = self.has[source] + self.reserved.get(source, 0)
        if not 0 < amount <= there:
            return False
        for earlier, units in self.reserved.items():
            self.has[earlier] += units
        self.reserved = {source: amount}
        self.has[source] -= amount
        return True

    def revoke(self, claim):
        if self.revoked[claim] or not self.confirmed[claim]:
            return False
        for source in self.has:
            if self.claim[source] == claim:
                self.revoked[claim] += self.has[source] + self.reserved.pop(source, 0)
                self.has[source] = 0
        return True

    def positions(self):
        """Return by origin and area: confirmed, available, collected, revoked, reserved."""
        found = {}
        for claim, origin in ORIGINS.items():
            row = found.setdefault((origin, AREAS[claim]), [0, 0, 0, 0, 0])
            row[0] += self.confirmed[claim]
            row[3] += self.revoked[claim]
        for source, amount in self.has.items():
            claim = self.claim[source]
            row = found[ORIGINS[claim], AREAS[claim]]
            row[2 if self.holder[source] == RESERVE else 1] += amount
        for source, amount in self.reserved.items():
            claim = self.claim[source]
            found[ORIGINS[claim], AREAS[claim]][4] += amount
        return {key: tuple(row) for key, row in found.items()}


STEPS = ("split", "split", "transfer", "transfer", "collect", "reserve", "reserve", "revoke")


def step(rng, bench, model, number):
    """Try one random step on both; return what it was, the answer, and what the model says."""
    source = rng.choice(sorted(model.has))
    there = model.has[source]
    amount = rng.choice([1, there // 2, there // 2, there, there + 1, 0])
    target = rng.choice([f"X{number}", f"X{number}", f"X{number}", source])
    holder = model.holder[source]
    what = rng.choice(STEPS)
    if what == "revoke":
        claim = rng.choice(sorted(ORIGINS))
        return what, *((revoke(bench, claim), model.revoke(claim)) if number > 50 else SKIPPED)
    if what == "reserve":
        answer = bench.do(plan("P1", (source, amount)), actor=f"person:{PLANNER}A")
        return what, answer, holder == PLANNER and model.reserve(source, amount)
    if holder == RESERVE:
        return what, *SKIPPED
    if what == "split":
        answer = split(bench, source, (target, amount), by=f"person:{holder}A")
        return what, answer, model.part(source, target, amount, holder)
    if what == "transfer":
        to = rng.choice((*HOLDERS, PLANNER, PLANNER))
        answer = transfer(bench, source, target, to, amount, by=holder)
        return what, answer, to != holder and model.part(source, target, amount, to)
    line = lot(source, "voluntary", target, amount=amount)
    planned = bench.do(batch(f"B{number}", line))
    is_possible = model.part(source, target, amount, RESERVE)
    if not planned.ok:
        return what, planned, is_possible
    reviewed(bench, f"B{number}").require()
    return what, bench.both(decision(f"B{number}")), is_possible


SKIPPED = (None, False)


@pytest.mark.parametrize("seed", [3])
def test_whatever_happens_to_freed_quota_it_adds_up(sqlite_engine, clock, seed):
    rng = random.Random(seed)
    bench, model = open_estate(sqlite_engine, clock), Model()
    for claim, (facility, enterprise) in PLANTS.items():
        amount = rng.choice([701, 100_003])
        free(
            bench,
            closure(claim, facility, enterprise=enterprise, measures=lines({"energy": amount})),
        )
        model.confirm(claim, amount)
    bench.do(project("P1", additions={"energy": 1})).require()

    done = {tried_step(rng, bench, model, number) for number in range(60)}

    assert done >= {(what, is_done) for what in STEPS for is_done in (True, False)} - {
        ("revoke", False)
    }


def tried_step(rng, bench, model, number):
    what, answer, is_possible = step(rng, bench, model, number)
    if answer is None:
        return what, False
    assert answer.ok is is_possible, (what, answer.code)
    with reading(bench.engine) as connection:
        rows = positions(connection)
    assert all(row.difference == 0 for row in rows)
    found = {
        (row.origin, row.area): (
            row.confirmed,
            row.available,
            row.collected,
            row.revoked,
            row.reserved,
        )
        for row in rows
    }
    assert found == model.positions()
    return what, answer.ok
