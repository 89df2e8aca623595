"""Two methods that do not follow this year's output, the paid part, and scaling at its edges."""

from fractions import Fraction

import pytest

from ledger.allocation.levels import PaidShareOutOfRange, by_entitlement, leader_level, paid_part
from ledger.allocation.methods import BaseYearsMissing, Request, scale_to_cap


def leader(*outputs: int, cut: str = "0", coefficient: str = "1") -> int:
    return leader_level(
        outputs,
        leader_kgce_per_unit=Fraction(90),
        capacity_cut=Fraction(cut),
        sector_coefficient=Fraction(coefficient),
        pack_version="p@1",
    ).amount_kgce


@pytest.mark.parametrize(
    ("outputs", "terms", "kgce"),
    [
        # (100 + 110 + 120) ÷ 3 = 110 units at 90 kgce.
        ((100, 110, 120), {}, 9_900),
        ((100, 110, 120), {"cut": "1/10"}, 8_910),
        ((100, 110, 120), {"cut": "1"}, 0),
        ((100, 110, 120), {"coefficient": "1.1"}, 10_890),
        ((0, 0, 0), {}, 0),
        # 2 units in three years are 60 kgce; 1 unit in two is 45.
        ((0, 1, 1), {}, 60),
        ((0, 1), {}, 45),
    ],
)
def test_the_leader_level_counts_what_was_made_in_the_base_years(outputs, terms, kgce):
    assert leader(*outputs, **terms) == kgce


def test_the_leader_level_needs_a_base_year():
    with pytest.raises(BaseYearsMissing):
        leader()


@pytest.mark.parametrize(
    ("level", "reduction", "kgce"),
    [(12_345, "0", 12_345), (12_345, "1/2", 6_173), (12_345, "1", 0), (0, "0", 0)],
)
def test_the_flow_of_a_year_derives_from_the_level_of_the_right(level, reduction, kgce):
    granted = by_entitlement(
        level,
        reduction=Fraction(reduction),
        sector_coefficient=Fraction(1),
        pack_version="p@1",
    )

    assert granted.amount_kgce == kgce


@pytest.mark.parametrize(
    ("share", "kgce"),
    [("0", 0), ("1/10", 1_000), ("1/5", 2_000), ("3/10", 3_000), ("1", 10_000)],
)
def test_the_paid_part_is_whole_tonnes_rounded_down(share, kgce):
    # A tenth of 10,999 kgce is 1,099.9: one whole tonne.
    assert paid_part(10_999, share=Fraction(share)).amount_kgce == kgce


@pytest.mark.parametrize("share", ["-1/100", "101/100"])
def test_a_paid_share_beyond_the_whole_is_refused(share):
    with pytest.raises(PaidShareOutOfRange):
        paid_part(1_000, share=Fraction(share))


@pytest.mark.parametrize(
    ("amounts", "cap", "granted"),
    [
        # Two rows of a cap of one: a tie, which the earlier code wins.
        ((5, 5), 1, [1, 0]),
        ((5, 6), 1, [0, 1]),
        # A cap below the number of rows leaves rows with nothing.
        ((5, 5, 5, 5), 2, [1, 1, 0, 0]),
        ((5, 5), 0, [0, 0]),
        ((7,), 3, [3]),
        # 1 : 2 of ten is 3.33 and 6.67: the larger remainder gets the last.
        ((10, 20), 10, [3, 7]),
        ((5, 5), 10, [5, 5]),
        ((0, 0), 0, [0, 0]),
    ],
)
def test_scaled_grants_sum_to_the_cap_exactly(amounts, cap, granted):
    requests = [Request(f"E{number}", amount) for number, amount in enumerate(amounts)]

    scaled = scale_to_cap(requests, cap_kgce=cap, pack_version="p@1")

    assert [scaled[request.enterprise].amount_kgce for request in requests] == granted
