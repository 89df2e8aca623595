"""Pages of the two-high register, of a project's life, and of its closed loop, from end to end."""

import io

from python_calamine import CalamineWorkbook

from tests.api.rest.rights_town import AUDITOR, C1, CHECKER, D1, D2, HASH
from tests.api.rest.test_projects import accepted
from tests.api.rest.test_two_high import TODAY, entered, line, listed
from tests.api.web.office import look, send, text_of


def rows_of(client, path):
    """Return the rows of a workbook that *client* downloads, without its header."""
    answer = client.get(path)
    assert answer.status_code == 200, text_of(answer)
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return book.get_sheet_by_index(0).to_python()[1:]


def test_a_clerk_keeps_the_register(rights):
    listed(rights)
    entered(rights, line(review_by="2026-01-16"), line("TH2", enterprise="E1", energy_kgce="1"))
    clerk = rights.visit(D1)
    page = look(clerk, "/authority/two-high")
    assert "熟料线 TH1" in page
    assert "水泥（熟料） 拟建 50,000.000 本地 须窗口指导 待分类 2026-01-16" in page
    assert "TH1" not in look(clerk, "/authority/two-high?due=1")

    path = "/authority/two-high/TH1/steps"
    fields = {"step": "classify", "review_by": "2099-01-01", "document": "处置1号"}
    refused = send(rights, clerk, path, {**fields, "disposition": "burn"})
    assert refused.status_code == 422
    assert "“burn”不是处置类别" in text_of(refused)
    sent = send(rights, clerk, path, {**fields, "disposition": "upgrade"})
    assert sent.status_code == 303
    moving = {"step": "move", "state": "under_construction", "document": "变更1号"}
    assert send(rights, clerk, path, moving).status_code == 303

    page = look(clerk, "/authority/two-high/TH1")
    assert "变更状态 拟建 在建 变更1号" in page
    assert "改造提升 · 下次复查 2099-01-01" in page
    assert "History" in look(clerk, "/authority/two-high/TH1", language="en")
    clerk.set_cookie("lang", "zh")
    cells = rows_of(clerk, "/authority/two-high.xlsx")
    assert [row[0] for row in cells] == ["TH1", "TH2"]
    assert (cells[0][6], cells[0][8], cells[0][11]) == ("在建", "50,000.000", "改造提升")
    look(rights.visit(D2), "/authority/two-high/TH1", status=404)
    assert "TH1" not in look(rights.visit(D2), "/authority/two-high")


def test_a_project_is_led_through_its_life_by_its_page(rights):
    accepted(rights)
    officer = rights.visit(D2)
    page = look(officer, "/authority/projects/P1")
    assert "已通过，来源已注销" in page
    assert "登记投产" in page
    assert "撤销通过" in page

    undo = send(rights, officer, "/authority/projects/P1/undo", {"document": "撤销1号"})
    assert undo.status_code == 303
    assert "已提交复核" in look(officer, "/authority/projects/P1")
    early = {"commissioned_on": "2026-01-14", "document": "投产1号", "evidence": HASH}
    refused = send(rights, officer, "/authority/projects/P1/run", early)
    assert "早于替代通过日" in text_of(refused)
    run = {**early, "commissioned_on": TODAY}
    assert send(rights, officer, "/authority/projects/P1/run", run).status_code == 303
    order = {
        "rectification": "R1",
        "limit": "水泥能耗限额",
        "allowed": "117 kgce/t",
        "found": "121 kgce/t",
        "deadline": "2099-01-10",
        "document": "整改1号",
    }
    path = "/authority/projects/P1/orders"
    assert send(rights, officer, path, order).status_code == 303
    page = look(officer, "/authority/projects/P1")
    assert "R1 水泥能耗限额 117 kgce/t 121 kgce/t 2099-01-10 未完成" in page

    loops = look(officer, "/authority/closed-loops")
    assert "新线 P1" in loops
    assert "水泥能耗限额 · 2099-01-10" in loops
    done = {"way": "done", "rectification": "R1", "done_on": TODAY, "document": "复查1号"}
    assert send(rights, officer, path, {**done, "evidence": HASH}).status_code == 303
    close = {"way": "close", "document": "验收1号", "evidence": HASH}
    assert send(rights, officer, "/authority/projects/P1/run", close).status_code == 303
    assert "已结案" in look(officer, "/authority/projects/P1")
    cells = rows_of(rights.visit(AUDITOR), "/authority/closed-loops.xlsx")
    energy = next(row for row in cells if row[4] == "能源")
    assert (energy[0], energy[5], energy[6], energy[7]) == ("P1", "0.400", "0.480", "0.080")


def test_a_withdrawal_by_the_page_frees_the_sources(rights):
    accepted(rights)
    rights.agreed(D2, CHECKER, "/projects/P1/undoings", {"document": "撤销1号"})
    officer = rights.visit(D2)

    sent = send(rights, officer, "/authority/projects/P1/withdraw", {"document": "撤回1号"})

    assert sent.status_code == 303
    assert "已撤回" in look(officer, "/authority/projects/P1")
    assert "已撤回" in look(officer, "/authority/projects")
    look(rights.visit(C1), "/authority/two-high/TH1", status=404)
