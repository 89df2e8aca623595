"""
Collect quota into a reserve (收储): a batch is planned, reviewed by a third party, and decided.

Lots keep what they are: a source that is collected becomes a source of the reserve, with its own
origin and term. What a rating takes from a district's budget goes as annual flow to the store.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec

from ledger.adopt import Policy
from ledger.asset import parse_asset
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.districts.budget import Measure, budget_account, flow_of
from ledger.districts.draw import draw, open_budget, require_headroom
from ledger.districts.rating import district_rating
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties, require_id
from ledger.post import AmountNotPositive
from ledger.register import open_if_new
from ledger.rows import RowsEmpty, each_row
from ledger.subject import Result
from ledger.substitution.batch import (
    BatchNotReady,
    batch_in,
    lots_of_batch,
    require_new_batch,
    total_of,
)
from ledger.substitution.collected import CollectionTerms, LotKind, require_origin
from ledger.substitution.evidence import require_document, require_evidence
from ledger.substitution.holders import RESERVE, SourceExists, source_named
from ledger.substitution.parting import Parting, available_of, part, require_partable
from ledger.substitution.reserve_tables import ReserveBatchRow, ReserveLotRow
from ledger.work import Work

__all__ = [
    "BatchNotReady",
    "DecideBatch",
    "LotLine",
    "PlanBatch",
    "ReviewBatch",
    "decide_batch",
    "plan_batch",
    "review_batch",
]


class LotMalformed(Refused):
    """A lot names neither a source with a new id nor a district with a year, or it names both."""

    code = "reserve_lot_malformed"
    rule = "FRQ-80"

    def __init__(self, lot_kind: str) -> None:
        super().__init__(
            f"a lot of {lot_kind} names a source and the id it takes in the reserve, or a district "
            "and a year; a rating takes from a district, and of coal it states the base",
            lot_kind=lot_kind,
        )


class BodyTooLow(Refused):
    """A batch above the commission's limit is decided by the commission."""

    code = "deciding_body_too_low"
    rule = "FRQ-81"

    def __init__(self, batch: str, *, total_kg: int, body: str, needed: str) -> None:
        super().__init__(
            f"batch {batch} collects {total_kg} kg or kgce of one measure, which the {needed} "
            f"decides and not the {body}: name its document",
            batch=batch,
            total_kg=total_kg,
            body=body,
            needed=needed,
        )


class LotLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One lot: of a *source*, collected as *target*, or of the budget of *district* and *year*.

    *base* is what the share is taken of; left out, it is what the source has, or the budget's cap
    in energy. *amount* is what was decided, where no share is in force or it was agreed.
    """

    lot_kind: LotKind
    measure: Measure
    source: str = ""
    target: str = ""
    district: str = ""
    year: int = 0
    base: int | None = None
    amount: int | None = None


class PlanBatch(Payload, frozen=True):
    """Plan which lots a reserve is to collect; *reserve* is the district whose reserve it is."""

    kind: ClassVar[str] = "reserve.plan_batch"
    batch: str
    reserve: str
    document: str
    lots: tuple[LotLine, ...]


class ReviewBatch(Payload, frozen=True):
    """A third party's review of a batch, on paper and on site; *document* is its number."""

    kind: ClassVar[str] = "reserve.review"
    batch: str
    finding: Literal["upheld", "rejected"]
    document: str
    evidence: str


class DecideBatch(Payload, frozen=True):
    """Decide on a batch: *body* is who did, by *document*."""

    kind: ClassVar[str] = "reserve.decide"
    batch: str
    body: Literal["commission", "government"]
    document: str


def plan_batch(work: Work, payload: PlanBatch) -> Result:
    """
    Work out what is collected of each lot, and who has to decide. Nothing moves.

    Lots of one source, or of one budget, are held against it together.

    Rule: FRQ-80, FRQ-81.
    """
    require_id(payload.batch)
    require_new_batch(work, payload.batch)
    require_document("the plan of a batch", payload.document)
    reserve = work.memory.cache(Parties).district(payload.reserve)
    if not payload.lots:
        raise RowsEmpty
    terms = CollectionTerms(work.memory.cache(Policy), reserve.pack, day_of(work.now))
    lots: list[ReserveLotRow] = []
    each_row(payload.lots, lambda line: lots.append(_lot(work, payload, terms, line, lots)))
    row = ReserveBatchRow(
        id=payload.batch,
        reserve=payload.reserve,
        state="planned",
        body=terms.body(total_of(lots)),
        document=payload.document,
        opinion="",
        opinion_evidence="",
        decision="",
        planned_by=work.sequence,
    )
    work.session.add(row)
    work.session.flush()
    work.session.add_all(lots)
    return {"batch": row.id, "collected": [lot.collected for lot in lots], "body": row.body}


