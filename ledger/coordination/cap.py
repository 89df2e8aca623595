"""
How much green certificates may deduct: what they stand for in energy, and the cap of a region.
"""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.coordination.tables import CertificateHoldingRow
from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.metering.factors import table_in_force
from ledger.parties.party import Parties
from ledger.policy import Found, as_int, as_share
from ledger.units import round_half_up
from ledger.work import Work

ELECTRICITY = "electricity"
YEARS = 5
"""A target period of the five-year plans."""


class RegionCapExceeded(Refused):
    """Certificates would deduct more of a region's energy than their share of the saving."""

    code = "certificate_cap_exceeded"
    rule = "CRD-24"

    def __init__(self, district: str, *, needed: int, available: int, cap: int) -> None:
        super().__init__(
            f"{needed} kgce more cannot be deducted in {district} by certificates: {available} of "
            f"a cap of {cap} kgce are left; retire fewer, or for another purpose",
            district=district,
            needed=needed,
            available=available,
            cap=cap,
        )


def certificates_kgce(count: int, kgce_per_kwh: Decimal) -> int:
    """Return what *count* certificates of 1,000 kWh stand for in kgce, rounded half up. CRD-20."""
    return round_half_up(Decimal(count * 1_000) * kgce_per_kwh)


def saving_needed_kgce(base_kgce: int, *, growth: Fraction, years: int, reduction: Fraction) -> int:
    """
    Return the saving that a target of intensity asks for: base × (1 + growth)^years × reduction.

    Rounded down, so that a cap is never larger than its share. Rule: CRD-27.
    """
    return int(base_kgce * (1 + growth) ** years * reduction)


def electricity_factor(work: Work, year: int) -> Decimal:
    """Return kgce per kWh of the edition in force for *year*, equivalent basis. Rule: MRV-50."""
    table = table_in_force(work.session, year=year, basis=Basis.EQUIVALENT)
    return table.factor(ELECTRICITY).kgce_per_unit


def require_within_region_cap(work: Work, district: str, *, year: int, amount_kgce: int) -> None:
    """
    Refuse to deduct more in *district* than its cap over the plan period that *year* lies in.

    Refusals: `parameter_missing` where the packs do not state the target. Rules: CRD-24, CRD-27.
    """
    on = date(year, 1, 1)
    first_year = as_int(_find(work, district, f"district.{district}.five_year_first", on))
    cap = region_cap_kgce(work, district, on=on)
    row = CertificateHoldingRow
    query = sa.select(sa.func.sum(row.amount_kgce)).where(
        row.beneficiary == district,
        row.purpose == "regional_deduction",
        row.year >= first_year,
        row.year < first_year + YEARS,
    )
    available = cap - int(work.session.scalar(query) or 0)
    if amount_kgce > available:
        raise RegionCapExceeded(district, needed=amount_kgce, available=available, cap=cap)


def region_cap_kgce(work: Work, district: str, *, on: date) -> int:
    """Return the most that certificates may deduct in *district*. Rules: CRD-24, CRD-27."""
    base_tce, growth, reduction = (
        _find(work, district, f"district.{district}.five_year_{name}", on)
        for name in ("base_tce", "growth", "reduction")
    )
    needed = saving_needed_kgce(
        as_int(base_tce) * 1_000,
        growth=as_share(growth),
        years=YEARS,
        reduction=as_share(reduction),
    )
    return int(needed * as_share(_find(work, district, "certificate.region_cap_share", on)))


def _find(work: Work, district: str, key: str, on: date) -> Found:
    pack = work.memory.cache(Parties).district(district).pack
    return work.memory.cache(Policy).find(pack, key, on)
