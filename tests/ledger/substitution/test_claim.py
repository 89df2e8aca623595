"""Freed quota from application to source: examples 49, scenarios 4 and 24, and each refusal."""

from datetime import date

import pytest
import sqlalchemy as sa

from ledger.allocation.allocate import IssueAllocations
from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.allocation.tables import AllocationCutRow
from ledger.days import start_of
from ledger.db import reading
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.substitution.audit import FileBaseline, FileReaudit
from ledger.substitution.claim import ClaimRetrofit, ClosureLine, RetrofitLine
from ledger.substitution.clawback import FlowLine
from ledger.substitution.confirm import ConfirmFreed
from ledger.transfer import Line, PostLines
from tests.build import DISTRICT, REGULATOR, SECOND_REGULATOR, VERIFIER
from tests.ledger.substitution.world import (
    HASH,
    closure,
    confirm,
    free,
    lines,
    open_city,
    opinion,
    refused,
    refused_alone,
    review,
)

ENERGY = "energy.standing.two_high.t2030.eq.990101"
COAL = "coal.standing.two_high.t2030.na.990101"
TWO_EYES = {"by": (DISTRICT, SECOND_REGULATOR)}


@pytest.fixture
def bench(engine, clock):
    return open_city(engine, clock)


@pytest.fixture
def light(sqlite_engine, clock):
    """A city on one engine, for tables of what is refused before any row is written."""
    return open_city(sqlite_engine, clock)


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


def test_quota_freed_outside_two_high_trades_says_so_for_ever(bench):
    free(bench, closure("S2", "F2", enterprise="E2"))

    other = "energy.standing.other.t2030.eq.990101"
    assert bench.balance("source:S2-ENERGY", other) == 12_345_000


@pytest.mark.parametrize(
    ("approved", "amount"), [(12_345_001, 12_345_000), (12_344_999, 12_344_999), (None, 12_345_000)]
)
def test_the_lower_of_statistics_and_approval_is_freed(light, approved, amount):
    free(light, closure("S1", measures=(ClosureLine("energy", 12_345_000, approved),)))

    assert light.balance("source:S1-ENERGY", ENERGY) == amount


def entitle(bench, amount: int, *, measure: str = "energy") -> None:
    line = EntitlementLine("E1", measure, amount, 2035, f"确权 {measure}")
    payload = ConfirmEntitlements(rows=(line,))
    bench.both(payload, maker=DISTRICT, checker=SECOND_REGULATOR).require()


RIGHT = "energy.standing.two_high.t2035.eq.990101"


def test_where_an_entitlement_is_held_it_is_reclassified(bench):
    entitle(bench, 20_000_000)

    answer = free(bench, closure("S1"))

    assert answer.result["sources"][0]["against"] == "entitlement"
    assert bench.balance("enterprise:E1:entitlement", RIGHT) == 7_655_000
    assert bench.balance("scheme:converted", RIGHT) == 12_345_000
    assert bench.balance("source:S1-ENERGY", ENERGY) == 12_345_000


def test_a_right_grows_no_longer_by_being_freed(bench):
    entitle(bench, 20_000_000)

    answer = free(bench, closure("S1", last_year=2050))

    assert answer.result["sources"][0]["asset"] == "energy.standing.two_high.t2035.eq.990101"


def test_later_allocations_are_cut_by_what_was_freed(bench):
    entitle(bench, 20_000_000)

    free(bench, closure("S1"))

    with reading(bench.engine) as connection:
        cut = connection.execute(sa.select(AllocationCutRow.__table__)).one()
    assert (cut.enterprise, cut.measure, cut.from_year, cut.amount) == (
        "E1",
        "energy",
        2027,
        12_345_000,
    )


def test_no_more_is_reclassified_than_is_held(bench):
    entitle(bench, 10_000_000)

    free(bench, closure("S1"))

    assert bench.balance("enterprise:E1:entitlement", RIGHT) == 0
    assert bench.balance("source:S1-ENERGY", ENERGY) == 10_000_000


def test_an_entitlement_to_coal_says_nothing_about_energy(bench):
    entitle(bench, 10_000_000, measure="coal")

    answer = free(bench, closure("S1"))

    assert answer.result["sources"][0]["against"] == "released_use"
    assert (
        bench.balance("enterprise:E1:entitlement", "coal.standing.two_high.t2035.na.990101")
        == 10_000_000
    )


def test_a_confirmed_closure_closes_its_facility(bench):
    free(bench, closure("S1"))

    answer = refused_alone(bench, baseline(facility="F1"), actor=VERIFIER)

    assert answer.code == "facility_closed"
    assert answer.facts == {"facility": "F1"}


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


def test_a_rejected_claim_leaves_its_days_to_another(bench):
    bench.do(closure("S1")).require()
    review(bench, "S1", finding="rejected").require()

    answer = bench.do(closure("S2"))

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


def issue_flow(bench) -> None:
    """Pre-issue 60 % of 100,000 tce of 2026 to E1, all of it restricted."""
    cap = BudgetLine("990101", 2026, "energy", 200_000_000, "预算1号")
    bench.both(SetBudgets(rows=(cap,))).require()
    named = {"district": "990101", "year": 2026, "measure": "energy"}
    line = PlanLine("E1", product="cement", output=1_000_000, benchmark="100")
    planned = bench.do(PlanAllocations(rows=(line,), **named), actor=DISTRICT).require()
    order = IssueAllocations(plan_hash=planned.result["plan_hash"], document="配额1号", **named)
    bench.both(order, maker=DISTRICT).require()


