"""Enterprises close, merge, split and move: what they had and owed follows to the last unit."""

import msgspec
import pytest
import sqlalchemy as sa

from ledger.allocation.change_tables import EnterpriseChangeRow
from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.allocation.decide import DecideObjection
from ledger.allocation.notify import NotifyFigures
from ledger.allocation.objection import FileObjection, ReviewObjection
from ledger.allocation.sheet import sheet_document
from ledger.allocation.tables import DueClaimRow, EntitlementRow
from ledger.allocation.tables import HistoryRow as HISTORY
from ledger.cash import Deposit
from ledger.compliance.assess import ComputeObligations
from ledger.compliance.open_year import OpenYear
from ledger.compliance.subject import COMPLIANCE as COMPLIANCE_SUBJECT
from ledger.compliance.tables import StandingRow
from ledger.db import reading
from ledger.liens.cease import CeaseEnterprise, Used
from ledger.liens.change_subject import CHANGES
from ledger.liens.merge import MergeEnterprises
from ledger.liens.relocate import RelocateEnterprise
from ledger.liens.split import Part, SplitEnterprise
from ledger.replay import replay
from tests.build import CLEARING, DISTRICT, SECOND_CLEARING
from tests.ledger.allocation.build import (
    BUDGET,
    COMPLIANCE,
    FLOW,
    OTHER_TOWN,
    agreed,
    allocation,
    allocation_ledger,
    cement,
    end_the_year,
    final,
    issued,
    move,
    past,
    plan,
    record,
    refused,
    set_budget,
    truing,
)

RIGHT = "energy.standing.two_high.t2030.eq.990100"
DOCUMENT = "变更1号"


@pytest.fixture
def bench(engine, clock):
    bench = allocation_ledger(engine, clock, COMPLIANCE_SUBJECT, CHANGES)
    set_budget(bench, 900_000_000)
    return bench


def entitle(bench, enterprise, amount, document="确权1号"):
    line = EntitlementLine(enterprise, "energy", amount, 2030, document)
    agreed(bench, ConfirmEntitlements(rows=(line,))).require()


def rows(bench, table, *columns):
    chosen = [getattr(table, name) for name in columns]
    with reading(bench.engine) as connection:
        query = sa.select(*chosen).order_by(*table.__table__.primary_key)
        return [tuple(row) for row in connection.execute(query)]


def ended(step, enterprise="E1", **fields):
    kinds = {"cease": CeaseEnterprise, "merge": MergeEnterprises, "split": SplitEnterprise}
    return kinds[step](enterprise=enterprise, document=DOCUMENT, **fields)


def merging(successor="E2", **changes):
    return ended("merge", successor=successor, **changes)


def splitting(*parts):
    return ended("split", rows=tuple(Part(*part) for part in parts))


def converting(text):
    return {"change__relocation_converts_flow": text == "true"}


def test_a_closure_returns_what_was_not_used_and_claims_what_is_gone(bench):
    issued(bench, cement())
    move(bench, "enterprise:E1:restricted", "enterprise:E2:holding", 25_000_000)
    assert refused(bench, ended("cease")).code == "use_not_stated"
    below = ended("cease", used=(Used(2025, "energy", -1),))
    assert refused(bench, below).code == "use_not_stated"
    unnamed = msgspec.structs.replace(below, document="")
    assert refused(bench, unnamed).code == "allocation_document_missing"

    # 60,000 tce were issued, 30,000 are used, 25,000 sold: of the 35,000 left 30,000 go back.
    told = agreed(bench, ended("cease", used=(Used(2025, "energy", 30_000_000),))).require().result

    assert (told["returned"], told["claimed"]) == (30_000_000, 0)
    assert bench.balance("enterprise:E1:restricted", FLOW) == 5_000_000
    assert bench.balance(BUDGET, FLOW) == 870_000_000
    refusal = plan(bench, cement(output=1))
    assert (refusal.code, refusal.facts["step"]) == ("enterprise_ended", "cease")
    assert refused(bench, ended("cease")).code == "enterprise_ended"
    assert refused(bench, merging()).code == "enterprise_ended"


def test_a_closure_that_used_more_than_is_left_owes_the_rest(bench):
    issued(bench, cement())
    move(bench, "enterprise:E1:restricted", "enterprise:E2:holding", 55_000_000)

    told = agreed(bench, ended("cease", used=(Used(2025, "energy", 0),))).require().result

    assert (told["returned"], told["claimed"]) == (5_000_000, 55_000_000)
    assert rows(bench, DueClaimRow, "enterprise", "asset", "amount") == [("E1", FLOW, 55_000_000)]


