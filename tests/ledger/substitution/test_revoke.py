"""Revocation: what is unused goes, what was used is owed, and nothing is rewritten."""

import itertools

import pytest

from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.db import reading
from ledger.replay import replay
from ledger.substitution.accept import AcceptProject
from ledger.substitution.conservation import positions
from ledger.substitution.reserve_tables import DeficitRow, RevocationRow
from ledger.substitution.revoke import RevokeFreed
from tests.build import DISTRICT, SECOND_REGULATOR
from tests.ledger.substitution.estate import (
    ADMINS,
    collect,
    lot,
    open_estate,
    revoke,
    transfer,
)
from tests.ledger.substitution.world import (
    HASH,
    closure,
    free,
    lines,
    plan,
    project,
    refused,
)

ENERGY = "energy.standing.two_high.t2030.eq.990101"
RIGHT = "energy.standing.two_high.t2035.eq.990101"
EYES = {"maker": DISTRICT, "checker": SECOND_REGULATOR}
BY = {"by": (DISTRICT, SECOND_REGULATOR)}

# A plan of the sample pack substitutes five measures; zero is said of those that nothing adds to.
NOTHING_ELSE = {"capacity-clinker": 0, "coal": 0, "carbon": 0, "pollutant-so2": 0}


@pytest.fixture
def estate(engine, clock):
    return open_estate(engine, clock)


@pytest.fixture
def light(copied_estate):
    return copied_estate


def rows(bench, table):
    with reading(bench.engine) as connection:
        return connection.execute(table.__table__.select()).all()


def test_what_is_unused_goes_and_what_was_used_is_owed(estate):
    """12,000 of 12,345 is used up for a project in the hands of another; 345 is still there."""
    free(estate, closure("S1", measures=lines({"energy": 12_345})))
    transfer(estate, "S1-ENERGY", "A1", "E3", 12_100).require()
    collect(estate, "B1", lot("S1-ENERGY", "voluntary", "R1", amount=45)).require()
    estate.do(project("P1", additions={**NOTHING_ELSE, "energy": 10_000})).require()
    estate.do(plan("P1", ("A1", 12_000)), actor=ADMINS["E3"]).require()
    estate.both(AcceptProject(project="P1"), **EYES).require()

    answer = revoke(estate, "S1").require()

    assert answer.result["measures"] == [
        {"measure": "energy", "revoked": 345, "consumed": 12_000, "returned": 0}
    ]
    assert estate.balance("scheme:revoked", ENERGY) == 345
    assert estate.balance("scheme:substituted:P1", ENERGY) == 12_000
    owed = [(row.project, row.measure, row.amount, row.settled) for row in rows(estate, DeficitRow)]
    assert owed == [("P1", "energy", 12_000, 0)]
    with reading(estate.engine) as connection:
        found = positions(connection)[0]
    assert found[4:] == (12_345, 0, 0, 12_000, 0, 0, 345)
    assert found.difference == 0


def test_a_reserved_part_is_revoked_and_its_plan_no_longer_covers(light):
    free(light, closure("S1", measures=lines({"energy": 12_345})))
    transfer(light, "S1-ENERGY", "A1", "E3", 12_000).require()
    light.do(project("P1", additions={**NOTHING_ELSE, "energy": 10_000})).require()
    light.do(plan("P1", ("A1", 12_000)), actor=ADMINS["E3"]).require()
    reserved = light.balance("source:A1:reserved", ENERGY)
    revoke(light, "S1").require()

    answer = refused(light, AcceptProject(project="P1"), **BY)

    assert reserved == 12_000
    assert answer.code == "source_insufficient"
    assert light.balance("scheme:revoked", ENERGY) == 12_345


def entitle(bench, amount: int) -> None:
    line = EntitlementLine("E1", "energy", amount, 2035, "确权 energy")
    bench.both(ConfirmEntitlements(rows=(line,)), **EYES).require()


def test_rights_come_back_only_if_the_decision_says_so(light):
    entitle(light, 20_000_000)
    free(light, closure("S1", measures=lines({"energy": 8_000_000})))
    free(light, closure("S2", "F1B", measures=lines({"energy": 7_000_000})))

    kept = revoke(light, "S1").require()
    back = revoke(light, "S2", rights="given_back").require()

    assert kept.result["measures"][0]["returned"] == 0
    assert back.result["measures"][0]["returned"] == 7_000_000
    assert light.balance("enterprise:E1:entitlement", RIGHT) == 12_000_000
    assert light.balance("scheme:converted", RIGHT) == 8_000_000


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("size", [1, 512])
def test_rights_come_back_in_a_replay_of_any_batches(light, other_engine, size):
    """A batch of the replay confirms and revokes at once, so nothing may be read from the log."""
    entitle(light, 20_000_000)
    free(light, closure("S1", measures=lines({"energy": 8_000_000})))
    revoke(light, "S1", rights="given_back").require()
    assert light.balance("enterprise:E1:entitlement", RIGHT) == 20_000_000

    replayed = replay(light.engine, other_engine, light.subjects, itertools.repeat(size))

    assert replayed.digest == light.digest()


def test_a_revoked_claim_leaves_its_days_to_a_true_one(light):
    free(light, closure("S1", measures=lines({"energy": 8_000_000})))
    taken = light.do(closure("S2", measures=lines({"energy": 7_000_000})))
    revoke(light, "S1").require()

    answer = light.do(closure("S2", measures=lines({"energy": 7_000_000})))

    assert (taken.code, answer.code) == ("claim_overlaps", "ok")


def test_a_claim_is_revoked_once_and_only_when_it_is_confirmed(light):
    order = RevokeFreed(claim="S1", document="撤销2号", evidence=HASH)
    light.do(closure("S1")).require()
    early = refused(light, order, **BY)
    from tests.ledger.substitution.world import confirm, review

    review(light, "S1").require()
    confirm(light, "S1").require()
    revoke(light, "S1").require()

    again = refused(light, order, **BY)

    assert (early.code, again.code) == ("freed_claim_not_ready", "freed_claim_revoked")
    assert len(rows(light, RevocationRow)) == 1
