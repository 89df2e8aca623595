"""
Who plays in the demonstration: districts, sectors, what is made and how, and forty enterprises.

Every enterprise is fictional and carries 示例 in its name. Numbers are per unit of product and in
the carrier's own unit; margins are basis points of the final quota, negative where it falls short.
"""

from dataclasses import dataclass
from decimal import Decimal

PROVINCE = ("990000", "示例省", "Sample Province (fictional)", "", "sample")

DISTRICTS = (
    ("370200", "青岛市", "Qingdao", "990000", "qingdao"),
    ("370100", "济南市", "Jinan", "990000", "jinan"),
    ("320700", "连云港市", "Lianyungang", "990000", "lianyungang"),
    ("150602", "东胜区", "Dongsheng", "990000", "dongsheng"),
    ("520400", "安顺市", "Anshun", "990000", "anshun"),
)
PREFIXES = {"QD": "370200", "JN": "370100", "LY": "320700", "DS": "150602", "AS": "520400"}

SECTORS = (
    ("THERMAL_POWER", "火力发电", "Thermal power", "yes"),
    ("CEMENT", "水泥", "Cement", "yes"),
    ("STEEL", "钢铁", "Iron and steel", "yes"),
    ("CHEMICALS", "化工", "Chemicals", "yes"),
    ("FLAT_GLASS", "平板玻璃", "Flat glass", "yes"),
    ("TEXTILES", "纺织", "Textiles", "no"),
    ("MACHINERY", "机械制造", "Machinery", "no"),
    ("FOOD", "食品加工", "Food processing", "no"),
    ("DATA_CENTRE", "数据中心", "Data centres", "no"),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    How one product is made: what a unit of it is granted, and which carriers it takes.

    *energy_kgce* and *coal* (of *coal_carrier*, in kg) are the quota of one unit before the sector
    coefficient. *fuels* are fixed quantities a unit; *rest* is the carrier that makes up the sum.
    """

    sector: str
    product: str
    unit: str
    energy_kgce: Decimal
    coal: Decimal = Decimal(0)
    coal_carrier: str = ""
    fuels: tuple[tuple[str, str, str], ...] = ()
    rest: str = "electricity"
    coefficient: Decimal = Decimal(1)
    reduction: Decimal = Decimal(0)


# Benchmarks and unit uses are plausible round figures, examples (示例) and the law of no place.
RECIPES = {
    "power": Recipe(
        "THERMAL_POWER", "power", "MWh", Decimal(300), Decimal(420), "raw_coal", rest="natural_gas"
    ),
    "clinker": Recipe(
        "CEMENT",
        "clinker",
        "t",
        Decimal(112),
        Decimal(138),
        "bituminous_coal",
        coefficient=Decimal("0.99"),
    ),
    "steel": Recipe(
        "STEEL",
        "steel",
        "t",
        Decimal(560),
        Decimal(160),
        "anthracite",
        fuels=(("coke", "330", "consumed"),),
    ),
    "glass": Recipe(
        "FLAT_GLASS", "glass", "t", Decimal(260), fuels=(("natural_gas", "175", "consumed"),)
    ),
    "sodaash": Recipe(
        "CHEMICALS",
        "sodaash",
        "t",
        Decimal(380),
        Decimal(300),
        "raw_coal",
        reduction=Decimal("0.02"),
    ),
    "methanol": Recipe(
        "CHEMICALS",
        "methanol",
        "t",
        Decimal(1600),
        Decimal(1900),
        "raw_coal",
        reduction=Decimal("0.02"),
    ),
    "ammonia": Recipe(
        "CHEMICALS",
        "ammonia",
        "t",
        Decimal(1250),
        fuels=(("natural_gas", "850", "consumed"),),
        reduction=Decimal("0.02"),
    ),
    "olefin": Recipe(
        "CHEMICALS",
        "olefin",
        "t",
        Decimal(5600),
        fuels=(("naphtha", "3200", "feedstock"), ("natural_gas", "300", "consumed")),
        reduction=Decimal("0.02"),
    ),
    "cloth": Recipe(
        "TEXTILES",
        "cloth",
        "t",
        Decimal(1450),
        fuels=(("natural_gas", "500", "consumed"),),
        reduction=Decimal("0.01"),
    ),
    "machine": Recipe(
        "MACHINERY",
        "machine",
        "set",
        Decimal(2500),
        fuels=(("natural_gas", "400", "consumed"),),
        reduction=Decimal("0.01"),
    ),
    "food": Recipe("FOOD", "food", "t", Decimal(160), fuels=(("natural_gas", "60", "consumed"),)),
    "itload": Recipe("DATA_CENTRE", "itload", "MWh", Decimal(390)),
}


@dataclass(frozen=True, slots=True)
class Line:
    """
    One facility: its percent of what is made in 2025, and the last month in which it runs.

    A *capacity* of zero follows from output.
    """

    share: int
    last_month: int = 12
    capacity: int = 0


ONE_LINE = (Line(100),)


@dataclass(frozen=True, slots=True)
class Firm:
    """
    One enterprise: what it makes, about how much in 2025, and how far its quota goes.

    *margin* and *coal_margin* are basis points of the final quota. *planned* and *past* are the
    planned output of 2025 and that of earlier years, in percent of what was made in 2025. *eased*
    is the percent of a month's use that is left once works have ended, from September on.
    """

    id: str
    name: str
    makes: str
    scale: int
    margin: int
    coal_margin: int = 600
    group: str = ""
    lines: tuple[Line, ...] = ONE_LINE
    own_renewable_kwh: int = 0
    planned: int = 101
    past: int = 98
    eased: int = 100
    meter_replaced_in: int = 0
    is_entitled: bool = False


FIRMS = (
    Firm(
        "QD-CEM-01",
        "示例水泥一厂",
        "clinker",
        1_700_000,
        300,
        group="SAMPLE-GROUP-B",
        lines=(Line(20, last_month=6, capacity=750_000), Line(80, capacity=1_500_000)),
        planned=120,
        past=120,
        is_entitled=True,
    ),
    Firm("QD-STL-01", "示例钢铁一厂", "steel", 400_000, -380, is_entitled=True),
    Firm("QD-CHM-01", "示例纯碱一厂", "sodaash", 500_000, 350),
    Firm("QD-GLS-01", "示例平板玻璃一厂", "glass", 330_000, 400, eased=94),
    Firm(
        "QD-TEX-01",
        "示例纺织一厂",
        "cloth",
        25_000,
        -400,
        lines=(Line(85, capacity=25_000), Line(15, last_month=5, capacity=8_000)),
        planned=116,
        past=118,
    ),
    Firm("QD-MAC-01", "示例机械一厂", "machine", 9_600, -500, own_renewable_kwh=3_000_000),
    Firm("QD-FOD-01", "示例食品一厂", "food", 120_000, -650, meter_replaced_in=8),
    Firm("QD-IDC-01", "示例数据中心一号", "itload", 120_000, 300),
    Firm("JN-PWR-01", "示例热电一厂", "power", 1_000_000, 420, coal_margin=700, is_entitled=True),
    Firm(
        "JN-CEM-01",
        "示例水泥二厂",
        "clinker",
        1_000_000,
        -480,
        coal_margin=400,
        group="SAMPLE-GROUP-B",
        is_entitled=True,
    ),
    Firm("JN-STL-01", "示例钢铁二厂", "steel", 300_000, -280),
    Firm("JN-CHM-01", "示例纯碱二厂", "sodaash", 120_000, -360, coal_margin=500),
    Firm("JN-MAC-01", "示例机械二厂", "machine", 12_000, 300),
    Firm("JN-FOD-01", "示例食品二厂", "food", 90_000, -720),
    Firm("JN-IDC-01", "示例数据中心二号", "itload", 200_000, 240),
    Firm("JN-TEX-01", "示例纺织二厂", "cloth", 20_000, 380),
    Firm(
        "LY-CHM-01",
        "示例石化一厂",
        "olefin",
        40_000,
        500,
        group="SAMPLE-GROUP-A",
        is_entitled=True,
    ),
    Firm("LY-CHM-02", "示例合成氨一厂", "ammonia", 70_000, -550, group="SAMPLE-GROUP-A"),
    Firm("LY-STL-01", "示例钢铁三厂", "steel", 200_000, 300, coal_margin=800),
    Firm("LY-PWR-01", "示例热电二厂", "power", 700_000, -300, coal_margin=250, is_entitled=True),
    # A furnace under cold repair: far less is made than was planned, so pre-issue is taken back.
    Firm("LY-GLS-01", "示例平板玻璃二厂", "glass", 180_000, 450, planned=180, past=178),
    Firm("LY-TEX-01", "示例纺织三厂", "cloth", 30_000, -440, own_renewable_kwh=2_400_000),
    Firm("LY-FOD-01", "示例食品三厂", "food", 110_000, 600),
    Firm("LY-MAC-01", "示例机械三厂", "machine", 8_000, -600),
    Firm("DS-PWR-01", "示例热电三厂", "power", 1_200_000, 220, is_entitled=True),
    Firm("DS-PWR-02", "示例热电四厂", "power", 600_000, -340, coal_margin=-250, is_entitled=True),
    Firm("DS-CHM-01", "示例煤制甲醇一厂", "methanol", 150_000, 200, coal_margin=500),
    Firm("DS-CEM-01", "示例水泥三厂", "clinker", 500_000, -520, coal_margin=-350),
    Firm("DS-IDC-01", "示例数据中心三号", "itload", 250_000, 300, own_renewable_kwh=60_000_000),
    Firm("DS-MAC-01", "示例机械四厂", "machine", 7_200, -450),
    Firm("DS-TEX-01", "示例羊绒一厂", "cloth", 10_000, 500),
    Firm("DS-FOD-01", "示例食品四厂", "food", 60_000, -750),
    Firm("AS-CEM-01", "示例水泥四厂", "clinker", 900_000, 400, is_entitled=True),
    Firm("AS-CEM-02", "示例水泥五厂", "clinker", 750_000, -700, is_entitled=True),
    Firm("AS-STL-01", "示例钢铁四厂", "steel", 150_000, 340),
    Firm("AS-CHM-01", "示例纯碱三厂", "sodaash", 60_000, -420, coal_margin=500),
    Firm("AS-PWR-01", "示例热电五厂", "power", 500_000, 320),
    Firm("AS-MAC-01", "示例机械五厂", "machine", 6_000, -540),
    Firm("AS-FOD-01", "示例食品五厂", "food", 70_000, -640),
    Firm("AS-TEX-01", "示例纺织四厂", "cloth", 8_000, 400),
)

OFFICES = (
    ("REG", "city_regulator"),
    ("CLR", "clearing_operator"),
    ("EXC", "exchange_operator"),
    ("VER", "verifier"),
    ("SEC", "security"),
    ("AUD", "auditor"),
)
STAFF = (("T", "enterprise_trader"), ("C", "enterprise_compliance"), ("A", "enterprise_admin"))
