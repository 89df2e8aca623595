"""
Look for units that serve two ends.

Lineage is held against what knows nothing of it: balances, confirmed claims, retirements and the
references and documents of decisions. What is found is told with the lots that it concerns.

Rule: AUD-33.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ledger.errors import Fact
from ledger.follow import position_of
from ledger.lineage.fifo import LINEAGE
from ledger.lineage.lots import NO_ORIGIN, entry_of_move, lot_name, lot_number

FOUND_MAX = 100
"""Of each check; more of the same would tell nothing new."""

LOTS_MAX = 10


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is wrong: where, what, and the lots that it concerns."""

    where: str
    problem: str
    lots: tuple[str, ...]
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class DoubleClaims:
    """What every check found, by its name, and the entry through which lineage stands."""

    through_entry: int
    found: Mapping[str, tuple[Found, ...]]

    @property
    def ok(self) -> bool:
        """Return whether no unit serves two ends."""
        return not any(self.found.values())


def double_claims(connection: sa.Connection) -> DoubleClaims:
    """
    Make every check on one snapshot, in which lineage may be behind the journal.

    Rule: AUD-33.
    """
    through = position_of(connection, LINEAGE).entry
    found: dict[str, tuple[Found, ...]] = {}
    for name, check in CHECKS.items():
        rows = check(connection, through)
        found[name] = tuple(one for one, _ in zip(rows, range(FOUND_MAX), strict=False))
    return DoubleClaims(through, found)


Check = Callable[[sa.Connection, int], Iterator[Found]]


def _origins(connection: sa.Connection, _through: int) -> Iterator[Found]:
    """Find units that left an owner who had none: they had left before."""
    query = sa.text(
        "SELECT m.number, m.amount, m.giver, o.kind, o.party FROM derived_moves m"
        " JOIN derived_owners o ON o.account = m.giver WHERE m.lot = :none ORDER BY m.number"
    )
    for number, amount, giver, kind, party in connection.execute(query, {"none": NO_ORIGIN}):
        yield Found(
            f"entry {entry_of_move(number)}",
            "units left an owner who had given them away before",
            _given_before(connection, giver, number),
            {"owner": f"{kind}:{party}", "amount": amount},
        )


def _given_before(connection: sa.Connection, giver: int, number: int) -> tuple[str, ...]:
    query = sa.text(
        "SELECT DISTINCT lot FROM derived_moves WHERE giver = :giver AND number < :number"
        " AND lot <> :none ORDER BY lot LIMIT :most"
    )
    asked = {"giver": giver, "number": number, "none": NO_ORIGIN, "most": LOTS_MAX}
    return tuple(lot_name(lot) for lot in connection.execute(query, asked).scalars())


def _sums_of_lots(connection: sa.Connection, _through: int) -> Iterator[Found]:
    """Find lots of which more, or less, is somewhere than was issued."""
    query = sa.text(
        "SELECT p.lot, l.amount, p.amount FROM"
        " (SELECT lot, SUM(amount) AS amount FROM derived_pieces GROUP BY lot) p"
        " LEFT JOIN derived_lots l ON l.number = p.lot"
        " WHERE p.lot <> :none AND (l.amount IS NULL OR l.amount <> p.amount) UNION ALL"
        " SELECT l.number, l.amount, 0 FROM derived_lots l"
        " WHERE NOT EXISTS (SELECT 1 FROM derived_pieces p WHERE p.lot = l.number) ORDER BY 1"
    )
    for lot, issued, there in connection.execute(query, {"none": NO_ORIGIN}):
        yield Found(
            f"lot {lot_name(lot)}",
            "its ends and holdings do not sum to what was issued",
            (lot_name(lot),),
            {"issued": int(issued or 0), "found": int(there)},
        )


def _balances(connection: sa.Connection, through: int) -> Iterator[Found]:
    """Find owners whose pieces are not what their accounts hold, as of the last entry followed."""
    for (owner, asset), difference in sorted(differences(connection, through).items()):
        query = sa.text(
            "SELECT o.kind, o.party, a.code FROM derived_owners o, assets a"
            " WHERE o.account = :owner AND a.id = :asset"
        )
        named = connection.execute(query, {"owner": owner, "asset": asset}).first()
        kind, party, code = named or ("account", str(owner), str(asset))
        lots = sa.text(
            "SELECT DISTINCT lot FROM derived_pieces WHERE owner = :owner AND asset = :asset"
            " ORDER BY lot LIMIT :most"
        )
        asked = {"owner": owner, "asset": asset, "most": LOTS_MAX}
        yield Found(
            f"{kind}:{party}",
            "its pieces of lots do not sum to its balances",
            tuple(lot_name(lot) for lot in connection.execute(lots, asked).scalars()),
            {"asset": code, "pieces_above_balances": difference},
        )


