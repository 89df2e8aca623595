"""
The words of the authority's pages, in Chinese and English, by what the ledger calls them.
"""

MEASURES = {
    "energy": ("能源", "energy"),
    "coal": ("煤炭", "coal"),
    "capacity-clinker": ("熟料产能", "clinker capacity"),
    "pollutant-nox": ("氮氧化物", "nitrogen oxides"),
}
PURPOSES = {
    "holding": ("可用指标", "free quota"),
    "held": ("委托锁定", "held by orders"),
    "bought": ("买入限售", "bought, not yet saleable"),
    "restricted": ("预分配（不得出售）", "pre-issued, not saleable"),
    "pledged": ("质押", "pledged"),
    "frozen": ("冻结", "frozen"),
    "entitlement": ("存续用能权", "standing right"),
    "cash": ("资金", "cash"),
    "cash_held": ("委托锁定资金", "cash held by orders"),
    "budget": ("预算", "budget"),
    "reserve": ("预留", "reserve"),
}
SCHEME = {
    "scheme:issuance": ("指标发行", "issuance"),
    "scheme:expired": ("到期作废", "expired"),
    "scheme:cancelled": ("注销", "cancelled"),
    "scheme:converted": ("结转换发", "converted for banking"),
    "bank:settlement": ("结算银行", "settlement bank"),
    "venue:fees": ("交易手续费", "trading fees"),
    "treasury:usage_fees": ("有偿使用费", "usage fees"),
    "treasury:sales": ("政府出让收入", "proceeds of public sales"),
}
ENTRIES = {
    "budget": ("下达预算", "budget set"),
    "confirmation": ("确权", "right confirmed"),
    "allocation": ("分配", "allocation"),
    "true_up": ("核定补发", "true-up"),
    "clawback": ("收回", "claw-back"),
    "transfer": ("划转", "transfer"),
    "freed_quota": ("确认腾出", "freed quota"),
    "substitution": ("替代注销", "substitution"),
    "hold": ("锁定", "hold"),
    "release": ("解锁", "release"),
    "trade": ("成交", "trade"),
    "resale": ("限售期满", "resale period over"),
    "deposit": ("入金", "deposit"),
    "withdrawal": ("出金", "withdrawal"),
    "surrender": ("清缴", "surrender"),
    "expiry": ("到期作废", "expiry"),
    "banking": ("结转", "banking"),
    "cancellation": ("注销", "cancellation"),
    "reversal": ("冲正", "reversal"),
}
STATES = {
    "open": ("待复核", "waiting"),
    "approved": ("已批准", "approved"),
    "rejected": ("已退回", "rejected"),
    "expired": ("已过期", "expired"),
}
FIGURES = {
    "energy_total": ("能源消费总量", "energy consumption"),
    "energy_intensity": ("单位产值能耗", "energy intensity"),
    "gdp": ("地区生产总值", "GDP"),
    "target_intensity_reduction": ("能耗强度下降目标", "target: intensity down by"),
    "target_intensity_reduction_incentive": (
        "能耗强度下降激励目标",
        "incentive target: intensity down by",
    ),
}
FIGURE_UNITS = {
    "tce": ("吨标准煤", "tce"),
    "10k_tce": ("万吨标准煤", "10,000 tce"),
    "100m_yuan": ("亿元", "100 million yuan"),
    "tce_per_10k_yuan": ("吨标准煤/万元", "tce per 10,000 yuan"),
    "percent": ("%", "%"),
}
PRODUCTS = {
    "clinker": ("熟料", "clinker"),
    "cement": ("水泥", "cement"),
    "steel": ("粗钢", "crude steel"),
    "sodaash": ("纯碱", "soda ash"),
    "methanol": ("甲醇", "methanol"),
    "power": ("发电", "electricity"),
    "glass": ("平板玻璃", "flat glass"),
    "ammonia": ("合成氨", "ammonia"),
    "olefin": ("烯烃", "olefins"),
    "cloth": ("印染布", "dyed cloth"),
    "food": ("食品", "food"),
    "machine": ("机械", "machines"),
    "itload": ("机房信息设备用电", "IT load"),
}
PACK_UNITS = {
    "switch": ("是否", "yes or no"), "count": ("个", "count"), "day": ("天", "days"),
    "workday": ("工作日", "working days"), "hour": ("小时", "hours"), "month": ("个月", "months"),
    "year": ("年", "years"), "basis_points": ("基点", "basis points"),
    "tce": ("吨标准煤", "tce"), "t": ("吨", "t"), "kwh": ("千瓦时", "kWh"), "fen": ("分", "fen"),
    "fen_per_tce": ("分/吨标准煤", "fen per tce"), "fen_per_t": ("分/吨", "fen per t"),
    "share": ("比例", "share"), "ratio": ("倍", "ratio"), "percentage_point": ("百分点", "points"),
    "pue": ("PUE", "PUE"), "hour_per_year": ("小时/年", "hours a year"), "mw": ("兆瓦", "MW"),
    "10k_kw": ("万千瓦", "10,000 kW"), "percentage": ("%", "%"),
    "100m_kwh": ("亿千瓦时", "100 million kWh"),
    "kgce_per_kwh": ("千克标准煤/千瓦时", "kgce per kWh"),
    "gce_per_kwh": ("克标准煤/千瓦时", "gce per kWh"),
    "kgce_per_gj": ("千克标准煤/吉焦", "kgce per GJ"),
    "kgce_per_t": ("千克标准煤/吨", "kgce per t"),
    "kgce_per_m2": ("千克标准煤/平方米", "kgce per m²"),
    "kgce_per_person": ("千克标准煤/人", "kgce per person"),
    "date": ("日期", "day"), "choice": ("选项", "choice"), "choices": ("选项", "choices"),
    "text": ("文字", "text"), "texts": ("文字", "texts"), "sessions": ("时段", "sessions"),
    **FIGURE_UNITS,
}  # fmt: skip
