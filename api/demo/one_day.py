"""
One trading day on a small training ledger, the same to the letter whenever it is played.

Every command has a fixed id, the clock is led by hand and chance has a seed. So the day may be
stopped at any moment, by a kill as well: played again on the same data, it gets the first answers
to what was done before and goes on from there. Crash tests and drills rest on that.

    python -m api.demo.one_day DIRECTORY [--seed N] [--rounds N]

Each acknowledged command's id is one line of standard output, written at once.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Literal

import sqlalchemy as sa

import migrations
from api.demo.training import (
    DAY,
    ENTERPRISES,
    EXCHANGE,
    INSTRUMENT,
    REFERENCE_FEN,
    Asked,
    DayClock,
    Ledger,
    Play,
    found,
    trader,
)
from ledger.adopt import POLICY
from ledger.days import MINUTE
from ledger.db import connect, sqlite_url
from ledger.errors import Refused
from ledger.kernel import compose
from ledger.parties.enroll import PARTIES
from ledger.subject import Subjects
from ledger.writer import Writer
from market.cancel import CancelOrder
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.open_day import OpenDay
from market.place import PlaceOrder
from market.subject import MARKET

__all__ = ["DayClock", "main", "open_engine", "play_one_day", "subjects"]

ROUNDS = 2_000
"""How often somebody trades on an ordinary day; a round is one to four orders or cancels."""

_PRICE_REACH_FEN = 150
_OUTSIDE_BAND_FEN = 2_000
_CALL_ROUNDS_MAX = 20
_VALIDITIES: tuple[Literal["day", "immediate_or_cancel", "fill_or_kill"], ...] = (
    "day",
    "day",
    "day",
    "immediate_or_cancel",
    "fill_or_kill",
)


def play_one_day(
    ledger: Ledger,
    clock: DayClock,
    *,
    seed: int,
    acknowledge: Callable[[str], None],
    rounds: int = ROUNDS,
) -> None:
    """
    Open a training ledger, trade for one day as *seed* will have it, and close the day.

    *clock* is the one the ledger's writer was made with. *acknowledge* is called with the id of
    every command once its answer is there, in the order of the commands.
    """
    play = Play(ledger, clock, acknowledge)
    found(play)
    play.begin(str(seed))
    _Floor(play, Random(seed)).trade(rounds)


class _Floor:
    """The trading day: who places and cancels what, drawn from *chance* and from past answers."""

    def __init__(self, play: Play, chance: Random) -> None:
        self.play = play
        self.chance = chance
        self.resting: list[tuple[str, int]] = []

    def trade(self, rounds: int) -> None:
        """Play a call, a morning and an afternoon, and close the day."""
        play, in_call = self.play, min(_CALL_ROUNDS_MAX, rounds // 4)
        in_morning = (rounds - in_call) // 2
        play.clock.at(minute=540)
        play.do(EXCHANGE, OpenDay(instrument=INSTRUMENT, day=DAY))
        self._phase("call", minute=555)
        self._rounds(in_call, minutes=9, is_call=True)
        play.clock.at(minute=565)
        self._uncross()
        self._phase("continuous", minute=570)
        self._rounds(in_morning, minutes=120)
        self._phase("quiet", minute=690)
        self._phase("continuous", minute=780)
        self._rounds(rounds - in_call - in_morning, minutes=120)
        play.clock.at(minute=900)
        self._close()

    def _phase(self, phase: Literal["call", "continuous", "quiet"], *, minute: int) -> None:
        self.play.clock.at(minute=minute)
        self.play.do(EXCHANGE, ChangePhase(instrument=INSTRUMENT, phase=phase))

    def _uncross(self) -> None:
        crossing = Uncross(instrument=INSTRUMENT, next_phase="quiet")
        while self.play.do(EXCHANGE, crossing).result["left_tce"]:
            pass

    def _close(self) -> None:
        while self.play.do(EXCHANGE, CloseDay(instrument=INSTRUMENT)).result["open_orders"]:
            pass

    def _rounds(self, rounds: int, *, minutes: int, is_call: bool = False) -> None:
        """Let somebody trade *rounds* times, evenly spread over so many minutes."""
        for _ in range(rounds):
            self.play.clock.now += minutes * MINUTE // (rounds + 1)
            asked = [self._ask(is_call=is_call) for _ in range(self.chance.randint(1, 4))]
            answers = self.play.send_all(asked)
            for (_, payload), answer in zip(asked, answers, strict=True):
                if isinstance(payload, PlaceOrder) and answer.ok and answer.result["leaves_tce"]:
                    self.resting.append((payload.enterprise, answer.result["order"]))

    def _ask(self, *, is_call: bool) -> Asked:
        """Return an order, or a cancel of one that rested once and may be filled by now."""
        chance = self.chance
        if self.resting and chance.randrange(4) == 0:
            enterprise, order = self.resting.pop(chance.randrange(len(self.resting)))
            return trader(enterprise), CancelOrder(enterprise=enterprise, order=order)
        enterprise = chance.choice(ENTERPRISES)
        price_fen = REFERENCE_FEN + chance.randint(-_PRICE_REACH_FEN, _PRICE_REACH_FEN)
        if chance.randrange(40) == 0:
            price_fen += _OUTSIDE_BAND_FEN  # refusals are part of a day, and of its log
        validity = chance.choice(_VALIDITIES)
        return trader(enterprise), PlaceOrder(
            instrument=INSTRUMENT,
            enterprise=enterprise,
            side=chance.choice(("buy", "sell")),
            price_fen=price_fen,
            quantity_tce=chance.randint(1, 30),
            validity="day" if is_call else validity,
        )


def subjects() -> Subjects:
    """Return the handlers that the day needs: the kernel, parties, policy and the market."""
    return compose((PARTIES, POLICY, MARKET))


def open_engine(where: str) -> sa.Engine:
    """Return a migrated database: at an address, or else in the directory *where*."""
    if "://" not in where:
        Path(where).mkdir(parents=True, exist_ok=True)
        where = sqlite_url(Path(where))
    engine = connect(where)
    migrations.upgrade(engine)
    return engine


def main(arguments: Sequence[str] | None = None) -> None:
    """Play the day and print the id of each acknowledged command."""
    parser = argparse.ArgumentParser(prog="python -m api.demo.one_day", description=__doc__)
    parser.add_argument("where", help="a directory, or the address of a PostgreSQL database")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often somebody trades")
    chosen = parser.parse_args(arguments)
    clock = DayClock()
    try:
        writer = Writer(open_engine(chosen.where), subjects(), clock=clock)
        play_one_day(writer, clock, seed=chosen.seed, acknowledge=_say, rounds=chosen.rounds)
    except Refused as refusal:
        sys.exit(f"{refusal.code}: {refusal.message}")
    writer.close()


def _say(command_id: str) -> None:
    # One write a line, newline included: a kill must not leave half an id in the pipe. Where output
    # is unbuffered, print() would write the newline by itself.
    sys.stdout.write(f"{command_id}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
