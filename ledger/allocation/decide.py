"""
Decide an objection: the figure stands, or it is corrected by the way figures are made.

A planned figure is planned again, an issued one gets new terms for its true-up, and a final one is
opened for true-up again. No amount is ever set by hand.
"""

from fractions import Fraction
from typing import ClassVar, Literal

from ledger.allocation.allocate import require_document
from ledger.allocation.objection import (
    ObjectionElsewhere,
    objection_of,
    require_reasons,
    scope_of_objection,
)
from ledger.allocation.objection_tables import ObjectionRow
from ledger.allocation.plan import plan_allocations
from ledger.allocation.prepare import PlanAllocations, PlanLine, prepare, terms_of
from ledger.allocation.quota import quota, versions
from ledger.allocation.sheet import code_of
from ledger.allocation.tables import AllocationRow
from ledger.calculation import HALF_UP, Sheet, Step, step
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.districts.budget import UNITS
from ledger.districts.draw import open_budget, require_headroom
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.subject import Handler, Result, Role
from ledger.units import round_half_up
from ledger.work import Work


class CorrectionUnfit(Refused):
    """A correction is missing, not asked for, or about another figure than the objection."""

    code = "correction_unfit"
    rule = "ALC-94"

    def __init__(self, objection: int, *, problem: str) -> None:
        super().__init__(
            f"the correction of objection {objection} {problem}",
            objection=objection,
            problem=problem,
        )


class CorrectionBelowIssued(Refused):
    """A correction would grant less than was issued beforehand."""

    code = "correction_below_issued"
    rule = "ALC-94"

    def __init__(self, enterprise: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"{enterprise} would be granted {available}, but {needed} was issued beforehand: "
            "let true-up take the difference back",
            enterprise=enterprise,
            needed=needed,
            available=available,
        )


class DecideObjection(Payload, frozen=True):
    """
    Answer an objection under review with *reasons* in a decision *document*.

    *correction* gives the row's new inputs where it is upheld in the enterprise's favour; a final
    figure may be opened again without one, when the report behind it has been corrected.
    """

    kind: ClassVar[str] = "objections.decide"
    objection: int
    outcome: Literal["upheld", "corrected"]
    reasons: str
    document: str
    correction: PlanLine | None = None


def decide_objection(work: Work, payload: DecideObjection) -> Result:
    """
    Close an objection: ``upheld`` lets the figure stand, ``corrected`` makes it anew.

    Checks in this order: the objection and its state, reasons, document, the correction, then
    what the plan checks. Rule: ALC-93, ALC-94, DST-52.
    """
    row = objection_of(work, payload.objection)
    if row.state != "under_review":
        raise ObjectionElsewhere(row, needed="under_review")
    require_reasons("reasons", payload.reasons)
    require_document(payload.document)
    figure = work.session.get_one(
        AllocationRow, (row.year, row.measure, row.enterprise, row.product)
    )
    _require_fit(payload, row, figure)
    if payload.outcome == "corrected":
        _correct(work, payload, row, figure)
        row.corrected_code = code_of(figure, row.stage)
    row.state, row.outcome = "decided", payload.outcome
    row.answer, row.document = payload.reasons, payload.document
    row.decided_on, row.decided_by = day_of(work.now).isoformat(), work.sequence
    result = {
        "objection": row.sequence,
        "outcome": row.outcome,
        "sheet_code": row.corrected_code or row.sheet_code,
    }
    work.publish("objections.decided", {"enterprise": row.enterprise, "year": row.year, **result})
    return result


def _require_fit(payload: DecideObjection, row: ObjectionRow, figure: AllocationRow) -> None:
    line = payload.correction
    if payload.outcome == "upheld":
        if line is not None:
            raise CorrectionUnfit(row.sequence, problem="is given though the figure stands")
        return
    if line is None:
        if row.stage == "planned":
            raise CorrectionUnfit(row.sequence, problem="is missing: give the row's new inputs")
        return
    if (line.enterprise, line.product) != (figure.enterprise, figure.product):
        raise CorrectionUnfit(row.sequence, problem="is about another enterprise or product")


