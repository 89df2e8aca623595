"""Voluntary cancellation, and conversion of a standing level into the flow of one year."""

from datetime import date
from hashlib import sha256

from ledger.allocation.tables import AllocationRow
from ledger.command import canonical
from ledger.days import start_of
from ledger.moves.cancel import CancelUnits
from ledger.moves.convert import Convert, UndoConversion
from tests.ledger.compliance.world import CALM, rows
from tests.ledger.liens.world import (
    FLOW,
    LONGER,
    RIGHT,
    by,
    by_refused,
    has,
    have,
    pass_day,
    town,
)

END = date(2026, 12, 31)
CONVERTED = "scheme:converted"


def cancelling(**changes):
    fields = {
        "cancellation": "C1", "enterprise": "E1", "asset": FLOW, "amount": 300,
        "purpose": "抵消会议用能", "beneficiary": "某基金会",
    }  # fmt: skip
    return CancelUnits(**(fields | changes))


def test_cancelled_units_are_gone_and_certified(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 1_000)

    answer = by(bench, "E1", cancelling()).require().result

    assert has(bench, "E1") == 700
    assert bench.balance("scheme:cancelled", FLOW) == 300
    (row,) = rows(bench, "cancellations")
    said = {
        "cancellation": "C1", "enterprise": "E1", "asset": FLOW, "amount": 300,
        "purpose": "抵消会议用能", "beneficiary": "某基金会", "entry": answer["entry"],
    }  # fmt: skip
    code = sha256(canonical(said)).hexdigest()[:20]
    assert row["check_code"] == answer["check_code"] == code
    assert row["cancelled_on"] == "2026-01-15"


