"""A city with plants that close, works that save, and projects that want to be built."""

from collections.abc import Mapping
from datetime import date
from functools import cache

import msgspec

import seeds
from ledger.adopt import AdoptPack
from ledger.allocation.confirm import HistoryLine, RecordHistory
from ledger.allocation.subject import ALLOCATION
from ledger.approve import approving, proposing
from ledger.command import Answer, Payload
from ledger.days import start_of
from ledger.districts.subject import DISTRICTS as BUDGETS
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
from ledger.substitution.claim import ClaimClosure, ClosureLine
from ledger.substitution.confirm import ConfirmFreed, GiveOpinion
from ledger.substitution.project import (
    AdditionLine,
    PlanSubstitution,
    RegisterProject,
    SourceLine,
)
from ledger.substitution.subject import SUBSTITUTION
from tests.build import (
    DISTRICT,
    SECOND_REGULATOR,
    SECOND_VERIFIER,
    VERIFIER,
    Bench,
    open_ledger,
)

HASH = "ab" * 32

DISTRICTS = (
    DistrictLine("990000", "示例省", "Sample", "", "sample"),
    DistrictLine("990101", "甲区", "First", "990000", "sample"),
    DistrictLine("990102", "乙区", "Second", "990000", "sample"),
    DistrictLine("990201", "丙区", "Another city", "990000", "sample"),
)
SECTORS = (
    SectorLine("CEMENT", "水泥", "Cement", "yes"),
    SectorLine("TEXTILE", "纺织", "Textile", "no"),
    SectorLine("SERVICE", "服务", "Service", "no"),
)
ENTERPRISES = (
    ("E1", "990101", "CEMENT"),
    ("E2", "990101", "TEXTILE"),
    ("E3", "990102", "CEMENT"),
    ("E4", "990102", "SERVICE"),
    ("E5", "990201", "CEMENT"),
)
FACILITIES = (
    ("F1", "E1", "CEMENT"),
    ("F1B", "E1", "CEMENT"),
    ("F2", "E2", "TEXTILE"),
    ("F5", "E5", "CEMENT"),
)


def adopt(bench: Bench, document: Mapping[str, object]) -> None:
    """Put a pack in force."""
    bench.both(AdoptPack(content=msgspec.json.encode(document).decode())).require()


def _enterprise(number: int, party: tuple[str, str, str]) -> EnterpriseLine:
    body = f"91990000MA0000{number:03d}"
    enterprise, district, sector = party
    return EnterpriseLine(enterprise, enterprise, body + credit_check(body), district, sector)


SUBJECTS = (BUDGETS, ALLOCATION, SUBSTITUTION)

shipped = cache(seeds.read_packs)
"""The packs of the product, read once: they are values, and many towns adopt them."""


def open_city(
    engine, clock, *, packs=("national", "sample"), subjects=SUBJECTS, changed=None
) -> Bench:
    """
    Return a ledger in the middle of 2026 whose firms are on record for 2025.

    *changed* are parameters of the sample pack: a value and its unit by key.
    """
    clock.now = start_of(date(2026, 6, 30))
    bench = open_ledger(engine, clock, subjects)
    read = shipped()
    for pack in packs:
        plain = _all_restricted(to_plain(read[pack]))
        adopt(bench, _with(plain, changed or {}) if pack == "sample" else plain)
    facilities = tuple(
        FacilityLine(facility, owner, facility, sector, "clinker", 10_000_000, "t")
        for facility, owner, sector in FACILITIES
    )
    firms = tuple(_enterprise(number, party) for number, party in enumerate(ENTERPRISES))
    history = tuple(
        HistoryLine(enterprise, 2025, 900_000_000, coal_kg=2_000_000_000)
        for enterprise, _, _ in ENTERPRISES
    )
    for payload in (
        RegisterDistricts(rows=DISTRICTS),
        RegisterSectors(rows=SECTORS),
        RegisterEnterprises(rows=firms),
        RegisterFacilities(rows=facilities),
        RecordHistory(rows=history),
    ):
        bench.do(payload).require()
    return bench


