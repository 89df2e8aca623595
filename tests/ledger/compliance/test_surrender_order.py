from datetime import date

import pytest

from ledger.compliance.surrender_order import (
    AllowanceExpired,
    ChosenAboveHeld,
    Holding,
    Pick,
    SurrenderAboveObligation,
    SurrenderPlan,
    VintageNotYetUsable,
    surrender_plan,
)

TODAY = date(2027, 6, 1)
OLD = Holding("old", vintage=2025, expires_on=date(2027, 6, 1), class_rank=9, available=100)
NARROW = Holding("narrow", vintage=2026, expires_on=date(2028, 6, 30), class_rank=1, available=200)
WIDE = Holding("wide", vintage=2026, expires_on=date(2028, 6, 30), class_rank=2, available=300)
NEXT = Holding("next", vintage=2027, expires_on=date(2027, 1, 1), class_rank=0, available=999)
GONE = Holding("gone", vintage=2025, expires_on=date(2027, 5, 31), class_rank=0, available=999)
HOLDINGS = [WIDE, NEXT, GONE, NARROW, OLD]


def plan(needed: int, chosen: dict[str, int] | None = None) -> SurrenderPlan:
    return surrender_plan(HOLDINGS, needed=needed, compliance_year=2026, today=TODAY, chosen=chosen)


@pytest.mark.parametrize(
    ("needed", "picks", "short"),
    [
        (0, [], 0),
        (1, [("old", 1)], 0),
        (100, [("old", 100)], 0),
        (101, [("old", 100), ("narrow", 1)], 0),
        (301, [("old", 100), ("narrow", 200), ("wide", 1)], 0),
        (600, [("old", 100), ("narrow", 200), ("wide", 300)], 0),
        (601, [("old", 100), ("narrow", 200), ("wide", 300)], 1),
    ],
)
def test_the_earliest_expiry_goes_first_then_the_narrowest_class(needed, picks, short):
    expected = SurrenderPlan(tuple(Pick(asset, amount) for asset, amount in picks), short)

    assert plan(needed) == expected


def test_an_empty_holding_is_passed_over():
    empty = Holding("empty", 2026, date(2027, 6, 30), 0, 0)

    result = surrender_plan([empty, WIDE], needed=5, compliance_year=2026, today=TODAY)

    assert result.picks == (Pick("wide", 5),)


def test_equal_expiry_and_class_go_by_asset_code():
    twin = Holding("twin", 2026, WIDE.expires_on, WIDE.class_rank, 10)

    result = surrender_plan([WIDE, twin], needed=15, compliance_year=2026, today=TODAY)

    assert result.picks == (Pick("twin", 10), Pick("wide", 5))


def test_the_user_may_name_other_holdings():
    result = plan(500, {"wide": 300, "narrow": 50})

    assert result == SurrenderPlan((Pick("narrow", 50), Pick("wide", 300)), short=150)


def test_a_later_vintage_is_refused():
    with pytest.raises(VintageNotYetUsable) as refused:
        plan(10, {"next": 1})

    assert refused.value.code == "vintage_not_yet_usable"
    assert refused.value.facts == {"asset": "next", "vintage": 2027, "compliance_year": 2026}


def test_an_expired_allowance_is_refused_the_day_after_its_last():
    with pytest.raises(AllowanceExpired) as refused:
        plan(10, {"gone": 1})

    assert refused.value.facts == {
        "asset": "gone",
        "expires_on": "2027-05-31",
        "today": "2027-06-01",
    }


def test_an_allowance_may_be_chosen_on_its_last_day():
    assert plan(10, {"old": 10}).short == 0


@pytest.mark.parametrize(("asset", "chosen", "held"), [("wide", 301, 300), ("unknown", 1, 0)])
def test_choosing_more_than_is_held_is_refused(asset, chosen, held):
    with pytest.raises(ChosenAboveHeld) as refused:
        plan(500, {asset: chosen})

    assert refused.value.facts == {"asset": asset, "chosen": chosen, "available": held}


def test_choosing_more_than_is_owed_is_refused():
    with pytest.raises(SurrenderAboveObligation) as refused:
        plan(299, {"wide": 300})

    assert refused.value.facts == {"chosen": 300, "needed": 299}


@pytest.mark.parametrize(
    ("chosen", "first"),
    [
        ({"next": 1_000, "gone": 1_000}, VintageNotYetUsable),
        ({"gone": 1_000, "wide": 1_000}, AllowanceExpired),
        ({"wide": 1_000}, ChosenAboveHeld),
        ({"wide": 300}, SurrenderAboveObligation),
    ],
)
def test_the_first_rule_in_order_is_the_one_reported(chosen, first):
    with pytest.raises(first):
        plan(1, chosen)
