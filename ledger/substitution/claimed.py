"""
A claim of freed quota at the stage that a step follows.
"""

from ledger.errors import Refused
from ledger.substitution.tables import FreedClaimRow
from ledger.work import Work


class FreedClaimUnknown(Refused):
    """There is no such claim."""

    code = "freed_claim_unknown"
    rule = "FRQ-50"

    def __init__(self, claim: str) -> None:
        super().__init__(f"there is no claim {claim[:40]}", claim=claim[:40])


class FreedClaimNotReady(Refused):
    """The claim is not at the stage that this step follows."""

    code = "freed_claim_not_ready"
    rule = "FRQ-50"

    def __init__(self, claim: str, *, state: str, needed: str) -> None:
        super().__init__(
            f"claim {claim} is {state}, but this step takes one that is {needed}",
            claim=claim,
            state=state,
            needed=needed,
        )


def claim_in(work: Work, claim: str, *, needed: tuple[str, ...]) -> FreedClaimRow:
    """Return a claim that is in one of the *needed* states. Rule: FRQ-50."""
    row = work.session.get(FreedClaimRow, claim)
    if row is None:
        raise FreedClaimUnknown(claim)
    if row.state not in needed:
        raise FreedClaimNotReady(claim, state=row.state, needed=" or ".join(needed))
    return row
