"""Freed quota by closure, from application to source: scenarios 4 and 24, and each refusal."""

from datetime import date

import pytest

from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.substitution.claim import ClosureLine
from ledger.substitution.confirm import ConfirmFreed
from tests.build import DISTRICT, REGULATOR, SECOND_REGULATOR, VERIFIER
from tests.ledger.substitution.works import retrofit, retrofit_audits
from tests.ledger.substitution.world import (
    closure,
    confirm,
    free,
    lines,
    opinion,
    refused,
    refused_alone,
    review,
)

ENERGY = "energy.standing.two_high.t2030.eq.990101"
COAL = "coal.standing.two_high.t2030.na.990101"
TWO_EYES = {"by": (DISTRICT, SECOND_REGULATOR)}


def test_a_closure_frees_the_last_full_year_once_it_is_confirmed(bench):
    """Scenario 4: 12,345 tce, and nothing before the opinion."""
    bench.do(closure("S1")).require()
    review(bench, "S1").require()
    before = bench.balance("source:S1-ENERGY", ENERGY)

    answer = confirm(bench, "S1").require()

    assert before == 0
    assert bench.balance("source:S1-ENERGY", ENERGY) == 12_345_000
    assert answer.result["sources"] == [
        {
            "source": "S1-ENERGY",
            "asset": ENERGY,
            "amount": 12_345_000,
            "against": "released_use",
        }
    ]


def test_each_measure_becomes_a_source_of_its_own(bench):
    measures = {
        "energy": 12_345_000,
        "coal": 9_000_000,
        "capacity-clinker": 500_000,
        "carbon": 33_000_000,
        "pollutant-so2": 4_000,
    }

    free(bench, closure("S1", measures=lines(measures)))

    assert bench.balance("source:S1-ENERGY", ENERGY) == 12_345_000
    assert bench.balance("source:S1-COAL", COAL) == 9_000_000
    assert (
        bench.balance(
            "source:S1-CAPACITY-CLINKER", "capacity-clinker.standing.two_high.t2030.na.990101"
        )
        == 500_000
    )
    assert (
        bench.balance("source:S1-CARBON", "carbon.standing.two_high.t2030.na.990101") == 33_000_000
    )
    assert (
        bench.balance("source:S1-POLLUTANT-SO2", "pollutant-so2.standing.two_high.t2030.na.990101")
        == 4_000
    )


def test_quota_freed_outside_two_high_trades_says_so_for_ever(light):
    free(light, closure("S2", "F2", enterprise="E2"))

    other = "energy.standing.other.t2030.eq.990101"
    assert light.balance("source:S2-ENERGY", other) == 12_345_000


@pytest.mark.parametrize(
    ("approved", "amount"), [(12_345_001, 12_345_000), (12_344_999, 12_344_999), (None, 12_345_000)]
)
def test_the_lower_of_statistics_and_approval_is_freed(light, approved, amount):
    free(light, closure("S1", measures=(ClosureLine("energy", 12_345_000, approved),)))

    assert light.balance("source:S1-ENERGY", ENERGY) == amount


def test_a_closure_without_its_last_full_year_is_refused(light):
    answer = refused_alone(light, closure("S1", statistics_year=2024))

    assert answer.code == "closure_baseline_missing"
    assert answer.facts == {"facility": "F1", "year": 2025}


def test_a_firm_with_no_record_of_the_year_is_refused(light):
    answer = refused_alone(light, closure("S1", closed_on=date(2025, 12, 31), statistics_year=2024))

    assert answer.code == "closure_baseline_missing"
    assert answer.facts == {"facility": "F1", "year": 2024}


@pytest.mark.parametrize(
    ("measure", "recorded"),
    [("energy", 900_000_000), ("coal", 2_000_000_000), ("capacity-clinker", 10_000_000)],
)
def test_a_plant_frees_no_more_than_is_on_record(light, measure, recorded):
    answer = refused_alone(light, closure("S1", measures=lines({measure: recorded + 1})))
    at_the_limit = light.do(closure("S2", measures=lines({measure: recorded})))

    assert answer.code == "amount_above_cap"
    assert answer.facts == {"facility": "F1", "claimed": recorded + 1, "cap": recorded}
    assert at_the_limit.ok


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"enterprise": "E2"}, "party_unknown"),
        ({"facility": "F9"}, "party_unknown"),
        ({"closed_on": date(2026, 7, 1)}, "freed_day_in_future"),
        ({"evidence": "AB" * 32}, "freed_evidence_malformed"),
        ({"last_year": 2025}, "standing_term_over"),
        ({"measures": ()}, "rows_empty"),
        ({"measures": lines({"steam": 5})}, "asset_malformed"),
        ({"measures": lines({"carbon": 0})}, "amount_not_positive"),
        ({"measures": (*lines({"carbon": 1}), *lines({"carbon": 2}))}, "measure_twice"),
        ({"claim": "s1"}, "party_id_malformed"),
        ({"claim": "S" * 30}, "party_id_malformed"),
    ],
)
def test_a_claim_that_is_not_well_made_is_refused(light, facts, code):
    named = {"claim": "S1", "facility": "F1", **facts}

    answer = refused_alone(light, closure(named.pop("claim"), named.pop("facility"), **named))

    assert answer.code == code


