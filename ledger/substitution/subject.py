"""
What this subject offers the writer: who may send which of its commands, for whom.

An unknown claim or project belongs to nobody, so it is asked of those who act anywhere; its verb
then refuses it, and the refusal is in the log.
"""

from ledger.parties.party import Parties
from ledger.subject import ANYWHERE, Handler, Role, Subject
from ledger.substitution.accept import AcceptProject, accept_project
from ledger.substitution.audit import FileBaseline, FileReaudit, file_baseline, file_reaudit
from ledger.substitution.claim import (
    ClaimClosure,
    ClaimRetrofit,
    claim_closure,
    claim_retrofit,
)
from ledger.substitution.confirm import ConfirmFreed, GiveOpinion, confirm_freed, give_opinion
from ledger.substitution.project import (
    PlanSubstitution,
    RegisterProject,
    plan_substitution,
    register_project,
)
from ledger.substitution.tables import FreedClaimRow, ProjectRow
from ledger.work import Work


def _applicant(work: Work, enterprise: str) -> str:
    """Return the enterprise where the actor acts for it, otherwise the enterprise's district."""
    own = f"enterprise:{enterprise}"
    granted = work.memory.roles.get(work.actor, set())
    if any(scope == own for _, scope in granted):
        return own
    party = work.memory.cache(Parties).enterprises.get(enterprise)
    return ANYWHERE if party is None else f"district:{party.district}"


def _district_of_claim(work: Work, claim: str) -> str:
    """Return the district whose regulator confirms *claim*."""
    row = work.session.get(FreedClaimRow, claim)
    if row is None:
        return ANYWHERE
    return f"district:{work.memory.cache(Parties).enterprise(row.enterprise).district}"


def _enterprise_of_claim(work: Work, claim: str) -> str:
    """Return the enterprise that a verifier of *claim* is engaged for."""
    row = work.session.get(FreedClaimRow, claim)
    return ANYWHERE if row is None else f"enterprise:{row.enterprise}"


def _district_of_project(work: Work, project: str) -> str:
    """Return the district whose regulator accepts *project*."""
    row = work.session.get(ProjectRow, project)
    return ANYWHERE if row is None else f"district:{row.district}"


def _applicant_of_project(work: Work, project: str) -> str:
    """Return the scope of whoever may plan for *project*."""
    row = work.session.get(ProjectRow, project)
    return ANYWHERE if row is None else _applicant(work, row.enterprise)


_VERIFIER = frozenset({Role.VERIFIER})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})
_CITY = frozenset({Role.CITY_REGULATOR})
_APPLICANT = frozenset({Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_COMPLIANCE}) | _DISTRICT | _CITY

SUBSTITUTION = Subject(
    "substitution",
    (
        Handler(
            FileBaseline,
            file_baseline,
            makers=_VERIFIER,
            scope=lambda work, payload: f"enterprise:{payload.enterprise}",
        ),
        Handler(
            FileReaudit,
            file_reaudit,
            makers=_VERIFIER,
            scope=lambda work, payload: f"enterprise:{payload.enterprise}",
        ),
        Handler(
            ClaimClosure,
            claim_closure,
            makers=_APPLICANT,
            scope=lambda work, payload: _applicant(work, payload.enterprise),
        ),
        Handler(
            ClaimRetrofit,
            claim_retrofit,
            makers=_APPLICANT,
            scope=lambda work, payload: _applicant(work, payload.enterprise),
        ),
        Handler(
            GiveOpinion,
            give_opinion,
            makers=_VERIFIER,
            checkers=_VERIFIER,
            scope=lambda work, payload: _enterprise_of_claim(work, payload.claim),
        ),
        Handler(
            ConfirmFreed,
            confirm_freed,
            makers=_DISTRICT,
            checkers=_CITY,
            scope=lambda work, payload: _district_of_claim(work, payload.claim),
        ),
        Handler(
            RegisterProject,
            register_project,
            makers=_DISTRICT | _CITY,
            scope=lambda work, payload: f"district:{payload.district}",
        ),
        Handler(
            PlanSubstitution,
            plan_substitution,
            makers=_APPLICANT,
            scope=lambda work, payload: _applicant_of_project(work, payload.project),
        ),
        Handler(
            AcceptProject,
            accept_project,
            makers=_DISTRICT,
            checkers=_CITY,
            scope=lambda work, payload: _district_of_project(work, payload.project),
        ),
    ),
)
