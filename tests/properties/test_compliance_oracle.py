"""
Random compliance years against flat dictionaries: every answer, balance and figure foretold.

The oracle is in compliance_words; a game of chance plays the ledger and the oracle side by side.
"""

import itertools
import random
from collections import Counter
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ledger.check import self_check
from ledger.compliance.assess import ComputeObligations
from ledger.compliance.close import CloseEnterprise
from ledger.compliance.close_year import CloseYear
from ledger.compliance.deduct import ApplyDeductions
from ledger.compliance.lapse import ExpireVintages
from ledger.compliance.open_year import RecordPrice
from ledger.compliance.standing import gap_of
from ledger.compliance.surrender import Choice, Surrender
from ledger.days import end_of, start_of
from ledger.db import reading
from ledger.open_accounts import OpenAccounts
from ledger.parties.enroll import RegisterEnterprises
from ledger.set_aside import PlaceHold, ReleaseHold
from ledger.transfer import Line, PostLines
from tests.api.town import enterprise as enterprise_line
from tests.build import SECOND_REGULATOR, decided_by
from tests.ledger.compliance.world import (
    ADMIN,
    COMPLIANCE_OFFICER,
    city,
    opening,
    report,
    rows,
)
from tests.properties.compliance_words import (
    DEADLINE,
    FIRMS,
    FREE,
    LATE,
    MEASURES,
    MORE,
    SILENT,
    YEAR,
    Oracle,
    Terms,
    issued,
)

STEPS = 20
NUMBERS = itertools.count(1)
ASSETS = (
    *(
        f"{measure}.flow.{origin}.{vintage}.{basis}.{area}"
        for measure, basis in (("energy", "eq"), ("coal", "na"))
        for vintage in (2024, 2025, 2025, 2026)
        for area in ("990101", "990102", "990000")
        for origin in ("general", "general", "general", "two_high", "renewable")
    ),
    "energy.flow.general.2023.eq.990000",
    "energy.flow.general.2025.cal.990101",
    "energy.flow.general.2025.eq.990101-PLANT1",
    "carbon.flow.general.2025.na.990101",
)
NEVER = ("cash.cny", "energy.standing.other.t2030.eq.990101")
"""What is named as a choice now and then, and is held by nobody."""