def _lot(
    work: Work,
    payload: PlanBatch,
    terms: CollectionTerms,
    line: LotLine,
    before: Sequence[ReserveLotRow],
) -> ReserveLotRow:
    _require_form(line)
    base = _base(work, line)
    if base <= 0:
        raise AmountNotPositive(base)
    rating = ""
    if line.lot_kind is LotKind.RATING:
        rating = district_rating(work, line.district, line.year)
    found = terms.collected(
        line.source or f"{line.district} {line.year}",
        kind=line.lot_kind,
        measure=line.measure,
        base=base,
        rating=rating,
        decided=line.amount,
    )
    _require_there(work, payload, line, found.amount, before)
    return ReserveLotRow(
        batch=payload.batch,
        ordinal=len(before),
        lot_kind=line.lot_kind.value,
        source=line.source,
        target=line.target,
        district=line.district,
        year=line.year,
        measure=line.measure,
        base=base,
        collected=found.amount,
        sheet=canonical(found.sheet.plain()).decode(),
    )


def _require_form(line: LotLine) -> None:
    is_of_source = bool(line.source and line.target) and not line.district and not line.year
    is_of_budget = bool(line.district and line.year) and not line.source and not line.target
    is_rating = line.lot_kind is LotKind.RATING
    has_base = line.base is not None or line.measure == "energy" or not is_rating
    if not (is_of_source or is_of_budget) or (is_rating and not is_of_budget) or not has_base:
        raise LotMalformed(line.lot_kind.value)
    if is_of_budget and not is_rating and line.base is None:
        raise LotMalformed(line.lot_kind.value)


def _base(work: Work, line: LotLine) -> int:
    if line.source:
        row = source_named(work, line.source)
        asset = parse_asset(row.asset)
        if asset.measure != line.measure:
            raise LotMalformed(line.lot_kind.value)
        require_origin(row.id, kind=line.lot_kind, origin=asset.origin)
        return available_of(work, row) if line.base is None else line.base
    if line.base is not None:
        return line.base
    return open_budget(work, line.district, year=line.year, measure=line.measure).cap


def _require_there(
    work: Work, payload: PlanBatch, line: LotLine, amount: int, before: Sequence[ReserveLotRow]
) -> None:
    """Refuse a lot that its source or budget could not give today beside the lots before it."""
    same = ("source", "district", "year", "measure")
    key = [getattr(line, name) for name in same]
    needed = amount + sum(
        lot.collected for lot in before if [getattr(lot, name) for name in same] == key
    )
    if not line.source:
        row = open_budget(work, line.district, year=line.year, measure=line.measure)
        require_headroom(work.memory, row, needed)
        return
    if any(lot.target == line.target for lot in before):
        raise SourceExists(line.target)
    require_partable(work, _parting(payload.reserve, payload.document, line, needed))


def _parting(reserve: str, document: str, lot: LotLine | ReserveLotRow, amount: int) -> Parting:
    return Parting(lot.source, lot.target, amount, f"{RESERVE}{reserve}", "collection", document)


def review_batch(work: Work, payload: ReviewBatch) -> Result:
    """Record the third party's review: the batch is reviewed, or rejected for good. FRQ-82."""
    row = batch_in(work, payload.batch, needed="planned")
    require_document("the review", payload.document)
    require_evidence(payload.evidence)
    row.state = "reviewed" if payload.finding == "upheld" else "rejected"
    row.opinion, row.opinion_evidence = payload.document, payload.evidence
    return {"batch": row.id, "state": row.state}


def decide_batch(work: Work, payload: DecideBatch) -> Result:
    """
    Collect a reviewed batch: each lot moves into the reserve, all or none.

    Refusals in this order: stage, document, who decides, then of each lot what it has.

    Rule: FRQ-81, FRQ-82.
    """
    row = batch_in(work, payload.batch, needed="reviewed")
    require_document("the decision on a batch", payload.document)
    lots = lots_of_batch(work, row.id)
    if row.body == "government" and payload.body != "government":
        raise BodyTooLow(
            row.id, total_kg=total_of(lots), body=payload.body, needed="provincial government"
        )
    each_row(lots, lambda lot: _collect(work, row, lot, payload.document))
    row.state, row.decision, row.body = "decided", payload.document, payload.body
    row.decided_by = work.sequence
    collected = [lot.collected for lot in lots]
    work.publish("reserve", {"batch": row.id, "reserve": row.reserve, "collected": collected})
    return {"batch": row.id, "collected": collected}


def _collect(work: Work, row: ReserveBatchRow, lot: ReserveLotRow, document: str) -> None:
    if lot.source:
        parting = _parting(row.reserve, document, lot, lot.collected)
        part(work, parting, EntryCode.COLLECTION, "FRQ-82")
        return
    budget = open_budget(work, lot.district, year=lot.year, measure=lot.measure)
    require_headroom(work.memory, budget, lot.collected)
    posting = Posting(
        budget_account(lot.district),
        open_if_new(work, f"district:{row.reserve}:stored").address,
        flow_of(lot.district, year=lot.year, measure=lot.measure).code,
        lot.collected,
    )
    draw(work, budget, Entry(EntryCode.COLLECTION, "FRQ-82", (posting,)))
