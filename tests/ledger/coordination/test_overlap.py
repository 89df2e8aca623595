"""One reduction is confirmed once: against claims made elsewhere, and the carbon market."""

from datetime import date

import pytest

from ledger.coordination.membership import RecordOffset
from ledger.coordination.outside import RecordOutside, RegisterReduction, WithdrawOutside
from ledger.versions import TELLING
from tests.build import DISTRICT, REGULATOR, SECOND_REGULATOR, decided_by
from tests.ledger.compliance.world import CALM, do_refused, rows
from tests.ledger.coordination.world import (
    city,
    closure,
    confirm,
    confirm_refused,
    elsewhere,
    evidence,
    found,
    outside,
    own,
    own_refused,
    reviewed,
)

PROVINCE = {"scheme": "other_province", "measure": "energy", "amount": 5_000_000}
PAIR = ("claim:K1", "outside:O1")


@pytest.fixture
def bench(engine, clock):
    return city(engine, clock)


@pytest.fixture
def light(sqlite_engine, clock):
    return city(sqlite_engine, clock)


def offsetting(engine, clock):
    return city(engine, clock, {**CALM, "carbon_overlap": ("offset", "choice")})


def test_an_unjudged_exact_match_keeps_a_claim_from_being_confirmed(bench):
    reviewed(bench, closure())
    elsewhere(bench, **PROVINCE)

    answer = confirm_refused(bench)

    assert (answer.code, answer.verdict.rule) == ("duplicate_undisposed", "CRD-04")
    assert answer.facts["other"] == "outside:O1"
    assert answer.facts["reasons"].startswith("same_facility_days_measure")
    assert answer.facts["count"] == 1

    bench.do(found(*PAIR, "different"), actor=DISTRICT).require()
    confirm(bench).require()


def test_a_confirmation_of_an_older_log_knew_no_lock(light):
    reviewed(light, closure())
    elsewhere(light, **PROVINCE)

    with decided_by(TELLING):
        confirm(light).require()


def test_what_was_found_to_be_the_same_stays_out_until_the_other_is_withdrawn(light):
    reviewed(light, closure())
    elsewhere(light, **PROVINCE)
    light.do(found(*PAIR, "different")).require()
    # The newest finding counts; both are kept.
    light.do(found(*reversed(PAIR), "same")).require()

    assert confirm_refused(light).code == "duplicate_found"
    assert [row["finding"] for row in rows(light, "duplicate_dispositions")] == [
        "different",
        "same",
    ]

    light.do(WithdrawOutside(claim="O1", document="撤销1号")).require()
    confirm(light).require()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        # The closure of March 2025 takes every day from 1 January 2024 on.
        ({"first_day": date(2023, 1, 1), "last_day": date(2024, 1, 1)}, "duplicate_undisposed"),
        ({"first_day": date(2023, 1, 1), "last_day": date(2023, 12, 31)}, "ok"),
        ({"measure": "coal"}, "ok"),
        ({"facility": "F3"}, "ok"),
        ({"facility": "", "evidence": evidence(1)}, "duplicate_undisposed"),
        ({"facility": "", "decision": "确权K1号"}, "duplicate_undisposed"),
        ({"facility": "", "decision": "确权K1号", "amount": 4_999_999}, "ok"),
    ],
    ids=[
        *("one day", "the day before", "measure", "facility"),
        *("evidence", "decision and amount", "decision alone"),
    ],
)
def test_an_exact_match_ends_where_the_days_the_measure_or_the_facility_do(light, facts, code):
    reviewed(light, closure())
    elsewhere(light, **PROVINCE | facts)

    answer = confirm(light)

    assert answer.code == code


def test_a_reduction_of_the_carbon_market_is_no_freed_quota(bench):
    reviewed(bench, closure())
    elsewhere(bench)

    answer = confirm_refused(bench)

    assert (answer.code, answer.facts["overlap"]) == ("carbon_claimed", "parallel")


