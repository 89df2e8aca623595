"""
Chapter one: a ledger is opened, law is adopted, parties are registered, rights are confirmed.
"""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import seeds
from api.csv_rows import read_rows
from api.demo.cast import PACKS, REG1, REG2, dates, place, places, rows_of
from api.demo.stage import DEMO, SEEDS, Stage
from api.demo.words import FIGURE_UNITS, PUBLISHED, STATUSES, Words, measured_in
from ledger.adopt import AdoptPack
from ledger.allocation.allocate import IssueAllocations
from ledger.command import canonical
from ledger.compliance.open_year import OpenYear
from ledger.metering.factors import AdoptFactors, FactorLine, RateLine
from ledger.policy import in_force, to_plain
from ledger.register import OpenLedger
from ledger.roles import Grant
from ledger.subject import Role
from ledger.units import format_tce

YEAR = 2025
WAIVER = "示例省演示：未经核实的参数仅供演示 (demonstration only: unconfirmed parameters are used)"


def open_province(stage: Stage) -> None:
    """Open the ledger, adopt the packs and the factors, register everyone."""
    stage.voice.chapter(zh="开账", en="A province opens its ledger")
    grants = tuple(
        Grant(row["person"], Role(row["role"]), row["scope"])
        for row in read_rows(DEMO / "persons.csv", Grant)
    )
    opening = OpenLedger(
        name="示例省用能权账本", jurisdiction="sample", purpose="demonstration", grants=grants
    )
    stage.do(opening, actor="person:INIT")
    for pack in PACKS:
        content = canonical(to_plain(seeds.read_pack(pack))).decode()
        stage.both(AdoptPack(content=content), maker=REG1, checker=REG2).require()
    stage.voice.say(
        zh=f"{len(PACKS)} 个政策参数包经双人复核后生效；没有来源的值一律标为“示例”。",
        en=f"{len(PACKS)} policy packs are adopted by four eyes; what no source gives is marked as "
        "a sample.",
    )
    _register(stage)
    year = OpenYear(year=YEAR, measures="energy_and_coal", waiver=WAIVER)
    stage.do_both(year, maker=REG1, checker=REG2)
    _show_figures(stage)
    stage.voice.why(
        zh="上表只供对照，企业、读数和成交均为虚构，没有一笔余额出自表中数字。",
        en="The table is for comparison, no balance rests on it; enterprises and trades are made "
        "up.",
    )


def _register(stage: Stage) -> None:
    for kind in ("districts", "sectors", "enterprises", "facilities"):
        stage.bring_in(kind, DEMO / f"{kind}.csv", actor=REG1)
    write_csv(stage.papers / "figures.csv", published_figures())
    stage.bring_in("figures", stage.papers / "figures.csv", actor=REG1)
    stage.at(dates()["factors_adopted"], minute=540)
    adopt_factors(stage, year=YEAR)
    stage.bring_in("meters", DEMO / "meters.csv", actor=REG1)
    stage.voice.say(
        zh=f"登记 {len(places())} 个地区的 {len(rows_of('enterprises'))} 家示例企业、"
        f"{len(rows_of('meters'))} 块计量器具。",
        en=f"{len(rows_of('enterprises'))} sample enterprises in {len(places())} districts are "
        f"registered, with {len(rows_of('meters'))} meters.",
    )


def published_figures() -> list[dict[str, str]]:
    """Return the published figures of the five places as rows of an import, from the packs."""
    packs = seeds.read_packs()
    listed = tomllib.loads((DEMO / "figures.toml").read_text(encoding="utf-8"))["figure"]
    rows = []
    for item in listed:
        alone = {item["pack"]: packs[item["pack"]], **packs}
        found = in_force(alone, item["pack"], item["key"], date(item["year"], 12, 31))
        parameter = found.candidates[0].parameter
        rows.append(
            {
                "district": item["district"],
                "year": str(item["year"]),
                "figure": item["figure"],
                "value": str(found.value),
                "unit": found.unit,
                "status": str(found.status),
                "document": parameter.document or "",
                "quote": parameter.quote or "",
            }
        )
    return rows


def _show_figures(stage: Stage) -> None:
    stage.voice.table(
        Words(
            "五个地方公布的数据，与台账并列对照：",
            "Published by the five places, beside the ledger:",
        ),
        (
            Words("地区", "place"),
            Words("年份", "year"),
            Words("公布的数据", "published figure"),
            Words("数值", "value"),
            Words("单位", "unit"),
            Words("状态", "status"),
        ),
        (
            (
                place(row["district"]).called,
                row["year"],
                PUBLISHED[row["figure"]],
                row["value"],
                FIGURE_UNITS[row["unit"]],
                STATUSES[row["status"]],
            )
            for row in published_figures()
        ),
    )


