"""
Chapter ten: the next year begins. It is opened and allocated, and what is saleable is listed.
"""

from collections.abc import Iterator, Mapping

from api.demo.cast import EXC1, EXC2, REG1, REG2, place, player, rows_of, session, story
from api.demo.months import audit, claim_retrofit
from api.demo.province import (
    WAIVER,
    Plans,
    adopt_factors,
    issue_of,
    show_plans,
    stage_plans,
)
from api.demo.stage import DEMO, Stage
from api.demo.words import amount
from ledger.compliance.deduct import ApplyDeductions
from ledger.compliance.open_year import OpenYear
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.substitution.audit import FileBaseline, FileReaudit
from market.list_instrument import ListInstrument

MEASURES = ("energy", "coal")
NOON_PASSED, AFTERNOON = 810, 840


def file_baselines(stage: Stage) -> None:
    """File the audits that must be there before the works of two retrofits begin."""
    stage.at(session()["dates"]["baselines_filed"], minute=540)
    for item in session()["retrofit"]:
        audit(stage, item, "before", FileBaseline)


def open_next_year(stage: Stage) -> Plans:
    """Open the year after, allocate it but for one district, and list it; return all plans."""
    stage.voice.chapter(zh="新年度开市", en="The next year trades")
    year = session()["year"]
    stage.at(session()["dates"]["prepared"], minute=NOON_PASSED)
    opening = OpenYear(
        year=year,
        measures="energy_and_coal",
        deadline=session()["deadline"].isoformat(),
        waiver=WAIVER,
    )
    stage.do_both(opening, maker=REG1, checker=REG2)
    adopt_factors(stage, year=year)
    stage.do_both(SetBudgets(rows=tuple(_budgets())), maker=REG1, checker=REG2)
    plans = stage_plans(stage, _rows(), year=year)
    stage.at(session()["dates"]["prepared"], minute=AFTERNOON)
    _issue(stage, plans)
    _deduct(stage, year)
    stage.bring_in("readings", DEMO / f"readings-{year}.csv", actor=REG1)
    for item in session()["retrofit"]:
        audit(stage, item, "after", FileReaudit)
        claim_retrofit(stage, item)
    for item in session()["instrument"]:
        stage.do_both(listing_of(item), maker=EXC1, checker=EXC2)
    return plans


def listing_of(item: Mapping[str, str]) -> ListInstrument:
    """Return the listing of an instrument, on the terms of the packs."""
    return ListInstrument(instrument=item["instrument"], asset=item["asset"])


def _budgets() -> Iterator[BudgetLine]:
    for item in session()["budget"]:
        for measure in MEASURES:
            yield BudgetLine(
                district=item["district"],
                year=session()["year"],
                measure=measure,  # type: ignore[arg-type]
                amount=item[measure],
                document=item["document"],
            )


def _rows() -> list[dict[str, str]]:
    """Return the plan of the year played once more, on what was really made in that year."""
    made = {row["enterprise"]: row["amount"] for row in rows_of("outputs")}
    looks_back = {name: str(session()[name]) for name in ("base_first_year", "base_last_year")}
    return [
        {**row, **looks_back, "output": made[row["enterprise"]] if row["product"] else "0"}
        for row in rows_of("plan")
    ]


def _issue(stage: Stage, plans: Plans) -> None:
    issued = {key: plan for key, plan in plans.items() if key[0] in _issued_in()}
    for plan in issued.values():
        stage.do_both(issue_of(plan), maker=place(plan.district).officer, checker=REG1)
    show_plans(stage, issued)
    stage.voice.say(
        zh="自 2026 年度起，预分配指标的 20%（示例参数）可以出售，其余待核定后放开。",
        en="From 2026 on 20 % of what is issued ahead may be sold (a sample parameter); the rest "
        "waits for true-up.",
    )


def _issued_in() -> list[str]:
    issued: list[str] = session()["allocation"]["issued_in"]
    return issued


def _deduct(stage: Stage, year: int) -> None:
    """Take back what the shortfall of the year before cost."""
    short = story()["short"]["enterprise"]
    answer = stage.do(ApplyDeductions(year=year, enterprises=(short,)), actor=REG1)
    taken, who = amount("energy", answer.result["taken"]), player(short).called
    stage.voice.say(
        zh=f"{who.zh}上年度有缺口，本年度配额已扣减 {taken.zh}。",
        en=f"{who.en} was short last year: {taken.en} are deducted from its quota of this year.",
    )
