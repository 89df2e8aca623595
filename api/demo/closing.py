"""
Chapters seven and nine: allowances are surrendered, one enterprise is short, the year is closed.
"""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from api.demo import words
from api.demo.cast import REG1, REG2, Player, dates, player, players, story
from api.demo.months import MORNING
from api.demo.price import record_price
from api.demo.province import YEAR
from api.demo.stage import Stage
from api.demo.words import Words
from ledger.command import Answer
from ledger.compliance.close import CloseEnterprise
from ledger.compliance.close_year import CloseYear
from ledger.compliance.surrender import Surrender
from ledger.compliance.tables import ClosingRow, PenaltyProposalRow, StandingRow
from ledger.db import reading

Owing = tuple[Player, str, int]
"""Who owes, in which measure, and how much is outstanding."""


def surrender(stage: Stage) -> None:
    """Let everyone surrender in time; the one that bought too little surrenders what it has."""
    stage.voice.chapter(zh="清缴", en="Allowances are surrendered")
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
    in_time = len({one.id for one, _, _ in owing} - {short})
    stage.voice.say(
        zh=f"{in_time} 家用能单位在截止日前足额清缴。",
        en=f"{in_time} enterprises surrender in full before the deadline.",
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
        late = Words(f"{one.called.zh}宽限期满次日补缴", f"{one.called.en}, a day after the grace")
        _tell_refused(stage, late, answer, measure)
    stage.voice.why(
        zh="截止之后不再受理，缺口不能悄悄补上；怎样追究由规则和主管人员决定。",
        en="Nothing is taken after the last day: a gap is followed up, never mended quietly.",
    )


def _tell_refused(stage: Stage, what: Words, answer: Answer, measure: str) -> None:
    stage.voice.refused(
        what, code=answer.code, rule=answer.verdict.rule, facts=answer.facts, measure=measure
    )


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
    everything = Words(f"{one.called.zh}足额清缴", f"{one.called.en}, all it owes")
    _tell_refused(stage, everything, answer, measure)
    available = int(answer.facts["available"])
    stage.do_both(_all_of_it(one, measure, available), maker=one.compliance, checker=one.admin)
    given, lacking = words.amount(measure, available), words.amount(measure, amount - available)
    stage.voice.say(
        zh=f"{one.called.zh}清缴其全部可用指标 {given.zh}，尚缺 {lacking.zh}。",
        en=f"{one.called.en} surrenders all it has, {given.en}: {lacking.en} too few.",
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
    stage.voice.chapter(zh="年度结清", en="The year is closed")
    stage.at(dates()["year_closed"], minute=MORNING)
    record_price(stage)
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
        zh=f"{len({row.enterprise for row in closings})} 家用能单位完成年度结清，其中 "
        f"{len({row.enterprise for row in missing})} 家有缺口。",
        en=f"The year of {len({row.enterprise for row in closings})} enterprises is closed, "
        f"{len({row.enterprise for row in missing})} of them short.",
    )
    for row in missing:
        _tell_missing(stage, row)
    for row in proposals:
        who, what = player(row.enterprise).called, _proposed(row)
        stage.voice.say(
            zh=f"{who.zh}：提请主管人员审议——{what.zh}。",
            en=f"{who.en}: {what.en} is proposed to an officer.",
        )
    stage.voice.why(
        zh="系统只按规则列出建议，罚款和信用记录须由人决定，不会自动作出。",
        en="The ledger only proposes; a person decides on a fine or a credit record.",
    )


def _proposed(row: Any) -> Words:
    """Return what is proposed, with the range of a fine where there was a mean price."""
    what = words.PENALTIES[row.kind]
    if row.min_fen is None:
        return what
    lowest, highest = words.yuan(row.min_fen), words.yuan(row.max_fen)
    return Words(
        f"{what.zh} {lowest.zh}至 {highest.zh}", f"{what.en} of {lowest.en} to {highest.en}"
    )


def _tell_missing(stage: Stage, row: Any) -> None:
    who, name = player(row.enterprise).called, words.MEASURES[row.measure]
    missing = words.amount(row.measure, row.missing)
    cut = words.amount(row.measure, row.deducted_next)
    stage.voice.say(
        zh=f"{who.zh}：{name.zh}缺口 {missing.zh}，下一年度配额扣减 {cut.zh}。",
        en=f"{who.en}: {missing.en} of {name.en} missing; {cut.en} will be deducted from its next "
        "quota.",
    )
