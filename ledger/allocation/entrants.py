"""
Admit new capacity to the year: what its energy review allows, out of the reserve, first come first.

What it is given stays restricted until its year is settled; see `ledger.allocation.entrant_year`.
"""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.allocation.evidence import require_hash
from ledger.allocation.method_tables import EntrantRow
from ledger.allocation.quota import TermsMalformed
from ledger.allocation.rollout import require_class_open
from ledger.allocation.tables import AllocationRow, HistoryRow
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.districts.budget import Measure, flow_of, reserve_account
from ledger.districts.draw import open_budget
from ledger.districts.passed import gate_of, newest_verdict, require_passed_gate
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties, PartyUnknown
from ledger.parties.tables import FacilityRow
from ledger.policy import as_text
from ledger.post import AmountNotPositive, post
from ledger.rows import each_row
from ledger.subject import Handler, Result, Role
from ledger.work import Work

BY_REVIEW = "energy_review_opinion"
"""The one way in which packs let new capacity be allocated: by its energy review (节能审查)."""


class EntrantElsewhere(Refused):
    """A new entrant belongs to another district than the reserve's."""

    code = "entrant_elsewhere"
    rule = "ALC-76"

    def __init__(self, enterprise: str, *, district: str, reserve: str) -> None:
        super().__init__(
            f"{enterprise} belongs to {district}, so the reserve of {reserve} is not for it",
            enterprise=enterprise,
            district=district,
            reserve=reserve,
        )


class EntrantNotNew(Refused):
    """The enterprise has been at work before, or was admitted for this capacity already."""

    code = "entrant_not_new"
    rule = "ALC-76"

    def __init__(self, enterprise: str, *, facility: str, year: int, problem: str) -> None:
        super().__init__(
            f"{enterprise} {problem}: name the new facility that its review opinion approves, "
            f"each once for {year}",
            enterprise=enterprise,
            facility=facility,
            year=year,
            problem=problem,
        )


class EntrantProjectOther(Refused):
    """A new entrant names a project that was assessed for somebody else."""

    code = "entrant_project_of_another"
    rule = "ALC-76"

    def __init__(self, enterprise: str, *, project: str, assessed_for: str) -> None:
        super().__init__(
            f"project {project} was assessed for {assessed_for}: name {enterprise}'s own",
            enterprise=enterprise,
            project=project,
            assessed_for=assessed_for,
        )


class OpinionMissing(Refused):
    """A new entrant is admitted without the opinion of its energy review."""

    code = "review_opinion_missing"
    rule = "ALC-76"

    def __init__(self, enterprise: str) -> None:
        super().__init__(
            f"{enterprise} is admitted by the opinion of its energy review: name its document",
            enterprise=enterprise,
        )


class ReserveExhausted(Refused):
    """The reserve has less left than the opinion allows the entrant."""

    code = "reserve_exhausted"
    rule = "ALC-76"

    def __init__(
        self, budget: "AdmitEntrants", *, enterprise: str, needed: int, available: int
    ) -> None:
        district, year = budget.district, budget.year
        super().__init__(
            f"{enterprise} needs {needed} of the reserve of {district} for {year}, which has "
            f"{available} left: set more aside first",
            district=district,
            measure=budget.measure,
            enterprise=enterprise,
            year=year,
            needed=needed,
            available=available,
        )


class EntrantLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One entrant: *amount* is what its review *opinion* allows a year, in kgce or kg.

    *facility* is the new plant of an enterprise that has others; *evidence* the opinion's SHA-256.
    *project* is what the gate judged, where the district has one.
    """

    enterprise: str
    amount: int
    opinion: str
    evidence: str
    facility: str = ""
    project: str = ""


class AdmitEntrants(Payload, frozen=True):
    """Allocate from a district's reserve to new entrants, in the order of the rows."""

    kind: ClassVar[str] = "entrants.admit"
    district: str
    year: int
    measure: Measure
    rows: tuple[EntrantLine, ...]


@dataclass(frozen=True, slots=True)
class _Admitting:
    work: Work
    payload: AdmitEntrants
    asset: str


def admit_entrants(work: Work, payload: AdmitEntrants) -> Result:
    """
    Move what each opinion allows from the reserve to the entrant's restricted account.

    Checks in this order: budget, opening day of the increment, the pack's method; then of each row
    enterprise, district, opinion, evidence, amount, new, gate, reserve.

    Rule: ALC-76, ALC-77, DST-75.
    """
    budget = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    require_class_open(work, budget.district, measure=budget.measure, space="increment")
    _require_by_review(work, payload)
    asset = flow_of(budget.district, year=budget.year, measure=budget.measure).code
    admitting = _Admitting(work, payload, asset)
    ordinals = iter(range(len(payload.rows)))
    each_row(payload.rows, lambda line: _admit(admitting, line, ordinal=next(ordinals)))
    result = {
        "admitted": len(payload.rows),
        "amount": sum(line.amount for line in payload.rows),
        "reserve_left": work.memory.balance(reserve_account(payload.district), asset),
    }
    work.publish("entrants", {"district": payload.district, "year": payload.year, **result})
    return result


