"""A ledger that meters: packs, factors, one enterprise, and a year of readings on round figures."""

import msgspec

import seeds
from ledger.adopt import AdoptPack
from ledger.approve import approving, proposing
from ledger.command import Answer, Payload, canonical
from ledger.metering.carriers import Basis
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.factors import AdoptFactors, FactorLine, RateLine
from ledger.metering.read import ReadingLine, RecordReadings
from ledger.metering.report import DraftReport, OutputLine, SubmitReport
from ledger.metering.subject import METERING
from ledger.metering.verify import AcceptReport, AssignVerifiers, VerifyReport
from ledger.parties.enroll import (
    DistrictLine,
    EnterpriseLine,
    FacilityLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterFacilities,
    RegisterSectors,
    SectorLine,
)
from ledger.parties.party import credit_check
from ledger.policy import to_plain
from ledger.roles import Grant
from ledger.subject import Role
from tests.build import SECOND_VERIFIER, VERIFIER, Bench, open_ledger
from tests.conftest import DAY
from tests.ledger.metering.factors import EDITION, rows

PACKS = seeds.read_packs()
COMPLIANCE, ADMIN = "person:E1C", "person:E1A"
OTHER_COMPLIANCE = "person:E2C"
OPINION = "ab" * 32
MONTHS = tuple(f"2025-{number:02}" for number in range(1, 13))

GRANTS = (
    Grant(COMPLIANCE, Role.ENTERPRISE_COMPLIANCE, "enterprise:E1"),
    Grant(ADMIN, Role.ENTERPRISE_ADMIN, "enterprise:E1"),
    Grant(OTHER_COMPLIANCE, Role.ENTERPRISE_COMPLIANCE, "enterprise:E2"),
)


def metering_ledger(engine, clock, basis: Basis = Basis.EQUIVALENT) -> Bench:
    """A ledger on 15 January 2026, in one district of the sample province, with factors of 2025."""
    bench = open_ledger(engine, clock, (METERING,), grants=GRANTS)
    adopt_packs(bench, basis)
    adopt_factors(bench, basis)
    register_parties(bench)
    clock.advance(379 * DAY)
    return bench


def adopt_packs(bench: Bench, basis: Basis = Basis.EQUIVALENT) -> None:
    own_basis = {
        "key": "metering.basis",
        "value": basis.value,
        "unit": "choice",
        "valid_from": "2025-01-01",
        "status": "sample",
        "document": "tests",
    }
    for name in ("national", "sample"):
        plain = to_plain(PACKS[name])
        if name == "sample":
            plain["parameter"] = [*plain["parameter"], own_basis]
        bench.both(AdoptPack(content=canonical(plain).decode())).require()


def factor_payload(basis: Basis, edition: str = EDITION, year: int = 2025) -> AdoptFactors:
    rates = [{**row, "year": int(row["year"])} for row in rows("electricity-equivalent.csv")]
    return AdoptFactors(
        edition=edition,
        year=year,
        basis=basis,
        rows=msgspec.convert(rows("gbt2589-2020.csv"), tuple[FactorLine, ...]),
        rates=msgspec.convert(rates, tuple[RateLine, ...]),
    )


def adopt_factors(bench: Bench, basis: Basis = Basis.EQUIVALENT, year: int = 2025) -> None:
    bench.both(factor_payload(basis, year=year)).require()


def register_parties(bench: Bench) -> None:
    district = DistrictLine("990100", "示例市", "Sample City", "", "sample")
    sector = SectorLine("C30", "建材", "Building materials", "yes")
    bodies = {"E1": "91990100MA0000001", "E2": "91990100MA0000002"}
    enterprises = tuple(
        EnterpriseLine(name, name, body + credit_check(body), "990100", "C30")
        for name, body in bodies.items()
    )
    kiln = FacilityLine("F1", "E1", "Kiln 1", "C30", "cement", 100_000, "t")
    bench.do(RegisterDistricts(rows=(district,))).require()
    bench.do(RegisterSectors(rows=(sector,))).require()
    bench.do(RegisterEnterprises(rows=enterprises)).require()
    bench.do(RegisterFacilities(rows=(kiln,))).require()


