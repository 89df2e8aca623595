"""
The authority's first page: budgets, progress of compliance, what waits, alerts in words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import render_template, url_for

from api.door import may_do, reach_of, seen, visitor
from api.faces import faces
from api.read import cockpit
from api.read.districts import budgets, with_headroom
from api.read.proposals import proposals
from api.web import authority_words as words
from api.web.authority_frame import Row, authority, year_of
from api.web.shown import t
from ledger.days import day_of
from ledger.districts.tables import BudgetRow
from ledger.tables import ProposalRow

WAITING_MAX = 20


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that wants doing, in a sentence, and where."""

    sentence: str
    url: str


@authority.get("/authority/")
def index() -> str:
    """Show the cockpit."""
    with faces().read() as connection:
        years = cockpit.budget_years(connection)
        year = year_of() or (years[0] if years else day_of(faces().gateway.now()).year)
        found = _budgets(connection, year)
        assessed = _assessed(connection, year)
        progress = cockpit.progress_by_district(connection, reach_of(39), assessed or year)
        levels = cockpit.warnings(connection, year)
        waiting = _waiting(connection)
        matters = cockpit.open_matters(connection, reach_of(78), reach_of(82), reach_of(39))
        terms = {row["year"]: row for row in cockpit.compliance_years(connection)}
    alerts = [*_budget_alerts(found, year), *_year_alerts(terms, progress, assessed)]
    return render_template(
        "authority/index.html",
        year=year,
        years=years,
        budgets=found,
        assessed=assessed,
        term=terms.get(assessed or year),
        progress=progress,
        levels=levels,
        waiting=waiting,
        matters=matters,
        alerts=[*alerts, *_matter_alerts(matters, year)],
        chart=_chart(found),
    )


def _budgets(connection: sa.Connection, year: int) -> list[Row]:
    query = budgets(seen(), {"year": year}).order_by(BudgetRow.measure.desc(), BudgetRow.district)
    rows: list[Row] = [dict(row) for row in connection.execute(query).mappings()]
    return with_headroom(connection, rows)


def _assessed(connection: sa.Connection, year: int) -> int | None:
    """Return the year whose compliance is shown: the one asked for, else the newest assessed."""
    newest = cockpit.assessed_year(connection)
    return newest if newest is None or year_of() is None else year


def _waiting(connection: sa.Connection) -> list[Row]:
    if not may_do(87):
        return []
    ours, asking = faces(), visitor()
    query = proposals(
        ours.gateway.subjects, asking.grants, asking.person, now=ours.gateway.now(), waiting=True
    )
    newest = query.order_by(ProposalRow.id.desc()).limit(WAITING_MAX)
    rows: list[Row] = [dict(row) for row in connection.execute(newest).mappings()]
    words.know(persons=[row["maker"] for row in rows])
    return rows


def _budget_alerts(found: list[Row], year: int) -> Iterator[Alert]:
    for row in filter(cockpit.is_nearly_used, found):
        name, left = words.district_name(row["district"]), row["headroom"]
        said = f"{words.measure(row['measure'])} {words.amount(left, row['measure'])}"
        sentence = t(
            f"{name}：{year} 年度用能空间所剩不足 {cockpit.NEARLY_NOTHING_PERCENT}%，余 {said}。",
            f"{name}: less than {cockpit.NEARLY_NOTHING_PERCENT}% of {year} is left, {said}.",
        )
        url = url_for("authority.district", code=row["district"], year=year)
        yield Alert(sentence, url)


def _year_alerts(
    terms: dict[int, Row], progress: list[Row], assessed: int | None
) -> Iterator[Alert]:
    term = terms.get(assessed or 0)
    short = sum(row["short_enterprises"] for row in progress)
    if term is None or not short:
        return
    days = (date.fromisoformat(term["deadline"]) - day_of(faces().gateway.now())).days
    zh = (
        f"距截止日 {term['deadline']} 还有 {days} 天"
        if days >= 0
        else f"截止日 {term['deadline']} 已过"
    )
    en = f"{days} days to {term['deadline']}" if days >= 0 else f"{term['deadline']} has passed"
    if term["state"] == "closed":
        zh, en = "年度已关闭，处理见欠缴处理", "the year is closed, see what follows"
    sentence = t(
        f"{term['year']} 年度有 {short} 项义务尚未清缴足额，{zh}。",
        f"{short} obligations of {term['year']} are not met in full; {en}.",
    )
    yield Alert(sentence, url_for("authority.year", year=term["year"], gap="yes"))


def _matter_alerts(matters: Row, year: int) -> Iterator[Alert]:
    said: dict[str, tuple[str, str, str]] = {
        "staged": (
            "有 {} 行分配已拟订、尚未发放。",
            "{} allocation lines are planned and not issued.",
            url_for("authority.allocations", year=year),
        ),
        "claimed": (
            "有 {} 件腾出指标申请等待审核意见。",
            "{} claims of freed quota wait for an opinion.",
            url_for("authority.freed", state="claimed"),
        ),
        "reviewed": (
            "有 {} 件腾出指标申请已审核、等待确认。",
            "{} claims of freed quota are reviewed and wait to be confirmed.",
            url_for("authority.freed", state="reviewed"),
        ),
        "due_claims": (
            "有 {} 笔欠缴指标尚未清偿。",
            "{} claims against enterprises are not settled.",
            url_for("authority.years"),
        ),
        "deductions": (
            "有 {} 笔下年度扣减尚未执行。",
            "{} deductions are not applied yet.",
            url_for("authority.years"),
        ),
    }
    for name, (zh, en, url) in said.items():
        if matters[name]:
            yield Alert(t(zh, en).format(matters[name]), url)


def _pattern(shape: str) -> dict[str, Any]:
    """Return a pattern over a colour, so that colour does not stand alone."""
    return {
        "shape": shape,
        "fillmode": "overlay",
        "fgcolor": "rgba(0, 0, 0, 0.45)",
        "fgopacity": 1,
        "size": 7,
        "solidity": 0.15,
    }


def _chart(found: list[Row]) -> dict[str, Any] | None:
    """Return the chart of energy budgets by district: issued, still promised, reserved, free."""
    rows = cockpit.of_measure(found, "energy")
    if not rows:
        return None
    places = [words.district_name(row["district"]) for row in rows]
    parts = (
        (t("已发放", "issued"), [row["issued"] for row in rows], "#0a58ca", ""),
        (t("已承诺", "promised"), [row["committed"] for row in rows], "#8fb8f6", "/"),
        (t("预留", "reserved"), [row["reserved"] for row in rows], "#6f42c1", "x"),
        (t("用能空间", "headroom"), [row["headroom"] for row in rows], "#74b58f", "."),
    )
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": name,
                "y": places,
                "x": [amount / 1_000 for amount in amounts],
                "marker": {"color": colour, "pattern": _pattern(shape)},
                "hovertemplate": "%{y} · %{fullData.name} %{x:,.3f}<extra></extra>",
            }
            for name, amounts, colour, shape in parts
        ],
        "layout": {
            "barmode": "stack",
            "xaxis": {"title": {"text": t("吨标准煤", "tce")}, "tickformat": ",.0f"},
            "yaxis": {"autorange": "reversed", "automargin": True},
            "legend": {"orientation": "h", "y": 1.12},
            "margin": {"t": 50, "l": 110},
        },
    }
