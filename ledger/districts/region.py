"""
Regional energy assessments (区域能评): an area's total, its standard, and the projects inside it.

A project that meets the standard of its area needs no review of its own; what it uses comes off
what the area has left.
"""

from fractions import Fraction
from typing import ClassVar

import msgspec

from ledger.calculation import Sheet, step
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.districts.decision import require_decision
from ledger.districts.gate import project_intensity
from ledger.districts.gate_tables import RegionProjectRow, RegionRow
from ledger.errors import Refused
from ledger.parties.party import Parties, require_id
from ledger.post import AmountNotPositive
from ledger.subject import Handler, Result, Role
from ledger.units import parse_decimal
from ledger.work import Work

INTENSITY_DECIMALS = 6


class RegionExists(Refused):
    """A regional assessment of this id is recorded."""

    code = "region_exists"
    rule = "DST-80"

    def __init__(self, region: str) -> None:
        super().__init__(f"regional assessment {region} is recorded already", region=region)


class RegionUnknown(Refused):
    """There is no such regional assessment, or it has run out."""

    code = "region_unknown"
    rule = "DST-80"

    def __init__(self, region: str) -> None:
        super().__init__(
            f"there is no regional assessment {region[:40]} in force", region=region[:40]
        )


class RegionStandardMissed(Refused):
    """A project inside an area does not meet what its assessment asks."""

    code = "region_standard_missed"
    rule = "DST-81"

    def __init__(self, region: str, *, project: str, problem: str) -> None:
        super().__init__(
            f"project {project} does not meet the assessment of {region}: {problem}; it needs a "
            "review of its own",
            region=region,
            project=project,
            problem=problem,
        )


class RegionExceeded(Refused):
    """A project would use more than its area has left."""

    code = "region_exceeded"
    rule = "DST-81"

    def __init__(self, region: str, *, project: str, needed: int, available: int) -> None:
        super().__init__(
            f"project {project} needs {needed} kgce a year, but {region} has {available} left",
            region=region,
            project=project,
            needed=needed,
            available=available,
        )


class AssessRegion(Payload, frozen=True):
    """
    Record an area's assessment: the use a year of all its projects together, until *last_year*.

    *intensity* is the most a project may use, tce per 10,000 yuan of value added, as decimal text;
    *negative_list* the sectors it bars; *standard* names the document of its further conditions.
    """

    kind: ClassVar[str] = "regions.assess"
    region: str
    district: str
    name: str
    total_kgce: int
    intensity: str
    last_year: int
    document: str
    standard: str = ""
    negative_list: tuple[str, ...] = ()


class LinkProject(Payload, frozen=True):
    """Bring a project under the assessment of its area instead of a review of its own."""

    kind: ClassVar[str] = "regions.link"
    region: str
    project: str
    enterprise: str
    sector: str
    energy_kgce: int
    value_added_fen: int
    document: str
    feedstock_kgce: int = 0


def assess_region(work: Work, payload: AssessRegion) -> Result:
    """Record a regional assessment with all of its total left. Rule: DST-80."""
    parties = work.memory.cache(Parties)
    require_id(payload.region)
    parties.district(payload.district)
    require_decision("the regional assessment", payload.document)
    for sector in payload.negative_list:
        parties.sector_is_two_high(sector)
    parse_decimal(payload.intensity, unit="tce per 10,000 yuan", decimals=INTENSITY_DECIMALS)
    if payload.total_kgce <= 0:
        raise AmountNotPositive(payload.total_kgce)
    if work.session.get(RegionRow, payload.region) is not None:
        raise RegionExists(payload.region)
    work.session.add(
        RegionRow(
            id=payload.region,
            district=payload.district,
            name=payload.name,
            total=payload.total_kgce,
            remaining=payload.total_kgce,
            intensity=payload.intensity,
            negative_list=canonical({"sectors": payload.negative_list}).decode(),
            standard=payload.standard,
            last_year=payload.last_year,
            document=payload.document,
            registered_by=work.sequence,
        )
    )
    return {"region": payload.region, "remaining_kgce": payload.total_kgce}


def link_project(work: Work, payload: LinkProject) -> Result:
    """
    Link a project that meets its area's assessment, and take its use off what is left there.

    Checks in this order: the area is in force, the project is new, its sector is not barred, its
    intensity, what is left.

    Rule: DST-81.
    """
    row = _region(work, payload.region)
    _require_form(work, payload)
    if payload.sector in msgspec.json.decode(row.negative_list)["sectors"]:
        raise RegionStandardMissed(row.id, project=payload.project, problem="its sector is barred")
    sheet = _require_intensity(row, payload)
    if payload.energy_kgce > row.remaining:
        raise RegionExceeded(
            row.id, project=payload.project, needed=payload.energy_kgce, available=row.remaining
        )
    row.remaining -= payload.energy_kgce
    work.session.add(
        RegionProjectRow(
            project=payload.project,
            region=row.id,
            enterprise=payload.enterprise,
            sector=payload.sector,
            energy=payload.energy_kgce,
            document=payload.document,
            sheet=canonical(sheet.plain()).decode(),
            linked_by=work.sequence,
        )
    )
    return {"project": payload.project, "region": row.id, "remaining_kgce": row.remaining}


def _region(work: Work, region: str) -> RegionRow:
    row = work.session.get(RegionRow, region)
    if row is None or row.last_year < day_of(work.now).year:
        raise RegionUnknown(region)
    return row


def _require_form(work: Work, payload: LinkProject) -> None:
    parties = work.memory.cache(Parties)
    require_id(payload.project)
    parties.enterprise(payload.enterprise)
    parties.sector_is_two_high(payload.sector)
    require_decision("the link", payload.document)
    if min(payload.energy_kgce, payload.value_added_fen) <= 0:
        raise AmountNotPositive(min(payload.energy_kgce, payload.value_added_fen))
    if not 0 <= payload.feedstock_kgce <= payload.energy_kgce:
        raise AmountNotPositive(payload.energy_kgce - payload.feedstock_kgce)
    linked = work.session.get(RegionProjectRow, payload.project)
    if linked is not None:
        raise RegionStandardMissed(
            payload.region, project=payload.project, problem="it is linked to an area already"
        )


def _require_intensity(row: RegionRow, payload: LinkProject) -> Sheet:
    intensity = project_intensity(
        energy_kgce=payload.energy_kgce,
        feedstock_kgce=payload.feedstock_kgce,
        value_added_fen=payload.value_added_fen,
    )
    if intensity > Fraction(row.intensity):
        raise RegionStandardMissed(
            row.id,
            project=payload.project,
            problem="it uses more for its value added than the area allows",
        )
    met = step(
        "intensity",
        "(energy − feedstock) ÷ value added <= standard",
        {
            "energy_kgce": payload.energy_kgce,
            "feedstock_kgce": payload.feedstock_kgce,
            "value_added_fen": payload.value_added_fen,
            "standard": row.intensity,
        },
        result=intensity,
        unit="tce per 10,000 yuan",
        rule="DST-81",
    )
    return Sheet(f"regional assessment {row.id}", (met,))


def _scope_of_district(_work: Work, payload: AssessRegion) -> str:
    return f"district:{payload.district}"


def _scope_of_region(work: Work, payload: LinkProject) -> str:
    return f"district:{_region(work, payload.region).district}"


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

REGION_HANDLERS = (
    Handler(AssessRegion, assess_region, makers=_CITY, checkers=_CITY, scope=_scope_of_district),
    Handler(LinkProject, link_project, makers=_DISTRICT, checkers=_CITY, scope=_scope_of_region),
)
