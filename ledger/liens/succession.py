"""
Succession (承继): what one enterprise takes over from another, by merger or inheritance.
"""

from typing import ClassVar, Literal

import msgspec

from ledger.asset import CNY
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.freeze import fill, lacking, standing_freezes
from ledger.liens.tables import SuccessionRow
from ledger.moves.home import home_of, quota_of, require_amount, require_text, require_two
from ledger.parties.party import require_id
from ledger.post import EntryEmpty, post
from ledger.subject import Result
from ledger.work import Work

ENCUMBERED = ("held", "cash_held", "restricted", "pledged", "frozen", "leased")
_TAKEN_OVER = {
    "holding": "holding",
    "bought": "holding",
    "entitlement": "entitlement",
    "cash": "cash",
}
"""From which account to which of the successor; what was bought has no resale lots there."""


class SuccessionExists(Refused):
    """A succession of this id was carried out before."""

    code = "succession_exists"
    rule = "LIE-40"

    def __init__(self, succession: str) -> None:
        super().__init__(
            f"succession {succession} was carried out before; give a new one a new id",
            succession=succession,
        )


class SuccessionEncumbered(Refused):
    """Units that others have a right in, or that are not final, cannot be taken over whole."""

    code = "succession_encumbered"
    rule = "LIE-40"

    def __init__(self, address: str, asset: str, *, amount: int) -> None:
        super().__init__(
            f"{address} has {amount} of {asset}; cancel orders, true up, and end leases, pledges "
            "and freezes first",
            account=address,
            asset=asset,
            available=amount,
        )


class SuccessionFrozen(Refused):
    """A court still waits for units of the enterprise."""

    code = "succession_frozen"
    rule = "LIE-40"

    def __init__(self, enterprise: str, freeze: str) -> None:
        super().__init__(
            f"freeze {freeze} waits for units of {enterprise}; nothing of it is taken over before",
            enterprise=enterprise,
            freeze=freeze,
        )


class SuccessionLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So much of one asset (minor units)."""

    asset: str
    amount: int


class Succeed(Payload, frozen=True):
    """
    Let *successor* take over all of *enterprise*, cash too, or the named units.

    *document* is the decision that it rests on.
    """

    kind: ClassVar[str] = "successions.make"
    succession: str
    enterprise: str
    successor: str
    document: str
    extent: Literal["whole", "named"]
    units: tuple[SuccessionLine, ...] = ()


def succeed(work: Work, payload: Succeed) -> Result:
    """
    Move what is taken over in one entry.

    Refusals in this order: id, known before, two parties, document, encumbered (whole only), a
    court that waits, nothing to move, cover. Rule: LIE-40.
    """
    require_id(payload.succession)
    if work.session.get(SuccessionRow, payload.succession) is not None:
        raise SuccessionExists(payload.succession)
    require_two(work.memory, payload.enterprise, payload.successor)
    require_text("the document", payload.document)
    if payload.extent == "whole":
        _require_free(work, payload.enterprise)
        postings = _all_of(work, payload)
    else:
        postings = [_named(work, payload, line) for line in payload.units]
    if not postings:
        raise EntryEmpty
    for posting in postings:
        if posting.asset != CNY:
            _require_no_court(work, payload.enterprise, posting.asset)
    entry = post(work, Entry(EntryCode.SUCCESSION, "LIE-40", tuple(postings)))
    work.session.add(
        SuccessionRow(
            id=payload.succession,
            enterprise=payload.enterprise,
            successor=payload.successor,
            extent=payload.extent,
            document=payload.document,
            entry=entry,
            decided_by=work.sequence,
        )
    )
    for asset in sorted({posting.asset for posting in postings} - {CNY}):
        fill(work, payload.successor, asset)
    return {"succession": payload.succession, "entry": entry, "moves_count": len(postings)}


def _require_free(work: Work, enterprise: str) -> None:
    addresses = [of_enterprise(enterprise, purpose) for purpose in ENCUMBERED]
    for (address, asset), amount in work.memory.holdings(addresses).items():
        raise SuccessionEncumbered(address, asset, amount=amount)


def _require_no_court(work: Work, enterprise: str, asset: str) -> None:
    for row in standing_freezes(work, enterprise, asset):
        if lacking(row):
            raise SuccessionFrozen(enterprise, row.id)


def _all_of(work: Work, payload: Succeed) -> list[Posting]:
    return [
        Posting(address, of_enterprise(payload.successor, to), asset, amount)
        for purpose, to in _TAKEN_OVER.items()
        for (address, asset), amount in work.memory.holdings(
            [of_enterprise(payload.enterprise, purpose)]
        ).items()
    ]


def _named(work: Work, payload: Succeed, line: SuccessionLine) -> Posting:
    asset = quota_of(work.memory, line.asset)
    require_amount(line.amount)
    source, to = (home_of(each, asset) for each in (payload.enterprise, payload.successor))
    return Posting(source, to, line.asset, line.amount)
