"""The pages of new use: the calculator, new entrants, paid parts, and what a region may sell."""

from ledger.allocation.allocate import IssueAllocations
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.districts.enforce import BudgetLine, ReserveBudget, SetBudgets
from ledger.parties.enroll import FacilityLine, RegisterFacilities
from tests.api.rest.offices import ADMIN_1, COMPLIANCE_1, FIRST_DISTRICT, appoint
from tests.api.rest.test_new_use import let_half_be_paid
from tests.api.web.office import look, send, text_of
from tests.api.web.test_gate_pages import approve_last, sent
from tests.build import REGULATOR

PAGE = "/authority/new-use?district=990101"
ASKED = "added=1,000&intensity=0.74&two_high=no"


def test_a_clerk_is_told_what_a_project_must_buy_and_why(faced):
    appoint(faced)
    client = faced.visit(FIRST_DISTRICT)

    asked = look(client, f"{PAGE}&{ASKED}")
    below = look(client, f"{PAGE}&added=1000&intensity=0.60")
    wrong = look(client, f"{PAGE}&added=1000&intensity=many")
    english = look(client, f"{PAGE}&{ASKED}", language="en")

    assert "须购买 1,000.000 吨标准煤：强度超过阈值，新增用能全部购买" in asked
    assert "价格 120.00 元/吨标准煤" in asked
    assert "合计 120,000.00 元" in asked
    assert "须购买 0.000 吨标准煤：强度未超过阈值，不购买" in below
    assert "ALC-53" in wrong
    assert "its intensity is above the threshold" in english
    own = look(faced.visit(COMPLIANCE_1), f"/enterprise/E1/new-use?{ASKED}")
    assert "合计 120,000.00 元" in own
    look(faced.visit("person:T2"), "/enterprise/E1/new-use", status=404)


def test_an_entrant_is_admitted_and_an_increment_set_from_the_page(faced):
    appoint(faced)
    bench = faced.bench
    cap = BudgetLine("990101", 2026, "energy", 5_000_000, "预算1号")
    bench.both(SetBudgets(rows=(cap,))).require()
    reserve = {"district": "990101", "year": 2026, "measure": "energy", "document": "预留1号"}
    bench.both(ReserveBudget(**reserve, amount=1_000_000), maker=FIRST_DISTRICT).require()
    line = FacilityLine("N1", "E1", "新线", "TEXTILE", "cloth", 1, "t")
    bench.do(RegisterFacilities(rows=(line,))).require()
    form = {
        "year": "2026", "measure": "energy", "enterprise": "E1", "facility": "N1",
        "amount_tce": "400.5", "opinion": "节审1号", "evidence": "ab" * 32,
    }  # fmt: skip
    posted = "/authority/new-use/entrants?district=990101"

    told = sent(faced, FIRST_DISTRICT, posted, form)
    approve_last(faced)
    page = look(faced.visit(FIRST_DISTRICT), PAGE)
    refused = send(faced, faced.visit(FIRST_DISTRICT), posted, form | {"amount_tce": "1e3"})
    increment = {"year": "2026", "measure": "energy", "amount_tce": "200", "document": "增量1号"}
    sent(faced, REGULATOR, "/authority/new-use/increments?district=990101", increment)
    approve_last(faced)

    assert "已提交复核" in told
    assert "400.500" in page
    assert "已准入，待年度报告核定后结算" in page
    assert refused.status_code == 422
    assert "2026 · 能源 200.000 0.000 增量1号" in look(faced.visit(REGULATOR), PAGE)


def test_an_enterprise_pays_its_usage_fee_on_its_page(faced):
    appoint(faced)
    bench = faced.bench
    let_half_be_paid(bench)
    cap = BudgetLine("990101", 2027, "energy", 5_000_000, "预算1号")
    bench.both(SetBudgets(rows=(cap,))).require()
    line = PlanLine("E1", product="cloth", output=200, method="benchmarking", benchmark="100")
    named = {"district": "990101", "year": 2027, "measure": "energy"}
    plan = bench.do(PlanAllocations(**named, rows=(line,)), actor=FIRST_DISTRICT).require()
    issue = IssueAllocations(**named, plan_hash=plan.result["plan_hash"], document="发放1号")
    bench.both(issue, maker=FIRST_DISTRICT, checker=REGULATOR).require()
    client = faced.visit(ADMIN_1)

    before = look(client, "/enterprise/E1/new-use")
    form = {"year": "2027", "measure": "energy", "product": "cloth"}
    paid = send(faced, client, "/enterprise/E1/payments", form)
    after = look(client, "/enterprise/E1/new-use")
    again = send(faced, client, "/enterprise/E1/payments", form)

    assert "10.000 80.00 800.00 2026-02-14 待企业缴费" in before
    assert paid.status_code == 303
    assert "已缴费发放" in after
    assert (again.status_code, "不能再缴费" in text_of(again)) == (409, True)
    assert "10.000 800.00 2026-02-14 已缴费发放" in look(faced.visit(FIRST_DISTRICT), PAGE)
