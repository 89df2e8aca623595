"""
Chapter one: a ledger is opened, law is adopted, parties are registered, rights are confirmed.
"""

import csv
import tomllib
from collections import defaultdict
from datetime import date
from pathlib import Path

import seeds
from api.csv_rows import read_rows
from api.demo.cast import PACKS, REG1, REG2, dates, place, places, rows_of
from api.demo.stage import DEMO, SEEDS, Stage
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
    stage.voice.chapter("A province opens its ledger", "一、开账")
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
        f"{len(PACKS)} policy packs adopted by four eyes; what no source gives is a 示例 (sample)."
    )
    for kind in ("districts", "sectors", "enterprises", "facilities"):
        stage.bring_in(kind, DEMO / f"{kind}.csv", actor=REG1)
    write_csv(stage.papers / "figures.csv", published_figures())
    stage.bring_in("figures", stage.papers / "figures.csv", actor=REG1)
    stage.at(dates()["factors_adopted"], minute=540)
    _adopt_factors(stage)
    stage.bring_in("meters", DEMO / "meters.csv", actor=REG1)
    year = OpenYear(year=YEAR, measures="energy_and_coal", waiver=WAIVER)
    stage.do_both(year, maker=REG1, checker=REG2)
    stage.voice.say(
        f"{len(rows_of('enterprises'))} sample enterprises in {len(places())} districts, "
        f"{len(rows_of('meters'))} meters."
    )
    _show_figures(stage)


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
        "Published figures of the five places: a reference beside the ledger, no balance of it",
        ("place", "year", "figure", "value", "unit", "status"),
        (
            (
                place(row["district"]).name,
                row["year"],
                row["figure"],
                row["value"],
                row["unit"],
                row["status"],
            )
            for row in published_figures()
        ),
    )


def _adopt_factors(stage: Stage) -> None:
    factors = read_rows(SEEDS / "factors/gbt2589-2020.csv", FactorLine)
    rates = read_rows(SEEDS / "factors/electricity-equivalent.csv", RateLine)
    adoption = AdoptFactors(
        edition="GB/T 2589-2020",
        year=YEAR,
        basis="equivalent",  # type: ignore[arg-type]
        rows=tuple(FactorLine(**row) for row in factors),
        rates=tuple(RateLine(**row) for row in rates),
    )
    stage.do_both(adoption, maker=REG1, checker=REG2)


def confirm_rights(stage: Stage) -> None:
    """Bring in past years, set the budgets and confirm the standing rights, by four eyes."""
    stage.voice.chapter("Rights are confirmed and allocated", "二、确权与初始分配")
    stage.at(dates()["rights_confirmed"], minute=540)
    stage.bring_in("history", DEMO / "history.csv", actor=REG1)
    for path in _by_district(stage, "entitlements"):
        officer = place(path.stem[-6:]).officer
        stage.bring_in_both("entitlements", path, maker=officer, checker=REG1)
    stage.bring_in_both("budgets", DEMO / "budgets.csv", maker=REG1, checker=REG2)
    rights = rows_of("entitlements")
    stage.voice.say(f"{len(rights)} standing rights confirmed, budgets of {YEAR} decided.")


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
    planned = {}
    for (district, measure), path in _plans(stage.papers).items():
        header = {"district": district, "year": YEAR, "measure": measure}
        officer = place(district).officer
        answer = stage.bring_in("allocations", path, actor=officer, header=header)[0]
        planned[district, measure] = answer.result
    stage.at(dates()["pre_issued"], minute=540)
    for (district, measure), plan in planned.items():
        issue = IssueAllocations(
            district=district,
            year=YEAR,
            measure=measure,  # type: ignore[arg-type]
            plan_hash=plan["plan_hash"],
            document=f"示例能配〔2025〕{place(district).short}号",
        )
        stage.do_both(issue, maker=place(district).officer, checker=REG1)
    stage.voice.table(
        "Pre-issued: 60 % of the planned quota, restricted until it is trued up",
        ("district 区县", "measure", "enterprises", "quota t", "pre-issued t"),
        (
            (
                f"{place(district).name} {place(district).name_en}",
                measure,
                str(plan["planned"]),
                format_tce(plan["granted"]),
                format_tce(plan["pre_issued"]),
            )
            for (district, measure), plan in planned.items()
        ),
    )


def _plans(papers: Path) -> dict[tuple[str, str], Path]:
    """Write one plan file a district and measure, as their officers would send them."""
    district_of = {row["id"]: row["district"] for row in rows_of("enterprises")}
    plans = defaultdict(list)
    for row in rows_of("plan"):
        measure = row.pop("measure")
        plans[district_of[row["enterprise"]], measure].append(row)
    paths = {}
    for (district, measure), lines in plans.items():
        path = papers / f"plan-{district}-{measure}.csv"
        write_csv(path, lines)
        paths[district, measure] = path
    return paths


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows with the columns of the first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
