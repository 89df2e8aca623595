"""
Convert a standing level into the flow of one year, and back what of it is unused.

    open → over, at the end of the year, when the level comes home for the years that follow

The level lies in scheme:converted meanwhile: whoever holds it elsewhere could use its year again.
"""

from datetime import date
from fractions import Fraction
from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.tables import AllocationRow
from ledger.asset import Asset, Kind, flow
from ledger.calculation import Sheet, step
from ledger.command import Payload, canonical
from ledger.compliance.terms import named_packs
from ledger.days import day_of, end_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.moves.home import (
    home_of,
    last_day_of_term,
    parameter,
    place_for,
    quota_of,
    require_amount,
)
from ledger.moves.tables import ConversionRow
from ledger.parties.party import Parties, require_id
from ledger.policy import as_fraction, as_int, as_switch
from ledger.post import post
from ledger.register import open_asset, set_due
from ledger.subject import Result
from ledger.work import Work

CONVERTED = "scheme:converted"
DUE_YEAR_OVER = "conversion.year_over"


class ConversionOff(Refused):
    """The pack keeps standing rights and flow apart."""

    code = "conversion_off"
    rule = "MOV-20"

    def __init__(self, enterprise: str) -> None:
        super().__init__(
            f"where {enterprise} lies standing rights are not converted into annual allowances; "
            "the pack decides (conversion.allowed)",
            enterprise=enterprise,
        )


class ConversionYear(Refused):
    """The level is not there in that year, or the year is too far off."""

    code = "conversion_year"
    rule = "MOV-20"

    def __init__(self, year: int, *, first: int, last: int) -> None:
        super().__init__(
            f"a level of {year} cannot be converted; accepted are {first} to {last}",
            year=year,
            first_year=first,
            last_year=last,
        )


class NotStanding(Refused):
    """What is to be converted is not a standing right of energy or coal."""

    code = "conversion_not_standing"
    rule = "MOV-20"

    def __init__(self, asset: str) -> None:
        super().__init__(
            f"{asset} is no standing right of energy or coal; only those have a yearly flow",
            asset=asset,
        )


class LevelAllocated(Refused):
    """The year's flow was issued by an allocation already."""

    code = "conversion_level_allocated"
    rule = "MOV-21"

    def __init__(self, enterprise: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"{enterprise} was allocated its {measure} of {year}; the same level gives no second "
            "flow",
            enterprise=enterprise,
            year=year,
            measure=measure,
        )


class ConversionUneven(Refused):
    """The amount does not convert into a whole number of minor units."""

    code = "conversion_uneven"
    rule = "MOV-20"

    def __init__(self, amount: int, *, rate: str) -> None:
        super().__init__(
            f"{amount} at the rate {rate} is no whole number of minor units; choose another amount",
            amount=amount,
            rate=rate,
        )


class ConversionExists(Refused):
    """A conversion of this id was made before."""

    code = "conversion_exists"
    rule = "MOV-20"

    def __init__(self, conversion: str) -> None:
        super().__init__(
            f"conversion {conversion} was made before; give a new one a new id",
            conversion=conversion,
        )


class ConversionNotOpen(Refused):
    """There is no such conversion of the enterprise, or its year is over."""

    code = "conversion_not_open"
    rule = "MOV-22"

    def __init__(self, conversion: str) -> None:
        super().__init__(
            f"the enterprise has no open conversion {conversion[:40]}", conversion=conversion[:40]
        )


class ConversionExceeded(Refused):
    """More flow is to go back than the conversion gave and has not taken back."""

    code = "conversion_exceeded"
    rule = "MOV-22"

    def __init__(self, conversion: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"of conversion {conversion} {available} may go back, not {needed}",
            conversion=conversion,
            needed=needed,
            available=available,
        )


class Convert(Payload, frozen=True):
    """Use *amount* minor units of a standing level as flow of *year*."""

    kind: ClassVar[str] = "conversions.make"
    conversion: str
    enterprise: str
    asset: str
    year: int
    amount: int


class UndoConversion(Payload, frozen=True):
    """Turn *amount* minor units of unused flow back into the level that it came from."""

    kind: ClassVar[str] = "conversions.undo"
    conversion: str
    enterprise: str
    amount: int


def convert(work: Work, payload: Convert) -> Result:
    """
    Convert a level for one year: both legs in one entry, with the sheet behind the sum.

    Refusals in this order: id, known before, enterprise, asset, amount, switched off, year,
    allocated, uneven, cover. Rule: MOV-20, MOV-21.
    """
    require_id(payload.conversion)
    if work.session.get(ConversionRow, payload.conversion) is not None:
        raise ConversionExists(payload.conversion)
    work.memory.cache(Parties).enterprise(payload.enterprise)
    asset = quota_of(work.memory, payload.asset)
    if asset.kind is not Kind.STANDING or asset.measure not in ("energy", "coal"):
        raise NotStanding(payload.asset)
    require_amount(payload.amount)
    given, sheet = _terms(work, payload, asset)
    _require_not_allocated(work, payload, asset)
    into = flow(measure=asset.measure, vintage=payload.year, area=asset.area, origin=asset.origin)
    entry = _post_legs(work, payload, asset, open_asset(work, into), given)
    work.session.add(
        ConversionRow(
            id=payload.conversion,
            enterprise=payload.enterprise,
            year=payload.year,
            standing_asset=payload.asset,
            flow_asset=into.code,
            level_amount=payload.amount,
            flow_amount=given,
            level_back=0,
            flow_back=0,
            sheet=canonical(sheet.plain()).decode(),
            state="open",
            made_by=work.sequence,
        )
    )
    over = end_of(date(payload.year, 12, 31))
    set_due(work, at=over, kind=DUE_YEAR_OVER, key=payload.conversion)
    return {
        "conversion": payload.conversion,
        "entry": entry,
        "flow_amount": given,
        "asset": into.code,
    }


