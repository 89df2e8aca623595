"""
The words of the demonstration: every word that more than one sentence needs, in both languages.
"""

from typing import Literal, NamedTuple

from ledger.errors import Fact
from ledger.units import format_tce, format_yuan

Language = Literal["zh", "en"]


class Words(NamedTuple):
    """The same in Chinese and in English."""

    zh: str
    en: str

    def within(self, language: Language) -> str:
        """Return what is said in *language*."""
        return self.zh if language == "zh" else self.en


YES, NO = Words("是", "yes"), Words("否", "no")

MEASURES = {
    "energy": Words("能源", "energy"),
    "coal": Words("煤炭", "coal"),
    "carbon": Words("碳排放", "carbon"),
    "pollutant-nox": Words("氮氧化物", "nitrogen oxides"),
    "capacity-clinker": Words("熟料产能", "clinker capacity"),
}

TCE = Words("吨标准煤", "tce")
TONNES = Words("吨", "t")
YUAN = Words("元", "yuan")
MEASURE_UNITS = {
    "energy": TCE,
    "coal": TONNES,
    "carbon": Words("吨二氧化碳", "t of CO2"),
    "pollutant-nox": TONNES,
    "capacity-clinker": Words("吨/年", "t a year"),
}

FIGURE_UNITS = {
    "10k_tce": Words("万吨标准煤", "10,000 tce"),
    "tce_per_10k_yuan": Words("吨标准煤/万元", "tce per 10,000 yuan"),
    "percent": Words("%", "%"),
}

PUBLISHED = {
    "energy_total": Words("能源消费总量", "energy consumption"),
    "energy_intensity": Words("单位产值能耗", "energy intensity"),
    "target_intensity_reduction": Words("能耗强度下降目标", "target: intensity down by"),
    "target_intensity_reduction_incentive": Words(
        "能耗强度下降激励目标", "incentive target: intensity down by"
    ),
}

STATUSES = {
    "confirmed": Words("已确认", "confirmed"),
    "analogue": Words("类比", "analogue"),
    "unconfirmed": Words("未确认", "unconfirmed"),
    "decided_here": Words("自行设定", "decided here"),
    "sample": Words("示例", "sample"),
}

PENALTIES = {
    "fine": Words("罚款", "a fine"),
    "credit_record": Words("记入信用记录", "a credit record"),
}

PHASES = {
    "pre_open": Words("开市前", "before the opening"),
    "call": Words("集合竞价", "call auction"),
    "call_locked": Words("集合竞价（不可撤单）", "call auction, no cancels"),
    "quiet": Words("休市", "pause"),
    "continuous": Words("连续竞价", "continuous"),
    "closed": Words("收市", "closed"),
    "halted": Words("停牌", "halted"),
}

FACTS = {
    "accepted": Words("可接受来源", "accepted"),
    "available": Words("可用", "available"),
    "checkpoint_root": Words("外部检查点的根", "root kept outside"),
    "compliance_year": Words("履约年度", "compliance year"),
    "export_root": Words("导出数据的根", "root of the export"),
    "last_day": Words("最后一日", "last day"),
    "measure": Words("指标", "measure"),
    "needed": Words("需要", "needed"),
    "offered": Words("提供", "offered"),
    "origin": Words("来源类别", "origin"),
    "project": Words("项目", "project"),
    "short": Words("缺", "short by"),
    "source": Words("替代来源", "source"),
    "today": Words("台账当日", "day of the ledger"),
}
AMOUNTS = ("available", "needed", "offered", "short")
"""The facts that are amounts, in minor units of the measure."""

VALUES = {
    **MEASURES,
    "two_high": Words("两高行业腾出", "freed in two-high trades"),
    "other": Words("非两高行业腾出", "freed outside two-high trades"),
}

FIGURES = {
    "enterprises": (Words("用能单位", "enterprises"), Words("家", "")),
    "commands": (Words("指令", "commands"), Words("条", "")),
    "entries": (Words("凭证", "entries"), Words("张", "")),
    "postings": (Words("分录", "postings"), Words("笔", "")),
    "orders": (Words("申报", "orders"), Words("笔", "")),
    "trades": (Words("成交", "trades"), Words("笔", "")),
    "tce_allocated": (Words("分配的配额", "allocated"), TCE),
    "tce_freed": (Words("腾出的指标", "freed"), TCE),
    "tce_substituted": (Words("用于替代的指标", "retired in substitution"), TCE),
    "tce_net_reduction": (Words("替代后的净削减", "net reduction by substitution"), TCE),
    "tce_traded": (Words("成交量", "traded"), TCE),
    "tce_surrendered": (Words("已清缴", "surrendered"), TCE),
    "tce_short": (Words("缺口", "short"), TCE),
    "cash_turnover_fen": (Words("成交金额", "turnover"), YUAN),
    "imbalance": (Words("借贷差额", "out of balance"), Words("", "")),
    "seconds": (Words("用时", "time taken"), Words("秒", "seconds")),
}
"""The figures at the end and their units, in the order in which they are shown."""


def amount(measure: str, minor: int) -> Words:
    """Return an amount with its unit; *minor* is kgce, kg, or whole t a year of capacity."""
    number, unit = amount_text(measure, minor), MEASURE_UNITS[measure]
    return Words(f"{number} {unit.zh}", f"{number} {unit.en}")


def amount_text(measure: str, minor: int) -> str:
    """Return an amount without its unit; capacity alone is counted in whole tonnes."""
    return f"{minor:,}" if measure.startswith("capacity") else format_tce(minor)


def yuan(fen: int) -> Words:
    """Return an amount of money with its unit."""
    return Words(f"{format_yuan(fen)} {YUAN.zh}", f"{format_yuan(fen)} {YUAN.en}")


def measured_in(measure: str) -> Words:
    """Return a measure and its unit, as the first cells of a row."""
    name, unit = MEASURES[measure], MEASURE_UNITS[measure]
    return Words(f"{name.zh}（{unit.zh}）", f"{name.en}, {unit.en}")


def fact(name: str, value: Fact, *, measure: str) -> Words:
    """Return a fact of a refusal as words; an amount is one of *measure*."""
    called = FACTS.get(name, Words(name, name))
    if name in AMOUNTS:
        said = amount(measure, int(value))
    else:
        said = VALUES.get(str(value), Words(str(value), str(value)))
    return Words(f"{called.zh} {said.zh}", f"{called.en} {said.en}")
