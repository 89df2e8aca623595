"""
Surrender allowances against an enterprise's own obligation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import ClassVar, Literal

import msgspec

from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.book import Book, Standing, Year, YearState, require_state
from ledger.compliance.keep import put_standing
from ledger.compliance.lent import lent_units
from ledger.compliance.lookup import claim_of, last_day_of, terms_of, units_of
from ledger.compliance.surrender_order import SurrenderPlan, surrender_plan
from ledger.compliance.tables import SurrenderRow
from ledger.compliance.units_accepted import (
    Claim,
    Unit,
    accepted_units,
    as_holdings,
    free_units,
    picks_to_postings,
    require_accepted,
    require_class,
)
from ledger.days import day_of
from ledger.entry import Entry, EntryCode
from ledger.errors import Refused
from ledger.metering.report import final_report
from ledger.parties.party import Parties
from ledger.post import AmountNotPositive, post
from ledger.subject import Result
from ledger.work import Work

ENCUMBERED_PURPOSES = ("held", "pledged", "frozen", "restricted", "leased")


class DeadlinePassed(Refused):
    """The last day of surrender is over."""

    code = "deadline_passed"
    rule = "CMP-54"

    def __init__(self, compliance_year: int, *, last_day: date, today: date) -> None:
        super().__init__(
            f"{compliance_year} could be surrendered for until the end of {last_day}, and the "
            f"ledger's day is {today}",
            compliance_year=compliance_year,
            last_day=last_day.isoformat(),
            today=today.isoformat(),
        )


class EnterpriseYearClosed(Refused):
    """The enterprise's year is done already."""

    code = "enterprise_year_closed"
    rule = "CMP-61"

    def __init__(self, enterprise: str, *, compliance_year: int) -> None:
        super().__init__(
            f"the compliance year {compliance_year} of {enterprise} is closed",
            enterprise=enterprise,
            compliance_year=compliance_year,
        )


class MeasureNotOwed(Refused):
    """The year does not ask for this measure."""

    code = "measure_not_owed"
    rule = "CMP-02"

    def __init__(self, measure: str, *, compliance_year: int, owed: str) -> None:
        super().__init__(
            f"{measure} is not owed for {compliance_year}, only {owed}",
            measure=measure,
            compliance_year=compliance_year,
            owed=owed,
        )


class ObligationMissing(Refused):
    """The report is final, but the obligation does not follow from it yet."""

    code = "obligation_missing"
    rule = "CMP-53"

    def __init__(self, enterprise: str, *, compliance_year: int) -> None:
        super().__init__(
            f"the obligation of {enterprise} for {compliance_year} has not been computed: the "
            "regulator computes it from the final report",
            enterprise=enterprise,
            compliance_year=compliance_year,
        )


class OverSurrender(Refused):
    """More is offered than is still owed."""

    code = "over_surrender"
    rule = "CMP-15"

    def __init__(self, *, amount: int, outstanding: int) -> None:
        super().__init__(
            f"{amount} is offered, but {outstanding} is still owed, in minor units; what is "
            "surrendered does not come back",
            amount=amount,
            outstanding=outstanding,
        )


class UnitsInsufficient(Refused):
    """There are not enough units that may answer."""

    code = "units_insufficient"
    rule = "CMP-14"

    def __init__(self, *, needed: int, available: int) -> None:
        super().__init__(
            f"{needed} is needed, but {available} is free and may answer, in minor units",
            needed=needed,
            available=available,
        )


class UnitsEncumbered(Refused):
    """Enough units exist, but on order, pledged, frozen or pre-issued ones cannot be used."""

    code = "units_encumbered"
    rule = "CMP-59"

    def __init__(self, *, needed: int, available: int, encumbered: int) -> None:
        super().__init__(
            f"{needed} is needed and {available} is free; {encumbered} more is on order, pledged, "
            "frozen or pre-issued: release it first",
            needed=needed,
            available=available,
            encumbered=encumbered,
        )


