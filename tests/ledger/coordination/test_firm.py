"""What carbon market and certificates change in an obligation, and what they leave alone."""

import msgspec
import pytest

from ledger.coordination.membership import MemberLine, RecordMembership
from ledger.metering.consumption import Use
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.read import ReadingLine, RecordReadings
from ledger.versions import TELLING
from tests.build import decided_by
from tests.ledger.compliance.world import CALM, COMPLIANCE_OFFICER, opening, report, rows
from tests.ledger.coordination.world import (
    certificates,
    city,
    obliged,
    own,
    retire,
    transfer,
)

DEDUCTED = {**CALM, "obligation.grid_renewables_counted": (False, "switch")}
EXCLUDED = {**CALM, "carbon_overlap": ("exclude_ets_power", "choice")}


def opened(engine, clock, values=CALM):
    bench = city(engine, clock, values)
    bench.both(opening()).require()
    return bench


def owed(bench):
    return {row["measure"]: row["owed"] for row in rows(bench, "obligations")}


def steps(bench, measure="energy"):
    (row,) = (row for row in rows(bench, "obligations") if row["measure"] == measure)
    return [(one["rule"], one["result"]) for one in msgspec.json.decode(row["sheet"])["steps"]]


def sun(bench, kwh):
    """An own solar plant of E1 that made *kwh* in 2025, all used by itself."""
    line = MeterLine("E1-SUN", "E1", "electricity", "kWh", Use.OWN_RENEWABLE, "2024-12", "0")
    bench.do(RegisterMeters(rows=(line,))).require()
    readings = tuple(
        ReadingLine(meter="E1-SUN", month=f"2025-{month:02}", value=str(kwh), unit="kWh")
        for month in range(1, 13)
    )
    payload = RecordReadings(rows=readings, enterprise="E1")
    bench.do(payload, actor=COMPLIANCE_OFFICER).require()


def member(power="yes", **facts):
    line = MemberLine("E1", 2025, "全国碳市场", power, "名单1号", **facts)
    return RecordMembership(rows=(line,))


def test_a_power_member_owes_nothing_where_the_pack_excludes_it(engine, clock):
    bench = opened(engine, clock, EXCLUDED)
    bench.do(member(allowance_kg=5, emission_kg=7)).require()
    report(bench, "E1", energy=5_000, coal=2_000)

    obliged(bench)

    assert owed(bench) == {"energy": 0, "coal": 0}
    assert steps(bench) == [("CMP-01", "5000"), ("CRD-12", "0")]
    assert steps(bench, "coal") == [("CMP-02", "2000"), ("CRD-12", "0")]


@pytest.mark.parametrize(
    ("values", "power"), [(EXCLUDED, "no"), (CALM, "yes")], ids=["another sector", "in parallel"]
)
def test_other_members_owe_as_everybody_does(sqlite_engine, clock, values, power):
    bench = opened(sqlite_engine, clock, values)
    bench.do(member(power)).require()
    report(bench, "E1", energy=5_000, coal=2_000)

    obliged(bench)

    assert owed(bench) == {"energy": 5_000, "coal": 2_000}
    assert steps(bench) == [("CMP-01", "5000")]


@pytest.mark.parametrize(
    ("count", "energy", "expected"),
    [
        # One certificate stands for 300 kgce; at most half of what was used is deducted.
        (1, 5_000, 4_700),
        (9, 5_400, 2_700),
        (10, 5_400, 2_700),
        (9, 5_401, 2_701),
    ],
    ids=["below", "exactly half", "one certificate more", "one kgce more room"],
)
def test_certificates_deduct_up_to_half_where_the_switch_is_on(
    sqlite_engine, clock, count, energy, expected
):
    bench = opened(sqlite_engine, clock, DEDUCTED)
    bench.do(certificates(1, 100)).require()
    own(bench, retire(1, count)).require()
    report(bench, "E1", energy=energy)

    obliged(bench)

    assert owed(bench)["energy"] == expected
    assert steps(bench)[1] == ("CRD-24", str(energy - expected))


@pytest.mark.parametrize(
    ("values", "route", "retired"),
    [
        (CALM, "stand_alone", {}),
        (DEDUCTED, "intra_province", {}),
        (DEDUCTED, "cross_province_deal", {}),
        (DEDUCTED, "stand_alone", {"purpose": "tiered_price"}),
        (DEDUCTED, "stand_alone", {"year": 2026}),
    ],
    ids=["switched off", "of the province", "of a deal", "another purpose", "another year"],
)
def test_other_certificates_deduct_nothing(sqlite_engine, clock, values, route, retired):
    bench = opened(sqlite_engine, clock, values)
    bench.do(certificates(1, 10, route=route)).require()
    own(bench, retire(1, 10, **retired)).require()
    report(bench, "E1", energy=5_000)

    obliged(bench)

    assert owed(bench)["energy"] == 5_000


@pytest.mark.parametrize(
    ("sold", "expected"),
    [(0, 5_000), (1, 5_300), (4, 6_200), (5, 6_200)],
    ids=["none", "one", "all that was made", "no more than was made"],
)
def test_own_renewables_count_again_as_far_as_their_certificates_went(
    sqlite_engine, clock, sold, expected
):
    # 4,000 kWh of own sun are 1,200 kgce that do not count while E1 has their certificates.
    bench = opened(sqlite_engine, clock)
    sun(bench, 4_000)
    bench.do(certificates(1, 5, route="intra_province", meter="E1-SUN")).require()
    if sold:
        own(bench, transfer(1, sold)).require()
    report(bench, "E1", energy=5_000)

    obliged(bench)

    assert owed(bench)["energy"] == expected


def test_an_obligation_of_an_older_log_is_decided_as_it_was(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, EXCLUDED)
    bench.do(member()).require()
    report(bench, "E1", energy=5_000)

    with decided_by(TELLING):
        obliged(bench)

    assert owed(bench)["energy"] == 5_000
