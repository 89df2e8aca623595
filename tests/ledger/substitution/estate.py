"""A city whose firms have cash and people, whose province has a reserve, and sources to move."""

from datetime import date

from ledger.cash import Deposit
from ledger.days import start_of
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.districts.rating import RateDistricts, RatingLine
from ledger.metering.carriers import Basis
from ledger.metering.consumption import Use
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.subject import METERING
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.substitution.claim import ClosureLine
from ledger.substitution.claim_ways import ClaimRemoval, ClaimRenewable
from ledger.substitution.collect import DecideBatch, LotLine, PlanBatch, ReviewBatch
from ledger.substitution.collected import LotKind
from ledger.substitution.lines import RenewableLine
from ledger.substitution.release_reserve import ReleaseLine, ReleaseQuota
from ledger.substitution.revoke import RevokeFreed
from ledger.substitution.split import PartLine, SplitSource, TransferLine, TransferSources
from tests.build import (
    CLEARING,
    DISTRICT,
    SECOND_CLEARING,
    SECOND_REGULATOR,
    SECOND_SECURITY,
    SECOND_VERIFIER,
    SECURITY,
    VERIFIER,
)
from tests.ledger.metering.build import factor_payload
from tests.ledger.substitution.world import HASH, SUBJECTS, open_city

PROVINCE = "990000"
ESTATE_SUBJECTS = (METERING, *SUBJECTS)
ADMINS = {enterprise: f"person:{enterprise}A" for enterprise in ("E1", "E2", "E3", "E4", "E5")}


def open_estate(engine, clock, **facts):
    """Return the city with an administrator for each firm."""
    bench = open_city(engine, clock, subjects=ESTATE_SUBJECTS, **facts)
    grants = tuple(
        Grant(person, Role.ENTERPRISE_ADMIN, f"enterprise:{enterprise}")
        for enterprise, person in ADMINS.items()
    )
    bench.both(GrantRoles(grants=grants), maker=SECURITY, checker=SECOND_SECURITY).require()
    return bench


def meters(bench, *, use: str = "consumed", meter: str = "M1", facility: str = "F1") -> None:
    """Register one meter of electricity of E1."""
    line = MeterLine(meter, "E1", "electricity", "kWh", Use(use), "2024-12", "0", facility)
    bench.do(RegisterMeters(rows=(line,))).require()


def factors(bench) -> None:
    bench.both(factor_payload(Basis.EQUIVALENT)).require()


def fund(bench, enterprise: str, amount_fen: int) -> None:
    payload = Deposit(enterprise, amount_fen, f"line {enterprise} {amount_fen}")
    bench.both(payload, maker=CLEARING, checker=SECOND_CLEARING).require()


def budget(bench, amount: int, *, district: str = "990101", measure: str = "energy") -> None:
    line = BudgetLine(district, 2026, measure, amount, f"预算 {district} {measure}")
    bench.both(SetBudgets(rows=(line,))).require()


def rate(bench, rating: str, *, district: str = "990101") -> None:
    line = RatingLine(district, 2026, rating, "评价1号")
    bench.both(RateDistricts(rows=(line,))).require()


def removal(claim: str, facility: str = "F1", *, way: str = "elimination", **facts):
    return ClaimRemoval(
        claim=claim,
        enterprise="E1",
        facility=facility,
        way=way,
        **{
            "document": "淘汰名单1号",
            "closed_on": date(2026, 3, 31),
            "statistics_year": 2025,
            "last_year": 2030,
            "evidence": HASH,
            "measures": (ClosureLine("energy", 12_345_000, 12_345_000),),
            **facts,
        },
    )


def renewable(claim: str, *, before: int = 0, after: int = 100_000, meter: str = "M1", **facts):
    return ClaimRenewable(
        claim=claim,
        enterprise="E1",
        facility="F1",
        meter=meter,
        **{
            "first_day": date(2025, 1, 1),
            "last_day": date(2025, 12, 31),
            "last_year": 2030,
            "evidence": HASH,
            "measures": (RenewableLine("energy", before, after),),
            **facts,
        },
    )


def split(bench, source: str, *parts: tuple[str, int], by: str = ADMINS["E1"]):
    lines = tuple(PartLine(target, amount) for target, amount in parts)
    return bench.do(SplitSource(source=source, document="分割1号", parts=lines), actor=by)


def transfer(bench, source: str, target: str, to: str, amount: int, *, by: str = "E1"):
    line = TransferLine(source, target, to, amount, "划转1号")
    payload = TransferSources(rows=(line,))
    return bench.both(payload, maker=ADMINS[by], checker=SECOND_REGULATOR)


def batch(name: str, *lots: LotLine) -> PlanBatch:
    return PlanBatch(batch=name, reserve=PROVINCE, document="收储方案1号", lots=lots)


def lot(source: str, kind: str, target: str, *, measure: str = "energy", **facts) -> LotLine:
    return LotLine(LotKind(kind), measure, source=source, target=target, **facts)


def reviewed(bench, name: str):
    payload = ReviewBatch(batch=name, finding="upheld", document="评审1号", evidence=HASH)
    return bench.both(payload, maker=VERIFIER, checker=SECOND_VERIFIER)


def decision(name: str, body: str = "commission") -> DecideBatch:
    return DecideBatch(batch=name, body=body, document="收储决定1号")


def collect(bench, name: str, *lots: LotLine, body: str = "commission"):
    """Plan, review and decide a batch; return the answer to the decision."""
    bench.do(batch(name, *lots)).require()
    reviewed(bench, name).require()
    return bench.both(decision(name, body))


def buying(enterprise: str, *lines: ReleaseLine) -> ReleaseQuota:
    return ReleaseQuota(enterprise=enterprise, document="申购1号", rows=lines)


def buy(bench, enterprise: str, *lines: ReleaseLine):
    payload = buying(enterprise, *lines)
    return bench.both(payload, maker=ADMINS[enterprise], checker=SECOND_REGULATOR)


def revoke(bench, claim: str, **facts):
    payload = RevokeFreed(claim=claim, document="撤销1号", evidence=HASH, **facts)
    return bench.both(payload, maker=DISTRICT, checker=SECOND_REGULATOR)


def at(clock, *day: int) -> None:
    clock.now = start_of(date(*day))
