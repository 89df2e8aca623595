"""
Chapter three: the year itself.

Meters are read, capacity closes, a furnace is rebuilt, and a two-high project looks for what it
must replace.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from api.demo.cast import REG1, VER1, VER2, place, player, rows_of, story
from api.demo.province import write_csv
from api.demo.registering import enter, let_run
from api.demo.stage import Stage
from api.demo.words import Words, amount_text, measured_in
from ledger.asset import parse_asset
from ledger.days import day_of
from ledger.substitution.accept import AcceptProject
from ledger.substitution.audit import FileBaseline, FileReaudit
from ledger.substitution.claim import (
    ClaimClosure,
    ClaimRetrofit,
    ClosureLine,
    RetrofitLine,
)
from ledger.substitution.clawback import FlowLine
from ledger.substitution.confirm import ConfirmFreed, GiveOpinion
from ledger.substitution.project import (
    AdditionLine,
    PlanSubstitution,
    RegisterProject,
    SourceLine,
)

MORNING = 540

Event = tuple[date, int, str, Any]
"""The day, its order within the day, what happens, and the table of the story."""


def free_quota(stage: Stage) -> None:
    """Begin the chapter of the year itself."""
    stage.voice.chapter(zh="计量与腾出指标", en="Meters are read, quota is freed")
    readings, meters = len(rows_of("readings")), len(rows_of("meters"))
    stage.voice.say(
        zh=f"每月末抄表一次：{meters} 块表，全年 {readings:,} 个读数，逐月以 CSV 文件导入。",
        en=f"At the end of each month {meters} meters are read: {readings:,} readings in the year, "
        "from CSV files.",
    )


def play_until(stage: Stage, last: date) -> None:
    """Let everything from today to *last* happen, in the order of its days."""
    for day, _, what, item in sorted(_events(), key=lambda event: event[:2]):
        if day >= day_of(stage.clock.now) and day <= last:
            stage.at(day, minute=MORNING)
            _VERBS[what](stage, item)


def _events() -> Iterator[Event]:
    for month in range(1, 13):
        first_of_next = date(2025 + month // 12, month % 12 + 1, 1)
        yield first_of_next - timedelta(days=1), 1, "readings", f"2025-{month:02d}"
    for item in story()["closure"]:
        yield item["claimed_on"], 2, "claim_closure", item
        yield item["reviewed_on"], 3, "opinion", item
        yield item["confirmed_on"], 4, "confirm", item
    retrofit = story()["retrofit"]
    yield retrofit["before"]["filed_on"], 2, "baseline", retrofit
    yield retrofit["after"]["filed_on"], 2, "reaudit", retrofit
    yield retrofit["claimed_on"], 2, "claim_retrofit", retrofit
    yield retrofit["reviewed_on"], 3, "opinion", retrofit
    yield retrofit["confirmed_on"], 4, "confirm", retrofit
    project = story()["project"]
    yield project["registered_on"], 5, "project", project
    for plan in project["plan"]:
        yield plan["on"], 6, "plan", plan


def _readings(stage: Stage, month: str) -> None:
    """Bring in one month's readings of every meter, from the file an operator would get."""
    path = stage.papers / f"readings-{month}.csv"
    rows = [row for row in rows_of("readings") if row["month"] == month]
    write_csv(path, rows)
    stage.bring_in("readings", path, actor=REG1)


def evidence(document: str) -> str:
    """Return the hash that stands for a document."""
    return sha256(document.encode()).hexdigest()


def _claim_closure(stage: Stage, item: dict[str, Any]) -> None:
    claim = ClaimClosure(
        claim=item["claim"],
        enterprise=item["enterprise"],
        facility=item["facility"],
        closed_on=item["closed_on"],
        statistics_year=item["statistics_year"],
        last_year=item["last_year"],
        evidence=evidence(item["evidence_document"]),
        measures=tuple(
            ClosureLine(line["measure"], line["statistics"], line.get("approved"))
            for line in item["measure"]
        ),
    )
    stage.do(claim, actor=player(item["enterprise"]).compliance)


def claim_retrofit(stage: Stage, item: dict[str, Any]) -> None:
    """Let an enterprise apply for what its audited retrofit saves."""
    claim = ClaimRetrofit(
        claim=item["claim"],
        enterprise=item["enterprise"],
        facility=item["facility"],
        works=item["works"],
        began_on=item["began_on"],
        ended_on=item["ended_on"],
        last_year=item["last_year"],
        evidence=evidence(item["evidence_document"]),
        measures=(RetrofitLine(item["before"]["measure"]),),
    )
    stage.do(claim, actor=player(item["enterprise"]).compliance)


def audit(stage: Stage, item: dict[str, Any], part: str, shape: Any) -> None:
    """File one of the two audits of a retrofit: *part* is "before" or "after"."""
    found = item[part]
    filed = shape(
        works=item["works"],
        enterprise=item["enterprise"],
        facility=item["facility"],
        measure=found["measure"],
        consumed=found["consumed"],
        output=found["output"],
        audited_on=found["audited_on"],
        evidence=evidence(found["evidence_document"]),
    )
    stage.do(filed, actor=VER1)


