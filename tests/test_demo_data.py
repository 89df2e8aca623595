"""The demonstration's CSV files: what the maker makes, and a market that can clear on them."""

import re
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pytest

from api.csv_rows import read_rows
from ledger.allocation.confirm import EntitlementLine, HistoryLine
from ledger.districts.enforce import BudgetLine
from ledger.metering.enroll import MeterLine
from ledger.metering.read import ReadingLine
from ledger.parties.enroll import DistrictLine, EnterpriseLine, FacilityLine, SectorLine
from ledger.roles import Grant
from seeds.demo.make import files
from tests.demo_files import (
    DEMO,
    DISTRICT,
    SEEDS,
    YEAR,
    by_district,
    margins,
    metered,
    parameter,
    quotas,
    rows,
    toml,
    used,
)

SECTOR = {row["id"]: row["sector"] for row in rows("enterprises.csv")}


def test_the_committed_files_are_what_the_maker_makes():
    made = files()

    committed = {path.name: path.read_bytes().decode() for path in DEMO.glob("*.csv")}

    assert committed == made


@pytest.mark.parametrize(
    ("name", "line", "count"),
    [
        ("districts.csv", DistrictLine, 6),
        ("sectors.csv", SectorLine, 9),
        ("enterprises.csv", EnterpriseLine, 40),
        ("facilities.csv", FacilityLine, 42),
        ("history.csv", HistoryLine, 120),
        ("meters.csv", MeterLine, 89),
        ("readings.csv", ReadingLine, 1068),
        ("readings-2026.csv", ReadingLine, 534),
        ("entitlements.csv", EntitlementLine, 19),
        ("budgets.csv", BudgetLine, 10),
        ("persons.csv", Grant, 142),
    ],
)
def test_the_ordinary_imports_read_the_files(name, line, count):
    read = read_rows(DEMO / name, line)

    assert len(read) == count


def test_every_district_has_eight_enterprises_and_its_own_pack():
    packs = {row["code"]: row["pack"] for row in rows("districts.csv")}

    assert packs == {
        "990000": "sample",
        "370200": "qingdao",
        "370100": "jinan",
        "320700": "lianyungang",
        "150602": "dongsheng",
        "520400": "anshun",
    }
    assert Counter(DISTRICT.values()) == dict.fromkeys(packs.keys() - {"990000"}, 8)


def test_every_enterprise_is_named_as_a_sample():
    assert [row["name"] for row in rows("enterprises.csv") if "示例" not in row["name"]] == []


def test_ids_are_plain():
    named = [
        row["id"] for name in ("enterprises", "facilities", "meters") for row in rows(f"{name}.csv")
    ]

    assert [one for one in named if not re.fullmatch(r"[A-Z][A-Z0-9_-]{0,31}", one)] == []
    assert len(set(named)) == len(named)


def test_credit_codes_carry_their_check_character_and_no_real_organisation():
    # GB 32100: weights are 3 to the power of the place, modulo 31.
    symbols = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for row in rows("enterprises.csv"):
        code = row["credit_code"]
        total = sum(symbols.index(one) * pow(3, place, 31) for place, one in enumerate(code[:17]))
        assert symbols[-total % 31] == code[17]
        assert code.startswith(f"91{row['district']}DEM0")


def test_one_owner_has_a_surplus_and_a_gap_in_one_district():
    groups = defaultdict(list)
    for row in rows("enterprises.csv"):
        if row["owner_group"]:
            groups[row["owner_group"]].append(row["id"])

    assert groups == {
        "SAMPLE-GROUP-A": ["LY-CHM-01", "LY-CHM-02"],
        "SAMPLE-GROUP-B": ["QD-CEM-01", "JN-CEM-01"],
    }
    assert [margins("energy")[one] > 0 for one in groups["SAMPLE-GROUP-A"]] == [True, False]


def test_everything_that_is_named_is_there():
    enterprises = set(DISTRICT)
    facilities = {row["id"]: row["enterprise"] for row in rows("facilities.csv")}

    assert set(facilities.values()) == enterprises
    for row in rows("meters.csv"):
        assert facilities[row["facility"]] == row["enterprise"]
    for name in ("history", "outputs", "plan", "cash"):
        assert {row["enterprise"] for row in rows(f"{name}.csv")} == enterprises
    assert {row["enterprise"] for row in rows("entitlements.csv")} <= enterprises


def test_every_meter_is_read_in_twelve_months_and_one_is_replaced():
    months = defaultdict(list)
    for row in rows("readings.csv"):
        months[row["meter"]].append(row["month"])
    replaced = [row for row in rows("readings.csv") if row["replaced_at_value"]]

    assert set(months) == {row["id"] for row in rows("meters.csv")}
    assert set(map(tuple, months.values())) == {tuple(f"2025-{one:02}" for one in range(1, 13))}
    assert [(row["meter"], row["month"]) for row in replaced] == [("QD-FOD-01-M2", "2025-08")]
    assert replaced[0]["restarted_at_value"] == "0"
    assert "WO-2025-08" in replaced[0]["evidence"]


