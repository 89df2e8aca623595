"""Random projects against a model in plain integers: accepted if and only if all is covered."""

import random
from fractions import Fraction

from ledger.substitution.accept import AcceptProject
from ledger.substitution.commission import WithdrawProject
from ledger.substitution.undo import UndoAcceptance
from tests.build import DISTRICT, SECOND_REGULATOR
from tests.ledger.substitution.five import build
from tests.ledger.substitution.test_terms import city
from tests.ledger.substitution.world import closure, free, lines, open_city

MEASURES = ("energy", "coal", "carbon")
STOCK = 1_000_000
RATIOS = {
    "steel": {"energy": (6, 5), "coal": (11, 10), "carbon": (3, 2)},
    "lime": {"energy": (7, 3), "coal": (1, 1), "carbon": (1_001, 1_000)},
    "glass": {"energy": (1, 1), "coal": (13, 7), "carbon": (6, 5)},
}
BY = {"maker": DISTRICT, "checker": SECOND_REGULATOR}


class Model:
    """What each source, reservation and project should hold, kept in dictionaries of integers."""

    def __init__(self):
        self.free = dict.fromkeys(MEASURES, STOCK)
        self.given = dict.fromkeys(MEASURES, 0)

    def accepts(self, industry, added, offered):
        """Cross-multiplied, so that no rounding of the code under test is repeated."""
        return all(
            offered[one] * RATIOS[industry][one][1] >= added[one] * RATIOS[industry][one][0]
            for one in MEASURES
        )

    def retire(self, industry, added, offered, *, gives_all):
        used = {}
        for one in MEASURES:
            upper, lower = RATIOS[industry][one]
            least = next(n for n in range(offered[one] + 1) if n * lower >= added[one] * upper)
            used[one] = offered[one] if gives_all else least
            self.free[one] -= used[one]
            self.given[one] += added[one]
        return used

    def undo(self, added, used):
        for one in MEASURES:
            self.free[one] += used[one]
            self.given[one] -= added[one]


def asset(measure, area):
    basis = "eq" if measure == "energy" else "na"
    return f"{measure}.standing.two_high.t2030.{basis}.{area}"


def same(bench, model):
    """Compare every balance with the model; what is reserved must be nothing."""
    for one in MEASURES:
        source, lot = f"source:S1-{one.upper()}", asset(one, "990101")
        right = asset(one, "990102")
        assert bench.balance(source, lot) == model.free[one]
        assert bench.balance(f"{source}:reserved", lot) == 0
        assert bench.balance("enterprise:E3:entitlement", right) == model.given[one]
        assert bench.balance("scheme:issuance", right) == -model.given[one]


def drawn(chance, industry):
    """Return additions, and offers that hit the need, miss it by little, or go beyond it."""
    added = {one: chance.choice((0, 1, chance.randrange(1, 900))) for one in MEASURES}
    offered = {}
    for one in MEASURES:
        needed = Fraction(*RATIOS[industry][one]) * added[one]
        offered[one] = max(1, int(needed) + chance.choice((-1, 0, 0, 1, 1, 1, 7)))
    return added, offered


def test_a_random_project_is_accepted_exactly_when_the_model_says_so(sqlite_engine, clock):
    bench = open_city(sqlite_engine, clock, packs=("national",))
    ratios = {
        f"substitution.ratio.{one}.{industry}": (f"{upper}/{lower}", "ratio")
        for industry, by_measure in RATIOS.items()
        for one, (upper, lower) in by_measure.items()
    }
    measures = {"substitution.measures": (list(MEASURES), "choices")}
    pool = {"substitution.pool_area": ("city", "choice")}
    city(bench, {**ratios, **measures, **pool}, parent="national")
    free(bench, closure("S1", measures=lines(dict.fromkeys(MEASURES, STOCK))))
    chance, model, seen = random.Random(20_260_630), Model(), {True: 0, False: 0}

    for number in range(36):
        code, industry = f"P{number}", chance.choice(sorted(RATIOS))
        gives_all = chance.random() < 0.3
        added, offered = drawn(chance, industry)
        offers = [(f"S1-{one.upper()}", offered[one]) for one in MEASURES]
        facts = {"additions": added, "code": code, "industry": industry}
        build(bench, *offers, retire_all="yes" if gives_all else "no", **facts)
        is_lawful = model.accepts(industry, added, offered)
        seen[is_lawful] += 1

        answer = bench.both(AcceptProject(project=code), **BY)

        assert answer.ok == is_lawful, (code, added, offered, answer.message)
        if not is_lawful:
            assert answer.code == "measure_short"
            bench.do(WithdrawProject(project=code, document="撤回1号")).require()
            continue
        used = model.retire(industry, added, offered, gives_all=gives_all)
        assert answer.result["retired"] == used
        if chance.random() < 0.3:
            bench.both(UndoAcceptance(project=code, document="撤销1号"), **BY).require()
            model.undo(added, used)
    same(bench, model)

    assert min(seen.values()) > 8, seen
