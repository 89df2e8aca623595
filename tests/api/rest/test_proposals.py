"""Four eyes over HTTP: proposed, read, approved as read, or rejected."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from api.program import subjects
from api.read.kinds import NAMES
from api.read.proposals import BY_WHAT_THEY_NAME, SCOPED, WHOLE_LEDGER, concerns, may_check
from ledger.cash import Withdraw
from ledger.command import canonical
from ledger.db import reading
from ledger.liens.tables import FreezeRow, LeaseRow, PledgeRow, PledgeSaleRow
from ledger.parties.enroll import FacilityLine, RegisterFacilities
from ledger.substitution.tables import FreedClaimRow, ProjectRow
from ledger.tables import ProposalRow
from tests.api.rest.offices import ADMIN_1, AUDITOR, COMPLIANCE_1, appoint, ids, problem
from tests.build import CLEARING, REGULATOR, SECOND_CLEARING

PATH = "/api/v1/proposals"
DEPOSIT = {"enterprise": "E1", "amount_fen": "900", "statement_line": "L-77"}
SURRENDER = {"enterprise": "E1", "year": 2025, "measure": "energy", "amount": "10"}


def proposed(faced):
    answer = faced.post(faced.visit(CLEARING), "/api/v1/cash-deposits", DEPOSIT)
    assert answer.status_code == 202, answer.text
    return answer.json["result"]


def approve(faced, person, proposal, version, key="approve"):
    headers = {"Idempotency-Key": key} | ({} if version is None else {"If-Match": version})
    return faced.visit(person).post(f"{PATH}/{proposal}/approvals", headers=headers)


def cash(faced):
    return faced.bench.balance("enterprise:E1:cash", "cash.cny")


def test_a_proposal_is_read_and_approved_by_another(faced):
    made = proposed(faced)
    number = made["proposal"]

    shown = faced.visit(SECOND_CLEARING).get(f"{PATH}/{number}")
    assert shown.json["payload"]["amount_fen"] == "900"
    assert shown.json["payload_hash"] == made["payload_hash"]
    assert (shown.json["maker"], shown.json["state"]) == (CLEARING, "open")
    assert shown.json["may_decide"] is True
    assert shown.json["kind_name"] == "入金"
    assert (shown.json["enterprises"], shown.json["districts"]) == (["E1"], ["990101"])
    assert made["payload_hash"] in shown.headers["ETag"]

    answer = approve(faced, SECOND_CLEARING, number, shown.headers["ETag"])

    assert answer.status_code == 201, answer.text
    assert cash(faced) == 1_000_900
    again = approve(faced, SECOND_CLEARING, number, shown.headers["ETag"])
    assert again.json == answer.json
    assert again.headers["Idempotency-Replayed"] == "true"
    after = faced.visit(SECOND_CLEARING).get(f"{PATH}/{number}?lang=en")
    assert (after.json["state"], after.json["checker"]) == ("approved", SECOND_CLEARING)
    assert after.json["may_decide"] is False
    assert after.json["kind_name"] == "deposit cash"
    assert after.headers["ETag"] != shown.headers["ETag"]


def test_an_approval_binds_to_what_was_read(faced):
    made = proposed(faced)
    number, before = made["proposal"], faced.digest()

    assert problem(approve(faced, SECOND_CLEARING, number, None)) == (428, "version_required")
    for version in ('"' + "0" * 64 + '"', '"*"', '""', made["payload_hash"][:-1]):
        answer = approve(faced, SECOND_CLEARING, number, version)
        assert problem(answer) == (412, "version_stale"), version
    assert faced.digest() == before
    assert cash(faced) == 1_000_000


def test_the_maker_cannot_approve_and_strangers_see_nothing(faced):
    appoint(faced)
    made = proposed(faced)
    version, before = f'"{made["payload_hash"]}"', faced.digest()

    assert problem(approve(faced, CLEARING, made["proposal"], version))[1] == "same_person"
    for stranger in (REGULATOR, "person:T1"):
        client = faced.visit(stranger)
        assert problem(client.get(f"{PATH}/{made['proposal']}")) == (404, "not_found")
        answer = approve(faced, stranger, made["proposal"], version)
        assert problem(answer) == (404, "not_found")
        assert made["proposal"] not in ids(client.get(PATH))
    assert problem(faced.visit().get(PATH)) == (401, "not_signed_in")
    assert problem(faced.visit(AUDITOR).get(PATH)) == (403, "not_permitted")
    assert faced.digest() == before


def test_a_rejection_takes_a_reason_and_nothing_happens(faced):
    number = proposed(faced)["proposal"]
    client = faced.visit(SECOND_CLEARING)

    missing = faced.post(client, f"{PATH}/{number}/rejections", {})
    assert problem(missing) == (422, "field_required")
    answer = faced.post(client, f"{PATH}/{number}/rejections", {"reason": "金额不符"})

    assert answer.status_code == 201, answer.text
    assert client.get(f"{PATH}/{number}").json["state"] == "rejected"
    assert cash(faced) == 1_000_000
    closed = faced.post(client, f"{PATH}/{number}/rejections", {"reason": "再次"})
    assert problem(closed) == (409, "proposal_closed")


def test_a_proposal_expires_after_a_day(faced):
    number = proposed(faced)["proposal"]
    client = faced.visit(SECOND_CLEARING)

    faced.bench.clock.advance(86_400_000_000 - 1)
    assert client.get(f"{PATH}/{number}").json["state"] == "open"
    faced.bench.clock.advance(1_000_000)
    shown = client.get(f"{PATH}/{number}").json

    assert (shown["state"], shown["may_decide"]) == ("expired", False)
    assert number in ids(client.get(f"{PATH}?state=expired"))
    assert number not in ids(client.get(f"{PATH}?state=open"))


def test_a_list_has_what_one_made_and_what_one_may_decide_for_ones_own(faced):
    appoint(faced)
    made = faced.post(faced.visit(COMPLIANCE_1), "/api/v1/proposals", _of("surrenders.make"))
    assert made.status_code == 202, made.text
    number = made.json["result"]["proposal"]
    other = proposed(faced)["proposal"]

    assert number in ids(faced.visit(ADMIN_1).get(PATH))
    assert number in ids(faced.visit(COMPLIANCE_1).get(f"{PATH}?maker={COMPLIANCE_1}"))
    assert number in ids(faced.visit("person:ADM").get(PATH))
    assert other not in ids(faced.visit(ADMIN_1).get(PATH))
    assert ids(faced.visit("person:T1").get(PATH)) == []
    newest = faced.visit(SECOND_CLEARING).get(f"{PATH}?limit=1")
    assert ids(newest) == [other]
    assert newest.json["next_cursor"]
    refused = faced.post(faced.visit(ADMIN_1), "/api/v1/proposals", _of("surrenders.make", "E2"))
    assert problem(refused) == (403, "role_missing")


def _of(kind, enterprise="E1"):
    return {"kind": kind, "document": {**SURRENDER, "enterprise": enterprise}}


def test_a_generic_proposal_is_read_as_strictly_as_its_own_route(faced):
    client, before = faced.visit(CLEARING), faced.digest()

    def tried(kind, document):
        return problem(faced.post(client, PATH, {"kind": kind, "document": document}))

    assert tried("orders.place", {})[1] == "not_proposable"
    assert tried("no.such", {})[1] == "not_proposable"
    assert tried("cash.deposit", {**DEPOSIT, "amount_fen": 900}) == (422, "type_mismatch")
    assert tried("cash.deposit", {**DEPOSIT, "colour": "red"}) == (422, "field_unknown")
    assert faced.digest() == before
    line = ["decision:1", "scheme:issuance", "enterprise:E1:holding", "x", "5"]
    entry = dict(zip(("reference", "source", "destination", "asset", "amount"), line, strict=True))
    document = {"rule": "REG-11", "lines": [entry]}
    answer = faced.post(
        faced.visit(REGULATOR), PATH, {"kind": "entries.post", "document": document}
    )
    assert answer.status_code == 202, answer.text


def test_what_a_payload_concerns_is_found_in_rows_and_names(faced):
    with reading(faced.bench.engine) as connection:
        own = concerns(connection, Withdraw(enterprise="E3", amount_fen=1))
        rows = concerns(connection, {"rows": [{"enterprise": "E1"}, {"enterprise": "E2"}]})
        sold = concerns(connection, {"seller": "district:990102"})
        nobody = concerns(connection, {"claim": "F-NONE", "enterprise": ""})

    assert own == ({"E3"}, {"990102"})
    assert rows == ({"E1", "E2"}, {"990101"})
    assert sold == (frozenset(), {"990102"})
    assert nobody == (frozenset(), frozenset())


def test_every_kind_is_named_and_every_kind_of_two_persons_has_a_scope():
    handlers = subjects().handlers
    takes_two = {kind for kind, handler in handlers.items() if handler.checkers}

    assert set(NAMES) == set(handlers)
    assert takes_two == SCOPED | WHOLE_LEDGER
    assert not SCOPED & WHOLE_LEDGER


NAMING = {
    "allocations.issue": {"district": "990101"},
    "allocations.true_up": {"district": "990102"},
    "budgets.release_reserve": {"district": "990102"},
    "budgets.reserve": {"district": "990101"},
    "cash.withdraw": {"enterprise": "E2"},
    "freed.confirm": {"claim": "C1"},
    "freed.opinion": {"claim": "C1"},
    "projects.accept": {"project": "P1"},
    "projects.undo": {"project": "P1"},
    "deficits.settle": {"project": "P1"},
    "readings.correct": {"enterprise": "E1"},
    "reports.accept": {"enterprise": "E3"},
    "reports.assign": {"enterprise": "E1"},
    "reports.submit": {"enterprise": "E2"},
    "reports.verify": {"enterprise": "E1"},
    "surrenders.make": {"enterprise": "E1"},
    "tenders.open": {"seller": "district:990102"},
    "accounts.distrust": {"enterprise": "E1"},
    "accounts.trust": {"enterprise": "E2"},
    "cancellations.make": {"enterprise": "E1"},
    "conversions.make": {"enterprise": "E2"},
    "conversions.undo": {"enterprise": "E3"},
    "court_orders.make": {"enterprise": "E3"},
    "freezes.lift": {"freeze": "FZ1"},
    "freezes.make": {"enterprise": "E1"},
    "freezes.renew": {"freeze": "FZ1"},
    "leases.accept": {"lease": "L1"},
    "leases.end": {"enterprise": "E1"},
    "leases.offer": {"enterprise": "E1"},
    "leases.settle": {"lease": "L1"},
    "pledges.accept": {"pledge": "PL1"},
    "pledges.auction": {"pledge": "PL1"},
    "pledges.buy": {"sale": "SA1"},
    "pledges.consent": {"sale": "SA1"},
    "pledges.offer": {"enterprise": "E2"},
    "pledges.release": {"pledge": "PL1"},
    "pledges.sell": {"pledge": "PL1"},
    "successions.make": {"enterprise": "E1"},
    "transfers.make": {"enterprise": "E1"},
    "transfers.set_ceiling": {"enterprise": "E2"},
    "budgets.set_uncovered": {"district": "990101"},
    "carbon.record_offset": {"claim": "C1"},
    "carbon.register_reduction": {"facility": "F1"},
    "certificates.retire": {"enterprise": "E1"},
    "certificates.transfer": {"enterprise": "E2"},
    "enterprises.cease": {"enterprise": "E3"},
    "enterprises.merge": {"enterprise": "E1"},
    "enterprises.relocate": {"enterprise": "E2"},
    "enterprises.split": {"enterprise": "E3"},
    "entitlements.formalise": {"enterprise": "E1"},
    "entrants.admit": {"district": "990102"},
    "entrants.settle": {"district": "990101"},
    "evaluations.score": {"district": "990102"},
    "freed.revoke": {"claim": "C1"},
    "increments.set": {"district": "990101"},
    "regions.assess": {"district": "990102"},
    "reserve.buy_back": {"enterprise": "E1"},
    "reserve.release": {"enterprise": "E2"},
}
"""A payload's naming fields for each kind with a scope; P1 of E1 stands in the other district."""
WHERE = ("enterprise:E1", "enterprise:E2", "enterprise:E3", "district:990101", "district:990102")


