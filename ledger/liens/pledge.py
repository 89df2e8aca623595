"""
Pledge surplus quota (质押), as this ledger registers it; it claims no effect on property elsewhere.

    offered → active → released, satisfied (paid in full), enforced (sold) or lapsed (units expired)
    offered → withdrawn

A first pledge moves its units to the pledgor's `pledged` account: they are its lot. A pledge behind
it has a later rank on units of the same lot and moves nothing. Units of a lot go home when no
active pledge stands on them any more.
"""

from datetime import date
from typing import ClassVar

import sqlalchemy as sa

from ledger.asset import Kind
from ledger.calculation import Sheet
from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.days import day_of, start_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.pledge_state import (
    PledgeUnknown,
    active_of_lot,
    end_pledge,
    free_lot,
    pledge_of,
    require_not_in_sale,
    units_of_lot,
)
from ledger.liens.surplus import surplus_of
from ledger.liens.tables import PledgeRow
from ledger.moves.home import (
    home_of,
    last_day_of_term,
    quota_of,
    require_amount,
    require_in_term,
    require_two,
)
from ledger.parties.party import require_id
from ledger.post import post
from ledger.register import set_due
from ledger.subject import Result
from ledger.work import Work

DUE_MATURITY = "pledge.matures"


class PledgeExists(Refused):
    """A pledge of this id was offered before."""

    code = "pledge_exists"
    rule = "LIE-12"

    def __init__(self, pledge: str) -> None:
        super().__init__(
            f"pledge {pledge} was offered before; give a new one a new id", pledge=pledge
        )


class PledgeAboveSurplus(Refused):
    """More is pledged than the enterprise can do without."""

    code = "pledge_above_surplus"
    rule = "LIE-10"

    def __init__(self, enterprise: str, *, needed: int, available: int, forecast: int) -> None:
        super().__init__(
            f"{enterprise} may pledge {available}, not {needed}: it is expected to need {forecast} "
            "for its own obligation",
            enterprise=enterprise,
            needed=needed,
            available=available,
            forecast=forecast,
        )


class PledgeBehindOther(Refused):
    """A later rank names more units, another asset or another owner than the lot has."""

    code = "pledge_behind_other"
    rule = "LIE-13"

    def __init__(self, pledge: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"the lot of pledge {pledge} has {available} of that asset and owner, not {needed}",
            pledge=pledge,
            needed=needed,
            available=available,
        )


class PledgeMaturity(Refused):
    """A pledge would mature before tomorrow, or after its units have ended."""

    code = "pledge_maturity"
    rule = "LIE-12"

    def __init__(self, matures_on: date, *, today: date) -> None:
        super().__init__(
            f"a pledge cannot mature on {matures_on}: a day after {today}, within the term of its "
            "units, is accepted",
            matures_on=matures_on.isoformat(),
            today=today.isoformat(),
        )


class ReleaseExceeded(Refused):
    """More is to be released than the pledge covers."""

    code = "pledge_release_exceeded"
    rule = "LIE-14"

    def __init__(self, pledge: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"pledge {pledge} covers {available}, so {needed} cannot be released",
            pledge=pledge,
            needed=needed,
            available=available,
        )


class OfferPledge(Payload, frozen=True):
    """
    Offer *pledgee* units for a debt of *secured_fen* that matures on *matures_on*.

    *behind* names an active pledge whose units are pledged once more, in the next rank.
    """

    kind: ClassVar[str] = "pledges.offer"
    pledge: str
    enterprise: str
    pledgee: str
    asset: str
    amount: int
    secured_fen: int
    matures_on: date
    behind: str = ""


class AcceptPledge(Payload, frozen=True):
    """Accept a pledge as its pledgee."""

    kind: ClassVar[str] = "pledges.accept"
    pledge: str


class WithdrawPledge(Payload, frozen=True):
    """Take an offered pledge back, or decline it."""

    kind: ClassVar[str] = "pledges.withdraw"
    pledge: str
    enterprise: str


class ReleasePledge(Payload, frozen=True):
    """Release *amount* minor units of a pledge, or all of it, as its pledgee."""

    kind: ClassVar[str] = "pledges.release"
    pledge: str
    amount: int | None = None


def offer_pledge(work: Work, payload: OfferPledge) -> Result:
    """
    Keep an offer; it moves nothing.

    Refusals in this order: id, known before, two parties, asset, amount, debt, term, maturity, the
    lot it stands behind. Rule: LIE-12, LIE-13.
    """
    require_id(payload.pledge)
    if work.session.get(PledgeRow, payload.pledge) is not None:
        raise PledgeExists(payload.pledge)
    require_two(work.memory, payload.enterprise, payload.pledgee)
    asset, today = quota_of(work.memory, payload.asset), day_of(work.now)
    require_amount(payload.amount)
    require_amount(payload.secured_fen)
    require_in_term(asset, on=today)
    is_late = asset.kind is Kind.STANDING and payload.matures_on > last_day_of_term(asset)
    if payload.matures_on <= today or is_late:
        raise PledgeMaturity(payload.matures_on, today=today)
    lot, rank = payload.pledge, 1
    if payload.behind:
        lot, rank = _place_behind(work, payload)
    work.session.add(
        PledgeRow(
            id=payload.pledge,
            lot=lot,
            rank=rank,
            pledgor=payload.enterprise,
            pledgee=payload.pledgee,
            asset=payload.asset,
            amount=payload.amount,
            secured_fen=payload.secured_fen,
            paid_fen=0,
            matures_on=payload.matures_on.isoformat(),
            sheet="",
            state="offered",
            offered_by=work.sequence,
        )
    )
    return {"pledge": payload.pledge, "rank": rank, "state": "offered"}


