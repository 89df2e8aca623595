"""
Revoke a confirmed claim: what is unused goes, what was used up becomes a deficit.

Nothing that happened is rewritten. A claim is revoked with everything that was ever parted from
its sources, whoever holds it now; who bought it is paid elsewhere than in this ledger.
"""

from typing import ClassVar, Literal

import sqlalchemy as sa

from ledger.asset import parse_asset
from ledger.command import Payload
from ledger.districts.uses import use_of, write_line
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.post import post
from ledger.register import open_if_new
from ledger.subject import Result
from ledger.substitution.claimed import claim_in
from ledger.substitution.deficit import open_deficit
from ledger.substitution.evidence import require_document, require_evidence
from ledger.substitution.look_up import RECORDED
from ledger.substitution.project_tables import ReservationRow, SettlementRow
from ledger.substitution.reserve_tables import RevocationRow, SourceEndingRow
from ledger.substitution.restore import give_back
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow, RetirementRow
from ledger.work import Work


class ClaimRevoked(Refused):
    """The claim was revoked already."""

    code = "freed_claim_revoked"
    rule = "FRQ-84"

    def __init__(self, claim: str, *, document: str) -> None:
        super().__init__(
            f"claim {claim} was revoked by {document} already", claim=claim, document=document
        )


class RevokeFreed(Payload, frozen=True):
    """
    Revoke a claim by *document*, whose hash is *evidence*.

    *rights* says whether the rights that were turned into what is revoked are given back.
    """

    kind: ClassVar[str] = "freed.revoke"
    claim: str
    document: str
    evidence: str
    rights: Literal["kept", "given_back"] = "kept"


def revoke_freed(work: Work, payload: RevokeFreed) -> Result:
    """
    Take what is unused to scheme:revoked, and open a deficit for each project that used the rest.

    Refusals in this order: claim, stage, document, evidence, revoked before. Rule: FRQ-84, FRQ-85.
    """
    row = claim_in(work, payload.claim, needed=("confirmed",))
    require_document("the revocation", payload.document)
    require_evidence(payload.evidence)
    _require_standing(work, row)
    by_measure: dict[str, list[FreedSourceRow]] = {}
    for source in _sources(work, row):
        by_measure.setdefault(source.measure, []).append(source)
    result = [
        _revoke(work, payload, row, measure=measure, sources=sources)
        for measure, sources in by_measure.items()
    ]
    answer = {"claim": row.id, "measures": result}
    work.publish("freed_quota", {"enterprise": row.enterprise, "revoked": row.id})
    return answer


def _require_standing(work: Work, row: FreedClaimRow) -> None:
    document = work.session.scalar(
        sa.select(RevocationRow.document).where(RevocationRow.claim == row.id).limit(1)
    )
    if document is not None:
        raise ClaimRevoked(row.id, document=document)


def _sources(work: Work, row: FreedClaimRow) -> list[FreedSourceRow]:
    """Return all sources of a claim, those parted from others included, by id."""
    rows = work.session.scalars(sa.select(FreedSourceRow).where(FreedSourceRow.claim == row.id))
    return sorted(rows, key=lambda one: one.id)


def _revoke(
    work: Work,
    payload: RevokeFreed,
    row: FreedClaimRow,
    *,
    measure: str,
    sources: list[FreedSourceRow],
) -> dict[str, object]:
    revoked = sum(_take(work, source) for source in sources)
    consumed = sum(_owe(work, row, source) for source in sources)
    returned = 0
    if payload.rights == "given_back" and sources[0].against == "entitlement":
        returned = give_back(work, row, measure=measure, amount=revoked)
    if sources[0].against == "released_use" and revoked:
        _return_released(work, row, measure=measure, amount=revoked, document=payload.document)
    work.session.add(
        RevocationRow(
            claim=row.id,
            measure=measure,
            revoked=revoked,
            consumed=consumed,
            returned=returned,
            document=payload.document,
            evidence=payload.evidence,
            revoked_by=work.sequence,
        )
    )
    return {"measure": measure, "revoked": revoked, "consumed": consumed, "returned": returned}


def _take(work: Work, source: FreedSourceRow) -> int:
    """Move what a source has, reserved or not, to scheme:revoked, and return how much it was."""
    postings = []
    for address in (f"source:{source.id}", f"source:{source.id}:reserved"):
        amount = work.memory.balance(address, source.asset)
        if amount:
            revoked = open_if_new(work, "scheme:revoked").address
            postings.append(Posting(address, revoked, source.asset, amount))
    if not postings:
        return 0
    post(work, Entry(EntryCode.REVOCATION, "FRQ-84", tuple(postings)))
    amount = sum(posting.amount for posting in postings)
    work.session.add(SourceEndingRow(source=source.id, ended_by=work.sequence, amount=amount))
    _end_reservations(work, source)
    return amount


def _end_reservations(work: Work, source: FreedSourceRow) -> None:
    """Let no plan count on what it had reserved of a source that is gone."""
    rows = work.session.scalars(
        sa.select(ReservationRow).where(
            ReservationRow.source == source.id,
            ReservationRow.retired + ReservationRow.released < ReservationRow.amount,
        )
    )
    for row in rows:
        row.released = row.amount - row.retired


def _owe(work: Work, claim: FreedClaimRow, source: FreedSourceRow) -> int:
    """Open a deficit for each project that used the source up, and return how much it was."""
    used: dict[str, int] = {}
    for table in (RetirementRow, SettlementRow):
        rows = work.session.execute(
            sa.select(table.project, table.amount).where(table.source == source.id)
        )
        for project, amount in rows:
            used[project] = used.get(project, 0) + amount
    measure = parse_asset(source.asset).measure
    for project in sorted(used):
        cause = f"revocation:{claim.id}"
        open_deficit(work, project=project, measure=measure, amount=used[project], cause=cause)
    return sum(used.values())


def _return_released(
    work: Work, claim: FreedClaimRow, *, measure: str, amount: int, document: str
) -> None:
    """
    Let the district's ledger count again the use that was said to have ended.

    Claims confirmed before the ledger had such lines have nothing to return. Rule: FRQ-85.
    """
    if measure not in RECORDED:
        return
    district = work.memory.cache(Parties).enterprise(claim.enterprise).district
    row = use_of(work, district, year=claim.freed_year, measure=measure)
    amount = min(amount, row.freed)
    if amount:
        row.freed -= amount
        row.uncovered += amount
        write_line(work, row, line="revoked_release", amount=-amount, document=document)
        write_line(work, row, line="revoked_quota", amount=amount, document=document)
