"""
The choices that policy parameters make, in Chinese; English reads the code itself.
"""

CHOICES = {
    # What is measured and traded.
    "capacity": "产能", "coal": "煤炭", "energy": "能源", "carbon": "碳排放", "other": "其他",
    "pollutant": "污染物", "pollutants": "污染物", "pollution": "排污权",
    "carbon_total": "碳排放总量",
    "energy_use": "用能权", "green_certificate": "绿证", "water": "供水", "sewage": "污水处理",
    "waste": "垃圾处理", "chp_heat": "热电联产供热", "industrial_water": "工业用水",
    "steel_capacity": "钢铁产能", "raw_coal": "原煤", "petroleum_coke": "石油焦", "coke": "焦炭",
    "semi_coke": "兰炭", "equivalent": "等价值", "calorific": "当量值", "none": "无",
    # Who, and where.
    "district": "区县", "city": "市", "governments": "政府", "enterprises": "企业",
    "holder": "持有人", "energy_authority": "能源主管部门", "treasury": "财政",
    "development_and_reform": "发展改革部门", "industry_and_information": "工业和信息化部门",
    "joint_conference": "联席会议", "above_scale": "规模以上企业", "enrolled": "已纳入的用能单位",
    "energy_intensive_trades": "高耗能行业", "key_energy_users": "重点用能单位",
    "two_high_projects": "“两高”项目", "strong_districts": "优势地区", "strong_trades": "优势行业",
    "strong_projects": "优势项目", "key_industries": "重点产业", "major_projects": "重大项目",
    "households": "居民生活", "modern_services": "现代服务业", "high_tech": "高技术产业",
    "advanced_manufacturing": "先进制造业", "farming": "农业", "environmental_projects": "环保项目",
    "cement": "水泥", "thermal_power": "火电", "coal_power": "煤电", "refining": "炼化",
    "steel": "钢铁", "coking": "焦化", "tyres": "轮胎",
    # Schemes and their steps.
    "paid_increment": "增量有偿", "annual_surrender": "年度清缴", "both": "两类并行",
    "increment": "增量", "stock": "存量", "voluntary": "自愿", "unified": "统筹推进",
    "step_by_step": "分步实施", "differentiated_assessment": "差别化考核", "allocation": "分配",
    "trade": "交易", "surrender": "清缴", "metering_and_verification": "计量核查",
    "purchase": "申购", "transfer": "转让", "lease": "租赁", "buy_back": "回购", "pool": "统筹调剂",
    "data_reporting": "数据报送", "rights_registry": "用能权登记", "pre_issued": "预核发",
    "formal": "正式核发", "register": "清单管理", "classified_disposal": "分类处置",
    "dynamic_monitoring": "动态监控", "parallel": "并行", "bulletin": "通报", "interview": "约谈",
    # Allocation, freed quota, expiry.
    "benchmarking": "基准法", "history": "历史法", "historic_intensity": "历史强度法",
    "grandfathering": "历史总量法", "leader_level": "领跑者水平", "actual_output": "实际产量",
    "energy_review_opinion": "节能审查意见", "reported_consumption": "报送用能量",
    "largest_remainder": "最大余数法", "half_up": "四舍五入", "prior_year": "上一年",
    "previous_year": "上一年", "energy_increment": "能耗增量", "coal_cut": "煤炭压减",
    "intensity_at_end_of_13th_plan": "“十三五”末强度", "facility": "设施", "period": "时段",
    "measure": "指标", "lower_of_statistics_and_approval": "统计量与批复量取低",
    "elimination": "淘汰落后", "overcapacity": "化解过剩产能", "retrofit": "节能改造",
    "management": "管理节能", "renewables": "可再生能源", "swap": "置换",
    "energy_saving": "节能量", "end_of_plan_period": "五年规划期末",
    "surrender_deadline_of_next_vintage": "下一年度清缴截止日",
    "earliest_expiry_then_narrowest_class": "先到期者先用，同期先用限制多者",
    "return_equal_vintage": "返还同年度指标",
    # Prices and the market.
    "above_intensity": "强度超过阈值的购买", "all_added": "新增用能全部购买",
    "two_high_coefficient": "“两高”项目按系数购买", "sector_benchmark": "行业基准值",
    "intensity_share": "按强度比例定价", "sector_coefficient": "按行业系数定价",
    "competitive": "竞价形成", "tender": "竞价", "listed_deal": "挂牌", "block_trade": "大宗交易",
    "continuous": "连续交易", "call_auction": "集合竞价", "composite_prices": "综合价格",
    "volume_by_vintage": "分年度成交量", "amount_by_vintage": "分年度成交额",
    "vwap_day": "当日成交量加权均价", "cancel_newest": "撤销后到的委托", "fund": "资金",
    "trading": "交易", "bank_settlement": "银行结算", "shenzhen": "深圳式竞价",
    # Districts and gates.
    "base": "基本目标", "incentive": "激励目标", "total": "总量", "dual_control": "总量与强度双控",
    "total_and_intensity": "总量与强度", "total_and_project_intensity": "总量与项目强度",
    "energy_output_rate": "能源产出率", "gdp_growth_target": "地区生产总值增长目标",
    "base_intensity_target": "强度基本目标", "national_2021_h1": "2021年上半年国家预警办法",
    "three_bands": "三档准入", "admission": "准入值", "class_and_capacity": "类别与产能",
    "guaranteed": "优先保障", "apply_for_listed_quota": "申请能耗单列", "no_path": "不予安排",
    "domestic_advanced_admission": "达到国内先进水平准入", "capacity_saturated": "产能已饱和",
    "policy": "产业政策", "process": "工艺", "unit_energy": "单位产品能耗", "scale": "规模",
    "value_added_per_tce": "单位能耗增加值", "tax_per_mu": "亩均税收",
    # Two-high projects.
    "barred": "禁止", "planned_major_only": "仅限规划内重大项目", "proposed": "拟建",
    "under_construction": "在建", "existing": "存量", "keep": "保留", "upgrade": "改造提升",
    "rectify": "整改", "phase_out": "淘汰退出", "shandong_2021_06": "山东省目录（2021年6月）",
    "shandong_2022_01": "山东省目录（2022年1月）", "sample_2025": "示例目录（2025年）",
    # What follows a gap, and what audits look for.
    "grace": "宽限期", "forced_deduction": "强制扣减", "next_year_deduction": "下年度扣减",
    "fine_proposal": "罚款建议", "credit_record": "信用记录", "whole_shortfall": "全部缺口",
    "double_counting": "重复计算", "fabrication": "弄虚作假", "false_amount": "虚报数量",
    "false_source": "虚报来源",
}  # fmt: skip

