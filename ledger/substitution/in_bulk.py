"""
Claim freed quota and register projects in bulk, every row or none, by the verbs of single ones.
"""

from collections.abc import Iterable
from typing import ClassVar

from ledger.command import Payload
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.substitution.claim import ClaimClosure, ClaimRetrofit, claim_closure, claim_retrofit
from ledger.substitution.project import RegisterProject, register_project
from ledger.work import Work


class ClaimClosures(Payload, frozen=True):
    """Apply for what closed facilities used, each row as `freed.claim_closure` does."""

    kind: ClassVar[str] = "freed.claim_closures"
    rows: tuple[ClaimClosure, ...]


class ClaimRetrofits(Payload, frozen=True):
    """Apply for audited savings, each row as `freed.claim_retrofit` does."""

    kind: ClassVar[str] = "freed.claim_retrofits"
    rows: tuple[ClaimRetrofit, ...]


class RegisterProjects(Payload, frozen=True):
    """Register projects, each row as `projects.register` does."""

    kind: ClassVar[str] = "projects.register_many"
    rows: tuple[RegisterProject, ...]


def claim_closures(work: Work, payload: ClaimClosures) -> Result:
    """File closure claims, all or none. Rule: FRQ-01, FRQ-50."""
    each_row(payload.rows, lambda row: claim_closure(work, row))
    return {"claims": len(payload.rows)}


def claim_retrofits(work: Work, payload: ClaimRetrofits) -> Result:
    """File retrofit claims, all or none. Rule: FRQ-04, FRQ-50."""
    each_row(payload.rows, lambda row: claim_retrofit(work, row))
    return {"claims": len(payload.rows)}


def register_projects(work: Work, payload: RegisterProjects) -> Result:
    """Register projects, all or none. Rule: SUB-50."""
    each_row(payload.rows, lambda row: register_project(work, row))
    return {"projects": len(payload.rows)}


def _of_claims(work: Work, payload: ClaimClosures | ClaimRetrofits) -> str:
    enterprises = work.memory.cache(Parties).enterprises
    named = [row.enterprise for row in payload.rows]
    return _common(enterprises[each].district if each in enterprises else "" for each in named)


def _common(districts: Iterable[str]) -> str:
    """Return the one district of all rows; rows of several are for those who act anywhere."""
    places = set(districts)
    return f"district:{places.pop()}" if len(places) == 1 and "" not in places else ANYWHERE


_OFFICERS = frozenset({Role.DISTRICT_REGULATOR, Role.CITY_REGULATOR})

BULK_HANDLERS = (
    Handler(ClaimClosures, claim_closures, makers=_OFFICERS, scope=_of_claims),
    Handler(ClaimRetrofits, claim_retrofits, makers=_OFFICERS, scope=_of_claims),
    Handler(
        RegisterProjects,
        register_projects,
        makers=_OFFICERS,
        scope=lambda work, payload: _common(row.district for row in payload.rows),
    ),
)