def test_own_renewables_and_feedstock_are_metered_apart():
    quantity = metered()
    apart = {
        (row["id"], row["use"], row["carrier"]): quantity[row["id"]]
        for row in rows("meters.csv")
        if row["use"] != "consumed"
    }

    assert set(apart) == {
        ("QD-MAC-01-M3", "own_renewable", "electricity"),
        ("LY-TEX-01-M3", "own_renewable", "electricity"),
        ("DS-IDC-01-M2", "own_renewable", "electricity"),
        ("LY-CHM-01-M1", "feedstock", "naphtha"),
    }
    assert abs(apart["DS-IDC-01-M2", "own_renewable", "electricity"] - 60_000_000) < Decimal(2)


def test_one_enterprise_worked_by_hand():
    # Data centre no. 1 of Qingdao has one meter. It made 118,293 MWh of IT load; the benchmark is
    # 390 kgce a MWh: 118,293 × 390 = 46,134,270 kgce. It used 149,167,473.0 kWh × 0.3 =
    # 44,750,241.9, so 44,750,242 kgce. 46,134,270 − 44,750,242 = 1,384,028 kgce are left.
    assert metered()["QD-IDC-01-M1"] == Decimal("149167473.0")
    assert used()["QD-IDC-01"] == (44_750_242, 0)
    assert quotas()["QD-IDC-01", "energy"] == 46_134_270
    assert margins("energy")["QD-IDC-01"] == 1_384_028


def test_methods_are_those_of_the_national_pack():
    for row in rows("plan.csv"):
        key = f"allocation.method.{SECTOR[row['enterprise']].lower()}"
        found = parameter("national", key, YEAR)
        found = found or parameter("national", "allocation.method.default", YEAR)
        assert row["method"] == found["value"], row
        assert (row["product"] == "") == (row["method"] == "grandfathering")
        assert (row["benchmark"] != "") == (row["method"] == "benchmarking")


def test_half_of_each_district_has_a_surplus_that_covers_the_gaps_with_a_tenth_to_spare():
    found = by_district(margins("energy"))

    # kgce of all surplus, of all gaps, and how many enterprises have each.
    assert found == {
        "370200": (17_323_134, 12_550_667, 4, 4),
        "370100": (16_419_879, 12_793_955, 4, 4),
        "320700": (17_491_861, 14_323_568, 4, 4),
        "150602": (16_421_151, 10_459_091, 4, 4),
        "520400": (12_315_368, 8_237_962, 4, 4),
    }
    for surplus, gaps, _, _ in found.values():
        assert surplus * 10 >= gaps * 11


def test_every_gap_is_two_to_eight_percent_of_the_quota():
    granted = quotas()
    gaps = {who: -margin for who, margin in margins("energy").items() if margin < 0}

    assert len(gaps) == 20
    for who, gap in gaps.items():
        assert granted[who, "energy"] * 2 <= gap * 100 <= granted[who, "energy"] * 8, who


def test_two_enterprises_lack_coal_and_their_district_has_it_to_spare():
    coal = margins("coal")
    short = {who: margin for who, margin in coal.items() if margin < 0}

    assert short == {"DS-PWR-02": -6_195_861, "DS-CEM-01": -2_412_079}
    surplus, gaps, _, _ = by_district(coal)["150602"]
    assert surplus > gaps * 5


def test_only_users_of_coal_are_granted_coal():
    granted = {who for who, measure in quotas() if measure == "coal"}

    assert granted == {who for who, (_, coal) in used().items() if coal}


def test_budgets_cover_plans_and_final_quotas_beside_the_reserve():
    reserve = parameter("sample", "allocation.reserve_share", YEAR)["value"]
    assert reserve == "3/100"
    asked = defaultdict(int)
    planned, final = quotas(planned=True), quotas()
    for who, measure in final:
        asked[DISTRICT[who], measure] += max(planned[who, measure], final[who, measure])

    for row in rows("budgets.csv"):
        free = int(row["amount"]) * 97 // 100
        assert 100 * free >= 104 * asked.pop((row["district"], row["measure"]))
    assert asked == {}


