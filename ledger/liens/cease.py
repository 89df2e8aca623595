"""
Close an enterprise (关停): its allocation ends, and what it has not used of the year flows back.

What becomes of its entitlement is decided on a claim of freed quota, not here.
"""

from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.allocation.allocate import require_document
from ledger.allocation.cut import claw_back_flow, issued_flow
from ledger.allocation.ended import require_lasting
from ledger.allocation.tables import AllocationRow
from ledger.command import Payload
from ledger.districts.budget import Measure
from ledger.errors import Refused
from ledger.liens.change import drop_plans, keep_change, require_free
from ledger.parties.party import Parties
from ledger.subject import Result
from ledger.work import Work


class UseNotStated(Refused):
    """A year's use of an enterprise that closes is not stated, or is below zero."""

    code = "use_not_stated"
    rule = "CHG-08"

    def __init__(self, enterprise: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"state what {enterprise} used of its {measure} allocation of {year}, from 0 up",
            enterprise=enterprise,
            year=year,
            measure=measure,
        )


class Used(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was used of one year and measure, in kgce or kg of coal."""

    year: int
    measure: Measure
    amount: int


class CeaseEnterprise(Payload, frozen=True):
    """
    Close *enterprise* by the decision *document*.

    *used* states its use of every year that was issued and is not trued up.
    """

    kind: ClassVar[str] = "enterprises.cease"
    enterprise: str
    document: str
    used: tuple[Used, ...] = ()


def cease_enterprise(work: Work, payload: CeaseEnterprise) -> Result:
    """
    Take back what was issued beyond the use that is stated, and end the enterprise.

    Restricted units go first, then free ones; what was sold is a due claim. Checks in this order:
    document, lasting, free of orders and liens, use stated. Rule: CHG-01, CHG-02, CHG-08, ALC-07.
    """
    require_document(payload.document)
    enterprise = work.memory.cache(Parties).enterprise(payload.enterprise).id
    require_lasting(work, enterprise)
    require_free(work, enterprise)
    used = {(one.year, one.measure): one.amount for one in payload.used}
    taken = claimed = 0
    for year, measure in _open_years(work, enterprise):
        amount = used.get((year, measure), -1)  # type: ignore[arg-type]
        if amount < 0:
            raise UseNotStated(enterprise, year=year, measure=measure)
        unused = issued_flow(work, enterprise, measure=measure, year=year) - amount
        if unused > 0:
            split = claw_back_flow(
                work, enterprise, measure=measure, year=year, amount=unused, rule="CHG-08"
            )
            taken += split.taken_kgce
            claimed += split.due_claim_kgce
    result = {
        "enterprise": enterprise,
        "returned": taken,
        "claimed": claimed,
        "plans_dropped_count": drop_plans(work, enterprise),
    }
    keep_change(work, "cease", enterprise, document=payload.document)
    work.publish("enterprises.ceased", {"document": payload.document, **result})
    return result


def _open_years(work: Work, enterprise: str) -> list[tuple[int, str]]:
    """Return the years and measures that were issued and not trued up, oldest first."""
    query = (
        sa.select(AllocationRow.year, AllocationRow.measure)
        .where(AllocationRow.enterprise == enterprise, AllocationRow.state == "issued")
        .distinct()
    )
    return sorted((int(year), str(measure)) for year, measure in work.session.execute(query))
