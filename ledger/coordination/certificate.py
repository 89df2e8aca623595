"""
Green certificates by serial range: recorded as issued, transferred, retired for one purpose.

A range is cut where a part of it goes another way; what was retired never moves again, which is
the lock against double use. One certificate is 1,000 kWh.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec
import sqlalchemy as sa

from ledger.command import Payload
from ledger.coordination.cap import (
    certificates_kgce,
    electricity_factor,
    require_within_region_cap,
)
from ledger.coordination.certificate_refusals import (
    BeneficiaryUnknown,
    CertificateInStatistics,
    CertificateIssued,
    CertificateMeterWrong,
    CertificateNotHeld,
    CertificateRetired,
    CertificateTooEarly,
)
from ledger.coordination.outside import require_serials
from ledger.coordination.tables import (
    CertificateHoldingRow,
    CertificateIssueRow,
    CertificateMoveRow,
)
from ledger.metering.meter import require_year
from ledger.metering.tables import MeterRow
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import Result
from ledger.substitution.evidence import require_document, require_evidence
from ledger.substitution.tables import ProjectRow
from ledger.work import Work

ISSUED, HELD, RETIRED = "issued", "held", "retired"
MOVING = ("regional_deduction", "consumption_claim")
"""Purposes that may take quantity out of somebody's figures."""


class CertificateLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Certificates issued to *holder* for energy of *year*; *meter* if its own plant made it."""

    series: str
    first_serial: int
    last_serial: int
    holder: str
    route: Literal["intra_province", "cross_province_deal", "stand_alone"]
    year: int
    evidence: str
    plant: str = ""
    meter: str = ""


class RecordCertificates(Payload, frozen=True):
    """Record certificates as the registry issued them."""

    kind: ClassVar[str] = "certificates.record"
    rows: tuple[CertificateLine, ...]


class TransferCertificates(Payload, frozen=True):
    """Transfer serial numbers *first_serial* to *last_serial* from one enterprise to another."""

    kind: ClassVar[str] = "certificates.transfer"
    enterprise: str
    destination: str
    series: str
    first_serial: int
    last_serial: int
    document: str


class RetireCertificates(Payload, frozen=True):
    """
    Use certificates up for one *purpose* of *year*.

    *beneficiary* is the district of a regional deduction, the project of a commitment, and empty
    otherwise.
    """

    kind: ClassVar[str] = "certificates.retire"
    enterprise: str
    series: str
    first_serial: int
    last_serial: int
    purpose: Literal[
        "consumption_claim", "regional_deduction", "tiered_price", "project_commitment"
    ]
    year: int
    document: str
    beneficiary: str = ""


_Serials = CertificateLine | TransferCertificates | RetireCertificates | CertificateHoldingRow


def record_certificates(work: Work, payload: RecordCertificates) -> Result:
    """Record certificates; each serial number once. Rules: CRD-20, CRD-26."""
    each_row(payload.rows, lambda line: _issue(work, line))
    return {"certificates": sum(_count(line) for line in payload.rows)}


def _issue(work: Work, line: CertificateLine) -> None:
    require_serials(line.series, line.first_serial, line.last_serial)
    work.memory.cache(Parties).enterprise(line.holder)
    require_year(line.year)
    require_evidence(line.evidence)
    if line.meter:
        meter = work.session.get(MeterRow, line.meter)
        if meter is None or (meter.enterprise, meter.use) != (line.holder, "own_renewable"):
            raise CertificateMeterWrong(line.meter, enterprise=line.holder)
    row = CertificateIssueRow
    taken = work.session.scalars(
        sa.select(row)
        .where(row.series == line.series)
        .where(row.first_serial <= line.last_serial, row.last_serial >= line.first_serial)
        .order_by(row.first_serial)
    ).first()
    if taken is not None:
        raise CertificateIssued(line.series, first=taken.first_serial, last=taken.last_serial)
    work.session.add(row(**msgspec.structs.asdict(line), recorded_by=work.sequence))
    work.session.add(
        CertificateHoldingRow(
            series=line.series,
            first_serial=line.first_serial,
            last_serial=line.last_serial,
            issued_from=line.first_serial,
            holder=line.holder,
            state=ISSUED,
            purpose="",
            year=0,
            beneficiary="",
            amount_kgce=0,
            document="",
            changed_by=work.sequence,
        )
    )
    work.session.flush()


def transfer_certificates(work: Work, payload: TransferCertificates) -> Result:
    """Give serial numbers to another enterprise. Rules: CRD-21, CRD-22."""
    work.memory.cache(Parties).enterprise(payload.enterprise)
    work.memory.cache(Parties).enterprise(payload.destination)
    require_document("the transfer", payload.document)
    for part in _cut_out(work, payload):
        part.holder, part.state = payload.destination, HELD
        part.document, part.changed_by = payload.document, work.sequence
    work.session.add(
        CertificateMoveRow(
            moved_by=work.sequence,
            series=payload.series,
            first_serial=payload.first_serial,
            last_serial=payload.last_serial,
            source=payload.enterprise,
            destination=payload.destination,
            document=payload.document,
        )
    )
    return {"certificates": _count(payload)}


def retire_certificates(work: Work, payload: RetireCertificates) -> Result:
    """
    Use certificates up for one purpose.

    Refusals in this order: holder unknown, document, beneficiary, serials, retired, not held, too
    early, in statistics, above the region's cap. Rules: CRD-22, CRD-23, CRD-24.
    """
    work.memory.cache(Parties).enterprise(payload.enterprise)
    require_year(payload.year)
    require_document("the retirement", payload.document)
    _require_beneficiary(work, payload)
    parts = _cut_out(work, payload)
    issues = [_issue_of(work, part) for part in parts]
    for part, issue in zip(parts, issues, strict=True):
        if issue.year > payload.year:
            raise CertificateTooEarly(year=payload.year, generated_year=issue.year)
        if payload.purpose == "regional_deduction" and issue.route != "stand_alone":
            serial = part.first_serial
            raise CertificateInStatistics(part.series, serial=serial, route=issue.route)
    amount_kgce = 0
    if payload.purpose in MOVING:
        amount_kgce = _retired_kgce(work, payload, parts)
    if payload.purpose == "regional_deduction":
        require_within_region_cap(
            work, payload.beneficiary, year=payload.year, amount_kgce=amount_kgce
        )
    for part in parts:
        _retire(work, part, payload)
    return {"certificates": _count(payload), "amount_kgce": amount_kgce}


def _retired_kgce(
    work: Work, payload: RetireCertificates, parts: Sequence[CertificateHoldingRow]
) -> int:
    """Return what the certificates stand for by the factor of the year they are used for."""
    factor = electricity_factor(work, payload.year)
    for part in parts:
        part.amount_kgce = certificates_kgce(_count(part), factor)
    return sum(part.amount_kgce for part in parts)


def _retire(work: Work, part: CertificateHoldingRow, payload: RetireCertificates) -> None:
    part.state, part.purpose, part.year = RETIRED, payload.purpose, payload.year
    part.beneficiary = payload.beneficiary
    part.document, part.changed_by = payload.document, work.sequence


def _require_beneficiary(work: Work, payload: RetireCertificates) -> None:
    purpose, beneficiary = payload.purpose, payload.beneficiary
    if purpose == "regional_deduction":
        work.memory.cache(Parties).district(beneficiary)
    elif purpose == "project_commitment":
        project = work.session.get(ProjectRow, beneficiary)
        if project is None or project.enterprise != payload.enterprise:
            wanted = f"a registered project of {payload.enterprise}"
            raise BeneficiaryUnknown(purpose, beneficiary, wanted=wanted)
    elif beneficiary:
        raise BeneficiaryUnknown(purpose, beneficiary, wanted="nothing, for it is the holder's own")


def _cut_out(
    work: Work, payload: TransferCertificates | RetireCertificates
) -> list[CertificateHoldingRow]:
    """Return holdings of exactly the serials named, cut from larger ones; refuse what is gone."""
    first, last = payload.first_serial, payload.last_serial
    require_serials(payload.series, first, last)
    row = CertificateHoldingRow
    found = work.session.scalars(
        sa.select(row)
        .where(row.series == payload.series)
        .where(row.first_serial <= last, row.last_serial >= first)
        .order_by(row.first_serial)
    ).all()
    for part in found:
        if part.state == RETIRED:
            serial = max(part.first_serial, first)
            raise CertificateRetired(
                part.series, serial=serial, purpose=part.purpose, document=part.document
            )
    own = [part for part in found if part.holder == payload.enterprise]
    held = sum(min(part.last_serial, last) - max(part.first_serial, first) + 1 for part in own)
    if held < last - first + 1:
        needed = last - first + 1
        raise CertificateNotHeld(payload.enterprise, needed=needed, available=held)
    parts = [_cut(work, part, first, last) for part in own]
    work.session.flush()
    return parts


def _cut(work: Work, part: CertificateHoldingRow, first: int, last: int) -> CertificateHoldingRow:
    """Cut what lies outside of *first* to *last* off a holding; return what lies inside."""
    if part.last_serial > last:
        work.session.add(_piece(part, last + 1, part.last_serial))
        part.last_serial = last
    if part.first_serial >= first:
        return part
    inside = _piece(part, first, part.last_serial)
    part.last_serial = first - 1
    work.session.add(inside)
    return inside


def _piece(part: CertificateHoldingRow, first: int, last: int) -> CertificateHoldingRow:
    columns = CertificateHoldingRow.__table__.columns.keys()
    facts = {name: getattr(part, name) for name in columns}
    return CertificateHoldingRow(**facts | {"first_serial": first, "last_serial": last})


def _issue_of(work: Work, part: CertificateHoldingRow) -> CertificateIssueRow:
    return work.session.get_one(CertificateIssueRow, (part.series, part.issued_from))


def _count(serials: _Serials) -> int:
    return serials.last_serial - serials.first_serial + 1
