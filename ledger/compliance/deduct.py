"""
Apply what a shortfall cut from the next year: take it back from what is issued, claim the rest.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.settle import take_back
from ledger.command import Payload
from ledger.compliance.tables import DeductionRow
from ledger.districts.budget import flow_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.register import open_asset
from ledger.rows import each_row
from ledger.subject import Result
from ledger.work import Work

APPLIED_MAX = 200
"""How many enterprises one command takes, so that it never keeps the writer for long."""


class DeductionMissing(Refused):
    """Nothing is to be deducted of the enterprise's year, or it was applied before."""

    code = "deduction_missing"
    rule = "CMP-63"

    def __init__(self, enterprise: str, *, year: int) -> None:
        super().__init__(
            f"nothing is left to deduct from the allocation of {enterprise} for {year}",
            enterprise=enterprise,
            year=year,
        )


class TooManyDeducted(Refused):
    """The command names more enterprises than it takes."""

    code = "too_many_deducted"
    rule = "CMP-63"

    def __init__(self, enterprises: int) -> None:
        super().__init__(
            f"{enterprises} enterprises are named; at most {APPLIED_MAX} are taken at a time",
            enterprises=enterprises,
            largest=APPLIED_MAX,
        )


class ApplyDeductions(Payload, frozen=True):
    """Apply the deductions that shortfalls of the year before put on allocations of *year*."""

    kind: ClassVar[str] = "deductions.apply"
    year: int
    enterprises: tuple[str, ...]


def apply_deductions(work: Work, payload: ApplyDeductions) -> Result:
    """
    Take each deduction back from what was issued of the year; what is not there is a due claim.

    Rule: CMP-63, ALC-07.
    """
    if len(payload.enterprises) > APPLIED_MAX:
        raise TooManyDeducted(len(payload.enterprises))
    applied: list[DeductionRow] = []
    each_row(payload.enterprises, lambda each: applied.extend(_apply(work, payload.year, each)))
    return {
        "year": payload.year,
        "taken": sum(row.taken for row in applied),
        "claimed": sum(row.claimed for row in applied),
    }


def _apply(work: Work, year: int, enterprise: str) -> list[DeductionRow]:
    district = work.memory.cache(Parties).enterprise(enterprise).district
    rows = list(
        work.session.scalars(
            sa.select(DeductionRow)
            .where(
                DeductionRow.year == year,
                DeductionRow.enterprise == enterprise,
                DeductionRow.applied_by.is_(None),
            )
            .order_by(DeductionRow.measure)
        )
    )
    if not rows:
        raise DeductionMissing(enterprise, year=year)
    for row in rows:
        asset = open_asset(work, flow_of(district, year=year, measure=row.measure))
        split = take_back(work, enterprise, asset=asset, amount=row.amount, rule="CMP-63")
        row.taken, row.claimed = split.taken_kgce, split.due_claim_kgce
        row.applied_by = work.sequence
    return rows
