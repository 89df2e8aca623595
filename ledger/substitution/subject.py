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
from ledger.substitution.project_handlers import (
    APPLICANT,
    CITY,
    DISTRICT,
    PROJECT_HANDLERS,
    applicant,
    applicant_of_project,
    district_of_project,
)
from ledger.substitution.reserve_handlers import RESERVE_HANDLERS
from ledger.substitution.tables import FreedClaimRow
from ledger.work import Work


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


_VERIFIER = frozenset({Role.VERIFIER})

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
            makers=APPLICANT,
            scope=lambda work, payload: applicant(work, payload.enterprise),
        ),
        Handler(
            ClaimRetrofit,
            claim_retrofit,
            makers=APPLICANT,
            scope=lambda work, payload: applicant(work, payload.enterprise),
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
            makers=DISTRICT,
            checkers=CITY,
            scope=lambda work, payload: _district_of_claim(work, payload.claim),
        ),
        Handler(
            RegisterProject,
            register_project,
            makers=DISTRICT | CITY,
            scope=lambda work, payload: f"district:{payload.district}",
        ),
        Handler(
            PlanSubstitution,
            plan_substitution,
            makers=APPLICANT,
            scope=lambda work, payload: applicant_of_project(work, payload.project),
        ),
        Handler(
            AcceptProject,
            accept_project,
            makers=DISTRICT,
            checkers=CITY,
            scope=lambda work, payload: district_of_project(work, payload.project),
        ),
        *PROJECT_HANDLERS,
        *RESERVE_HANDLERS,
    ),
)
