from decimal import Decimal

import pytest

from ledger.metering.carriers import UnitMismatch
from ledger.metering.reading import (
    Changeover,
    ChangeoverInconsistent,
    Meter,
    MeterResetUnexplained,
    Month,
    Reading,
    ReadingDuplicate,
    ReadingGap,
    ReadingNegative,
    ReadingOutOfOrder,
    consumed,
    consumed_over,
)

METER = Meter(code="M1", carrier="electricity", unit="kWh")
MARCH = Month(2026, 3)
APRIL = Month(2026, 4)


def reading(index: str, month: Month = APRIL, unit: str = "kWh", change: Changeover | None = None):
    return Reading(meter="M1", month=month, index=Decimal(index), unit=unit, changeover=change)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("100", "100", "0"), ("100", "100.5", "0.5"), ("0", "99999.9", "99999.9")],
)
def test_consumption_is_the_difference_of_two_months(before, after, expected):
    assert consumed(reading(before, MARCH), reading(after), METER) == Decimal(expected)


def test_a_transformer_ratio_multiplies_the_difference():
    meter = Meter(code="M1", carrier="electricity", unit="kWh", multiplier=Decimal(4000))

    assert consumed(reading("10", MARCH), reading("10.25"), meter) == 1000


def test_december_is_followed_by_january():
    assert consumed(reading("1", Month(2025, 12)), reading("3", Month(2026, 1)), METER) == 2


def test_a_recorded_rollover_counts_both_sides():
    rolled = Changeover(final=Decimal(100_000), initial=Decimal(0), evidence="photo 1")

    assert consumed(reading("99990", MARCH), reading("15", change=rolled), METER) == 25


def test_a_recorded_replacement_counts_the_old_and_the_new_meter():
    replaced = Changeover(final=Decimal(520), initial=Decimal(8), evidence="work order 12")

    assert consumed(reading("500", MARCH), reading("108", change=replaced), METER) == 120


def test_a_replacement_may_leave_the_index_higher_than_before():
    replaced = Changeover(final=Decimal(510), initial=Decimal(900), evidence="work order 13")

    assert consumed(reading("500", MARCH), reading("905", change=replaced), METER) == 15


def test_an_index_that_fell_without_a_record_is_refused():
    with pytest.raises(MeterResetUnexplained) as refused:
        consumed(reading("100", MARCH), reading("99.9"), METER)

    assert refused.value.code == "meter_reset_unexplained"
    assert refused.value.facts == {
        "meter": "M1",
        "month": "2026-04",
        "previous": "100",
        "index": "99.9",
    }


@pytest.mark.parametrize(
    ("final", "initial"),
    [("499.9", "0"), ("500", "15.1"), ("500", "-1")],
)
def test_a_changeover_that_does_not_fit_its_readings_is_refused(final, initial):
    change = Changeover(final=Decimal(final), initial=Decimal(initial), evidence="work order 14")

    with pytest.raises(ChangeoverInconsistent) as refused:
        consumed(reading("500", MARCH), reading("15", change=change), METER)

    assert refused.value.code == "changeover_inconsistent"
    assert refused.value.facts["final"] == final
    assert refused.value.facts["initial"] == initial


@pytest.mark.parametrize(("final", "initial"), [("500", "0"), ("500", "15")])
def test_a_changeover_at_its_very_bounds_is_accepted(final, initial):
    change = Changeover(final=Decimal(final), initial=Decimal(initial), evidence="work order 15")

    assert consumed(reading("500", MARCH), reading("15", change=change), METER) in (0, 15)


@pytest.mark.parametrize(
    ("month", "missing"),
    [(Month(2026, 5), "2026-04"), (Month(2027, 3), "2026-04"), (Month(2027, 4), "2026-04")],
)
def test_a_missing_month_is_refused_and_named(month, missing):
    with pytest.raises(ReadingGap) as refused:
        consumed(reading("100", MARCH), reading("200", month), METER)

    assert refused.value.code == "reading_gap"
    assert refused.value.facts == {"meter": "M1", "month": str(month), "missing": missing}


def test_a_second_reading_of_a_month_is_refused():
    with pytest.raises(ReadingDuplicate) as refused:
        consumed(reading("100", MARCH), reading("100", MARCH), METER)

    assert refused.value.facts == {"meter": "M1", "month": "2026-03", "recorded": "100"}


@pytest.mark.parametrize("month", [Month(2026, 2), Month(2025, 4)])
def test_a_reading_before_the_last_one_is_refused(month):
    with pytest.raises(ReadingOutOfOrder) as refused:
        consumed(reading("100", MARCH), reading("200", month), METER)

    assert refused.value.facts == {
        "meter": "M1",
        "month": str(month),
        "last": "2026-03",
        "accepted": "2026-04",
    }


def test_a_reading_in_another_unit_is_refused():
    with pytest.raises(UnitMismatch) as refused:
        consumed(reading("100", MARCH), reading("200", unit="MWh"), METER)

    assert refused.value.facts == {"subject": "meter M1", "given": "MWh", "expected": "kWh"}


def test_a_negative_index_is_refused():
    with pytest.raises(ReadingNegative) as refused:
        consumed(reading("100", MARCH), reading("-1"), METER)

    assert refused.value.facts == {"meter": "M1", "month": "2026-04", "index": "-1"}


@pytest.mark.parametrize(
    ("wrong", "first"),
    [
        (reading("-1", MARCH, unit="MWh"), UnitMismatch),
        (reading("-1", MARCH), ReadingNegative),
        (reading("50", MARCH), ReadingDuplicate),
        (reading("50", Month(2026, 1)), ReadingOutOfOrder),
        (reading("50", Month(2026, 6)), ReadingGap),
        (reading("50"), MeterResetUnexplained),
    ],
)
def test_the_first_rule_in_order_is_the_one_reported(wrong, first):
    with pytest.raises(first):
        consumed(reading("100", MARCH), wrong, METER)


def test_a_series_gives_each_month_its_consumption():
    readings = [reading("100", MARCH), reading("130"), reading("190", Month(2026, 5))]

    assert consumed_over(readings, METER) == ((APRIL, Decimal(30)), (Month(2026, 5), Decimal(60)))


def test_one_reading_only_opens_a_series():
    assert consumed_over([reading("100", MARCH)], METER) == ()
