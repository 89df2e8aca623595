"""Freed quota by retrofit: example 49, scenario 4, and each refusal."""

from datetime import date

import pytest

from ledger.days import start_of
from ledger.substitution.claim import RetrofitLine
from tests.build import VERIFIER
from tests.ledger.substitution.works import baseline, reaudit, retrofit, retrofit_audits
from tests.ledger.substitution.world import (
    free,
    refused_alone,
)

ENERGY = "energy.standing.two_high.t2030.eq.990101"


def test_a_retrofit_frees_its_audited_saving(bench, clock):
    """Scenario 4: 80,000 before, 72,500 after, 7,500 tce freed."""
    retrofit_audits(bench, clock)

    free(bench, retrofit("S1"))

    assert bench.balance("source:S1-ENERGY", ENERGY) == 7_500_000


def test_a_retrofit_by_unit_use_frees_the_fall_times_the_output_after(light, clock):
    """Example 49: 120 to 100 kgce/t at 3,000,000 t frees 60,000 tce."""
    retrofit_audits(
        light,
        clock,
        before={"consumed": 360_000_000, "output": 3_000_000},
        after={"consumed": 300_000_000, "output": 3_000_000},
    )

    free(light, retrofit("S1"))

    assert light.balance("source:S1-ENERGY", ENERGY) == 60_000_000


def test_a_retrofit_frees_nothing_before_it_is_audited_again(light, clock):
    light.do(baseline(), actor=VERIFIER).require()
    clock.now = start_of(date(2027, 1, 15))

    answer = refused_alone(light, retrofit("S1"))

    assert answer.code == "retrofit_reaudit_missing"


def test_a_retrofit_without_a_baseline_is_refused(light, clock):
    clock.now = start_of(date(2027, 1, 15))
    light.do(reaudit(), actor=VERIFIER).require()

    answer = refused_alone(light, retrofit("S1"))

    assert answer.code == "retrofit_baseline_missing"
    assert answer.facts == {"facility": "F1", "works_began": "2026-07-01"}


@pytest.mark.parametrize(("filed_on", "code"), [(30, "ok"), (31, "retrofit_baseline_missing")])
def test_a_baseline_is_filed_before_the_day_the_works_begin(light, clock, filed_on, code):
    """Filed by the ledger's own clock: the day before is in time, the day itself is late."""
    clock.now = start_of(date(2026, 7, filed_on))
    retrofit_audits(light, clock)

    answer = light.do(retrofit("S1", began_on=date(2026, 7, 31)))

    assert answer.code == code


@pytest.mark.parametrize("after", [80_000_000, 80_000_001])
def test_a_retrofit_that_saves_nothing_is_refused(light, clock, after):
    retrofit_audits(light, clock, after={"consumed": after})

    answer = refused_alone(light, retrofit("S1"))

    assert answer.code == "nothing_saved"


def test_an_approved_saving_caps_the_audited_one(light, clock):
    retrofit_audits(light, clock)

    free(light, retrofit("S1", measures=(RetrofitLine("energy", 7_000_000),)))

    assert light.balance("source:S1-ENERGY", ENERGY) == 7_000_000


def test_one_saving_is_claimed_once(light, clock):
    retrofit_audits(light, clock)
    light.do(retrofit("S1")).require()

    answer = refused_alone(light, retrofit("S2"))

    assert answer.code == "claim_overlaps"


@pytest.mark.parametrize(("second", "code"), [(10, "claim_overlaps"), (11, "ok")])
def test_a_second_retrofit_starts_from_what_the_first_left(light, clock, second, code):
    """The first was audited again on 10 January: a baseline of that day counts the same use."""
    retrofit_audits(light, clock)
    light.do(retrofit("S1")).require()
    later = {"works": "W2", "audited_on": date(2027, 1, second)}
    light.do(baseline(consumed=72_500_000, **later), actor=VERIFIER).require()
    clock.now = start_of(date(2027, 3, 1))
    again = {"works": "W2", "audited_on": date(2027, 3, 1)}
    light.do(reaudit(consumed=70_000_000, **again), actor=VERIFIER).require()
    works = {"began_on": date(2027, 2, 1), "ended_on": date(2027, 2, 20)}

    answer = light.do(retrofit("S2", works="W2", **works))

    assert answer.code == code


def test_audits_of_another_plant_prove_nothing(light, clock):
    retrofit_audits(light, clock, before={"facility": "F1B"})

    answer = refused_alone(light, retrofit("S1"))

    assert answer.code == "retrofit_baseline_missing"


def test_an_audit_stands_as_filed(light):
    light.do(baseline(), actor=VERIFIER).require()

    answer = refused_alone(light, baseline(consumed=90_000_000), actor=VERIFIER)

    assert answer.code == "retrofit_audit_exists"
    assert answer.facts["filed_on"] == "2026-06-30"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"audited_on": date(2026, 7, 1)}, "freed_day_in_future"),
        ({"consumed": -1}, "amount_not_positive"),
        ({"output": -1}, "amount_not_positive"),
        ({"evidence": ""}, "freed_evidence_malformed"),
        ({"facility": "F2"}, "party_unknown"),
    ],
)
def test_an_audit_that_is_not_well_made_is_refused(light, facts, code):
    answer = refused_alone(light, baseline(**facts), actor=VERIFIER)

    assert answer.code == code


def test_works_do_not_end_before_they_begin(light, clock):
    retrofit_audits(light, clock)

    answer = refused_alone(light, retrofit("S1", ended_on=date(2026, 6, 30)))

    assert answer.code == "works_days_reversed"
