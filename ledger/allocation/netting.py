"""
Net what an enterprise owes of earlier vintages from what it is issued now.

The whole pre-issue goes out and the netted part comes back in the same entry, so that the journal
shows both. It counts as issued: true-up does not give it again.
"""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.allocation.objection_tables import NettingRow
from ledger.allocation.tables import AllocationRow, DueClaimRow
from ledger.asset import Asset, parse_asset
from ledger.calculation import Sheet, step
from ledger.chart import of_enterprise
from ledger.command import canonical
from ledger.days import day_of
from ledger.districts.budget import UNITS, budget_account
from ledger.entry import Posting
from ledger.parties.party import Parties
from ledger.policy import as_switch
from ledger.versions import RIGHTS
from ledger.work import Work


class Debts:
    """
    What a district's enterprises owe of earlier vintages, read once for all rows of an issue.

    Empty where the pack's switch ``allocation.netting`` is off, or older rules decide.
    """

    def __init__(self, work: Work, rows: Sequence[AllocationRow], issued: Asset) -> None:
        self._work = work
        self._issued = issued
        self._made = 0
        self._claims: dict[str, list[DueClaimRow]] = {}
        if not work.is_since(RIGHTS):
            return
        claims = _earlier_claims(work, {row.enterprise for row in rows}, issued)
        if claims and _is_on(work, rows[0].district):
            for claim in claims:
                self._claims.setdefault(claim.enterprise, []).append(claim)

    def net(self, row: AllocationRow) -> tuple[Posting, ...]:
        """
        Settle due claims out of the pre-issue of *row*; return the postings that take it back.

        Oldest vintage first, of the same measure and area; restricted units first, then saleable
        ones. Rule: ALC-95.
        """
        left = row.pre_issued
        netted = 0
        for claim in self._claims.get(row.enterprise, ()):
            amount = min(left - netted, claim.amount - claim.settled)
            if amount > 0:
                claim.settled += amount
                netted += amount
                self._keep(row, claim, amount)
        return _coming_back(row, self._issued, netted)

    def _keep(self, row: AllocationRow, claim: DueClaimRow, amount: int) -> None:
        self._work.session.add(
            NettingRow(
                sequence=self._work.sequence,
                ordinal=self._made,
                year=row.year,
                measure=row.measure,
                enterprise=row.enterprise,
                product=row.product,
                claim=claim.sequence,
                claim_ordinal=claim.ordinal,
                debt_asset=claim.asset,
                amount=amount,
                sheet=_sheet(row, claim, amount),
            )
        )
        self._made += 1


def _earlier_claims(work: Work, enterprises: set[str], issued: Asset) -> list[DueClaimRow]:
    rows = work.session.scalars(
        sa.select(DueClaimRow).where(
            DueClaimRow.enterprise.in_(sorted(enterprises)),
            DueClaimRow.settled < DueClaimRow.amount,
        )
    )
    fitting = []
    for claim in rows:
        asset = parse_asset(claim.asset)
        if asset.period < issued.period and replace(asset, period=issued.period) == issued:
            fitting.append((asset.period, claim.sequence, claim.ordinal, claim))
    return [claim for *_, claim in sorted(fitting, key=lambda each: each[:3])]


def _is_on(work: Work, district: str) -> bool:
    pack = work.memory.cache(Parties).district(district).pack
    found = work.memory.cache(Policy).find(pack, "allocation.netting", on=day_of(work.now))
    return as_switch(found)


def _coming_back(row: AllocationRow, issued: Asset, amount: int) -> tuple[Posting, ...]:
    if not amount:
        return ()
    restricted = min(amount, row.pre_issued - row.saleable)
    shares = (("restricted", restricted), ("holding", amount - restricted))
    budget = budget_account(row.district)
    return tuple(
        Posting(of_enterprise(row.enterprise, purpose), budget, issued.code, part)
        for purpose, part in shares
        if part
    )


def _sheet(row: AllocationRow, claim: DueClaimRow, amount: int) -> str:
    left = claim.amount - claim.settled
    netted = step(
        "netting of an earlier debt",
        "owed − still_owed",
        {"owed": left + amount, "still_owed": left},
        result=amount,
        unit=UNITS[row.measure],
        rule="ALC-95",
    )
    return canonical(Sheet(row.pack_version).then(netted).plain()).decode()
