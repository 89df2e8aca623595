"""
Review a claim of freed quota and confirm it; only then does quota exist.

Where the enterprise holds an entitlement in the measure, confirmation turns that into freed quota;
only where it holds none does it issue, against use released in the district.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

import msgspec
import sqlalchemy as sa

from ledger.allocation.expire import let_expire
from ledger.asset import Origin, standing
from ledger.calculation import Sheet, sheet_from_plain, step
from ledger.command import Payload, canonical
from ledger.districts.uses import released
from ledger.entry import Entry, EntryCode, Posting
from ledger.parties.party import Parties
from ledger.parties.tables import FacilityRow
from ledger.post import post
from ledger.register import open_account, open_asset
from ledger.subject import Result
from ledger.substitution.claimed import FreedClaimNotReady, FreedClaimUnknown, claim_in
from ledger.substitution.clawback import FlowLine, claw_back, require_stated
from ledger.substitution.evidence import require_document, require_evidence
from ledger.substitution.file import source_of
from ledger.substitution.freed import Method
from ledger.substitution.lock import require_unlocked
from ledger.substitution.look_up import RECORDED
from ledger.substitution.lots import keep_holders, lots_of, way_of
from ledger.substitution.reclassify import entitled, reclassify
from ledger.substitution.tables import FreedClaimRow, FreedMeasureRow, FreedSourceRow
from ledger.versions import RIGHTS
from ledger.work import Work

__all__ = [
    "ConfirmFreed",
    "FreedClaimNotReady",
    "FreedClaimUnknown",
    "GiveOpinion",
    "confirm_freed",
    "give_opinion",
]


class GiveOpinion(Payload, frozen=True):
    """
    A verifier's opinion on a claim, made by one person and checked by another.

    *document* is its number and *evidence* its hash. A rejected claim frees its days for another.
    """

    kind: ClassVar[str] = "freed.opinion"
    claim: str
    finding: Literal["upheld", "rejected"]
    document: str
    evidence: str


class ConfirmFreed(Payload, frozen=True):
    """
    Confirm a claim by an opinion of the authority (确权意见书), whose number is *document*.

    *unused_flow* asks back, on a closure, the annual flow that the facility no longer needs. It
    is stated for every measure of the claim in which flow was issued; zero is said, not left out.
    """

    kind: ClassVar[str] = "freed.confirm"
    claim: str
    document: str
    unused_flow: tuple[FlowLine, ...] = ()


def give_opinion(work: Work, payload: GiveOpinion) -> Result:
    """Record an opinion: the claim is reviewed, or rejected for good. Rule: FRQ-50."""
    row = claim_in(work, payload.claim, needed=("claimed",))
    require_document("the opinion", payload.document)
    require_evidence(payload.evidence)
    row.state = "reviewed" if payload.finding == "upheld" else "rejected"
    row.opinion, row.opinion_evidence = payload.document, payload.evidence
    row.reviewed_by = work.sequence
    return {"claim": row.id, "state": row.state}


def confirm_freed(work: Work, payload: ConfirmFreed) -> Result:
    """
    Turn every measure of a claim into a source of standing quota, or into one a party that shares.

    Rule: FRQ-03, FRQ-54, FRQ-55, FRQ-56, FRQ-57, FRQ-60, FRQ-77, FRQ-78.
    """
    row = claim_in(work, payload.claim, needed=("reviewed",))
    require_document("the confirmation", payload.document)
    row.confirmation = payload.document
    require_unlocked(work, row)
    facility = work.session.get_one(FacilityRow, row.facility)
    origin = _origin(work, row, facility)
    measures = list(_measures(work, row.id))
    sources = [lot for one in measures for lot in _confirm(work, row, one, origin)]
    require_stated(work, row, payload.unused_flow, [one.measure for one in measures])
    returned = claw_back(work, row, payload.unused_flow)
    if row.method == Method.CLOSURE:
        facility.state = "closed"
    row.state = "confirmed"
    row.confirmed_by = work.sequence
    result = {"claim": row.id, "sources": sources, "clawed_back": returned}
    work.publish("freed_quota", {"enterprise": row.enterprise, **result})
    return result


def _origin(work: Work, row: FreedClaimRow, facility: FacilityRow) -> Origin:
    """Return the class that the freed quota keeps for ever. Rule: FRQ-56."""
    if row.method == Method.RENEWABLE:
        return Origin.RENEWABLE
    is_two_high = work.memory.cache(Parties).sector_is_two_high(facility.sector)
    return Origin.TWO_HIGH if is_two_high else Origin.OTHER


def _measures(work: Work, claim: str) -> Iterator[FreedMeasureRow]:
    rows = work.session.scalars(sa.select(FreedMeasureRow).where(FreedMeasureRow.claim == claim))
    # Ordered here: engines collate text differently.
    return iter(sorted(rows, key=lambda one: one.measure))


def _confirm(
    work: Work, row: FreedClaimRow, one: FreedMeasureRow, origin: Origin
) -> list[dict[str, object]]:
    held = entitled(work, enterprise=row.enterprise, measure=one.measure, facility=row.facility)
    amount = min(one.amount, held) if held else one.amount
    cuts = reclassify(work, row, measure=one.measure, amount=amount)
    # A right that ends earlier does not grow longer by being freed.
    last_year = min([row.last_year, *(cut.last_year for cut in cuts)])
    area = work.memory.cache(Parties).enterprise(row.enterprise).district
    right = standing(measure=one.measure, last_year=last_year, area=area, origin=origin)
    asset = open_asset(work, right)
    let_expire(work, last_year)
    against = "entitlement" if cuts else "released_use"
    if not cuts:
        _enter_released(work, row, one, amount=amount, district=area)
    parts = lots_of(work, row, source=source_of(row.id, one.measure), amount=amount)
    for lot in parts:
        open_account(work, f"source:{lot.source}")
    issue = tuple(
        Posting("scheme:issuance", f"source:{lot.source}", asset, lot.amount) for lot in parts
    )
    reference = f"freed:{source_of(row.id, one.measure)}"
    post(work, Entry(EntryCode.FREED_QUOTA, "FRQ-03", issue, reference=reference))
    sheet = _sheet(one, held=held, amount=amount)
    for lot in parts:
        work.session.add(
            FreedSourceRow(
                id=lot.source,
                claim=row.id,
                measure=one.measure,
                asset=asset,
                amount=lot.amount,
                against=against,
                sheet=sheet,
            )
        )
    keep_holders(work, row, parts)
    return [
        {"source": lot.source, "asset": asset, "amount": lot.amount, "against": against}
        for lot in parts
    ]


def _enter_released(
    work: Work, row: FreedClaimRow, one: FreedMeasureRow, *, amount: int, district: str
) -> None:
    """Enter into the district's ledger the use that ended without an entitlement. FRQ-78."""
    if work.is_since(RIGHTS) and one.measure in RECORDED:
        released(
            work,
            district,
            row.freed_year,
            one.measure,
            amount,
            row.confirmation,
            method=way_of(work, row),
        )


def _sheet(one: FreedMeasureRow, *, held: int, amount: int) -> str:
    sheet: Sheet = sheet_from_plain(msgspec.json.decode(one.sheet))
    confirmed = step(
        "confirmed",
        "min(freed, entitlement)" if held else "freed",
        {"freed": one.amount, "entitlement": held or "none"},
        result=amount,
        unit="minor units",
        rule="FRQ-57",
    )
    return canonical(sheet.then(confirmed).plain()).decode()
