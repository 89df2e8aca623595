from fractions import Fraction

import pytest

from ledger.allocation.purchase import PurchaseCoefficientOutOfRange, two_high_purchase


def purchase(
    *,
    b: str = "0.3",
    c: str = "2.0",
    average: str = "1.0",
    added_kgce: int = 50_000_000,
    coal_kgce: int = 0,
):
    return two_high_purchase(
        added_kgce=added_kgce,
        added_coal_kgce=coal_kgce,
        coefficient=Fraction(b),
        project_intensity=Fraction(c),
        average_intensity=Fraction(average),
        pack_version="2026.1",
    )


@pytest.mark.parametrize(
    ("b", "c", "kgce"),
    [("0.3", "2.0", 30_000_000), ("1", "0.5", 25_000_000), ("1", "1", 50_000_000)],
)
def test_a_purchase_is_a_times_b_times_c_over_the_average(b, c, kgce):
    bought = purchase(b=b, c=c)

    assert (bought.amount_kgce, bought.is_above_added) == (kgce, False)


@pytest.mark.parametrize(("b", "kgce"), [("0.3", 60_000_000), ("1", 200_000_000)])
def test_a_larger_project_buys_in_proportion(b, kgce):
    assert purchase(added_kgce=100_000_000, b=b, c="2.4", average="1.2").amount_kgce == kgce


def test_a_purchase_above_what_is_added_is_flagged_and_not_cut():
    bought = purchase(b="1", c="3")

    assert (bought.amount_kgce, bought.is_above_added) == (150_000_000, True)


def test_coal_is_shown_and_not_counted():
    bought = purchase(coal_kgce=20_000_000)

    assert bought.amount_kgce == 30_000_000
    assert bought.sheet.plain()["steps"][0]["inputs"]["coal_left_out"] == "20000000"


@pytest.mark.parametrize("b", ["0.29", "1.01"])
def test_a_coefficient_outside_the_range_is_refused(b):
    with pytest.raises(PurchaseCoefficientOutOfRange) as refused:
        purchase(b=b)

    assert refused.value.code == "purchase_coefficient_out_of_range"
    assert refused.value.facts == {"coefficient": b, "lowest": "0.3", "highest": "1"}