def meter(meter_id: str = "M1", **changes: object) -> MeterLine:
    """An electricity meter of E1 that stood at 1,000 kWh at the end of 2024."""
    fields: dict[str, object] = {
        "id": meter_id,
        "enterprise": "E1",
        "carrier": "electricity",
        "unit": "kWh",
        "use": "consumed",
        "first_month": "2024-12",
        "first_value": "1000",
    }
    return msgspec.convert(fields | changes, MeterLine)


def coal_meter(meter_id: str = "M2", **changes: object) -> MeterLine:
    """A belt scale of E1 that stood at 0 kg at the end of 2024."""
    scale = {"carrier": "raw_coal", "unit": "kg", "first_value": "0"}
    return meter(meter_id, **(scale | changes))


def register(bench: Bench, *lines: MeterLine) -> None:
    bench.do(RegisterMeters(rows=lines)).require()


def reading(value: str, month: str = "2025-01", meter: str = "M1", **changes: str) -> ReadingLine:
    unit = changes.pop("unit", "kWh")
    return ReadingLine(meter=meter, month=month, value=value, unit=unit, **changes)


def record(bench: Bench, *lines: ReadingLine, actor: str = COMPLIANCE) -> Answer:
    return bench.do(RecordReadings(rows=lines, enterprise="E1"), actor=actor)


def year_of(last: int, *, start: int = 1000, meter: str = "M1", unit: str = "kWh"):
    """Twelve readings of 2025: *start* until December, when the whole year shows at once."""
    return tuple(
        ReadingLine(
            meter=meter,
            month=month,
            value=str(last if month == "2025-12" else start),
            unit=unit,
        )
        for month in MONTHS
    )


CEMENT = OutputLine("cement", 80_000, "t")


def draft(bench: Bench, **changes: object) -> Answer:
    fields: dict[str, object] = {"enterprise": "E1", "year": 2025}
    return bench.do(DraftReport(**(fields | changes)), actor=COMPLIANCE)


def submission(version: int = 1, **changes: object) -> SubmitReport:
    fields: dict[str, object] = {"enterprise": "E1", "year": 2025, "outputs": (CEMENT,)}
    return SubmitReport(version=version, **(fields | changes))


def submit(bench: Bench, payload: SubmitReport | None = None) -> Answer:
    return bench.both(payload or submission(), maker=COMPLIANCE, checker=ADMIN)


def assign(bench: Bench, *verifiers: str) -> Answer:
    payload = AssignVerifiers(
        enterprise="E1", year=2025, verifiers=verifiers or (VERIFIER, SECOND_VERIFIER)
    )
    return bench.both(payload)


def opinion(report_hash: str, version: int = 1, **changes: object) -> VerifyReport:
    fields: dict[str, object] = {
        "enterprise": "E1",
        "year": 2025,
        "verdict": "accept",
        "opinion_hash": OPINION,
    }
    return VerifyReport(version=version, report_hash=report_hash, **(fields | changes))


def verify(bench: Bench, payload: VerifyReport) -> Answer:
    return bench.both(payload, maker=VERIFIER, checker=SECOND_VERIFIER)


def acceptance(report_hash: str, version: int = 1) -> AcceptReport:
    return AcceptReport(enterprise="E1", year=2025, version=version, report_hash=report_hash)


def submitted(bench: Bench) -> str:
    """Submit a report of 10,000 MWh and 1,400 t of raw coal, assign verifiers, return its hash."""
    register(bench, meter(), coal_meter())
    lines = (
        *year_of(10_001_000),
        *year_of(1_400_000, start=0, meter="M2", unit="kg"),
    )
    record(bench, *lines).require()
    draft(bench).require()
    report_hash = submit(bench).require().result["report_hash"]
    assign(bench).require()
    return report_hash


def final(bench: Bench) -> str:
    """Bring E1's report of 2025 all the way and return its hash."""
    report_hash = submitted(bench)
    verify(bench, opinion(report_hash)).require()
    bench.both(acceptance(report_hash)).require()
    return report_hash


def refused_quietly(bench: Bench, payload: Payload, *, maker: str, checker: str) -> Answer:
    """Return the refusal of an approved proposal, and see that the state did not change by it."""
    proposal = bench.do(proposing(payload), actor=maker).require().sequence
    before = bench.digest()
    answer = bench.do(approving(proposal, payload), actor=checker)
    assert not answer.ok
    assert bench.digest() == before
    return answer