def differences(connection: sa.Connection, through: int) -> dict[tuple[int, int], int]:
    """
    Return by owner and asset how much more pieces there are than balances, where they differ.

    Balances are taken back to entry *through*. What was issued counts against issuance, so that
    all of it together is nothing. An account that quota never touched stands for itself.
    """
    rows: dict[tuple[int, int], int] = {}
    for sign, query in _SUMS:
        asked = {"through": through} if ":through" in query else {}
        for owner, asset, amount in connection.execute(sa.text(query), asked):
            rows[owner, asset] = rows.get((owner, asset), 0) + sign * int(amount)
    return {key: amount for key, amount in rows.items() if amount}


_QUOTA = "x.asset_id IN (SELECT id FROM assets WHERE code <> 'cash.cny')"
_OWNED = "LEFT JOIN derived_owners o ON o.account = x."
_ISSUING = "(SELECT owner FROM derived_owners WHERE kind = 'scheme' AND party = 'issuance' LIMIT 1)"
_SUMS: Sequence[tuple[int, str]] = (
    (1, "SELECT owner, asset, SUM(amount) FROM derived_pieces GROUP BY owner, asset"),
    (-1, f"SELECT {_ISSUING}, asset, SUM(amount) FROM derived_lots GROUP BY asset"),
    (
        -1,
        "SELECT COALESCE(o.owner, x.account_id), x.asset_id, SUM(x.amount) FROM balances x"
        f" {_OWNED}account_id WHERE {_QUOTA} GROUP BY 1, 2",
    ),
    (
        1,
        "SELECT COALESCE(o.owner, x.destination_id), x.asset_id, SUM(x.amount) FROM postings x"
        f" {_OWNED}destination_id WHERE x.entry > :through AND {_QUOTA} GROUP BY 1, 2",
    ),
    (
        -1,
        "SELECT COALESCE(o.owner, x.source_id), x.asset_id, SUM(x.amount) FROM postings x"
        f" {_OWNED}source_id WHERE x.entry > :through AND {_QUOTA} GROUP BY 1, 2",
    ),
)


def _sources(connection: sa.Connection, through: int) -> Iterator[Found]:
    """Find sources that were issued more than once, or otherwise than their claim confirms."""
    query = sa.text(
        "SELECT o.party, l.number, l.amount, s.amount FROM derived_lots l"
        " JOIN derived_owners o ON o.account = l.owner AND o.kind = 'source'"
        " LEFT JOIN freed_sources s ON s.id = o.party ORDER BY l.number"
    )
    issued: dict[str, list[tuple[int, int, int | None]]] = {}
    for party, number, amount, confirmed in connection.execute(query):
        issued.setdefault(party, []).append((number, int(amount), confirmed))
    for party, lots in sorted(issued.items()):
        total, confirmed = sum(amount for _, amount, _ in lots), lots[0][2]
        if len(lots) > 1 or total != confirmed:
            yield Found(
                f"source:{party}",
                "it was issued otherwise than its claim confirms, once",
                tuple(lot_name(number) for number, _, _ in lots),
                {"confirmed": int(confirmed or 0), "issued": total, "times": len(lots)},
            )


def _claims(connection: sa.Connection, _through: int) -> Iterator[Found]:
    """Find confirmed claims of one facility and measure whose days overlap."""
    query = sa.text(
        "SELECT a.facility, s.measure, a.id, b.id, s.id, t.id FROM freed_claims a"
        " JOIN freed_claims b ON b.facility = a.facility AND b.id > a.id"
        " AND a.first_day <= b.last_day AND b.first_day <= a.last_day"
        " JOIN freed_sources s ON s.claim = a.id"
        " JOIN freed_sources t ON t.claim = b.id AND t.measure = s.measure"
        " WHERE a.state = 'confirmed' AND b.state = 'confirmed'"
    )
    for facility, measure, first, second, source, other in sorted(connection.execute(query)):
        yield Found(
            f"facility {facility}",
            "two confirmed claims free the same days of the same measure",
            (*_of_source(connection, source), *_of_source(connection, other)),
            {"measure": measure, "claim": first, "other_claim": second},
        )


