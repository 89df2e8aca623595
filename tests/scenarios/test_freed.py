"""Scenarios of rights-rules §12 and dual-control-rules §9 on freed quota and the reserve."""

from datetime import date

import pytest

import seeds
from ledger.adopt import Policy
from ledger.asset import CNY
from ledger.db import reading
from ledger.errors import Refused
from ledger.substitution.audit import FileBaseline, FileReaudit
from ledger.substitution.claim import ClaimRetrofit, RetrofitLine
from ledger.substitution.collected import CollectionTerms, LotKind
from ledger.substitution.conservation import positions
from ledger.substitution.release_reserve import ReleaseLine
from tests.build import DISTRICT, VERIFIER
from tests.ledger.substitution.estate import (
    PROVINCE,
    at,
    buy,
    collect,
    fund,
    lot,
    open_estate,
    removal,
    split,
    transfer,
)
from tests.ledger.substitution.world import HASH, closure, free, lines, refused_alone

TEN_THOUSAND = 10_000
T = 1_000
"""Kilograms in a tonne: scenarios speak of tonnes, the ledger of kgce and kg."""


def shandong(on: date) -> CollectionTerms:
    """Return the terms of the Shandong pack as shipped."""
    policy = Policy()
    policy.packs.update(seeds.read_packs())
    policy.jurisdiction = "shandong"
    return CollectionTerms(policy, "shandong", on)


IN_2025, IN_2026 = date(2025, 12, 31), date(2026, 1, 1)


def taken(kind, measure, base, *, on=IN_2025, rating="", decided=None) -> int:
    return (
        shandong(on)
        .collected("lot", kind=kind, measure=measure, base=base, rating=rating, decided=decided)
        .amount
    )


SHARES = [
    # rights-12: 1,000,000 t of base; wind 600,000 t halved; imported power whole.
    pytest.param(("rating", "energy", 1_000_000 * T, "c"), 50_000 * T, id="rights-12a RULE"),
    pytest.param(("rating", "energy", 1_000_000 * T, "d"), 100_000 * T, id="rights-12b RULE"),
    pytest.param(
        ("nuclear_and_offshore_wind", "coal", 600_000 * T, ""), 300_000 * T, id="rights-12c RULE"
    ),
    pytest.param(("imported_power", "coal", 600_000 * T, ""), 600_000 * T, id="rights-12d RULE"),
    # An odd number of the smallest unit: the province's half is rounded down.
    pytest.param(("nuclear_and_offshore_wind", "coal", 600_001, ""), 300_000, id="rights-12e RULE"),
    pytest.param(("coking", "coal", 1_000_000 * T, ""), 700_000 * T, id="dual-32a Src+"),
    pytest.param(("coking", "energy", 400_000 * T, ""), 200_000 * T, id="dual-32b Src+"),
    pytest.param(("rating", "energy", 1_200_000 * T, "c"), 60_000 * T, id="dual-34a Src+"),
    pytest.param(("rating", "energy", 1_200_000 * T, "d"), 120_000 * T, id="dual-34b Src+"),
    # 30亿 kWh at 3.0 tce/万kWh is 90万 tce.
    pytest.param(
        ("nuclear_and_offshore_wind", "energy", 900_000 * T, ""), 450_000 * T, id="dual-35a Con"
    ),
]


@pytest.mark.parametrize(("lot", "amount"), SHARES)
def test_what_the_province_collects(lot, amount):
    kind, measure, base, rating = lot

    assert taken(LotKind(kind), measure, base, rating=rating) == amount


NOT_BY_SHARE = [
    pytest.param(("rating", "energy", "a"), "nothing_collected", id="rights-12f RULE"),
    pytest.param(("rating", "energy", "b"), "nothing_collected", id="rights-12g RULE"),
    # In 2026 the clause on coal has lapsed: somebody decides.
    pytest.param(("coking", "coal", ""), "collection_amount_to_decide", id="dual-32c Src+"),
    # Sun stays with the city whole.
    pytest.param(
        ("solar_and_other_renewables", "energy", ""), "nothing_collected", id="dual-35b Con"
    ),
]


@pytest.mark.parametrize(("lot", "code"), NOT_BY_SHARE)
def test_what_no_share_collects(lot, code):
    kind, measure, rating = lot

    with pytest.raises(Refused) as caught:
        taken(LotKind(kind), measure, 1_000_000, on=IN_2026, rating=rating)

    assert caught.value.code == code


def test_a_lapsed_share_gives_way_to_a_decision():
    """dual-32 in 2026: what was decided is what is collected."""
    assert taken(LotKind.COKING, "coal", 1_000_000, on=IN_2026, decided=650_000) == 650_000


