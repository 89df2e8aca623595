"""
Look up, in memory, what surrender and the close of a year both rest on.
"""

from datetime import date, timedelta

from ledger.adopt import Policy
from ledger.asset import flow
from ledger.chart import of_enterprise
from ledger.compliance.book import Book, Year
from ledger.compliance.terms import Terms, terms
from ledger.compliance.units_accepted import FREE_PURPOSES, Claim, Unit, free_units
from ledger.memory import Memory
from ledger.parties.party import Parties


def terms_of(memory: Memory, enterprise: str, *, on: date) -> Terms:
    """Return the terms of the pack that governs an enterprise, in force on the day *on*."""
    parties = memory.cache(Parties)
    pack = parties.district(parties.enterprise(enterprise).district).pack
    policy, book = memory.cache(Policy), memory.cache(Book)
    versions = tuple(each.version for each in policy.packs.values())
    key = (pack, on, policy.jurisdiction, versions)
    if key not in book.terms:
        book.terms[key] = terms(lambda name: policy.find(pack, name, on))
    return book.terms[key]


def last_day_of(year: Year, found: Terms) -> date:
    """Return the last day on which surrender still ends the matter, grace included."""
    return year.deadline + timedelta(days=found.shortfall.grace_days)


def areas_of(memory: Memory, enterprise: str) -> tuple[str, ...]:
    """Return the district of an enterprise and those above it, nearest first. Rule: CMP-57."""
    parties = memory.cache(Parties)
    areas = []
    code = parties.enterprise(enterprise).district
    while code and code not in areas:
        areas.append(code)
        code = parties.district(code).parent
    return tuple(areas)


def claim_of(memory: Memory, year: Year, *, enterprise: str, measure: str, found: Terms) -> Claim:
    """Return what units must fit to answer for an enterprise's year and measure."""
    compliance_year = year.compliance_year
    book = memory.cache(Book)
    areas = areas_of(memory, enterprise)
    followed = [year, *(book.years[each] for each in (compliance_year + 1,) if each in book.years)]
    # Under the longer life a vintage ends with the next year's deadline, else with its own.
    lag = 1 if found.stays_a_year else 0
    return Claim(
        enterprise=enterprise,
        measure=measure,
        basis=flow(measure=measure, vintage=compliance_year, area=areas[0]).basis,
        compliance_year=compliance_year,
        oldest_vintage=found.oldest_vintage(compliance_year),
        areas=areas,
        is_two_high=memory.cache(Parties).enterprise(enterprise).is_two_high,
        bought_general_for_two_high=found.bought_general_for_two_high,
        last_days={each.compliance_year - lag: last_day_of(each, found) for each in followed},
    )


def units_of(memory: Memory, enterprise: str) -> list[Unit]:
    """Return what an enterprise may surrender from: free units, bought or held. Rule: CMP-59."""
    addresses = [of_enterprise(enterprise, purpose) for purpose in FREE_PURPOSES]
    return free_units(memory.holdings(addresses))
