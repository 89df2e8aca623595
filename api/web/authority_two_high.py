"""
The two-high register and the closed loop of its projects, as pages and as workbooks.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Response as File
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, reach_of
from api.faces import faces
from api.read import two_high as reading
from api.read.policy import policy_of
from api.table_check import workbook_of
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key
from api.web.authority_frame import Row, authority, filter_of, listed
from api.web.shown import t
from api.workbook import written
from ledger.command import Payload
from ledger.days import day_of
from ledger.parties.tables import DistrictRow
from ledger.policy import as_texts
from ledger.substitution.project_tables import IndustryRow, TwoHighRow
from ledger.substitution.read_terms import Reader
from ledger.substitution.register_steps import ClassifyTwoHigh, MoveTwoHigh
from ledger.substitution.tables import ProjectRow

STATES = {
    "proposed": ("拟建", "proposed"),
    "under_construction": ("在建", "under construction"),
    "existing": ("存量", "existing"),
    "removed": ("已移出清单", "removed"),
}
DISPOSITIONS = {
    "keep": ("保留", "keep"),
    "upgrade": ("改造提升", "upgrade"),
    "rectify": ("限期整改", "rectify"),
    "phase_out": ("有序退出", "phase out"),
}
CATEGORIES = {
    "two_high": ("两高", "two-high"),
    "two_high_one_low": ("两高一低", "two-high-one-low"),
}
STAGES = {
    "registered": ("已登记，待列替代方案", "registered, without a plan"),
    "planned": ("已列方案，来源已预占", "planned, sources reserved"),
    "accepted": ("已通过，来源已注销", "accepted, sources retired"),
    "commissioned": ("已投产", "commissioned"),
    "closed": ("已结案", "closed"),
    "withdrawn": ("已撤回", "withdrawn"),
}
ROWS_MAX = 100_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STEPS: Mapping[str, type[Payload]] = {"classify": ClassifyTwoHigh, "move": MoveTwoHigh}


@authority.get("/authority/two-high")
def two_high() -> str:
    """List the two-high register, by state and by what is due for review."""
    today = day_of(faces().gateway.now()).isoformat()
    with faces().read() as connection:
        query = reading.register(reach_of(125), _asked(today))
        rows, cursor = listed(connection, query, [TwoHighRow.id], newest_first=False)
        named = _industries(connection)
    words.know(row["enterprise"] for row in rows)
    return render_template(
        "authority/two_high.html",
        rows=rows,
        cursor=cursor,
        industries=named,
        states=STATES,
        state=filter_of("state"),
        is_due=bool(filter_of("due")),
        today=today,
        disposition=_disposition,
    )


@authority.get("/authority/two-high.xlsx")
def two_high_workbook() -> File:
    """Give the register as a workbook, with the filters of the page."""
    today = day_of(faces().gateway.now()).isoformat()
    with faces().read() as connection:
        query = reading.register(reach_of(125), _asked(today)).order_by(TwoHighRow.id)
        rows = [dict(row) for row in connection.execute(query.limit(ROWS_MAX)).mappings()]
        named = _industries(connection)
    headings = (
        *(t("编号", "Id"), t("名称", "Name"), t("企业", "Enterprise"), t("地区", "District")),
        *(t("行业", "Industry"), t("类别", "Category"), t("状态", "State")),
        *(t("新增产能", "Adds capacity"), t("年用能（吨标准煤）", "Use (tce)")),
        *(t("审批层级", "Approval"), t("窗口指导", "Window guidance")),
        *(t("处置类别", "Disposition"), t("下次复查", "Next review"), t("文件", "Document")),
    )
    cells = [_register_cells(row, named) for row in rows]
    return _workbook(t("两高清单", "Two-high register"), headings, cells)


@authority.get("/authority/two-high/<code>")
def two_high_entry(code: str) -> str:
    """Show one line of the register with its steps."""
    return _entry_page(code)


@authority.post("/authority/two-high/<code>/steps")
def two_high_step(code: str) -> str | Response | tuple[str, int]:
    """Classify a line of the register, or move it on."""
    step = request.form.get("step", "")
    if step not in _STEPS:
        raise NotFound
    fields = ("disposition", "review_by") if step == "classify" else ("state",)
    document = {name: request.form.get(name, "") for name in (*fields, "document")}
    outcome = attempt(_STEPS[step], {**document, "entry": code})
    if isinstance(outcome, Refusal):
        return _entry_page(code, refusal=outcome), outcome.status
    flash(t("已记入清单。", "The register has it."), "done")
    return redirect(url_for("authority.two_high_entry", code=code), 303)


@authority.get("/authority/closed-loops")
def closed_loops() -> str:
    """Show what each accepted project promised, was given, used, owes and must put right."""
    with faces().read() as connection:
        query = reading.loops(reach_of(82), {})
        rows, cursor = listed(connection, query, [ProjectRow.id], newest_first=False)
        found = reading.with_loops(connection, rows, today=day_of(faces().gateway.now()))
    words.know(row["enterprise"] for row in found)
    return render_template(
        "authority/closed_loops.html", projects=found, cursor=cursor, stages=STAGES
    )


@authority.get("/authority/closed-loops.xlsx")
def closed_loops_workbook() -> File:
    """Give the closed loop as a workbook: a row for each project, measure and year of use."""
    with faces().read() as connection:
        query = reading.loops(reach_of(82), {}).order_by(ProjectRow.id).limit(ROWS_MAX)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        found = reading.with_loops(connection, rows, today=day_of(faces().gateway.now()))
    headings = (
        *(t("项目", "Project"), t("名称", "Name"), t("企业", "Enterprise"), t("进展", "Stage")),
        *(t("指标", "Measure"), t("承诺新增", "Promised"), t("已注销", "Retired")),
        *(t("净削减", "Net reduction"), t("年度", "Year"), t("企业用量", "Used")),
        *(t("较投产前增加", "More than before"), t("超出承诺", "Beyond the promise")),
        *(t("单位", "Unit"), t("未补欠缺", "Deficits open"), t("逾期整改", "Orders overdue")),
    )
    cells = [line for one in found for line in _loop_cells(one)]
    return _workbook(t("闭环管理", "Closed loop"), headings, cells)


def _asked(today: str) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if filter_of("state") in STATES:
        asked["state"] = filter_of("state")
    if filter_of("due"):
        asked["review_before"] = today
    return asked


def _entry_page(code: str, *, refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        row = connection.execute(reading.entry(reach_of(125), code)).mappings().first()
        if row is None:
            raise NotFound
        found = reading.with_steps(connection, [dict(row)])[0]
        named = _industries(connection)
        classes = _classes(connection, found["district"])
    words.know([found["enterprise"]])
    return render_template(
        "authority/two_high_entry.html",
        entry=found,
        industry=t(*named[found["list_version"], found["industry"]]),
        states=STATES,
        categories=CATEGORIES,
        classes=classes,
        disposition=_disposition,
        key=fresh_key(),
        refusal=refusal,
    )


def _classes(connection: sa.Connection, district: str) -> Sequence[str]:
    """Return the classes of disposition that the packs of a district name, none where none do."""
    pack = connection.execute(sa.select(DistrictRow.pack).where(DistrictRow.code == district))
    reader = Reader(policy_of(connection), pack.scalar_one(), day_of(faces().gateway.now()))
    found = reader.optional("two_high.disposition_classes")
    return () if found is None else as_texts(found)


def _industries(connection: sa.Connection) -> dict[tuple[str, str], tuple[str, str]]:
    query = sa.select(IndustryRow.version, IndustryRow.code, IndustryRow.name, IndustryRow.name_en)
    return {(version, code): (zh, en) for version, code, zh, en in connection.execute(query)}


def _disposition(name: str) -> str:
    """Return what a class of disposition is called; a pack's own word where it has another."""
    return t(*DISPOSITIONS[name]) if name in DISPOSITIONS else name


