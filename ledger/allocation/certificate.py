"""
Certificates of rights: pre-issued when a project is approved, formal once it is built and accepted.

A pre-issued right is held and counted in no year: annual flow follows from formal rights alone.
"""

from collections.abc import Iterable
from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.confirm import EntitlementLine, confirm_line, scope_of_rows
from ledger.allocation.evidence import require_hash
from ledger.allocation.method_tables import CertificateRow
from ledger.allocation.tables import EntitlementRow
from ledger.command import Payload
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import Handler, Result, Role
from ledger.work import Work


class CertificateNotPreIssued(Refused):
    """No pre-issued right of the enterprise rests on that decision, or it is formal by now."""

    code = "certificate_not_pre_issued"
    rule = "ALC-85"

    def __init__(self, enterprise: str, *, document: str, state: str) -> None:
        super().__init__(
            f"decision {document[:80]!r} gave {enterprise} no right that is pre-issued (it is "
            f"{state}): only a pre-issued certificate becomes formal",
            enterprise=enterprise,
            document=document[:80],
            state=state,
        )


class AcceptanceMissing(Refused):
    """No document of the project's energy acceptance is named."""

    code = "acceptance_document_missing"
    rule = "ALC-85"

    def __init__(self, enterprise: str) -> None:
        super().__init__(
            f"the certificate of {enterprise} becomes formal by the acceptance of the built "
            "project: name its document",
            enterprise=enterprise,
        )


class PreIssueEntitlements(Payload, frozen=True):
    """Confirm standing rights of projects that are approved and not yet built."""

    kind: ClassVar[str] = "entitlements.pre_issue"
    rows: tuple[EntitlementLine, ...]


class FormaliseEntitlement(Payload, frozen=True):
    """
    Turn a pre-issued certificate into a formal one.

    *document* is the decision that pre-issued it, *acceptance* that of the energy acceptance and
    *evidence* the SHA-256 of what it rests on.
    """

    kind: ClassVar[str] = "entitlements.formalise"
    enterprise: str
    document: str
    acceptance: str
    evidence: str


def pre_issue_entitlements(work: Work, payload: PreIssueEntitlements) -> Result:
    """Issue each right to its holder with a pre-issued certificate. Rule: ALC-85, ALC-51."""
    ordinals = iter(range(len(payload.rows)))
    each_row(payload.rows, lambda line: _pre_issue(work, line, ordinal=next(ordinals)))
    return {"entitlements": len(payload.rows)}


def _pre_issue(work: Work, line: EntitlementLine, *, ordinal: int) -> None:
    confirm_line(work, line, ordinal=ordinal)
    row = CertificateRow(
        sequence=work.sequence,
        ordinal=ordinal,
        state="pre_issued",
        acceptance="",
        evidence="",
        formal_by=None,
    )
    work.session.add(row)


def formalise_entitlement(work: Work, payload: FormaliseEntitlement) -> Result:
    """
    Let every right of one decision count from now on.

    Checks in this order: enterprise, acceptance, evidence, pre-issued. Rule: ALC-85.
    """
    work.memory.cache(Parties).enterprise(payload.enterprise)
    if not payload.acceptance.strip():
        raise AcceptanceMissing(payload.enterprise)
    require_hash(payload.evidence)
    rights = _rights(work, payload)
    waiting = [row for row in rights if row is not None and row.state == "pre_issued"]
    if not waiting:
        state = "unknown" if not rights else "formal"
        raise CertificateNotPreIssued(payload.enterprise, document=payload.document, state=state)
    for row in waiting:
        row.state, row.formal_by = "formal", work.sequence
        row.acceptance, row.evidence = payload.acceptance, payload.evidence
    work.publish("rights", {"enterprise": payload.enterprise, "formal": len(waiting)})
    return {"enterprise": payload.enterprise, "formal": len(waiting)}


def _rights(work: Work, payload: FormaliseEntitlement) -> list[CertificateRow | None]:
    """Return the certificate of each right of the decision; None where it was formal at once."""
    rights = work.session.scalars(
        sa.select(EntitlementRow)
        .where(
            EntitlementRow.enterprise == payload.enterprise,
            EntitlementRow.document == payload.document,
        )
        .order_by(EntitlementRow.sequence, EntitlementRow.ordinal)
    )
    return [work.session.get(CertificateRow, (row.sequence, row.ordinal)) for row in rights]


def pre_issued_levels(
    work: Work, enterprises: Iterable[str], *, measure: str, year: int
) -> dict[str, int]:
    """Return what of each enterprise's rights in force in *year* is pre-issued only."""
    rows = work.session.execute(
        sa.select(EntitlementRow.enterprise, sa.func.sum(EntitlementRow.remaining))
        .join(
            CertificateRow,
            sa.and_(
                CertificateRow.sequence == EntitlementRow.sequence,
                CertificateRow.ordinal == EntitlementRow.ordinal,
            ),
        )
        .where(
            CertificateRow.state == "pre_issued",
            EntitlementRow.enterprise.in_(list(enterprises)),
            EntitlementRow.measure == measure,
            EntitlementRow.last_year >= year,
        )
        .group_by(EntitlementRow.enterprise)
    )
    return {enterprise: int(amount) for enterprise, amount in rows}


def _scope(work: Work, payload: FormaliseEntitlement) -> str:
    return f"district:{work.memory.cache(Parties).enterprise(payload.enterprise).district}"


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

CERTIFICATE_HANDLERS = (
    Handler(
        PreIssueEntitlements,
        pre_issue_entitlements,
        makers=_DISTRICT,
        checkers=_CITY,
        scope=scope_of_rows,
    ),
    Handler(
        FormaliseEntitlement,
        formalise_entitlement,
        makers=_DISTRICT,
        checkers=_CITY,
        scope=_scope,
    ),
)
