"""
Quota that the city lists for one project (能耗单列), which no other project can use.

The district applies, two persons of the city decide, and what they grant is a standing right whose
area names the project. It waits in the district's account until it is handed to the project's
enterprise (`ledger.allocation.listed`).
"""

import re
from typing import ClassVar, Literal

from ledger.asset import Asset, Kind, Origin
from ledger.command import Payload
from ledger.days import day_of
from ledger.districts.decision import require_decision
from ledger.districts.draw import require_headroom
from ledger.districts.gate import Verdict
from ledger.districts.gate_tables import GateVerdictRow, ListingRow
from ledger.districts.passed import newest_verdict
from ledger.districts.tables import BudgetRow
from ledger.districts.uses import use_of, write_line
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.post import AmountNotPositive, post
from ledger.register import open_asset, open_if_new
from ledger.subject import Handler, Result, Role
from ledger.work import Work

LAST_YEAR_MAX = 9_999

_LISTED_PROJECT = re.compile(r"P[A-Z0-9]{1,15}", re.ASCII)


class ListingNotOpen(Refused):
    """A project cannot ask for listed quota, by its verdict or because it has."""

    code = "listing_not_open"
    rule = "DST-77"

    def __init__(self, project: str, *, problem: str) -> None:
        super().__init__(
            f"quota cannot be listed for project {project}: {problem}",
            project=project,
            problem=problem,
        )


class ListingNotReady(Refused):
    """A listing is not at the stage that this step follows."""

    code = "listing_not_ready"
    rule = "DST-78"

    def __init__(self, project: str, *, state: str, needed: str) -> None:
        super().__init__(
            f"the listing of project {project} is {state}, but this step takes one that is "
            f"{needed}",
            project=project,
            state=state,
            needed=needed,
        )


class ListingExceeded(Refused):
    """More is granted than was asked for."""

    code = "listing_exceeded"
    rule = "DST-78"

    def __init__(self, project: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"{needed} kgce are granted to project {project}, which asked for {available}",
            project=project,
            needed=needed,
            available=available,
        )


class ApplyForListing(Payload, frozen=True):
    """Ask the city for listed quota of *amount_kgce* a year until the end of *last_year*."""

    kind: ClassVar[str] = "listings.apply"
    project: str
    amount_kgce: int
    last_year: int
    document: str


class DecideListing(Payload, frozen=True):
    """Grant a listing, in whole or in part, or refuse it with an amount of zero."""

    kind: ClassVar[str] = "listings.decide"
    project: str
    finding: Literal["granted", "refused"]
    document: str
    amount_kgce: int = 0


def apply_for_listing(work: Work, payload: ApplyForListing) -> Result:
    """Ask for listed quota where the gate's verdict lets a project. Rule: DST-77."""
    verdict = _assessed(work, payload)
    _require_term(work, payload)
    _require_first(work, payload.project)
    parent = work.memory.cache(Parties).district(verdict.district).parent
    work.session.add(
        ListingRow(
            project=payload.project,
            enterprise=verdict.enterprise,
            district=verdict.district,
            budget=parent or verdict.district,
            year=day_of(work.now).year,
            asked=payload.amount_kgce,
            granted=0,
            last_year=payload.last_year,
            state="applied",
            document=payload.document,
            decision="",
            asset="",
            applied_by=work.sequence,
        )
    )
    return {"project": payload.project, "state": "applied"}


def _assessed(work: Work, payload: ApplyForListing) -> GateVerdictRow:
    """Return the verdict with which a project may apply, or refuse. Rule: DST-77."""
    if payload.amount_kgce <= 0:
        raise AmountNotPositive(payload.amount_kgce)
    require_decision("the application", payload.document)
    verdict = newest_verdict(work, payload.project)
    if verdict is None or verdict.verdict != Verdict.APPLY_FOR_LISTING:
        raise ListingNotOpen(payload.project, problem="its newest verdict does not say so")
    return verdict