def _register_cells(row: Row, named: Mapping[tuple[str, str], tuple[str, str]]) -> list[str]:
    yes, no = t("是", "yes"), t("否", "no")
    return [
        row["id"],
        row["name"],
        row["enterprise"],
        row["district"],
        t(*named[row["list_version"], row["industry"]]),
        t(*CATEGORIES[row["category"]]),
        t(*STATES[row["state"]]),
        yes if row["adds_capacity"] == "yes" else no,
        words.number(row["energy_kgce"], "energy"),
        t("省级", "province") if row["approval"] == "province" else t("本地", "local"),
        yes if row["guidance"] == "yes" else no,
        _disposition(row["disposition"]),
        row["review_by"],
        row["document"],
    ]


def _loop_cells(project: Row) -> list[list[str]]:
    lines = []
    for one in project["measures"]:
        measure = one["measure"]
        for year in one["years"] or [{"year": "", "used": None, "more": None, "beyond": None}]:
            amounts = (one["added"], one["retired"], one["net_reduction"])
            used = (year["used"], year["more"], year["beyond"])
            lines.append(
                [
                    project["id"],
                    project["name"],
                    project["enterprise"],
                    t(*STAGES[project["stage"]]),
                    words.measure(measure),
                    *(_cell(amount, measure) for amount in amounts),
                    str(year["year"]),
                    *(_cell(amount, measure) for amount in used),
                    words.unit(measure),
                    str(project["owed_count"]),
                    str(project["overdue_count"]),
                ]
            )
    return lines


def _cell(amount: int | None, measure: str) -> str:
    return "" if amount is None else words.number(amount, measure)


def _workbook(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> File:
    return File(workbook_of(_writer(title, headings, rows)), mimetype=XLSX)


def _writer(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with written(path) as made:
            sheet = made.sheet(title, headings, [18] * len(headings))
            for position, cells in enumerate(rows, start=1):
                made.row(sheet, position, cells)

    return write