def adopt_factors(stage: Stage, *, year: int) -> None:
    """Adopt the conversion factors by which use of *year* is counted."""
    factors = read_rows(SEEDS / "factors/gbt2589-2020.csv", FactorLine)
    rates = read_rows(SEEDS / "factors/electricity-equivalent.csv", RateLine)
    adoption = AdoptFactors(
        edition="GB/T 2589-2020",
        year=year,
        basis="equivalent",  # type: ignore[arg-type]
        rows=tuple(FactorLine(**row) for row in factors),
        rates=tuple(RateLine(**row) for row in rates),
    )
    stage.do_both(adoption, maker=REG1, checker=REG2)


def confirm_rights(stage: Stage) -> None:
    """Bring in past years, set the budgets and confirm the standing rights, by four eyes."""
    stage.voice.chapter(zh="确权与初始分配", en="Rights are confirmed and allocated")
    stage.at(dates()["rights_confirmed"], minute=540)
    stage.bring_in("history", DEMO / "history.csv", actor=REG1)
    for path in _by_district(stage, "entitlements"):
        officer = place(path.stem[-6:]).officer
        stage.bring_in_both("entitlements", path, maker=officer, checker=REG1)
    stage.bring_in_both("budgets", DEMO / "budgets.csv", maker=REG1, checker=REG2)
    rights = rows_of("entitlements")
    stage.voice.say(
        zh=f"区县提出、市级复核，确认存续用能权 {len(rights)} 项；{YEAR} 年用能预算已下达。",
        en=f"{len(rights)} rights are proposed by districts and confirmed by the city; the budgets "
        f"of {YEAR} are set.",
    )


def _by_district(stage: Stage, name: str) -> list[Path]:
    """Write one file a district of a file that names enterprises."""
    district_of = {row["id"]: row["district"] for row in rows_of("enterprises")}
    lines = defaultdict(list)
    for row in rows_of(name):
        lines[district_of[row["enterprise"]]].append(row)
    paths = []
    for district, rows in lines.items():
        paths.append(stage.papers / f"{name}-{district}.csv")
        write_csv(paths[-1], rows)
    return paths


def allocate(stage: Stage) -> None:
    """Stage every district's plan, and issue the first share of it by four eyes."""
    stage.at(dates()["plan_staged"], minute=540)
    planned = stage_plans(stage, rows_of("plan"), year=YEAR)
    stage.at(dates()["pre_issued"], minute=540)
    for (district, _), plan in planned.items():
        stage.do_both(issue_of(plan), maker=place(district).officer, checker=REG1)
    show_plans(stage, planned)
    stage.voice.why(
        zh="年初尚不知产量，预分配部分只能持有、不得出售，待核定后放开。",
        en="Output is unknown in January: what is issued ahead is held, not sold, until true-up.",
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """One district's plan for a year and measure as it was staged, and what was answered."""

    district: str
    year: int
    measure: str
    result: Mapping[str, Any]


Plans = dict[tuple[str, str], Planned]
"""By district and measure."""


def stage_plans(stage: Stage, rows: list[dict[str, str]], *, year: int) -> Plans:
    """Let every district's officer stage its rows for *year*, one file a measure."""
    planned: Plans = {}
    for (district, measure), path in _plans(stage.papers, rows, year=year).items():
        header = {"district": district, "year": year, "measure": measure}
        officer = place(district).officer
        answer = stage.bring_in("allocations", path, actor=officer, header=header)[0]
        planned[district, measure] = Planned(district, year, measure, answer.result)
    return planned


def issue_of(plan: Planned) -> IssueAllocations:
    """Return the decision that issues a plan as it was staged."""
    return IssueAllocations(
        district=plan.district,
        year=plan.year,
        measure=plan.measure,  # type: ignore[arg-type]
        plan_hash=plan.result["plan_hash"],
        document=f"示例能配〔{plan.year}〕{place(plan.district).short}号",
    )


def show_plans(stage: Stage, planned: Plans) -> None:
    """Show what each district plans, and what of it goes out ahead."""
    stage.voice.table(
        Words("按计划配额的 60% 预分配：", "60 % of the planned quota is issued ahead:"),
        (
            Words("地区", "district"),
            Words("指标", "measure"),
            Words("企业数", "enterprises"),
            Words("计划配额", "planned quota"),
            Words("预分配", "pre-issued"),
        ),
        (
            (
                place(district).called,
                measured_in(measure),
                str(plan.result["planned"]),
                format_tce(plan.result["granted"]),
                format_tce(plan.result["pre_issued"]),
            )
            for (district, measure), plan in planned.items()
        ),
    )


def _plans(papers: Path, rows: list[dict[str, str]], *, year: int) -> dict[tuple[str, str], Path]:
    """Write one plan file a district and measure, as their officers would send them."""
    district_of = {row["id"]: row["district"] for row in rows_of("enterprises")}
    plans = defaultdict(list)
    for row in rows:
        measure = row.pop("measure")
        plans[district_of[row["enterprise"]], measure].append(row)
    paths = {}
    for (district, measure), lines in plans.items():
        path = papers / f"plan-{year}-{district}-{measure}.csv"
        write_csv(path, lines)
        paths[district, measure] = path
    return paths


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows with the columns of the first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