def _correct(
    work: Work, payload: DecideObjection, row: ObjectionRow, figure: AllocationRow
) -> None:
    if figure.state == "planned":
        assert payload.correction is not None
        plan_allocations(work, _planning(row, payload.correction))
        work.session.flush()
        work.session.refresh(figure)
        return
    if payload.correction is not None:
        _regrant(work, row, figure, payload.correction)
    if row.stage == "final":
        _reopen(work, figure)


def _planning(row: ObjectionRow, line: PlanLine) -> PlanAllocations:
    return PlanAllocations(
        district=row.district,
        year=row.year,
        measure=row.measure,  # type: ignore[arg-type]  # a check of the table holds it to the two
        rows=(line,),
    )


def _regrant(work: Work, row: ObjectionRow, figure: AllocationRow, line: PlanLine) -> None:
    """Put an issued row on new terms; what was issued stays, and true-up moves the difference."""
    planning = prepare(work, _planning(row, line))
    sector = work.memory.cache(Parties).enterprise(figure.enterprise).sector
    terms = terms_of(planning, line, sector=sector)
    asked = quota(terms, output=line.output, pack_version="")
    granted, scaling = _scaled(figure, asked.amount_kgce)
    if granted < figure.pre_issued:
        raise CorrectionBelowIssued(figure.enterprise, needed=figure.pre_issued, available=granted)
    _commit(work, figure, granted - figure.granted if figure.state == "issued" else 0)
    figure.method, figure.terms = str(terms.method), canonical(terms.plain()).decode()
    figure.output, figure.planned_by = line.output, work.sequence
    figure.requested, figure.granted = asked.amount_kgce, granted
    figure.pack_version = versions([terms.method_pack, *figure.pack_version.split(", ")])
    steps = (*asked.sheet.steps, *scaling, *_as_issued(figure))
    figure.sheet = canonical(Sheet(figure.pack_version, steps).plain()).decode()


def _scaled(figure: AllocationRow, asked: int) -> tuple[int, tuple[Step, ...]]:
    """Return what is granted of *asked*, scaled as the plan was, and the step that says so."""
    if figure.granted == figure.requested:
        return asked, ()
    granted = round_half_up(Fraction(asked * figure.granted, figure.requested))
    scaled = step(
        "scaling as planned",
        "quota × granted ÷ total",
        {"quota": asked, "granted": figure.granted, "total": figure.requested},
        result=granted,
        unit=UNITS[figure.measure],
        rule="ALC-59",
        rounding=HALF_UP,
    )
    return granted, (scaled,)


def _as_issued(figure: AllocationRow) -> tuple[Step, ...]:
    amounts = (("pre-issue", figure.pre_issued), ("saleable part", figure.saleable))
    return tuple(
        step(
            f"{name} as it was issued",
            "issued",
            {"issued": amount},
            result=amount,
            unit=UNITS[figure.measure],
            rule="ALC-94",
        )
        for name, amount in amounts
    )


def _reopen(work: Work, figure: AllocationRow) -> None:
    """Let a final row wait for true-up again; what it counts as issued is its old final quota."""
    _commit(work, figure, figure.granted - figure.pre_issued)
    figure.state = "issued"
    figure.final_output, figure.final_by = None, None
    figure.final_sheet, figure.report_hash = "", ""


def _commit(work: Work, figure: AllocationRow, amount: int) -> None:
    """Let a row ask *amount* more (or less) of its budget. Rule: DST-52."""
    budget = open_budget(work, figure.district, year=figure.year, measure=figure.measure)
    if amount > 0:
        require_headroom(work.memory, budget, amount)
    budget.committed += amount


def _scope(work: Work, payload: DecideObjection) -> str:
    return scope_of_objection(work, payload.objection)


DECIDE_HANDLERS = (
    Handler(
        DecideObjection,
        decide_objection,
        makers=frozenset({Role.DISTRICT_REGULATOR}),
        checkers=frozenset({Role.CITY_REGULATOR}),
        scope=_scope,
    ),
)
