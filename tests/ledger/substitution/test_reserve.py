"""Collection into the reserve, release at a price, buy-back."""

import pytest

from ledger.allocation.increment import SetIncrement
from ledger.asset import CNY
from ledger.db import reading
from ledger.substitution.buy_back import BuyBack, BuyBackLine
from ledger.substitution.collect import LotLine
from ledger.substitution.collected import LotKind
from ledger.substitution.conservation import positions
from ledger.substitution.release_reserve import ReleaseLine
from tests.build import REGULATOR, SECOND_REGULATOR
from tests.ledger.substitution.estate import (
    ADMINS,
    PROVINCE,
    batch,
    budget,
    buy,
    buying,
    collect,
    decision,
    fund,
    lot,
    open_estate,
    rate,
    reviewed,
    transfer,
)
from tests.ledger.substitution.world import (
    closure,
    free,
    lines,
    project,
    refused,
    refused_alone,
)

ENERGY = "energy.standing.two_high.t2030.eq.990101"
COAL = "coal.standing.two_high.t2030.na.990101"
FLOW = "energy.flow.general.2026.eq.990101"


@pytest.fixture
def estate(engine, clock):
    return stocked(open_estate(engine, clock))


@pytest.fixture
def light(copied_estate):
    return stocked(copied_estate)


def stocked(bench):
    """Free 600,001 kgce and 500,000 kg of E1, in a two-high trade."""
    free(bench, closure("S1", measures=lines({"energy": 600_001, "coal": 500_000})))
    return bench


HALF = lot("S1-ENERGY", "other_two_high", "R1")
AGREED = lot("S1-COAL", "voluntary", "R2", measure="coal", amount=300_000)


def test_a_batch_is_planned_reviewed_and_decided_before_anything_moves(light):
    """Half of 600,001 is 300,000.5: the odd unit stays with the city."""
    planned = light.do(batch("B1", HALF, AGREED)).require()
    early = light.both(decision("B1"))
    reviewed(light, "B1").require()
    before = light.balance("source:S1-ENERGY", ENERGY)

    answer = light.both(decision("B1")).require()

    assert planned.result == {"batch": "B1", "collected": [300_000, 300_000], "body": "commission"}
    assert (early.code, before) == ("reserve_batch_not_ready", 600_001)
    assert answer.result["collected"] == [300_000, 300_000]
    assert light.balance("source:R1", ENERGY) == 300_000
    assert light.balance("source:S1-ENERGY", ENERGY) == 300_001
    assert light.balance("source:R2", COAL) == 300_000


def test_the_odd_unit_goes_where_the_pack_says(sqlite_engine, clock):
    changed = {"collection.odd_unit_to": ("province", "choice")}
    bench = stocked(open_estate(sqlite_engine, clock, changed=changed))

    assert bench.do(batch("B1", HALF)).require().result["collected"] == [300_001]


LOTS = (
    (lot("S1-ENERGY", "voluntary", "R1"), "collection_amount_to_decide"),
    (lot("S1-ENERGY", "voluntary", "R1", amount=0), "amount_not_positive"),
    (lot("S1-ENERGY", "voluntary", "R1", amount=600_001), "ok"),
    (lot("S1-ENERGY", "voluntary", "R1", amount=600_002), "collected_too_much"),
    (lot("S1-ENERGY", "other_two_high", "R1", amount=1), "collection_amount_given"),
    (lot("S1-ENERGY", "solar_and_other_renewables", "R1"), "nothing_collected"),
    (lot("S1-COAL", "coking", "R1", measure="coal"), "collection_amount_to_decide"),
    (lot("S1-COAL", "coking", "R1", measure="coal", amount=350_000), "ok"),
    (lot("S1-ENERGY", "coking", "R1"), "ok"),
    (lot("S1-ENERGY", "coking", "R1", measure="coal"), "reserve_lot_malformed"),
    (lot("S1-ENERGY", "rating", "R1"), "reserve_lot_malformed"),
    (lot("S1-ENERGY", "other_two_high", ""), "reserve_lot_malformed"),
    (lot("S1-ENERGY", "other_two_high", "S1-COAL"), "freed_source_exists"),
    (lot("S1-ENERGY", "other_two_high", "R1", base=1_200_004), "freed_source_short"),
    (LotLine(LotKind.RATING, "energy", district="990101", year=2026), "budget_not_set"),
    (LotLine(LotKind.RATING, "coal", district="990101", year=2026), "reserve_lot_malformed"),
    (LotLine(LotKind.VOLUNTARY, "energy", district="990101", year=2026), "reserve_lot_malformed"),
)