def opinion_of(item: dict[str, Any]) -> GiveOpinion:
    """Return the verifiers' opinion that upholds a claim of the story."""
    return GiveOpinion(
        claim=item["claim"],
        finding="upheld",
        document=item["opinion_document"],
        evidence=evidence(item["opinion_document"]),
    )


def _opinion(stage: Stage, item: dict[str, Any]) -> None:
    stage.do_both(opinion_of(item), maker=VER1, checker=VER2)


def _confirm(stage: Stage, item: dict[str, Any]) -> None:
    confirmation = ConfirmFreed(
        claim=item["claim"],
        document=item["document"],
        unused_flow=tuple(
            FlowLine(line["measure"], line["unused"]) for line in item.get("unused_flow", ())
        ),
    )
    district = player(item["enterprise"]).district
    answer = stage.do_both(confirmation, maker=place(district).officer, checker=REG1)
    stage.voice.table(
        Words(f"确认腾出指标：{item['title']}", f"Freed quota confirmed: {item['title_en']}"),
        (Words("替代来源", "source"), Words("指标", "measure"), Words("确认数量", "confirmed")),
        (
            (source["source"], measured_in(measure), amount_text(measure, source["amount"]))
            for source in answer.result["sources"]
            for measure in [parse_asset(source["asset"]).measure]
        ),
    )


def _register_project(stage: Stage, item: dict[str, Any]) -> None:
    stage.voice.why(
        zh="用能减少不等于腾出指标：须先有核查意见，再由两级主管人员确认。",
        en="Using less frees nothing by itself: verifiers judge the claim, two officers confirm.",
    )
    stage.voice.chapter(
        zh="两高项目五个替代", en="A two-high project looks for its five substitutions"
    )
    stage.voice.say(
        zh=f"{item['name']}须以腾出的指标替代产能、煤炭、能耗、碳排放和污染物五项，少一项也不行。",
        en=f"{item['name_en']}: capacity, coal, energy, carbon and pollutants must all be covered "
        "by freed quota.",
    )
    project = RegisterProject(
        project=item["project"],
        name=item["name"],
        enterprise=item["enterprise"],
        district=item["district"],
        sector=item["sector"],
        last_year=item["last_year"],
        additions=tuple(AdditionLine(one["measure"], one["added"]) for one in item["addition"]),
        qualifying=item["qualifying"],
        planned_major=item["planned_major"],
        decision=item["decision"],
        industry=item["industry"],
        pollutant_standard=item["pollutant_standard"],
    )
    stage.do(project, actor=place(item["district"]).officer)
    enter(stage, item)


def _plan(stage: Stage, plan: dict[str, Any]) -> None:
    project = story()["project"]
    officer = place(project["district"]).officer
    sources = tuple(
        SourceLine(one["source"], one["amount"], carrier=one.get("carrier", ""))
        for one in plan["sources"]
    )
    payload = PlanSubstitution(
        project=project["project"], sources=sources, document=plan["document"]
    )
    # The city's pool assigns sources of other enterprises, so the authority files the plan.
    stage.do(payload, actor=officer)
    answer = stage.both(AcceptProject(project=project["project"]), maker=officer, checker=REG1)
    expected = "ok" if plan["expected"] == "accepted" else plan["expected"]
    assert answer.code == expected, f"plan {plan['name']}: {answer.code}: {answer.message}"
    if not answer.ok:
        stage.voice.refused(
            Words(f"方案 {plan['name']}", f"plan {plan['name']}"),
            code=answer.code,
            rule=answer.verdict.rule,
            facts=answer.facts,
            measure=str(answer.facts.get("measure", "energy")),
        )
        return
    _tell_accepted(stage, plan["name"])
    let_run(stage, project)


def _tell_accepted(stage: Stage, name: str) -> None:
    stage.voice.table(
        Words(f"方案 {name} 通过：", f"Plan {name} is accepted:"),
        (
            Words("指标", "measure"),
            Words("新增", "added"),
            Words("须替代", "needed"),
            Words("净削减", "net reduction"),
        ),
        (
            (
                measured_in(one["measure"]),
                *(
                    amount_text(one["measure"], minor)
                    for minor in (one["added"], one["needed"], one["needed"] - one["added"])
                ),
            )
            for one in story()["project"]["addition"]
        ),
    )
    stage.voice.why(
        zh="替代比例大于一：每新增一吨，须注销一吨以上已腾出的指标，差额即净削减。",
        en="Ratios are above one: for each tonne added, more than a freed tonne is retired.",
    )


_VERBS: dict[str, Any] = {
    "readings": _readings,
    "claim_closure": _claim_closure,
    "claim_retrofit": claim_retrofit,
    "baseline": lambda stage, item: audit(stage, item, "before", FileBaseline),
    "reaudit": lambda stage, item: audit(stage, item, "after", FileReaudit),
    "opinion": _opinion,
    "confirm": _confirm,
    "project": _register_project,
    "plan": _plan,
}
