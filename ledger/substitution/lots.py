"""
Into which lots a confirmation puts an amount, and who holds each.
"""

from dataclasses import dataclass

from ledger.substitution.holders import RESERVE
from ledger.substitution.reserve_tables import FreedWayRow, SourceHolderRow
from ledger.substitution.share import parts_of, shares_of
from ledger.substitution.tables import FreedClaimRow
from ledger.work import Work

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Lot:
    """One source to be: its id, its amount, and its holder where that is not the claimant."""

    source: str
    amount: int
    holder: str = ""
    cause: str = ""
    document: str = ""


def lots_of(work: Work, row: FreedClaimRow, *, source: str, amount: int) -> list[Lot]:
    """
    Return the lots of one measure: one, or one a party of the contract that is to have any.

    Parties have S12-ENERGY-A, S12-ENERGY-B in the order of their contract. Rule: FRQ-55, FRQ-77.
    """
    shares = shares_of(work, row.id)
    if shares:
        return [
            Lot(f"{source}-{letter}", part, share.enterprise, "share", share.contract)
            for letter, share, part in zip(LETTERS, shares, parts_of(amount, shares), strict=False)
            if part
        ]
    way = work.session.get(FreedWayRow, row.id)
    if way is not None and way.pool:
        return [Lot(source, amount, f"{RESERVE}{way.pool}", "pool", way.document)]
    return [Lot(source, amount)]


def keep_holders(work: Work, row: FreedClaimRow, lots: list[Lot]) -> None:
    """Keep who holds each lot that the claimant does not hold by its claim alone."""
    work.session.flush()
    for lot in lots:
        if lot.holder:
            work.session.add(
                SourceHolderRow(
                    source=lot.source,
                    holder=lot.holder,
                    parent="",
                    cause=lot.cause,
                    document=lot.document,
                    opened_by=work.sequence,
                )
            )


def way_of(work: Work, row: FreedClaimRow) -> str:
    """Return how a claim came free, by its most particular word."""
    way = work.session.get(FreedWayRow, row.id)
    return row.method if way is None else way.way