def test_what_a_lot_may_be(light):
    """A plan moves nothing, so each line is asked of the same stock."""
    found = [light.do(batch(f"B{number}", line)).code for number, (line, _) in enumerate(LOTS)]

    assert found == [code for _, code in LOTS]


def agreed(target: str, amount: int):
    return lot("S1-ENERGY", "voluntary", target, amount=amount)


def test_lots_of_one_source_are_held_against_it_together(light):
    """600,001 are there: 300,001 and 300,000 are all of it, one more is too much."""
    short = refused_alone(light, batch("B1", agreed("R1", 300_001), agreed("R2", 300_001)))
    twice = refused_alone(light, batch("B1", agreed("R1", 1), agreed("R1", 1)))
    light.do(batch("B1", agreed("R1", 300_001), agreed("R2", 300_000))).require()

    assert short.facts["codes"] == "freed_source_short"
    assert twice.facts["codes"] == "freed_source_exists"


def test_lots_of_one_budget_are_held_against_it_together(light):
    """5 % of 1,000,000 and what is agreed: 950,000 more are all of it."""
    budget(light, 1_000_000)
    rate(light, "c")
    rating = LotLine(LotKind.RATING, "energy", district="990101", year=2026)

    def beside(amount):
        of_budget = {"district": "990101", "year": 2026, "base": 1_000_000, "amount": amount}
        return batch("B1", rating, LotLine(LotKind.VOLUNTARY, "energy", **of_budget))

    short = refused_alone(light, beside(950_001))
    light.do(beside(950_000)).require()

    assert short.facts["codes"] == "budget_exceeded"


def test_a_two_high_lot_comes_from_a_two_high_trade(light):
    free(light, closure("S2", "F2", enterprise="E2"))

    answer = refused_alone(light, batch("B1", lot("S2-ENERGY", "other_two_high", "R1")))

    assert (answer.code, answer.facts["origin"]) == ("lot_origin", "other")


def test_a_rating_takes_from_the_budget_into_the_store(light):
    """5 % of 1,000,000 where it is C, and 10 % where it is D the year's next record says."""
    budget(light, 1_000_000)
    line = LotLine(LotKind.RATING, "energy", district="990101", year=2026)
    for rating in "cd":
        rate(light, rating)
        collect(light, f"B{rating.upper()}", line).require()

    assert light.balance(f"district:{PROVINCE}:stored", FLOW) == 50_000 + 100_000
    assert light.balance("district:990101:budget", FLOW) == 850_000


def test_a_good_rating_gives_nothing_and_an_unrated_district_cannot_be_asked(light):
    budget(light, 1_000_000)
    line = LotLine(LotKind.RATING, "energy", district="990101", year=2026)
    unrated = light.do(batch("B1", line))
    rate(light, "b")

    assert unrated.code == "district_not_rated"
    assert light.do(batch("B1", line)).code == "nothing_collected"


def test_a_rejected_batch_ends(light):
    from ledger.substitution.collect import ReviewBatch
    from tests.build import SECOND_VERIFIER, VERIFIER
    from tests.ledger.substitution.world import HASH

    light.do(batch("B1", HALF)).require()
    review = ReviewBatch(batch="B1", finding="rejected", document="评审1号", evidence=HASH)
    light.both(review, maker=VERIFIER, checker=SECOND_VERIFIER).require()

    answer = refused(light, decision("B1"), by=(REGULATOR, SECOND_REGULATOR))

    assert (answer.code, answer.facts["state"]) == ("reserve_batch_not_ready", "rejected")


