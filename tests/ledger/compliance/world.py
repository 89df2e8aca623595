"""A city on 15 January 2026 whose enterprises have final reports of 2025, and its open year."""

from collections.abc import Mapping
from functools import cache

import sqlalchemy as sa

import seeds
from ledger.adopt import AdoptPack
from ledger.allocation.true_up import ALLOCATION
from ledger.approve import approving, proposing
from ledger.asset import Origin, flow
from ledger.command import Answer, Payload, canonical
from ledger.compliance.assess import ComputeObligations
from ledger.compliance.close import CloseEnterprise
from ledger.compliance.close_year import CloseYear
from ledger.compliance.open_year import OpenYear
from ledger.compliance.subject import COMPLIANCE
from ledger.compliance.surrender import Choice, Surrender
from ledger.days import end_of
from ledger.db import reading
from ledger.districts.subject import DISTRICTS as DISTRICT_BUDGETS
from ledger.metering.carriers import Basis, CarrierKind, FactorStatus
from ledger.metering.consumption import Use
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.factors import AdoptFactors, FactorLine
from ledger.metering.read import ReadingLine, RecordReadings
from ledger.metering.report import DraftReport, SubmitReport
from ledger.metering.subject import METERING
from ledger.metering.verify import AcceptReport, AssignVerifiers, VerifyReport
from ledger.open_accounts import OpenAccounts
from ledger.parties.enroll import (
    DistrictLine,
    EnterpriseLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterSectors,
    SectorLine,
)
from ledger.parties.party import credit_check
from ledger.policy import Pack, to_plain
from ledger.roles import Grant
from ledger.subject import Role
from ledger.transfer import Line, PostLines
from tests.build import SECOND_VERIFIER, VERIFIER, Bench, decided_by, open_ledger
from tests.conftest import DAY

COMPLIANCE_OFFICER, ADMIN = "person:COM", "person:ADM"
GRANTS = (
    Grant(COMPLIANCE_OFFICER, Role.ENTERPRISE_COMPLIANCE),
    Grant(ADMIN, Role.ENTERPRISE_ADMIN),
)
DISTRICTS = (
    DistrictLine("990000", "示例市", "Sample City", "", "sample"),
    DistrictLine("990101", "甲区", "First", "990000", "sample"),
    DistrictLine("990102", "乙区", "Second", "990000", "sample"),
)
SECTORS = (
    SectorLine("CEMENT", "水泥", "Cement", "yes"),
    SectorLine("TEXTILE", "纺织", "Textile", "no"),
)
ENTERPRISES = (
    ("E1", "990101", "TEXTILE"),
    ("E2", "990101", "CEMENT"),
    ("E3", "990102", "TEXTILE"),
)
DEADLINE = "2026-06-30"
WAIVER = "示例年度，参数未核实"

ENERGY = flow(measure="energy", vintage=2025, area="990101").code
COAL = flow(measure="coal", vintage=2025, area="990101").code
OLD = flow(measure="energy", vintage=2024, area="990101").code
OLDER = flow(measure="energy", vintage=2023, area="990101").code
LATER = flow(measure="energy", vintage=2026, area="990101").code
CITY = flow(measure="energy", vintage=2025, area="990000").code
ELSEWHERE = flow(measure="energy", vintage=2025, area="990102").code
TWO_HIGH = flow(measure="energy", vintage=2025, area="990101", origin=Origin.TWO_HIGH).code
CALM = {"shortfall.grace_days": (0, "day")}
"""The sample pack without its ten days of grace."""

Values = Mapping[str, tuple[object, str] | None]


def city(engine, clock, values: Values = CALM) -> Bench:
    """A ledger with parties, packs and factors, before anybody has reported."""
    bench = open_ledger(
        engine, clock, (METERING, DISTRICT_BUDGETS, ALLOCATION, COMPLIANCE), grants=GRANTS
    )
    adopt(bench, "national", {})
    adopt(bench, "sample", values)
    bench.both(FACTORS).require()
    bench.do(RegisterDistricts(rows=DISTRICTS)).require()
    bench.do(RegisterSectors(rows=SECTORS)).require()
    firms = tuple(_enterprise(number, *firm) for number, firm in enumerate(ENTERPRISES))
    bench.do(RegisterEnterprises(rows=firms)).require()
    clock.advance(379 * DAY)
    return bench


def adopt(bench: Bench, name: str, values: Values) -> None:
    """Put a pack in force with *values* in place of its own: value and unit by key, or None."""
    plain = to_plain(_packs()[name])
    kept = [one for one in plain["parameter"] if one["key"] not in values]
    plain["parameter"] = kept + [
        _parameter(key, *value) for key, value in values.items() if value is not None
    ]
    bench.both(AdoptPack(content=canonical(plain).decode())).require()


@cache
def _packs() -> Mapping[str, Pack]:
    return seeds.read_packs()


def _parameter(key: str, value: object, unit: str) -> dict[str, object]:
    return {
        "key": key,
        "value": value,
        "unit": unit,
        "valid_from": "2025-01-01",
        "status": "sample",
        "document": "tests",
    }


def _enterprise(number: int, name: str, district: str, sector: str) -> EnterpriseLine:
    body = f"91990000MA0000{number:03d}"
    return EnterpriseLine(name, name, body + credit_check(body), district, sector)


def _factor(code: str, coal: str) -> FactorLine:
    return FactorLine(
        code=code,
        name_zh=code,
        unit="kg",
        kind=CarrierKind.FUEL,
        kgce_per_unit="1",
        coal_kg_per_unit=coal,
        basis=Basis.EQUIVALENT,
        status=FactorStatus.SAMPLE,
        source="tests",
    )