def closure(claim: str, facility: str = "F1", *, enterprise: str = "E1", **facts) -> ClaimClosure:
    """Return a claim on a plant closed in March 2026, of 12,345 tce unless measures are given."""
    return ClaimClosure(
        claim=claim,
        enterprise=enterprise,
        facility=facility,
        **{
            "closed_on": date(2026, 3, 31),
            "statistics_year": 2025,
            "last_year": 2030,
            "evidence": HASH,
            "measures": (ClosureLine("energy", 12_345_000, 12_345_000),),
            **facts,
        },
    )


def lines(measures: Mapping[str, int]) -> tuple[ClosureLine, ...]:
    """Return closure lines whose statistics and approval agree."""
    return tuple(ClosureLine(measure, amount, amount) for measure, amount in measures.items())


def opinion(claim: str, *, finding: str = "upheld") -> GiveOpinion:
    return GiveOpinion(claim=claim, finding=finding, document="核字1号", evidence=HASH)


def review(bench: Bench, claim: str, *, finding: str = "upheld") -> Answer:
    """Let two verifiers give their opinion."""
    payload = opinion(claim, finding=finding)
    return bench.both(payload, maker=VERIFIER, checker=SECOND_VERIFIER)


def confirm(bench: Bench, claim: str, **facts) -> Answer:
    """Let district and city confirm."""
    payload = ConfirmFreed(claim=claim, document="确权1号", **facts)
    return bench.both(payload, maker=DISTRICT, checker=SECOND_REGULATOR)


def free(bench: Bench, payload: Payload, **facts) -> Answer:
    """Claim, review and confirm; return the answer to the confirmation."""
    bench.do(payload).require()
    review(bench, payload.claim).require()
    return confirm(bench, payload.claim, **facts).require()


def project(code: str = "P1", *, additions: Mapping[str, int], **facts) -> RegisterProject:
    """Return a qualifying cement project of E3 in the second district."""
    return RegisterProject(
        project=code,
        name="新线",
        additions=tuple(AdditionLine(measure, added) for measure, added in additions.items()),
        **{
            "enterprise": "E3",
            "district": "990102",
            "sector": "CEMENT",
            "last_year": 2030,
            "qualifying": "yes",
            "decision": "发改1号",
            **facts,
        },
    )


def plan(code: str, *sources: tuple[str, int], **facts) -> PlanSubstitution:
    """Return a plan to which the authority assigns its sources; coal is raw coal."""
    return PlanSubstitution(
        project=code,
        sources=tuple(offer(source, amount) for source, amount in sources),
        **{"document": "统筹1号", **facts},
    )


def offer(source: str, amount: int, **facts) -> SourceLine:
    """Return a part of one source."""
    carrier = {"carrier": "raw_coal"} if source.endswith("-COAL") else {}
    return SourceLine(source, amount, **{**carrier, **facts})


def refused(bench: Bench, payload: Payload, *, by: tuple[str, str]) -> Answer:
    """Propose and approve what must be refused, and see that the refusal left no trace."""
    maker, checker = by
    proposal = bench.do(proposing(payload), actor=maker).require().sequence
    before = bench.digest()
    answer = bench.do(approving(proposal, payload), actor=checker)
    assert not answer.ok
    assert bench.digest() == before
    return answer


def refused_alone(bench: Bench, payload: Payload, **facts) -> Answer:
    """Send what must be refused, and see that the refusal left no trace."""
    before = bench.digest()
    answer = bench.do(payload, **facts)
    assert not answer.ok
    assert bench.digest() == before
    return answer


def _with(plain, changed: Mapping[str, object]):
    kept = [each for each in plain["parameter"] if each["key"] not in changed]
    own = [
        {
            "key": key,
            "value": value,
            "unit": unit,
            "valid_from": "2025-01-01",
            "status": "sample",
            "document": "tests",
        }
        for key, (value, unit) in changed.items()
    ]
    return {**plain, "parameter": kept + own}


def _all_restricted(plain):
    """Leave out that the sample pack lets a part of what is pre-issued be sold from 2026 on."""
    kept = [
        each
        for each in plain["parameter"]
        if each["key"] != "allocation.pre_issue_saleable_share" or plain["id"] != "sample"
    ]
    return {**plain, "parameter": kept}
