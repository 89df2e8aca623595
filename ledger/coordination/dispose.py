"""
Judge whether two records that look alike are one reduction or two.
"""

from typing import ClassVar, Literal

from ledger.command import Payload
from ledger.coordination.records import district_of, is_known
from ledger.coordination.tables import DispositionRow
from ledger.errors import Refused
from ledger.subject import ANYWHERE, Result
from ledger.work import Work


class MatchUnknown(Refused):
    """Two records that are to be judged are not two, or one of them is not there."""

    code = "duplicate_pair_unknown"
    rule = "CRD-03"

    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            f"{first[:60]} and {second[:60]} are no two records of this ledger; name each as the "
            "report does, such as claim:S1 and outside:O1",
            first=first[:60],
            second=second[:60],
        )


class ReasonEmpty(Refused):
    """A finding has no reason."""

    code = "finding_reason_missing"
    rule = "CRD-03"

    def __init__(self) -> None:
        super().__init__("a finding needs its reason; say what was looked at")


class DisposeDuplicate(Payload, frozen=True):
    """Judge whether two records are the *same* reduction or *different* ones, with a reason."""

    kind: ClassVar[str] = "duplicates.dispose"
    first: str
    second: str
    finding: Literal["same", "different"]
    reason: str


def dispose_duplicate(work: Work, payload: DisposeDuplicate) -> Result:
    """Keep a finding; a later one counts instead, and the earlier one stays. Rule: CRD-03."""
    first, second = sorted((payload.first, payload.second))
    work.require_keys(first, second)
    connection = work.session.connection()
    if first == second or not all(is_known(connection, key) for key in (first, second)):
        raise MatchUnknown(first, second)
    if not payload.reason.strip():
        raise ReasonEmpty
    work.session.add(
        DispositionRow(
            first=first,
            second=second,
            disposed_by=work.sequence,
            finding=payload.finding,
            reason=payload.reason,
        )
    )
    return {"first": first, "second": second, "finding": payload.finding}


def scope_of_match(work: Work, payload: DisposeDuplicate) -> str:
    """Return the district both records lie in; a match across districts is the city's. CRD-03."""
    connection = work.session.connection()
    places = {district_of(connection, key) for key in (payload.first, payload.second)} - {""}
    return f"district:{places.pop()}" if len(places) == 1 else ANYWHERE
