"""What this subject offers the writer: who may send which of its commands, for whom."""

from ledger.subject import Handler, Role, Subject
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
from ledger.substitution.scope import (
    applicant_of_project,
    district_of_claim,
    district_of_project,
    enterprise_of_claim,
    scope_of_applicant,
)

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
            scope=lambda work, payload: scope_of_applicant(work, payload.enterprise),
        ),
        Handler(
            ClaimRetrofit,
            claim_retrofit,
            makers=_APPLICANT,
            scope=lambda work, payload: scope_of_applicant(work, payload.enterprise),
        ),
        Handler(
            GiveOpinion,
            give_opinion,
            makers=_VERIFIER,
            checkers=_VERIFIER,
            scope=lambda work, payload: enterprise_of_claim(work, payload.claim),
        ),
        Handler(
            ConfirmFreed,
            confirm_freed,
            makers=_DISTRICT,
            checkers=_CITY,
            scope=lambda work, payload: district_of_claim(work, payload.claim),
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
            scope=lambda work, payload: applicant_of_project(work, payload.project),
        ),
        Handler(
            AcceptProject,
            accept_project,
            makers=_DISTRICT,
            checkers=_CITY,
            scope=lambda work, payload: district_of_project(work, payload.project),
        ),
    ),
)
