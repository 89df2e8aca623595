"""
The register of two-high projects and plants: proposed, being built, existing (拟建、在建、存量).

A line keeps what the list and the packs said on the day it was entered; each step names a document.
"""

from datetime import date
from typing import ClassVar, Literal

import msgspec
import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties, require_id
from ledger.post import AmountNotPositive
from ledger.rows import each_row
from ledger.subject import Result
from ledger.substitution.approval import LOCAL, approval_level, guidance_threshold
from ledger.substitution.audit import own_facility
from ledger.substitution.evidence import require_document
from ledger.substitution.industry import industry_on
from ledger.substitution.project import project_of
from ledger.substitution.project_tables import TwoHighRow, TwoHighStepRow
from ledger.substitution.read_terms import Reader
from ledger.work import Work

State = Literal["proposed", "under_construction", "existing"]


class TwoHighExists(Refused):
    """The register has a line of this id."""

    code = "two_high_exists"
    rule = "SUB-62"

    def __init__(self, entry: str) -> None:
        super().__init__(f"the register has a line {entry} already; take another id", entry=entry)


class TwoHighUnknown(Refused):
    """The register has no such line."""

    code = "two_high_unknown"
    rule = "SUB-62"

    def __init__(self, entry: str) -> None:
        super().__init__(f"the register has no line {entry[:40]}", entry=entry[:40])


class ReviewDayPast(Refused):
    """The next review of a line is set on a day that has come."""

    code = "review_day_past"
    rule = "SUB-62"

    def __init__(self, entry: str, *, review_by: date, today: date) -> None:
        super().__init__(
            f"the next review of {entry} is set on {review_by}; a day after {today} is accepted",
            entry=entry,
            review_by=review_by.isoformat(),
            today=today.isoformat(),
        )


class ProjectOfAnother(Refused):
    """A line of the register names a project of another enterprise."""

    code = "project_of_another"
    rule = "SUB-62"

    def __init__(self, entry: str, *, project: str, owner: str) -> None:
        super().__init__(
            f"line {entry} names project {project}, which is {owner}'s; name one of its own",
            entry=entry,
            project=project,
            owner=owner,
        )


class TwoHighLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One project or plant. *energy_kgce* is its use in a year; *facility* and *project* may be empty.

    *adds_capacity* is "no" for an upgrade without more capacity, which is not "new".
    """

    entry: str
    name: str
    enterprise: str
    industry: str
    state: State
    adds_capacity: Literal["yes", "no"]
    energy_kgce: int
    review_by: date
    facility: str = ""
    project: str = ""


class EnterTwoHigh(Payload, frozen=True):
    """Enter projects and plants of one district into the register, by one document."""

    kind: ClassVar[str] = "two_high.enter"
    district: str
    document: str
    rows: tuple[TwoHighLine, ...]


def enter_two_high(work: Work, payload: EnterTwoHigh) -> Result:
    """
    Enter lines with what the list and packs of the district say of them today.

    Rule: SUB-61, SUB-62, SUB-65.
    """
    require_document("the entry", payload.document)
    reader = reader_on(work, payload.district)
    each_row(payload.rows, lambda line: _enter(work, payload, line, reader))
    return {"district": payload.district, "entered": len(payload.rows)}


def _enter(work: Work, payload: EnterTwoHigh, line: TwoHighLine, reader: Reader) -> None:
    _require_enterable(work, line)
    industry = industry_on(work, reader, line.industry)
    is_new = line.adds_capacity == "yes"
    level = approval_level(work, reader, line.industry) if is_new else LOCAL
    is_guided = is_new and guidance_threshold(reader, line.energy_kgce) is not None
    row = TwoHighRow(
        id=line.entry,
        name=line.name,
        enterprise=line.enterprise,
        district=payload.district,
        facility=line.facility,
        project=line.project,
        list_version=industry.version,
        industry=industry.code,
        category=industry.category,
        state=line.state,
        adds_capacity=line.adds_capacity,
        energy_kgce=line.energy_kgce,
        approval=level,
        guidance="yes" if is_guided else "no",
        disposition="",
        document=payload.document,
        review_by=line.review_by.isoformat(),
        entered_by=work.sequence,
    )
    work.session.add(row)
    # No relationship tells the session that steps refer to the line; it is written first.
    work.session.flush()
    note_step(work, row, step="entered", before="", after=row.state, document=payload.document)


def _require_enterable(work: Work, line: TwoHighLine) -> None:
    require_id(line.entry)
    if work.session.get(TwoHighRow, line.entry) is not None:
        raise TwoHighExists(line.entry)
    work.memory.cache(Parties).enterprise(line.enterprise)
    if line.energy_kgce < 0:
        raise AmountNotPositive(line.energy_kgce)
    require_review(work, line.entry, line.review_by)
    if line.facility:
        own_facility(work, facility=line.facility, enterprise=line.enterprise)
    if line.project:
        project = project_of(work, line.project)
        if project.enterprise != line.enterprise:
            raise ProjectOfAnother(line.entry, project=project.id, owner=project.enterprise)


def entry_of(work: Work, entry: str) -> TwoHighRow:
    """Return a line of the register, or refuse one that it does not have. Rule: SUB-62."""
    row = work.session.get(TwoHighRow, entry)
    if row is None:
        raise TwoHighUnknown(entry)
    return row


def reader_on(work: Work, district: str) -> Reader:
    """Return the packs that govern *district* today."""
    pack = work.memory.cache(Parties).district(district).pack
    return Reader(work.memory.cache(Policy), pack, day_of(work.now))


def require_review(work: Work, entry: str, review_by: date) -> None:
    """Refuse a next review on a day that has come. Rule: SUB-62."""
    today = day_of(work.now)
    if review_by <= today:
        raise ReviewDayPast(entry, review_by=review_by, today=today)


def note_step(
    work: Work, row: TwoHighRow, *, step: str, before: str, after: str, document: str
) -> None:
    """Keep one step of a line, with its document and the day of its next review. SUB-62."""
    noted = sa.select(sa.func.count()).where(TwoHighStepRow.sequence == work.sequence)
    work.session.add(
        TwoHighStepRow(
            sequence=work.sequence,
            ordinal=int(work.session.scalar(noted) or 0),
            entry=row.id,
            step=step,
            before=before,
            after=after,
            document=document,
            review_by=row.review_by,
        )
    )
