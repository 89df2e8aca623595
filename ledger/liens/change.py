"""
What all changes of enterprises share: nothing of others may stand open, and what follows a party.

Whoever takes over gets what the other had and owed, of the last year and of the running one. Meters
and reports stay with whoever measured: an obligation that is computed later follows by the same
command, given again.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ledger.allocation.change_tables import EnterpriseChangeRow
from ledger.allocation.objection_tables import ObjectionRow
from ledger.allocation.tables import AllocationRow, HistoryRow
from ledger.chart import of_enterprise
from ledger.compliance.book import Book, Standing
from ledger.compliance.keep import put_standing
from ledger.days import day_of
from ledger.errors import Refused
from ledger.liens.tables import FreezeRow, LeaseRow, PledgeRow
from ledger.work import Work

TIED = ("held", "cash_held", "bought", "pledged", "frozen", "leased")
"""Accounts that must be empty: others have a right in what is there, or it is not settled yet."""

TAKEN = ("holding", "entitlement", "cash")
"""Accounts whose units follow; pre-issued ones stay until true-up has set them free."""

Amounts = dict[tuple[str, str], int]


class EnterpriseTied(Refused):
    """Orders, pledges, leases or freezes of the enterprise are open."""

    code = "enterprise_tied"
    rule = "CHG-02"

    def __init__(self, enterprise: str, *, ties: str) -> None:
        super().__init__(
            f"{enterprise} is not free: {ties}. Cancel orders and end these first",
            enterprise=enterprise,
            ties=ties,
        )


class ChangePartyUnfit(Refused):
    """The other party of a change is the same enterprise, or lies where it cannot be one."""

    code = "change_party_unfit"
    rule = "CHG-03"

    def __init__(self, enterprise: str, other: str, *, problem: str) -> None:
        super().__init__(
            f"{other} cannot take over from {enterprise}: {problem}",
            enterprise=enterprise,
            other=other,
            problem=problem,
        )


class ObligationPending(Refused):
    """One side's obligation of a year is computed and the other's is not."""

    code = "obligation_pending"
    rule = "CHG-04"

    def __init__(self, enterprise: str, *, year: int) -> None:
        super().__init__(
            f"the obligation of {enterprise} for {year} is not computed yet: compute it first, or "
            "the two cannot be added",
            enterprise=enterprise,
            year=year,
        )


def require_free(work: Work, enterprise: str) -> None:
    """Refuse while anything of an enterprise is bound to others, naming all of it. Rule: CHG-02."""
    addresses = [of_enterprise(enterprise, purpose) for purpose in TIED]
    ties = [
        f"{amount} of {asset} in {address}"
        for (address, asset), amount in work.memory.holdings(addresses).items()
    ]
    ties += _liens(work, enterprise)
    if ties:
        raise EnterpriseTied(enterprise, ties="; ".join(ties))


def _liens(work: Work, enterprise: str) -> Iterable[str]:
    named: dict[str, sa.Select[Any]] = {
        "lease": sa.select(LeaseRow.id).where(
            sa.or_(LeaseRow.lessor == enterprise, LeaseRow.lessee == enterprise),
            LeaseRow.state.in_(("offered", "running", "short")),
        ),
        "pledge": sa.select(PledgeRow.id).where(
            sa.or_(PledgeRow.pledgor == enterprise, PledgeRow.pledgee == enterprise),
            PledgeRow.state.in_(("offered", "active")),
        ),
        "freeze": sa.select(FreezeRow.id).where(
            FreezeRow.enterprise == enterprise, FreezeRow.state.in_(("waiting", "active"))
        ),
        "objection": sa.select(ObjectionRow.sequence).where(
            ObjectionRow.enterprise == enterprise, ObjectionRow.state != "decided"
        ),
    }
    for what, query in named.items():
        for lien in sorted(work.session.scalars(query)):
            yield f"{what} {lien}"


def keep_change(
    work: Work,
    step: str,
    enterprise: str,
    *,
    document: str,
    other: str = "",
    share: str = "",
    ordinal: int = 0,
) -> None:
    """Write down one change of an enterprise, effective on the day it is decided."""
    work.session.add(
        EnterpriseChangeRow(
            sequence=work.sequence,
            ordinal=ordinal,
            step=step,
            enterprise=enterprise,
            other=other,
            share=share,
            effective_on=day_of(work.now).isoformat(),
            document=document,
        )
    )


def drop_plans(work: Work, enterprise: str) -> int:
    """Take back the planned rows of an enterprise, which had no effect; return how many."""
    rows = work.session.scalars(
        sa.select(AllocationRow).where(
            AllocationRow.enterprise == enterprise, AllocationRow.state == "planned"
        )
    ).all()
    for row in rows:
        work.session.delete(row)
    return len(rows)


def standings_of(work: Work, enterprise: str) -> list[Standing]:
    """Return the standings of an enterprise that are neither closed nor empty, oldest first."""
    book = work.memory.cache(Book)
    return [
        standing
        for _, of_year in sorted(book.standings.items())
        for (owner, _), standing in sorted(of_year.items())
        if owner == enterprise
        and not standing.is_closed
        and (standing.owed or standing.surrendered or standing.recovered)
    ]


def empty_standing(work: Work, standing: Standing) -> None:
    """Let a standing that others took over say nothing any more."""
    put_standing(work, replace(standing, owed=0, surrendered=0, recovered=0))


def add_standing(
    work: Work, standing: Standing, successor: str, *, owed: int, surrendered: int, recovered: int
) -> None:
    """
    Add what is owed and was handed over to a successor's standing of the same year and measure.

    Refused where the successor's own obligation of that year is not computed. Rule: CHG-04.
    """
    book = work.memory.cache(Book)
    own = book.standing(standing.compliance_year, successor, standing.measure)
    if own is None or own.is_closed:
        raise ObligationPending(successor, year=standing.compliance_year)
    put_standing(
        work,
        replace(
            own,
            owed=own.owed + owed,
            surrendered=own.surrendered + surrendered,
            recovered=own.recovered + recovered,
        ),
    )


def newest_history(work: Work, enterprise: str) -> dict[tuple[int, str], HistoryRow]:
    """Return the newest record of each past year and product."""
    rows = work.session.scalars(
        sa.select(HistoryRow)
        .where(HistoryRow.enterprise == enterprise)
        .order_by(HistoryRow.recorded_by)
    )
    return {(row.year, row.product): row for row in rows}


def add_history(
    work: Work, successor: str, parts: dict[tuple[int, str], tuple[int, int, int]]
) -> None:
    """Add past energy, coal and output to a successor's record, which plans look back on."""
    own = newest_history(work, successor)
    for (year, product), (energy_kgce, coal_kg, output) in sorted(parts.items()):
        before = own.get((year, product))
        work.session.add(
            HistoryRow(
                enterprise=successor,
                year=year,
                product=product,
                recorded_by=work.sequence,
                energy_kgce=energy_kgce + (before.energy_kgce if before else 0),
                coal_kg=coal_kg + (before.coal_kg if before else 0),
                output=output + (before.output if before else 0),
            )
        )
