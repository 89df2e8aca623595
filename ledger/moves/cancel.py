"""
Cancel one's own quota for good (自愿注销), for a purpose, with a certificate anybody can check.
"""

from hashlib import sha256
from typing import ClassVar

from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.moves.home import home_of, quota_of, require_amount, require_in_term, require_text
from ledger.moves.tables import CancellationRow
from ledger.parties.party import Parties, require_id
from ledger.post import post
from ledger.subject import Result
from ledger.work import Work

CODE_DIGITS = 20


class CancellationExists(Refused):
    """A cancellation of this id was made before."""

    code = "cancellation_exists"
    rule = "MOV-10"

    def __init__(self, cancellation: str) -> None:
        super().__init__(
            f"cancellation {cancellation} was made before; give a new one a new id",
            cancellation=cancellation,
        )


class CancelUnits(Payload, frozen=True):
    """Give up *amount* minor units of *asset* for good, for *purpose* and in whose name."""

    kind: ClassVar[str] = "cancellations.make"
    cancellation: str
    enterprise: str
    asset: str
    amount: int
    purpose: str
    beneficiary: str


def cancel_units(work: Work, payload: CancelUnits) -> Result:
    """
    Move free units to scheme:cancelled and certify it.

    Refusals in this order: id, known before, enterprise, asset, amount, term, purpose and
    beneficiary, cover. Rule: MOV-10.
    """
    require_id(payload.cancellation)
    if work.session.get(CancellationRow, payload.cancellation) is not None:
        raise CancellationExists(payload.cancellation)
    work.memory.cache(Parties).enterprise(payload.enterprise)
    asset = quota_of(work.memory, payload.asset)
    require_amount(payload.amount)
    require_in_term(asset, on=day_of(work.now))
    require_text("the purpose", payload.purpose)
    require_text("the beneficiary", payload.beneficiary)
    source = home_of(payload.enterprise, asset)
    posting = Posting(source, "scheme:cancelled", payload.asset, payload.amount)
    entry = post(work, Entry(EntryCode.CANCELLATION, "MOV-10", (posting,)))
    row = CancellationRow(
        id=payload.cancellation,
        enterprise=payload.enterprise,
        asset=payload.asset,
        amount=payload.amount,
        purpose=payload.purpose,
        beneficiary=payload.beneficiary,
        check_code=check_code(payload, entry=entry),
        cancelled_on=day_of(work.now).isoformat(),
        cancelled_by=work.sequence,
        entry=entry,
    )
    work.session.add(row)
    return {"cancellation": row.id, "entry": entry, "check_code": row.check_code}


def check_code(payload: CancelUnits, *, entry: int) -> str:
    """Return the code of a certificate: the start of the hash of all it says. Rule: MOV-11."""
    said = {
        "cancellation": payload.cancellation,
        "enterprise": payload.enterprise,
        "asset": payload.asset,
        "amount": payload.amount,
        "purpose": payload.purpose,
        "beneficiary": payload.beneficiary,
        "entry": entry,
    }
    return sha256(canonical(said)).hexdigest()[:CODE_DIGITS]