FACTORS = AdoptFactors(
    edition="round",
    year=2025,
    basis=Basis.EQUIVALENT,
    rows=(_factor("coal", "1"), _factor("gas", "0")),
)
"""Factors of one, so that a reading is its energy."""


def report(bench: Bench, enterprise: str, *, energy: int, coal: int = 0) -> None:
    """Bring a report of 2025 all the way; *energy* kgce, of which *coal* kg is coal."""
    for carrier, last in (("coal", coal), ("gas", energy - coal)):
        _meter(bench, enterprise, carrier, last=last)
    owner = {"enterprise": enterprise, "year": 2025}
    bench.do(DraftReport(**owner), actor=COMPLIANCE_OFFICER).require()
    submission = SubmitReport(**owner, version=1)
    answer = bench.both(submission, maker=COMPLIANCE_OFFICER, checker=ADMIN).require()
    named = {**owner, "version": 1, "report_hash": answer.result["report_hash"]}
    bench.both(AssignVerifiers(**owner, verifiers=(VERIFIER, SECOND_VERIFIER))).require()
    opinion = VerifyReport(**named, verdict="accept", opinion_hash="ab" * 32)
    bench.both(opinion, maker=VERIFIER, checker=SECOND_VERIFIER).require()
    bench.both(AcceptReport(**named)).require()


def _meter(bench: Bench, enterprise: str, carrier: str, *, last: int) -> None:
    name = f"{enterprise}-{carrier.upper()}"
    line = MeterLine(name, enterprise, carrier, "kg", Use.CONSUMED, "2024-12", "0")
    bench.do(RegisterMeters(rows=(line,))).require()
    rows = tuple(
        ReadingLine(
            meter=name, month=f"2025-{month:02}", value=str(last if month == 12 else 0), unit="kg"
        )
        for month in range(1, 13)
    )
    bench.do(RecordReadings(rows=rows, enterprise=enterprise), actor=COMPLIANCE_OFFICER).require()


def opened(
    engine,
    clock,
    values: Values = CALM,
    *,
    firms: Mapping[str, tuple[int, int]] | None = None,
    measures: str = "energy_and_coal",
) -> Bench:
    """A city whose year 2025 is open and whose *firms* owe so much energy and coal."""
    bench = city(engine, clock, values)
    firms = {"E1": (5_000, 2_000)} if firms is None else firms
    bench.both(opening(measures=measures)).require()
    for enterprise, (energy, coal) in firms.items():
        report(bench, enterprise, energy=energy, coal=coal)
        bench.do(ComputeObligations(year=2025, enterprises=(enterprise,))).require()
    return bench


def opening(**changes: object) -> OpenYear:
    fields: dict[str, object] = {
        "year": 2025,
        "measures": "energy_and_coal",
        "deadline": DEADLINE,
        "waiver": WAIVER,
    }
    return OpenYear(**(fields | changes))


def give(
    bench: Bench, asset: str, amount: int, *, to: str = "E1", purpose: str = "holding"
) -> None:
    """Issue units to one of an enterprise's accounts, outside any allocation."""
    bench.do(OpenAccounts(addresses=(), assets=() if known(bench, asset) else (asset,))).require()
    reference = f"give:{bench.writer.memory.sequence}"
    line = Line(reference, "scheme:issuance", f"enterprise:{to}:{purpose}", asset, amount)
    with decided_by("3"):  # later ones leave what is pledged or frozen to its own commands
        bench.both(PostLines(rule="REG-11", lines=(line,))).require()


def rows(bench: Bench, table: str) -> list[dict[str, object]]:
    """The rows of a table, as the database has them."""
    with reading(bench.engine) as connection:
        found = connection.execute(sa.text(f"SELECT * FROM {table}")).mappings().all()
    return [dict(row) for row in found]


def known(bench: Bench, asset: str) -> bool:
    return asset in bench.writer.memory.assets


def paying(amount: int, measure: str = "energy", *, by: str = "E1") -> Surrender:
    """A surrender for 2025 in which the rule picks the units."""
    return Surrender(enterprise=by, year=2025, measure=measure, amount=amount)


def choosing(amount: int, choices: Mapping[str, int], measure: str = "energy") -> Surrender:
    chosen = tuple(Choice(asset, part) for asset, part in choices.items())
    return Surrender(enterprise="E1", year=2025, measure=measure, amount=amount, choices=chosen)


def pay(bench: Bench, payload: Surrender) -> Answer:
    return bench.both(payload, maker=COMPLIANCE_OFFICER, checker=ADMIN)


def refused(bench: Bench, payload: Payload, *, maker: str, checker: str) -> Answer:
    """The refusal of an approved proposal, which left the state as it was."""
    proposal = bench.do(proposing(payload), actor=maker).require().sequence
    before = bench.digest()
    answer = bench.do(approving(proposal, payload), actor=checker)
    assert not answer.ok
    assert bench.digest() == before
    return answer


def pay_refused(bench: Bench, payload: Surrender) -> Answer:
    return refused(bench, payload, maker=COMPLIANCE_OFFICER, checker=ADMIN)


def do_refused(bench: Bench, payload: Payload) -> Answer:
    before = bench.digest()
    answer = bench.do(payload)
    assert not answer.ok
    assert bench.digest() == before
    return answer


def pass_day(bench: Bench, clock, day) -> None:
    """Let *day* end, so that what falls due with it has happened."""
    clock.now = end_of(day)
    bench.writer.tick()


def close(bench: Bench, enterprise: str = "E1") -> Answer:
    return bench.do(CloseEnterprise(year=2025, enterprise=enterprise))


CLOSE_YEAR = CloseYear(year=2025)
