"""
Whose affairs a command of this subject touches.

An unknown claim or project belongs to nobody, so it is asked of those who act anywhere; its verb
then refuses it, and the refusal is in the log.
"""

from ledger.parties.party import Parties
from ledger.subject import ANYWHERE
from ledger.substitution.tables import FreedClaimRow, ProjectRow
from ledger.work import Work


def scope_of_applicant(work: Work, enterprise: str) -> str:
    """Return the enterprise where the actor acts for it, otherwise the enterprise's district."""
    own = f"enterprise:{enterprise}"
    granted = work.memory.roles.get(work.actor, set())
    if any(scope == own for _, scope in granted):
        return own
    party = work.memory.cache(Parties).enterprises.get(enterprise)
    return ANYWHERE if party is None else f"district:{party.district}"


def district_of_claim(work: Work, claim: str) -> str:
    """Return the district whose regulator confirms *claim*."""
    row = work.session.get(FreedClaimRow, claim)
    if row is None:
        return ANYWHERE
    return f"district:{work.memory.cache(Parties).enterprise(row.enterprise).district}"


def enterprise_of_claim(work: Work, claim: str) -> str:
    """Return the enterprise that a verifier of *claim* is engaged for."""
    row = work.session.get(FreedClaimRow, claim)
    return ANYWHERE if row is None else f"enterprise:{row.enterprise}"


def district_of_project(work: Work, project: str) -> str:
    """Return the district whose regulator accepts *project*."""
    row = work.session.get(ProjectRow, project)
    return ANYWHERE if row is None else f"district:{row.district}"


def applicant_of_project(work: Work, project: str) -> str:
    """Return the scope of whoever may plan for *project*."""
    row = work.session.get(ProjectRow, project)
    return ANYWHERE if row is None else scope_of_applicant(work, row.enterprise)
