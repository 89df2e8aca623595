"""
The whole demonstration, chapter by chapter, on a ledger of its own.
"""

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

from api.demo.cast import dates
from api.demo.closing import close_year, surrender
from api.demo.market_now import tell_session
from api.demo.months import free_quota, play_until
from api.demo.morning import play_morning
from api.demo.moving import lease_out, move_without_trade, release_half, try_other_terms
from api.demo.opening import file_baselines, open_next_year
from api.demo.proof import prove
from api.demo.province import allocate, confirm_rights, open_province
from api.demo.reports import report, settle_quota
from api.demo.stage import HandClock, Stage
from api.demo.summary import summary
from api.demo.trading import Trading
from api.demo.voice import Voice
from api.demo.waiting import leave_waiting
from api.program import Program
from ledger.errors import Refused


class LedgerNotEmpty(Refused):
    """The demonstration was pointed at a ledger that already has a history of its own."""

    code = "demo_ledger_not_empty"
    rule = "REG-21"

    def __init__(self) -> None:
        super().__init__(
            "this ledger has a history already, which is never wiped; name a new directory"
        )


def play(url: str, directory: Path, *, voice: Voice, started: float) -> dict[str, Any]:
    """
    Play the year on the ledger at *url*, keep papers and proofs in *directory*, return the figures.

    *started* is the monotonic second at which the process began.
    """
    papers = directory / "papers"
    papers.mkdir(parents=True, exist_ok=True)
    clock = HandClock(dates()["opened"])
    program = Program(url, clock=clock, holder="demonstration")
    if program.writer.memory.sequence:
        program.close()
        raise LedgerNotEmpty
    try:
        with voice:
            stage = Stage(program, clock, voice, papers)
            play_chapters(stage)
            proof = prove(stage, url, directory)
            figures = summary(stage, proof, round(time.monotonic() - started))
    finally:
        program.close()
    (directory / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
    return figures


def figures_of(directory: Path) -> dict[str, Any] | None:
    """Return the figures of a year that was played in *directory* before, None where none was."""
    path = directory / "figures.json"
    if not path.exists():
        return None
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


def play_chapters(stage: Stage) -> None:
    """Play everything: the year to its close, and the next one to an open trading session."""
    open_province(stage)
    confirm_rights(stage)
    play_until(stage, dates()["plan_staged"])
    allocate(stage)
    free_quota(stage)
    play_until(stage, date(2025, 12, 31))
    file_baselines(stage)
    report(stage)
    settle_quota(stage)
    trading = Trading(stage)
    trading.prepare()
    trading.play_days()
    surrender(stage)
    move_without_trade(stage)
    close_year(stage)
    open_session(stage)


def open_session(stage: Stage) -> None:
    """Begin the next year, trade until five past ten, and leave what others are to decide."""
    plans = open_next_year(stage)
    lease_out(stage)
    release_half(stage)
    try_other_terms(stage)
    play_morning(stage)
    leave_waiting(stage, plans)
    tell_session(stage)
