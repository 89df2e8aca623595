"""
Verify a submitted report and accept it: assigned verifiers sign, the authority makes it final.

What is signed is one version, named by its hash; a command that names another is refused.
"""

import re
from typing import Any, ClassVar, Literal

import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.metering.enroll import enterprise_scope
from ledger.metering.meter import require_year
from ledger.metering.report import move, report_version, require_state
from ledger.metering.report_state import (
    OpinionHashMalformed,
    ReasonMissing,
    ReportState,
    VerificationPending,
    VerifierTeamTooSmall,
    VerifierUnfit,
)
from ledger.metering.tables import OpinionRow, ReportRow, ReportVerifierRow
from ledger.parties.party import Parties
from ledger.policy import as_int
from ledger.roles import has_role
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.work import Work

SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)

_VERIFIER = frozenset({Role.VERIFIER})
_ENTERPRISE = frozenset({Role.ENTERPRISE_TRADER, Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_COMPLIANCE})


class AssignVerifiers(Payload, frozen=True):
    """Let exactly these persons verify an enterprise's report of a year."""

    kind: ClassVar[str] = "reports.assign"
    enterprise: str
    year: int
    verifiers: tuple[str, ...]


class VerifyReport(Payload, frozen=True):
    """
    Give the verifiers' opinion on one version of a report.

    *opinion_hash* is the SHA-256, in hex, of the signed opinion; *team* names who worked on it
    beside the two who sign by proposing and approving.
    """

    kind: ClassVar[str] = "reports.verify"
    enterprise: str
    year: int
    version: int
    report_hash: str
    verdict: Literal["accept", "return"]
    opinion_hash: str
    team: tuple[str, ...] = ()


class AcceptReport(Payload, frozen=True):
    """Make a verified report final."""

    kind: ClassVar[str] = "reports.accept"
    enterprise: str
    year: int
    version: int
    report_hash: str


class ReturnReport(Payload, frozen=True):
    """Give a submitted or verified report back to its enterprise."""

    kind: ClassVar[str] = "reports.return"
    enterprise: str
    year: int
    version: int
    report_hash: str
    reason: str


def assign_verifiers(work: Work, payload: AssignVerifiers) -> Result:
    """
    Assign verifiers in place of those assigned before; none may belong to the enterprise's group.

    Rule: MRV-67, MRV-68.
    """
    require_year(payload.year)
    persons = sorted(set(payload.verifiers))
    _require_team(work, payload.enterprise, payload.year, persons)
    for person in persons:
        _require_fit(work, person, payload.enterprise)
    work.session.execute(
        sa.delete(ReportVerifierRow).where(
            ReportVerifierRow.enterprise == payload.enterprise,
            ReportVerifierRow.year == payload.year,
        )
    )
    work.session.add_all(
        ReportVerifierRow(
            enterprise=payload.enterprise,
            year=payload.year,
            person=person,
            assigned_by=work.sequence,
        )
        for person in persons
    )
    return {"enterprise": payload.enterprise, "year": payload.year, "verifiers": persons}


def verify_report(work: Work, payload: VerifyReport) -> Result:
    """
    Record the opinion that two assigned verifiers sign, and move the report by its verdict.

    Checks in this order: version and hash, state, document, each person, size of the team.

    Rule: MRV-66, MRV-67, MRV-68.
    """
    row = _named(work, payload)
    require_state(row, ReportState.SUBMITTED)
    if not SHA256.fullmatch(payload.opinion_hash):
        raise OpinionHashMalformed(payload.opinion_hash)
    team = sorted({work.actor, work.approver, *payload.team})
    _require_assigned(work, payload, team)
    _require_team(work, payload.enterprise, payload.year, team)
    work.session.add(
        OpinionRow(
            enterprise=row.enterprise,
            year=row.year,
            version=row.version,
            report_hash=payload.report_hash,
            verdict=payload.verdict,
            opinion_hash=payload.opinion_hash,
            first_signer=work.actor,
            second_signer=work.approver,
            team=canonical(team).decode(),
            recorded_by=work.sequence,
        )
    )
    accepted = payload.verdict == "accept"
    move(work, row, ReportState.VERIFIED if accepted else ReportState.RETURNED)
    return {"state": row.state, "report_hash": payload.report_hash}


