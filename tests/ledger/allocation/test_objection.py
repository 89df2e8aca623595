"""A figure is notified, objected to in time, looked at again, and stands or is made anew."""

import msgspec
import pytest
import sqlalchemy as sa

from ledger.allocation.decide import DecideObjection
from ledger.allocation.notify import NotifyFigures, after_workdays
from ledger.allocation.objection import FileObjection, ReviewObjection
from ledger.allocation.objection_tables import ObjectionRow
from ledger.allocation.sheet import sheet_document
from ledger.approve import approving, proposing
from ledger.days import day_of
from ledger.db import reading
from ledger.recompute import recompute
from tests.build import DISTRICT
from tests.conftest import DAY, START
from tests.ledger.allocation.build import (
    BUDGET,
    COMPLIANCE,
    FLOW,
    TOWN,
    agreed,
    allocation,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    issuing,
    plan,
    refused,
    refused_alone,
    set_budget,
    truing,
)

ABOUT = {"district": TOWN, "year": 2025, "measure": "energy"}


@pytest.fixture
def bench(engine, clock):
    bench = allocation_ledger(engine, clock)
    set_budget(bench, 1_000_000_000)
    return bench


def notify(bench, stage="planned", **changes):
    payload = NotifyFigures(**{**ABOUT, "stage": stage, "document": "告知1号", **changes})
    return bench.do(payload, actor=DISTRICT)


def code(bench, stage="planned", enterprise="E1"):
    return sheet_document(allocation(bench, enterprise), stage)["check_code"]


def objecting(bench, stage="planned", **changes):
    fields = {
        "enterprise": "E1",
        "year": 2025,
        "measure": "energy",
        "stage": stage,
        "product": "cement",
        "reasons": "产量有误",
        "evidence_hash": "ab" * 32,
    }
    fields["sheet_code"] = changes.pop("sheet_code", None) or code(bench, stage)
    return FileObjection(**{**fields, **changes})


def under_review(bench, stage="planned"):
    filed = bench.do(objecting(bench, stage), actor=COMPLIANCE).require().result["objection"]
    bench.do(ReviewObjection(objection=filed), actor=DISTRICT).require()
    return filed


def deciding(objection, outcome, **changes):
    fields = {"objection": objection, "outcome": outcome, "reasons": "已核", "document": "复1号"}
    return DecideObjection(**{**fields, **changes})


def objection(bench, number):
    table = ObjectionRow.__table__
    with reading(bench.engine) as connection:
        return connection.execute(sa.select(table).where(table.c.sequence == number)).one()


def test_seven_workdays_skip_two_weekend_days():
    wednesday = day_of(START)

    assert after_workdays(wednesday, 0) == wednesday
    assert after_workdays(wednesday, 2).isoformat() == "2025-01-03"
    assert after_workdays(wednesday, 3).isoformat() == "2025-01-06"
    assert after_workdays(wednesday, 7).isoformat() == "2025-01-10"


def test_a_notice_is_of_figures_and_leaves_the_time_that_the_pack_gives(bench):
    assert refused_alone(
        bench, NotifyFigures(**ABOUT, stage="planned", document="1"), DISTRICT
    ).code == ("nothing_to_notify")
    plan(bench, cement(), cement("E2")).require()
    shorter = NotifyFigures(**ABOUT, stage="planned", document="1", last_day="2025-01-09")
    refusal = refused_alone(bench, shorter, DISTRICT)
    assert (refusal.code, refusal.facts["needed"]) == ("notice_too_short", "2025-01-10")
    later = msgspec.structs.replace(shorter, last_day="2026-01-03")
    assert refused_alone(bench, later, DISTRICT).code == "notice_too_short"
    unnamed = msgspec.structs.replace(shorter, last_day="", document=" ")
    assert refused_alone(bench, unnamed, DISTRICT).code == "allocation_document_missing"

    told = notify(bench).require().result

    assert (told["sheets"], told["last_day"]) == (2, "2025-01-10")
    assert notify(bench, last_day="2025-01-13").require().result["last_day"] == "2025-01-13"


def test_an_objection_is_in_time_on_the_last_day_and_late_on_the_next(bench, clock):
    plan(bench, cement(), cement("E2")).require()
    early = refused_alone(bench, objecting(bench), COMPLIANCE)
    assert early.code == "figure_not_notified"
    notify(bench).require()
    for changes, refusal in (
        ({"sheet_code": "0" * 64}, "sheet_other"),
        ({"reasons": " "}, "objection_unreasoned"),
        ({"reasons": "x" * 2_001}, "objection_unreasoned"),
        ({"evidence_hash": "AB"}, "objection_unreasoned"),
        ({"product": "salt", "sheet_code": "0" * 64}, "figure_not_notified"),
        ({"stage": "final", "sheet_code": "0" * 64}, "figure_not_notified"),
    ):
        assert refused_alone(bench, objecting(bench, **changes), COMPLIANCE).code == refusal
    clock.advance(9 * DAY)

    filed = bench.do(objecting(bench), actor=COMPLIANCE).require().result["objection"]

    row = objection(bench, filed)
    assert (row.state, row.filed_on, row.sheet_code) == ("filed", "2025-01-10", code(bench))
    assert refused_alone(bench, objecting(bench), COMPLIANCE).code == "objection_open"
    clock.advance(DAY)
    late = objecting(bench, enterprise="E2", sheet_code=code(bench, enterprise="E2"))
    refusal = refused_alone(bench, late, COMPLIANCE)
    assert (refusal.code, refusal.facts["last_day"]) == ("objection_late", "2025-01-10")


