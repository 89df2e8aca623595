"""The demonstration's story: its figures follow from the files, its plans do what they say."""

from datetime import date
from fractions import Fraction
from math import ceil

from tests.demo_files import DEMO, DISTRICT, half_up, parameter, quotas, rows, toml, used

STORY = toml(DEMO / "story.toml")
SESSION = toml(DEMO / "session.toml")
CLOSURES = {one["claim"]: one for one in STORY["closure"]}
RETROFIT, PROJECT, AUCTION = STORY["retrofit"], STORY["project"], STORY["auction"]
TWO_HIGH = {row["code"]: row["two_high"] for row in rows("sectors.csv")}
FACILITIES = {row["id"]: row for row in rows("facilities.csv")}

# Days of rest in 2026 on which nothing trades, weekends apart: Qingming, Labour Day, Dragon Boat.
HOLIDAYS = {
    *(date(2026, 4, day) for day in (4, 5, 6)),
    *(date(2026, 5, day) for day in (1, 2, 3, 4, 5)),
    *(date(2026, 6, day) for day in (19, 20, 21)),
}


def lowest(measure):
    """Return what a closure frees: the lower of statistics and approval."""
    return min(measure["statistics"], measure.get("approved", measure["statistics"]))


def sources():
    """Return by source id what was freed and whether it is of a two-high trade."""
    freed = {}
    for claim, closure in CLOSURES.items():
        is_two_high = TWO_HIGH[FACILITIES[closure["facility"]]["sector"]] == "yes"
        for measure in closure["measure"]:
            freed[f"{claim}-{measure['measure'].upper()}"] = (lowest(measure), is_two_high)
    freed[f"{RETROFIT['claim']}-ENERGY"] = (RETROFIT["freed_energy"], True)
    return freed


def history(enterprise, year):
    return next(
        row
        for row in rows("history.csv")
        if (row["enterprise"], row["year"]) == (enterprise, str(year))
    )


def offered(plan):
    """Return by measure, as sources spell it, what a plan offers."""
    found = {}
    for line in plan["sources"]:
        measure = line["source"].split("-", 1)[1]
        found[measure] = found.get(measure, 0) + line["amount"]
    return found


def test_one_closure_is_two_high_and_the_other_is_not():
    marks = {one: TWO_HIGH[FACILITIES[CLOSURES[one]["facility"]]["sector"]] for one in CLOSURES}

    assert marks == {"S1": "yes", "S2": "no"}
    assert CLOSURES["S1"]["closed_on"] == date(2025, 6, 30)


def test_approval_is_lower_in_one_measure():
    approved_less = [
        one["measure"]
        for one in CLOSURES["S1"]["measure"]
        if one.get("approved", one["statistics"]) < one["statistics"]
    ]

    assert approved_less == ["energy"]


def test_what_a_closed_line_used_is_a_plausible_part_of_its_enterprise_in_the_year_before():
    for closure in CLOSURES.values():
        whole = history(closure["enterprise"], closure["statistics_year"])
        part = {one["measure"]: one["statistics"] for one in closure["measure"]}
        assert closure["statistics_year"] == closure["closed_on"].year - 1
        assert closure["output"] <= int(FACILITIES[closure["facility"]]["capacity"])
        assert part.get("coal", 0) <= int(whole["coal_kg"])
        # The lines that go on use 80 to 100 percent of what the closed one took a unit.
        left = Fraction(
            int(whole["energy_kgce"]) - part["energy"], int(whole["output"]) - closure["output"]
        )
        assert Fraction(80, 100) < left / Fraction(part["energy"], closure["output"]) < 1


def test_the_closed_lines_stand_still_after_their_day():
    moved = {}
    read = rows("readings.csv")
    for meter in rows("meters.csv"):
        readings = [row["value"] for row in read if row["meter"] == meter["id"]]
        months = [month for month in range(2, 13) if readings[month - 1] != readings[month - 2]]
        moved[meter["facility"]] = max(months, default=1)

    stopped = {facility: month for facility, month in moved.items() if month < 12}

    assert stopped == {"QD-CEM-01-L1": 6, "QD-TEX-01-L2": 5}


