"""
Trust a partner with transfers, and limit one's own: protection by delay and by ceiling.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.moves.home import parameter, require_amount, require_two
from ledger.moves.tables import TransferCeilingRow, TrustRow
from ledger.moves.workdays import hour_after
from ledger.parties.party import Parties
from ledger.policy import as_int
from ledger.subject import Result
from ledger.work import Work


class PartnerTrusted(Refused):
    """The partner is on the list already."""

    code = "partner_trusted_already"
    rule = "MOV-04"

    def __init__(self, enterprise: str, partner: str) -> None:
        super().__init__(
            f"{partner} is on the list of {enterprise} already",
            enterprise=enterprise,
            partner=partner,
        )


class PartnerNotTrusted(Refused):
    """The partner is not on the list."""

    code = "partner_not_trusted"
    rule = "MOV-04"

    def __init__(self, enterprise: str, partner: str) -> None:
        super().__init__(
            f"{partner[:40]} is not on the list of {enterprise[:40]}, so nothing is taken off it",
            enterprise=enterprise[:40],
            partner=partner[:40],
        )


class TrustPartner(Payload, frozen=True):
    """Put *partner* on the list of those whom *enterprise* trusts with transfers."""

    kind: ClassVar[str] = "accounts.trust"
    enterprise: str
    partner: str


class DistrustPartner(Payload, frozen=True):
    """Take *partner* off the list, at once."""

    kind: ClassVar[str] = "accounts.distrust"
    enterprise: str
    partner: str


class SetTransferCeiling(Payload, frozen=True):
    """Let no transfer of *enterprise* move more than *ceiling* minor units; none lifts it."""

    kind: ClassVar[str] = "transfers.set_ceiling"
    enterprise: str
    ceiling: int | None = None


def trust_partner(work: Work, payload: TrustPartner) -> Result:
    """
    List a partner; trust begins some working days later, at the hour that the pack names.

    Refusals in this order: not two registered enterprises, listed already, no delay in the pack.

    Rule: MOV-04.
    """
    require_two(work.memory, payload.enterprise, payload.partner)
    if _listed(work, payload.enterprise, payload.partner) is not None:
        raise PartnerTrusted(payload.enterprise, payload.partner)
    today = day_of(work.now)
    delay = as_int(parameter(work, payload.enterprise, "transfer.trust_delay", on=today))
    hour = as_int(parameter(work, payload.enterprise, "transfer.release_hour", on=today))
    active_at = hour_after(today, delay, hour=hour) if delay else work.now
    work.session.add(
        TrustRow(
            enterprise=payload.enterprise,
            partner=payload.partner,
            added_by=work.sequence,
            active_at=active_at,
        )
    )
    return {"enterprise": payload.enterprise, "partner": payload.partner, "active_at": active_at}


def distrust_partner(work: Work, payload: DistrustPartner) -> Result:
    """Take a partner off the list; what waits goes on waiting. Rule: MOV-04."""
    row = _listed(work, payload.enterprise, payload.partner)
    if row is None:
        raise PartnerNotTrusted(payload.enterprise, payload.partner)
    row.removed_by = work.sequence
    return {"enterprise": payload.enterprise, "partner": payload.partner}


def set_ceiling(work: Work, payload: SetTransferCeiling) -> Result:
    """Set or lift an enterprise's own ceiling of one transfer. Rule: MOV-06."""
    work.memory.cache(Parties).enterprise(payload.enterprise)
    if payload.ceiling is not None:
        require_amount(payload.ceiling)
    work.session.merge(
        TransferCeilingRow(
            enterprise=payload.enterprise, ceiling=payload.ceiling, set_by=work.sequence
        )
    )
    return {"enterprise": payload.enterprise, "ceiling": payload.ceiling}


def is_trusted(work: Work, enterprise: str, partner: str) -> bool:
    """Return whether a transfer to *partner* goes at once; one's own group is always trusted."""
    parties = work.memory.cache(Parties)
    if parties.enterprise(enterprise).owner_group == parties.enterprise(partner).owner_group:
        return True
    row = _listed(work, enterprise, partner)
    return row is not None and row.active_at <= work.now


def _listed(work: Work, enterprise: str, partner: str) -> TrustRow | None:
    return work.session.scalar(
        sa.select(TrustRow).where(
            TrustRow.enterprise == enterprise,
            TrustRow.partner == partner,
            TrustRow.removed_by.is_(None),
        )
    )