class Game:
    """One year, its oracle and the chance that plays it."""

    def __init__(self, engine, clock, seed):
        self.chance, self.clock = random.Random(seed), clock
        self.terms = Terms.drawn(self.chance)
        self.oracle, self.seen = Oracle(self.terms), Counter()
        self.bench = city(engine, clock, self.terms.values())
        self.bench.do(RegisterEnterprises(rows=tuple(map(enterprise_line, MORE)))).require()
        self.bench.both(opening()).require()
        self.uses = {name: self.draw_use() for name in FIRMS}
        for name in FIRMS[:-1]:
            energy, coal = self.uses[name]
            report(self.bench, name, energy=energy, coal=coal)
        for name in FIRMS[:4]:
            self.compute(name)
        if self.terms.is_priced:
            price = RecordPrice(
                year=YEAR, measure="energy", turnover_fen=20_000_000, volume=1_000_000, source="t"
            )
            self.bench.both(price).require()
        self.issue(120)

    def issue(self, count):
        """Give so many random units out in one command."""
        self.bench.do(OpenAccounts(addresses=(), assets=tuple(sorted(set(ASSETS))))).require()
        draws = [self.draw_units() for _ in range(count)]
        lines = tuple(Line(f"issue:{n}", *draw) for n, draw in enumerate(draws))
        with decided_by("3"):  # later ones leave what is pledged or frozen to its own commands
            self.bench.both(PostLines(rule="TEST", lines=lines)).require()
        for draw in draws:
            self.oracle.move(*draw)

    def draw_use(self):
        energy = self.chance.choice((0, 900, 1_500, 3_001, 5_000))
        return energy, min(energy, self.chance.choice((0, 333, 901)))

    def name(self):
        return self.chance.choice(FIRMS)

    def expect(self, answer, code):
        assert answer.code == code, answer
        self.seen[code] += 1
        return answer.verdict.result

    def draw_units(self):
        purpose = self.chance.choice((*FREE, *FREE, "restricted", "pledged", "frozen"))
        address = f"enterprise:{self.name()}:{purpose}"
        asset, amount = self.chance.choice(ASSETS), self.chance.randint(1, 1_200)
        return "scheme:issuance", address, asset, amount

    def move(self, *draw):
        line = Line(f"move:{next(NUMBERS)}", *draw)
        with decided_by("3"):
            self.bench.both(PostLines(rule="TEST", lines=(line,))).require()
        self.oracle.move(*draw)

    def give(self):
        self.move(*self.draw_units())

    def true_up(self, name=None):
        """Set free what was issued beforehand, as a confirmed allocation does."""
        name = name or self.name()
        restricted, free = (f"enterprise:{name}:{each}" for each in ("restricted", "holding"))
        for asset in issued(name, YEAR):
            if amount := self.oracle.units[restricted, asset]:
                self.move(restricted, free, asset, amount)

    def compute(self, name=None):
        name = name or self.chance.choice((LATE, LATE, SILENT, "E1"))
        answer = self.bench.do(ComputeObligations(year=YEAR, enterprises=(name,)))
        self.expect(answer, self.oracle.compute(name, *self.uses[name]))

    def hold(self):
        name = self.name()
        address = f"enterprise:{name}:holding"
        there = [(code, n) for (at, code), n in self.oracle.units.items() if at == address and n]
        if not there:
            return
        asset, most = self.chance.choice(there)
        amount = self.chance.randint(1, most)
        ends = self.chance.choice((None, end_of(DEADLINE), end_of(self.terms.last_day)))
        ends = None if ends is None or ends <= self.clock.now else ends
        payload = PlaceHold(
            enterprise=name, asset=asset, amount=amount, purpose="test", expires_at=ends
        )
        number = self.bench.do(payload, actor=ADMIN).require().result["hold"]
        self.oracle.move(address, f"enterprise:{name}:held", asset, amount)
        self.oracle.holds[number] = (name, asset, amount, ends)

    def release(self, number=None):
        if self.oracle.holds:
            number = self.chance.choice(sorted(self.oracle.holds))
            self.bench.do(ReleaseHold(hold=number), actor=ADMIN).require()
            self.come_free(number)

    def come_free(self, number):
        name, asset, amount, _ = self.oracle.holds.pop(number)
        held, free = f"enterprise:{name}:held", f"enterprise:{name}:holding"
        self.oracle.move(held, free, asset, amount)

    def surrender(self):
        payload = self.draw_surrender()
        answer = self.bench.both(payload, maker=COMPLIANCE_OFFICER, checker=ADMIN)
        result = self.expect(answer, self.oracle.surrender(payload))
        if answer.ok:
            left = self.oracle.outstanding(payload.enterprise, payload.measure)
            assert result["outstanding"] == left

    def draw_surrender(self):
        chance, oracle = self.chance, self.oracle
        name, measure = self.name(), chance.choice(MEASURES)
        owed = oracle.outstanding(name, measure) if (name, measure) in oracle.owed else 100
        free = oracle.available(name, measure)
        amount = chance.choice((owed, owed + 1, owed // 2, owed // 3, free, free + 1, 1, 7, 0, -5))
        choices = ()
        if chance.random() < 0.5:
            choices, amount = self.draw_choices(name, measure, amount)
        rare = chance.random()
        name = "E9" if rare < 0.02 else name
        year = 2024 if 0.02 < rare < 0.04 else YEAR
        return Surrender(
            enterprise=name, year=year, measure=measure, amount=amount, choices=choices
        )

    def draw_choices(self, name, measure, amount):
        """Mostly what it has of the measure and may use; now and then what it may not, or more."""
        chance, oracle = self.chance, self.oracle
        right = [(unit[3], unit[-1]) for unit in oracle.usable(name, measure)]
        held = [
            (asset, units)
            for (address, asset), units in oracle.units.items()
            if units and address in {f"enterprise:{name}:{each}" for each in FREE}
        ]
        wrong = [(asset, 5) for asset in (chance.choice(ASSETS), chance.choice(NEVER))]
        pool = chance.choice((right or held, right or held, right + held, held + wrong, wrong))
        picks = chance.sample(pool, min(len(pool), chance.randint(1, 3)))
        limit = max(amount, 1)
        choices = []
        for asset, units in picks:
            part = min(units, limit) if chance.random() < 0.85 else chance.choice((0, units + 1))
            choices.append(Choice(asset, part))
            limit = max(limit - part, 1)
        total = sum(choice.amount for choice in choices)
        return tuple(choices), total if chance.random() < 0.9 else total + 1

    def close(self, name=None):
        name = name or self.chance.choice((*FIRMS, "E9"))
        answer = self.bench.do(CloseEnterprise(year=YEAR, enterprise=name))
        code, figures = self.oracle.close(name)
        result = self.expect(answer, code)
        if answer.ok:
            assert result == {"enterprise": name, "year": YEAR, **figures}

    def sweep(self, name=None):
        name = name or self.name()
        answer = self.bench.do(ExpireVintages(year=YEAR, enterprises=(name,)))
        code, expired = self.oracle.sweep(name)
        result = self.expect(answer, code)
        assert not answer.ok or result == {"year": YEAR, "expired": expired}

    def deduct(self, name=None):
        name = name or self.name()
        answer = self.bench.do(ApplyDeductions(year=YEAR + 1, enterprises=(name,)))
        code, figures = self.oracle.deduct(name)
        result = self.expect(answer, code)
        assert not answer.ok or result == figures

    def close_year(self):
        if (LATE, "energy") not in self.oracle.owed:
            return  # whether the year must wait for it is another test's question
        answer = self.bench.both(CloseYear(year=YEAR), checker=SECOND_REGULATOR)
        self.expect(answer, self.oracle.close_year())

    def play(self, steps):
        """The same year in six moments: midwinter, the last and first moments of each term."""
        last = self.terms.last_day
        moments = [self.clock.now, end_of(DEADLINE) - 10_000, end_of(DEADLINE)]
        moments += [end_of(last) - 10_000, end_of(last), start_of(date(2026, 9, 1))]
        for number, moment in enumerate(moments):
            if moment >= self.clock.now:
                self.pass_to(moment)
            for _ in range(steps * 3 if number == 0 else steps):
                self.step(number)
        self.finish()

    def step(self, moment):
        is_late = self.oracle.day > self.terms.last_day
        usual = [self.surrender] * (2 if is_late else 12)
        usual += [self.give, self.hold, self.release, self.compute, self.close, self.true_up]
        if moment >= 2:
            usual += [self.close] * 3 + [self.sweep, self.deduct, self.close_year]
        self.chance.choice(usual)()
        self.require_same()

    def pass_to(self, moment):
        self.clock.now = moment
        self.bench.writer.tick()
        self.oracle.day = date.fromordinal(719_163 + (moment // 3_600_000_000 + 8) // 24)
        for number, (*_, ends) in list(self.oracle.holds.items()):
            if ends is not None and ends <= moment:
                self.come_free(number)

    def finish(self):
        """Bring the year to its end, sweep twice and apply every cut."""
        self.compute(LATE)
        for name in FIRMS:
            self.true_up(name)
            self.close(name)
        self.close_year()
        for name in (*FIRMS, *FIRMS):
            self.sweep(name)
            self.deduct(name)
            self.require_same()
        assert self.oracle.year_closed

    def require_same(self):
        """Balances, standings, closings and what is left to cover are those of the oracle."""
        oracle = self.oracle
        assert stored(self.bench) == {place: n for place, n in oracle.units.items() if n}
        standings = {
            (row["enterprise"], row["measure"]): (row["owed"], row["surrendered"], row["recovered"])
            for row in rows(self.bench, "standings")
        }
        assert standings == {
            key: (owed, oracle.paid[key], oracle.forced[key]) for key, owed in oracle.owed.items()
        }
        for name, measure in oracle.owed:
            gap = gap_of(self.bench.writer.memory, name, compliance_year=YEAR, measure=measure)
            figures = (oracle.outstanding(name, measure), oracle.available(name, measure))
            assert (gap.outstanding, gap.available) == figures

    def require_papers(self):
        """Proposals to officers and claims on next year are those of the oracle."""
        columns = ("enterprise", "measure", "kind", "base", "min_fen", "max_fen")
        proposals = [
            tuple(row[each] for each in columns) for row in rows(self.bench, "penalty_proposals")
        ]
        claims = [
            (row["enterprise"], row["asset"], row["amount"])
            for row in rows(self.bench, "due_claims")
        ]
        assert Counter(proposals) == Counter(self.oracle.penalties)
        assert Counter(claims) == Counter(self.oracle.claims)
        assert self_check(self.bench.engine).failed == {}


def stored(bench):
    query = (
        "SELECT a.address, s.code, b.amount FROM balances b JOIN accounts a ON a.id = b.account_id "
        "JOIN assets s ON s.id = b.asset_id WHERE b.amount <> 0"
    )
    with reading(bench.engine) as connection:
        return {(address, code): n for address, code, n in connection.execute(sa.text(query))}


@pytest.mark.parametrize("seed", [2, 12, 13, 16, 19, 41])
def test_a_random_year_goes_as_the_rules_in_words_say(sqlite_engine, clock, seed):
    game = Game(sqlite_engine, clock, seed)

    game.play(steps=STEPS)

    game.require_papers()
    assert game.seen.keys() >= ALWAYS_SEEN


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_random_year_goes_the_same_way_on_postgresql(engine, clock):
    game = Game(engine, clock, seed=12)

    game.play(steps=10)

    game.require_papers()


DAY = timedelta(days=1)
ALWAYS_SEEN = {
    "ok",
    "amount_not_positive",
    "asset_not_surrendered",
    "compliance_year_state",
    "deadline_passed",
    "deduction_missing",
    "obligation_missing",
    "over_surrender",
    "verification_pending",
}
PLANTED = {
    "held before bought": (12, "units_accepted._bought_first", lambda unit: -len(unit.address)),
    "no class first": (16, "units_accepted._class_rank", lambda _asset, _claim: 0),
    "every class": (12, "units_accepted.is_class_accepted", lambda _unit, _claim: True),
    "a day too many": (2, "surrender.last_day_of", lambda year, _found: year.deadline + DAY),
    "rounded down": (19, "shortfall.round_half_up", int),
    "banked without limit": (16, "leftover.banking_limit", lambda *, unused, **_: unused),
}
"""Seed, place and stand-in of bugs that the oracle must notice."""


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_noticed(sqlite_engine, clock, monkeypatch, bug):
    seed, place, wrong = PLANTED[bug]
    monkeypatch.setattr(f"ledger.compliance.{place}", wrong)
    game = Game(sqlite_engine, clock, seed)

    with pytest.raises(AssertionError):
        game.play(steps=STEPS)


def test_a_year_is_not_closed_over_a_final_report_whose_obligation_was_never_computed(
    sqlite_engine, clock
):
    bench = city(sqlite_engine, clock)
    bench.both(opening()).require()
    report(bench, "E1", energy=5_000)
    clock.now = end_of(DEADLINE)

    answer = bench.both(CloseYear(year=YEAR))

    assert answer.code == "enterprises_waiting"