def _place_behind(work: Work, payload: OfferPledge) -> tuple[str, int]:
    """Return the lot and the rank after the last one that stands on it. Rule: LIE-13."""
    first = pledge_of(work, payload.behind, "active")
    of_lot = active_of_lot(work, first.lot)
    there = max(row.amount for row in of_lot)
    is_other = (first.pledgor, first.asset) != (payload.enterprise, payload.asset)
    if is_other or payload.amount > there:
        available = 0 if is_other else there
        raise PledgeBehindOther(first.id, needed=payload.amount, available=available)
    ranks = sa.select(sa.func.max(PledgeRow.rank)).where(PledgeRow.lot == first.lot)
    return first.lot, int(work.session.scalar(ranks) or 0) + 1


def accept_pledge(work: Work, payload: AcceptPledge) -> Result:
    """
    Let a pledge take effect: a first one moves surplus units, a later one stands behind.

    Refusals in this order: unknown, not offered, maturity passed, no surplus or no lot any more,
    cover. Rule: LIE-10 to LIE-13.
    """
    row = pledge_of(work, payload.pledge, "offered")
    matures_on, today = date.fromisoformat(row.matures_on), day_of(work.now)
    if matures_on <= today:
        raise PledgeMaturity(matures_on, today=today)
    entry = None
    if row.lot == row.id:
        entry = _pledge_units(work, row)
    else:
        _stand_behind(work, row)
    row.state, row.accepted_by = "active", work.sequence
    set_due(work, at=start_of(matures_on), kind=DUE_MATURITY, key=row.id)
    work.publish("pledges", {"pledge": row.id, "state": row.state, "rank": row.rank})
    return {"pledge": row.id, "entry": entry, "rank": row.rank, "state": row.state}


def _pledge_units(work: Work, row: PledgeRow) -> int:
    asset = quota_of(work.memory, row.asset)
    surplus = surplus_of(work, row.pledgor, asset)
    row.sheet = canonical(surplus.sheet.plain()).decode()
    if row.amount > surplus.amount:
        raise PledgeAboveSurplus(
            row.pledgor, needed=row.amount, available=surplus.amount, forecast=surplus.forecast
        )
    pledged = of_enterprise(row.pledgor, "pledged")
    posting = Posting(home_of(row.pledgor, asset), pledged, row.asset, row.amount)
    return post(work, Entry(EntryCode.PLEDGE, "LIE-12", (posting,)))


def _stand_behind(work: Work, row: PledgeRow) -> None:
    of_lot = active_of_lot(work, row.lot)
    there = max((other.amount for other in of_lot), default=0)
    if row.amount > there:
        raise PledgeBehindOther(row.lot, needed=row.amount, available=there)
    row.sheet = canonical(Sheet("").plain()).decode()


def withdraw_pledge(work: Work, payload: WithdrawPledge) -> Result:
    """Let an offer end without effect, by either side. Rule: LIE-12."""
    row = pledge_of(work, payload.pledge, "offered")
    if payload.enterprise not in (row.pledgor, row.pledgee):
        raise PledgeUnknown(payload.pledge)
    row.state, row.ended_by = "withdrawn", work.sequence
    return {"pledge": row.id, "state": row.state}


def release_pledge(work: Work, payload: ReleasePledge) -> Result:
    """
    Release a pledge wholly or in part; units that no other pledge covers go home.

    Refusals in this order: unknown, not active, in sale, amount, more than it covers. LIE-14.
    """
    row = pledge_of(work, payload.pledge, "active")
    require_not_in_sale(work, row)
    amount = row.amount if payload.amount is None else payload.amount
    require_amount(amount)
    if amount > row.amount:
        raise ReleaseExceeded(row.id, needed=amount, available=row.amount)
    before = units_of_lot(work, row.lot)
    row.amount -= amount
    if not row.amount:
        end_pledge(work, row, "released")
    freed = free_lot(work, row, before)
    return {"pledge": row.id, "state": row.state, "amount": row.amount, "freed": freed}


def remind(work: Work, pledge: str) -> None:
    """Tell readers on its day that a pledge matures; nothing else follows by itself. LIE-15."""
    row = work.session.get_one(PledgeRow, pledge)
    if row.state == "active":
        work.publish("pledges", {"pledge": row.id, "state": "matured", "rank": row.rank})
