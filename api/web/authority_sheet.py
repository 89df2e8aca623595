"""
Calculation sheets as people replay them: every step in words, its inputs, its rounding, its rule.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from api.web import authority_words as words
from api.web.shown import t

STEPS = {
    "quota by benchmarking": "基准法配额",
    "quota by historic intensity": "历史强度法配额",
    "quota by grandfathering": "历史总量法配额",
    "scaled to the cap": "按预算等比例缩减",
    "pre-issue": "预分配",
    "saleable part of the pre-issue": "预分配中可出售部分",
    "true-up": "核定补发或收回",
    "banked": "结转",
    "expired": "到期作废",
    "next-year deduction": "下年度扣减",
    "fine proposal": "罚款建议",
    "freed by closure": "关停腾出量",
    "freed by retrofit": "改造腾出量",
    "confirmed": "确认量",
    "to retire": "须替代",
    "net reduction": "净削减",
    "energy owed": "应清缴能源",
    "coal owed": "应清缴煤炭",
}
SYMBOLS = {
    "added": "新增量", "after": "改造后用能", "approved": "批复量", "banking_share": "结转比例",
    "base": "计罚基数", "base_is": "基数口径", "basis": "折算口径", "before": "改造前用能",
    "benchmark": "基准值", "cap": "上限", "claimed": "申请量", "edition": "系数版本",
    "entitlement": "存续用能权", "final": "核定配额", "freed": "腾出量",
    "highest_multiple": "最高倍数", "intensities": "各年强度", "lot": "最小单位",
    "lowest_multiple": "最低倍数", "mean": "均值", "mean_price": "年度均价", "multiplier": "倍数",
    "offered": "提供量", "output": "产量", "output_after": "改造后产量",
    "output_before": "改造前产量", "owed": "应清缴量", "past_vintages": "往年指标",
    "pre_issued": "预分配量", "quota": "配额", "ratio": "替代比例", "reduction": "下降系数",
    "report": "报告", "report_version": "报告版本", "reported": "统计用量", "retired": "注销量",
    "sector_coefficient": "行业系数", "share": "比例", "short": "缺口", "totals": "各年总量",
    "unrecovered": "未追回量", "unused": "剩余量", "unused_not_banked": "未结转剩余量",
    "year": "年份", "obligation.feedstock_counted": "原料用能是否计入",
    "obligation.own_renewables_counted": "自用可再生能源是否计入", "metering.basis": "计量口径",
}  # fmt: skip
UNITS = {
    "kgce": ("千克标准煤", "kgce"),
    "kg": ("千克", "kg"),
    "kg coal": ("千克煤", "kg of coal"),
    "fen": ("分", "fen"),
    "minor units": ("最小单位", "minor units"),
}
ROUNDINGS = {
    "none": "不取整",
    "half up to a whole unit": "四舍五入至整数",
    "up to a whole unit": "向上取整",
    "down to a whole unit": "向下取整",
    "down to a whole lot": "向下取整至最小交易单位",
    "largest remainder, ties by enterprise code": "最大余数法，同余按单位编号",
}
MEASURE_OF_UNIT = {"kgce": "energy", "kg": "coal", "kg coal": "coal", "fen": "cash"}


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step in words; *also* is the result in the unit that pages use."""

    name: str
    formula: str
    inputs: tuple[tuple[str, str], ...]
    result: str
    unit: str
    also: str
    rounding: str
    rule: str


def sheet_of(encoded: str | None, *, measure: str = "") -> list[ShownStep]:
    """Return the steps of a sheet, JSON text; *measure* tells what minor units are."""
    if not encoded:
        return []
    return [_shown(step, measure) for step in json.loads(encoded)["steps"]]


def packs_of(encoded: str | None) -> str:
    """Return the versions of the policy packs that a sheet used, shortened."""
    if not encoded:
        return ""
    packs = str(json.loads(encoded)["pack_version"]).replace(";", ",").split(",")
    return ", ".join(pack.strip()[:32] for pack in packs)


def _shown(step: Mapping[str, object], measure: str) -> ShownStep:
    inputs = step["inputs"]
    assert isinstance(inputs, Mapping)
    unit, result = str(step["unit"]), str(step["result"])
    name, _, about = str(step["name"]).partition(": ")
    found = about or MEASURE_OF_UNIT.get(unit, measure)
    said = t(STEPS.get(name, name), name) + (f"：{words.measure(about)}" if about else "")
    return ShownStep(
        name=said,
        formula=_formula(str(step["formula"])),
        inputs=tuple((_symbol(each), _grouped(str(value))) for each, value in inputs.items()),
        result=_grouped(result),
        unit=t(*UNITS.get(unit, (unit, unit))),
        also=_also(result, found),
        rounding=t(
            ROUNDINGS.get(str(step["rounding"]), str(step["rounding"])), str(step["rounding"])
        ),
        rule=str(step["rule"]),
    )


def _also(result: str, measure: str) -> str:
    if not measure or not result.lstrip("-").isdigit():
        return ""
    if measure.startswith("capacity-"):
        return f"{_grouped(result)} {words.unit(measure)}"
    return words.amount(int(result), measure)


def _formula(text: str) -> str:
    """Return a formula with its symbols in the language of the page."""
    if t("zh", "en") == "en":
        return text
    for symbol in sorted(SYMBOLS, key=len, reverse=True):
        text = _replaced(text, symbol)
    return text.replace("verified energy of the report", "经核查报告的用能量").replace(
        "verified coal of the report", "经核查报告的用煤量"
    )


def _replaced(text: str, symbol: str) -> str:
    return re.sub(rf"(?<![A-Za-z_.]){re.escape(symbol)}(?![A-Za-z_])", SYMBOLS[symbol], text)


def _symbol(name: str) -> str:
    return t(SYMBOLS.get(name, name), name.replace("_", " "))


def _grouped(text: str) -> str:
    """Return digits in groups of three; anything else as it is, hashes shortened."""
    if text.lstrip("-").isdigit() and len(text) > 4:
        return f"{int(text):,}"
    if len(text) == 64:
        return text[:12] + "…"
    words_zh = {"none": "无", "all": "全部", "no limit": "不限", "true": "是", "false": "否"}
    return t(words_zh.get(text, text), text)
