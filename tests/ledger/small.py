"""A small ledger that has seen a bit of everything: entries, holds, expiry, reversal, refusals."""

from ledger.cash import Deposit
from ledger.roles import Grant
from ledger.set_aside import CaptureHold, PlaceHold, ReleaseHold
from ledger.subject import Role
from ledger.transfer import Line, PostLines, ReverseEntry
from tests.build import CLEARING, REGULATOR, SECOND_CLEARING, OpenFreely, open_ledger
from tests.conftest import DAY

FLOW = "energy.flow.general.2025.eq.370200"
TRADER = "person:TRA1"
E1, E2 = "enterprise:E1:holding", "enterprise:E2:holding"
E1_HELD = "enterprise:E1:held"
COMMANDS, ENTRIES = 18, 10
"""How many commands and entries `play` brings about, the opening of the ledger included."""


def opened(engine, clock, subjects=()):
    """A ledger with two enterprises' accounts and a trader for the first."""
    grants = (Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    bench = open_ledger(engine, clock, subjects, grants=grants)
    addresses = (E1, E2, E1_HELD, "enterprise:E1:cash")
    bench.do(OpenFreely(addresses=addresses, assets=(FLOW,))).require()
    return bench


def place(amount, expires_at=None):
    return PlaceHold(
        enterprise="E1", asset=FLOW, amount=amount, purpose="test", expires_at=expires_at
    )


def play(bench, clock):
    """Let two grants, a deposit, three holds, a reversal and an expiry happen."""
    lines = (
        Line("grant:1", "scheme:issuance", E1, FLOW, 5_000),
        Line("grant:2", "scheme:issuance", E2, FLOW, 3_000),
    )
    bench.both(PostLines(rule="REG-11", lines=lines)).require()
    deposit = Deposit(enterprise="E1", amount_fen=100_000, statement_line="2025-0001")
    bench.both(deposit, maker=CLEARING, checker=SECOND_CLEARING).require()
    lapsing = place(1_200, clock.now + DAY)
    bench.do(lapsing, actor=TRADER).require()
    kept = bench.do(place(800), actor=TRADER).require().result["hold"]
    capture = CaptureHold(hold=kept, amount=300, destination=E2)
    bench.do(capture, actor=CLEARING).require()
    freed = bench.do(place(400), actor=TRADER).require().result["hold"]
    bench.do(ReleaseHold(hold=freed), actor=TRADER).require()
    assert bench.do(place(10**9), actor=TRADER).code == "insufficient_balance"
    undo = ReverseEntry(entry=2, reason="granted twice")
    bench.both(undo, maker=CLEARING, checker=REGULATOR).require()
    clock.advance(2 * DAY)
    assert bench.do(ReleaseHold(hold=freed), actor=TRADER).code == "hold_closed"
    again = PostLines(rule="REG-11", lines=lines)
    assert bench.both(again).code == "entry_exists"
