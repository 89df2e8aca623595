"""
What a unit is, in law.

Units of one asset are fungible; units of two assets are never added. The code of an asset spells
its dimensions out: ``energy.flow.general.2026.eq.370100`` is energy, an annual quota, from general
allocation, vintage 2026, in equivalent value, for use in Jinan.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from ledger.errors import Refused

CNY = "cash.cny"


class Kind(StrEnum):
    """What becomes of a unit: used up in a year, or a level held for a term."""

    FLOW = "flow"
    STANDING = "standing"
    CASH = "cash"


class Origin(StrEnum):
    """Where a unit came from, which decides what it may serve."""

    GENERAL = "general"
    TWO_HIGH = "two_high"
    OTHER = "other"
    RENEWABLE = "renewable"


class AssetMalformed(Refused):
    """An asset code does not spell its dimensions out."""

    code = "asset_malformed"
    rule = "REG-02"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:60]!r} is not an asset; one looks like energy.flow.general.2026.eq.370100",
            asset=text[:60],
        )


_CODE = re.compile(
    r"(?P<measure>energy|coal|carbon|capacity-[a-z]{1,20}|pollutant-[a-z0-9]{1,20})"
    r"\.(?P<kind>flow|standing)"
    r"\.(?P<origin>general|two_high|other|renewable)"
    r"\.(?P<period>t?[0-9]{4})"
    r"\.(?P<basis>eq|cal|na)"
    r"\.(?P<area>[0-9]{6}|[0-9]{6}-P[A-Z0-9]{1,15})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Asset:
    """
    The dimensions of one asset.

    *period* is a vintage year for a flow ("2026") and the last year of the term, after a t, for a
    standing right ("t2030"). *basis* is eq (equivalent value), cal (calorific value) or na for
    measures that know no such choice. *area* is a district code, or a district code and one
    project where the quota is listed for that project alone.

    Rule: REG-02.
    """

    measure: str
    kind: Kind
    origin: Origin
    period: str
    basis: str
    area: str

    CASH_CODE: ClassVar[str] = CNY

    @property
    def code(self) -> str:
        """Return the readable code that names this asset everywhere."""
        return f"{self.measure}.{self.kind}.{self.origin}.{self.period}.{self.basis}.{self.area}"

    @property
    def vintage(self) -> int:
        """Return the year of a flow, or the last year of a standing right."""
        return int(self.period.removeprefix("t"))


def parse_asset(code: str) -> Asset:
    """Return the dimensions spelled by *code*, which must not be cash."""
    match = _CODE.fullmatch(code)
    if match is None:
        raise AssetMalformed(code)
    kind = Kind(match["kind"])
    if (kind is Kind.STANDING) != match["period"].startswith("t"):
        raise AssetMalformed(code)
    return Asset(
        measure=match["measure"],
        kind=kind,
        origin=Origin(match["origin"]),
        period=match["period"],
        basis=match["basis"],
        area=match["area"],
    )


def kind_of(code: str) -> Kind:
    """Return what kind of asset *code* names, cash included."""
    return Kind.CASH if code == CNY else parse_asset(code).kind


def flow(*, measure: str, vintage: int, area: str, origin: Origin = Origin.GENERAL) -> Asset:
    """Return the annual allowance of *measure* for one vintage and area, in equivalent value."""
    basis = "eq" if measure == "energy" else "na"
    return Asset(measure, Kind.FLOW, origin, str(vintage), basis, area)


def standing(*, measure: str, last_year: int, area: str, origin: Origin) -> Asset:
    """Return the standing right of *measure* that runs to the end of *last_year*."""
    basis = "eq" if measure == "energy" else "na"
    return Asset(measure, Kind.STANDING, origin, f"t{last_year}", basis, area)
