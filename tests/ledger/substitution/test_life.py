"""A project's life: planned, withdrawn, accepted, undone, commissioned, owing, closed."""

import itertools
from datetime import date

import pytest
import sqlalchemy as sa

from ledger.allocation.allocate import IssueAllocations
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.days import start_of
from ledger.db import reading
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.replay import replay
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.substitution.accept import AcceptProject
from ledger.substitution.clawback import FlowLine
from ledger.substitution.commission import CloseProject, CommissionProject, WithdrawProject
from ledger.substitution.project import PlanSubstitution, SourceLine
from ledger.substitution.rectify import FindRectified, OrderRectification
from ledger.substitution.revoke import RevokeFreed
from ledger.substitution.settle_deficit import SettleDeficit
from ledger.substitution.undo import UndoAcceptance
from tests.build import DISTRICT, SECOND_REGULATOR, SECOND_SECURITY, SECURITY
from tests.ledger.substitution.five import (
    ADDED,
    BY,
    NEEDED,
    NET,
    OFFERED,
    SOURCES,
    accept,
    build,
    refusal,
)
from tests.ledger.substitution.world import (
    HASH,
    closure,
    free,
    lines,
    offer,
    plan,
    project,
    refused,
    refused_alone,
)

ENERGY = SOURCES["S1-ENERGY"]
ADMIN = "person:E3ADMIN"


def both(bench, payload):
    return bench.both(payload, maker=DISTRICT, checker=SECOND_REGULATOR)


def commission(day=date(2026, 6, 30), **facts):
    return CommissionProject(
        **{
            "project": "P1",
            "commissioned_on": day,
            "document": "投产1号",
            "evidence": HASH,
            **facts,
        }
    )


def undo(*flow):
    return UndoAcceptance(project="P1", document="撤销1号", flow=flow)


def withdraw():
    return WithdrawProject(project="P1", document="撤回1号")


def close():
    return CloseProject(project="P1", document="验收1号", evidence=HASH)


def revoke(claim="S1"):
    return RevokeFreed(claim=claim, document="撤销确权1号", evidence=HASH)


def settle(*sources, measure="energy"):
    return SettleDeficit(project="P1", measure=measure, sources=sources, document="补足1号")


def held(bench, place="source:S1-ENERGY"):
    return bench.balance(place, ENERGY), bench.balance(f"{place}:reserved", ENERGY)


def table(bench, name):
    with reading(bench.engine) as connection:
        return connection.execute(sa.text(f"SELECT * FROM {name}")).mappings().all()


def test_a_project_lives_from_plan_to_deficit(light_freed, other_engine):
    """Reserve, replan, accept, undo, accept again, owe, settle; then replay on each engine."""
    freed = light_freed
    build(freed, *OFFERED)
    assert held(freed) == (0, 12_000_004)

    freed.do(plan("P1", ("S1-ENERGY", 5))).require()
    assert held(freed) == (11_999_999, 5)

    freed.do(plan("P1", *OFFERED)).require()
    accept(freed).require()
    assert freed.balance("scheme:substituted:P1", ENERGY) == 12_000_004

    both(freed, undo()).require()
    assert held(freed) == (12_000_004, 0)
    assert freed.balance("scheme:substituted:P1", ENERGY) == 0
    given = "energy.standing.two_high.t2030.eq.990102"
    assert freed.balance("enterprise:E3:entitlement", given) == 0
    assert freed.balance("scheme:issuance", given) == 0
    assert [row["remaining"] for row in table(freed, "entitlements")] == [0, 0]

    freed.do(plan("P1", *OFFERED)).require()
    accept(freed).require()
    assert freed.balance("enterprise:E3:entitlement", given) == 10_000_003
    free(freed, closure("S3", "F1B", measures=lines({"energy": 20_000_000})))

    both(freed, revoke()).require()
    early = refused_alone(freed, commission())
    assert (early.code, early.facts["measure"]) == ("project_deficit_open", "capacity-clinker")
    both(freed, settle(offer("S3-ENERGY", 12_000_004))).require()
    assert freed.balance("source:S3-ENERGY", ENERGY) == 7_999_996
    assert freed.balance("scheme:substituted:P1", ENERGY) == 24_000_008

    replayed = replay(freed.engine, other_engine, freed.subjects, itertools.repeat(5))
    assert replayed.digest == freed.digest()