def test_no_enterprise_changes_while_something_of_it_is_open(bench):
    issued(bench, cement())
    move(bench, "enterprise:E1:restricted", "enterprise:E1:bought", 1)

    for payload in (
        merging(),
        ended("cease", used=(Used(2025, "energy", 0),)),
        RelocateEnterprise(enterprise="E1", district=OTHER_TOWN, document=DOCUMENT),
    ):
        answer = refused(bench, payload)
        assert answer.code == "enterprise_tied"
        assert "enterprise:E1:bought" in answer.facts["ties"]


def test_a_merger_takes_over_units_rights_cash_and_past_years(bench):
    entitle(bench, "E1", 70_000_000)
    entitle(bench, "E2", 30_000_000)
    record(bench, past("E1", 2024, 40, output=4, product="cement"), past("E1", 2023, 7))
    record(bench, past("E2", 2024, 2, output=1, product="cement"))
    issued(bench, cement())
    plan(bench, cement("E2", output=5)).require()
    deposit = Deposit(enterprise="E1", amount_fen=900, statement_line="B1")
    bench.both(deposit, maker=CLEARING, checker=SECOND_CLEARING).require()
    move(bench, "enterprise:E1:restricted", "enterprise:E1:holding", 11)
    for successor, code in (("E1", "change_party_unfit"), ("E9", "change_party_unfit")):
        assert refused(bench, merging(successor)).code == code

    agreed(bench, merging()).require()

    assert bench.balance("enterprise:E2:holding", FLOW) == 11
    assert bench.balance("enterprise:E2:entitlement", RIGHT) == 100_000_000
    assert bench.balance("enterprise:E1:entitlement", RIGHT) == 0
    assert bench.balance("enterprise:E2:cash", "cash.cny") == 900
    assert bench.balance("enterprise:E1:restricted", FLOW) == 59_999_989  # until true-up
    assert rows(bench, EntitlementRow, "enterprise", "document", "remaining") == [
        ("E2", "确权1号 (E1)", 70_000_000),
        ("E2", "确权1号", 30_000_000),
    ]
    assert rows(bench, EnterpriseChangeRow, "step", "enterprise", "other") == [
        ("merge", "E1", "E2")
    ]
    assert plan(bench, cement(output=3)).code == "enterprise_ended"
    assert refused(bench, merging("E3")).code == "enterprise_ended"
    # The successor's past is both enterprises': 42 kgce for 5 tonnes in 2024, and 7 in 2023.
    years = rows(bench, HISTORY, "enterprise", "year", "product", "energy_kgce", "output")
    assert [row[1:] for row in years if row[0] == "E2"] == [
        (2023, "", 7, 0),
        (2024, "cement", 2, 1),
        (2024, "cement", 42, 5),
    ]


def test_a_merger_given_again_takes_what_true_up_set_free_and_adds_obligations(bench, clock):
    issued(bench, cement(), cement("E2"))
    agreed(bench, merging()).require()
    end_the_year(bench, clock)
    final(bench, monthly=10, cement=900_000)
    final(bench, "E2", monthly=20, cement=1_000_000)
    agreed(bench, truing()).require()
    year = OpenYear(year=2025, measures="energy", deadline="2026-06-30", waiver="示例")
    bench.both(year).require()
    bench.do(ComputeObligations(year=2025, enterprises=("E1",))).require()
    assert refused(bench, merging()).code == "obligation_pending"
    bench.do(ComputeObligations(year=2025, enterprises=("E2",))).require()
    owed = dict(rows(bench, StandingRow, "enterprise", "owed"))
    assert owed["E1"] > 0

    agreed(bench, merging()).require()

    assert bench.balance("enterprise:E2:holding", FLOW) == 190_000_000
    after = dict(rows(bench, StandingRow, "enterprise", "owed"))
    assert after == {"E1": 0, "E2": owed["E1"] + owed["E2"]}
    bench.restart()
    agreed(bench, merging()).require()  # nothing has come since: nothing moves
    assert dict(rows(bench, StandingRow, "enterprise", "owed")) == after


