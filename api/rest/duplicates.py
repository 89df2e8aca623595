"""
Duplicates: what may count twice, what officers found, and the claims made elsewhere it rests on.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read import coordination as reading
from api.read.duplicates import report_of
from api.rest.fields import Amount, Count, Flag, Words
from api.rest.resource import Resource, page, snapshot, submit
from api.rest.shapes import item_of
from ledger.coordination.dispose import DisposeDuplicate
from ledger.coordination.outside import RecordMarks, RecordOutside, WithdrawOutside
from ledger.coordination.tables import DispositionRow, FacilityMarkRow, OutsideClaimRow
from ledger.substitution.in_bulk import ClaimClosures, ClaimRetrofits, RegisterProjects

doubled = Resource("duplicates", __name__, "Duplicates: what may count twice, and what was found")

OutsideClaim = item_of(OutsideClaimRow)
FacilityMark = item_of(FacilityMarkRow)
Disposition = item_of(DispositionRow)
RecordMeasure = ma.Schema.from_dict(
    {"measure": Words(), "amount": Amount()}, name="DuplicateMeasure"
)
RecordSide = ma.Schema.from_dict(
    {
        **{name: Words() for name in ("key", "scheme", "district", "holder", "credit_code")},
        **{name: Words() for name in ("facility", "facility_name", "address", "equipment")},
        **{name: Words() for name in ("evidence", "decision", "first_day", "last_day")},
        "measures": ma.fields.List(ma.fields.Nested(RecordMeasure)),
    },
    name="DuplicateSide",
)
Pair = ma.Schema.from_dict(
    {
        "first": ma.fields.Nested(RecordSide),
        "second": ma.fields.Nested(RecordSide),
        "is_exact": Flag(),
        "score_points": ma.fields.Integer(),
        "reasons": ma.fields.List(Words()),
        "finding": Words(),
        "reason": Words(),
        "disposed_by": Count(allow_none=True),
    },
    name="DuplicatePair",
)
Report = ma.Schema.from_dict(
    {
        **{f"{name}_count": Count() for name in ("records", "exact", "near", "waiting")},
        "pairs": ma.fields.List(ma.fields.Nested(Pair)),
    },
    name="DuplicateReport",
)


@doubled.get("/duplicates")
@doubled.shows(Report)
def report() -> Any:
    """Show what may count twice, exact matches that nobody judged first."""
    with snapshot() as connection:
        return report_of(connection, seen())


@doubled.get("/duplicate-dispositions")
@doubled.lists(Disposition)
def dispositions(asked: Mapping[str, Any]) -> Any:
    """List what officers found of matches, replaced findings too."""
    keys = [DispositionRow.first, DispositionRow.second, DispositionRow.disposed_by]
    return page(reading.dispositions(seen()), asked, keys)


@doubled.post("/duplicate-dispositions")
@doubled.takes(DisposeDuplicate)
def dispose(document: Mapping[str, Any]) -> Any:
    """Judge whether two records are the same reduction or different ones."""
    return submit(DisposeDuplicate, document)


@doubled.get("/outside-claims")
@doubled.lists(OutsideClaim, scheme=Words, state=Words, facility=Words)
def outside_claims(asked: Mapping[str, Any]) -> Any:
    """List claims made elsewhere."""
    return page(reading.outside_claims(seen(), asked), asked, [OutsideClaimRow.id])


@doubled.post("/outside-claims")
@doubled.takes(RecordOutside, bulk=True)
def record_outside(document: Mapping[str, Any]) -> Any:
    """Record claims made elsewhere, all or none."""
    return submit(RecordOutside, document)


@doubled.post("/outside-claims/<claim>/withdrawal")
@doubled.takes(WithdrawOutside, path=("claim",))
def withdraw_outside(document: Mapping[str, Any], claim: str) -> Any:
    """Withdraw a claim made elsewhere; it matches nothing any more."""
    return submit(WithdrawOutside, {**document, "claim": claim})


@doubled.get("/facility-marks")
@doubled.lists(FacilityMark, facility=Words)
def marks(asked: Mapping[str, Any]) -> Any:
    """List addresses and equipment numbers of facilities."""
    return page(reading.marks(seen(), asked), asked, [FacilityMarkRow.facility])


@doubled.post("/facility-marks")
@doubled.takes(RecordMarks, bulk=True)
def record_marks(document: Mapping[str, Any]) -> Any:
    """Record addresses and equipment numbers of facilities, all or none."""
    return submit(RecordMarks, document)


@doubled.post("/freed-claims/closures/batch")
@doubled.takes(ClaimClosures, bulk=True)
def claim_closures(document: Mapping[str, Any]) -> Any:
    """Claim the quota freed by closing facilities, all or none."""
    return submit(ClaimClosures, document)


@doubled.post("/freed-claims/retrofits/batch")
@doubled.takes(ClaimRetrofits, bulk=True)
def claim_retrofits(document: Mapping[str, Any]) -> Any:
    """Claim the quota freed by audited works, all or none."""
    return submit(ClaimRetrofits, document)


@doubled.post("/projects/batch")
@doubled.takes(RegisterProjects, bulk=True)
def register_projects(document: Mapping[str, Any]) -> Any:
    """Register projects with what they add, all or none."""
    return submit(RegisterProjects, document)
