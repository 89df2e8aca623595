"""Elimination, overcapacity, management and renewables; and that one saving counts once."""

from datetime import date

import pytest

from ledger.substitution.claim import ClosureLine
from ledger.substitution.claim_ways import ClaimManagement
from ledger.substitution.lines import EarlierYear, RetrofitLine
from ledger.substitution.renew import DeductRenewables
from tests.build import DISTRICT
from tests.ledger.substitution.estate import (
    meters,
    open_estate,
    removal,
    renewable,
)
from tests.ledger.substitution.works import retrofit, retrofit_audits
from tests.ledger.substitution.world import HASH, closure, free, refused_alone, review

ENERGY = "energy.standing.two_high.t2030.eq.990101"


@pytest.fixture
def estate(copied_estate):
    return copied_estate


def test_a_removal_frees_the_year_before_and_closes_the_plant(estate):
    free(estate, removal("S1", way="elimination"))
    free(estate, removal("S3", "F1B", way="overcapacity"))

    assert estate.balance("source:S1-ENERGY", ENERGY) == 12_345_000
    assert estate.balance("source:S3-ENERGY", ENERGY) == 12_345_000
    assert estate.do(closure("S2", "F1")).code == "claim_overlaps"


def test_a_removal_names_its_decision(estate):
    answer = refused_alone(estate, removal("S1", document=" "))

    assert answer.code == "decision_document_missing"


def test_what_is_removed_for_a_pool_is_held_by_the_pool(estate):
    free(estate, removal("S1", pool="990101"))

    answer = estate.do(closure("S2", "F1"))  # and the firm claims the same line: scenario 24

    assert answer.code == "claim_overlaps"
    assert answer.facts["existing"] == "S1"


def managed(claim: str) -> ClaimManagement:
    return ClaimManagement(
        claim=claim,
        enterprise="E1",
        facility="F1",
        works="W1",
        began_on=date(2026, 7, 1),
        ended_on=date(2026, 12, 31),
        last_year=2030,
        evidence=HASH,
        measures=(RetrofitLine("energy"),),
    )


def test_better_management_is_audited_as_works_are(estate, clock):
    early = refused_alone(estate, managed("S1"))
    retrofit_audits(estate, clock)
    free(estate, managed("S1"))

    again = estate.do(retrofit("S2"))

    assert early.code == "freed_day_in_future"
    assert estate.balance("source:S1-ENERGY", ENERGY) == 7_500_000
    assert (again.code, again.facts["existing"]) == ("claim_overlaps", "S1")


@pytest.fixture
def metered(estate):
    meters(estate)
    return estate


def test_a_renewable_increment_is_freed_as_renewable(metered):
    none = [
        refused_alone(metered, renewable("S1", before=40_000, after=after)).code
        for after in (39_999, 40_000)
    ]
    free(metered, renewable("S1", before=40_000, after=100_000))

    renewables = "energy.standing.renewable.t2030.eq.990101"
    assert none == ["nothing_saved"] * 2
    assert metered.balance("source:S1-ENERGY", renewables) == 60_000


def deduction(place: str, first: date, last: date, document: str = "考核1号"):
    return DeductRenewables(place=place, first_day=first, last_day=last, document=document)


LAST_DAY, DAY_AFTER = date(2025, 12, 31), date(2026, 1, 1)
MARCH = date(2026, 3, 1)


def test_renewables_count_once_as_a_lot_or_as_a_deduction(metered):
    """The claim takes 2025: its last day is taken, the day after is free; then March is taken."""
    metered.do(renewable("S1")).require()
    meters(metered, meter="M2")
    days = {"first_day": MARCH, "last_day": date(2026, 4, 1)}
    codes = [
        refused_alone(metered, deduction("M1", LAST_DAY, MARCH), actor=DISTRICT).code,
        refused_alone(metered, deduction("F1", LAST_DAY, MARCH), actor=DISTRICT).code,
        metered.do(deduction("M1", DAY_AFTER, MARCH), actor=DISTRICT).code,
        refused_alone(metered, deduction("M1", MARCH, MARCH, "考核2号"), actor=DISTRICT).code,
        refused_alone(metered, renewable("S2", **days)).code,
        metered.do(renewable("S2", meter="M2", **days)).code,
    ]

    used = "renewable_used"
    assert codes == [used, used, "ok", used, used, "ok"]


def test_a_rejected_claim_locks_nothing(metered):
    metered.do(renewable("S1")).require()
    review(metered, "S1", finding="rejected").require()

    answer = metered.do(deduction("M1", date(2025, 1, 1), LAST_DAY), actor=DISTRICT)

    assert answer.ok


def test_own_renewables_that_the_obligation_leaves_out_are_deducted_already(estate):
    meters(estate, use="own_renewable")

    answer = refused_alone(estate, renewable("S1"))

    assert (answer.code, answer.facts["purpose"]) == ("renewable_used", "deduction")


def test_a_renewable_claim_needs_a_meter_of_its_plant(estate):
    meters(estate, meter="M1", facility="F1B")

    codes = [refused_alone(estate, renewable("S1", meter=meter)).code for meter in ("M1", "M2")]

    assert codes == ["party_unknown"] * 2


def test_an_idle_facility_frees_nothing_by_the_nations_rule(estate):
    idle = refused_alone(estate, closure("S1", measures=(ClosureLine("energy", 0),)))
    running = estate.do(closure("S1", measures=(ClosureLine("energy", 1),)))

    assert (idle.code, running.code) == ("facility_idle", "ok")


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("freed.amount_cap", "whatever", "freed_choice_unknown"),
        ("freed.baseline", "avg_3y", "closure_baseline_missing"),
    ],
)
def test_the_pack_chooses_cap_and_baseline(sqlite_engine, clock, key, value, code):
    estate = open_estate(sqlite_engine, clock, changed={key: (value, "choice")})

    assert estate.do(closure("S1")).code == code


def test_an_idle_year_counts_by_the_mean_where_the_pack_says_both(sqlite_engine, clock):
    changed = {
        "freed.idle_may_free": (True, "switch"),
        "freed.abnormal_year_falls_back": (True, "switch"),
        "freed.abnormal_year_share": ("1/2", "share"),
    }
    estate = open_estate(sqlite_engine, clock, changed=changed)
    earlier = (EarlierYear(2024, 600_000), EarlierYear(2023, 300_001))

    unrecorded = estate.do(closure("S1", measures=(ClosureLine("energy", 0, None, earlier),)))

    assert (unrecorded.code, unrecorded.facts["year"]) == ("closure_baseline_missing", 2024)


@pytest.mark.parametrize(
    ("threshold", "code"), [(900_000, "ok"), (900_001, "enterprise_below_scale")]
)
def test_below_scale_closures_wait_where_the_pack_says_so(sqlite_engine, clock, threshold, code):
    """E1 used 900,000 tce in 2025."""
    changed = {
        "freed.below_scale_may_free": (False, "switch"),
        "freed.above_scale_from_tce": (threshold, "tce"),
    }
    estate = open_estate(sqlite_engine, clock, changed=changed)

    assert estate.do(closure("S1")).code == code
