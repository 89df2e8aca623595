"""A city with two districts below a province, an enterprise in each, and gates of three places."""

import seeds
from ledger.adopt import AdoptPack
from ledger.allocation.subject import ALLOCATION
from ledger.command import canonical
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.districts.subject import DISTRICTS
from ledger.metering.subject import METERING
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
from tests.build import DISTRICT, Bench, open_ledger

CITY, EAST, WEST, ELSEWHERE = "990100", "990101", "990102", "990200"
BANDED, ADMITTING, SATURATED = "150602", "320700", "520400"
PLACES = {BANDED: "dongsheng", ADMITTING: "lianyungang", SATURATED: "anshun"}
ENTERPRISES = {"E1": EAST, "E2": WEST, "E3": BANDED, "E4": ADMITTING, "E5": SATURATED}
ENERGY = "energy.flow.general.2025.eq."


def city_ledger(engine, clock, *subjects, own=()) -> Bench:
    """A ledger on 1 January 2025 with packs that have gates, and *own* parameters in the sample."""
    bench = open_ledger(engine, clock, (METERING, DISTRICTS, ALLOCATION, *subjects))
    packs = seeds.read_packs()
    bench.both(AdoptPack(content=canonical(to_plain(packs["national"])).decode())).require()
    sample = to_plain(packs["sample"])
    taken = {each["key"] for each in own}
    kept = [each for each in sample["parameter"] if each["key"] not in taken]
    sample["parameter"] = [*kept, *own]
    bench.both(AdoptPack(content=canonical(sample).decode())).require()
    for name in PLACES.values():
        for content in _with_parents(packs, name):
            bench.both(AdoptPack(content=content)).require()
    bench.do(RegisterDistricts(rows=tuple(_districts()))).require()
    sectors = (
        SectorLine("CEMENT", "水泥", "cement", "yes"),
        SectorLine("TEXTILES", "纺织", "t", "no"),
    )
    bench.do(RegisterSectors(rows=sectors)).require()
    enterprises = tuple(
        EnterpriseLine(name, name, credit_code(name), district, "TEXTILES")
        for name, district in ENTERPRISES.items()
    )
    bench.do(RegisterEnterprises(rows=enterprises)).require()
    return bench


def _with_parents(packs, name):
    """Yield a pack after those it builds on; the national one is adopted already."""
    pack = packs[name]
    if pack.parent != "national":
        yield from _with_parents(packs, pack.parent)
    yield canonical(to_plain(pack)).decode()


def _districts():
    yield DistrictLine(CITY, "示例市", "City", "", "sample")
    for code in (EAST, WEST):
        yield DistrictLine(code, code, code, CITY, "sample")
    yield DistrictLine(ELSEWHERE, ELSEWHERE, ELSEWHERE, "", "sample")
    for code, pack in PLACES.items():
        yield DistrictLine(code, pack, pack, "", pack)


def credit_code(name: str) -> str:
    body = f"91990100MA000000{name[1]}"
    return body + credit_check(body)


def caps(**by_district: int) -> SetBudgets:
    """Caps of 2025 in kgce; keys are "d" and a code."""
    rows = tuple(
        BudgetLine(code[1:], 2025, "energy", amount, f"CAP-{code}-{amount}")
        for code, amount in by_district.items()
    )
    return SetBudgets(rows=rows)


def agreed(bench, payload):
    return bench.both(payload, maker=DISTRICT)
