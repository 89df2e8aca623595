import sys

import pytest

from market.book import OrderNotOpen
from market.order import Side
from tests.market.build import buy, empty_book, resting_of, sell


def rest_all(book, orders):
    for order in orders:
        book.rest(order)


def test_an_empty_book_has_no_best_price():
    book = empty_book()

    assert (book.best_bid(), book.best_ask()) == (None, None)
    assert book.depth(Side.BUY) == ()


def test_orders_stand_by_price_then_by_arrival():
    book = empty_book()

    rest_all(book, [buy(100, 5, id=1), buy(101, 6, id=2), buy(100, 7, id=3), buy(99, 8, id=4)])

    assert resting_of(book, Side.BUY) == [(2, 101, 6), (1, 100, 5), (3, 100, 7), (4, 99, 8)]
    assert book.depth(Side.BUY, 2) == ((101, 6, 1), (100, 12, 2))
    assert book.quantity_tce(Side.BUY) == 26


def test_sells_stand_lowest_first():
    book = empty_book()

    rest_all(book, [sell(105, 5, id=1), sell(103, 6, id=2), sell(104, 7, id=3)])

    assert book.depth(Side.SELL) == ((103, 6, 1), (104, 7, 1), (105, 5, 1))
    assert book.best_ask() == 103


def test_a_book_may_be_crossed_during_a_call():
    book = empty_book()

    rest_all(book, [buy(110, 5, id=1), sell(90, 6, id=2)])

    assert (book.best_bid(), book.best_ask()) == (110, 90)


@pytest.mark.parametrize(
    ("removed", "expected"), [(1, [2, 3]), (2, [1, 3]), (3, [1, 2])], ids=["head", "middle", "tail"]
)
def test_any_place_of_a_queue_can_be_left(removed, expected):
    book = empty_book()
    rest_all(book, [sell(100, 5, id=1), sell(100, 6, id=2), sell(100, 7, id=3)])

    order = book.remove(removed)

    assert [o.id for o in book.resting(Side.SELL)] == expected
    assert (order.previous, order.next, order.level) == (None, None, None)
    assert removed not in book


def test_c7_the_best_price_is_empty_once_the_only_order_is_cancelled():
    book = empty_book()
    book.rest(buy(100, 5, id=1))

    book.remove(1)

    assert book.best_bid() is None
    assert book.depth(Side.BUY) == ()
    assert book.quantity_tce(Side.BUY) == 0


def test_the_best_price_falls_back_over_emptied_levels():
    book = empty_book()
    rest_all(book, [buy(100, 5, id=1), buy(99, 5, id=2), buy(98, 5, id=3)])

    book.remove(2)
    book.remove(1)

    assert book.best_bid() == 98


def test_a_level_can_be_used_again_after_it_was_emptied():
    book = empty_book()
    rest_all(book, [buy(100, 5, id=1), buy(99, 5, id=2)])
    book.remove(1)

    book.rest(buy(100, 6, id=3))

    assert book.depth(Side.BUY) == ((100, 6, 1), (99, 5, 1))


def test_an_id_may_come_back_after_it_left():
    book = empty_book()
    book.rest(buy(100, 5, id=1))
    book.remove(1)

    book.rest(buy(101, 4, id=1))

    assert resting_of(book, Side.BUY) == [(1, 101, 4)]


def test_c4_a_cancel_of_an_order_that_is_not_open_is_refused():
    book = empty_book()

    with pytest.raises(OrderNotOpen) as refusal:
        book.remove(9)

    assert refusal.value.code == "order_not_open"
    assert refusal.value.facts == {"order_id": 9}


def test_taking_part_of_an_order_keeps_its_place():
    book = empty_book()
    rest_all(book, [sell(100, 5, id=1), sell(100, 6, id=2)])

    book.take(next(book.resting(Side.SELL)), 3)

    assert resting_of(book, Side.SELL) == [(1, 100, 2), (2, 100, 6)]
    assert book.depth(Side.SELL) == ((100, 8, 2),)


def test_taking_all_of_an_order_removes_it():
    book = empty_book()
    order = sell(100, 5, id=1)
    book.rest(order)

    book.take(order, 5)

    assert 1 not in book
    assert order.leaves_tce == 0


@pytest.mark.parametrize(
    "order",
    [buy(89, 1, id=2), buy(111, 1, id=2), buy(101, 1, id=2), buy(100, 1, id=1)],
    ids=["below the band", "above the band", "off the tick", "known id"],
)
def test_an_order_that_may_not_enter_changes_nothing(order):
    book = empty_book(low_fen=90, high_fen=110, tick_fen=2)
    book.rest(buy(100, 5, id=1))

    with pytest.raises(AssertionError):
        book.rest(order)

    assert resting_of(book, Side.BUY) == [(1, 100, 5)]
    assert book.depth(Side.BUY) == ((100, 5, 1),)


def test_an_order_that_left_is_freed_without_the_cyclic_collector():
    book = empty_book()
    rest_all(book, [sell(100, 5, id=1), sell(100, 6, id=2), sell(100, 7, id=3)])

    order = book.remove(2)

    assert sys.getrefcount(order) == 2  # the local name and the argument


def test_emptied_levels_do_not_pile_up():
    book = empty_book()

    for id in range(1, 1_001):
        book.rest(buy(100 + id % 3, 1, id=id))
        book.remove(id)

    assert len(book.bids.heap) <= 3
    assert len(book.bids.levels) == 3