def _require_term(work: Work, payload: ApplyForListing) -> None:
    if not _LISTED_PROJECT.fullmatch(payload.project):
        raise ListingNotOpen(payload.project, problem="its id is not P and 1 to 15 more signs")
    if not day_of(work.now).year <= payload.last_year <= LAST_YEAR_MAX:
        raise ListingNotOpen(payload.project, problem="its last year has passed or is no year")


def _require_first(work: Work, project: str) -> None:
    """Refuse a second listing; one that was refused makes room for another. Rule: DST-77."""
    before = work.session.get(ListingRow, project)
    if before is None:
        return
    if before.state != "refused":
        raise ListingNotOpen(project, problem="it has a listing")
    work.session.delete(before)
    work.session.flush()


def decide_listing(work: Work, payload: DecideListing) -> Result:
    """
    Issue what is granted into the district's account of listed quota, out of the city's budget.

    Where the city decided a budget for the year, its headroom must cover the grant.

    Rule: DST-78, DST-52.
    """
    row = listing_of(work, payload.project, needed="applied")
    require_decision("the decision", payload.document)
    row.decision, row.decided_by = payload.document, work.sequence
    if payload.finding == "refused":
        row.state = "refused"
        return {"project": row.project, "state": row.state}
    if payload.amount_kgce <= 0:
        raise AmountNotPositive(payload.amount_kgce)
    if payload.amount_kgce > row.asked:
        raise ListingExceeded(row.project, needed=payload.amount_kgce, available=row.asked)
    row.granted, row.state = payload.amount_kgce, "granted"
    _charge(work, row)
    row.asset = open_asset(work, _right(work, row))
    account = open_if_new(work, f"district:{row.district}:listed")
    posting = Posting("scheme:issuance", account.address, row.asset, row.granted)
    post(work, Entry(EntryCode.LISTING, "DST-78", (posting,), reference=f"listing:{row.project}"))
    return {"project": row.project, "state": row.state, "asset": row.asset}


def listing_of(work: Work, project: str, *, needed: str) -> ListingRow:
    """Return a project's listing in the state *needed*, or refuse. Rule: DST-78."""
    row = work.session.get(ListingRow, project)
    if row is None:
        raise ListingNotReady(project, state="not applied for", needed=needed)
    if row.state != needed:
        raise ListingNotReady(project, state=row.state, needed=needed)
    return row


def _charge(work: Work, row: ListingRow) -> None:
    """Take a grant out of the budget that bears it, where one was decided. Rule: DST-78."""
    budget = work.session.get(BudgetRow, (row.budget, row.year, "energy"))
    if budget is None:
        return
    require_headroom(work.memory, budget, row.granted)
    use = use_of(work, row.budget, year=row.year, measure="energy")
    use.listed += row.granted
    write_line(work, use, line="listed_quota", amount=-row.granted, document=row.decision)


def _right(work: Work, row: ListingRow) -> Asset:
    enterprise = work.memory.cache(Parties).enterprise(row.enterprise)
    origin = Origin.TWO_HIGH if enterprise.is_two_high else Origin.GENERAL
    area = f"{row.district}-{row.project}"
    return Asset("energy", Kind.STANDING, origin, f"t{row.last_year}", "eq", area)


def _scope_of_project(work: Work, payload: ApplyForListing) -> str:
    verdict = newest_verdict(work, payload.project)
    if verdict is None:
        raise ListingNotOpen(payload.project, problem="it was never assessed")
    return f"district:{verdict.district}"


def scope_of_listing(work: Work, project: str) -> str:
    """Return the scope of a listing: its district."""
    row = work.session.get(ListingRow, project)
    if row is None:
        raise ListingNotReady(project, state="not applied for", needed="applied")
    return f"district:{row.district}"


def _scope(work: Work, payload: DecideListing) -> str:
    return scope_of_listing(work, payload.project)


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

LISTING_HANDLERS = (
    Handler(ApplyForListing, apply_for_listing, makers=_DISTRICT | _CITY, scope=_scope_of_project),
    Handler(DecideListing, decide_listing, makers=_CITY, checkers=_CITY, scope=_scope),
)
