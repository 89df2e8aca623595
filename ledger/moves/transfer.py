"""
Transfer quota without a price (划转): to the trusted at once, to others after a delay.

    made
    waiting → made, recalled (by its maker, or by a court's freeze) or returned (it could not go)
"""

from typing import ClassVar

import msgspec

from ledger import hold as holds
from ledger.asset import Asset, Kind
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.moves.home import (
    home_of,
    parameter,
    quota_of,
    require_amount,
    require_in_area,
    require_in_term,
    require_text,
    require_two,
)
from ledger.moves.tables import TransferCeilingRow, TransferRow
from ledger.moves.trust import is_trusted
from ledger.moves.workdays import hour_after
from ledger.parties.party import require_id
from ledger.policy import as_int
from ledger.post import post
from ledger.register import set_due
from ledger.rows import each_row
from ledger.subject import Result
from ledger.units import KGCE_PER_TCE
from ledger.work import Work

HOLD_PURPOSE = "move:transfer"
DUE_TRANSFER = "transfer.settle"


class TransferExists(Refused):
    """A transfer of this id was made before."""

    code = "transfer_exists"
    rule = "MOV-05"

    def __init__(self, transfer: str) -> None:
        super().__init__(
            f"transfer {transfer} was made before; give a new one a new id", transfer=transfer
        )


class TransferUnknown(Refused):
    """The enterprise has made no such transfer."""

    code = "transfer_unknown"
    rule = "MOV-05"

    def __init__(self, transfer: str) -> None:
        super().__init__(
            f"there is no transfer {transfer[:40]} of this enterprise", transfer=transfer[:40]
        )


class TransferNotWaiting(Refused):
    """The transfer waits no longer, so it cannot be recalled."""

    code = "transfer_not_waiting"
    rule = "MOV-05"

    def __init__(self, transfer: str, *, state: str) -> None:
        super().__init__(
            f"transfer {transfer} is {state}; only one that waits can be recalled",
            transfer=transfer,
            state=state,
        )


class TransferAboveCeiling(Refused):
    """One transfer would move more than the lowest ceiling lets it."""

    code = "transfer_above_ceiling"
    rule = "MOV-06"

    def __init__(self, *, needed: int, ceiling: int, whose: str) -> None:
        super().__init__(
            f"a transfer of {needed} is above the ceiling of {ceiling} set by {whose}; make "
            "several, or have the ceiling raised",
            needed=needed,
            ceiling=ceiling,
            whose=whose,
        )


class StandingNeedsTrust(Refused):
    """A standing right goes only to a partner who is trusted already."""

    code = "standing_needs_trust"
    rule = "MOV-07"

    def __init__(self, asset: str, *, partner: str) -> None:
        super().__init__(
            f"{asset} is a standing right, which goes to trusted partners only; list {partner} "
            "and wait until that takes effect",
            asset=asset,
            partner=partner,
        )


class TransferLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One transfer: its id, to whom, what and how much (minor units)."""

    transfer: str
    partner: str
    asset: str
    amount: int


class MakeTransfers(Payload, frozen=True):
    """Transfer quota of *enterprise* to partners without a price: every row or none."""

    kind: ClassVar[str] = "transfers.make"
    enterprise: str
    reason: str
    rows: tuple[TransferLine, ...]


class RecallTransfer(Payload, frozen=True):
    """Take back a transfer that still waits."""

    kind: ClassVar[str] = "transfers.recall"
    enterprise: str
    transfer: str


def make_transfers(work: Work, payload: MakeTransfers) -> Result:
    """
    Make every transfer, or hold it until its hour where the partner is not trusted.

    Refusals of a row in this order: id, known before, two parties, asset, amount, term, area,
    ceiling, a standing right to the untrusted, cover. Rule: MOV-01 to MOV-07.
    """
    require_text("the reason", payload.reason)
    made: list[str] = []
    each_row(payload.rows, lambda line: made.append(_make(work, payload, line)))
    return {"transfers": len(made), "made": made.count("made"), "waiting": made.count("waiting")}


def _make(work: Work, payload: MakeTransfers, line: TransferLine) -> str:
    require_id(line.transfer)
    if work.session.get(TransferRow, line.transfer) is not None:
        raise TransferExists(line.transfer)
    require_two(work.memory, payload.enterprise, line.partner)
    asset = quota_of(work.memory, line.asset)
    require_amount(line.amount)
    require_in_term(asset, on=day_of(work.now))
    require_in_area(work.memory, asset, line.partner)
    _require_below_ceiling(work, payload.enterprise, line.amount)
    row = TransferRow(
        id=line.transfer,
        enterprise=payload.enterprise,
        partner=line.partner,
        asset=line.asset,
        amount=line.amount,
        reason=payload.reason,
        state="made",
        made_by=work.sequence,
    )
    if is_trusted(work, payload.enterprise, line.partner):
        source, destination = (home_of(each, asset) for each in (row.enterprise, row.partner))
        row.entry = _post(work, source, destination, row)
    else:
        _wait(work, row, asset)
    work.session.add(row)
    work.session.flush()
    return row.state


def _wait(work: Work, row: TransferRow, asset: Asset) -> None:
    """Hold the units until the hour at which they may go. Rule: MOV-05."""
    if asset.kind is Kind.STANDING:
        raise StandingNeedsTrust(asset.code, partner=row.partner)
    today = day_of(work.now)
    delay = as_int(parameter(work, row.enterprise, "transfer.untrusted_delay", on=today))
    hour = as_int(parameter(work, row.enterprise, "transfer.release_hour", on=today))
    hold = holds.place(
        work,
        account=home_of(row.enterprise, asset),
        held=of_enterprise(row.enterprise, "held"),
        asset=row.asset,
        amount=row.amount,
        purpose=HOLD_PURPOSE,
    )
    row.state, row.hold_id = "waiting", hold.id
    row.settles_at = max(hour_after(today, delay, hour=hour), work.now)
    set_due(work, at=row.settles_at, kind=DUE_TRANSFER, key=row.id)


def settle_transfer(work: Work, transfer: str) -> None:
    """
    Let a transfer go whose hour has come; where an account refuses it, the units come back.

    Rule: MOV-05.
    """
    row = work.session.get_one(TransferRow, transfer)
    if row.state != "waiting":
        return
    assert row.hold_id is not None
    hold = work.memory.holds[row.hold_id]
    mark = work.mark()
    try:
        row.entry = _post(work, hold.held.address, of_enterprise(row.partner, "holding"), row)
    except Refused:
        work.back_to(mark)
        give_back(work, row, state="returned")
        return
    work.keep(mark)
    holds.take(work, hold, hold.remaining)
    row.state = "made"
    work.publish("transfers", {"transfer": row.id, "state": row.state})


def recall_transfer(work: Work, payload: RecallTransfer) -> Result:
    """Recall a transfer before its hour. Rule: MOV-05."""
    row = work.session.get(TransferRow, payload.transfer)
    if row is None or row.enterprise != payload.enterprise:
        raise TransferUnknown(payload.transfer)
    if row.state != "waiting":
        raise TransferNotWaiting(row.id, state=row.state)
    give_back(work, row, state="recalled")
    return {"transfer": row.id, "state": row.state}


def give_back(work: Work, row: TransferRow, *, state: str) -> None:
    """Release the units of a waiting transfer to where they came from. Rule: MOV-05."""
    assert row.hold_id is not None
    holds.release(work, work.memory.holds[row.hold_id])
    row.state = state
    work.publish("transfers", {"transfer": row.id, "state": state})


def _post(work: Work, source: str, destination: str, row: TransferRow) -> int:
    posting = Posting(source, destination, row.asset, row.amount)
    return post(work, Entry(EntryCode.TRANSFER, "MOV-05", (posting,)))


def _require_below_ceiling(work: Work, enterprise: str, amount: int) -> None:
    """Refuse more than the lowest ceiling: of the pack, or the enterprise's own. Rule: MOV-06."""
    found = parameter(work, enterprise, "transfer.ceiling_tce", on=day_of(work.now))
    ceilings = [(as_int(found) * KGCE_PER_TCE, "the policy")]
    own = work.session.get(TransferCeilingRow, enterprise)
    if own is not None and own.ceiling is not None:
        ceilings.append((own.ceiling, "the enterprise"))
    ceiling, whose = min(ceilings)
    if amount > ceiling:
        raise TransferAboveCeiling(needed=amount, ceiling=ceiling, whose=whose)
