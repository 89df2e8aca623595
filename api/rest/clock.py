"""
The ledger's clock, which on a demonstration can be moved to the next event.
"""

from typing import Any

import marshmallow as ma

from api.faces import faces
from api.read.standing import purpose
from api.rest.fields import Instant, Words
from api.rest.outside import answers
from api.rest.resource import Resource
from ledger.errors import Refused

clock = Resource("clock", __name__, "Clock: the ledger's time")


class ClockRuns(Refused):
    """The clock of this ledger is not moved by hand."""

    code = "clock_runs"
    rule = "API-24"

    def __init__(self) -> None:
        super().__init__("the clock of this ledger runs by itself; only a demonstration's is moved")


class Clock(ma.Schema):
    """Ledger time, and whether it can be moved."""

    at = Instant()
    purpose = Words()
    can_step = ma.fields.Boolean()


class Step(Clock):
    """What happened when the clock was moved."""

    told_zh = Words()
    told_en = Words()


@clock.get("/clock")
@answers(clock, Clock)
def show() -> Any:
    """Show ledger time."""
    return _clock()


@clock.post("/clock/step")
@answers(clock, Step)
def step() -> Any:
    """Move a demonstration's clock to the next event and say what happened."""
    move = faces().step
    if move is None or not _clock()["can_step"]:
        raise ClockRuns
    told_zh, told_en = move()
    return {**_clock(), "told_zh": told_zh, "told_en": told_en}


def _clock() -> dict[str, Any]:
    ours = faces()
    with ours.read() as connection:
        its = purpose(connection)
    is_played = ours.step is not None and its in ("demonstration", "training")
    return {"at": ours.gateway.now(), "purpose": its, "can_step": is_played}