def test_one_plan_was_so_high_that_part_of_the_pre_issue_comes_back():
    share = parameter("national", "allocation.pre_issue_share", YEAR)["value"]
    assert share == "60/100"
    planned, final = quotas(planned=True), quotas()

    over = [key for key in final if planned[key] * 60 // 100 > final[key]]

    assert over == [("LY-GLS-01", "energy")]


def test_entitlements_stand_at_the_level_of_the_last_full_year():
    last = {row["enterprise"]: row for row in rows("history.csv") if row["year"] == "2024"}
    column = {"energy": "energy_kgce", "coal": "coal_kg"}

    for row in rows("entitlements.csv"):
        past = int(last[row["enterprise"]][column[row["measure"]]])
        assert 0 <= int(row["amount"]) - past < 1000


def test_deposits_buy_every_gap_at_250_yuan_and_more():
    energy, coal = margins("energy"), margins("coal")

    for row in rows("cash.csv"):
        who = row["enterprise"]
        short_kg = max(-energy[who], 0) + max(-coal.get(who, 0), 0)
        assert int(row["amount_fen"]) >= short_kg * 25 + 100_000_000


def test_every_office_has_two_persons_and_every_enterprise_its_three():
    granted = rows("persons.csv")
    offices = Counter((row["role"], row["scope"]) for row in granted)

    for row in granted:
        assert re.fullmatch(r"person:[A-Z0-9][A-Z0-9_-]{0,31}", row["person"])
    anywhere = {role: count for (role, scope), count in offices.items() if scope == "*"}
    assert (len(anywhere), set(anywhere.values())) == (6, {2})
    for district in set(DISTRICT.values()):
        assert offices["district_regulator", f"district:{district}"] == 2
    for who in DISTRICT:
        for role in ("trader", "compliance", "admin"):
            assert offices[f"enterprise_{role}", f"enterprise:{who}"] == 1


def test_published_figures_are_read_from_the_packs_by_key():
    figures = toml(DEMO / "figures.toml")["figure"]
    packs = {row["pack"]: row["code"] for row in rows("districts.csv")}

    found = []
    for each in figures:
        entry = parameter(each["pack"], each["key"], date(each["year"], 12, 31))
        assert packs[each["pack"]] == each["district"]
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", each["figure"])
        # tests/test_packs.py finds the number in the quote and the quote in the source.
        assert entry["document"]
        assert entry["quote"]
        assert entry["source_file"]
        found.append((each["pack"], each["year"], entry["value"], entry["unit"]))

    assert found == [
        ("qingdao", 2020, "3187", "10k_tce"),
        ("qingdao", 2020, "0.27", "tce_per_10k_yuan"),
        ("jinan", 2025, "14.8", "percent"),
        ("lianyungang", 2025, "14", "percent"),
        ("dongsheng", 2015, "415.9", "10k_tce"),
        ("dongsheng", 2016, "433.1", "10k_tce"),
        ("dongsheng", 2017, "398", "10k_tce"),
        ("dongsheng", 2018, "231.3", "10k_tce"),
        ("dongsheng", 2019, "220", "10k_tce"),
        ("dongsheng", 2020, "162.1", "10k_tce"),
        ("anshun", 2025, "13", "percent"),
        ("anshun", 2025, "14.5", "percent"),
    ]


def test_the_next_year_is_read_for_half_a_year_on_from_the_last_reading():
    last = {row["meter"]: Decimal(row["value"]) for row in rows("readings.csv")}
    units = {row["id"]: row["unit"] for row in rows("meters.csv")}
    months = Counter()

    for row in rows("readings-2026.csv"):
        assert Decimal(row["value"]) >= last[row["meter"]], row
        assert row["unit"] == units[row["meter"]]
        last[row["meter"]] = Decimal(row["value"])
        months[row["month"]] += 1

    assert months == {f"2026-0{month}": 89 for month in range(1, 7)}


def test_closed_lines_stand_still_in_the_next_year():
    before = {row["meter"]: row["value"] for row in rows("readings.csv")}
    facility = {row["id"]: row["facility"] for row in rows("meters.csv")}
    still = {
        facility[row["meter"]]
        for row in rows("readings-2026.csv")
        if row["month"] == "2026-06" and row["value"] == before[row["meter"]]
    }

    assert still == {"QD-CEM-01-L1", "QD-TEX-01-L2"}


def test_the_persona_with_a_gap_has_used_more_in_half_a_year_than_it_holds_for_the_year():
    factors = {row["code"]: row for row in rows("gbt2589-2020.csv", SEEDS / "factors")}
    last = {row["meter"]: Decimal(row["value"]) for row in rows("readings.csv")}
    end = {row["meter"]: Decimal(row["value"]) for row in rows("readings-2026.csv")}
    burnt = Decimal(0)
    for meter in rows("meters.csv"):
        if meter["enterprise"] == "AS-CEM-02":
            is_power = meter["carrier"] == "electricity"
            unit_kgce = "0.3" if is_power else factors[meter["carrier"]]["kgce_per_unit"]
            burnt += (end[meter["id"]] - last[meter["id"]]) * Decimal(unit_kgce)

    # 49,433.000 t were issued ahead, less 4,534.594 t for the year before.
    assert burnt > 49_433_000 - 4_534_594
