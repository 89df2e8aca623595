"""Pages of the reserve and of one source's life: what a clerk sees, and that forms propose."""

from tests.api.rest.rights_town import AUDITOR, C1, CITY, D1, D2, HASH, VERIFIER
from tests.api.rest.test_sources import SECOND, freed_and_split

LOT = {"lot_kind": "voluntary", "measure": "energy", "source": "K2-ENERGY", "target": "R1"}


def told(client, path):
    """Return the words of a page, which must be there."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def reviewed(rights):
    freed_and_split(rights)
    batch = {"batch": "B1", "reserve": "990101", "document": "方案1号"}
    rights.does(D1, "/reserve-batches", {**batch, "lots": [{**LOT, "amount": "400"}]})
    review = {"finding": "upheld", "document": "评审1号", "evidence": HASH}
    rights.agreed(VERIFIER, SECOND, "/reserve-batches/B1/reviews", review)


def test_the_reserve_shows_its_batches_and_proposes_their_decision(rights):
    reviewed(rights)

    city = told(rights.visit(CITY), "/authority/reserve")
    auditor = told(rights.visit(AUDITOR), "/authority/reserve")

    assert "批次 B1 · 已评审，待决定" in city
    assert "省发展改革部门的决定（文号）" in city
    assert "FRQ-81" in city
    assert "提交决定，待第二人复核" not in auditor
    assert "自愿上交" in auditor
    assert rights.visit(C1).get("/authority/reserve").status_code == 403
    assert "批次 B1" not in told(rights.visit(D2), "/authority/reserve")
    client = rights.visit(CITY)
    form = {"key": "page-1", "body": "commission", "document": "决定1号"}
    assert client.post("/authority/reserve/B1/decide", data=form).status_code == 303
    assert "已提交复核" in told(client, "/authority/reserve")


def test_the_life_of_a_source_is_a_page_and_its_claim_can_be_revoked(rights):
    freed_and_split(rights)

    page = told(rights.visit(D1), "/authority/sources/S60")

    assert "替代来源的一生：S60" in page
    assert "“两高”行业腾出" in page
    assert "划转1号" in page
    assert "S100" in page
    assert rights.visit(D2).get("/authority/sources/S60").status_code == 404
    assert "S60" in told(rights.visit(D1), "/authority/freed")
    client = rights.visit(D1)
    form = {"key": "page-2", "document": "撤销1号", "evidence": HASH, "rights": "kept"}

    odd = client.post("/authority/freed/K2/revoke", data={**form, "rights": "perhaps"})
    answer = client.post("/authority/freed/K2/revoke", data={**form, "key": "page-3"})

    assert odd.status_code == 422
    assert answer.status_code == 303
    assert "已提交复核" in told(client, "/authority/freed/K2")