def reduction(claim="C1", **facts):
    fields = {
        "claim": claim,
        "facility": "F1",
        "register": "全国碳市场",
        "reference": "减排1号",
        "amount_kg": 13_300_000,
        "first_day": date(2025, 1, 1),
        "last_day": date(2025, 12, 31),
        "evidence": evidence(7),
    }
    return RegisterReduction(**fields | facts)


def test_freed_quota_is_no_reduction_of_the_carbon_market(bench):
    bench.do(closure()).require()

    assert own_refused(bench, reduction()).code == "carbon_claimed"

    earlier = reduction(first_day=date(2023, 1, 1), last_day=date(2023, 12, 31))
    own(bench, earlier).require()
    own(bench, reduction("C2", facility="F2")).require()
    assert [row["holder"] for row in rows(bench, "outside_claims")] == ["E1", "E2"]


def offset(**facts):
    fields = {"claim": "K1", "outside": "O1", "energy_kgce": 5_000_000, "document": "折算1号"}
    return RecordOffset(**fields | facts)


def test_under_offset_one_reduction_counts_in_both_by_rate_and_record(engine, clock):
    bench = offsetting(engine, clock)
    reviewed(bench, closure())
    # 5,000,000 kgce × 2.66 kg CO2 = 13,300,000 kg: exactly what the carbon side has.
    elsewhere(bench)
    assert confirm_refused(bench).code == "carbon_offset_missing"

    answer = bench.both(offset(), maker=DISTRICT, checker=SECOND_REGULATOR).require()

    assert answer.result["converted_kg"] == 13_300_000
    confirm(bench).require()


@pytest.mark.parametrize(
    ("facts", "carbon_kg", "code"),
    [
        ({}, 13_299_999, "carbon_offset_too_large"),
        ({"energy_kgce": 5_000_001}, 20_000_000, "carbon_offset_too_large"),
        ({"energy_kgce": 0}, 13_300_000, "amount_not_positive"),
        ({"claim": "K9"}, 13_300_000, "carbon_offset_pair_unknown"),
        ({"document": " "}, 13_300_000, "decision_document_missing"),
    ],
)
def test_a_conversion_never_exceeds_what_either_side_has(
    sqlite_engine, clock, facts, carbon_kg, code
):
    light = offsetting(sqlite_engine, clock)
    light.do(closure()).require()
    elsewhere(light, amount=carbon_kg)

    answer = light.both(offset(**facts), maker=REGULATOR, checker=SECOND_REGULATOR)

    assert answer.code == code
    assert rows(light, "carbon_offsets") == []


def test_in_parallel_nothing_is_converted(light):
    light.do(closure()).require()
    elsewhere(light)

    answer = light.both(offset(), maker=REGULATOR, checker=SECOND_REGULATOR)

    assert (answer.code, answer.facts["overlap"]) == ("carbon_offset_not_allowed", "parallel")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"id": "o1"}, "party_id_malformed"),
        ({"evidence": "zz"}, "freed_evidence_malformed"),
        ({"last_day": date(2024, 12, 31)}, "days_reversed"),
        ({"first_day": date(2026, 1, 16), "last_day": date(2026, 2, 1)}, "freed_day_in_future"),
        ({"amount": 0}, "amount_not_positive"),
        ({"facility": "F9"}, "party_unknown"),
        ({"credit_code": "91"}, "credit_code_wrong"),
        ({"series": "GEC", "first_serial": 2, "last_serial": 1}, "serials_malformed"),
        ({"reference": ""}, "decision_document_missing"),
    ],
)
def test_an_outside_claim_that_says_nothing_usable_is_refused(light, facts, code):
    assert do_refused(light, RecordOutside(rows=(outside(**facts),))).code == code


def test_findings_are_about_two_records_that_are_there_and_have_a_reason(light):
    light.do(closure()).require()
    elsewhere(light)

    for finding, code in (
        (found("claim:K1", "claim:K1", "same"), "duplicate_pair_unknown"),
        (found("claim:K1", "outside:O9", "same"), "duplicate_pair_unknown"),
        (found("claim:K1", "K1", "same"), "duplicate_pair_unknown"),
        (found(*PAIR, "same", " "), "finding_reason_missing"),
    ):
        assert do_refused(light, finding).code == code
