"""The packs that ship: their numbers stand in their quotes, their quotes in the source texts."""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import seeds
from ledger.pack_check import require_ranges
from ledger.pack_value import SHAPES, Shape
from ledger.policy import ParameterMissing, Status, candidates, chain, in_force, label_zh

PACKS = seeds.read_packs()
SOURCES = Path(__file__).resolve().parents[2] / "shared" / "sources"
QUOTED = [(id_, each) for id_, pack in PACKS.items() for each in pack.parameters if each.quote]
PLACES = {
    "qingdao": ("370200", True),
    "jinan": ("370100", False),
    "lianyungang": ("320700", True),
    "dongsheng": ("150602", False),
    "anshun": ("520400", False),
}
FIVE_MEASURES = ("capacity", "coal", "energy", "carbon", "pollutant")

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九十")} | {"两": 2}
_FIGURE = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(万|亿|%)?")
_SCALES = {"万": Decimal(10_000), "亿": Decimal(100_000_000), "%": Decimal("0.01"), "": Decimal(1)}


def numbers_in(quote):
    """Return every number a quote states, as written and scaled by 万, 亿 or %."""
    text = unicodedata.normalize("NFKC", quote)
    found = {Decimal(_DIGITS[character]) for character in text if character in _DIGITS}
    for figure, scale in _FIGURE.findall(text):
        found |= {Decimal(figure), Decimal(figure) * _SCALES[scale]}
    return found


@pytest.mark.parametrize(
    ("quote", "number"),
    [
        ("消费总量为3187万吨标准煤", "3187"),
        ("消费总量为3187万吨标准煤", "31870000"),
        ("下降14.8%", "14.8"),
        ("下降14.8%", "0.148"),
        ("比重达到22.9％", "22.9"),
        ("“五个减量替代”", "5"),
        ("增长率\t-0.26318181818182", "-0.26318181818182"),
    ],
)
def test_a_number_is_found_in_a_quote_however_it_is_written(quote, number):
    assert Decimal(number) in numbers_in(quote)


@pytest.mark.parametrize(("quote", "number"), [("3187万吨", "318"), ("下降14.8%", "4.8")])
def test_part_of_a_number_is_not_that_number(quote, number):
    assert Decimal(number) not in numbers_in(quote)


def test_every_quoted_number_stands_in_its_quote():
    missing = [
        (pack_id, each.key, each.value)
        for pack_id, each in QUOTED
        if SHAPES[each.unit] in {Shape.WHOLE, Shape.NUMBER}
        and Decimal(each.value) not in numbers_in(each.quote)
    ]

    assert missing == []


def test_a_list_of_substitution_measures_is_as_long_as_its_quote_says():
    counted = {
        pack_id: len(each.value)
        for pack_id, each in QUOTED
        if each.key == "substitution.measures" and "五个" in each.quote
    }

    assert counted == {"qingdao": 5, "jinan": 5}


def test_every_quote_stands_verbatim_in_its_source_text():
    if not SOURCES.is_dir():
        pytest.skip(f"SKIPPED: quotes are unchecked, the source texts are not at {SOURCES}")
    names = {each.source_file for _, each in QUOTED}
    texts = {name: (SOURCES / name).read_text(encoding="utf-8") for name in names}

    astray = [(id_, each.key) for id_, each in QUOTED if each.quote not in texts[each.source_file]]

    assert astray == []


def test_every_quote_names_the_text_it_was_taken_from():
    assert [(pack_id, each.key) for pack_id, each in QUOTED if each.source_file is None] == []


def test_the_five_places_have_their_area_and_say_whether_they_are_drafts():
    assert {id_: (PACKS[id_].area, PACKS[id_].draft) for id_ in PLACES} == PLACES


@pytest.mark.parametrize("pack_id", ["national", "shandong", "qingdao", "lianyungang", "sample"])
def test_a_pack_that_rests_on_no_issued_text_read_confirms_nothing(pack_id):
    assert not any(each.status.is_law for each in PACKS[pack_id].parameters)


def test_every_sample_value_is_labelled_as_one():
    labels = {label_zh(each.status) for each in PACKS["sample"].parameters}

    assert labels == {"示例"}


def test_sample_values_stand_in_the_sample_pack_alone():
    elsewhere = [
        (pack_id, each.key)
        for pack_id, pack in PACKS.items()
        for each in pack.parameters
        if each.status is Status.SAMPLE and pack_id != "sample"
    ]

    assert elsewhere == []


