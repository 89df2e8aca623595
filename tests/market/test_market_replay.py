"""Two market days replayed: the same state on another engine, in other batches."""

import itertools

import pytest

from ledger.replay import replay
from market.open_tender import OpenTender
from market.run_tender import BidTender, CloseRound
from tests.build import EXCHANGE
from tests.market.floor import QD, open_floor, trader

ENTERPRISES = dict.fromkeys(("E1", "E2", "E3", "E4"), (200, 50000))


def two_days(engine, clock):
    """Play a call, continuous trading with self-matches and refusals, a tender, a second day."""
    floor = open_floor(
        engine, clock, ENTERPRISES, groups={"E3": "E4"}, phase="call", self_match="decrement"
    )
    for price_fen, tce in ((9_980, 30), (10_000, 20), (10_050, 7)):
        floor.buy("E2", price_fen, tce)
        floor.sell("E1", price_fen - 10, tce)
    floor.uncross().require()
    for price_fen in (9_990, 10_010, 10_003):
        floor.sell("E3", price_fen, 9)
        floor.buy("E4", price_fen, 4)
        floor.buy("E1", price_fen, 11, validity="immediate_or_cancel")
        floor.buy("E2", price_fen + 5_000, 1)
    floor.cancel("E2", floor.buy("E2", 9_500, 5).sequence)
    tender = (
        floor.bench.both(
            OpenTender(
                instrument=QD,
                seller="enterprise:E1",
                quantity_tce=50,
                reserve_price_fen=9_000,
                increment_fen=100,
                bidders=("E2", "E3"),
            ),
            maker=trader("E1"),
            checker=EXCHANGE,
        )
        .require()
        .result["tender"]
    )
    for enterprise, price_fen in (("E2", 9_000), ("E3", 9_100)):
        bid = BidTender(tender=tender, enterprise=enterprise, price_fen=price_fen)
        floor.do(bid, actor=trader(enterprise)).require()
    for _ in range(2):
        floor.do(CloseRound(tender=tender)).require()
    floor.next_day()
    floor.sell("E2", 10_000, 40).require()
    floor.buy("E4", 10_000, 15).require()
    return floor


@pytest.mark.parametrize("batch_size", [1, 7, 500])
@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_a_replay_in_other_batches_gives_the_same_state(
    sqlite_engine, other_engine, clock, batch_size
):
    floor = two_days(sqlite_engine, clock)

    replayed = replay(
        sqlite_engine, other_engine, floor.bench.subjects, itertools.repeat(batch_size)
    )

    assert replayed.digest == floor.bench.digest()


@pytest.mark.postgres
@pytest.mark.parametrize("other_engine", ["postgresql"], indirect=True)
def test_a_replay_on_the_other_engine_gives_the_same_state(sqlite_engine, other_engine, clock):
    floor = two_days(sqlite_engine, clock)

    replayed = replay(sqlite_engine, other_engine, floor.bench.subjects, itertools.repeat(50))

    assert replayed.digest == floor.bench.digest()