@pytest.mark.parametrize(
    ("total_kg", "body"),
    [
        pytest.param(1_000_000 * T, "commission", id="rights-12h RULE"),
        pytest.param(1_000_001 * T, "government", id="rights-12i RULE"),
        pytest.param(1_000_100 * T, "government", id="dual-34c Src+"),
        pytest.param(1_000_000 * T + 1, "government", id="one kilogram over"),
    ],
)
def test_who_decides_on_a_batch(total_kg, body):
    assert shandong(IN_2025).body(total_kg) == body


ENERGY = "energy.standing.two_high.t2030.eq.990101"
COAL = "coal.standing.two_high.t2030.na.990101"


@pytest.fixture
def estate(engine, clock):
    return open_estate(engine, clock)


@pytest.fixture
def light(sqlite_engine, clock):
    return open_estate(sqlite_engine, clock)


def test_a_reserve_purchase_pays_for_energy_and_coal(estate):
    """dual-33 Src+: 20万 tce and 70万 t cost 4,000 + 10,500 = 14,500 万元."""
    kgce, kg = 200_000 * T, 700_000 * T
    free(estate, closure("S1", measures=lines({"energy": kgce, "coal": kg})))
    lots = (
        lot("S1-ENERGY", "voluntary", "R1", amount=kgce),
        lot("S1-COAL", "voluntary", "R2", measure="coal", amount=kg),
    )
    collect(estate, "B1", *lots).require()
    fund(estate, "E3", 14_500 * TEN_THOUSAND * 100)

    answer = buy(estate, "E3", ReleaseLine("R1", "Q1", kgce), ReleaseLine("R2", "Q2", kg)).require()

    assert answer.result["paid_fen"] == 14_500 * TEN_THOUSAND * 100
    assert estate.balance("enterprise:E3:cash", CNY) == 0
    assert (estate.balance("source:Q1", ENERGY), estate.balance("source:Q2", COAL)) == (kgce, kg)


def test_a_lot_is_split_transferred_and_still_what_it_was(light):
    """dual-50 Con: 100 → 60 + 40, transfer 60, and the books close."""
    free(light, closure("S1", measures=lines({"energy": 100})))

    split(light, "S1-ENERGY", ("A60", 60), ("A40", 40)).require()
    transfer(light, "A60", "T60", "E3", 60).require()

    assert [light.balance(f"source:{name}", ENERGY) for name in ("T60", "A40", "A60")] == [
        60,
        40,
        0,
    ]
    with reading(light.engine) as connection:
        found = positions(connection)[0]
    assert (found.confirmed, found.available, found.difference) == (100, 100, 0)


def audits(consumed: int, output: int, **facts):
    return {
        "works": "W1",
        "enterprise": "E1",
        "facility": "F1",
        "measure": "energy",
        "consumed": consumed,
        "output": output,
        "evidence": HASH,
        **facts,
    }


CLAIM = ClaimRetrofit(
    claim="S1",
    enterprise="E1",
    facility="F1",
    works="W1",
    began_on=date(2026, 7, 1),
    ended_on=date(2026, 12, 31),
    last_year=2030,
    evidence=HASH,
    measures=(RetrofitLine("energy"),),
)


def test_a_retrofit_frees_after_its_second_audit_and_nothing_before(light, clock):
    """dual-49 Con: 120 → 100 kgce/t over 300万 t frees 60,000 tce; rights-04: none unaudited."""
    at(clock, 2027, 1, 15)
    unaudited = refused_alone(light, CLAIM)
    at(clock, 2027, 1, 16)
    late = FileBaseline(**audits(360_000_000, 3_000_000, audited_on=date(2026, 6, 1)))
    light.do(late, actor=VERIFIER).require()
    filed_late = refused_alone(light, CLAIM)

    assert (unaudited.code, filed_late.code) == ("retrofit_baseline_missing",) * 2


def test_a_retrofit_with_both_audits_frees_the_saving(light, clock):
    """dual-49 Con, and nothing of it before the second audit."""
    before = FileBaseline(**audits(360_000_000, 3_000_000, audited_on=date(2026, 6, 1)))
    light.do(before, actor=VERIFIER).require()
    at(clock, 2027, 1, 15)
    early = refused_alone(light, CLAIM)
    after = FileReaudit(**audits(300_000_000, 3_000_000, audited_on=date(2027, 1, 10)))
    light.do(after, actor=VERIFIER).require()

    free(light, CLAIM)

    assert early.code == "retrofit_reaudit_missing"
    assert light.balance("source:S1-ENERGY", ENERGY) == 60_000 * T


def test_a_closure_frees_its_last_full_year_once_in_whatever_way(light):
    """rights-04 and rights-24: 12,345 tce; the same line again as removal, or for the pool."""
    light.do(closure("S1")).require()

    codes = [
        refused_alone(light, claim, actor=DISTRICT).code
        for claim in (removal("S2"), removal("S3", way="overcapacity", pool=PROVINCE))
    ]

    assert codes == ["claim_overlaps"] * 2
    assert light.balance("source:S1-ENERGY", ENERGY) == 0
