"""
Files of calculation sheets and of trials: JSON to be recomputed, and tables for a spreadsheet.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from api.workbook import written
from ledger.allocation.what_if import Outcome
from ledger.export_sheets import Cell

CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_SHEET_TITLES = {
    "zh": (
        "计算书",
        ("步骤", "公式", "依据", "结果", "单位", "取整", "规则"),
        ("项目", "内容"),
        "说明",
    ),
    "en": (
        "Calculation sheet",
        ("Step", "Formula", "Inputs", "Result", "Unit", "Rounding", "Rule"),
        ("Item", "Content"),
        "About",
    ),
}
TRIAL_COLUMNS = (
    "enterprise",
    "product",
    "sector",
    "method",
    "before",
    "requested",
    "granted",
    "pre_issued",
    "difference",
)
_TRIAL_TITLES = {
    "zh": (
        *("用能单位", "产品", "行业", "方法", "原核定", "方法核算", "拟核定", "预发", "增减"),
        *("试算", "合计"),
    ),
    "en": (
        *("Enterprise", "Product", "Sector", "Method", "Before", "Requested", "Granted"),
        *("Pre-issued", "Difference", "Trial", "Totals"),
    ),
}
_TRIAL_TOTALS_ZH = {
    "rows": "行数",
    "before": "原核定合计",
    "requested": "方法核算合计",
    "granted": "拟核定合计",
    "pre_issued": "预发合计",
    "difference": "增减合计",
    "winners": "增加户数",
    "losers": "减少户数",
    "unchanged": "不变户数",
    "headroom": "预算余量",
}


def write_sheet(path: Path, document: Mapping[str, Any], *, language: str) -> None:
    """Write a sheet's document as a workbook: its steps, and what it is about."""
    title, headings, about_headings, about_title = _SHEET_TITLES[language]
    with written(path) as book:
        sheet = book.sheet(title, headings, (28, 44, 60, 16, 8, 28, 10))
        for position, step in enumerate(document["sheet"]["steps"], start=1):
            inputs = "; ".join(f"{name} = {text}" for name, text in step["inputs"].items())
            cells = (step["name"], step["formula"], inputs, step["result"], step["unit"])
            book.row(sheet, position, (*cells, step["rounding"], step["rule"]))
        about = book.sheet(about_title, about_headings, (24, 70))
        for position, (name, text) in enumerate(_about(document), start=1):
            book.row(about, position, (name, text))


def _about(document: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, text in document["allocation"].items():
        yield name, str(text)
    yield "stage", document["stage"]
    yield from document["figures"].items()
    yield "pack_version", document["sheet"]["pack_version"]
    yield "check_code", document["check_code"]


def trial_rows(outcome: Outcome) -> list[list[Cell]]:
    """Return the rows of a trial in the order of `TRIAL_COLUMNS`."""
    return [[getattr(row, name) for name in TRIAL_COLUMNS] for row in outcome.rows]


def trial_csv(outcome: Outcome) -> str:
    """Return a trial as CSV, readable by Excel, amounts in kgce (kg)."""
    text = io.StringIO()
    rows: Sequence[Sequence[object]] = [TRIAL_COLUMNS, *trial_rows(outcome)]
    csv.writer(text).writerows(rows)
    return "\ufeff" + text.getvalue()


def write_trial(path: Path, outcome: Outcome, *, language: str) -> None:
    """Write a trial as a workbook: its rows, and their totals."""
    *headings, title, totals_title = _TRIAL_TITLES[language]
    with written(path) as book:
        sheet = book.sheet(title, headings, [18] * len(headings))
        for position, row in enumerate(trial_rows(outcome), start=1):
            book.row(sheet, position, row)
        totals = book.sheet(totals_title, (totals_title, ""), (24, 20))
        for position, (name, amount) in enumerate(outcome.totals().items(), start=1):
            said = _TRIAL_TOTALS_ZH[name] if language == "zh" else name
            book.row(totals, position, (said, amount))
