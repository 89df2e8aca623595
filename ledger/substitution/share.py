"""
Share what a claim frees under an energy-performance contract (合同能源管理).

The parties declare shares that come to one; confirmation gives each a source of its own.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.command import Payload
from ledger.errors import Refused
from ledger.parties.party import Parties, require_id
from ledger.subject import Result
from ledger.substitution.claimed import claim_in
from ledger.substitution.evidence import require_document
from ledger.substitution.file import source_of
from ledger.substitution.reserve_tables import FreedShareRow, FreedWayRow
from ledger.substitution.tables import FreedMeasureRow
from ledger.units import largest_remainder
from ledger.work import Work

_SHARE = re.compile(r"[0-9]{1,9}(/[1-9][0-9]{0,8}|\.[0-9]{1,9})?", re.ASCII)

PARTIES_MAX = 20
"""How many parties one contract may have."""


class SharesWrong(Refused):
    """Declared shares do not come to one, or one of them is no share."""

    code = "freed_shares_wrong"
    rule = "FRQ-77"

    def __init__(self, claim: str, *, total: str) -> None:
        super().__init__(
            f"the shares declared for claim {claim} come to {total}; shares above zero such as "
            "7/10 that come to exactly 1 are accepted",
            claim=claim,
            total=total,
            needed="1",
        )


class ShareParties(Refused):
    """A contract names a party twice, leaves the host out, or has too many or too few."""

    code = "freed_share_parties"
    rule = "FRQ-77"

    def __init__(self, claim: str, *, host: str) -> None:
        super().__init__(
            f"the shares of claim {claim} need its enterprise {host} and from one to "
            f"{PARTIES_MAX - 1} other registered enterprises, each once",
            claim=claim,
            host=host,
        )


class SharesDeclared(Refused):
    """Shares of this claim were declared already."""

    code = "freed_shares_declared"
    rule = "FRQ-77"

    def __init__(self, claim: str, *, contract: str) -> None:
        super().__init__(
            f"shares of claim {claim} were declared by {contract} already",
            claim=claim,
            contract=contract,
        )


class ShareLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one party is to have: a decimal or a fraction such as 7/10."""

    enterprise: str
    share: str


class ShareFreed(Payload, frozen=True):
    """Declare how host and service company share what a claim frees; *contract* is its number."""

    kind: ClassVar[str] = "freed.share"
    claim: str
    contract: str
    shares: tuple[ShareLine, ...]


def share_freed(work: Work, payload: ShareFreed) -> Result:
    """
    Keep the declared shares of a claim that is not confirmed yet.

    Refusals in this order: claim, contract, parties, shares, declared before. Rule: FRQ-77.
    """
    row = claim_in(work, payload.claim, needed=("claimed", "reviewed"))
    require_document("the contract", payload.contract)
    parties = [line.enterprise for line in payload.shares]
    if len(set(parties)) != len(parties) or row.enterprise not in parties:
        raise ShareParties(row.id, host=row.enterprise)
    if not 2 <= len(parties) <= PARTIES_MAX or _is_pooled(work, row.id):
        raise ShareParties(row.id, host=row.enterprise)
    for party in parties:
        work.memory.cache(Parties).enterprise(party)
    shares = [_share(row.id, line.share) for line in payload.shares]
    if sum(shares) != 1:
        raise SharesWrong(row.id, total=str(sum(shares)))
    for measure in measures_of(work, row.id):
        require_id(f"{source_of(row.id, measure)}-A")
    declared = shares_of(work, row.id)
    if declared:
        raise SharesDeclared(row.id, contract=declared[0].contract)
    for ordinal, (party, share) in enumerate(zip(parties, shares, strict=True)):
        work.session.add(
            FreedShareRow(
                claim=row.id,
                ordinal=ordinal,
                enterprise=party,
                share=f"{share.numerator}/{share.denominator}",
                contract=payload.contract,
            )
        )
    return {"claim": row.id, "parties": len(parties)}


def shares_of(work: Work, claim: str) -> list[FreedShareRow]:
    """Return the declared shares of a claim, in the order of the contract."""
    query = sa.select(FreedShareRow).where(FreedShareRow.claim == claim)
    return list(work.session.scalars(query.order_by(FreedShareRow.ordinal)))


def measures_of(work: Work, claim: str) -> list[str]:
    """Return the measures of a claim, in order."""
    query = sa.select(FreedMeasureRow.measure).where(FreedMeasureRow.claim == claim)
    return sorted(work.session.scalars(query))


def parts_of(amount: int, shares: Sequence[FreedShareRow]) -> list[int]:
    """Split *amount* by largest remainder, ties to whoever stands first. Rule: FRQ-77."""
    return largest_remainder([Fraction(row.share) for row in shares], amount)


def _share(claim: str, text: str) -> Fraction:
    share = Fraction(text) if _SHARE.fullmatch(text) else Fraction(0)
    if not 0 < share < 1:
        raise SharesWrong(claim, total=text[:40])
    return share


def _is_pooled(work: Work, claim: str) -> bool:
    way = work.session.get(FreedWayRow, claim)
    return way is not None and way.pool != ""