def test_the_closing_enterprise_has_the_rights_and_the_flow_that_it_gives_up():
    held = {
        row["measure"]: int(row["amount"])
        for row in rows("entitlements.csv")
        if row["enterprise"] == "QD-CEM-01"
    }
    planned = quotas(planned=True)

    for measure in ("energy", "coal"):
        given_up = next(one for one in CLOSURES["S1"]["measure"] if one["measure"] == measure)
        assert lowest(given_up) < held[measure]
        # What goes back of the flow is the pre-issue of six months of one line in two.
        back = next(o for o in CLOSURES["S1"]["unused_flow"] if o["measure"] == measure)
        assert Fraction(15, 100) < Fraction(
            back["unused"], planned["QD-CEM-01", measure] * 60 // 100
        )
        assert back["unused"] * 5 < planned["QD-CEM-01", measure] * 60 // 100


def test_every_closure_gives_back_flow_of_the_measures_that_its_enterprise_was_issued():
    planned = {(row["enterprise"], row["measure"]) for row in rows("plan.csv")}
    for closure in CLOSURES.values():
        issued = {
            one["measure"]
            for one in closure["measure"]
            if (closure["enterprise"], one["measure"]) in planned
        }
        assert {one["measure"] for one in closure["unused_flow"]} == issued
    # 11,047.360 t × 0.99 × 60 % × 7 ÷ 12 = 3,827.91 t
    assert CLOSURES["S2"]["unused_flow"] == [{"measure": "energy", "unused": 3_827_000}]


def test_the_retrofit_is_audited_before_and_after_its_works():
    before, after = RETROFIT["before"], RETROFIT["after"]
    whole = history(RETROFIT["enterprise"], 2024)

    assert before["filed_on"] < date(2025, 2, 1) < RETROFIT["began_on"] < RETROFIT["ended_on"]
    assert date(2025, 9, 1) < after["audited_on"] <= after["filed_on"] <= RETROFIT["claimed_on"]
    assert (before["consumed"], before["output"]) == (
        int(whole["energy_kgce"]),
        int(whole["output"]),
    )
    # (77,648,736 ÷ 316,795 − 73,720,000 ÷ 320,000) × 320,000 = 4,714,304.58
    units = [Fraction(one["consumed"], one["output"]) for one in (before, after)]
    assert half_up((units[0] - units[1]) * after["output"]) == RETROFIT["freed_energy"] == 4_714_305


def test_ratios_are_those_of_the_packs_and_no_pack_nearer_has_another():
    on = PROJECT["registered_on"]
    for line in PROJECT["addition"]:
        family = line["measure"].split("-")[0]
        keys = [
            f"substitution.ratio.{family}.{PROJECT['industry']}",
            f"substitution.ratio.{family}",
        ]
        # A value for the industry speaks first; then the nearest of city, province and sample.
        order = [(key, pack) for key in keys for pack in ("qingdao", "shandong", "sample")]
        standing = [(key, pack) for key, pack in order if parameter(pack, key, on)]
        assert standing[0] == (line["key"], line["pack"])
        ratio = Fraction(parameter(line["pack"], line["key"], on)["value"])
        assert ratio > 1
        assert ceil(line["added"] * ratio) == line["needed"]


def test_plan_a_lacks_one_kilogram_of_carbon_and_nothing_else():
    plan = PROJECT["plan"][0]
    short = {
        line["measure"]: line["needed"] - offered(plan).get(line["measure"].upper(), 0)
        for line in PROJECT["addition"]
    }

    assert short == {
        "capacity-clinker": 0,
        "coal": 0,
        "energy": 0,
        "carbon": 1,
        "pollutant-nox": 0,
    }
    assert (plan["expected"], plan["short_measure"], plan["short"]) == (
        "measure_short",
        "carbon",
        1,
    )