PRODUCTS = {
    "aluminium_liquid": "铝液", "ammonia_anthracite_lump": "合成氨（无烟块煤）",
    "ammonia_gas": "合成氨（天然气）", "blast_furnace": "高炉工序", "calcium_carbide": "电石",
    "caustic_soda": "烧碱", "cement_clinker": "水泥熟料", "ceramic_tiles": "建筑陶瓷砖",
    "chp_heat": "热电联产供热", "chp_supply": "热电联产供电", "coal_glycol": "煤制乙二醇",
    "coal_methanol_bituminous": "煤制甲醇（烟煤）", "coal_olefins": "煤制烯烃",
    "coke_stamp_charged": "捣固焦", "coke_top_charged": "顶装焦", "converter": "转炉工序",
    "electric_furnace_from_50_t": "电弧炉（50吨及以上）", "ethylene": "乙烯",
    "ferrochrome_high_carbon": "高碳铬铁", "ferrosilicon": "硅铁",
    "flat_glass_500_to_800_t": "平板玻璃（500至800吨/天）",
    "flat_glass_above_800_t": "平板玻璃（800吨/天以上）", "lead_crude": "粗铅",
    "manganese_silicon": "锰硅合金", "p_xylene": "对二甲苯", "refining": "炼油",
    "sanitary_ceramics": "卫生陶瓷", "underground_coal": "井工煤矿", "yellow_phosphorus": "黄磷",
}  # fmt: skip
"""Products whose unit use a pack limits, by the middle of the key `limit.PRODUCT.LEVEL`."""
PRIORITIES = (
    "households", "modern_services", "high_tech", "advanced_manufacturing", "farming",
    "environmental_projects",
)  # fmt: skip
"""Classes that the budget orders of the packs name."""
USES = ("chp_heat", "water", "waste", "sewage")
"""Uses that the packs exempt from buying."""
