"""
Which holdings are surrendered first: earliest expiry, then the narrowest lawful class.

The user may name holdings instead. Amounts are whole minor units of one measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ledger.errors import Refused


class VintageNotYetUsable(Refused):
    """An allowance of a later vintage is offered for an earlier year."""

    code = "vintage_not_yet_usable"
    rule = "CMP-12"

    def __init__(self, asset: str, *, vintage: int, compliance_year: int) -> None:
        super().__init__(
            f"{asset} is of vintage {vintage}, but for {compliance_year} only vintages up to "
            f"{compliance_year} are accepted",
            asset=asset,
            vintage=vintage,
            compliance_year=compliance_year,
        )


class AllowanceExpired(Refused):
    """An expired allowance is offered."""

    code = "allowance_expired"
    rule = "CMP-13"

    def __init__(self, asset: str, *, expires_on: date, today: date) -> None:
        super().__init__(
            f"{asset} could be surrendered until {expires_on}, and today is {today}",
            asset=asset,
            expires_on=expires_on.isoformat(),
            today=today.isoformat(),
        )


class ChosenAboveHeld(Refused):
    """More of an asset is named than is held."""

    code = "chosen_above_held"
    rule = "CMP-14"

    def __init__(self, asset: str, *, chosen: int, available: int) -> None:
        super().__init__(
            f"{chosen} of {asset} is chosen, but {available} is held and free, in minor units",
            asset=asset,
            chosen=chosen,
            available=available,
        )


class SurrenderAboveObligation(Refused):
    """More is named than is owed, and what is surrendered does not come back."""

    code = "surrender_above_obligation"
    rule = "CMP-15"

    def __init__(self, *, chosen: int, needed: int) -> None:
        super().__init__(
            f"{chosen} is chosen, but only {needed} is still owed and accepted, in minor units",
            chosen=chosen,
            needed=needed,
        )


@dataclass(frozen=True, slots=True)
class Holding:
    """
    A free balance of one asset.

    *class_rank* orders lawful classes, the narrowest (fewest other uses) lowest. *expires_on* is
    the last day on which it may be surrendered.
    """

    asset: str
    vintage: int
    expires_on: date
    class_rank: int
    available: int


@dataclass(frozen=True, slots=True)
class Pick:
    """How much of one asset is surrendered."""

    asset: str
    amount: int


@dataclass(frozen=True, slots=True)
class SurrenderPlan:
    """The picks in order, and what they leave uncovered."""

    picks: tuple[Pick, ...]
    short: int


def surrender_plan(
    holdings: Sequence[Holding],
    *,
    needed: int,
    compliance_year: int,
    today: date,
    chosen: Mapping[str, int] | None = None,
) -> SurrenderPlan:
    """
    Return what to surrender against *needed*.

    Without *chosen* (asset → amount) the rule picks: earliest expiry, then narrowest class, then
    asset code; later vintages and expired holdings are passed over. With it the user's picks stand
    if each is lawful, in the order of the rule.

    Rule: CMP-11 to CMP-15.
    """
    assert needed >= 0
    ordered = sorted(holdings, key=lambda one: (one.expires_on, one.class_rank, one.asset))
    if chosen is None:
        lawful = [
            one for one in ordered if one.vintage <= compliance_year and today <= one.expires_on
        ]
        return _picked(lawful, needed=needed)
    named = [one for one in ordered if chosen.get(one.asset, 0) > 0]
    for holding in named:
        _require_lawful(holding, compliance_year=compliance_year, today=today)
    _require_held(ordered, chosen)
    total = sum(chosen.values())
    if total > needed:
        raise SurrenderAboveObligation(chosen=total, needed=needed)
    picks = tuple(Pick(one.asset, chosen[one.asset]) for one in named)
    return SurrenderPlan(picks=picks, short=needed - total)


def _picked(lawful: Sequence[Holding], *, needed: int) -> SurrenderPlan:
    picks = []
    for holding in lawful:
        amount = min(holding.available, needed)
        if amount > 0:
            picks.append(Pick(holding.asset, amount))
            needed -= amount
    return SurrenderPlan(picks=tuple(picks), short=needed)


def _require_lawful(holding: Holding, *, compliance_year: int, today: date) -> None:
    if holding.vintage > compliance_year:
        raise VintageNotYetUsable(
            holding.asset, vintage=holding.vintage, compliance_year=compliance_year
        )
    if today > holding.expires_on:
        raise AllowanceExpired(holding.asset, expires_on=holding.expires_on, today=today)


def _require_held(holdings: Sequence[Holding], chosen: Mapping[str, int]) -> None:
    available = {one.asset: one.available for one in holdings}
    for asset, amount in sorted(chosen.items()):
        assert amount >= 0
        if amount > available.get(asset, 0):
            raise ChosenAboveHeld(asset, chosen=amount, available=available.get(asset, 0))