def test_a_plan_that_covers_more_lets_go_of_the_rest_or_gives_it_up(light):
    free(light, closure("S1", measures=lines({**NEEDED, "energy": 12_000_054})))
    more = [*(one for one in OFFERED if one[0] != "S1-ENERGY"), ("S1-ENERGY", 12_000_054)]
    build(light, *more)

    accept(light).require()
    assert held(light) == (50, 0)
    both(light, undo()).require()
    light.do(plan("P1", *more, retire_all="yes")).require()
    answer = accept(light).require()

    assert held(light) == (0, 0)
    assert answer.result["retired"]["energy"] == 12_000_054
    assert answer.result["net_reduction"] == {**NET, "energy": NET["energy"] + 50}


def test_a_withdrawn_project_gives_back_what_it_reserved_and_is_over(light_freed):
    build(light_freed, *OFFERED)

    answer = light_freed.do(withdraw()).require()

    assert answer.result["released"] == dict(OFFERED)
    assert held(light_freed) == (12_000_004, 0)
    for payload in (plan("P1", *OFFERED), withdraw(), commission()):
        again = refused_alone(light_freed, payload)
        assert (again.code, again.facts["state"]) == ("project_not_ready", "withdrawn")


def test_a_project_is_commissioned_once_accepted_and_then_neither_undone_nor_withdrawn(
    light_freed,
):
    build(light_freed, *OFFERED)
    planned = refused_alone(light_freed, commission())
    accept(light_freed).require()

    refusals = {
        "commissioned_too_early": commission(date(2026, 6, 29)),
        "freed_day_in_future": commission(date(2026, 7, 1)),
        "decision_document_missing": commission(document=" "),
        "freed_evidence_malformed": commission(evidence="ab"),
        "project_not_ready": close(),
    }
    found = {code: refused_alone(light_freed, one).code for code, one in refusals.items()}
    light_freed.do(commission()).require()
    undone = refused(light_freed, undo(), by=(DISTRICT, SECOND_REGULATOR))
    withdrawn = refused_alone(light_freed, withdraw())
    light_freed.do(close()).require()

    assert planned.facts["needed"] == "accepted"
    assert found == {code: code for code in refusals}
    assert (undone.facts["state"], withdrawn.facts["state"]) == ("commissioned", "commissioned")
    (stage,) = table(light_freed, "project_stages")
    assert (stage["stage"], stage["commissioned_on"]) == ("closed", "2026-06-30")


def test_a_plant_that_still_runs_keeps_the_project_waiting(light_freed):
    build(light_freed, *OFFERED)
    accept(light_freed).require()
    with light_freed.engine.begin() as connection:
        connection.execute(sa.text("UPDATE facilities SET state = 'running' WHERE id = 'F1'"))

    answer = refused_alone(light_freed, commission())

    assert answer.code == "source_not_realised"
    assert answer.facts["missing"] == "closure"


def test_a_right_that_is_partly_gone_cannot_be_taken_back(light):
    """E1's own project: its new line closes, so its right was turned into freed quota."""
    free(light, closure("S1", measures=lines(NEEDED)))
    build(light, *OFFERED, enterprise="E1", district="990101")
    accept(light).require()
    free(light, closure("S2", "F1B", measures=lines({"energy": 1})))

    answer = refused(light, undo(), by=(DISTRICT, SECOND_REGULATOR))

    assert answer.code == "project_right_gone"
    assert answer.facts["needed"] - answer.facts["available"] == 1