def test_plan_b_covers_all_but_offers_what_was_freed_outside_two_high_trades():
    plan = PROJECT["plan"][1]
    freed = sources()

    assert offered(plan) == {one["measure"].upper(): one["needed"] for one in PROJECT["addition"]}
    outside = [one["source"] for one in plan["sources"] if not freed[one["source"]][1]]
    assert outside == [plan["barred_source"]] == ["S2-ENERGY"]


def test_plan_c_covers_all_from_two_high_sources():
    plan = PROJECT["plan"][2]
    freed = sources()

    assert offered(plan) == {one["measure"].upper(): one["needed"] for one in PROJECT["addition"]}
    assert all(freed[one["source"]][1] for one in plan["sources"])
    # 58,948,149 − 49,123,457 = 9,824,692 kgce: 9,824.692 tce net reduction.
    energy = next(one for one in PROJECT["addition"] if one["measure"] == "energy")
    assert energy["needed"] - energy["added"] == 9_824_692


def test_no_plan_offers_more_than_a_source_holds():
    freed = sources()

    for plan in PROJECT["plan"]:
        for line in plan["sources"]:
            assert line["amount"] <= freed[line["source"]][0]


def test_the_project_qualifies_and_is_of_the_works_whose_line_closed():
    assert TWO_HIGH[PROJECT["sector"]] == "yes"
    assert PROJECT["qualifying"] == "yes"
    assert PROJECT["enterprise"] == CLOSURES["S1"]["enterprise"]
    last = max(RETROFIT["confirmed_on"], *(one["confirmed_on"] for one in CLOSURES.values()))
    assert last < PROJECT["registered_on"] < PROJECT["plan"][0]["on"]


def test_the_auction_repeats_the_published_simulation():
    rounds = [
        AUCTION["reserve_price_fen"] + AUCTION["increment_fen"] * number
        for number in range(AUCTION["rounds_max"])
    ]

    # 200 yuan and eleven rounds of 2 yuan: 220 yuan × 4,270 t = 939,400.00 yuan.
    assert (rounds[0], rounds[-1], len(rounds)) == (20_000, 22_000, 11)
    assert AUCTION["quantity_tce"] == 4_270
    assert AUCTION["price_fen"] * AUCTION["quantity_tce"] == AUCTION["consideration_fen"]
    assert AUCTION["consideration_fen"] == 93_940_000
    assert len(AUCTION["bids"]) == 11
    assert set(AUCTION["bids"]) == set(AUCTION["bidders"])
    assert len(AUCTION["bidders"]) == 3
    assert AUCTION["bids"][-1] == AUCTION["winner"]
    assert all(
        one != other for one, other in zip(AUCTION["bids"], AUCTION["bids"][1:], strict=False)
    )
    assert "模拟" in AUCTION["label"]


