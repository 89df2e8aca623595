"""A city on 15 January 2026 with plants, claims of freed quota, reports and certificates."""

from datetime import date

from ledger.allocation.confirm import HistoryLine, RecordHistory
from ledger.allocation.subject import ALLOCATION
from ledger.compliance.assess import ComputeObligations
from ledger.compliance.subject import COMPLIANCE
from ledger.coordination.certificate import (
    CertificateLine,
    RecordCertificates,
    RetireCertificates,
    TransferCertificates,
)
from ledger.coordination.dispose import DisposeDuplicate
from ledger.coordination.outside import OutsideLine, RecordOutside
from ledger.coordination.subject import COORDINATION
from ledger.districts.subject import DISTRICTS as BUDGETS
from ledger.metering.carriers import Basis, CarrierKind, FactorStatus
from ledger.metering.factors import AdoptFactors, FactorLine
from ledger.metering.subject import METERING
from ledger.parties.enroll import (
    EnterpriseLine,
    FacilityLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterFacilities,
    RegisterSectors,
)
from ledger.parties.party import credit_check
from ledger.substitution.claim import ClaimClosure, ClosureLine
from ledger.substitution.confirm import ConfirmFreed, GiveOpinion
from ledger.substitution.subject import SUBSTITUTION
from tests.build import DISTRICT, SECOND_REGULATOR, SECOND_VERIFIER, VERIFIER, open_ledger
from tests.conftest import DAY
from tests.ledger.compliance.world import (
    ADMIN,
    CALM,
    COMPLIANCE_OFFICER,
    DISTRICTS,
    ENTERPRISES,
    GRANTS,
    SECTORS,
    adopt,
    refused,
)

SUBJECTS = (METERING, BUDGETS, ALLOCATION, SUBSTITUTION, COORDINATION, COMPLIANCE)
FACILITIES = (("F1", "E1", "TEXTILE"), ("F2", "E2", "CEMENT"), ("F3", "E3", "TEXTILE"))
FACTORS = (
    ("coal", "kg", CarrierKind.FUEL, "1", "1"),
    ("gas", "kg", CarrierKind.FUEL, "1", "0"),
    # 0.3 kgce a kWh (invented, as in rights-25): a certificate stands for 300 kgce.
    ("electricity", "kWh", CarrierKind.ELECTRICITY, "0.3", "0"),
)


def city(engine, clock, values=CALM):
    """Parties, packs, factors and plants on record, before anybody has claimed or reported."""
    bench = open_ledger(engine, clock, SUBJECTS, grants=GRANTS)
    adopt(bench, "national", {})
    adopt(bench, "sample", values)
    for year in (2025, 2026):
        bench.both(_factors(year)).require()
    firms = tuple(_enterprise(number, *firm) for number, firm in enumerate(ENTERPRISES))
    plants = tuple(
        FacilityLine(name, owner, f"{name}号线", sector, "product", 1_000_000, "t")
        for name, owner, sector in FACILITIES
    )
    history = tuple(HistoryLine(name, 2024, 900_000_000, coal_kg=0) for name, _, _ in ENTERPRISES)
    for payload in (
        RegisterDistricts(rows=DISTRICTS),
        RegisterSectors(rows=SECTORS),
        RegisterEnterprises(rows=firms),
        RegisterFacilities(rows=plants),
        RecordHistory(rows=history),
    ):
        bench.do(payload).require()
    clock.advance(379 * DAY)
    return bench


def _enterprise(number, name, district, sector):
    body = f"91990000MA0000{number:03d}"
    return EnterpriseLine(name, f"{name}有限公司", body + credit_check(body), district, sector)


def _factors(year):
    rows = tuple(
        FactorLine(
            code=code,
            name_zh=code,
            unit=unit,
            kind=kind,
            kgce_per_unit=kgce,
            coal_kg_per_unit=coal,
            basis=Basis.EQUIVALENT,
            status=FactorStatus.SAMPLE,
            source="tests",
        )
        for code, unit, kind, kgce, coal in FACTORS
    )
    return AdoptFactors(edition="round", year=year, basis=Basis.EQUIVALENT, rows=rows)


def evidence(number):
    return f"{number:064x}"


def closure(claim="K1", enterprise="E1", facility="F1", *, number=1, amount=5_000_000):
    """A plant closed on 1 March 2025: it takes every day from 1 January 2024 on."""
    return ClaimClosure(
        claim=claim,
        enterprise=enterprise,
        facility=facility,
        closed_on=date(2025, 3, 1),
        statistics_year=2024,
        last_year=2030,
        evidence=evidence(number),
        measures=(ClosureLine("energy", amount, amount),),
    )


def reviewed(bench, payload):
    """Claim and review: only the confirmation is left."""
    bench.do(payload).require()
    opinion = GiveOpinion(
        claim=payload.claim, finding="upheld", document="核字1号", evidence=evidence(99)
    )
    bench.both(opinion, maker=VERIFIER, checker=SECOND_VERIFIER).require()


def confirmation(claim="K1"):
    return ConfirmFreed(claim=claim, document=f"确权{claim}号")


def confirm(bench, claim="K1"):
    return bench.both(confirmation(claim), maker=DISTRICT, checker=SECOND_REGULATOR)


def confirm_refused(bench, claim="K1"):
    return refused(bench, confirmation(claim), maker=DISTRICT, checker=SECOND_REGULATOR)


def outside(claim="O1", **facts):
    """A carbon reduction of plant F1 in 2025, unless said otherwise."""
    fields = {
        "id": claim,
        "scheme": "carbon",
        "register": "全国碳市场",
        "reference": "减排1号",
        "holder": "E1有限公司",
        "measure": "carbon",
        "amount": 13_300_000,
        "first_day": date(2025, 1, 1),
        "last_day": date(2025, 12, 31),
        "evidence": evidence(7),
        "facility": "F1",
    }
    return OutsideLine(**fields | facts)


def elsewhere(bench, **facts):
    bench.do(RecordOutside(rows=(outside(**facts),))).require()


def found(first, second, finding, reason="现场核对"):
    return DisposeDuplicate(first=first, second=second, finding=finding, reason=reason)


def certificates(first, last, *, route="stand_alone", holder="E1", **facts):
    line = CertificateLine(
        **{
            "series": "GEC",
            "first_serial": first,
            "last_serial": last,
            "holder": holder,
            "route": route,
            "year": 2025,
            "evidence": evidence(50 + first),
            **facts,
        }
    )
    return RecordCertificates(rows=(line,))


def transfer(first, last, *, source="E1", destination="E2"):
    return TransferCertificates(
        enterprise=source,
        destination=destination,
        series="GEC",
        first_serial=first,
        last_serial=last,
        document="转让1号",
    )


def retire(first, last, *, purpose="consumption_claim", by="E1", **facts):
    return RetireCertificates(
        **{
            "enterprise": by,
            "series": "GEC",
            "first_serial": first,
            "last_serial": last,
            "purpose": purpose,
            "year": 2025,
            "document": "注销1号",
            **facts,
        }
    )


def own(bench, payload):
    """Let the enterprise's two persons do it."""
    return bench.both(payload, maker=COMPLIANCE_OFFICER, checker=ADMIN)


def own_refused(bench, payload):
    return refused(bench, payload, maker=COMPLIANCE_OFFICER, checker=ADMIN)


def obliged(bench, enterprise="E1"):
    bench.do(ComputeObligations(year=2025, enterprises=(enterprise,))).require()