def accept_report(work: Work, payload: AcceptReport) -> Result:
    """
    Make a report final once its verification stands; only then does it count.

    Rule: MRV-66, MRV-69.
    """
    row = _named(work, payload)
    if row.state == ReportState.SUBMITTED:
        raise VerificationPending(row.enterprise, year=row.year, state=row.state)
    require_state(row, ReportState.VERIFIED)
    row.decided_by = work.sequence
    move(work, row, ReportState.FINAL)
    return {
        "state": row.state,
        "report_hash": payload.report_hash,
        "energy_kgce": row.energy_kgce,
        "coal_kg": row.coal_kg,
    }


def return_report(work: Work, payload: ReturnReport) -> Result:
    """Give a report back with a reason; its enterprise drafts the next version. Rule: MRV-70."""
    row = _named(work, payload)
    if row.state != ReportState.VERIFIED:
        require_state(row, ReportState.SUBMITTED)
    if not payload.reason.strip():
        raise ReasonMissing
    row.decided_by = work.sequence
    move(work, row, ReportState.RETURNED)
    return {"state": row.state, "report_hash": payload.report_hash}


def _named(work: Work, payload: VerifyReport | AcceptReport | ReturnReport) -> ReportRow:
    return report_version(
        work,
        payload.enterprise,
        year=payload.year,
        version=payload.version,
        report_hash=payload.report_hash,
    )


def _require_assigned(work: Work, payload: VerifyReport, team: list[str]) -> None:
    assigned = set(
        work.session.scalars(
            sa.select(ReportVerifierRow.person).where(
                ReportVerifierRow.enterprise == payload.enterprise,
                ReportVerifierRow.year == payload.year,
            )
        )
    )
    for person in team:
        if person not in assigned:
            raise VerifierUnfit(person, enterprise=payload.enterprise, reason="not assigned")
        # Roles may have changed since the assignment.
        _require_fit(work, person, payload.enterprise)


def _require_fit(work: Work, person: str, enterprise: str) -> None:
    if not has_role(work.memory, person, _VERIFIER, f"enterprise:{enterprise}"):
        raise VerifierUnfit(person, enterprise=enterprise, reason="not a verifier")
    if _acts_for_group(work, person, enterprise):
        raise VerifierUnfit(person, enterprise=enterprise, reason="acts for its own group")


def _acts_for_group(work: Work, person: str, enterprise: str) -> bool:
    parties = work.memory.cache(Parties)
    group = parties.enterprise(enterprise).owner_group
    for role, scope in work.memory.roles.get(person, set()):
        own = parties.enterprises.get(scope.removeprefix("enterprise:"))
        if role in _ENTERPRISE and (scope == ANYWHERE or (own and own.owner_group == group)):
            return True
    return False


def _require_team(work: Work, enterprise: str, year: int, persons: list[str]) -> None:
    parties = work.memory.cache(Parties)
    pack = parties.district(parties.enterprise(enterprise).district).pack
    found = work.memory.cache(Policy).find(pack, "verifier_team_min", day_of(work.now))
    needed = as_int(found)
    if len(persons) < needed:
        raise VerifierTeamTooSmall(enterprise, year=year, needed=needed, given=len(persons))


def _district_scope(work: Work, payload: Any) -> str:
    found = work.memory.cache(Parties).enterprises.get(payload.enterprise)
    return f"district:{found.district}" if found else ANYWHERE


_CITY = frozenset({Role.CITY_REGULATOR})
_AUTHORITY = frozenset({Role.CITY_REGULATOR, Role.DISTRICT_REGULATOR})

VERIFY_HANDLERS = (
    Handler(
        AssignVerifiers,
        assign_verifiers,
        makers=_AUTHORITY,
        checkers=_CITY,
        scope=_district_scope,
    ),
    Handler(
        VerifyReport,
        verify_report,
        makers=_VERIFIER,
        checkers=_VERIFIER,
        scope=enterprise_scope,
    ),
    Handler(AcceptReport, accept_report, makers=_AUTHORITY, checkers=_CITY, scope=_district_scope),
    Handler(ReturnReport, return_report, makers=_AUTHORITY, scope=_district_scope),
)
