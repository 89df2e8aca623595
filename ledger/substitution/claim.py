"""
Apply for freed quota, by closure or by retrofit.

A claim fixes its amounts and keeps their calculation; it issues nothing. What every claim must
stand is in `file.py`, its opinion and its confirmation in `confirm.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import ClassVar, Protocol

from ledger.calculation import step
from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.subject import Result
from ledger.substitution.audit import AFTER, BEFORE, own_facility, running_facility
from ledger.substitution.closed import Closing, cap_rule, closed_figure, require_scale
from ledger.substitution.evidence import require_past
from ledger.substitution.file import Figure, file_claim
from ledger.substitution.freed import Audit, Freed, Method, Works, freed_by_retrofit
from ledger.substitution.lines import ClosureLine, RetrofitLine
from ledger.substitution.tables import FreedClaimRow, RetrofitAuditRow
from ledger.versions import RIGHTS
from ledger.work import Work

__all__ = [
    "FOR_EVER",
    "ClaimClosure",
    "ClaimRetrofit",
    "ClosureLine",
    "RetrofitLine",
    "WorksReversed",
    "claim_closure",
    "claim_retrofit",
    "claim_row",
    "close_claim",
    "save_claim",
]

FOR_EVER = date.max
"""A closure takes all later days: what no longer runs cannot save again."""


class WorksReversed(Refused):
    """Works are said to have ended before they began."""

    code = "works_days_reversed"
    rule = "FRQ-51"

    def __init__(self, works: str, *, began_on: date, ended_on: date) -> None:
        super().__init__(
            f"works {works} end on {ended_on}, before they begin on {began_on}",
            works=works,
            began_on=began_on.isoformat(),
            ended_on=ended_on.isoformat(),
        )


class ClaimClosure(Payload, frozen=True):
    """Apply for what a closed facility used in the year before it closed."""

    kind: ClassVar[str] = "freed.claim_closure"
    claim: str
    enterprise: str
    facility: str
    closed_on: date
    statistics_year: int
    last_year: int
    evidence: str
    measures: tuple[ClosureLine, ...]


class ClaimRetrofit(Payload, frozen=True):
    """Apply for the audited saving of a retrofit whose audits name the same works."""

    kind: ClassVar[str] = "freed.claim_retrofit"
    claim: str
    enterprise: str
    facility: str
    works: str
    began_on: date
    ended_on: date
    last_year: int
    evidence: str
    measures: tuple[RetrofitLine, ...]


class _Claim(Protocol):
    """What every claim says."""

    @property
    def claim(self) -> str: ...
    @property
    def enterprise(self) -> str: ...
    @property
    def facility(self) -> str: ...
    @property
    def last_year(self) -> int: ...
    @property
    def evidence(self) -> str: ...


class _ClosureClaim(_Claim, Protocol):
    """A claim on a facility that runs no longer, whatever ended it."""

    @property
    def closed_on(self) -> date: ...
    @property
    def statistics_year(self) -> int: ...
    @property
    def measures(self) -> tuple[ClosureLine, ...]: ...


class _AuditedClaim(_Claim, Protocol):
    """A claim on a facility that was audited before and after, with or without works."""

    @property
    def works(self) -> str: ...
    @property
    def began_on(self) -> date: ...
    @property
    def ended_on(self) -> date: ...
    @property
    def measures(self) -> tuple[RetrofitLine, ...]: ...


def claim_closure(work: Work, payload: ClaimClosure) -> Result:
    """
    File a closure claim: the use of the year before, at most what was approved.

    It takes every day from the beginning of that year on.

    Rule: FRQ-01, FRQ-02, FRQ-07, FRQ-59, FRQ-72, FRQ-73.
    """
    return close_claim(work, payload)


def close_claim(work: Work, payload: _ClosureClaim) -> Result:
    """File what a facility set free that was closed, eliminated or cut as overcapacity."""
    own_facility(work, facility=payload.facility, enterprise=payload.enterprise)
    require_past("the closure", payload.closed_on, today=day_of(work.now))
    closing = Closing(
        payload.enterprise, payload.facility, payload.closed_on, payload.statistics_year
    )
    if work.is_since(RIGHTS):
        require_scale(work, closing)
    figures = [closed_figure(work, closing, line) for line in payload.measures]
    row = claim_row(
        work,
        payload,
        method=Method.CLOSURE,
        closed_on=payload.closed_on.isoformat(),
        freed_year=payload.closed_on.year,
        days=(date(payload.closed_on.year - 1, 1, 1), FOR_EVER),
    )
    return file_claim(work, row, figures)


def claim_retrofit(work: Work, payload: ClaimRetrofit) -> Result:
    """
    File a retrofit claim: the saving between two audits, at most what was approved.

    It takes the days from the first audit to the last, so no other claim counts them again.

    Rule: FRQ-02, FRQ-04 to FRQ-07.
    """
    return save_claim(work, payload)


def save_claim(work: Work, payload: _AuditedClaim) -> Result:
    """File an audited saving, of works or of management."""
    running_facility(work, facility=payload.facility, enterprise=payload.enterprise)
    if payload.ended_on < payload.began_on:
        raise WorksReversed(payload.works, began_on=payload.began_on, ended_on=payload.ended_on)
    require_past("the end of the works", payload.ended_on, today=day_of(work.now))
    figures, audited = [], []
    for line in payload.measures:
        audits = [_audit(work, payload, line.measure, stage) for stage in (BEFORE, AFTER)]
        figures.append(_saved(work, payload, line, audits))
        audited += [audit.audited_on for audit in audits if audit is not None]
    row = claim_row(
        work,
        payload,
        method=Method.RETROFIT,
        works=payload.works,
        freed_year=payload.ended_on.year,
        days=(min(audited, default=payload.began_on), max(audited, default=payload.ended_on)),
    )
    return file_claim(work, row, figures)


def _saved(
    work: Work, payload: _AuditedClaim, line: RetrofitLine, audits: Sequence[Audit | None]
) -> Figure:
    pack_version, is_capped = cap_rule(work, payload.enterprise)
    before, after = audits
    works = Works(payload.facility, payload.began_on, payload.ended_on)
    freed = freed_by_retrofit(works, before=before, after=after, pack_version=pack_version)
    saving = freed.amount
    if is_capped and line.approved is not None:
        freed = _at_most(freed, line.approved)
    return Figure(line.measure, saving, line.approved, freed)


def _at_most(freed: Freed, approved: int) -> Freed:
    amount = min(freed.amount, approved)
    capped = step(
        "at most what was approved",
        "min(saving, approved)",
        {"saving": freed.amount, "approved": approved},
        result=amount,
        unit="minor units",
        rule="FRQ-02",
    )
    return replace(freed, amount=amount, sheet=freed.sheet.then(capped))


def _audit(work: Work, payload: _AuditedClaim, measure: str, stage: str) -> Audit | None:
    row = work.session.get(RetrofitAuditRow, (payload.works, measure, stage))
    if row is None or row.facility != payload.facility:
        return None
    return Audit(
        consumed=row.consumed,
        audited_on=date.fromisoformat(row.audited_on),
        filed_on=date.fromisoformat(row.filed_on),
        output=Fraction(row.output) if row.output else None,
    )


def claim_row(
    work: Work,
    payload: _Claim,
    *,
    method: Method,
    freed_year: int,
    days: tuple[date, date],
    closed_on: str = "",
    works: str = "",
) -> FreedClaimRow:
    """Return a new claim on *days* inclusive, which waits for an opinion."""
    first_day, last_day = days
    return FreedClaimRow(
        id=payload.claim,
        enterprise=payload.enterprise,
        facility=payload.facility,
        method=method.value,
        works=works,
        closed_on=closed_on,
        freed_year=freed_year,
        first_day=first_day.isoformat(),
        last_day=last_day.isoformat(),
        last_year=payload.last_year,
        evidence=payload.evidence,
        state="claimed",
        opinion="",
        opinion_evidence="",
        confirmation="",
        claimed_by=work.sequence,
    )
