"""
The order in which refusals are decided: whoever breaks two rules is told of the first.

Each table below is the documented order of one kind of command. An honest command is changed so
that it breaks one rule, and then so that it breaks two, for every two that can be broken at once.
"""

from datetime import date
from itertools import combinations

import pytest

from ledger.chains import ChainLine, PostChains
from ledger.set_aside import CaptureHold, PlaceHold
from ledger.terms.limit import SetLimit
from ledger.terms.note import SetMetadata
from ledger.terms.seal import SealPeriod
from ledger.terms.state import CloseAccount, FreezeAccount
from ledger.transfer import Line, PostLines, ReverseEntry
from ledger.units import AMOUNT_MAX
from tests.build import CLEARING, REGULATOR, OpenFreely
from tests.conftest import DAY, START
from tests.ledger.terms.town import (
    E1,
    E1_HELD,
    E2,
    E2_HELD,
    FLOW,
    ISSUANCE,
    TRADER,
    limit,
    place,
    post,
    state_of,
    town,
)

FROZEN, FROZEN_TOO, FLOORED = (f"enterprise:{name}:holding" for name in ("E3", "E8", "E4"))
FULL, GONE, EMPTY = (f"enterprise:{name}:holding" for name in ("E5", "E6", "E7"))
NOBODYS = "enterprise:E9:holding"
UNKNOWN = "energy.flow.general.2030.eq.370200"
CASH = "cash.cny"
SAME = "the source"
SEALED_UNTIL = START + 2 * DAY
LATE = START + 50 * DAY
"""Where the ledger's clock stands when the commands come."""

ENDS = (
    ("account_unknown", {"source": NOBODYS}),
    ("account_unknown", {"destination": NOBODYS}),
    ("asset_unknown", {"asset": UNKNOWN}),
    ("same_account", {"destination": SAME}),
    ("account_not_open", {"source": FROZEN}),
    ("account_not_open", {"destination": FROZEN_TOO}),
    ("asset_not_held_here", {"asset": CASH}),
    ("insufficient_balance", {"amount": 10**6}),
    ("below_floor", {"source": FLOORED}),
    ("above_ceiling", {"destination": FULL}),
)
"""The ladder of a posting, behind the amount."""

AMOUNTS = (
    ("amount_not_positive", {"amount": 0}),
    ("amount_too_large", {"amount": AMOUNT_MAX + 1}),
)
TIMES = (
    ("effective_in_future", {"effective_at": LATE + DAY}),
    ("effective_too_early", {"effective_at": START - 1}),
    ("period_sealed", {"effective_at": SEALED_UNTIL - 1}),
)
REFERENCES = (
    ("reference_empty", {"reference": ""}),
    ("text_too_long", {"reference": "r" * 201}),
    ("reference_repeated", {"reference": "first"}),
    ("entry_exists_with_different", {"reference": "given"}),
    ("reference_reserved", {"reference": "bank:9"}),
    ("held_units", {"source": E1_HELD}),
    ("held_units", {"destination": E2_HELD}),
)
LINE = {"reference": "new", "source": E1, "destination": E2, "asset": FLOW, "amount": 5}
FIRST = {**LINE, "reference": "first", "amount": 1}


def lines(bench, fields):
    resolved = [Line(**FIRST), Line(**with_ends(fields))]
    return bench.both(PostLines(rule="REG-11", lines=tuple(resolved))).code


def batch(bench, fields):
    chain = (ChainLine(**FIRST), ChainLine(**with_ends(fields)))
    answer = bench.both(PostChains(rule="REG-48", chains=(chain,)))
    return answer.require().result["chains"][0].get("refused", "ok")


def with_ends(fields):
    same = fields["destination"] == SAME
    return {**fields, "destination": fields["source"]} if same else fields


def placing(bench, fields):
    return bench.do(PlaceHold(**fields), actor=TRADER).code


def capturing(bench, fields):
    return bench.do(CaptureHold(**fields), actor=CLEARING).code


