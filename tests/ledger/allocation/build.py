"""A ledger that allocates: two districts, four sectors, enterprises, and their final reports."""

from functools import cache

import msgspec

import seeds
from ledger.adopt import AdoptPack
from ledger.allocation.allocate import IssueAllocations
from ledger.allocation.confirm import HistoryLine, RecordHistory
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.allocation.tables import AllocationRow
from ledger.allocation.true_up import ALLOCATION, TrueUp
from ledger.approve import approving, proposing
from ledger.command import Answer, Payload, canonical
from ledger.db import reading
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.districts.subject import DISTRICTS
from ledger.errors import Refused
from ledger.metering.enroll import RegisterMeters
from ledger.metering.read import RecordReadings
from ledger.metering.report import DraftReport, OutputLine, SubmitReport
from ledger.metering.subject import METERING
from ledger.metering.verify import AcceptReport, AssignVerifiers, VerifyReport
from ledger.parties.enroll import (
    DistrictLine,
    EnterpriseLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterSectors,
    SectorLine,
)
from ledger.parties.party import credit_check
from ledger.policy import to_plain
from ledger.roles import Grant
from ledger.subject import Role, Subject
from ledger.transfer import Line, PostLines
from tests.build import (
    DISTRICT,
    REGULATOR,
    SECOND_REGULATOR,
    SECOND_VERIFIER,
    VERIFIER,
    Bench,
    open_ledger,
)
from tests.conftest import DAY
from tests.ledger.metering.build import (
    OPINION,
    adopt_factors,
    meter,
)
from tests.ledger.metering.build import (
    reading as metered,
)

TOWN, OTHER_TOWN = "990100", "990200"
FLOW = "energy.flow.general.2025.eq.990100"
COAL = "coal.flow.general.2025.na.990100"
BUDGET = "district:990100:budget"
RESERVE = "district:990100:reserve"

ENTERPRISES = {
    "E1": (TOWN, "CEMENT"),
    "E2": (TOWN, "CEMENT"),
    "E3": (TOWN, "TEXTILES"),
    "E4": (TOWN, "MACHINERY"),
    "E5": (TOWN, "SALT"),
    "E9": (OTHER_TOWN, "CEMENT"),
}

COMPLIANCE, ADMIN = "person:COM", "person:ADM"

GRANTS = (
    Grant(COMPLIANCE, Role.ENTERPRISE_COMPLIANCE),
    Grant(ADMIN, Role.ENTERPRISE_ADMIN),
)


def allocation_ledger(engine, clock, *subjects: Subject, **parameters: object) -> Bench:
    """A ledger on 1 January 2025 with packs and parties; *parameters* take "__" for dots."""
    bench = open_ledger(engine, clock, (METERING, DISTRICTS, ALLOCATION, *subjects), grants=GRANTS)
    own = {key.replace("__", "."): value for key, value in parameters.items()}
    adopt_packs(bench, own)
    register_parties(bench)
    return bench


def adopt_packs(bench: Bench, own: dict[str, object]) -> None:
    for content in contents(tuple(own.items())):
        bench.both(AdoptPack(content=content)).require()


@cache
def contents(own: tuple[tuple[str, object], ...]) -> tuple[str, ...]:
    """The national and the sample pack, with values of the test's own in the second."""
    packs = seeds.read_packs()
    national, sample = to_plain(packs["national"]), to_plain(packs["sample"])
    units = {each["key"]: each["unit"] for each in (*national["parameter"], *sample["parameter"])}
    values = {"metering.basis": "equivalent", **dict(own)}
    added = [parameter(key, value, units.get(key, "share")) for key, value in values.items()]
    kept = [each for each in sample["parameter"] if each["key"] not in values]
    sample["parameter"] = [*kept, *added]
    return tuple(canonical(plain).decode() for plain in (national, sample))


def parameter(key: str, value: object, unit: str) -> dict[str, object]:
    return {
        "key": key,
        "value": value,
        "unit": unit,
        "valid_from": "2025-01-01",
        "status": "sample",
        "document": "tests",
    }


def register_parties(bench: Bench) -> None:
    towns = tuple(
        DistrictLine(code, name, name, "", "sample")
        for code, name in ((TOWN, "示例市"), (OTHER_TOWN, "示例县"))
    )
    sectors = tuple(
        SectorLine(code, code, code, "yes" if code == "CEMENT" else "no")
        for code in ("CEMENT", "TEXTILES", "MACHINERY", "SALT")
    )
    enterprises = tuple(
        EnterpriseLine(name, name, credit_code(name), district, sector)
        for name, (district, sector) in ENTERPRISES.items()
    )
    bench.do(RegisterDistricts(rows=towns)).require()
    bench.do(RegisterSectors(rows=sectors)).require()
    bench.do(RegisterEnterprises(rows=enterprises)).require()


def credit_code(name: str) -> str:
    body = f"91990100MA000000{name[1]}"
    return body + credit_check(body)


def set_budget(bench: Bench, amount: int, **changes: object) -> None:
    bench.both(budget(amount, **changes)).require()


def budget(amount: int, **changes: object) -> SetBudgets:
    fields: dict[str, object] = {
        "district": TOWN,
        "year": 2025,
        "measure": "energy",
        "document": "DOC-1",
        "amount": amount,
    }
    return SetBudgets(rows=(msgspec.convert(fields | changes, BudgetLine),))