class ChoiceUneven(Refused):
    """The chosen units do not add up to the amount, or one is named twice."""

    code = "choice_uneven"
    rule = "CMP-11"

    def __init__(self, *, amount: int, chosen: int) -> None:
        super().__init__(
            f"the chosen units sum to {chosen}, but {amount} is surrendered: name each asset once, "
            "above zero, and together the whole amount",
            amount=amount,
            chosen=chosen,
        )


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of one asset the enterprise wants used."""

    asset: str
    amount: int


class Surrender(Payload, frozen=True):
    """
    Surrender *amount* minor units (kgce, kg of coal) for one year.

    Without *choices* the order of surrender decides; with them each asset and amount is named.
    """

    kind: ClassVar[str] = "surrenders.make"
    enterprise: str
    year: int
    measure: Literal["energy", "coal"]
    amount: int
    choices: tuple[Choice, ...] = ()


def surrender(work: Work, payload: Surrender) -> Result:
    """
    Move allowances of the enterprise to the scheme, for good, against its obligation.

    Checks in this order: enterprise, year, measure, time, closed, verified, computed, amount, not
    above what is owed, the named units one by one, cover. Rule: CMP-11 to CMP-15, CMP-54.
    """
    memory = work.memory
    memory.cache(Parties).enterprise(payload.enterprise)
    year = memory.cache(Book).year(payload.year)
    if payload.measure not in year.measures:
        raise MeasureNotOwed(
            payload.measure, compliance_year=payload.year, owed=" and ".join(year.measures)
        )
    found = terms_of(memory, payload.enterprise, on=year.deadline)
    _require_in_time(work, year, enterprise=payload.enterprise, last_day=last_day_of(year, found))
    standing = _require_computed(work, payload)
    if payload.amount <= 0:
        raise AmountNotPositive(payload.amount)
    if payload.amount > standing.outstanding:
        raise OverSurrender(amount=payload.amount, outstanding=standing.outstanding)
    claim = claim_of(
        memory, year, enterprise=payload.enterprise, measure=payload.measure, found=found
    )
    entry = _post_surrender(work, payload, claim)
    put_standing(work, replace(standing, surrendered=standing.surrendered + payload.amount))
    _record(work, payload, entry)
    left = standing.outstanding - payload.amount
    return {"entry": entry, "outstanding": left}


def _require_in_time(work: Work, year: Year, *, enterprise: str, last_day: date) -> None:
    """Refuse after the last day; that day itself is in time. Rule: CMP-54."""
    today = day_of(work.now)
    if today > last_day:
        raise DeadlinePassed(year.compliance_year, last_day=last_day, today=today)
    if work.memory.cache(Book).is_closed(year.compliance_year, enterprise):
        raise EnterpriseYearClosed(enterprise, compliance_year=year.compliance_year)
    require_state(year, YearState.OPEN, YearState.CLOSING)


def _require_computed(work: Work, payload: Surrender) -> Standing:
    """Return where the enterprise stands; refuse a report that is not final. Rule: CMP-53."""
    standing = work.memory.cache(Book).standing(payload.year, payload.enterprise, payload.measure)
    if standing is None:
        final_report(work, payload.enterprise, payload.year)
        raise ObligationMissing(payload.enterprise, compliance_year=payload.year)
    return standing


def _post_surrender(work: Work, payload: Surrender, claim: Claim) -> int:
    units = [*units_of(work.memory, payload.enterprise), *lent_units(work, payload.enterprise)]
    chosen = _chosen(payload, units, claim)
    accepted = accepted_units(units, claim)
    plan = surrender_plan(
        as_holdings(accepted, claim),
        needed=payload.amount,
        compliance_year=payload.year,
        today=day_of(work.now),
        chosen=chosen,
    )
    if plan.short:
        _refuse_short(work, payload, plan, claim=claim)
    to = f"scheme:surrendered:{payload.year}"
    postings = tuple(picks_to_postings(plan.picks, accepted, to=to))
    return post(work, Entry(EntryCode.SURRENDER, "CMP-11", postings))


def _chosen(payload: Surrender, units: Sequence[Unit], claim: Claim) -> Mapping[str, int] | None:
    """Return the enterprise's own choice, checked one by one, or None where the rule decides."""
    if not payload.choices:
        return None
    chosen = {choice.asset: choice.amount for choice in payload.choices}
    total = sum(choice.amount for choice in payload.choices)
    is_even = len(chosen) == len(payload.choices) and min(chosen.values()) > 0
    if total != payload.amount or not is_even:
        raise ChoiceUneven(amount=payload.amount, chosen=total)
    for asset in chosen:
        require_accepted(asset, claim)
        require_class(asset, units, claim)
    return chosen


def _refuse_short(work: Work, payload: Surrender, plan: SurrenderPlan, *, claim: Claim) -> None:
    """Refuse for want of units, and say whether they exist but are tied up."""
    addresses = [of_enterprise(payload.enterprise, each) for each in ENCUMBERED_PURPOSES]
    tied = accepted_units(free_units(work.memory.holdings(addresses)), claim)
    usable = range(claim.oldest_vintage, claim.compliance_year + 1)
    encumbered = sum(unit.amount for unit in tied if unit.asset.vintage in usable)
    available = payload.amount - plan.short
    if plan.short <= encumbered:
        raise UnitsEncumbered(needed=payload.amount, available=available, encumbered=encumbered)
    raise UnitsInsufficient(needed=payload.amount, available=available)


def _record(work: Work, payload: Surrender, entry: int) -> None:
    work.session.add(
        SurrenderRow(
            sequence=work.sequence,
            year=payload.year,
            enterprise=payload.enterprise,
            measure=payload.measure,
            amount=payload.amount,
            entry=entry,
            maker=work.actor,
            checker=work.approver,
        )
    )
    work.publish(
        "surrenders",
        {
            "enterprise": payload.enterprise,
            "year": payload.year,
            "measure": payload.measure,
            "amount": payload.amount,
        },
    )