def _insert(connection, table, **fields):
    """Insert a row whose other columns are empty, or 1 where they must be whole numbers."""
    values = {
        column.name: fields.get(
            column.name,
            None if column.nullable else "" if isinstance(column.type, sa.Text) else 1,
        )
        for column in table.__table__.columns
    }
    connection.execute(sa.insert(table).values(**values))


def _imagine(faced):
    """Write a claim, a project and one proposal of each kind straight into the tables."""
    line = FacilityLine("F1", "E1", "一号窑", "CEMENT", "熟料", 5, "t")
    faced.bench.do(RegisterFacilities(rows=(line,))).require()
    with faced.bench.engine.begin() as connection:
        own = {"enterprise": "E1", "facility": "F1"}
        _insert(connection, FreedClaimRow, id="C1", method="closure", state="claimed", **own)
        place = {"enterprise": "E1", "district": "990102", "sector": "CEMENT"}
        answers = {"qualifying": "no", "planned_major": "no", "pollutant_standard": "met"}
        _insert(connection, ProjectRow, id="P1", state="planned", **place, **answers)
        _insert(connection, LeaseRow, id="L1", lessor="E1", lessee="E2", state="offered")
        _insert(connection, PledgeRow, id="PL1", pledgor="E1", pledgee="E2", state="offered")
        sale = {"pledge": "PL1", "buyer": "E3", "way": "agreed", "state": "offered"}
        _insert(connection, PledgeSaleRow, id="SA1", **sale)
        _insert(connection, FreezeRow, id="FZ1", enterprise="E1", state="active")
        for number, (kind, fields) in enumerate(NAMING.items(), 1_000_001):
            payload = {"payload": canonical(fields).decode(), "payload_hash": b"", "maker": "x"}
            _insert(connection, ProposalRow, id=number, kind=kind, state="open", **payload)


