"""
Which units answer for an obligation: the measure, the area, the class and the vintage.

Annual surrender takes annual allowances (flow) of the measure owed, from the enterprise's own
district or an area above it. What a two-high operator may hand over beyond two-high flow is a
switch of the pack. Amounts are whole minor units.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from ledger.asset import CNY, Asset, Kind, Origin, parse_asset
from ledger.compliance.surrender_order import Holding, Pick
from ledger.entry import Posting
from ledger.errors import Refused

FREE_PURPOSES = ("bought", "holding")
"""Accounts that may be surrendered from, the one with fewest other uses first."""

USABLE_PURPOSES = (*FREE_PURPOSES, "leased", "frozen")
"""Accounts that may be surrendered from where the pack lets the last two be, own units first."""

_NARROWEST_FIRST = (Origin.TWO_HIGH, Origin.RENEWABLE, Origin.OTHER, Origin.GENERAL)


class AssetNotSurrendered(Refused):
    """The asset is not an annual allowance of the measure that is owed."""

    code = "asset_not_surrendered"
    rule = "CMP-56"

    def __init__(self, asset: str, *, measure: str) -> None:
        super().__init__(
            f"{asset} cannot answer for {measure}: annual allowances (flow) of {measure} are "
            "accepted",
            asset=asset,
            measure=measure,
        )


class AreaNotAccepted(Refused):
    """The units are for use in another area."""

    code = "area_not_accepted"
    rule = "CMP-57"

    def __init__(self, asset: str, *, area: str, accepted: str) -> None:
        super().__init__(
            f"{asset} is for use in {area}; accepted are units of {accepted}",
            asset=asset,
            area=area,
            accepted=accepted,
        )


class BasisNotAccepted(Refused):
    """The units count energy on another basis than the obligation does."""

    code = "basis_not_accepted"
    rule = "CMP-56"

    def __init__(self, asset: str, *, basis: str, accepted: str) -> None:
        super().__init__(
            f"{asset} counts on the basis {basis}; accepted is {accepted}",
            asset=asset,
            basis=basis,
            accepted=accepted,
        )


class ClassNotAccepted(Refused):
    """A two-high operator offers flow of another class, and the pack does not allow it."""

    code = "class_not_accepted"
    rule = "CMP-58"

    def __init__(self, asset: str, *, origin: Origin) -> None:
        super().__init__(
            f"{asset} is of class {origin}, which a two-high operator may not surrender when "
            "bought; accepted is two_high flow, or flow it was allocated",
            asset=asset,
            origin=origin.value,
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """
    What units must fit: one enterprise's obligation of one measure and year.

    *basis* is the one on which allowances of the measure are issued: eq, cal or na.

    *areas* are its district and those above, nearest first; *last_days* give the last day of each
    vintage that is known; *oldest_vintage* still answers.
    """

    enterprise: str
    measure: str
    basis: str
    compliance_year: int
    oldest_vintage: int
    areas: tuple[str, ...]
    is_two_high: bool
    bought_general_for_two_high: bool
    last_days: Mapping[int, date]


@dataclass(frozen=True, slots=True)
class Unit:
    """A free balance of one asset in one account."""

    address: str
    asset: Asset
    amount: int


def free_units(holdings: Mapping[tuple[str, str], int]) -> list[Unit]:
    """Return balances by (address, asset code) as units; cash is none."""
    return [
        Unit(address, parse_asset(code), amount)
        for (address, code), amount in holdings.items()
        if code != CNY and amount > 0
    ]


def require_accepted(asset: str, claim: Claim) -> None:
    """
    Refuse an asset that no account of the enterprise could answer with.

    Measure first, then basis and area; the class depends on the account, the vintage on the day.

    Rule: CMP-56, CMP-57.
    """
    if asset == CNY:
        raise AssetNotSurrendered(asset, measure=claim.measure)
    parsed = parse_asset(asset)
    if parsed.measure != claim.measure or parsed.kind is not Kind.FLOW:
        raise AssetNotSurrendered(asset, measure=claim.measure)
    if parsed.basis != claim.basis:
        raise BasisNotAccepted(asset, basis=parsed.basis, accepted=claim.basis)
    if parsed.area not in claim.areas:
        raise AreaNotAccepted(asset, area=parsed.area, accepted=" or ".join(claim.areas))


def require_class(asset: str, units: Iterable[Unit], claim: Claim) -> None:
    """Refuse an asset that is held only where its class may not be surrendered. Rule: CMP-58."""
    held = [unit for unit in units if unit.asset.code == asset]
    if held and not any(is_class_accepted(unit, claim) for unit in held):
        raise ClassNotAccepted(asset, origin=held[0].asset.origin)


def accepted_units(units: Iterable[Unit], claim: Claim) -> list[Unit]:
    """Return the units that fit the claim, whatever their vintage. Rule: CMP-56 to CMP-58."""
    return [
        unit
        for unit in units
        if unit.asset.measure == claim.measure
        and unit.asset.kind is Kind.FLOW
        and unit.asset.basis == claim.basis
        and unit.asset.area in claim.areas
        and is_class_accepted(unit, claim)
    ]


def is_class_accepted(unit: Unit, claim: Claim) -> bool:
    """
    Return whether the class matrix of annual surrender lets this unit answer.

    Every origin serves an ordinary operator. A two-high operator hands over two-high flow and what
    it was allocated; bought flow of another origin only where the pack's switch is on.

    Rule: CMP-58.
    """
    if not claim.is_two_high or claim.bought_general_for_two_high:
        return True
    return unit.asset.origin is Origin.TWO_HIGH or not unit.address.endswith(":bought")


def as_holdings(units: Iterable[Unit], claim: Claim) -> list[Holding]:
    """Return units by asset as the order of surrender needs them. Rule: CMP-11, CMP-65."""
    available: dict[Asset, int] = {}
    for unit in units:
        available[unit.asset] = available.get(unit.asset, 0) + unit.amount
    return [
        Holding(
            asset=asset.code,
            vintage=asset.vintage,
            expires_on=last_day(asset.vintage, claim),
            class_rank=_class_rank(asset, claim),
            available=amount,
        )
        for asset, amount in available.items()
    ]


def last_day(vintage: int, claim: Claim) -> date:
    """
    Return the last day on which a vintage may be surrendered, far off while nobody has set it.

    A vintage that is too old for the claim ended, at the latest, with the year before.

    Rule: CMP-65.
    """
    known = claim.last_days.get(vintage)
    if vintage < claim.oldest_vintage:
        ended = date(claim.compliance_year - 1, 12, 31)
        return ended if known is None else min(known, ended)
    return date.max if known is None else known


def picks_to_postings(picks: Iterable[Pick], units: Iterable[Unit], *, to: str) -> list[Posting]:
    """Return the moves of *picks* to the account *to*, taken from bought units before held ones."""
    postings = []
    by_asset: dict[str, list[Unit]] = {}
    for unit in units:
        by_asset.setdefault(unit.asset.code, []).append(unit)
    for pick in picks:
        left = pick.amount
        for unit in sorted(by_asset[pick.asset], key=_bought_first):
            amount = min(unit.amount, left)
            if amount:
                postings.append(Posting(unit.address, to, pick.asset, amount))
                left -= amount
        assert left == 0
    return postings


def _class_rank(asset: Asset, claim: Claim) -> int:
    # The class decides; of one class, what is good in the smaller area goes first.
    return _NARROWEST_FIRST.index(asset.origin) * 100 + claim.areas.index(asset.area)


def _bought_first(unit: Unit) -> int:
    return USABLE_PURPOSES.index(unit.address.rsplit(":", 1)[1])
