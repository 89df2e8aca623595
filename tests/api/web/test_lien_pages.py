"""Pages of transfers and liens: what is offered, what binds, certificates, freezes."""

import re

import pytest

from ledger.approve import approving
from ledger.command import read_payload_json
from ledger.liens.lease import OfferLease
from ledger.moves.cancel import CancelUnits
from tests.api.rest.offices import appoint
from tests.api.web.office import look, send
from tests.build import REGULATOR, SECOND_REGULATOR
from tests.ledger.compliance.world import ADMIN, ENERGY, rows

LIENS, OFFICE = "/enterprise/E1/liens", "/authority/liens"
FREEZE = {
    "freeze": "FZ1", "enterprise": "E1", "asset": ENERGY, "amount": "2.5",
    "court": "示例市中级人民法院", "document": "执1号", "ends_on": "2026-12-31",
}  # fmt: skip


@pytest.fixture
def town(faced):
    appoint(faced)
    return faced


def approve(town, answer, checker):
    """Approve what a form proposed, as *checker* would."""
    assert answer.status_code == 303, answer.text
    (proposal,) = [row for row in rows(town.bench, "proposals") if row["state"] == "open"]
    handler = town.bench.subjects.handlers[proposal["kind"]]
    payload = read_payload_json(handler.payload, proposal["payload"].encode())
    return town.bench.do(approving(proposal["id"], payload), actor=checker).require()


def test_a_transfer_is_proposed_from_the_page_and_waits_there(town):
    client = town.visit("person:T1")
    fields = {"asset": ENERGY, "amount": "1.234", "partner": "E2", "reason": "调剂"}

    approve(town, send(town, client, f"{LIENS}/transfer", fields), ADMIN)

    page = look(client, LIENS)
    assert "1.234" in page
    assert "等待中" in page
    assert "2026-01-16 12:00" in page
    assert "1.234" in look(town.visit("person:T2"), "/enterprise/E2/liens")


def test_a_form_that_cannot_be_is_shown_again_with_the_rule(town):
    client = town.visit("person:T1")
    before = town.digest()
    fields = {"asset": ENERGY, "amount": "一吨", "partner": "E2", "reason": "调剂"}

    answer = send(town, client, f"{LIENS}/transfer", fields)

    assert answer.status_code == 422
    assert "REG-01" in answer.text
    assert town.digest() == before


def test_an_offer_is_shown_to_whom_it_is_made_and_to_nobody_else(town):
    lease = OfferLease(
        lease="L1", enterprise="E1", lessee="E2", asset=ENERGY, amount=5_000,
        return_on="2026-06-30", rent_fen=90_000,
    )  # fmt: skip
    town.bench.both(lease, maker="person:T1", checker=ADMIN).require()

    lessee = look(town.visit("person:T2"), "/enterprise/E2/liens")

    assert "待接受的租赁" in lessee
    assert "5.000" in lessee
    assert "900.00" in lessee
    assert "待接受的租赁" not in look(town.visit("person:T1"), LIENS)
    taken = send(town, town.visit("person:T2"), "/enterprise/E2/liens/leases/L1", {})
    approve(town, taken, ADMIN)
    assert "租入" in look(town.visit("person:T2"), "/enterprise/E2/liens")
    assert "Leased out" in look(town.visit("person:T1"), LIENS, language="en")


def test_a_certificate_is_read_by_whoever_has_its_code(town):
    paper = CancelUnits(
        cancellation="CA1", enterprise="E1", asset=ENERGY, amount=300, purpose="抵消会议用能",
        beneficiary="某基金会",
    )  # fmt: skip
    made = town.bench.both(paper, maker="person:T1", checker=ADMIN).require().result
    link = re.search(
        r'href="(/public/certificates/[^"]+)"', town.visit("person:T1").get(LIENS).text
    )

    page = look(town.visit(""), link[1])

    assert made["check_code"] in link[1]
    assert "某基金会" in page
    assert "0.300" in page
    look(town.visit(""), "/public/certificates/00000000000000000000", status=404)


def test_a_freeze_is_recorded_lifted_and_shown_with_what_it_waits_for(town):
    client = town.visit(REGULATOR)

    approve(town, send(town, client, f"{OFFICE}/freezes", FREEZE), SECOND_REGULATOR)

    page = look(client, OFFICE)
    assert "示例市中级人民法院" in page
    assert "2.500" in page
    assert "司法冻结" in look(town.visit("person:T1"), LIENS)
    lifted = send(town, client, f"{OFFICE}/freezes/FZ1/lift", {"document": "裁1号"})
    approve(town, lifted, SECOND_REGULATOR)
    assert "没有冻结" in look(client, OFFICE)
    again = send(town, client, f"{OFFICE}/freezes", {**FREEZE, "amount": "2.5555"})
    assert again.status_code == 422
