"""
Object to a figure (异议), look at it again (复核), and decide: filed, under review, decided.

An objection names the check code of the sheet it is about, so that both sides speak of one figure.
"""

import re
from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.objection_tables import AllocationNoticeRow, ObjectionRow
from ledger.allocation.sheet import Stage, code_of
from ledger.allocation.tables import AllocationRow
from ledger.command import Payload
from ledger.days import day_of
from ledger.districts.budget import Measure
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.work import Work

REASONS_MAX = 2_000

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class FigureNotNotified(Refused):
    """The figure objected to was never notified, or there is none."""

    code = "figure_not_notified"
    rule = "ALC-92"

    def __init__(self, enterprise: str, *, year: int, measure: str, stage: str) -> None:
        super().__init__(
            f"no {stage} {measure} figure of {enterprise} for {year} has been notified: an "
            "objection answers a notice",
            enterprise=enterprise,
            year=year,
            measure=measure,
            stage=stage,
        )


class ObjectionLate(Refused):
    """The last day for objections has passed."""

    code = "objection_late"
    rule = "ALC-92"

    def __init__(self, enterprise: str, *, last_day: str, today: str) -> None:
        super().__init__(
            f"objections of {enterprise} were possible until {last_day}; today is {today}",
            enterprise=enterprise,
            last_day=last_day,
            today=today,
        )


class SheetOther(Refused):
    """The objection names another sheet than the one that stands."""

    code = "sheet_other"
    rule = "ALC-92"

    def __init__(self, named: str, *, standing: str) -> None:
        super().__init__(
            f"the sheet that stands has the check code {standing[:12]}…, not {named[:12]}…: "
            "download it and look again",
            named=named[:64],
            standing=standing,
        )


class ObjectionUnreasoned(Refused):
    """An objection or its decision gives no reasons, or its evidence no hash."""

    code = "objection_unreasoned"
    rule = "ALC-92"

    def __init__(self, field: str, *, length: int) -> None:
        super().__init__(
            f"{field} is missing or malformed: reasons have 1 to {REASONS_MAX} characters, a hash "
            "of evidence is 64 hex digits or empty",
            field=field,
            length=length,
            largest=REASONS_MAX,
        )


class ObjectionOpen(Refused):
    """A figure is objected to, and the objection is not decided yet."""

    code = "objection_open"
    rule = "ALC-93"

    def __init__(self, enterprise: str, objection: int) -> None:
        super().__init__(
            f"objection {objection} of {enterprise} is open: decide it first",
            enterprise=enterprise,
            objection=objection,
        )


class ObjectionUnknown(Refused):
    """No objection has this number."""

    code = "objection_unknown"
    rule = "ALC-92"

    def __init__(self, objection: int) -> None:
        super().__init__(f"there is no objection {objection}", objection=objection)


class ObjectionElsewhere(Refused):
    """An objection is in another state than this step needs."""

    code = "objection_elsewhere"
    rule = "ALC-93"

    def __init__(self, row: ObjectionRow, *, needed: str) -> None:
        super().__init__(
            f"objection {row.sequence} is {row.state}, and this step needs it {needed}",
            objection=row.sequence,
            state=row.state,
            needed=needed,
        )


class FileObjection(Payload, frozen=True):
    """Object to the figure that the sheet with *sheet_code* explains."""

    kind: ClassVar[str] = "objections.file"
    enterprise: str
    year: int
    measure: Measure
    stage: Stage
    sheet_code: str
    reasons: str
    evidence_hash: str = ""
    product: str = ""


class ReviewObjection(Payload, frozen=True):
    """Take an objection up for review; *objection* is the number it was filed under."""

    kind: ClassVar[str] = "objections.review"
    objection: int


def file_objection(work: Work, payload: FileObjection) -> Result:
    """
    File an objection within the time of the newest notice.

    Checks in this order: figure and notice, time, sheet, reasons and evidence, no other open one
    to the same figure. Rule: ALC-92.
    """
    enterprise = work.memory.cache(Parties).enterprise(payload.enterprise)
    row = _figure(work, payload)
    notice = _notice(work, row, payload)
    today = day_of(work.now).isoformat()
    if today > notice.last_day:
        raise ObjectionLate(enterprise.id, last_day=notice.last_day, today=today)
    standing = code_of(row, payload.stage)
    if payload.sheet_code != standing:
        raise SheetOther(payload.sheet_code, standing=standing)
    require_reasons("reasons", payload.reasons)
    if payload.evidence_hash and not _HASH.fullmatch(payload.evidence_hash):
        raise ObjectionUnreasoned("evidence_hash", length=len(payload.evidence_hash))
    _require_only(work, row, payload.stage)
    work.session.add(_filed(work, payload, row, notice, today))
    result = {"objection": work.sequence, "last_day": notice.last_day}
    work.publish("objections.filed", {"enterprise": row.enterprise, "year": row.year, **result})
    return result


