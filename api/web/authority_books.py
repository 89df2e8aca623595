"""
The indicator ledger (能耗指标台账) of a district, as a page and as a file, and what changes it.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Response as File
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, seen
from api.faces import faces
from api.read import cockpit, indicators
from api.read import districts as reading
from api.table_check import workbook_of
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key, worded
from api.web.authority_frame import Row, authority, listed, measure_of, year_of
from api.web.shown import t
from api.workbook import written
from ledger.command import Payload
from ledger.days import day_of, text_of
from ledger.districts.lend import GiveBackBudget, LendBudget, MoveBudget
from ledger.districts.uncovered import SetUncovered
from ledger.errors import Refused
from ledger.parties.tables import DistrictRow
from ledger.units import parse_kgce

ROWS_MAX = 100_000
LINES = {
    "cap": ("下达预算", "cap set"),
    "cap_lowered": ("核减预算", "cap lowered"),
    "reserved": ("提取预留", "reserved"),
    "reserve_released": ("动用预留", "reserve released"),
    "moved_in": ("调剂转入", "moved in"),
    "moved_out": ("调剂转出", "moved out"),
    "lent_in": ("借入或收回", "borrowed or taken back"),
    "lent_out": ("借出或归还", "lent or given back"),
    "uncovered_use": ("未覆盖用能", "use no quota covers"),
    "released_closure": ("关停腾出", "released by closure"),
    "released_retrofit": ("技改腾出", "released by retrofit"),
    "released_renewable": ("新增可再生能源腾出", "released by renewables"),
    "released_management": ("加强管理腾出", "released by management"),
    "released_elimination": ("淘汰落后腾出", "released by elimination"),
    "released_overcapacity": ("化解过剩产能腾出", "released by cuts of overcapacity"),
    "revoked_release": ("撤销腾出", "release revoked"),
    "revoked_quota": ("收回腾出指标", "freed quota revoked"),
    "freed_quota": ("签发腾出指标", "freed quota issued"),
    "listed_quota": ("能耗单列", "listed for a project"),
    "split_down": ("分解到下级地区", "split down"),
}
PARTS = {
    "cap": ("预算总量", "cap"),
    "reserved": ("预留", "reserved"),
    "committed": ("已承诺未发", "promised"),
    "issued": ("已发放", "issued"),
    "uncovered": ("未覆盖用能（居民、服务业、交通等）", "use no quota covers"),
    "freed": ("已签发腾出指标", "freed quota issued"),
    "listed": ("能耗单列", "listed for projects"),
    "split": ("分解到下级地区", "split down"),
}
HEADINGS = (
    ("登记时间", "Recorded at"),
    ("事项", "Line"),
    ("收入", "Intake"),
    ("支出", "Outlay"),
    ("余额", "Balance"),
    ("文件", "Document"),
    ("规则", "Rule"),
    ("命令", "Command"),
)
_WIDTHS = (20, 20, 18, 18, 18, 28, 10, 10)
STEPS: Mapping[str, type[Payload]] = {
    "uncovered": SetUncovered,
    "move": MoveBudget,
    "lend": LendBudget,
    "give_back": GiveBackBudget,
}


@authority.get("/authority/districts/<code>/book")
def book(code: str) -> str:
    """Show the indicator ledger of a district's budget: every change and what is left."""
    return _page(code)


@authority.get("/authority/districts/<code>/book.<form>")
def book_file(code: str, form: str) -> File:
    """Give the indicator ledger as a file, CSV or a workbook, in tce or tonnes."""
    if form not in ("csv", "xlsx"):
        raise NotFound
    with faces().read() as connection:
        _place(connection, code)
        rows = _cells(_lines(connection, code, _year(connection), measure_of()))
    headings = [t(*one) for one in HEADINGS]
    if form == "csv":
        text = io.StringIO()
        csv.writer(text).writerows([headings, *rows])
        return File("\ufeff" + text.getvalue(), mimetype="text/csv")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return File(workbook_of(_writer(headings, rows)), mimetype=kind)


@authority.post("/authority/districts/<code>/uncovered")
def set_uncovered(code: str) -> str | Response | tuple[str, int]:
    """Propose how much of a district's budget is for use that no quota covers."""
    return _propose(code, "uncovered", {**_budget(), "district": code})


@authority.post("/authority/districts/<code>/moves")
def move_budget(code: str) -> str | Response | tuple[str, int]:
    """Propose to move or lend budget to another district, or to give back what was lent."""
    step = request.form.get("way", "")
    if step == "give_back":
        return _propose(code, step, {"taker": code, "document": request.form.get("document", "")})
    if step not in ("move", "lend"):
        raise NotFound
    taker = request.form.get("taker", "")
    return _propose(code, step, {**_budget(), "giver": code, "taker": taker})