def test_a_claim_id_is_used_once(light):
    light.do(closure("S1")).require()

    answer = refused_alone(light, closure("S1", measures=lines({"coal": 1})))

    assert answer.code == "freed_claim_exists"


def test_the_same_closure_is_claimed_once_in_each_measure(bench):
    bench.do(closure("S1")).require()

    again = refused_alone(bench, closure("S2"))
    coal = bench.do(closure("S3", measures=lines({"coal": 9_000_000})))
    other_plant = bench.do(closure("S4", "F1B"))

    assert again.code == "claim_overlaps"
    assert again.facts["existing"] == "S1"
    assert coal.ok
    assert other_plant.ok


def test_a_rejected_claim_leaves_its_days_to_another(light):
    light.do(closure("S1")).require()
    review(light, "S1", finding="rejected").require()

    answer = light.do(closure("S2"))

    assert answer.ok


def test_a_closed_line_is_not_claimed_again_as_a_retrofit(bench, clock):
    """Scenario 24; the works were audited while the closure claim was already filed."""
    retrofit_audits(bench, clock)
    bench.do(closure("S1", closed_on=date(2026, 12, 1))).require()

    answer = refused_alone(bench, retrofit("S2"))

    assert answer.code == "claim_overlaps"
    assert answer.facts == {
        "facility": "F1",
        "measure": "energy",
        "existing": "S1",
        "existing_first_day": "2025-01-01",
        "existing_last_day": "9999-12-31",
    }


@pytest.mark.parametrize("step", ["review", "confirm", "again"])
def test_the_steps_of_a_claim_come_in_order(light, step):
    light.do(closure("S1")).require()
    if step == "review":
        review(light, "S1").require()
        payload, by = opinion("S1"), (VERIFIER, "person:VER2")
    elif step == "confirm":
        payload, by = ConfirmFreed(claim="S1", document="确权1号"), TWO_EYES["by"]
    else:
        review(light, "S1").require()
        confirm(light, "S1").require()
        payload, by = ConfirmFreed(claim="S1", document="确权2号"), TWO_EYES["by"]

    answer = refused(light, payload, by=by)

    assert answer.code == "freed_claim_not_ready"
    assert (
        answer.facts["state"]
        == {
            "review": "reviewed",
            "confirm": "claimed",
            "again": "confirmed",
        }[step]
    )


def test_an_unknown_claim_is_refused(light):
    answer = refused(light, ConfirmFreed(claim="S9", document="1"), **TWO_EYES)

    assert answer.code == "freed_claim_unknown"


def test_a_confirmation_names_its_document(light):
    light.do(closure("S1")).require()
    review(light, "S1").require()

    answer = refused(light, ConfirmFreed(claim="S1", document=" "), **TWO_EYES)

    assert answer.code == "decision_document_missing"


def test_an_enterprise_claims_for_itself_only(light):
    security = ("person:SEC1", "person:SEC2")
    grant = Grant("person:E1A", Role.ENTERPRISE_COMPLIANCE, "enterprise:E1")
    give(light, grant, by=security)

    own = light.do(closure("S1"), actor="person:E1A")

    assert own.ok
    with pytest.raises(Exception, match="may not send"):
        light.do(closure("S2", "F2", enterprise="E2"), actor="person:E1A")


def give(bench, grant, *, by) -> None:
    maker, checker = by
    bench.both(GrantRoles(grants=(grant,)), maker=maker, checker=checker).require()


def test_one_person_cannot_confirm_alone(light):
    light.do(closure("S1")).require()
    review(light, "S1").require()

    answer = refused_alone(light, ConfirmFreed(claim="S1", document="1"), actor=DISTRICT)

    assert answer.code == "second_person_needed"
    assert light.balance("source:S1-ENERGY", ENERGY) == 0


def test_a_regulator_may_claim_for_an_enterprise(light):
    assert light.do(closure("S1"), actor=REGULATOR).ok
