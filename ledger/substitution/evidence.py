"""
What makes a filed statement usable: a hash of its document, days that have come, a known measure.
"""

import re
from datetime import date

from ledger.asset import Asset, Origin, parse_asset, standing
from ledger.errors import Refused

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class EvidenceMalformed(Refused):
    """A document is named by anything but its SHA-256 in hex."""

    code = "freed_evidence_malformed"
    rule = "FRQ-50"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:20]!r} is not the hash of a document: 64 lower-case hex digits of its SHA-256",
            evidence=text[:64],
        )


class DocumentMissing(Refused):
    """A decision is recorded without the document that it stands in."""

    code = "decision_document_missing"
    rule = "FRQ-50"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs the number of its document; give one", what=what)


class DayInFuture(Refused):
    """Something is reported as done on a day that has not come."""

    code = "freed_day_in_future"
    rule = "FRQ-51"

    def __init__(self, what: str, *, day: date, today: date) -> None:
        super().__init__(
            f"{what} is given as {day}, but a day up to {today} is accepted",
            what=what,
            day=day.isoformat(),
            today=today.isoformat(),
        )


class TermOver(Refused):
    """A standing right is asked for a term that is over already."""

    code = "standing_term_over"
    rule = "FRQ-52"

    def __init__(self, last_year: int, *, this_year: int) -> None:
        super().__init__(
            f"a term to the end of {last_year} is over; {this_year} or a later year is accepted",
            last_year=last_year,
            this_year=this_year,
        )


def require_evidence(text: str) -> None:
    """Refuse a document hash that is not 64 hex digits. Rule: FRQ-50."""
    if not _HASH.fullmatch(text):
        raise EvidenceMalformed(text)


def require_document(what: str, document: str) -> None:
    """Refuse a decision without the number of its document. Rule: FRQ-50."""
    if not document.strip():
        raise DocumentMissing(what)


def require_past(what: str, day: date, *, today: date) -> None:
    """Refuse a day after *today*; today itself has come. Rule: FRQ-51."""
    if day > today:
        raise DayInFuture(what, day=day, today=today)


def require_term(last_year: int, *, today: date) -> None:
    """Refuse a term that ended before this year. Rule: FRQ-52."""
    if last_year < today.year:
        raise TermOver(last_year, this_year=today.year)


def require_measure(measure: str, *, last_year: int = 2030, area: str = "000000") -> Asset:
    """Refuse a measure that assets cannot spell; return a standing right of it. Rule: REG-02."""
    right = standing(measure=measure, last_year=last_year, area=area, origin=Origin.OTHER)
    return parse_asset(right.code)
