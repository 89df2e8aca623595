"""A preview and the order that follows it never disagree, whatever the state and the order."""

import random

import pytest

from api.read.preview import preview
from ledger.command import Command
from ledger.db import reading
from ledger.errors import Refused
from market.place import PlaceOrder
from tests.market.floor import QD, open_floor, trader

FLOOR = {"E1": (300, 30_000), "E2": (300, 30_000), "E3": (300, 30_000), "E4": (5, 400)}
GROUPS = {"E1": "G", "E2": "G"}
STEPS = 150
MODES = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")


class Rehearsed:
    """A floor on which every order is previewed first."""

    def __init__(self, engine, clock, seed, self_match):
        self.random = random.Random(seed)
        self.floor = open_floor(
            engine,
            clock,
            FLOOR,
            groups=GROUPS,
            districts={"E4": "370300"} if seed % 2 else {},
            self_match=self_match,
            tick_fen=10,
            lot_tce=5,
            fee_basis_points=33,
        )
        self.codes = set()
        self.fills = 0

    def order(self):
        choose = self.random.choice
        prices = [9_900, 9_950, 10_000, 10_000, 10_050, 10_100, 10_003, 8_990, 11_010, 0, -10]
        return PlaceOrder(
            instrument=choose([QD] * 20 + ["NONE"]),
            enterprise=choose(["E1", "E2", "E3", "E3"] * 5 + ["E4", "E4", "E9"]),
            side=choose(["buy", "sell"]),
            price_fen=choose(prices[:6] * 4 + prices),
            quantity_tce=choose([5, 10, 20, 35] * 6 + [0, 7, 200, 10**9]),
            validity=choose(["day", "day", "immediate_or_cancel", "fill_or_kill"]),
        )

    def step(self, number):
        order = self.order()
        person = trader(order.enterprise if self.random.random() < 0.95 else "E3")
        bench = self.floor.bench
        handler = bench.subjects.handlers[PlaceOrder.kind]
        with reading(bench.engine) as connection:
            grants = bench.writer.memory.roles.get(person, set())
            seen = preview(connection, handler, order, person=person, grants=grants)
        try:
            answer = bench.writer.submit(Command(f"step:{number}", person, order))
        except Refused as refusal:
            refused = refusal
        else:
            refused = None
        if refused is not None:
            self.codes.add(refused.code)
            assert (seen.refusal.code, seen.refusal.facts) == (refused.code, refused.facts)
            return
        self.codes.add(answer.code)
        if not answer.ok:
            told = (seen.refusal.code, seen.refusal.message)
            assert told == (answer.code, answer.message), order
            return
        assert seen.refusal is None, (order, seen.refusal)
        result = answer.result
        fills = [fill[1:] for fill in result["fills"]]
        self.fills += len(fills)
        assert seen.figures["state"] == result["state"]
        assert seen.figures["filled_tce"] == sum(quantity for _, quantity in fills)
        assert seen.figures["resting_tce"] == result["leaves_tce"]
        assert seen.figures["consideration_fen"] == sum(price * tce for price, tce in fills)

    def play(self):
        """Trade, then gather orders in a call, cross it, halt, and trade no more."""
        for number in range(STEPS):
            if number == 80:
                self.floor.phase("call").require()
            if number == 110:
                self.floor.uncross().require()
            if number == 130:
                self.floor.phase("quiet").require()
            if number == 140:
                self.floor.phase("halted").require()
            self.step(number)


@pytest.mark.parametrize("self_match", MODES)
def test_a_preview_is_ok_exactly_when_the_order_is_accepted(sqlite_engine, clock, self_match):
    played = Rehearsed(sqlite_engine, clock, MODES.index(self_match), self_match)

    played.play()

    # The walk has met what it is meant to meet.
    assert {
        "ok",
        "off_tick",
        "off_lot",
        "outside_band",
        "own_order_opposite",
        "validity_not_taken",
        "entry_closed",
        "role_missing",
        "instrument_unknown",
    } <= played.codes
    assert played.fills > 5


@pytest.mark.postgres
def test_a_preview_agrees_on_the_other_engine_too(postgres_engine, clock):
    Rehearsed(postgres_engine, clock, 5, "cancel_newest").play()


def test_a_preview_leaves_no_trace(sqlite_engine, clock):
    played = Rehearsed(sqlite_engine, clock, 7, "cancel_oldest")
    bench = played.floor.bench
    played.floor.sell("E3", 10_000, 10).require()
    order = PlaceOrder(
        instrument=QD, enterprise="E1", side="buy", price_fen=10_000, quantity_tce=20
    )
    before = (bench.digest(), played.floor.book(), bench.writer.memory.sequence)

    with reading(bench.engine) as connection:
        seen = preview(
            connection,
            bench.subjects.handlers[PlaceOrder.kind],
            order,
            person=trader("E1"),
            grants={("enterprise_trader", "enterprise:E1")},
        )

    assert seen.figures["filled_tce"] == 10
    assert (bench.digest(), played.floor.book(), bench.writer.memory.sequence) == before