@pytest.mark.parametrize(
    ("pack_id", "expected"),
    [
        ("qingdao", ["qingdao", "shandong", "national"]),
        ("jinan", ["jinan", "shandong", "national"]),
        ("lianyungang", ["lianyungang", "jiangsu", "national"]),
        ("dongsheng", ["dongsheng", "ordos", "inner_mongolia", "national"]),
        ("anshun", ["anshun", "guizhou", "national"]),
        ("pinghu", ["pinghu", "zhejiang", "national"]),
        ("shizuishan", ["shizuishan", "ningxia", "national"]),
        ("fujian", ["fujian", "national"]),
        ("henan", ["henan", "national"]),
        ("sichuan", ["sichuan", "national"]),
        ("hebei", ["hebei", "national"]),
        ("carbon_analogue", ["carbon_analogue"]),
        ("sample", ["sample", "national"]),
    ],
)
def test_the_chain_runs_from_district_to_city_to_province_to_nation(pack_id, expected):
    assert [pack.id for pack in chain(PACKS, pack_id)] == expected


def test_carbon_markets_are_analogues_and_the_parent_of_no_place():
    analogue = PACKS["carbon_analogue"]

    assert {each.status for each in analogue.parameters} == {Status.ANALOGUE}
    assert [pack.id for pack in PACKS.values() if pack.parent == analogue.id] == []


def test_every_range_of_every_pack_is_the_right_way_up():
    for pack in PACKS.values():
        require_ranges(pack)


UNREAD = (
    *("henan", "zhejiang", "pinghu", "fujian", "sichuan", "hebei", "ningxia", "shizuishan"),
    *("jiangsu", "guizhou", "inner_mongolia", "ordos"),
)


@pytest.mark.parametrize("pack_id", UNREAD)
def test_a_place_whose_text_was_read_in_part_only_quotes_and_confirms_nothing(pack_id):
    assert {each.status for each in PACKS[pack_id].parameters} <= {
        Status.UNCONFIRMED,
        Status.ANALOGUE,
    }
    assert not any(each.quote for each in PACKS[pack_id].parameters)


@pytest.mark.parametrize(
    ("pack_id", "key", "on", "expected", "giver"),
    [
        # Province over nation, on the first day of the province's document and the day before it.
        ("henan", "purchase.formula", date(2022, 7, 9), "none", "national"),
        ("henan", "purchase.formula", date(2022, 7, 10), "two_high_coefficient", "henan"),
        ("henan", "scheme.family", date(2022, 7, 9), "annual_surrender", "henan"),
        ("henan", "scheme.family", date(2022, 7, 10), "paid_increment", "henan"),
        # City over province over nation.
        ("pinghu", "purchase.formula", date(2026, 6, 1), "all_added", "pinghu"),
        ("pinghu", "purchase.intensity_threshold", date(2026, 6, 1), "0.6", "zhejiang"),
        ("pinghu", "price.base_fen_per_tce", date(2026, 6, 1), 8000, "pinghu"),
        ("shizuishan", "price.base_fen_per_tce", date(2025, 5, 22), 15000, "shizuishan"),
        # District over city.
        ("dongsheng", "gate.below_district_intensity", date(2023, 1, 1), "guaranteed", "dongsheng"),
        # An expired value: the last day of the right in Zhejiang and the day after it.
        ("zhejiang", "expiry_standing.day", date(2020, 12, 31), "2020-12-31", "zhejiang"),
        ("shandong", "collection.share.coking_coal", date(2025, 12, 31), "70/100", "shandong"),
    ],
)
def test_the_most_local_value_holds_on_its_days(pack_id, key, on, expected, giver):
    found = in_force(PACKS, pack_id, key, on)

    assert (found.value, found.pack_id) == (expected, giver)


@pytest.mark.parametrize(
    ("pack_id", "key", "day_after"),
    [
        ("zhejiang", "expiry_standing.day", date(2021, 1, 1)),
        ("shandong", "collection.share.coking_coal", date(2026, 1, 1)),
        ("shizuishan", "price.divisor_intensity", date(2026, 1, 1)),
        ("shizuishan", "price.base_fen_per_tce", date(2025, 5, 21)),
    ],
)
def test_a_value_that_has_expired_or_not_begun_is_missing(pack_id, key, day_after):
    with pytest.raises(ParameterMissing):
        in_force(PACKS, pack_id, key, day_after)


