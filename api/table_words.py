"""
The words of tables that are brought in and taken out: what each kind and each column is called.

A column is known by its field's name too, in any language; what has no words here goes by that.
"""

from collections.abc import Mapping

import msgspec

from api.csv_rows import readable_name

KINDS = {
    "roles": ("角色授予", "Roles"),
    "districts": ("行政区划", "Districts"),
    "sectors": ("行业", "Sectors"),
    "enterprises": ("用能单位", "Enterprises"),
    "facilities": ("设施", "Facilities"),
    "figures": ("地区公布数", "Figures of districts"),
    "meters": ("计量器具", "Meters"),
    "readings": ("读数", "Readings"),
    "history": ("历史用能", "Past energy use"),
    "entitlements": ("确权", "Entitlements"),
    "pre_issued": ("预发用能权证", "Pre-issued certificates"),
    "budgets": ("用能预算", "Budgets"),
    "allocations": ("分配方案", "Allocation plan"),
    "entrants": ("新增主体准入", "New entrants"),
    "facility_marks": ("设施地址与设备编号", "Facility marks"),
    "closures": ("关停腾出申请", "Claims on closures"),
    "retrofits": ("改造腾出申请", "Claims on retrofits"),
    "projects": ("项目", "Projects"),
    "industries": ("“两高”行业目录", "Two-high industries"),
    "two_high": ("“两高”清单", "Two-high register"),
    "outside_claims": ("外部削减记录", "Claims made elsewhere"),
    "carbon_memberships": ("碳市场纳入情况", "Carbon-market membership"),
    "certificates": ("绿证", "Green certificates"),
    "evaluations": ("单位能耗产出评价", "Evaluations"),
    "ratings": ("地区等级", "Ratings of districts"),
    "waivers": ("未核实参数的豁免", "Waivers"),
    "transfers": ("无价划转", "Transfers"),
    "deposits": ("入金", "Deposits"),
    "orders": ("委托", "Orders"),
}