FLOW = "energy.flow.general.2026.eq.990101"
UNUSED = (FlowLine("energy", 9_000_000),)


def test_unused_flow_of_the_closure_year_returns_to_the_district(bench):
    issue_flow(bench)

    answer = free(bench, closure("S1"), unused_flow=UNUSED)

    assert answer.result["clawed_back"] == [{"measure": "energy", "taken": 9_000_000, "due": 0}]
    assert bench.balance("enterprise:E1:restricted", FLOW) == 51_000_000
    assert bench.balance("district:990101:budget", FLOW) == 149_000_000


def test_flow_that_is_gone_becomes_a_due_claim_and_no_balance_falls_below_zero(bench):
    issue_flow(bench)
    restricted, elsewhere = "enterprise:E1:restricted", "enterprise:E3:holding"
    line = Line("moved", restricted, elsewhere, FLOW, 58_000_000)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()

    answer = free(bench, closure("S1"), unused_flow=UNUSED)

    assert answer.result["clawed_back"] == [
        {"measure": "energy", "taken": 2_000_000, "due": 7_000_000}
    ]
    assert bench.balance(restricted, FLOW) == 0


@pytest.mark.parametrize(
    ("unused", "code"),
    [
        ((FlowLine("energy", 60_000_001),), "claw_back_too_large"),
        ((FlowLine("energy", 0),), "amount_not_positive"),
        ((*UNUSED, *UNUSED), "measure_twice"),
    ],
)
def test_flow_asked_back_amiss_leaves_the_claim_unconfirmed(light, unused, code):
    issue_flow(light)
    light.do(closure("S1")).require()
    review(light, "S1").require()
    payload = ConfirmFreed(claim="S1", document="1", unused_flow=unused)

    answer = refused(light, payload, **TWO_EYES)

    assert answer.code == code
    assert light.balance("source:S1-ENERGY", ENERGY) == 0


def baseline(*, facility: str = "F1", consumed: int = 80_000_000, **facts) -> FileBaseline:
    return FileBaseline(
        enterprise="E1",
        facility=facility,
        measure="energy",
        consumed=consumed,
        **{"works": "W1", "audited_on": date(2026, 6, 1), "evidence": HASH, **facts},
    )


def reaudit(*, consumed: int = 72_500_000, **facts) -> FileReaudit:
    return FileReaudit(
        enterprise="E1",
        facility="F1",
        measure="energy",
        consumed=consumed,
        **{"works": "W1", "audited_on": date(2027, 1, 10), "evidence": HASH, **facts},
    )


def retrofit(claim: str, **facts) -> ClaimRetrofit:
    return ClaimRetrofit(
        claim=claim,
        enterprise="E1",
        facility="F1",
        evidence=HASH,
        last_year=2030,
        **{
            "works": "W1",
            "began_on": date(2026, 7, 1),
            "ended_on": date(2026, 12, 31),
            "measures": (RetrofitLine("energy"),),
            **facts,
        },
    )


def retrofit_audits(bench, clock, **outputs) -> None:
    bench.do(baseline(**outputs.get("before", {})), actor=VERIFIER).require()
    clock.now = start_of(date(2027, 1, 15))
    bench.do(reaudit(**outputs.get("after", {})), actor=VERIFIER).require()


def test_a_retrofit_frees_its_audited_saving(bench, clock):
    """Scenario 4: 80,000 before, 72,500 after, 7,500 tce freed."""
    retrofit_audits(bench, clock)

    free(bench, retrofit("S1"))

    assert bench.balance("source:S1-ENERGY", ENERGY) == 7_500_000


def test_a_retrofit_by_unit_use_frees_the_fall_times_the_output_after(bench, clock):
    """Example 49: 120 to 100 kgce/t at 3,000,000 t frees 60,000 tce."""
    retrofit_audits(
        bench,
        clock,
        before={"consumed": 360_000_000, "output": 3_000_000},
        after={"consumed": 300_000_000, "output": 3_000_000},
    )

    free(bench, retrofit("S1"))

    assert bench.balance("source:S1-ENERGY", ENERGY) == 60_000_000


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


def test_one_saving_is_claimed_once(bench, clock):
    retrofit_audits(bench, clock)
    bench.do(retrofit("S1")).require()

    answer = refused_alone(bench, retrofit("S2"))

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


def test_an_audit_stands_as_filed(bench):
    bench.do(baseline(), actor=VERIFIER).require()

    answer = refused_alone(bench, baseline(consumed=90_000_000), actor=VERIFIER)

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


def test_flow_is_not_asked_back_where_nothing_closed(light, clock):
    retrofit_audits(light, clock)
    light.do(retrofit("S1")).require()
    review(light, "S1").require()
    payload = ConfirmFreed(claim="S1", document="1", unused_flow=(FlowLine("energy", 1),))

    answer = refused(light, payload, **TWO_EYES)

    assert answer.code == "nothing_closed"


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