def _budget() -> dict[str, Any]:
    form = request.form
    year = form.get("year", "")
    return {
        "year": int(year) if len(year) == 4 and year.isascii() and year.isdigit() else 0,
        "measure": form.get("measure", ""),
        "amount": form.get("amount", ""),
        "document": form.get("document", ""),
    }


def _propose(code: str, step: str, document: dict[str, Any]) -> str | Response | tuple[str, int]:
    try:
        if "amount" in document:
            document["amount"] = parse_kgce(document["amount"].strip())
    except Refused as refused:
        outcome: Any = worded(refused)
    else:
        outcome = attempt(STEPS[step], document)
    if isinstance(outcome, Refusal):
        return _page(code, refusal=outcome), outcome.status
    number = outcome.answer.result.get("proposal", outcome.answer.sequence)
    flash(
        t(
            f"已提交复核，编号 {number}；第二人批准后记入台账。",
            f"Proposed as number {number}; it enters the ledger when a second person approves.",
        ),
        "done",
    )
    year = document.get("year")
    there = url_for("authority.book", code=code, measure=measure_of(), year=year)
    return redirect(there, 303)


def _page(code: str, *, refusal: Refusal | None = None) -> str:
    measure = measure_of()
    with faces().read() as connection:
        place = _place(connection, code)
        year = _year(connection)
        query = indicators.lines(seen(), district=code, year=year, measure=measure)
        rows, cursor = listed(connection, query, indicators.keys_of(query))
        left = indicators.headroom(connection, place, year=year)
        siblings = _siblings(connection, code)
        years = cockpit.budget_years(connection)
    words.know(words.grounded_on(row["document"]) for row in rows)
    own = next((one for one in left["own"] if one["measure"] == measure), None)
    return render_template(
        "authority/book.html",
        place=place,
        year=year,
        years=years,
        measure=measure,
        rows=rows,
        cursor=cursor,
        own=own,
        with_below=left["with_below"] if left["districts_count"] > 1 else (),
        parts_named=PARTS,
        called=called,
        siblings=siblings,
        at=text_of,
        key=fresh_key(),
        refusal=refusal,
    )


def called(line: str) -> str:
    """Return what a line of the indicator ledger is called."""
    return t(*LINES[line]) if line in LINES else words.entry_code(line)


def _place(connection: sa.Connection, code: str) -> dict[str, Any]:
    found = connection.execute(reading.district(seen(), code)).mappings().first()
    if found is None:
        raise NotFound
    return dict(found)


def _year(connection: sa.Connection) -> int:
    years = cockpit.budget_years(connection)
    return year_of() or (years[0] if years else day_of(faces().gateway.now()).year)


def _lines(connection: sa.Connection, code: str, year: int, measure: str) -> list[Row]:
    query = indicators.lines(seen(), district=code, year=year, measure=measure)
    ordered = query.order_by(*indicators.keys_of(query)).limit(ROWS_MAX)
    return [dict(row) for row in connection.execute(ordered).mappings()]


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    return [
        [
            text_of(row["recorded_at"]),
            called(row["line"]),
            _plain(row["amount"]) if row["amount"] > 0 else "",
            _plain(-row["amount"]) if row["amount"] < 0 else "",
            _plain(row["balance"]),
            _inert(words.ground(row["document"])),
            row["rule"],
            str(row["command"]),
        ]
        for row in rows
    ]


def _plain(amount: int) -> str:
    """Return minor units in thousands with three decimals and no grouping, for a spreadsheet."""
    whole, rest = divmod(abs(amount), 1_000)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:03}"


def _inert(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _writer(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with written(path) as made:
            sheet = made.sheet(t("能耗指标台账", "Indicator ledger"), headings, _WIDTHS)
            for position, cells in enumerate(rows, start=1):
                made.row(sheet, position, cells)

    return write


def _siblings(connection: sa.Connection, code: str) -> list[Row]:
    """Return the other districts of the same city, to which budget may move."""
    parent = sa.select(DistrictRow.parent).where(DistrictRow.code == code).scalar_subquery()
    query = sa.select(DistrictRow.code, DistrictRow.name, DistrictRow.name_en).where(
        DistrictRow.parent == parent, DistrictRow.parent != "", DistrictRow.code != code
    )
    return [dict(row) for row in connection.execute(query.order_by(DistrictRow.code)).mappings()]