def test_flow_issued_meanwhile_must_be_spoken_of_and_goes_with_the_right(light_freed, other_engine):
    """The right of 10,000,003 kgce gives as much flow; six tenths, 6,000 t, went out already."""
    freed = light_freed
    build(freed, *OFFERED)
    accept(freed).require()
    budget = BudgetLine("990102", 2026, "energy", 900_000_000, "预算1号")
    freed.both(SetBudgets(rows=(budget,))).require()
    of_year = {"district": "990102", "year": 2026, "measure": "energy"}
    rows = (PlanLine("E3", method="entitlement"),)
    planned = freed.do(PlanAllocations(rows=rows, **of_year), actor=DISTRICT).require()
    order = IssueAllocations(plan_hash=planned.result["plan_hash"], document="下达1号", **of_year)
    both(freed, order).require()
    restricted, flow = "enterprise:E3:restricted", "energy.flow.general.2026.eq.990102"
    issued = freed.balance(restricted, flow)
    by = {"by": (DISTRICT, SECOND_REGULATOR)}

    silent = refused(freed, undo(FlowLine("coal", 0)), **by)
    negative = refused(freed, undo(FlowLine("coal", -1), FlowLine("energy", 0)), **by)
    above = refused(freed, undo(FlowLine("energy", 6_000_001)), **by)
    answer = both(freed, undo(FlowLine("energy", 5_999_999))).require()

    assert issued == 6_000_000
    assert silent.code == "project_flow_not_stated"
    assert (silent.facts["measure"], silent.facts["issued"]) == ("energy", 6_000_000)
    assert (negative.code, above.code) == ("amount_not_positive", "claw_back_too_large")
    assert answer.result["flow"] == [{"measure": "energy", "taken": 5_999_999, "due": 0}]
    assert freed.balance(restricted, flow) == 1
    (row,) = table(freed, "allocations")
    # True-up gives nothing more for a right that is gone: all it gave is cut from the final quota.
    assert (row["granted"], row["issued"], row["cut"]) == (10_000_003, 1, 10_000_003)
    replayed = replay(freed.engine, other_engine, freed.subjects, itertools.repeat(512))
    assert replayed.digest == freed.digest()


def test_undoing_returns_revoked_units_to_nobody_and_voids_the_deficit(light_freed):
    build(light_freed, *OFFERED)
    accept(light_freed).require()
    both(light_freed, revoke()).require()

    both(light_freed, undo()).require()

    assert held(light_freed) == (0, 0)
    assert light_freed.balance("scheme:revoked", ENERGY) == 12_000_004
    assert all(row["settled"] == row["amount"] for row in table(light_freed, "project_deficits"))


def test_a_revocation_takes_what_a_plan_reserved(light_freed):
    build(light_freed, *OFFERED)
    both(light_freed, revoke()).require()

    answer = refusal(light_freed)
    withdrawn = light_freed.do(withdraw()).require()

    assert (answer.code, answer.facts["available"]) == ("source_insufficient", 0)
    assert withdrawn.result["released"] == {}


def test_a_deficit_is_settled_by_lawful_sources_up_to_what_is_owed(light_freed):
    build(light_freed, *OFFERED)
    accept(light_freed).require()
    free(light_freed, closure("S2", "F2", enterprise="E2", measures=lines({"energy": 10})))
    free(light_freed, closure("S3", "F1B", measures=lines({"energy": 12_000_005})))
    nothing = refused(light_freed, settle(offer("S3-ENERGY", 1)), **BY)
    both(light_freed, revoke()).require()

    found = {
        "class_barred": settle(offer("S2-ENERGY", 1)),
        "deficit_exceeded": settle(offer("S3-ENERGY", 12_000_005)),
        "amount_not_positive": settle(offer("S3-ENERGY", 0)),
        "source_unknown": settle(offer("S9-ENERGY", 1)),
        "rows_empty": settle(),
    }
    codes = {code: refused(light_freed, payload, **BY).code for code, payload in found.items()}
    part = both(light_freed, settle(offer("S3-ENERGY", 4))).require()
    rest = both(light_freed, settle(offer("S3-ENERGY", 12_000_000))).require()

    assert (nothing.code, nothing.facts["owed"]) == ("deficit_exceeded", 0)
    assert codes == {code: code for code in found}
    assert (part.result["settled"], part.result["owed"]) == (4, 12_000_000)
    assert rest.result["owed"] == 0


