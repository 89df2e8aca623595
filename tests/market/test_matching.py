import pytest

from market.matching import SelfMatch, match
from market.order import OrderState, Side, Validity, live_state
from tests.market.build import buy, empty_book, fills_of, resting_of, sell, withdrawn_of


def book_with(*orders):
    book = empty_book()
    for order in orders:
        book.rest(order)
    return book


def test_c1_the_trade_is_at_the_resting_price():
    book = book_with(sell(100, 10, id=1))

    matched = match(book, buy(105, 4, id=2))

    assert fills_of(matched) == [(1, 100, 4)]
    assert resting_of(book, Side.SELL) == [(1, 100, 6)]
    assert 2 not in book


def test_c2_a_limit_stops_the_sweep_and_the_rest_waits():
    book = book_with(sell(100, 5, id=1), sell(102, 5, id=2), sell(104, 5, id=3))
    order = buy(102, 12, id=4)

    matched = match(book, order)

    assert fills_of(matched) == [(1, 100, 5), (2, 102, 5)]
    assert matched.is_resting
    assert resting_of(book, Side.BUY) == [(4, 102, 2)]
    assert (book.best_bid(), book.best_ask()) == (102, 104)
    assert live_state(order) is OrderState.PARTIALLY_FILLED


def test_c3_immediate_or_cancel_fills_what_there_is():
    book = book_with(sell(100, 5, id=1))

    matched = match(book, buy(100, 8, id=2), validity=Validity.IMMEDIATE_OR_CANCEL)

    assert fills_of(matched) == [(1, 100, 5)]
    assert withdrawn_of(matched) == [(2, 3, True)]
    assert len(book) == 0


def test_c3_fill_or_kill_that_cannot_fill_leaves_the_book_untouched():
    book = book_with(sell(100, 5, id=1))

    matched = match(book, buy(100, 8, id=2), validity=Validity.FILL_OR_KILL)

    assert fills_of(matched) == []
    assert withdrawn_of(matched) == [(2, 8, True)]
    assert resting_of(book, Side.SELL) == [(1, 100, 5)]


def test_immediate_or_cancel_against_an_empty_book_is_withdrawn_whole():
    book = empty_book()

    matched = match(book, buy(100, 8, id=2), validity=Validity.IMMEDIATE_OR_CANCEL)

    assert withdrawn_of(matched) == [(2, 8, True)]
    assert book.best_bid() is None


def test_fill_or_kill_fills_over_several_levels():
    book = book_with(sell(100, 5, id=1), sell(101, 3, id=2))

    matched = match(book, buy(101, 8, id=3), validity=Validity.FILL_OR_KILL)

    assert fills_of(matched) == [(1, 100, 5), (2, 101, 3)]
    assert matched.withdrawn == []
    assert len(book) == 0


@pytest.mark.parametrize(
    ("self_match", "is_filled"),
    [
        (SelfMatch.CANCEL_NEWEST, False),
        (SelfMatch.CANCEL_OLDEST, True),
        (SelfMatch.CANCEL_BOTH, False),
        (SelfMatch.DECREMENT, False),
    ],
)
def test_fill_or_kill_looks_ahead_by_the_rules_of_the_match(self_match, is_filled):
    book = book_with(sell(100, 5, id=1, owner="G"), sell(101, 8, id=2))

    matched = match(
        book, buy(101, 8, id=3, owner="G"), self_match=self_match, validity=Validity.FILL_OR_KILL
    )

    assert bool(matched.fills) is is_filled
    assert len(book) == (0 if is_filled else 2)


def test_fill_or_kill_that_fills_before_its_own_order_fills():
    book = book_with(sell(100, 8, id=1), sell(101, 5, id=2, owner="G"))

    matched = match(book, buy(101, 8, id=3, owner="G"), validity=Validity.FILL_OR_KILL)

    assert fills_of(matched) == [(1, 100, 8)]


