from itertools import pairwise

import pytest

from market.calendar import (
    CANCEL,
    ENTRY,
    LAWFUL_NEXT,
    MATCH,
    CancelClosed,
    EntryClosed,
    Phase,
    PhaseHours,
    PhaseUnlawful,
    is_uncross_due,
    phase_at,
    require_cancel,
    require_entry,
    require_lawful_change,
)


def minute(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


DAY = tuple(
    PhaseHours(minute(start), minute(end), phase)
    for start, end, phase in [
        ("09:15", "09:20", Phase.CALL),
        ("09:20", "09:25", Phase.CALL_LOCKED),
        ("09:30", "11:30", Phase.CONTINUOUS),
        ("13:00", "14:57", Phase.CONTINUOUS),
        ("14:57", "15:00", Phase.CALL_LOCKED),
    ]
)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("00:00", Phase.PRE_OPEN),
        ("09:14", Phase.PRE_OPEN),
        ("09:15", Phase.CALL),
        ("09:19", Phase.CALL),
        ("09:20", Phase.CALL_LOCKED),
        ("09:24", Phase.CALL_LOCKED),
        ("09:25", Phase.QUIET),
        ("09:29", Phase.QUIET),
        ("09:30", Phase.CONTINUOUS),
        ("11:29", Phase.CONTINUOUS),
        ("11:30", Phase.QUIET),
        ("12:59", Phase.QUIET),
        ("13:00", Phase.CONTINUOUS),
        ("14:56", Phase.CONTINUOUS),
        ("14:57", Phase.CALL_LOCKED),
        ("14:59", Phase.CALL_LOCKED),
        ("15:00", Phase.CLOSED),
        ("23:59", Phase.CLOSED),
    ],
)
def test_a_stretch_includes_its_first_minute_and_not_its_end(time, expected):
    assert phase_at(minute(time), DAY) is expected


def test_a_day_without_hours_is_closed():
    assert phase_at(minute("10:00"), ()) is Phase.CLOSED


@pytest.mark.parametrize(
    ("phase", "entry", "cancel", "match"),
    [
        (Phase.PRE_OPEN, False, False, False),
        (Phase.CALL, True, True, False),
        (Phase.CALL_LOCKED, True, False, False),
        (Phase.QUIET, False, False, False),
        (Phase.CONTINUOUS, True, True, True),
        (Phase.HALTED, True, True, False),
        (Phase.CLOSED, False, False, False),
    ],
)
def test_what_each_phase_allows(phase, entry, cancel, match):
    assert (phase in ENTRY, phase in CANCEL, phase in MATCH) == (entry, cancel, match)


def test_an_order_outside_trading_is_refused():
    with pytest.raises(EntryClosed) as refusal:
        require_entry(Phase.QUIET)

    assert refusal.value.code == "entry_closed"
    assert refusal.value.facts == {
        "phase": "quiet",
        "accepted_phases": "call, call_locked, continuous, halted",
    }


def test_a_cancel_at_the_locked_end_of_a_call_is_refused():
    with pytest.raises(CancelClosed) as refusal:
        require_cancel(Phase.CALL_LOCKED)

    assert refusal.value.code == "cancel_closed"
    assert refusal.value.facts == {
        "phase": "call_locked",
        "accepted_phases": "call, continuous, halted",
    }


def test_continuous_trading_comes_back_from_a_halt_through_a_call():
    with pytest.raises(PhaseUnlawful) as refusal:
        require_lawful_change(Phase.HALTED, Phase.CONTINUOUS)

    assert refusal.value.code == "phase_unlawful"
    assert refusal.value.facts == {
        "phase": "halted",
        "requested_phase": "continuous",
        "accepted_phases": "call, call_locked, closed",
    }


def test_every_change_of_the_ordinary_day_is_lawful():
    seen = [phase_at(m, DAY) for m in range(24 * 60)]

    changes = {(a, b) for a, b in pairwise(seen) if a is not b}

    assert all(after in LAWFUL_NEXT[before] for before, after in changes)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Phase.CALL, Phase.CALL_LOCKED, False),
        (Phase.CALL_LOCKED, Phase.QUIET, True),
        (Phase.CALL_LOCKED, Phase.CLOSED, True),
        (Phase.CALL, Phase.CONTINUOUS, True),
        (Phase.CALL, Phase.HALTED, False),
        (Phase.CONTINUOUS, Phase.QUIET, False),
    ],
)
def test_orders_are_crossed_when_a_call_ends(before, after, expected):
    assert is_uncross_due(before, after) is expected