@pytest.mark.parametrize(
    ("pack_id", "key", "expected"),
    [
        ("carbon_analogue", "shortfall.fine_multiplier_min", "5"),
        ("carbon_analogue", "shortfall.fine_multiplier_max", "10"),
        ("carbon_analogue", "shenzhen.shortfall.fine_multiplier", "3"),
        ("carbon_analogue", "shenzhen.shortfall.price_window_months", 6),
        ("fujian", "scheme.authority", "industry_and_information"),
        ("henan", "purchase.two_high_coefficient_min", "3/10"),
        ("henan", "purchase.two_high_coefficient_max", "1"),
        ("hebei", "scheme.instruments", ("energy", "coal")),
        ("national", "limit.converter.benchmark", "-30"),
        ("national", "limit.cement_clinker.baseline", "117"),
        ("national", "packs.notice_days", 1),
        ("pinghu", "price.tier_above_intensity", "0.73"),
        ("sichuan", "scheme.family", "annual_surrender"),
        ("zhejiang", "purchase.government_increment_sale_share", "50/100"),
    ],
)
def test_figures_of_the_references_are_found(pack_id, key, expected):
    assert in_force(PACKS, pack_id, key, date(2026, 6, 1)).value == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2021, 12, 31), 13700),
        (date(2022, 1, 1), 13650),
        (date(2023, 1, 1), 13450),
        (date(2025, 1, 1), 13300),
    ],
)
def test_the_first_step_of_the_aluminium_tariff_falls(on, expected):
    assert (
        in_force(PACKS, "national", "tariff.aluminium.first_step_kwh_per_t", on).value == expected
    )


@pytest.mark.parametrize(
    ("pack_id", "key", "on", "expected"),
    [
        ("qingdao", "reference.energy_total", date(2020, 6, 1), "3187"),
        ("qingdao", "reference.intensity", date(2020, 6, 1), "0.27"),
        ("jinan", "reference.target.intensity_reduction", date(2021, 1, 1), "14.8"),
        ("lianyungang", "reference.target.intensity_reduction", date(2025, 12, 31), "14"),
        ("anshun", "reference.target.intensity_reduction", date(2023, 6, 1), "13"),
        ("anshun", "reference.target.intensity_reduction_incentive", date(2023, 6, 1), "14.5"),
        ("dongsheng", "reference.target.intensity_reduction", date(2023, 6, 1), "5"),
        ("dongsheng", "reference.energy_total", date(2015, 12, 31), "415.9"),
        ("dongsheng", "reference.energy_total", date(2016, 1, 1), "433.1"),
        ("dongsheng", "reference.energy_total", date(2017, 6, 1), "398"),
        ("dongsheng", "reference.energy_total", date(2018, 6, 1), "231.3"),
        ("dongsheng", "reference.energy_total", date(2019, 6, 1), "220"),
        ("dongsheng", "reference.energy_total", date(2020, 12, 31), "162.1"),
        ("dongsheng", "reference.intensity", date(2020, 6, 1), "0.23"),
        ("dongsheng", "limit.underground_coal.admission", date(2023, 6, 1), "7.5"),
        ("jinan", "collection.share.rating_d", date(2024, 6, 1), "10/100"),
    ],
)
def test_published_figures_are_found_on_their_day(pack_id, key, on, expected):
    assert in_force(PACKS, pack_id, key, on).value == expected


@pytest.mark.parametrize(
    (
        "pack_id",
        "renewables_total",
        "renewables_intensity",
        "feedstock_total",
        "feedstock_intensity",
    ),
    [
        ("qingdao", False, True, False, False),
        ("jinan", False, True, False, False),
        ("anshun", False, True, False, True),
        ("dongsheng", False, False, False, False),
    ],
)
def test_what_counts_in_dual_control_differs_from_place_to_place(
    pack_id, renewables_total, renewables_intensity, feedstock_total, feedstock_intensity
):
    on = date(2023, 6, 1)

    assert [
        in_force(PACKS, pack_id, f"district.{key}", on).value
        for key in (
            "renewables_in_total",
            "renewables_in_intensity",
            "feedstock_in_total",
            "feedstock_in_intensity",
        )
    ] == [renewables_total, renewables_intensity, feedstock_total, feedstock_intensity]