OWN = (Grant(ADMIN, Role.ENTERPRISE_ADMIN, "enterprise:E3"),)


def test_an_enterprise_offers_only_what_it_holds(light_freed):
    """The pool's authority may assign another's source by a document; the applicant may not."""
    giving = GrantRoles(grants=OWN)
    light_freed.both(giving, maker=SECURITY, checker=SECOND_SECURITY).require()
    light_freed.do(project(additions=ADDED)).require()

    own = refused_alone(light_freed, plan("P1", *OFFERED), actor=ADMIN)
    undocumented = refused_alone(light_freed, plan("P1", *OFFERED, document=""))
    light_freed.do(plan("P1", *OFFERED)).require()

    assert own.code == "source_not_held"
    assert own.facts["holder"] == "E1"
    assert undocumented.code == "decision_document_missing"


def test_only_raw_coal_counts_as_coal(light_freed):
    light_freed.do(project(additions=ADDED)).require()

    def coal(carrier):
        line = SourceLine("S1-COAL", 1, carrier=carrier)
        return PlanSubstitution(project="P1", sources=(line,), document="统筹1号")

    barred = ("coke", "semi_coke", "petroleum_coke", "gangue", "feedstock_coal")
    silent = refused_alone(light_freed, coal(""))
    found = {refused_alone(light_freed, coal(carrier)).code for carrier in barred}
    light_freed.do(coal("raw_coal")).require()

    assert silent.code == "coal_carrier_not_stated"
    assert found == {"coal_carrier_refused"}


def order(**facts):
    return OrderRectification(
        **{
            "project": "P1",
            "rectification": "R1",
            "limit": "水泥单位产品能耗限额",
            "allowed": "117 kgce/t",
            "found": "121 kgce/t",
            "deadline": date(2026, 9, 30),
            "document": "整改1号",
            **facts,
        }
    )


def done(day, **facts):
    return FindRectified(
        **{
            "project": "P1",
            "rectification": "R1",
            "done_on": day,
            "document": "复查1号",
            "evidence": HASH,
            **facts,
        }
    )


@pytest.mark.parametrize(
    ("day", "is_late"), [(date(2026, 9, 30), "no"), (date(2026, 10, 1), "yes")]
)
def test_an_order_is_carried_out_in_time_or_late(light_freed, clock, day, is_late):
    build(light_freed, *OFFERED)
    early = refused_alone(light_freed, order())
    accept(light_freed).require()
    past = refused_alone(light_freed, order(deadline=date(2026, 6, 30)))
    light_freed.do(order()).require()
    twice = refused_alone(light_freed, order())
    unknown = refused_alone(light_freed, done(date(2026, 6, 30), rectification="R2"))
    clock.now = start_of(date(2026, 10, 1))

    answer = light_freed.do(done(day)).require()
    again = refused_alone(light_freed, done(day))

    assert early.code == "project_not_ready"
    assert past.code == "rectification_deadline_past"
    assert twice.code == "rectification_exists"
    assert (unknown.code, again.code) == ("rectification_unknown", "rectification_unknown")
    assert answer.result["is_late"] == is_late


def test_acceptance_still_takes_two_persons(light_freed):
    build(light_freed, *OFFERED)

    alone = refused_alone(light_freed, AcceptProject(project="P1"), actor=DISTRICT)

    assert alone.code == "second_person_needed"