def test_the_seller_has_the_lot_and_the_winner_needs_it():
    margin = {who: quotas()[who, "energy"] - used()[who][0] for who in ("JN-PWR-01", "JN-CEM-01")}
    cash = {row["enterprise"]: int(row["amount_fen"]) for row in rows("cash.csv")}

    assert margin["JN-PWR-01"] > 4_270_000
    assert -margin["JN-CEM-01"] > 4_270_000
    # Every bidder may have to cover 939,400 yuan and the fee of 0.20 %.
    assert all(cash[one] > 93_940_000 * 1002 // 1000 for one in AUCTION["bidders"])


def test_exactly_one_enterprise_is_to_end_short_and_it_is_in_anshun():
    short = STORY["short"]
    gap = used()[short["enterprise"]][0] - quotas()[short["enterprise"], "energy"]

    assert short["enterprise"].startswith("AS-")
    # Gap 5,767.297 tce; at most 3,500 tce bought: at least 2,267.297 tce short.
    assert gap == 5_767_297
    assert gap - short["buys_at_most_tce"] * 1000 == 2_267_297


def test_the_market_trades_on_working_days_before_the_deadline():
    dates = STORY["dates"]
    days = [*dates["trading"], dates["auction"]]

    assert 4 <= len(dates["trading"]) <= 5
    assert [day for day in days if day.weekday() > 4 or day in HOLIDAYS] == []
    assert dates["trued_up"] < min(days) <= max(days) < dates["deadline"] == date(2026, 6, 30)


def test_dates_follow_one_another():
    dates = STORY["dates"]
    order = [one for name, one in dates.items() if name != "trading"]

    assert order == sorted(order)
    deadline = parameter("sample", "surrender.deadline", dates["deadline"])["value"]
    assert dates["deadline"] == deadline
    grace = parameter("sample", "shortfall.grace_days", dates["deadline"])["value"]
    assert (dates["last_day_of_grace"] - dates["deadline"]).days == grace
    assert dates["last_day_of_grace"] < dates["year_closed"]


def test_every_district_is_listed_and_coal_where_it_is_short():
    listed = {one["asset"] for one in STORY["instrument"]}
    districts = {row["code"] for row in rows("districts.csv") if row["parent"]}

    energy = {f"energy.flow.general.2025.eq.{one}" for one in districts}
    assert listed == energy | {"coal.flow.general.2025.na.150602"}


def test_the_session_follows_the_closed_year_on_a_working_day():
    dates = SESSION["dates"]

    assert dates["baselines_filed"] < STORY["dates"]["reports_submitted"]
    assert STORY["dates"]["year_closed"] == dates["prepared"] < dates["session"]
    assert dates["session"] == date(2026, 7, 14)
    assert dates["session"].weekday() == 1
    assert SESSION["deadline"] == date(2027, 6, 30)


def test_a_fifth_of_the_pre_issue_of_the_new_year_is_saleable_by_the_sample_pack_alone():
    key = "allocation.pre_issue_saleable_share"
    found = parameter("sample", key, date(2026, 1, 1))

    assert (found["value"], found["status"]) == ("20/100", "sample")
    assert parameter("sample", key, date(2025, 12, 31)) is None
    assert parameter("national", key, date(2025, 1, 1))["value"] == "0"


def test_budgets_of_the_new_year_hold_what_is_granted():
    for budget in SESSION["budget"]:
        for measure in ("energy", "coal"):
            granted = sum(
                quota
                for (enterprise, of), quota in quotas().items()
                if of == measure and DISTRICT[enterprise] == budget["district"]
            )
            assert granted < budget[measure]


def test_every_order_of_the_session_is_covered_by_what_is_saleable_or_paid_in():
    offered, bid = {}, {}
    for part in SESSION["orders"].values():
        for _, instrument, enterprise, side, price_fen, tonnes in part:
            assert (
                DISTRICT[enterprise][:2]
                == {"QD": "37", "JN": "37", "AS": "52", "LY": "32"}[instrument[:2]]
            )
            if side == "sell":
                offered[enterprise] = offered.get(enterprise, 0) + tonnes
            else:
                bid[enterprise] = bid.get(enterprise, 0) + price_fen * tonnes
    for enterprise, tonnes in offered.items():
        pre_issue = quotas()[enterprise, "energy"] * 60 // 100 // 1000
        assert tonnes <= pre_issue * 20 // 100
    # Nobody has less than two million yuan, and some of it was spent in the year before.
    assert max(bid.values()) < 100_000_000


def test_freed_quota_of_the_new_year_is_the_audited_saving_of_works_with_a_prior_baseline():
    for item in SESSION["retrofit"]:
        before, after = item["before"], item["after"]
        filed = SESSION["dates"]["baselines_filed"]
        assert before["audited_on"] <= filed < item["began_on"] < item["ended_on"]
        assert item["ended_on"] < after["audited_on"] <= item["claimed_on"]
        units = [Fraction(one["consumed"], one["output"]) for one in (before, after)]
        assert half_up((units[0] - units[1]) * after["output"]) == item["freed_energy"]
        # Before is 2025 as it was metered and reported.
        assert before["consumed"] == used()[item["enterprise"]][0]
        made = next(r for r in rows("outputs.csv") if r["enterprise"] == item["enterprise"])
        assert before["output"] == int(made["amount"])