@pytest.mark.parametrize(
    ("pack_id", "measures", "reducing", "barrier"),
    [
        ("qingdao", FIVE_MEASURES, True, True),
        ("jinan", FIVE_MEASURES, False, True),
        ("lianyungang", ("capacity", "energy", "coal"), False, False),
        ("dongsheng", ("energy",), False, False),
        ("sample", FIVE_MEASURES, True, True),
    ],
)
def test_substitution_is_asked_for_as_each_place_words_it(pack_id, measures, reducing, barrier):
    on = date(2025, 6, 1)

    assert in_force(PACKS, pack_id, "substitution.measures", on).value == measures
    assert in_force(PACKS, pack_id, "substitution.reduction_required", on).value is reducing
    assert in_force(PACKS, pack_id, "substitution.class_barrier", on).value is barrier


def test_a_rule_carried_on_after_its_plan_is_our_decision_and_not_law():
    during = in_force(PACKS, "jinan", "district.ledger_required", date(2025, 12, 31))
    after = in_force(PACKS, "jinan", "district.ledger_required", date(2026, 1, 1))

    assert (during.value, during.status) == (True, Status.CONFIRMED)
    assert (after.value, after.status) == (True, Status.DECIDED_HERE)


@pytest.mark.parametrize("key", ["surrender.deadline", "market.continuous_approval_number"])
@pytest.mark.parametrize("pack_id", ["national", *PLACES])
def test_what_someone_must_decide_has_no_value_in_a_live_pack(pack_id, key):
    with pytest.raises(ParameterMissing):
        in_force(PACKS, pack_id, key, date(2026, 6, 1))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("allocation.pre_issue_share", "60/100"),
        ("allocation.pre_issue_saleable_share", "0"),
        ("allocation.reserve_share", "3/100"),
        ("allocation.method.default", "benchmarking"),
        ("banking", True),
        ("borrowing", False),
        ("entry_threshold_tce", 5000),
        ("expiry", "surrender_deadline_of_next_vintage"),
        ("freed.amount_cap", "lower_of_statistics_and_approval"),
        ("freed.closure_credit", "previous_year"),
        ("freed.retrofit_needs_prior_baseline", True),
        ("market.auction_reading", "shenzhen"),
        ("market.band_basis_points", 1000),
        ("market.band_rounding", "half_up"),
        ("market.block_band_basis_points", 3000),
        ("market.closing_price", "vwap_day"),
        ("market.cross_district", False),
        ("market.fee_basis_points", 0),
        ("market.lot_tce", 1),
        ("market.modes", ("listed_deal", "block_trade", "tender")),
        ("market.resale_days", 5),
        ("market.self_match", "cancel_newest"),
        ("market.tick_fen", 1),
        ("metering.basis", "equivalent"),
        ("metering.electricity_equivalent_factor", "0.3000"),
        ("obligation.feedstock_counted", True),
        ("obligation.own_renewables_counted", False),
        ("proposal_expiry_hours", 24),
        ("record_retention_years", 20),
        ("shortfall.fine", False),
        ("shortfall.forced_deduction", True),
        ("shortfall.grace_days", 0),
        ("shortfall.next_year_multiplier", "1"),
        ("surrender.bought_general_for_two_high", True),
        ("surrender.order", "earliest_expiry_then_narrowest_class"),
        ("verifier_team_min", 2),
    ],
)
def test_the_national_pack_gives_the_parameter(key, expected):
    assert in_force(PACKS, "national", key, date(2026, 6, 1)).value == expected


@pytest.mark.parametrize("measure", FIVE_MEASURES)
def test_the_sample_pack_gives_a_reducing_ratio_for_each_measure(measure):
    ratio = in_force(PACKS, "sample", f"substitution.ratio.{measure}", date(2026, 6, 1))

    assert (
        ratio.value
        == {
            "capacity": "5/4",
            "coal": "11/10",
            "energy": "6/5",
            "carbon": "6/5",
            "pollutant": "2",
        }[measure]
    )


def test_the_sample_pack_gives_a_surrender_deadline():
    found = in_force(PACKS, "sample", "surrender.deadline", date(2026, 6, 1))

    assert (found.value, found.status) == ("2026-06-30", Status.SAMPLE)


def test_the_energy_ratio_of_qingdao_is_left_to_the_authority():
    assert candidates(PACKS, "qingdao", "substitution.ratio.energy", date(2025, 6, 1)) == ()
