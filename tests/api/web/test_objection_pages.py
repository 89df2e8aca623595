"""Pages of notices, objections and trials: an enterprise objects, the authority answers."""

import pytest

from tests.api.rest.offices import COMPLIANCE_1, FIRST_DISTRICT, SECOND_DISTRICT, appoint
from tests.api.web.office import links, look, planned, send, text_of
from tests.build import REGULATOR

PLAN = "/authority/allocations/990101/2026"
NOTICE = {"measure": "energy", "stage": "planned", "document": "告知1号"}


@pytest.fixture
def office(faced):
    appoint(faced)
    planned(faced)
    return faced


def notified(office):
    client = office.visit(FIRST_DISTRICT)
    answer = send(office, client, f"{PLAN}/notify", NOTICE)
    assert answer.status_code == 303, text_of(answer)
    return look(client, PLAN)


def test_an_enterprise_objects_from_its_sheet_and_the_authority_answers(office):
    assert "提出异议" not in look(office.visit(COMPLIANCE_1), "/enterprise/E1/rights")
    assert "企业可在" in notified(office)
    own = office.visit(COMPLIANCE_1)
    page = look(own, "/enterprise/E1/rights")
    assert "对此数字提出异议" in page
    sheet = next(each for each in links(own, "/enterprise/E1/rights") if "/sheets/" in each)
    code = own.get(sheet.replace("&amp;", "&")).json["check_code"]
    form = {"year": "2026", "measure": "energy", "product": "cement", "stage": "planned"}

    wrong = send(office, own, "/enterprise/E1/objections", {**form, "sheet_code": "0" * 64})
    assert wrong.status_code == 409
    assert "计算书已变更" in text_of(wrong)
    said = {**form, "sheet_code": code, "reasons": "产量应为一千五百吨"}
    sent = send(office, own, "/enterprise/E1/objections", said)

    assert sent.status_code == 303, text_of(sent)
    officer = office.visit(FIRST_DISTRICT)
    waiting = look(officer, "/authority/objections?state=filed")
    assert "产量应为一千五百吨" in waiting
    assert "受理复核" in waiting
    assert "产量应为" not in look(office.visit(SECOND_DISTRICT), "/authority/objections")
    number = int(waiting.split("第 ")[1].split(" ")[0])
    there = f"/authority/objections/{number}"
    early = {"outcome": "upheld", "reasons": "已核", "document": "复1号"}
    assert send(office, officer, f"{there}/review", {}).status_code == 303
    bare = send(office, officer, f"{there}/decide", {**early, "outcome": "corrected"})
    assert bare.status_code in (303, 422)
    better = {**early, "outcome": "corrected", "output": "1500"}
    assert send(office, officer, f"{there}/decide", better).status_code == 303
    assert "第二人批准" in look(officer, "/authority/objections")


def test_a_clerk_moves_a_coefficient_and_sees_the_table(office):
    before = office.digest()
    client = office.visit(FIRST_DISTRICT)

    page = look(client, "/authority/trials?district=990101&year=2026&sector_coefficient=0.5")

    assert "0 / 2 / 0" in page
    assert "-50.000" in page
    assert "-100.000" in page
    assert office.digest() == before
    empty = look(client, "/authority/trials")
    assert "改动系数" in empty
    english = look(client, "/authority/trials", language="en")
    assert "Move a coefficient" in english
    wrong = "/authority/trials?district=990101&year=26"
    assert "四位年份" in look(client, wrong, status=422)
    look(client, "/authority/trials?district=990101&year=2027", status=409)
    look(client, "/authority/trials?district=990102&year=2026", status=404)
    assert "0 / 0 / 2" in look(
        office.visit(REGULATOR), "/authority/trials?district=990101&year=2026&measure=energy"
    )
