from fractions import Fraction

import pytest

from market.order import Side
from market.tender import (
    AlreadyLeading,
    BidBelowIncrement,
    LotAward,
    NotQualified,
    SealedBid,
    Tender,
    TenderClosed,
    TenderState,
    award,
    bid,
    end_round,
    pay_as_bid,
    sealed_uniform,
)

CEMENT, STEEL, GLASS = "E001", "E002", "E003"


def heilongjiang():
    """Return the published simulation: 4,270 t from 200 yuan, three qualified bidders."""
    return Tender(
        quantity_tce=4_270,
        reserve_price_fen=20_000,
        increment_fen=200,
        bidders=frozenset({CEMENT, STEEL, GLASS}),
    )


def test_the_heilongjiang_simulation_closes_at_220_yuan_after_eleven_rounds():
    """Source: rights-rules.md, scenario 1: 200 yuan, 11 rounds, 220 yuan, 93.94 wan yuan."""
    tender = heilongjiang()

    for number in range(11):  # 200, 202, … 220: the cement firm bids in odd rounds, and last
        bidder = CEMENT if number % 2 == 0 else STEEL
        tender = end_round(bid(tender, bidder=bidder, price_fen=20_000 + 200 * number))
    tender = end_round(tender)

    assert tender.state is TenderState.SOLD
    assert tender.leading.round == 11
    assert award(tender) == LotAward(CEMENT, 22_000, 4_270, 93_940_000, Fraction(1, 10))


def test_a_first_round_without_bids_leaves_the_lot_unsold():
    tender = end_round(heilongjiang())

    assert tender.state is TenderState.UNSOLD
    assert award(tender) is None


def test_the_last_permitted_round_closes_the_auction():
    tender = Tender(
        quantity_tce=10,
        reserve_price_fen=100,
        increment_fen=5,
        bidders=frozenset({CEMENT}),
        rounds_max=1,
    )

    tender = end_round(bid(tender, bidder=CEMENT, price_fen=100))

    assert award(tender) == LotAward(CEMENT, 100, 10, 1_000, Fraction(0))


def test_several_bids_in_one_round_each_raise_the_last():
    tender = bid(heilongjiang(), bidder=CEMENT, price_fen=20_000)
    tender = bid(tender, bidder=GLASS, price_fen=20_200)

    tender = bid(tender, bidder=CEMENT, price_fen=20_500)

    assert tender.leading.price_fen == 20_500
    assert tender.lowest_acceptable_fen == 20_700


@pytest.mark.parametrize(
    ("standing", "price_fen", "lowest_acceptable_fen"),
    [([], 19_999, 20_000), ([20_000], 20_199, 20_200)],
    ids=["below the reserve", "less than one increment"],
)
def test_a_bid_that_is_too_low_is_refused(standing, price_fen, lowest_acceptable_fen):
    tender = heilongjiang()
    for standing_fen in standing:
        tender = bid(tender, bidder=STEEL, price_fen=standing_fen)

    with pytest.raises(BidBelowIncrement) as refusal:
        bid(tender, bidder=CEMENT, price_fen=price_fen)

    assert refusal.value.code == "bid_below_increment"
    assert refusal.value.facts == {
        "price_fen": price_fen,
        "lowest_acceptable_fen": lowest_acceptable_fen,
    }


def test_the_leading_bidder_may_not_raise_itself():
    tender = bid(heilongjiang(), bidder=CEMENT, price_fen=20_000)

    with pytest.raises(AlreadyLeading) as refusal:
        bid(tender, bidder=CEMENT, price_fen=20_200)

    assert refusal.value.code == "already_leading"
    assert refusal.value.facts == {"bidder": CEMENT, "price_fen": 20_000}


def test_a_bidder_that_was_not_admitted_is_refused():
    with pytest.raises(NotQualified) as refusal:
        bid(heilongjiang(), bidder="E999", price_fen=20_000)

    assert refusal.value.code == "not_qualified"
    assert refusal.value.facts == {"bidder": "E999", "bidders": 3}


