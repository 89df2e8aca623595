"""
Keep one reduction from counting twice: as freed quota, elsewhere, and in the carbon market.

How the carbon market and use rights overlap is one switch of the pack, `carbon_overlap`.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from ledger.adopt import Policy
from ledger.coordination.duplicate import Match, Record, Scheme, find_matches
from ledger.coordination.records import (
    CLAIM,
    OUTSIDE,
    findings,
    freed_at,
    is_live,
    records_beside,
)
from ledger.coordination.tables import CarbonOffsetRow, OutsideClaimRow
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import ParameterWrongType, as_text
from ledger.substitution.tables import FreedClaimRow
from ledger.work import Work


class CarbonOverlap(StrEnum):
    """How a pack lets the carbon market and use rights stand beside each other."""

    EXCLUDE_ETS_POWER = "exclude_ets_power"
    PARALLEL = "parallel"
    OFFSET = "offset"


class DuplicateUndisposed(Refused):
    """An exact match of the claim waits for somebody to judge it."""

    code = "duplicate_undisposed"
    rule = "CRD-04"

    def __init__(self, claim: str, *, other: str, reasons: str, count: int) -> None:
        super().__init__(
            f"{claim} matches {other} exactly ({reasons}), {count} match(es) in all are not judged "
            "yet; judge each of them first: same, or different with a reason",
            claim=claim,
            other=other,
            reasons=reasons,
            count=count,
        )


class DuplicateFound(Refused):
    """The claim was found to be the same reduction as another record that still counts."""

    code = "duplicate_found"
    rule = "CRD-04"

    def __init__(self, claim: str, *, other: str) -> None:
        super().__init__(
            f"{claim} was found to be the same reduction as {other}, which still counts; reject "
            "one of the two, or judge the match anew",
            claim=claim,
            other=other,
        )


class CarbonClaimed(Refused):
    """A reduction counts in the carbon market already, or is freed quota already."""

    code = "carbon_claimed"
    rule = "CRD-13"

    def __init__(self, claim: str, *, other: str, overlap: CarbonOverlap) -> None:
        super().__init__(
            f"{claim} and {other} are of the same facility and days; under carbon_overlap = "
            f"{overlap} one reduction counts in one market: withdraw one of the two",
            claim=claim,
            other=other,
            overlap=overlap.value,
        )


class OffsetMissing(Refused):
    """A reduction in both markets has no record of its conversion."""

    code = "carbon_offset_missing"
    rule = "CRD-14"

    def __init__(self, claim: str, *, other: str) -> None:
        super().__init__(
            f"{claim} and {other} are one reduction in two markets; record its conversion first",
            claim=claim,
            other=other,
        )


def require_no_duplicate(work: Work, claim: FreedClaimRow) -> None:
    """
    Refuse to confirm *claim* while it may count twice.

    Refusals in this order: found to be the same as a record that counts; in the carbon market too;
    an exact match that nobody has judged. Rules: CRD-04, CRD-13, CRD-14.
    """
    work.session.flush()
    connection = work.session.connection()
    key = CLAIM + claim.id
    judged = findings(connection, [key])
    for (first, second), row in judged.items():
        other = second if first == key else first
        if row.finding == "same" and is_live(connection, other):
            raise DuplicateFound(key, other=other)
    records = records_beside(connection, claim)
    schemes = {each.key: each.scheme for each in records}
    waiting = []
    for match in _exact_of(records, key):
        other = match.second if match.first == key else match.first
        if (match.first, match.second) in judged:
            continue
        if schemes[other] is Scheme.CARBON:
            _require_one_market(work, claim, other.removeprefix(OUTSIDE))
        else:
            waiting.append((other, ", ".join(match.reasons)))
    if waiting:
        other, reasons = waiting[0]
        raise DuplicateUndisposed(key, other=other, reasons=reasons, count=len(waiting))


def register_in_carbon(work: Work, row: OutsideClaimRow, *, district: str) -> None:
    """Refuse a carbon reduction that is freed quota under a claim that counts. Rule: CRD-13."""
    overlap = carbon_overlap(work, district)
    days = (row.first_day, row.last_day)
    freed = freed_at(work.session.connection(), row.facility, days)
    if freed and overlap is not CarbonOverlap.OFFSET:
        raise CarbonClaimed(OUTSIDE + row.id, other=CLAIM + freed[0], overlap=overlap)


def carbon_overlap(work: Work, district: str) -> CarbonOverlap:
    """Return the switch in force in *district* today. Rule: CRD-11."""
    pack = work.memory.cache(Parties).district(district).pack
    found = work.memory.cache(Policy).find(pack, "carbon_overlap", day_of(work.now))
    word = as_text(found)
    if word not in set(CarbonOverlap):
        wanted = " or ".join(CarbonOverlap)
        raise ParameterWrongType(found.key, pack=found.pack_id, unit=found.unit, wanted=wanted)
    return CarbonOverlap(word)


def _require_one_market(work: Work, claim: FreedClaimRow, outside: str) -> None:
    district = work.memory.cache(Parties).enterprise(claim.enterprise).district
    overlap = carbon_overlap(work, district)
    if overlap is not CarbonOverlap.OFFSET:
        raise CarbonClaimed(CLAIM + claim.id, other=OUTSIDE + outside, overlap=overlap)
    if work.session.get(CarbonOffsetRow, (claim.id, outside)) is None:
        raise OffsetMissing(CLAIM + claim.id, other=OUTSIDE + outside)


def _exact_of(records: Iterable[Record], key: str) -> Iterator[Match]:
    for match in find_matches(records):
        if match.is_exact and key in (match.first, match.second):
            yield match