def _require_by_review(work: Work, payload: AdmitEntrants) -> None:
    pack = work.memory.cache(Parties).district(payload.district).pack
    key, first_day = "allocation.method.new_capacity", date(payload.year, 1, 1)
    method = as_text(work.memory.cache(Policy).find(pack, key, on=first_day))
    if method != BY_REVIEW:
        raise TermsMalformed(key, text=method, accepted=BY_REVIEW)


def _admit(admitting: _Admitting, line: EntrantLine, *, ordinal: int) -> None:
    work, payload = admitting.work, admitting.payload
    _require_entrant(work, payload, line)
    reserve = reserve_account(payload.district)
    available = work.memory.balance(reserve, admitting.asset)
    if line.amount > available:
        raise ReserveExhausted(
            payload, enterprise=line.enterprise, needed=line.amount, available=available
        )
    restricted = of_enterprise(line.enterprise, "restricted")
    reference = f"entrant:{payload.year}:{payload.measure}:{line.enterprise}:{line.facility}"
    posting = Posting(reserve, restricted, admitting.asset, line.amount)
    post(work, Entry(EntryCode.ALLOCATION, "ALC-76", (posting,), reference=reference))
    work.session.add(
        EntrantRow(
            sequence=work.sequence,
            ordinal=ordinal,
            district=payload.district,
            year=payload.year,
            measure=payload.measure,
            enterprise=line.enterprise,
            facility=line.facility,
            opinion=line.opinion,
            evidence=line.evidence,
            amount=line.amount,
            state="admitted",
            used=None,
            returned=None,
            due=None,
            sheet="",
            settled_by=None,
        )
    )
    work.session.flush()


def _require_entrant(work: Work, payload: AdmitEntrants, line: EntrantLine) -> None:
    enterprise = work.memory.cache(Parties).enterprise(line.enterprise)
    if enterprise.district != payload.district:
        raise EntrantElsewhere(
            line.enterprise, district=enterprise.district, reserve=payload.district
        )
    if not line.opinion.strip():
        raise OpinionMissing(line.enterprise)
    require_hash(line.evidence)
    if line.amount <= 0:
        raise AmountNotPositive(line.amount)
    if line.facility:
        facility = work.session.get(FacilityRow, line.facility)
        if facility is None or facility.enterprise != line.enterprise:
            raise PartyUnknown(f"facility of {line.enterprise}", line.facility)
    problem = _not_new(work, payload, line)
    if problem:
        raise EntrantNotNew(
            line.enterprise, facility=line.facility, year=payload.year, problem=problem
        )
    _require_gate(work, payload, line)


def _require_gate(work: Work, payload: AdmitEntrants, line: EntrantLine) -> None:
    """Refuse a project that the district's gate does not let go on, or another's. DST-75."""
    if gate_of(work, payload.district) is None:
        return
    verdict = newest_verdict(work, line.project)
    if verdict is not None and verdict.enterprise != line.enterprise:
        raise EntrantProjectOther(
            line.enterprise, project=line.project, assessed_for=verdict.enterprise
        )
    require_passed_gate(work, line.project, payload.district)


def _not_new(work: Work, payload: AdmitEntrants, line: EntrantLine) -> str:
    """Return why an entrant is not new, or "" where it is."""
    admitted = sa.select(EntrantRow.sequence).where(
        EntrantRow.enterprise == line.enterprise,
        EntrantRow.facility == line.facility,
        EntrantRow.year == payload.year,
        EntrantRow.measure == payload.measure,
    )
    if work.session.scalar(admitted) is not None:
        return "is admitted already"
    if line.facility:
        return ""
    past = sa.select(HistoryRow.year).where(HistoryRow.enterprise == line.enterprise).limit(1)
    granted = (
        sa.select(AllocationRow.year)
        .where(AllocationRow.enterprise == line.enterprise, AllocationRow.state != "planned")
        .limit(1)
    )
    has_past = work.session.scalar(past) is not None or work.session.scalar(granted) is not None
    return "has a past" if has_past else ""


def _scope(_work: Work, payload: AdmitEntrants) -> str:
    return f"district:{payload.district}"


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

ENTRANT_HANDLERS = (
    Handler(AdmitEntrants, admit_entrants, makers=_DISTRICT, checkers=_CITY, scope=_scope),
)