def test_at_one_price_the_earliest_trades_first():
    book = book_with(buy(100, 5, id=1), buy(100, 5, id=2))

    matched = match(book, sell(100, 7, id=3))

    assert fills_of(matched) == [(1, 100, 5), (2, 100, 2)]


def test_a_partly_filled_order_keeps_the_front_place():
    book = book_with(buy(100, 5, id=1), buy(100, 5, id=2))
    match(book, sell(100, 2, id=3))

    matched = match(book, sell(100, 4, id=4))

    assert fills_of(matched) == [(1, 100, 3), (2, 100, 1)]


def test_an_order_that_does_not_cross_rests():
    book = book_with(sell(101, 5, id=1))

    matched = match(book, buy(100, 5, id=2))

    assert (fills_of(matched), withdrawn_of(matched), matched.is_resting) == ([], [], True)
    assert (book.best_bid(), book.best_ask()) == (100, 101)


def test_c6_price_improvement_costs_less_than_the_limit():
    book = book_with(sell(100, 10, id=1))

    matched = match(book, buy(105, 10, id=2))

    assert sum(price * quantity for _, price, quantity in matched.fills) == 1_000  # held 1,050


def test_a_sweep_of_five_thousand_orders_fills_them_all_in_order():
    book = book_with(*(sell(100, 1, id=id) for id in range(1, 5_001)))

    matched = match(book, buy(100, 5_000, id=5_001))

    assert [maker.id for maker, _, _ in matched.fills] == list(range(1, 5_001))
    assert len(book) == 0


def test_a_filled_order_can_no_longer_be_cancelled():
    book = book_with(sell(100, 1, id=1))

    match(book, buy(100, 1, id=2))

    assert 1 not in book
    assert 2 not in book


@pytest.mark.parametrize(
    ("self_match", "fills", "withdrawn", "asks", "bids"),
    [
        ("cancel_newest", [(1, 99, 2)], [(4, 8, True)], [(2, 100, 5), (3, 100, 4)], []),
        ("cancel_oldest", [(1, 99, 2), (3, 100, 4)], [(2, 5, True)], [], [(4, 100, 4)]),
        ("cancel_both", [(1, 99, 2)], [(2, 5, True), (4, 8, True)], [(3, 100, 4)], []),
        (
            "decrement",
            [(1, 99, 2), (3, 100, 3)],
            [(2, 5, True), (4, 5, False)],
            [(3, 100, 1)],
            [],
        ),
    ],
)
def test_two_orders_of_one_group_never_trade(self_match, fills, withdrawn, asks, bids):
    """Group G buys 10 at 100 against 2 at 99, its own 5 at 100, then 4 at 100."""
    book = book_with(sell(99, 2, id=1), sell(100, 5, id=2, owner="G"), sell(100, 4, id=3))

    matched = match(book, buy(100, 10, id=4, owner="G"), self_match=SelfMatch(self_match))

    assert fills_of(matched) == fills
    assert withdrawn_of(matched) == withdrawn
    assert resting_of(book, Side.SELL) == asks
    assert resting_of(book, Side.BUY) == bids


def test_a_decrement_that_uses_up_the_incoming_order_ends_it():
    own = sell(100, 9, id=1, owner="G")
    book = book_with(own)

    matched = match(book, buy(100, 4, id=2, owner="G"), self_match=SelfMatch.DECREMENT)

    assert withdrawn_of(matched) == [(1, 4, False), (2, 4, True)]
    assert (own.quantity_tce, own.leaves_tce, own.filled_tce) == (5, 5, 0)
    assert resting_of(book, Side.SELL) == [(1, 100, 5)]


@pytest.mark.parametrize(
    "order",
    [buy(9, 1, id=9), buy(10_001, 1, id=9), buy(100, 1, id=1)],
    ids=["below the band", "above the band", "known id"],
)
def test_a_match_that_may_not_begin_changes_nothing(order):
    book = empty_book(low_fen=10)
    book.rest(sell(100, 5, id=1))

    with pytest.raises(AssertionError):
        match(book, order)

    assert resting_of(book, Side.SELL) == [(1, 100, 5)]
