"""
Open a compliance year with its deadline, and let it turn to closing when the deadline has passed.
"""

from dataclasses import replace
from datetime import date
from typing import ClassVar, Literal

from ledger.adopt import Policy
from ledger.command import Payload
from ledger.compliance.book import MEASURES, Book, Year, YearState, mean_price_fen, require_state
from ledger.compliance.ground import governing_packs, ground_of
from ledger.compliance.keep import put_year
from ledger.compliance.tables import MeanPriceRow
from ledger.compliance.terms import needed, terms, unconfirmed
from ledger.days import day_of, end_of
from ledger.errors import Refused
from ledger.pack_value import parse_day
from ledger.policy import Found, ParameterMissing, as_date
from ledger.post import AmountNotPositive
from ledger.register import open_if_new, set_due
from ledger.subject import Result
from ledger.versions import RIGHTS
from ledger.waive import record
from ledger.waiver import Use, uncovered
from ledger.work import Work

_FIRST_YEAR, _LAST_YEAR = 2000, 2999
DUE_DEADLINE = "compliance.deadline"

_MEASURES: dict[str, tuple[str, ...]] = {"energy": ("energy",), "energy_and_coal": MEASURES}


class YearExists(Refused):
    """The compliance year was opened before."""

    code = "compliance_year_exists"
    rule = "CMP-50"

    def __init__(self, compliance_year: int) -> None:
        super().__init__(
            f"compliance year {compliance_year} was opened before",
            compliance_year=compliance_year,
        )


class YearOutOfRange(Refused):
    """The number is no year of this product."""

    code = "compliance_year_out_of_range"
    rule = "CMP-50"

    def __init__(self, compliance_year: int) -> None:
        super().__init__(
            f"{compliance_year} is not a compliance year from {_FIRST_YEAR} to {_LAST_YEAR}",
            compliance_year=compliance_year,
        )


class DeadlineMissing(Refused):
    """Neither the command nor the pack of the jurisdiction names a deadline."""

    code = "deadline_missing"
    rule = "CMP-50"

    def __init__(self, compliance_year: int) -> None:
        super().__init__(
            f"there is no surrender deadline for {compliance_year}: give one, or set "
            "surrender.deadline in the pack",
            compliance_year=compliance_year,
        )


class DeadlineUnfit(Refused):
    """A deadline is no day, is within the compliance year, or has passed."""

    code = "deadline_unfit"
    rule = "CMP-51"

    def __init__(self, deadline: str, *, compliance_year: int, earliest: date) -> None:
        super().__init__(
            f"{deadline[:20]!r} cannot be the deadline of {compliance_year}: it is a day such as "
            f"2027-06-30, and the earliest accepted is {earliest}",
            deadline=deadline[:20],
            compliance_year=compliance_year,
            earliest=earliest.isoformat(),
        )


class ParametersUnconfirmed(Refused):
    """The year would rest on parameters that no source confirms, and nobody has waived that."""

    code = "parameter_unconfirmed"
    rule = "CMP-52"

    def __init__(self, compliance_year: int, names: list[str]) -> None:
        super().__init__(
            f"{len(names)} parameters of {compliance_year} are unconfirmed: {', '.join(names)}; "
            "have them confirmed in the pack, or waived for the year, or give a waiver in words",
            compliance_year=compliance_year,
            parameters=",".join(names),
        )


class OpenYear(Payload, frozen=True):
    """
    Open a compliance year.

    *deadline* is the last day in time, or empty to take ``surrender.deadline`` of the
    jurisdiction's pack. *measures* says whether coal is answered for beside energy. *waiver* says
    in words why parameters may be used that no source confirms and no waiver is on record for.
    """

    kind: ClassVar[str] = "years.open"
    year: int
    measures: Literal["energy", "energy_and_coal"]
    deadline: str = ""
    waiver: str = ""


class RecordPrice(Payload, frozen=True):
    """
    Record the turnover from which fine proposals of a year take their mean price.

    *turnover_fen* paid for *volume* minor units (kgce or kg), in the window that the pack names;
    *source* says where the figures stand.
    """

    kind: ClassVar[str] = "years.record_price"
    year: int
    measure: Literal["energy", "coal"]
    turnover_fen: int
    volume: int
    source: str


