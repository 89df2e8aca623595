"""
Register districts, sectors, enterprises and facilities, in bulk, every row or none.
"""

from typing import ClassVar, Literal

import msgspec
import sqlalchemy as sa

from ledger.command import Payload
from ledger.memory import Memory
from ledger.parties.party import (
    DISTRICT_CODE,
    District,
    Enterprise,
    Parties,
    PartyExists,
    PartyIdMalformed,
    require_credit_code,
    require_id,
)
from ledger.parties.tables import DistrictRow, EnterpriseRow, FacilityRow, SectorRow
from ledger.post import AmountNotPositive
from ledger.register import open_account, open_enterprise_accounts
from ledger.rows import each_row
from ledger.subject import Handler, Result, Role, Subject
from ledger.work import Work


class DistrictLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One district; *parent* is empty for the top of the ledger's jurisdiction."""

    code: str
    name: str
    name_en: str
    parent: str
    pack: str


class SectorLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sector and its two-high mark."""

    code: str
    name: str
    name_en: str
    two_high: Literal["yes", "no"]


class EnterpriseLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One enterprise; an empty *owner_group* means that it belongs to nobody else."""

    id: str
    name: str
    credit_code: str
    district: str
    sector: str
    owner_group: str = ""


class FacilityLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One facility of an enterprise; *capacity* is whole units a year."""

    id: str
    enterprise: str
    name: str
    sector: str
    product: str
    capacity: int
    capacity_unit: str


class RegisterDistricts(Payload, frozen=True):
    """Register districts; parents stand before their children."""

    kind: ClassVar[str] = "districts.register"
    rows: tuple[DistrictLine, ...]


class RegisterSectors(Payload, frozen=True):
    """Register sectors."""

    kind: ClassVar[str] = "sectors.register"
    rows: tuple[SectorLine, ...]


class RegisterEnterprises(Payload, frozen=True):
    """Register enterprises and open their accounts."""

    kind: ClassVar[str] = "enterprises.register"
    rows: tuple[EnterpriseLine, ...]


class RegisterFacilities(Payload, frozen=True):
    """Register facilities."""

    kind: ClassVar[str] = "facilities.register"
    rows: tuple[FacilityLine, ...]


def register_districts(work: Work, payload: RegisterDistricts) -> Result:
    """Register every district with its budget and reserve accounts. Rule: REG-31."""
    each_row(payload.rows, lambda line: _register_district(work, line))
    return {"districts": len(payload.rows)}


def _register_district(work: Work, line: DistrictLine) -> None:
    parties = work.memory.cache(Parties)
    if not DISTRICT_CODE.fullmatch(line.code):
        raise PartyIdMalformed(line.code)
    if line.code in parties.districts:
        raise PartyExists("district", line.code)
    if line.parent:
        parties.district(line.parent)
    parties.districts[line.code] = District(line.code, line.parent, line.pack)
    work.on_refusal(lambda: parties.districts.pop(line.code))
    open_account(work, f"district:{line.code}:budget")
    open_account(work, f"district:{line.code}:reserve")
    work.add(
        "districts",
        (line.code, line.name, line.name_en, line.parent, line.pack, work.sequence),
    )


def register_sectors(work: Work, payload: RegisterSectors) -> Result:
    """Register every sector with its two-high mark. Rule: REG-31."""
    each_row(payload.rows, lambda line: _register_sector(work, line))
    return {"sectors": len(payload.rows)}


def _register_sector(work: Work, line: SectorLine) -> None:
    parties = work.memory.cache(Parties)
    require_id(line.code)
    if line.code in parties.two_high:
        raise PartyExists("sector", line.code)
    parties.two_high[line.code] = line.two_high == "yes"
    work.on_refusal(lambda: parties.two_high.pop(line.code))
    work.add("sectors", (line.code, line.name, line.name_en, line.two_high, work.sequence))


def register_enterprises(work: Work, payload: RegisterEnterprises) -> Result:
    """Register every enterprise and open its accounts. Rule: REG-31."""
    each_row(payload.rows, lambda line: _register_enterprise(work, line))
    return {"enterprises": len(payload.rows)}


def _register_enterprise(work: Work, line: EnterpriseLine) -> None:
    parties = work.memory.cache(Parties)
    require_id(line.id)
    require_credit_code(line.credit_code)
    if line.id in parties.enterprises:
        raise PartyExists("enterprise", line.id)
    if line.credit_code in parties.credit_codes:
        raise PartyExists("credit code", line.credit_code)
    district = parties.district(line.district)
    is_two_high = parties.sector_is_two_high(line.sector)
    group = line.owner_group or line.id
    parties.enterprises[line.id] = Enterprise(
        line.id, district.code, line.sector, is_two_high, group
    )
    parties.credit_codes.add(line.credit_code)
    work.on_refusal(lambda: parties.enterprises.pop(line.id))
    work.on_refusal(lambda: parties.credit_codes.discard(line.credit_code))
    open_enterprise_accounts(work, line.id)
    work.add(
        "enterprises",
        (
            line.id,
            line.name,
            line.credit_code,
            line.district,
            line.sector,
            group,
            work.sequence,
        ),
    )


def register_facilities(work: Work, payload: RegisterFacilities) -> Result:
    """Register every facility as running. Rule: REG-31."""
    each_row(payload.rows, lambda line: _register_facility(work, line))
    return {"facilities": len(payload.rows)}


def _register_facility(work: Work, line: FacilityLine) -> None:
    parties = work.memory.cache(Parties)
    require_id(line.id)
    if line.id in parties.facilities:
        raise PartyExists("facility", line.id)
    parties.enterprise(line.enterprise)
    parties.sector_is_two_high(line.sector)
    if line.capacity <= 0:
        raise AmountNotPositive(line.capacity)
    parties.facilities.add(line.id)
    work.on_refusal(lambda: parties.facilities.discard(line.id))
    work.add(
        "facilities",
        (
            line.id,
            line.enterprise,
            line.name,
            line.sector,
            line.product,
            line.capacity,
            line.capacity_unit,
            "running",
            work.sequence,
        ),
    )


def load_parties(connection: sa.Connection, _memory: Memory) -> Parties:
    """Return the cache of all parties from the database."""
    parties = Parties()
    for district in connection.execute(sa.select(DistrictRow.__table__)):
        parties.districts[district.code] = District(district.code, district.parent, district.pack)
    for sector in connection.execute(sa.select(SectorRow.__table__)):
        parties.two_high[sector.code] = sector.two_high == "yes"
    for row in connection.execute(sa.select(EnterpriseRow.__table__)):
        parties.enterprises[row.id] = Enterprise(
            row.id, row.district, row.sector, parties.two_high[row.sector], row.owner_group
        )
        parties.credit_codes.add(row.credit_code)
    parties.facilities.update(connection.execute(sa.select(FacilityRow.id)).scalars())
    return parties


_CITY = frozenset({Role.CITY_REGULATOR})
_OPERATOR = frozenset({Role.EXCHANGE_OPERATOR, Role.CITY_REGULATOR})

PARTIES = Subject(
    "parties",
    (
        Handler(RegisterDistricts, register_districts, makers=_CITY, cold=False),
        Handler(RegisterSectors, register_sectors, makers=_CITY, cold=False),
        Handler(RegisterEnterprises, register_enterprises, makers=_OPERATOR, cold=False),
        Handler(RegisterFacilities, register_facilities, makers=_OPERATOR, cold=False),
    ),
    load=load_parties,
)