def _figure(work: Work, payload: FileObjection) -> AllocationRow:
    work.require_keys(payload.product)
    key = (payload.year, payload.measure, payload.enterprise, payload.product)
    row = work.session.get(AllocationRow, key)
    if row is None or not code_of(row, payload.stage):
        raise _not_notified(payload)
    return row


def _notice(work: Work, row: AllocationRow, payload: FileObjection) -> AllocationNoticeRow:
    """Return the newest notice of a figure, which must have come after the figure was made."""
    made_by = row.planned_by if payload.stage == "planned" else row.final_by or 0
    notice = work.session.scalars(
        sa.select(AllocationNoticeRow)
        .where(
            AllocationNoticeRow.district == row.district,
            AllocationNoticeRow.year == row.year,
            AllocationNoticeRow.measure == row.measure,
            AllocationNoticeRow.stage == payload.stage,
            AllocationNoticeRow.sequence > made_by,
        )
        .order_by(AllocationNoticeRow.sequence.desc())
    ).first()
    if notice is None:
        raise _not_notified(payload)
    return notice


def _not_notified(payload: FileObjection) -> FigureNotNotified:
    return FigureNotNotified(
        payload.enterprise, year=payload.year, measure=payload.measure, stage=payload.stage
    )


def _require_only(work: Work, row: AllocationRow, stage: str) -> None:
    for other in open_objections(work, row.district, year=row.year, measure=row.measure):
        if (other.enterprise, other.product, other.stage) == (row.enterprise, row.product, stage):
            raise ObjectionOpen(row.enterprise, other.sequence)


def require_reasons(field: str, text: str) -> None:
    """Refuse reasons that are empty or too long. Rule: ALC-92."""
    if not text.strip() or len(text) > REASONS_MAX:
        raise ObjectionUnreasoned(field, length=len(text.strip()))


def _filed(
    work: Work,
    payload: FileObjection,
    row: AllocationRow,
    notice: AllocationNoticeRow,
    today: str,
) -> ObjectionRow:
    return ObjectionRow(
        sequence=work.sequence,
        enterprise=row.enterprise,
        district=row.district,
        year=row.year,
        measure=row.measure,
        product=row.product,
        stage=payload.stage,
        notice=notice.sequence,
        sheet_code=payload.sheet_code,
        reasons=payload.reasons,
        evidence_hash=payload.evidence_hash,
        filed_on=today,
        state="filed",
        reviewer="",
        reviewed_by=None,
        outcome="",
        answer="",
        document="",
        corrected_code="",
        decided_on="",
        decided_by=None,
    )


def review_objection(work: Work, payload: ReviewObjection) -> Result:
    """Take a filed objection up; whoever does is its reviewer. Rule: ALC-93."""
    row = objection_of(work, payload.objection)
    if row.state != "filed":
        raise ObjectionElsewhere(row, needed="filed")
    row.state, row.reviewer, row.reviewed_by = "under_review", work.actor, work.sequence
    return {"objection": row.sequence, "state": row.state}


def objection_of(work: Work, number: int) -> ObjectionRow:
    """Return the objection of this number, or refuse. Rule: ALC-92."""
    row = work.session.get(ObjectionRow, number)
    if row is None:
        raise ObjectionUnknown(number)
    return row


def open_objections(work: Work, district: str, *, year: int, measure: str) -> list[ObjectionRow]:
    """Return the objections of a district, year and measure that wait for a decision, in order."""
    rows = work.session.scalars(
        sa.select(ObjectionRow)
        .where(
            ObjectionRow.district == district,
            ObjectionRow.year == year,
            ObjectionRow.measure == measure,
            ObjectionRow.state != "decided",
        )
        .order_by(ObjectionRow.sequence)
    )
    return list(rows)


def scope_of_objection(work: Work, objection: int) -> str:
    """Return whose affairs an objection is: its district's, or the whole ledger's if unknown."""
    row = work.session.get(ObjectionRow, objection)
    return ANYWHERE if row is None else f"district:{row.district}"


def _own(work: Work, payload: FileObjection) -> str:
    return f"enterprise:{work.memory.cache(Parties).enterprise(payload.enterprise).id}"


def _of_objection(work: Work, payload: ReviewObjection) -> str:
    return scope_of_objection(work, payload.objection)


_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

OBJECTION_HANDLERS = (
    Handler(
        FileObjection,
        file_objection,
        makers=frozenset({Role.ENTERPRISE_COMPLIANCE}),
        scope=_own,
    ),
    Handler(ReviewObjection, review_objection, makers=_DISTRICT, scope=_of_objection),
)