def agreed(bench: Bench, payload: Payload) -> Answer:
    """Let the district propose and the city approve."""
    return bench.both(payload, maker=DISTRICT)


def refused(bench: Bench, payload: Payload, maker: str = DISTRICT) -> Answer:
    """Return the refusal of an approved proposal, and see that the state did not change by it."""
    proposal = bench.do(proposing(payload), actor=maker).require().sequence
    before = bench.digest()
    answer = bench.do(approving(proposal, payload), actor=SECOND_REGULATOR)
    assert not answer.ok
    assert bench.digest() == before
    return answer


def refused_alone(bench: Bench, payload: Payload, actor: str = REGULATOR) -> Answer | Refused:
    """Return the refusal of a single person's command, logged or not, which changes nothing."""
    before = bench.digest()
    found: Answer | Refused
    try:
        found = bench.do(payload, actor=actor)
        assert not found.ok
    except Refused as unlogged:
        found = unlogged
    assert bench.digest() == before
    return found


def cement(enterprise: str = "E1", output: int = 1_000_000, **changes: object) -> PlanLine:
    """A row at 100 kgce a tonne of cement: 100,000 tce for a million tonnes."""
    fields: dict[str, object] = {
        "enterprise": enterprise,
        "product": "cement",
        "output": output,
        "benchmark": "100",
    }
    return msgspec.convert(fields | changes, PlanLine)


def planning(*lines: PlanLine, **changes: object) -> PlanAllocations:
    fields: dict[str, object] = {"district": TOWN, "year": 2025, "measure": "energy"}
    return PlanAllocations(rows=lines, **(fields | changes))


def plan(bench: Bench, *lines: PlanLine, **changes: object) -> Answer:
    return bench.do(planning(*lines, **changes), actor=DISTRICT)


def issuing(plan_hash: str, **changes: object) -> IssueAllocations:
    fields: dict[str, object] = {
        "district": TOWN,
        "year": 2025,
        "measure": "energy",
        "document": "ORDER-1",
    }
    return IssueAllocations(plan_hash=plan_hash, **(fields | changes))


def issued(bench: Bench, *lines: PlanLine, **changes: object) -> Answer:
    """Plan and issue some rows."""
    planned = plan(bench, *lines, **changes).require()
    return agreed(bench, issuing(planned.result["plan_hash"], **changes)).require()


def truing(**changes: object) -> TrueUp:
    fields: dict[str, object] = {
        "district": TOWN,
        "year": 2025,
        "measure": "energy",
        "document": "ORDER-2",
    }
    return TrueUp(**(fields | changes))


def past(enterprise: str, year: int, energy_kgce: int, **changes: object) -> HistoryLine:
    fields: dict[str, object] = {
        "enterprise": enterprise,
        "year": year,
        "energy_kgce": energy_kgce,
    }
    return msgspec.convert(fields | changes, HistoryLine)


def record(bench: Bench, *lines: HistoryLine) -> None:
    bench.do(RecordHistory(rows=lines), actor=DISTRICT).require()


def allocation(bench: Bench, enterprise: str = "E1", product: str = "cement", **key: object):
    """One allocation as the database has it."""
    table = AllocationRow.__table__
    key = {"year": 2025, "measure": "energy"} | key
    with reading(bench.engine) as connection:
        return connection.execute(
            table.select().where(
                table.c.enterprise == enterprise,
                table.c.product == product,
                table.c.year == key["year"],
                table.c.measure == key["measure"],
            )
        ).one()


def move(bench: Bench, source: str, destination: str, amount: int, asset: str = FLOW) -> None:
    """Move units without a price, as a test's own arrangement."""
    reference = f"arranged:{source}:{destination}:{amount}"
    line = Line(reference, source, destination, asset, amount)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()


def end_the_year(bench: Bench, clock) -> None:
    """Go to 15 January 2026 with factors for 2025."""
    adopt_factors(bench)
    clock.advance(379 * DAY)


def final(bench: Bench, enterprise: str = "E1", *, monthly: int = 0, **outputs: int) -> None:
    """
    Bring a report of 2025 all the way, with what the enterprise made of each product.

    Its one meter counts *monthly* units more every month.
    """
    meter_id = f"M{enterprise}"
    bench.do(RegisterMeters(rows=(meter(meter_id, enterprise=enterprise),))).require()
    readings = tuple(
        metered(str(1000 + monthly * number), month=f"2025-{number:02}", meter=meter_id)
        for number in range(1, 13)
    )
    bench.do(RecordReadings(rows=readings, enterprise=enterprise), actor=COMPLIANCE).require()
    bench.do(DraftReport(enterprise=enterprise, year=2025), actor=COMPLIANCE).require()
    lines = tuple(OutputLine(product, amount, "t") for product, amount in outputs.items())
    submission = SubmitReport(enterprise=enterprise, year=2025, version=1, outputs=lines)
    answer = bench.both(submission, maker=COMPLIANCE, checker=ADMIN).require()
    named = {"enterprise": enterprise, "year": 2025}
    team = (VERIFIER, SECOND_VERIFIER)
    bench.both(AssignVerifiers(verifiers=team, **named), maker=DISTRICT).require()
    named |= {"version": 1, "report_hash": answer.result["report_hash"]}
    opinion = VerifyReport(verdict="accept", opinion_hash=OPINION, **named)
    bench.both(opinion, maker=VERIFIER, checker=SECOND_VERIFIER).require()
    bench.both(AcceptReport(**named), maker=DISTRICT).require()
