"""
Order a project that misses a mandatory limit to put it right by a day, and find it put right.

Qingdao: 对不符合强制性能耗限额和能效标准的项目限期改造提升.
"""

from datetime import date
from typing import ClassVar

from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import require_id
from ledger.subject import Result
from ledger.substitution.evidence import require_document, require_evidence, require_past
from ledger.substitution.project import project_of, require_stage
from ledger.substitution.project_tables import RectificationRow
from ledger.work import Work


class RectificationExists(Refused):
    """An order of this id was given."""

    code = "rectification_exists"
    rule = "SUB-75"

    def __init__(self, rectification: str) -> None:
        super().__init__(
            f"order {rectification} was given already; a new one takes a new id",
            rectification=rectification,
        )


class RectificationUnknown(Refused):
    """There is no such order, or it has been found carried out."""

    code = "rectification_unknown"
    rule = "SUB-75"

    def __init__(self, rectification: str) -> None:
        super().__init__(f"no order {rectification[:40]} is open", rectification=rectification[:40])


class DeadlinePast(Refused):
    """An order is to be carried out by a day that has come."""

    code = "rectification_deadline_past"
    rule = "SUB-75"

    def __init__(self, rectification: str, *, deadline: date, today: date) -> None:
        super().__init__(
            f"order {rectification} is to be carried out by {deadline}; a day after {today} is "
            "accepted",
            rectification=rectification,
            deadline=deadline.isoformat(),
            today=today.isoformat(),
        )


class OrderRectification(Payload, frozen=True):
    """
    Order a project to meet a limit by *deadline*.

    *limit* names the limit, *allowed* and *found* are its figures as the document has them.
    """

    kind: ClassVar[str] = "projects.rectify"
    project: str
    rectification: str
    limit: str
    allowed: str
    found: str
    deadline: date
    document: str


class FindRectified(Payload, frozen=True):
    """Find that an order was carried out, by a document whose hash is *evidence*."""

    kind: ClassVar[str] = "projects.rectified"
    project: str
    rectification: str
    done_on: date
    document: str
    evidence: str


def order_rectification(work: Work, payload: OrderRectification) -> Result:
    """Keep a dated order to an accepted or running project. Rule: SUB-75."""
    row = project_of(work, payload.project)
    require_stage(work, row, "accepted", "commissioned", "closed")
    require_id(payload.rectification)
    if work.session.get(RectificationRow, payload.rectification) is not None:
        raise RectificationExists(payload.rectification)
    require_document("the limit of the order", payload.limit)
    require_document("the order", payload.document)
    today = day_of(work.now)
    if payload.deadline <= today:
        raise DeadlinePast(payload.rectification, deadline=payload.deadline, today=today)
    work.session.add(
        RectificationRow(
            id=payload.rectification,
            project=row.id,
            limit_name=payload.limit,
            allowed=payload.allowed,
            found=payload.found,
            deadline=payload.deadline.isoformat(),
            document=payload.document,
            ordered_by=work.sequence,
            done_on="",
            done_document="",
            done_evidence="",
        )
    )
    return {"project": row.id, "rectification": payload.rectification}


def find_rectified(work: Work, payload: FindRectified) -> Result:
    """Close an open order of the project; done after its deadline it stays late. Rule: SUB-75."""
    row = work.session.get(RectificationRow, payload.rectification)
    if row is None or row.project != payload.project or row.done_on:
        raise RectificationUnknown(payload.rectification)
    require_past("the rectification", payload.done_on, today=day_of(work.now))
    require_document("the finding", payload.document)
    require_evidence(payload.evidence)
    row.done_on, row.done_document = payload.done_on.isoformat(), payload.document
    row.done_evidence, row.done_by = payload.evidence, work.sequence
    return {"rectification": row.id, "is_late": "yes" if row.done_on > row.deadline else "no"}
