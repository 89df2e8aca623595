"""
Record who is in a carbon market, and what a reduction counts there under offset.
"""

from fractions import Fraction
from typing import ClassVar, Literal

import msgspec
import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.calculation import HALF_UP, Sheet, step
from ledger.command import Payload, canonical
from ledger.coordination.outside import outside_claim
from ledger.coordination.overlap import CarbonOverlap, carbon_overlap
from ledger.coordination.tables import CarbonMembershipRow, CarbonOffsetRow
from ledger.days import day_of
from ledger.errors import Refused
from ledger.metering.meter import require_year
from ledger.parties.party import Parties
from ledger.policy import Found, as_fraction
from ledger.post import AmountNotPositive, AmountTooLarge
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Result
from ledger.substitution.evidence import require_document
from ledger.substitution.tables import FreedClaimRow, FreedMeasureRow
from ledger.units import AMOUNT_MAX, round_half_up
from ledger.work import Work


class OffsetNotAllowed(Refused):
    """A conversion is to be recorded where the two markets do not offset."""

    code = "carbon_offset_not_allowed"
    rule = "CRD-14"

    def __init__(self, district: str, *, overlap: CarbonOverlap) -> None:
        super().__init__(
            f"district {district} has carbon_overlap = {overlap}: a reduction counts in one market "
            "only, and nothing is converted",
            district=district,
            overlap=overlap.value,
        )


class OffsetTooLarge(Refused):
    """What is converted is more than the carbon side or the claim has."""

    code = "carbon_offset_too_large"
    rule = "CRD-14"

    def __init__(self, what: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"{what} has {available}, but {needed} would be converted; convert at most what there "
            "is",
            what=what,
            needed=needed,
            available=available,
        )


class OffsetExists(Refused):
    """The conversion of this pair is on record."""

    code = "carbon_offset_exists"
    rule = "CRD-14"

    def __init__(self, claim: str, *, outside: str) -> None:
        super().__init__(
            f"the conversion of claim {claim} and {outside} is on record already",
            claim=claim,
            other=outside,
        )


class OffsetPairUnknown(Refused):
    """The two records do not count one reduction: a claim and a carbon record of one facility."""

    code = "carbon_offset_pair_unknown"
    rule = "CRD-14"

    def __init__(self, claim: str, *, outside: str) -> None:
        super().__init__(
            f"claim {claim[:40]} and {outside[:40]} are not a claim with energy and a carbon "
            "reduction of the same facility",
            claim=claim[:40],
            other=outside[:40],
        )


class MemberLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One enterprise in one year; its carbon figures in kg CO2, none where not known yet."""

    enterprise: str
    year: int
    market: str
    power_sector: Literal["yes", "no"]
    document: str
    allowance_kg: int | None = None
    emission_kg: int | None = None


class RecordMembership(Payload, frozen=True):
    """Record carbon-market membership; a later record of the same year counts instead."""

    kind: ClassVar[str] = "carbon.record_membership"
    rows: tuple[MemberLine, ...]


class RecordOffset(Payload, frozen=True):
    """Record that *energy_kgce* of a claim count in the carbon market too, as *outside*."""

    kind: ClassVar[str] = "carbon.record_offset"
    claim: str
    outside: str
    energy_kgce: int
    document: str


def record_membership(work: Work, payload: RecordMembership) -> Result:
    """Record who is in the carbon market in a year. Rule: CRD-10."""
    each_row(payload.rows, lambda line: _member(work, line))
    return {"memberships": len(payload.rows)}


def _member(work: Work, line: MemberLine) -> None:
    work.memory.cache(Parties).enterprise(line.enterprise)
    require_year(line.year)
    require_document("the membership", line.document)
    for amount in (line.allowance_kg, line.emission_kg):
        if amount is not None and amount < 0:
            raise AmountNotPositive(amount)
        if amount is not None and amount > AMOUNT_MAX:
            raise AmountTooLarge(amount)
    row = CarbonMembershipRow(**msgspec.structs.asdict(line), recorded_by=work.sequence)
    work.session.merge(row)


def record_offset(work: Work, payload: RecordOffset) -> Result:
    """
    Record the conversion of one reduction: energy times the pack's rate, at most what both have.

    Rule: CRD-14.
    """
    claim = work.session.get(FreedClaimRow, payload.claim)
    measure = work.session.get(FreedMeasureRow, (payload.claim, "energy"))
    carbon = outside_claim(work, payload.outside)
    if claim is None or measure is None or carbon.scheme != "carbon":
        raise OffsetPairUnknown(payload.claim, outside=payload.outside)
    if carbon.facility != claim.facility:
        raise OffsetPairUnknown(payload.claim, outside=payload.outside)
    district = work.memory.cache(Parties).enterprise(claim.enterprise).district
    overlap = carbon_overlap(work, district)
    if overlap is not CarbonOverlap.OFFSET:
        raise OffsetNotAllowed(district, overlap=overlap)
    require_document("the conversion", payload.document)
    if work.session.get(CarbonOffsetRow, (claim.id, carbon.id)) is not None:
        raise OffsetExists(claim.id, outside=carbon.id)
    if payload.energy_kgce <= 0:
        raise AmountNotPositive(payload.energy_kgce)
    left_kgce, left_kg = _left(work, measure.amount, carbon.amount, payload)
    if payload.energy_kgce > left_kgce:
        raise OffsetTooLarge(claim.id, needed=payload.energy_kgce, available=left_kgce)
    rate = _rate(work, district)
    converted_kg = round_half_up(payload.energy_kgce * as_fraction(rate))
    if converted_kg > left_kg:
        raise OffsetTooLarge(carbon.id, needed=converted_kg, available=left_kg)
    sheet = _sheet(rate, as_fraction(rate), payload.energy_kgce, converted_kg)
    work.session.add(
        CarbonOffsetRow(
            claim=claim.id,
            outside=carbon.id,
            energy_kgce=payload.energy_kgce,
            converted_kg=converted_kg,
            document=payload.document,
            sheet=canonical(sheet.plain()).decode(),
            recorded_by=work.sequence,
        )
    )
    return {"claim": claim.id, "outside": carbon.id, "converted_kg": converted_kg}


def _left(work: Work, energy_kgce: int, carbon_kg: int, payload: RecordOffset) -> tuple[int, int]:
    """Return what of the claim's energy and the carbon reduction is not converted yet."""
    row = CarbonOffsetRow
    energy = sa.select(sa.func.sum(row.energy_kgce)).where(row.claim == payload.claim)
    carbon = sa.select(sa.func.sum(row.converted_kg)).where(row.outside == payload.outside)
    taken = [int(work.session.scalar(query) or 0) for query in (energy, carbon)]
    return energy_kgce - taken[0], carbon_kg - taken[1]


def _rate(work: Work, district: str) -> Found:
    pack = work.memory.cache(Parties).district(district).pack
    return work.memory.cache(Policy).find(pack, "carbon.offset_kg_per_kgce", day_of(work.now))


def _sheet(found: Found, rate: Fraction, energy_kgce: int, converted_kg: int) -> Sheet:
    converted = step(
        "converted to carbon",
        "energy × rate",
        {"energy": energy_kgce, "rate": rate},
        result=converted_kg,
        unit="kg CO2",
        rule="CRD-14",
        rounding=HALF_UP,
    )
    return Sheet(f"{found.pack_id}@{found.version}").then(converted)


def scope_of_offset(work: Work, payload: RecordOffset) -> str:
    """Return the district of the claim; an unknown claim is asked of those who act anywhere."""
    row = work.session.get(FreedClaimRow, payload.claim)
    if row is None:
        return ANYWHERE
    return f"district:{work.memory.cache(Parties).enterprise(row.enterprise).district}"
