"""
What becomes of allowances that are left when a year closes.

Vintages before the year expire. Of the year's own vintage, what may be banked either keeps its
vintage for one more year or is exchanged for the next vintage, and the rest expires. Amounts are
whole minor units of one measure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from ledger.asset import Asset, Kind
from ledger.calculation import Step, Value, step
from ledger.compliance.obligation import banking_limit
from ledger.compliance.terms import Terms
from ledger.compliance.units_accepted import Unit
from ledger.entry import Posting

DOWN = "down to a whole unit"
LEFT_PURPOSES = ("restricted", "bought", "holding")
"""Free accounts; what lapses is taken from the first of them first."""


@dataclass(frozen=True, slots=True)
class LeftoverPlan:
    """
    What expires, what is exchanged for the next vintage, and what is banked in all.

    Units that keep their vintage move nowhere, so they are in neither list. *steps* explain it.
    """

    expire: tuple[Unit, ...]
    exchange: tuple[Unit, ...]
    banked: int
    steps: tuple[Step, ...]

    @property
    def expired(self) -> int:
        """Return how much expires."""
        return sum(unit.amount for unit in self.expire)


def leftover_plan(
    units: Iterable[Unit], *, compliance_year: int, measure: str, owed: int, found: Terms
) -> LeftoverPlan:
    """
    Return what becomes of *units* of one measure when *compliance_year* closes.

    The limit on banking is a share of *owed*, the year's obligation. Later vintages stay.

    Rule: CMP-05, CMP-65.
    """
    ended = past_units(units, measure=measure, before=compliance_year + 1)
    in_order = sorted(ended, key=_lapsing_order)
    past = [unit for unit in in_order if unit.asset.vintage < compliance_year]
    own = [unit for unit in in_order if unit.asset.vintage == compliance_year]
    unused = sum(unit.amount for unit in own)
    share = found.banking_share if found.banking else Fraction(0)
    banked = banking_limit(unused=unused, obligation=owed, share=share)
    lapsed, kept = _split(own, unused - banked)
    return LeftoverPlan(
        expire=(*past, *lapsed),
        exchange=() if found.stays_a_year else tuple(kept),
        banked=banked,
        steps=(
            _banked_step(banked, unused=unused, owed=owed, share=share),
            _expired_step(past=sum(unit.amount for unit in past), lapsed=unused - banked),
        ),
    )


def past_units(units: Iterable[Unit], *, measure: str, before: int) -> list[Unit]:
    """Return the units of one measure whose vintage is earlier than *before*. Rule: CMP-68."""
    return [
        unit
        for unit in units
        if unit.asset.measure == measure
        and unit.asset.kind is Kind.FLOW
        and unit.asset.vintage < before
    ]


def expiry_postings(units: Iterable[Unit]) -> tuple[Posting, ...]:
    """Return the moves of what expires. Rule: CMP-65."""
    return tuple(
        Posting(unit.address, "scheme:expired", unit.asset.code, unit.amount) for unit in units
    )


def exchange_postings(plan: LeftoverPlan) -> tuple[Posting, ...]:
    """Return the moves that exchange units for the next vintage, in one entry. Rule: CMP-65."""
    moves = []
    for unit in plan.exchange:
        following = next_vintage(unit.asset).code
        moves.append(Posting(unit.address, "scheme:converted", unit.asset.code, unit.amount))
        moves.append(Posting("scheme:issuance", unit.address, following, unit.amount))
    return tuple(moves)


def next_vintage(asset: Asset) -> Asset:
    """Return the same allowance of the year after."""
    return replace(asset, period=str(asset.vintage + 1))


def _banked_step(banked: int, *, unused: int, owed: int, share: Fraction | None) -> Step:
    limit: Value = "no limit" if share is None else share
    return step(
        "banked",
        "min(unused, owed × banking_share)",
        {"unused": unused, "owed": owed, "banking_share": limit},
        result=banked,
        unit="minor units",
        rule="CMP-65",
        rounding=DOWN,
    )


def _expired_step(*, past: int, lapsed: int) -> Step:
    return step(
        "expired",
        "past_vintages + unused_not_banked",
        {"past_vintages": past, "unused_not_banked": lapsed},
        result=past + lapsed,
        unit="minor units",
        rule="CMP-65",
    )


def _lapsing_order(unit: Unit) -> tuple[int, str]:
    return LEFT_PURPOSES.index(unit.address.rsplit(":", 1)[1]), unit.asset.code


def _split(units: list[Unit], lapsing: int) -> tuple[list[Unit], list[Unit]]:
    """Return *units* as the first *lapsing* of them and the rest."""
    lapsed, kept = [], []
    for unit in units:
        amount = min(unit.amount, lapsing)
        lapsing -= amount
        if amount:
            lapsed.append(replace(unit, amount=amount))
        if unit.amount > amount:
            kept.append(replace(unit, amount=unit.amount - amount))
    assert lapsing == 0
    return lapsed, kept