def _terms(work: Work, payload: Convert, asset: Asset) -> tuple[int, Sheet]:
    """Return the flow that the level gives, with its sheet, or refuse. Rule: MOV-20."""
    today = day_of(work.now)
    keys = ("conversion.allowed", "conversion.years_ahead", "conversion.rate")
    found = [parameter(work, payload.enterprise, key, on=today) for key in keys]
    allowed, years_ahead, rate = found
    if not as_switch(allowed):
        raise ConversionOff(payload.enterprise)
    last = min(today.year + as_int(years_ahead), asset.vintage)
    if not today.year <= payload.year <= last:
        raise ConversionYear(payload.year, first=today.year, last=last)
    given = whole(payload.amount, as_fraction(rate))
    line = step(
        "flow of the year",
        "level × rate",
        {"level": payload.amount, "rate": as_fraction(rate)},
        result=given,
        unit="minor units",
        rule="MOV-20",
    )
    return given, Sheet(named_packs(found)).then(line)


def _require_not_allocated(work: Work, payload: Convert, asset: Asset) -> None:
    """Refuse where an allocation gave the year's flow before. Rule: MOV-21."""
    query = sa.select(AllocationRow.year).where(
        AllocationRow.year == payload.year,
        AllocationRow.measure == asset.measure,
        AllocationRow.enterprise == payload.enterprise,
        AllocationRow.state != "planned",
    )
    if work.session.scalars(query).first() is not None:
        raise LevelAllocated(payload.enterprise, year=payload.year, measure=asset.measure)


def _post_legs(work: Work, payload: Convert, asset: Asset, into: str, given: int) -> int:
    home = home_of(payload.enterprise, asset)
    holding = f"enterprise:{payload.enterprise}:holding"
    legs = (
        Posting(home, CONVERTED, asset.code, payload.amount),
        Posting("scheme:issuance", holding, into, given),
    )
    return post(work, Entry(EntryCode.CONVERSION, "MOV-20", legs))


def undo_conversion(work: Work, payload: UndoConversion) -> Result:
    """
    Turn unused flow back into its level, at the rate at which it came.

    Refusals in this order: not open, amount, more than is out, uneven, cover. Rule: MOV-22.
    """
    row = work.session.get(ConversionRow, payload.conversion)
    if row is None or row.enterprise != payload.enterprise or row.state != "open":
        raise ConversionNotOpen(payload.conversion)
    require_amount(payload.amount)
    out = row.flow_amount - row.flow_back
    if payload.amount > out:
        raise ConversionExceeded(row.id, needed=payload.amount, available=out)
    level = whole(payload.amount, Fraction(row.level_amount, row.flow_amount))
    holding = f"enterprise:{row.enterprise}:holding"
    legs = (
        Posting(holding, CONVERTED, row.flow_asset, payload.amount),
        Posting(CONVERTED, f"enterprise:{row.enterprise}:entitlement", row.standing_asset, level),
    )
    entry = post(work, Entry(EntryCode.CONVERSION, "MOV-22", legs))
    row.flow_back += payload.amount
    row.level_back += level
    return {"conversion": row.id, "entry": entry, "level_amount": level}


def end_year(work: Work, conversion: str) -> None:
    """
    Bring a level home when its year is over; one whose term ends with the year expires.

    Rule: MOV-23.
    """
    row = work.session.get_one(ConversionRow, conversion)
    row.state = "over"
    # A decision of the authority may have moved some; what falls due must not be refused for it.
    there = work.memory.balance(CONVERTED, row.standing_asset)
    level = min(row.level_amount - row.level_back, there)
    if not level:
        return
    asset = quota_of(work.memory, row.standing_asset)
    home = place_for(work.memory, home_of(row.enterprise, asset))
    is_over = last_day_of_term(asset).year <= row.year
    to, code = ("scheme:expired", EntryCode.EXPIRY) if is_over else (home, EntryCode.RELEASE)
    posting = Posting(CONVERTED, to, row.standing_asset, level)
    post(work, Entry(code, "MOV-23", (posting,)))


def whole(amount: int, rate: Fraction) -> int:
    """Return *amount* times *rate*, or refuse what is no whole number above zero. MOV-20."""
    exact = amount * rate
    if exact.denominator != 1 or exact <= 0:
        raise ConversionUneven(amount, rate=str(rate))
    return int(exact)
