"""
Chapter seven: allowances are surrendered, one enterprise is short, and the year is closed.
"""

from datetime import timedelta

import sqlalchemy as sa

from api.demo.cast import REG1, REG2, Player, dates, players, story
from api.demo.months import MORNING
from api.demo.province import YEAR
from api.demo.stage import Stage
from ledger.compliance.close import CloseEnterprise
from ledger.compliance.close_year import CloseYear
from ledger.compliance.surrender import Surrender
from ledger.compliance.tables import ClosingRow, PenaltyProposalRow, StandingRow
from ledger.db import reading
from ledger.units import format_tce

Owing = tuple[Player, str, int]
"""Who owes, in which measure, and how much is outstanding."""


def surrender(stage: Stage) -> None:
    """Let everyone surrender in time; the one that bought too little surrenders what it has."""
    stage.voice.chapter("Allowances are surrendered", "七、清缴")
    short = story()["short"]["enterprise"]
    stage.at(dates()["surrender"], minute=MORNING)
    owing = _outstanding(stage)
    stage.all_both(
        [
            (one.compliance, one.admin, _all_of_it(one, measure, amount))
            for one, measure, amount in owing
            if one.id != short
        ]
    )
    stage.at(dates()["deadline"], minute=MORNING)
    for one, measure, amount in owing:
        if one.id == short:
            _surrender_what_there_is(stage, one, measure, amount)
    stage.at(dates()["last_day_of_grace"] + timedelta(days=1), minute=1)
    for one, measure, amount in _outstanding(stage):
        answer = stage.both(
            _all_of_it(one, measure, amount), maker=one.compliance, checker=one.admin
        )
        stage.voice.refused(f"{one.name}, a day after the grace", answer.code, answer.message)


def _all_of_it(one: Player, measure: str, amount: int) -> Surrender:
    return Surrender(
        enterprise=one.id,
        year=YEAR,
        measure=measure,  # type: ignore[arg-type]
        amount=amount,
    )


def _surrender_what_there_is(stage: Stage, one: Player, measure: str, amount: int) -> None:
    answer = stage.both(_all_of_it(one, measure, amount), maker=one.compliance, checker=one.admin)
    if answer.ok:
        return
    stage.voice.refused(f"{one.name} {one.id}", answer.code, answer.message)
    available = int(answer.facts["available"])
    stage.do_both(_all_of_it(one, measure, available), maker=one.compliance, checker=one.admin)
    stage.voice.say(
        f"{one.name} surrenders the {format_tce(available)} t it has, "
        f"{format_tce(amount - available)} t too few."
    )


def _outstanding(stage: Stage) -> list[Owing]:
    with reading(stage.program.engine) as connection:
        rows = connection.execute(
            sa.select(
                StandingRow.enterprise,
                StandingRow.measure,
                StandingRow.owed - StandingRow.surrendered - StandingRow.recovered,
            ).where(StandingRow.year == YEAR)
        ).all()
    left = {(enterprise, measure): amount for enterprise, measure, amount in rows if amount > 0}
    return [
        (one, measure, left[one.id, measure])
        for one in players()
        for measure in ("energy", "coal")
        if (one.id, measure) in left
    ]


def close_year(stage: Stage) -> None:
    """After the days of grace, close every enterprise's year, and then the year."""
    stage.voice.chapter("The year is closed", "八、年度结清")
    stage.at(dates()["year_closed"], minute=MORNING)
    answers = stage.send_all(
        [(REG1, CloseEnterprise(year=YEAR, enterprise=one.id)) for one in players()]
    )
    for answer in answers:
        answer.require()
    stage.do_both(CloseYear(year=YEAR), maker=REG1, checker=REG2)
    _tell(stage)


def _tell(stage: Stage) -> None:
    with reading(stage.program.engine) as connection:
        closings = connection.execute(
            sa.select(ClosingRow.__table__).order_by(ClosingRow.enterprise)
        ).all()
        proposals = connection.execute(sa.select(PenaltyProposalRow.__table__)).all()
    missing = [row for row in closings if row.missing]
    stage.voice.say(
        f"{len({row.enterprise for row in closings})} enterprises closed, "
        f"{len({row.enterprise for row in missing})} of them short."
    )
    for row in missing:
        stage.voice.say(
            f"{row.enterprise}: {format_tce(row.missing)} t of {row.measure} missing, "
            f"{format_tce(row.deducted_next)} t to be deducted from the next quota."
        )
    for row in proposals:
        stage.voice.say(
            f"{row.enterprise}: {row.kind} proposed to an officer; nothing is imposed by itself."
        )
