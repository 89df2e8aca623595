"""
Duplicates: pairs of records that may be one reduction, side by side, and what officers found.
"""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import may_do, reach_of
from api.faces import faces
from api.read.duplicates import report_of
from api.web.act import Refusal, attempt, fresh_key
from api.web.authority_frame import authority
from api.web.shown import t
from ledger.coordination.dispose import DisposeDuplicate

REASONS = {
    "same_facility_days_measure": (
        "同一设施、期间重叠、同一指标",
        "same facility, overlapping days, same measure",
    ),
    "same_evidence": ("同一证据文件", "same evidence"),
    "same_decision": ("同一决定文号和数量", "same decision and amount"),
    "same_serials": ("绿证编号重叠", "overlapping certificate serials"),
    "equipment": ("设备编号相同", "equipment number"),
    "evidence": ("证据重复使用", "reused evidence"),
    "credit_code": ("信用代码相同", "credit code"),
    "address": ("地址相同", "address"),
    "name": ("名称相同（不计空格、全半角、公司后缀）", "name, but for spaces, width and endings"),
    "decision": ("决定文号相同", "decision"),
    "amount": ("数量相差不超过 1%", "amounts within 1 %"),
    "days": ("期间重叠", "overlapping days"),
    "adjacent": ("期间相接", "adjacent days"),
}
SCHEMES = {
    "freed": ("腾出指标", "freed quota"),
    "other_province": ("外省登记", "another province"),
    "carbon": ("碳市场", "carbon market"),
    "certificate": ("绿证", "green certificates"),
    "energy_saving": ("节能量", "energy saving"),
}
FINDINGS = {"same": ("同一削减", "the same"), "different": ("不同削减", "different")}
SHOWN_MAX = 100


@authority.get("/authority/duplicates")
def duplicates() -> str:
    """Show what may count twice; exact matches that nobody judged come first."""
    return _page()


@authority.post("/authority/duplicates/dispose")
def dispose_duplicate() -> str | Response | tuple[str, int]:
    """Judge a pair."""
    names = ("first", "second", "finding", "reason")
    document = {name: request.form.get(name, "").strip() for name in names}
    outcome = attempt(DisposeDuplicate, document)
    if isinstance(outcome, Refusal):
        return _page(outcome), outcome.status
    flash(t("认定已记录，可随时重新认定。", "The finding is kept; it can be judged anew."), "done")
    return redirect(url_for("authority.duplicates"), 303)


def _page(refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        report = report_of(connection, reach_of(143))
    return render_template(
        "authority/duplicates.html",
        report=report,
        pairs=[(fresh_key(), pair) for pair in report["pairs"][:SHOWN_MAX]],
        reasons=REASONS,
        schemes=SCHEMES,
        findings=FINDINGS,
        may_judge=may_do(144),
        refusal=refusal,
    )
