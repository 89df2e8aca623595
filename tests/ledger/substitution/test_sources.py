"""Shares, splits and transfers: who holds what, what is inherited, and what adds up."""

import pytest

from ledger.db import reading
from ledger.substitution.claim import ClosureLine
from ledger.substitution.conservation import positions
from ledger.substitution.share import ShareFreed, ShareLine
from ledger.substitution.split import TransferLine, TransferSources
from tests.build import SECOND_REGULATOR
from tests.ledger.substitution.estate import ADMINS, at, open_estate, split, transfer
from tests.ledger.substitution.world import (
    closure,
    confirm,
    free,
    plan,
    project,
    refused,
    refused_alone,
    review,
)

ENERGY = "energy.standing.two_high.t2030.eq.990101"


@pytest.fixture
def estate(engine, clock):
    bench = open_estate(engine, clock)
    free(bench, closure("S1"))
    return bench


@pytest.fixture
def light(copied_estate):
    free(copied_estate, closure("S1"))
    return copied_estate


def sharing(*shares: tuple[str, str], claim: str = "S2") -> ShareFreed:
    lines = tuple(ShareLine(enterprise, share) for enterprise, share in shares)
    return ShareFreed(claim=claim, contract="EMC-1", shares=lines)


def test_a_contract_gives_each_party_a_source_that_adds_up(estate):
    """10,000,001 by thirds: 3,333,334 and the rest by largest remainder, ties to the first."""
    estate.do(closure("S2", "F1B", **one_energy(10_000_001))).require()
    estate.do(sharing(("E1", "2/3"), ("E4", "1/3"))).require()
    review(estate, "S2").require()
    before = estate.balance("source:S2-ENERGY-A", ENERGY)

    answer = confirm(estate, "S2").require()

    assert before == 0
    assert [(lot["source"], lot["amount"]) for lot in answer.result["sources"]] == [
        ("S2-ENERGY-A", 6_666_667),
        ("S2-ENERGY-B", 3_333_334),
    ]
    assert transfer(estate, "S2-ENERGY-B", "X1", "E2", 1, by="E4").ok


def one_energy(amount: int):
    return {"measures": (ClosureLine("energy", amount, amount),)}


SHARES = (
    ((("E1", "0.7"), ("E4", "0.29999")), "freed_shares_wrong"),
    ((("E1", "0.7"), ("E4", "0.30001")), "freed_shares_wrong"),
    ((("E1", "1"), ("E4", "0")), "freed_shares_wrong"),
    ((("E1", "1e0"), ("E4", "0")), "freed_shares_wrong"),
    ((("E1", "1"),), "freed_share_parties"),
    ((("E3", "1/2"), ("E4", "1/2")), "freed_share_parties"),
    ((("E1", "1/2"), ("E1", "1/2")), "freed_share_parties"),
    ((("E1", "1/2"), ("E9", "1/2")), "party_unknown"),
    ((("E1", "0.7"), ("E4", "0.3")), "ok"),
    ((("E1", "0.7"), ("E4", "0.3")), "freed_shares_declared"),
)


def test_shares_come_to_exactly_one_among_known_parties_and_are_declared_once(light):
    light.do(closure("S2", "F1B")).require()

    assert [light.do(sharing(*shares)).code for shares, _ in SHARES] == [code for _, code in SHARES]


def test_shares_are_declared_before_the_confirmation(light):
    late = refused_alone(light, sharing(("E1", "1/2"), ("E4", "1/2"), claim="S1"))

    assert late.code == "freed_claim_not_ready"


def test_all_of_a_source_can_leave_it_and_no_unit_more(light):
    over = split(light, "S1-ENERGY", ("A1", 12_345_001))
    all_of_it = split(light, "S1-ENERGY", ("A1", 12_345_000))

    assert (over.code, all_of_it.ok) == ("freed_source_short", True)
    assert (over.facts["needed"], over.facts["available"]) == (12_345_001, 12_345_000)


REFUSED = (
    (("S1-ENERGY", "S1-ENERGY", "E3", 1), "freed_source_exists"),
    (("S1-ENERGY", "a1", "E3", 1), "party_id_malformed"),
    (("S1-ENERGY", "A1", "E1", 1), "transfer_to_holder"),
    (("S1-ENERGY", "A1", "E9", 1), "party_unknown"),
    (("S1-ENERGY", "A1", "E3", 0), "amount_not_positive"),
    (("S1-ENERGY", "A1", "E3", 12_345_001), "freed_source_short"),
)


def test_what_cannot_be_transferred_is_refused(light):
    by = ADMINS["E1"], SECOND_REGULATOR
    for line, code in REFUSED:
        payload = TransferSources(rows=(TransferLine(*line, "划转1号"),))

        assert refused(light, payload, by=by).code == code


def test_only_the_holder_transfers_and_only_what_it_holds_is_offered(light):
    transfer(light, "S1-ENERGY", "A1", "E3", 5_000_000).require()
    light.do(project("P1", additions={"energy": 1_000})).require()

    with pytest.raises(Exception, match="may not send"):
        transfer(light, "A1", "A2", "E4", 1, by="E1").require()
    foreign = light.do(plan("P1", ("S1-ENERGY", 1_200)), actor=ADMINS["E3"])
    own = light.do(plan("P1", ("A1", 1_200)), actor=ADMINS["E3"])

    assert (foreign.code, own.code) == ("source_not_held", "ok")


def test_a_transfer_needs_a_second_person(light):
    line = TransferLine("S1-ENERGY", "A1", "E3", 1, "划转1号")

    answer = light.do(TransferSources(rows=(line,)), actor=ADMINS["E1"])

    assert answer.code == "second_person_needed"


def test_what_became_of_confirmed_quota_always_adds_up(estate):
    split(estate, "S1-ENERGY", ("A1", 345_000), ("B1", 2_000_000)).require()
    transfer(estate, "A1", "A2", "E3", 45_000).require()

    with reading(estate.engine) as connection:
        found = positions(connection)

    assert found == [("energy", "eq", "two_high", "990101", 12_345_000, 12_345_000, 0, 0, 0, 0, 0)]
    assert found[0].difference == 0


def test_what_nobody_used_expires_with_its_term_and_still_adds_up(light, clock):
    """The last day of 2030 and the day after it."""
    transfer(light, "S1-ENERGY", "A1", "E3", 5_000_000).require()
    at(clock, 2030, 12, 31)
    in_time = transfer(light, "S1-ENERGY", "A2", "E3", 1)
    at(clock, 2031, 1, 1)
    late = transfer(light, "S1-ENERGY", "A3", "E3", 1)

    with reading(light.engine) as connection:
        found = positions(connection)[0]

    assert (in_time.ok, late.code) == (True, "standing_term_over")
    assert (found.available, found.expired, found.difference) == (0, 12_345_000, 0)