def test_what_was_sold_between_plan_and_decision_is_not_collected(light):
    light.do(batch("B1", HALF)).require()
    reviewed(light, "B1").require()
    transfer(light, "S1-ENERGY", "A1", "E3", 300_002).require()

    answer = refused(light, decision("B1"), by=(REGULATOR, SECOND_REGULATOR))

    assert answer.code == "freed_source_short"
    assert (answer.facts["needed"], answer.facts["available"]) == (300_000, 299_999)


@pytest.fixture
def reserve(estate):
    collect(estate, "B1", HALF, AGREED).require()
    return estate


@pytest.fixture
def light_reserve(light):
    collect(light, "B1", HALF, AGREED).require()
    return light


LINES = (ReleaseLine("R1", "Q1", 200_000), ReleaseLine("R2", "Q2", 300_000))


def test_a_release_is_cash_for_units(light_reserve):
    """200 t at 200 yuan and 300 t at 150 yuan: 85,000 yuan."""
    fund(light_reserve, "E3", 8_500_000)

    answer = buy(light_reserve, "E3", *LINES).require()

    assert answer.result["paid_fen"] == 8_500_000
    assert light_reserve.balance("enterprise:E3:cash", CNY) == 0
    assert light_reserve.balance("treasury:sales", CNY) == 8_500_000
    assert light_reserve.balance("source:Q1", ENERGY) == 200_000
    assert light_reserve.balance("source:R1", ENERGY) == 100_000


def test_one_fen_short_buys_nothing(light_reserve):
    fund(light_reserve, "E3", 3_999_999)

    answer = refused(light_reserve, buying("E3", LINES[0]), by=(ADMINS["E3"], SECOND_REGULATOR))

    assert answer.code == "reserve_cash_short"
    assert (answer.facts["needed_fen"], answer.facts["available_fen"]) == (4_000_000, 3_999_999)


PROJECTS = (
    ({}, "ok"),
    ({"qualifying": "no"}, "not_qualifying"),
    (
        {"enterprise": "E4", "sector": "SERVICE", "district": "990102"},
        "release_project_of_another",
    ),
    ({"sector": "SERVICE"}, "class_barred"),
)


def test_the_class_of_a_released_lot_is_asked_where_a_project_is_named(light_reserve):
    fund(light_reserve, "E3", 8_500_000)
    for number, (facts, code) in enumerate(PROJECTS):
        name = f"P{number}"
        light_reserve.do(project(name, additions={"energy": 1_000}, **facts)).require()

        answer = buy(light_reserve, "E3", ReleaseLine("R1", f"Q{number}", 1_000, name))

        assert answer.code == code


def test_what_is_not_in_a_reserve_is_not_released_and_what_is_is_not_transferred(light_reserve):
    fund(light_reserve, "E3", 8_500_000)

    answer = buy(light_reserve, "E3", ReleaseLine("S1-ENERGY", "Q1", 1))

    assert (answer.code, answer.facts["holder"]) == ("source_not_held", "E1")


def test_a_buy_back_pays_the_holder_out_of_the_treasury(reserve):
    """The treasury got 40,000 yuan for 200 t; it pays 180 yuan a tonne for 200 t: 36,000."""
    fund(reserve, "E3", 4_000_000)
    buy(reserve, "E3", LINES[0]).require()
    offer = BuyBack("E3", PROVINCE, "回购1号", (BuyBackLine("Q1", "R3", 200_000),))

    answer = reserve.both(offer, maker=ADMINS["E3"], checker=SECOND_REGULATOR).require()

    assert answer.result["paid_fen"] == 3_600_000
    assert reserve.balance("treasury:sales", CNY) == 400_000
    assert reserve.balance("enterprise:E3:cash", CNY) == 3_600_000
    assert reserve.balance("source:R3", ENERGY) == 200_000
    with reading(reserve.engine) as connection:
        energy = next(one for one in positions(connection) if one.measure == "energy")
    assert (energy.confirmed, energy.available, energy.collected) == (600_001, 300_001, 300_000)
    assert energy.difference == 0


def test_an_empty_treasury_buys_nothing_back(light_reserve):
    offer = BuyBack("E1", PROVINCE, "回购1号", (BuyBackLine("S1-ENERGY", "R3", 1_000),))

    answer = refused(light_reserve, offer, by=(ADMINS["E1"], SECOND_REGULATOR))

    assert (answer.code, answer.facts["payer"]) == ("reserve_cash_short", "treasury:sales")