def open_year(work: Work, payload: OpenYear) -> Result:
    """
    Open a compliance year, with a deadline and with every parameter confirmed or waived.

    Checks in this order: in range, new, a deadline, one that fits, terms that can be carried out,
    waiver. Rule: CMP-50, CMP-51, CMP-52, POL-12.
    """
    if not _FIRST_YEAR <= payload.year <= _LAST_YEAR:
        raise YearOutOfRange(payload.year)
    if payload.year in work.memory.cache(Book).years:
        raise YearExists(payload.year)
    today = day_of(work.now)
    deadline, named = _deadline(work, payload, today=today)
    waived = unconfirmed(named + _needed(work, on=deadline))
    if work.is_since(RIGHTS):
        waived = _waived(work, payload, deadline, named=named)
    elif waived and not payload.waiver.strip():
        raise ParametersUnconfirmed(payload.year, waived)
    open_if_new(work, f"scheme:surrendered:{payload.year}")
    year = Year(
        compliance_year=payload.year,
        deadline=deadline,
        measures=_MEASURES[payload.measures],
        state=YearState.OPEN,
        waiver=payload.waiver,
        waived=" ".join(waived),
        opened_by=work.sequence,
    )
    put_year(work, year)
    set_due(work, at=end_of(deadline), kind=DUE_DEADLINE, key=str(payload.year))
    work.publish("years", {"year": payload.year, "state": "open", "deadline": str(deadline)})
    return {"year": payload.year, "deadline": deadline.isoformat(), "waived": waived}


def _waived(work: Work, payload: OpenYear, deadline: date, *, named: list[Found]) -> list[str]:
    """
    Return what the year rests on unconfirmed; what no waiver is on record for, its own records.

    Rule: CMP-52, POL-12.
    """
    today = day_of(work.now)
    uses = [Use(one.pack_id, one.candidates[0].parameter, today, today) for one in named]
    uses = [use for use in uses if use.needs_waiver]
    uses += ground_of(work.memory, payload.year, deadline=deadline)
    left = uncovered(uses, work.memory.cache(Policy).waivers)
    if left and not payload.waiver.strip():
        raise ParametersUnconfirmed(payload.year, sorted({use.name for use in left}))
    record(work, left, reason=payload.waiver)
    return sorted({use.name for use in uses})


def _deadline(work: Work, payload: OpenYear, *, today: date) -> tuple[date, list[Found]]:
    """Return the deadline, and the parameter that gave it where the command did not."""
    named: list[Found] = []
    text = payload.deadline
    if not text:
        named = [_deadline_of_pack(work, payload.year, today=today)]
        text = as_date(named[0]).isoformat()
    # The year must be over, so that its report can be whole, and the day must not be gone.
    earliest = max(date(payload.year + 1, 1, 1), today)
    deadline = parse_day(text)
    if deadline is None or deadline < earliest:
        raise DeadlineUnfit(text, compliance_year=payload.year, earliest=earliest)
    return deadline, named


def _deadline_of_pack(work: Work, compliance_year: int, *, today: date) -> Found:
    policy = work.memory.cache(Policy)
    if not policy.jurisdiction:
        raise DeadlineMissing(compliance_year)
    try:
        return policy.find(policy.jurisdiction, "surrender.deadline", today)
    except ParameterMissing:
        raise DeadlineMissing(compliance_year) from None


def _needed(work: Work, *, on: date) -> list[Found]:
    """Return every parameter the year rests on, of each pack that governs an enterprise."""
    policy = work.memory.cache(Policy)
    found: list[Found] = []
    for pack in governing_packs(work.memory):
        found += _needed_of(policy, pack, on=on)
    return found


def _needed_of(policy: Policy, pack: str, *, on: date) -> list[Found]:
    def find(key: str) -> Found:
        return policy.find(pack, key, on)

    terms(find)
    return needed(find)


def pass_deadline(work: Work, key: str) -> None:
    """Turn a year to closing at the end of its deadline day. Rule: CMP-60."""
    year = work.memory.cache(Book).year(int(key))
    assert year.state is YearState.OPEN
    put_year(work, replace(year, state=YearState.CLOSING))
    work.publish("years", {"year": year.compliance_year, "state": "closing"})


def record_price(work: Work, payload: RecordPrice) -> Result:
    """
    Record what a mean price is worked out from; a later record takes the place of an earlier one.

    Rule: CMP-67.
    """
    book = work.memory.cache(Book)
    require_state(book.year(payload.year), YearState.OPEN, YearState.CLOSING)
    for amount in (payload.turnover_fen, payload.volume):
        if amount <= 0:
            raise AmountNotPositive(amount)
    key = (payload.year, payload.measure)
    before = dict(book.prices)

    def undo() -> None:
        book.prices = before

    work.on_refusal(undo)
    book.prices[key] = mean_price_fen(turnover_fen=payload.turnover_fen, volume=payload.volume)
    work.session.add(
        MeanPriceRow(
            year=payload.year,
            measure=payload.measure,
            recorded_by=work.sequence,
            turnover_fen=payload.turnover_fen,
            volume=payload.volume,
            source=payload.source,
        )
    )
    return {"year": payload.year, "measure": payload.measure}