FIELDS = {
    "person": ("人员", "Person"),
    "role": ("角色", "Role"),
    "scope": ("范围", "Scope"),
    "code": ("代码", "Code"),
    "name": ("名称", "Name"),
    "name_en": ("英文名称", "English name"),
    "parent": ("上级", "Parent"),
    "pack": ("参数包", "Policy pack"),
    "two_high": ("两高", "Two-high"),
    "id": ("编号", "Id"),
    "credit_code": ("统一社会信用代码", "Credit code"),
    "district": ("行政区划代码", "District"),
    "sector": ("行业代码", "Sector"),
    "owner_group": ("实际控制方", "Owner group"),
    "enterprise": ("用能单位编号", "Enterprise"),
    "product": ("产品", "Product"),
    "capacity": ("年产能", "Capacity a year"),
    "capacity_unit": ("产能单位", "Unit of capacity"),
    "year": ("年度", "Year"),
    "figure": ("指标名称", "Figure"),
    "value": ("数值", "Value"),
    "unit": ("单位", "Unit"),
    "status": ("状态", "Status"),
    "document": ("依据文件", "Document"),
    "rating": ("等级", "Rating"),
    "quote": ("原文", "Quote"),
    "carrier": ("能源品种", "Carrier"),
    "use": ("用途", "Use"),
    "first_month": ("起始月", "First month"),
    "first_value": ("起始读数", "First reading"),
    "facility": ("设施编号", "Facility"),
    "multiplier": ("倍率", "Multiplier"),
    "meter": ("计量器具编号", "Meter"),
    "month": ("月份", "Month"),
    "replaced_at_value": ("换表前读数", "Value at replacement"),
    "restarted_at_value": ("换表后读数", "Value at restart"),
    "evidence": ("证据（SHA-256）", "Evidence (SHA-256)"),
    "energy_tce": ("能源消费量（吨标准煤）", "Energy (tce)"),
    "coal_kg": ("煤炭消费量（千克）", "Coal (kg)"),
    "output": ("产量", "Output"),
    "basis": ("折标口径", "Basis"),
    "edition": ("系数版本", "Factor edition"),
    "measure": ("指标", "Measure"),
    "amount": ("数量（千克标准煤或千克）", "Amount (kgce or kg)"),
    "last_year": ("有效至年度", "Last year"),
    "method": ("分配方法", "Method"),
    "reduction": ("削减系数", "Reduction"),
    "sector_coefficient": ("行业系数", "Sector coefficient"),
    "benchmark": ("基准值", "Benchmark"),
    "base_first_year": ("基期首年", "First base year"),
    "base_last_year": ("基期末年", "Last base year"),
    "address": ("地址", "Address"),
    "equipment": ("设备编号", "Equipment number"),
    "claim": ("申请编号", "Claim"),
    "closed_on": ("关停日", "Closed on"),
    "statistics_year": ("统计年度", "Year of statistics"),
    "statistics": ("统计用量（千克标准煤或千克）", "By statistics (kgce or kg)"),
    "approved": ("批复量（千克标准煤或千克）", "Approved (kgce or kg)"),
    "earlier": ("以前年度用量（千克标准煤或千克）", "Years before (kgce or kg)"),
    "works": ("改造工程", "Works"),
    "began_on": ("开工日", "Began on"),
    "ended_on": ("完工日", "Ended on"),
    "project": ("项目编号", "Project"),
    "qualifying": ("符合两高准入", "Qualifying"),
    "planned_major": ("国家或省规划重大项目", "Planned major"),
    "decision": ("决定文号", "Decision"),
    "industry": ("细分行业", "Industry"),
    "pollutant_standard": ("环境质量达标", "Pollutant standard"),
    "added": ("新增量（千克标准煤或千克）", "Added (kgce or kg)"),
    "link": ("目录环节", "Link"),
    "process": ("工艺", "Process"),
    "category": ("类别", "Category"),
    "entry": ("清单编号", "Entry"),
    "state": ("状态", "State"),
    "adds_capacity": ("新增产能", "Adds capacity"),
    "review_by": ("下次复查", "Next review"),
    "scheme": ("登记体系", "Scheme"),
    "register": ("登记机构", "Register"),
    "reference": ("外部编号", "Reference"),
    "holder": ("持有单位", "Holder"),
    "first_day": ("起始日", "First day"),
    "last_day": ("截止日", "Last day"),
    "facility_name": ("设施名称", "Name of the facility"),
    "series": ("绿证批次", "Series"),
    "first_serial": ("首个编号", "First serial"),
    "last_serial": ("末个编号", "Last serial"),
    "market": ("碳市场", "Carbon market"),
    "power_sector": ("发电行业", "Power sector"),
    "allowance_kg": ("碳配额（千克二氧化碳）", "Allowance (kg CO2)"),
    "emission_kg": ("核查排放量（千克二氧化碳）", "Verified emission (kg CO2)"),
    "route": ("绿证来源", "Route"),
    "plant": ("发电项目", "Plant"),
    "partner": ("对方", "Partner"),
    "transfer": ("划转编号", "Transfer"),
    "reason": ("事由", "Reason"),
    "asset": ("资产", "Asset"),
    "value_added_yuan": ("增加值（元）", "Value added (yuan)"),
    "tax_yuan": ("税收（元）", "Tax (yuan)"),
    "land_m2": ("占地（平方米）", "Land (m²)"),
    "amount_yuan": ("金额（元）", "Amount (yuan)"),
    "statement_line": ("对账单行号", "Statement line"),
    "instrument": ("合约", "Instrument"),
    "side": ("买卖方向", "Side"),
    "price_yuan": ("价格（元/吨）", "Price (yuan per tonne)"),
    "quantity_tce": ("数量（吨标准煤）", "Quantity (tce)"),
    "validity": ("有效期", "Validity"),
    "opinion": ("节能审查意见文号", "Energy-review opinion"),
    "version": ("目录版本", "Version of the list"),
    "valid_from": ("生效日", "Valid from"),
    "valid_to": ("失效日", "Valid to"),
    "key": ("参数", "Parameter"),
}

WRONG = ("错误", "What is wrong")
"""The last column of an error workbook, which is not read when it comes back."""


def kind_name(kind: str, language: str) -> str:
    """Return what a kind of table is called."""
    return KINDS.get(kind, (kind, kind))[language == "en"]


def heading(field: str, language: str) -> str:
    """Return the heading of a field's column; amounts in kgce and fen go by tonnes and yuan."""
    name = readable_name(field)
    return FIELDS.get(name, (name, name))[language == "en"]


def aliases_of(line: type[msgspec.Struct]) -> Mapping[str, str]:
    """Return the column that each heading of *line* means, in both languages."""
    return {
        heading(field, language): readable_name(field)
        for field in line.__struct_fields__
        for language in ("zh", "en")
    }
