"""
The report of what may count twice: each pair with both records, what is the same, what was found.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from ledger.coordination.duplicate import Match, Record, find_matches
from ledger.coordination.records import all_records, findings

Row = Mapping[str, Any]

SHOWN_MAX = 1_000
"""How many pairs a report shows; its counts are of all."""


def report_of(connection: sa.Connection, reach: Reach) -> dict[str, Any]:
    """
    Return the pairs of which one side is within *reach*, and how many there are of each kind.

    Exact ones that nobody judged come first.
    """
    records: dict[str, list[Record]] = {}
    for record in all_records(connection):
        records.setdefault(record.key, []).append(record)
    judged = findings(connection)
    pairs = [
        _pair(match, records, judged)
        for match in find_matches(one for each in records.values() for one in each)
        if _is_seen(match, records, reach)
    ]
    pairs.sort(key=lambda pair: (bool(pair["finding"]), not pair["is_exact"]))
    exact = [pair for pair in pairs if pair["is_exact"]]
    return {
        "records_count": sum(map(len, records.values())),
        "exact_count": len(exact),
        "near_count": len(pairs) - len(exact),
        "waiting_count": sum(not pair["finding"] for pair in exact),
        "pairs": pairs[:SHOWN_MAX],
    }


def _pair(match: Match, records: Mapping[str, list[Record]], judged: Mapping[Any, Any]) -> Row:
    found = judged.get((match.first, match.second))
    return {
        "first": _side(records[match.first]),
        "second": _side(records[match.second]),
        "is_exact": match.is_exact,
        "score_points": match.score,
        "reasons": list(match.reasons),
        "finding": found.finding if found else "",
        "reason": found.reason if found else "",
        "disposed_by": found.disposed_by if found else None,
    }


def _side(parts: list[Record]) -> Row:
    """Return one record with its measures; a claim has a part for each."""
    one = parts[0]
    names = (
        *("key", "district", "holder", "credit_code", "facility", "facility_name"),
        *("address", "equipment", "evidence", "decision"),
    )
    return {
        **{name: getattr(one, name) for name in names},
        "scheme": one.scheme.value,
        "first_day": one.first_day.isoformat(),
        "last_day": one.last_day.isoformat(),
        "measures": [{"measure": part.measure, "amount": part.amount} for part in parts],
    }


def _is_seen(match: Match, records: Mapping[str, list[Record]], reach: Reach) -> bool:
    places = [records[key][0].district for key in (match.first, match.second)]
    return any(reach.sees(district=place) for place in places)
