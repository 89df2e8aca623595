"""
Batches of a reserve as they are kept: found by id, at the stage that a step follows.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from ledger.errors import Refused
from ledger.substitution.reserve_tables import ReserveBatchRow, ReserveLotRow
from ledger.work import Work


class BatchUnknown(Refused):
    """There is no such batch."""

    code = "reserve_batch_unknown"
    rule = "FRQ-82"

    def __init__(self, batch: str) -> None:
        super().__init__(f"there is no batch {batch[:40]}; plan it first", batch=batch[:40])


class BatchExists(Refused):
    """A batch of this id was planned already."""

    code = "reserve_batch_exists"
    rule = "FRQ-82"

    def __init__(self, batch: str) -> None:
        super().__init__(f"batch {batch} was planned already; choose a new id", batch=batch)


class BatchNotReady(Refused):
    """The batch is not at the stage that this step follows."""

    code = "reserve_batch_not_ready"
    rule = "FRQ-82"

    def __init__(self, batch: str, *, state: str, needed: str) -> None:
        super().__init__(
            f"batch {batch} is {state}, but this step takes one that is {needed}",
            batch=batch,
            state=state,
            needed=needed,
        )


def require_new_batch(work: Work, batch: str) -> None:
    """Refuse the id of a batch that is there. Rule: FRQ-82."""
    if work.session.get(ReserveBatchRow, batch) is not None:
        raise BatchExists(batch)


def batch_in(work: Work, batch: str, *, needed: str) -> ReserveBatchRow:
    """Return a batch that is at the stage *needed*. Rule: FRQ-82."""
    row = work.session.get(ReserveBatchRow, batch)
    if row is None:
        raise BatchUnknown(batch)
    if row.state != needed:
        raise BatchNotReady(batch, state=row.state, needed=needed)
    return row


def lots_of_batch(work: Work, batch: str) -> list[ReserveLotRow]:
    """Return the lots of a batch in the order of its plan."""
    query = sa.select(ReserveLotRow).where(ReserveLotRow.batch == batch)
    return list(work.session.scalars(query.order_by(ReserveLotRow.ordinal)))


def total_of(lots: Sequence[ReserveLotRow]) -> int:
    """
    Return what a batch collects of that measure of which it collects most, in kg or kgce.

    Tonnes of coal and of coal equivalent are never added. Rule: FRQ-81.
    """
    totals: dict[str, int] = {}
    for lot in lots:
        totals[lot.measure] = totals.get(lot.measure, 0) + lot.collected
    return max(totals.values())