def reversing(bench, fields):
    return bench.both(ReverseEntry(**fields), maker=CLEARING, checker=REGULATOR).code


def sent(shape):
    return lambda bench, fields: bench.both(shape(**fields)).code


def noting(bench, fields):
    return bench.do(SetMetadata(**fields)).code


ORDERS = {
    "entries.post": (lines, LINE, (*REFERENCES, *AMOUNTS, *ENDS)),
    "entries.batch": (batch, LINE, (*REFERENCES, *TIMES, *AMOUNTS, *ENDS)),
    "hold.place": (
        placing,
        {"enterprise": "E1", "asset": FLOW, "amount": 5, "purpose": "test", "expires_at": None},
        (
            ("hold_of_subject", {"purpose": "market:order"}),
            ("expiry_passed", {"expires_at": LATE}),
            *AMOUNTS,
            ("asset_unknown", {"asset": UNKNOWN}),
            ("asset_not_held_here", {"asset": CASH}),
            ("insufficient_balance", {"amount": 10**6}),
        ),
    ),
    "hold.capture": (
        capturing,
        {"hold": "the hold", "amount": 5, "destination": E2},
        (
            ("hold_closed", {"hold": 10**6}),
            ("held_units", {"destination": E2_HELD}),
            ("account_unknown", {"destination": NOBODYS}),
            ("amount_not_positive", {"amount": 0}),
            ("hold_exceeded", {"amount": 101}),
            ("account_not_open", {"destination": FROZEN}),
            ("asset_not_held_here", {"destination": "enterprise:E1:cash"}),
            ("above_ceiling", {"destination": FULL}),
        ),
    ),
    "entries.reverse": (
        reversing,
        {"entry": "to be undone", "reason": "mistake", "effective_at": None},
        (
            ("not_reversible", {"entry": 10**6}),
            ("held_units", {"entry": "captured"}),
            ("effective_in_future", {"effective_at": LATE + DAY}),
            ("effective_too_early", {"effective_at": START - 1}),
            ("period_sealed", {"effective_at": SEALED_UNTIL - 1}),
            ("effective_too_early", {"effective_at": SEALED_UNTIL}),
            ("account_not_open", {"entry": "to an account now closed"}),
            ("insufficient_balance", {"entry": "spent since"}),
        ),
    ),
    "accounts.limit": (
        sent(SetLimit),
        {"account": E1, "asset": FLOW, "floor": 1, "ceiling": 10**6},
        (
            ("limit_malformed", {"floor": -1}),
            ("limit_malformed", {"floor": 10**6 + 1}),
            ("account_unknown", {"account": NOBODYS}),
            ("asset_unknown", {"asset": UNKNOWN}),
            ("account_closed", {"account": GONE}),
            ("asset_not_held_here", {"asset": CASH}),
            ("limit_already_broken", {"floor": 850}),  # 800 are there
            ("limit_already_broken", {"ceiling": 899}),  # and 100 may come back
        ),
    ),
    "accounts.freeze": (
        sent(FreezeAccount),
        {"account": EMPTY, "document": "令1号"},
        (
            ("document_unfit", {"document": " "}),
            ("account_unknown", {"account": NOBODYS}),
            ("account_never_frozen", {"account": ISSUANCE}),
            ("account_state_same", {"account": FROZEN}),
            ("account_closed", {"account": GONE}),
        ),
    ),
    "accounts.close": (
        sent(CloseAccount),
        {"account": EMPTY, "document": "申请1号"},
        (
            ("document_unfit", {"document": " "}),
            ("account_unknown", {"account": NOBODYS}),
            ("account_never_frozen", {"account": ISSUANCE}),
            ("account_state_same", {"account": GONE}),
            ("account_has_units", {"account": E1}),
            ("account_has_holds", {"account": "enterprise:E1:cash"}),
        ),
    ),
    "periods.seal": (
        sent(SealPeriod),
        {"through": date(2025, 1, 3)},
        (
            ("seal_in_future", {"through": date(2025, 2, 20)}),
            ("seal_not_later", {"through": date(2025, 1, 2)}),
        ),
    ),
    "metadata.set": (
        noting,
        {"target": f"account:{E1}", "key": "contract", "value": "1"},
        (
            ("metadata_key_malformed", {"key": "A"}),
            ("metadata_value_too_long", {"value": "v" * 1_001}),
            ("metadata_target_unknown", {"target": f"account:{NOBODYS}"}),
        ),
    ),
}