def stored_line(amount: int, **changes) -> ReleaseLine:
    fields = {"reserve": PROVINCE, "district": "990101", "year": 2026, "measure": "energy"}
    return ReleaseLine(amount=amount, **(fields | changes))


def store(bench) -> None:
    """Put 50,000 kgce of the first district's flow into the province's store."""
    budget(bench, 1_000_000)
    rate(bench, "c")
    line = LotLine(LotKind.RATING, "energy", district="990101", year=2026)
    collect(bench, "BS", line).require()


def test_stored_flow_is_released_to_its_own_district_for_cash(estate):
    """50,000 kgce at 200 yuan a tonne are 10,000 yuan."""
    store(estate)
    fund(estate, "E1", 1_000_000)
    fund(estate, "E3", 1_000_000)
    by = (ADMINS["E1"], SECOND_REGULATOR)
    for line, code in (
        (stored_line(50_001), "stored_flow_short"),
        (stored_line(1, year=2025), "stored_flow_short"),
        (stored_line(1, reserve="990102"), "stored_flow_short"),
        (stored_line(0), "amount_not_positive"),
        (stored_line(1, source="S1-ENERGY", target="Q1"), "release_line_malformed"),
        (stored_line(1, project="P1"), "release_line_malformed"),
        (stored_line(1, measure=""), "release_line_malformed"),
        (stored_line(1, reserve=""), "release_line_malformed"),
        (ReleaseLine("S1-ENERGY", amount=1), "release_line_malformed"),
    ):
        assert refused(estate, buying("E1", line), by=by).code == code
    abroad = refused(estate, buying("E3", stored_line(1)), by=(ADMINS["E3"], SECOND_REGULATOR))
    short = refused(estate, buying("E1", stored_line(1_000), stored_line(49_001)), by=by)

    answer = buy(estate, "E1", stored_line(50_000)).require()

    assert abroad.code == "stored_flow_elsewhere"
    assert short.facts["codes"] == "stored_flow_short"
    assert answer.result == {"enterprise": "E1", "released": 1, "paid_fen": 1_000_000}
    assert estate.balance("enterprise:E1:holding", FLOW) == 50_000
    assert estate.balance(f"district:{PROVINCE}:stored", FLOW) == 0
    assert estate.balance("enterprise:E1:cash", CNY) == 0
    assert estate.balance("treasury:sales", CNY) == 1_000_000


def test_stored_flow_is_not_released_one_fen_short(light):
    store(light)
    fund(light, "E1", 999_999)

    answer = refused(light, buying("E1", stored_line(50_000)), by=(ADMINS["E1"], SECOND_REGULATOR))

    assert (answer.code, answer.facts["needed_fen"]) == ("reserve_cash_short", 1_000_000)
    assert answer.facts["available_fen"] == 999_999


def test_what_a_district_sells_of_its_increment_binds_stored_flow_and_not_collected_sources(
    sqlite_engine, clock
):
    """Half of an increment of 60,000 may be sold: 30,000, and not a unit more."""
    changed = {
        "purchase.government_increment_sale_limited": (True, "switch"),
        "purchase.government_increment_sale_share": ("50/100", "share"),
    }
    bench = stocked(open_estate(sqlite_engine, clock, changed=changed))
    store(bench)
    collect(bench, "B1", HALF).require()
    fund(bench, "E1", 2_000_000)
    by = (ADMINS["E1"], SECOND_REGULATOR)

    unset = refused(bench, buying("E1", stored_line(1)), by=by)
    increment = SetIncrement("990101", 2026, "energy", 60_000, "增量1号")
    bench.both(increment).require()
    beyond = refused(bench, buying("E1", stored_line(30_001)), by=by)
    buy(bench, "E1", stored_line(30_000)).require()
    again = refused(bench, buying("E1", stored_line(1)), by=by)
    buy(bench, "E1", ReleaseLine("R1", "Q1", 1_000)).require()

    assert (unset.code, beyond.code) == ("increment_not_set", "increment_exceeded")
    assert (beyond.facts["needed"], beyond.facts["available"]) == (30_001, 30_000)
    assert again.facts["available"] == 0