@pytest.mark.parametrize(
    "late", [end_round, lambda closed: bid(closed, bidder="E999", price_fen=1)]
)
def test_a_closed_auction_takes_nothing_more(late):
    closed = end_round(heilongjiang())

    with pytest.raises(TenderClosed) as refusal:
        late(closed)

    assert refusal.value.code == "tender_closed"
    assert refusal.value.facts == {"round": 1, "state": "unsold"}


def test_admission_is_checked_before_the_price():
    with pytest.raises(NotQualified):
        bid(heilongjiang(), bidder="E999", price_fen=1)


def sealed(*prices_and_quantities):
    """Return bids named b1, b2 … in order of arrival."""
    return [
        SealedBid(bidder=f"b{n}", price_fen=price, quantity_tce=quantity, sequence=n)
        for n, (price, quantity) in enumerate(prices_and_quantities, 1)
    ]


# name, quantity, reserve, bids, awards (bidder, quantity, uniform price, own price), invalid, left
# The table of vectors has no O2.
SEALED_VECTORS = [
    (
        "O1",
        100,
        50,
        [(60, 40), (58, 30), (58, 50), (55, 20)],
        [("b1", 40, 58, 60), ("b2", 30, 58, 58), ("b3", 30, 58, 58)],
        [],
        0,
    ),
    (
        "O3",
        100,
        50,
        [(60, 40), (49, 30), (52, 20)],
        [("b1", 40, 52, 60), ("b3", 20, 52, 52)],
        ["b2"],
        40,
    ),
    (
        "O4",
        70,
        50,
        [(60, 40), (58, 30), (58, 10)],
        [("b1", 40, 58, 60), ("b2", 30, 58, 58)],
        [],
        0,
    ),
    ("no valid bid", 70, 50, [(49, 40)], [], ["b1"], 70),
    ("at the reserve", 70, 50, [(50, 40)], [("b1", 40, 50, 50)], [], 30),
]
SEALED_CASES = [pytest.param(*vector[1:], id=vector[0]) for vector in SEALED_VECTORS]


@pytest.mark.parametrize(
    ("quantity_tce", "reserve", "bids", "awards", "invalid", "left_tce"), SEALED_CASES
)
def test_a_uniform_auction_charges_all_the_lowest_accepted_price(
    quantity_tce, reserve, bids, awards, invalid, left_tce
):
    outcome = sealed_uniform(sealed(*bids), quantity_tce=quantity_tce, reserve_price_fen=reserve)

    assert [(a.bid.bidder, a.quantity_tce, a.price_fen) for a in outcome.awards] == [
        (bidder, quantity, uniform) for bidder, quantity, uniform, _ in awards
    ]
    assert [b.bidder for b in outcome.invalid] == invalid
    assert outcome.left_tce == left_tce


@pytest.mark.parametrize(
    ("quantity_tce", "reserve", "bids", "awards", "invalid", "left_tce"), SEALED_CASES
)
def test_pay_as_bid_charges_each_its_own_price(
    quantity_tce, reserve, bids, awards, invalid, left_tce
):
    outcome = pay_as_bid(sealed(*bids), quantity_tce=quantity_tce, reserve_price_fen=reserve)

    assert [(a.bid.bidder, a.quantity_tce, a.price_fen) for a in outcome.awards] == [
        (bidder, quantity, own) for bidder, quantity, _, own in awards
    ]
    assert [b.bidder for b in outcome.invalid] == invalid
    assert outcome.left_tce == left_tce


def test_a_buy_back_takes_the_lowest_offers_and_pays_the_highest_accepted():
    outcome = sealed_uniform(
        sealed((60, 40), (45, 30), (50, 50)),
        quantity_tce=60,
        reserve_price_fen=55,
        initiator=Side.BUY,
    )

    assert [(a.bid.bidder, a.quantity_tce, a.price_fen) for a in outcome.awards] == [
        ("b2", 30, 50),
        ("b3", 30, 50),
    ]
    assert [b.bidder for b in outcome.invalid] == ["b1"]