def test_an_objection_is_reviewed_before_it_is_decided_and_by_four_eyes(bench):
    plan(bench, cement(), cement("E2")).require()
    notify(bench).require()
    filed = bench.do(objecting(bench), actor=COMPLIANCE).require().result["objection"]
    upheld = deciding(filed, "upheld")
    assert refused(bench, upheld).code == "objection_elsewhere"
    assert refused_alone(bench, ReviewObjection(objection=0), DISTRICT).code == "objection_unknown"
    bench.do(ReviewObjection(objection=filed), actor=DISTRICT).require()
    assert refused_alone(bench, ReviewObjection(objection=filed), DISTRICT).code == (
        "objection_elsewhere"
    )
    for changes, refusal in (
        ({"reasons": ""}, "objection_unreasoned"),
        ({"document": ""}, "allocation_document_missing"),
        ({"correction": cement()}, "correction_unfit"),
        ({"outcome": "corrected"}, "correction_unfit"),
        ({"outcome": "corrected", "correction": cement("E2")}, "correction_unfit"),
    ):
        assert refused(bench, msgspec.structs.replace(upheld, **changes)).code == refusal
    proposal = bench.do(proposing(upheld), actor=DISTRICT).require().sequence
    assert refused_alone(bench, approving(proposal, upheld), DISTRICT).code
    before = allocation(bench)

    agreed(bench, upheld).require()

    row = objection(bench, filed)
    assert (row.state, row.outcome, row.answer) == ("decided", "upheld", "已核")
    assert row.reviewer == DISTRICT
    assert allocation(bench) == before
    bench.do(objecting(bench), actor=COMPLIANCE).require()  # decided: it may be raised again


def test_a_planned_figure_is_planned_again_and_the_plan_has_another_hash(bench):
    told = plan(bench, cement(output=1_000_000)).require().result
    notify(bench).require()
    number = under_review(bench)

    corrected = deciding(number, "corrected", correction=cement(output=1_100_000))
    agreed(bench, corrected).require()

    row = allocation(bench)
    assert (row.granted, row.pre_issued) == (110_000_000, 66_000_000)
    assert objection(bench, number).corrected_code == code(bench)
    assert refused(bench, issuing(told["plan_hash"])).code == "plan_changed"


def test_an_issued_figure_gets_new_terms_and_true_up_moves_the_difference(bench, clock):
    issued(bench, cement(output=1_000_000))
    notify(bench).require()
    number = under_review(bench)
    low = deciding(number, "corrected", correction=cement(output=599_999))
    assert refused(bench, low).code == "correction_below_issued"

    better = cement(output=1_000_000, sector_coefficient="1.1")
    agreed(bench, deciding(number, "corrected", correction=better)).require()

    row = allocation(bench)
    assert (row.granted, row.pre_issued, row.issued) == (110_000_000, 60_000_000, 60_000_000)
    assert all(check.ok for check in recompute(sheet_document(row, "planned")))
    end_the_year(bench, clock)
    final(bench, cement=1_000_000)
    agreed(bench, truing()).require()
    assert bench.balance("enterprise:E1:holding", FLOW) == 110_000_000
    assert bench.balance(BUDGET, FLOW) == 890_000_000


def test_an_open_objection_keeps_true_up_of_that_enterprise_back_and_no_one_elses(bench, clock):
    issued(bench, cement(), cement("E2"))
    end_the_year(bench, clock)
    notify(bench).require()
    number = under_review(bench)
    final(bench, cement=1_000_000)
    final(bench, "E2", cement=1_000_000)

    assert refused(bench, truing(enterprises=("E1",))).code == "objection_open"
    told = agreed(bench, truing()).require().result

    assert (told["enterprises"], told["contested"]) == (1, 1)
    assert (allocation(bench).state, allocation(bench, "E2").state) == ("issued", "final")
    assert refused(bench, truing()).code == "objection_open"
    agreed(bench, deciding(number, "upheld")).require()
    assert agreed(bench, truing()).require().result["enterprises"] == 1


def test_a_final_figure_is_opened_again_and_trued_up_by_what_it_lacks(bench, clock):
    issued(bench, cement())
    end_the_year(bench, clock)
    final(bench, cement=900_000)
    agreed(bench, truing()).require()
    document = sheet_document(allocation(bench), "final")
    assert all(check.ok for check in recompute(document))
    assert document["figures"] == {"final": "90000000", "change": "30000000"}
    notify(bench, "final").require()
    number = under_review(bench, "final")
    line = cement(output=1_000_000, sector_coefficient="1.2")

    agreed(bench, deciding(number, "corrected", correction=line)).require()

    assert allocation(bench).state == "issued"
    told = agreed(bench, truing()).require().result
    assert told["credited"] == 18_000_000  # 90,000 tce × 1.2 less the 90,000 that were given
    assert bench.balance("enterprise:E1:holding", FLOW) == 108_000_000
    assert allocation(bench).issued == 108_000_000