@pytest.fixture
def world(sqlite_engine, clock):
    """A ledger in which every rule of the tables can be broken; numbers of entries by name."""
    bench = town(sqlite_engine, clock)
    opened = (FROZEN, FROZEN_TOO, FLOORED, FULL, GONE, EMPTY)
    bench.do(OpenFreely(addresses=opened)).require()
    clock.now = START + 3 * DAY
    given = [
        Line(f"to {each}", ISSUANCE, each, FLOW, 500) for each in (FROZEN, FLOORED, GONE, EMPTY)
    ]
    number = post(bench, *given).require().result["first_entry"]
    spent = [Line(f"from {each}", each, E2, FLOW, 500) for each in (GONE, EMPTY)]
    post(bench, *spent).require()
    hold = place(bench, 200).require().result["hold"]
    capture = CaptureHold(hold=hold, amount=100, destination=E2)
    captured = bench.do(capture, actor=CLEARING).require().result["entry"]
    undone = post(bench, Line("undo me", ISSUANCE, E2, FLOW, 7)).require().result["first_entry"]
    for each in (FROZEN, FROZEN_TOO):
        bench.both(FreezeAccount(account=each, document="令1号")).require()
    bench.both(CloseAccount(account=GONE, document="申请1号")).require()
    limit(bench, FLOORED, floor=500).require()
    limit(bench, FULL, ceiling=0).require()
    bench.both(SealPeriod(through=date(2025, 1, 2))).require()
    clock.now = LATE
    things = {
        "the hold": hold,
        "captured": captured,
        "to be undone": undone,
        "to an account now closed": number + 2,
        "spent since": number + 3,
    }
    return bench, things


@pytest.mark.parametrize("kind", sorted(ORDERS))
def test_of_two_broken_rules_the_first_in_order_is_told(world, kind):
    bench, things = world
    send, honest, order = ORDERS[kind]
    before = state_of(bench)
    told, wanted = [], []
    for faults in [(each,) for each in order] + list(combinations(order, 2)):
        changes = [change for _, change in faults]
        if len({name for change in changes for name in change}) < sum(map(len, changes)):
            continue  # both faults would lie in one field
        fields = honest | {name: value for change in changes for name, value in change.items()}
        told.append((send(bench, named(fields, things)), changes))
        wanted.append((faults[0][0], changes))

    assert told == wanted
    assert state_of(bench) == before
    # The honest command breaks no rule, so it is the changes that were refused.
    assert send(bench, named(honest, things)) == "ok"


def named(fields, things):
    """Return *fields* with the numbers of entries and holds in place of their names."""
    return {
        name: things.get(value, value) if isinstance(value, str) else value
        for name, value in fields.items()
    }


@pytest.mark.parametrize("shape", ["lines", "chains"])
def test_too_many_lines_are_told_before_what_is_wrong_with_one_of_them(sqlite_engine, clock, shape):
    bench = town(sqlite_engine, clock)
    several = [("", E1_HELD, NOBODYS, UNKNOWN, 0)] * 8_193
    if shape == "lines":
        payload = PostLines(rule="REG-11", lines=tuple(Line(*each) for each in several))
    else:
        payload = PostChains(
            rule="REG-48", chains=(tuple(ChainLine(*each) for each in several), ())
        )

    assert bench.both(payload).code == "too_many_entries"
