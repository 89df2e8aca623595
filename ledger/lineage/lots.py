"""
How lots, their moves and those who hold them are named.

A lot is named by the posting that issued it: lot 12.0 is the first posting of entry 12. What is
issued into a source account may be named by that account as well.
"""

import re

from ledger.chart import owner_of
from ledger.errors import Refused

ORDINAL_BITS = 20
PART_BITS = 24
"""An entry moves at most this many parts of lots; positions in queues are numbers of moves."""

NO_ORIGIN = 0
"""The lot of units that left an owner who had none: a ledger that is sound has nothing in it."""

ISSUANCE = "scheme:issuance"
CONVERTING = ("scheme:converted", "scheme:substituted:")
"""How the owners' names begin into which units go when others are made of them."""

OUTCOMES = ("surrendered", "substituted", "converted", "expired", "cancelled", "returned", "held")
"""What may have become of the units of a lot; those that are "held" have not ended."""

_LOT = re.compile(r"(?P<entry>[1-9][0-9]{0,11})\.(?P<ordinal>0|[1-9][0-9]{0,5})", re.ASCII)


class LotMalformed(Refused):
    """A text names no lot."""

    code = "lot_malformed"
    rule = "AUD-30"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:60]!r} names no lot; one looks like 12.0, for the first posting of entry 12, "
            "or source:S12",
            lot=text[:60],
        )


class LotUnknown(Refused):
    """No units were issued under this name, or not yet as far as lineage has followed."""

    code = "lot_unknown"
    rule = "AUD-30"

    def __init__(self, text: str, *, through_entry: int) -> None:
        super().__init__(
            f"no lot {text[:60]} is known through entry {through_entry}; look at the entry that "
            "issued it for its number",
            lot=text[:60],
            through_entry=through_entry,
        )


def lot_number(entry: int, ordinal: int) -> int:
    """Return the number of the lot that a posting issues. Rule: AUD-30."""
    assert ordinal < 1 << ORDINAL_BITS, "an entry has too many postings to number its lots"
    return entry << ORDINAL_BITS | ordinal


def lot_name(number: int) -> str:
    """Return the name of a lot: ``12.0``."""
    return f"{entry_of_lot(number)}.{number & (1 << ORDINAL_BITS) - 1}"


def entry_of_lot(number: int) -> int:
    """Return the entry that issued a lot."""
    return number >> ORDINAL_BITS


def parse_lot(text: str) -> int:
    """Return the number of the lot that ``12.0`` names. Rule: AUD-30."""
    match = _LOT.fullmatch(text)
    if match is None or int(match["ordinal"]) >= 1 << ORDINAL_BITS:
        raise LotMalformed(text)
    return lot_number(int(match["entry"]), int(match["ordinal"]))


def move_number(entry: int, part: int) -> int:
    """Return the number of one part that an entry moves."""
    assert part < 1 << PART_BITS, "an entry moves too many parts to number them"
    return entry << PART_BITS | part


def entry_of_move(number: int) -> int:
    """Return the entry to which a move belongs."""
    return number >> PART_BITS


def holder_of(address: str) -> tuple[str, str]:
    """
    Return who holds what is on an account, as kind and party.

    That is its owner, save that each account of the scheme stands for itself: units surrendered
    for 2025 are not those surrendered for 2026.
    """
    owner = address if address.startswith("scheme:") else owner_of(address)
    kind, _, party = owner.partition(":")
    return kind, party


def outcome_of(kind: str, party: str) -> str:
    """Return what has become of units that are with this holder: one of `OUTCOMES`."""
    if kind != "scheme":
        return "held"
    what = party.partition(":")[0]
    return "returned" if what == "issuance" else what