def test_a_cancellation_that_cannot_be_changes_nothing(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", FLOW, 300)

    for changes, code in (
        ({"amount": 301}, "insufficient_balance"),
        ({"amount": 0}, "amount_not_positive"),
        ({"purpose": ""}, "move_text_unfit"),
        ({"beneficiary": "受" * 501}, "move_text_unfit"),
        ({"asset": "cash.cny"}, "cash_not_moved"),
        ({"asset": "energy.flow.general.2031.eq.990101"}, "asset_unknown"),
        ({"cancellation": "c1"}, "party_id_malformed"),
    ):
        assert by_refused(bench, "E1", cancelling(**changes)).code == code, changes
    by(bench, "E1", cancelling(beneficiary="受" * 500)).require()
    assert by_refused(bench, "E1", cancelling()).code == "cancellation_exists"


def converting(**changes):
    fields = {
        "conversion": "V1", "enterprise": "E1", "asset": LONGER, "year": 2026, "amount": 1_000,
    }  # fmt: skip
    return Convert(**(fields | changes))


def undoing(amount, conversion="V1"):
    return UndoConversion(conversion=conversion, enterprise="E1", amount=amount)


def test_a_level_gives_one_year_s_flow_and_comes_home_at_its_end(engine, clock):
    bench = town(engine, clock, {**CALM, "conversion.rate": ("1/2", "ratio")})
    have(bench, "E1", LONGER, 1_000, "entitlement")

    made = by(bench, "E1", converting()).require().result

    assert (made["flow_amount"], made["asset"]) == (500, FLOW)
    assert bench.balance(CONVERTED, LONGER) == 1_000
    assert (has(bench, "E1"), has(bench, "E1", LONGER, ("entitlement",))) == (500, 0)
    # The level is away, so that its year cannot be used a second time.
    again = by_refused(bench, "E1", converting(conversion="V2"))
    assert again.facts["available"] == 0
    back = by(bench, "E1", undoing(200)).require().result
    assert back["level_amount"] == 400
    assert bench.balance(CONVERTED, FLOW) == 200
    assert (has(bench, "E1"), has(bench, "E1", LONGER, ("entitlement",))) == (300, 400)
    pass_day(bench, clock, END)
    assert has(bench, "E1", LONGER, ("entitlement",)) == 1_000
    assert bench.balance(CONVERTED, LONGER) == 0
    (row,) = rows(bench, "conversions")
    assert (row["state"], row["level_back"], row["flow_back"]) == ("over", 400, 200)


def test_a_level_whose_term_ends_with_the_year_expires(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", RIGHT, 10, "entitlement")
    by(bench, "E1", converting(asset=RIGHT, amount=10)).require()

    pass_day(bench, clock, END)

    assert bench.balance("scheme:expired", RIGHT) == 10
    assert by_refused(bench, "E1", undoing(1)).code == "conversion_not_open"


def test_only_what_a_conversion_gave_goes_back(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", LONGER, 1_000, "entitlement")
    have(bench, "E1", FLOW, 5_000)
    by(bench, "E1", converting()).require()

    too_much = by_refused(bench, "E1", undoing(1_001))
    by(bench, "E1", undoing(999)).require()
    by(bench, "E1", undoing(1)).require()
    again = by_refused(bench, "E1", undoing(1))

    assert too_much.facts == {"conversion": "V1", "needed": 1_001, "available": 1_000}
    assert again.facts == {"conversion": "V1", "needed": 1, "available": 0}
    assert by_refused(bench, "E1", undoing(1, "V9")).code == "conversion_not_open"


def test_the_pack_says_whether_at_what_rate_and_for_which_years(sqlite_engine, clock):
    values = {**CALM, "conversion.rate": ("1/3", "ratio"), "conversion.years_ahead": (1, "count")}
    bench = town(sqlite_engine, clock, values)
    have(bench, "E1", LONGER, 1_000, "entitlement")
    have(bench, "E1", RIGHT, 9, "entitlement")

    for changes, code in (
        ({"amount": 1_000}, "conversion_uneven"),
        ({"amount": 1_002}, "insufficient_balance"),
        ({"year": 2025, "amount": 3}, "conversion_year"),
        ({"year": 2028, "amount": 3}, "conversion_year"),
        ({"asset": RIGHT, "year": 2027, "amount": 3}, "conversion_year"),
        ({"asset": FLOW}, "asset_unknown"),
    ):
        assert by_refused(bench, "E1", converting(**changes)).code == code, changes
    have(bench, "E1", FLOW, 1)
    assert by_refused(bench, "E1", converting(asset=FLOW)).code == "conversion_not_standing"
    assert by(bench, "E1", converting(year=2027, amount=999)).require().result["flow_amount"] == 333


def test_where_the_pack_keeps_them_apart_nothing_is_converted(sqlite_engine, clock):
    bench = town(sqlite_engine, clock, {**CALM, "conversion.allowed": (False, "switch")})
    have(bench, "E1", LONGER, 1_000, "entitlement")

    assert by_refused(bench, "E1", converting()).code == "conversion_off"


def test_what_an_allocation_gave_is_not_converted_again(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", LONGER, 1_000, "entitlement")
    plant_allocation(bench, state="planned")
    by(bench, "E1", converting(amount=1)).require()
    plant_allocation(bench, state="issued", product="OTHER")

    refusal = by_refused(bench, "E1", converting(conversion="V2", amount=1))

    assert refusal.code == "conversion_level_allocated"


def plant_allocation(bench, **changes):
    """A row as an allocation leaves it; how it came is other tests' affair."""
    columns = AllocationRow.__table__.columns
    values = {
        each.name: 0
        if "INTEGER" in str(each.type).upper() or "BIGINT" in str(each.type).upper()
        else ""
        for each in columns
    }
    values |= {"issued_by": None, "final_output": None, "final_by": None, "year": 2026}
    values |= {"measure": "energy", "enterprise": "E1", "district": "990101", "product": "P"}
    with bench.engine.begin() as connection:
        connection.execute(AllocationRow.__table__.insert().values(values | changes))


def test_the_year_itself_is_the_earliest(sqlite_engine, clock):
    bench = town(sqlite_engine, clock)
    have(bench, "E1", LONGER, 1_000, "entitlement")
    clock.now = start_of(date(2027, 1, 1))

    refusal = by_refused(bench, "E1", converting())

    assert refusal.facts == {"year": 2026, "first_year": 2027, "last_year": 2027}