def test_who_acts_for_one_party_may_decide_exactly_what_the_writer_lets_them(faced):
    _imagine(faced)
    handlers = faced.bench.subjects.handlers
    with Session(faced.bench.engine) as session:
        work = SimpleNamespace(memory=faced.bench.writer.memory, session=session)
        scopes = {
            kind: handlers[kind].scope(work, SimpleNamespace(**fields))
            for kind, fields in NAMING.items()
        }
        for role in sorted({role for kind in NAMING for role in handlers[kind].checkers}):
            for where in WHERE:
                may = may_check(faced.bench.subjects, [(str(role), where)])
                query = sa.select(ProposalRow.kind).where(may, ProposalRow.id > 1_000_000)
                found = set(session.execute(query).scalars())
                own = {kind for kind in NAMING if role in handlers[kind].checkers}
                assert found == {kind for kind in own if scopes[kind] == where}, (role, where)
    assert set(scopes.values()) <= set(WHERE)
    assert NAMING.keys() == SCOPED - BY_WHAT_THEY_NAME


@pytest.mark.parametrize("kind", sorted(SCOPED | WHOLE_LEDGER))
def test_the_scope_of_each_kind_is_the_one_its_handler_declares(kind):
    """A kind of the whole ledger has the default scope, and only such a kind."""
    handler = subjects().handlers[kind]

    assert (handler.scope.__name__ == "anywhere") == (kind in WHOLE_LEDGER)