def _of_source(connection: sa.Connection, source: str) -> tuple[str, ...]:
    query = sa.text(
        "SELECT l.number FROM derived_lots l JOIN derived_owners o ON o.account = l.owner"
        " WHERE o.kind = 'source' AND o.party = :source ORDER BY l.number LIMIT :most"
    )
    asked = {"source": source, "most": LOTS_MAX}
    return tuple(lot_name(number) for number in connection.execute(query, asked).scalars())


def _retirements(connection: sa.Connection, _through: int) -> Iterator[Found]:
    """Find projects that count more of a source, or less, than was retired of it for them."""
    query = sa.text(
        "SELECT r.project, r.source, r.amount, COALESCE(m.amount, 0) FROM source_retirements r"
        " LEFT JOIN (SELECT g.party AS source, t.party AS project, SUM(v.amount) AS amount"
        "  FROM derived_moves v JOIN derived_owners g ON g.account = v.giver AND g.kind = 'source'"
        "  JOIN derived_owners t ON t.account = v.taker GROUP BY g.party, t.party) m"
        " ON m.source = r.source AND m.project = 'substituted:' || r.project"
        " WHERE r.amount <> COALESCE(m.amount, 0)"
    )
    for project, source, counted, retired in sorted(connection.execute(query)):
        yield Found(
            f"project {project}",
            "it counts another amount of a source than was retired for it",
            _of_source(connection, source),
            {"source": source, "counted": counted, "retired": int(retired)},
        )


def _references(connection: sa.Connection, _through: int) -> Iterator[Found]:
    """Find references under which more than one entry was written."""
    query = sa.text(
        "SELECT reference, MIN(sequence), MAX(sequence), COUNT(*) FROM entries"
        " WHERE reference IS NOT NULL GROUP BY reference HAVING COUNT(*) > 1 ORDER BY 2"
    )
    for reference, first, last, times in connection.execute(query):
        yield Found(
            f"reference {reference}",
            "more than one entry bears it",
            _of_entries(connection, first, last),
            {"first_entry": first, "last_entry": last, "times": times},
        )


def _of_entries(connection: sa.Connection, *entries: int) -> tuple[str, ...]:
    query = sa.text("SELECT number FROM derived_lots WHERE number >= :first AND number < :end")
    return tuple(
        lot_name(number)
        for entry in entries
        for number in connection.execute(
            query, {"first": lot_number(entry, 0), "end": lot_number(entry + 1, 0)}
        ).scalars()
    )[:LOTS_MAX]


def _decisions(connection: sa.Connection, _through: int) -> Iterator[Found]:
    """Find documents by which the same thing was decided more than once."""
    for query in _DECIDED:
        for what, document, first, last, times in connection.execute(sa.text(query)):
            entries = sa.text(
                "SELECT MIN(sequence) FROM entries WHERE command_sequence IN (:first, :last)"
                " GROUP BY command_sequence ORDER BY 1"
            )
            its = connection.execute(entries, {"first": first, "last": last}).scalars().all()
            yield Found(
                what,
                f"it was decided {times} times by one document",
                _of_entries(connection, *its),
                {"document": document, "first_command": first, "last_command": last},
            )


_DECIDED = (
    "SELECT district || ' ' || year || ' ' || measure || ' ' || step, document, MIN(sequence),"
    " MAX(sequence), COUNT(*) FROM budget_decisions"
    " GROUP BY district, year, measure, step, document HAVING COUNT(*) > 1 ORDER BY 3",
    "SELECT enterprise || ' ' || measure, document, MIN(sequence), MAX(sequence), COUNT(*)"
    " FROM entitlements GROUP BY enterprise, measure, document HAVING COUNT(*) > 1 ORDER BY 3",
)

CHECKS: Mapping[str, Check] = {
    "origins": _origins,
    "sums_of_lots": _sums_of_lots,
    "balances": _balances,
    "sources": _sources,
    "claims": _claims,
    "retirements": _retirements,
    "references": _references,
    "decisions": _decisions,
}