def test_a_split_divides_to_the_last_unit_by_largest_remainder(bench, clock):
    entitle(bench, "E1", 100)
    record(bench, past("E1", 2024, 100, coal_kg=1, output=7, product="cement"))
    issued(bench, cement())
    end_the_year(bench, clock)
    thirds = (("E2", "1/3"), ("E3", "1/3"), ("E4", "1/3"))
    assert refused(bench, splitting(*thirds)).code == "split_unsettled"
    final(bench, cement=1_000_000)
    agreed(bench, truing()).require()
    for parts, code in (
        ((("E2", "1/3"), ("E3", "1/3")), "split_shares_unfit"),
        ((("E2", "1"),), "split_shares_unfit"),
        ((("E2", "1/2"), ("E2", "1/2")), "split_shares_unfit"),
        ((("E2", "1"), ("E3", "0")), "split_shares_unfit"),
        ((("E2", "0.5"), ("E9", "0.5")), "rows_refused"),
        ((("E2", "0.5"), ("E1", "0.5")), "rows_refused"),
        ((("E2", "1.1"), ("E3", "x")), "rows_refused"),
    ):
        assert refused(bench, splitting(*parts)).code == code

    agreed(bench, splitting(*thirds)).require()

    # 100,000,000 and 100 in three: the first named gets the odd unit.
    parts = [bench.balance(f"enterprise:{one}:holding", FLOW) for one in ("E2", "E3", "E4")]
    assert parts == [33_333_334, 33_333_333, 33_333_333]
    rights = [bench.balance(f"enterprise:{one}:entitlement", RIGHT) for one in ("E2", "E3", "E4")]
    assert rights == [34, 33, 33]
    assert rows(bench, EntitlementRow, "enterprise", "remaining")[1:] == [
        ("E2", 34),
        ("E3", 33),
        ("E4", 33),
    ]
    past_years = rows(bench, HISTORY, "enterprise", "energy_kgce", "coal_kg", "output")[1:]
    assert past_years == [("E2", 34, 1, 3), ("E3", 33, 0, 2), ("E4", 33, 0, 2)]
    assert plan(bench, cement(output=1), year=2026).code in ("enterprise_ended", "budget_not_set")


@pytest.mark.parametrize("converts", ["false", "true"])
def test_a_move_converts_rights_and_flow_only_where_the_pack_says_so(engine, clock, converts):
    bench = allocation_ledger(engine, clock, COMPLIANCE_SUBJECT, CHANGES, **converting(converts))
    set_budget(bench, 900_000_000)
    set_budget(bench, 70_000_000, district=OTHER_TOWN, document="DOC-9")
    entitle(bench, "E1", 100)
    issued(bench, cement())
    moving = RelocateEnterprise(enterprise="E1", district=OTHER_TOWN, document=DOCUMENT)
    here = msgspec.structs.replace(moving, district="990100")
    assert refused(bench, here).code == "change_party_unfit"
    if converts == "true":
        # 60,000 tce are held and 40,000 more are promised; the new budget has 70,000.
        assert refused(bench, moving).code == "budget_exceeded"
        set_budget(bench, 100_000_000, district=OTHER_TOWN, document="DOC-10")

    told = agreed(bench, moving).require().result

    there = {old: old.replace("990100", OTHER_TOWN) for old in (FLOW, RIGHT)}
    assert bench.balance("enterprise:E1:entitlement", RIGHT) == 0
    assert bench.balance("enterprise:E1:entitlement", there[RIGHT]) == 100
    assert rows(bench, EntitlementRow, "asset") == [(there[RIGHT],)]
    moved = 60_000_000 if converts == "true" else 0
    assert (told["rights_converted"], told["flow_converted"]) == (100, moved)
    assert bench.balance("enterprise:E1:restricted", FLOW) == 60_000_000 - moved
    assert bench.balance("enterprise:E1:restricted", there[FLOW]) == moved
    assert bench.balance(BUDGET, FLOW) == 840_000_000 + moved
    assert plan(bench, cement(output=1), year=2025).code == "enterprise_elsewhere"
    bench.restart()
    assert plan(bench, cement(output=1), year=2025).code == "enterprise_elsewhere"


def test_objections_and_changes_replay_to_the_same_state(bench, clock, other_engine):
    entitle(bench, "E1", 100)
    record(bench, past("E1", 2024, 100, output=7, product="cement"))
    issued(bench, cement(), cement("E2"))
    notice = {"district": "990100", "year": 2025, "measure": "energy", "stage": "planned"}
    bench.do(NotifyFigures(**notice, document="告知1号"), actor=DISTRICT).require()
    code = sheet_document(allocation(bench), "planned")["check_code"]
    objecting = FileObjection(
        enterprise="E1", year=2025, measure="energy", product="cement",
        stage="planned", sheet_code=code, reasons="产量有误",
    )  # fmt: skip
    number = bench.do(objecting, actor=COMPLIANCE).require().result["objection"]
    bench.do(ReviewObjection(objection=number), actor=DISTRICT).require()
    better = cement(sector_coefficient="1.1")
    fields = {"objection": number, "reasons": "已核", "document": "复1号"}
    agreed(bench, DecideObjection(outcome="corrected", correction=better, **fields)).require()
    agreed(bench, merging()).require()
    moving = RelocateEnterprise(enterprise="E2", district=OTHER_TOWN, document=DOCUMENT)
    agreed(bench, moving).require()
    agreed(bench, ended("cease", "E2", used=(Used(2025, "energy", 1),))).require()

    result = replay(bench.engine, other_engine, bench.subjects, iter(lambda: 3, None))

    assert result.digest == bench.digest()
