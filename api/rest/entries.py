"""
Entries: the journal, as far as it concerns who asks; posting and reversing by decision.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

import api.problem  # by its name: it needs the fields of this package while it is loaded
from api.door import seen, visitor
from api.faces import faces
from api.read import journal
from api.read.narrow import narrow
from api.rest.fields import Amount, Count, Instant, Words
from api.rest.lines import as_arrays
from api.rest.resource import QueryWhole, Resource, one, page, snapshot, submit
from api.rest.shapes import enlarged, item_of
from ledger.chains import PostChains
from ledger.tables import EntryRow
from ledger.transfer import PostLines, ReverseEntry

entries = Resource("entries", __name__, "Entries: the journal of everything that moved")

Posting = ma.Schema.from_dict(
    {
        "ordinal": Count(),
        "source": Words(),
        "destination": Words(),
        "asset": Words(),
        "amount": Amount(),
    },
    name="Posting",
)
Entry = enlarged(
    item_of(EntryRow),
    "Entry",
    recorded_at=Instant(),
    actor=Words(allow_none=True),
    rule_sentence=Words(),
    postings=ma.fields.List(ma.fields.Nested(Posting)),
)


@entries.get("/entries")
@entries.lists(Entry, code=Words, rule=Words, reference=Words, command=QueryWhole)
def index(asked: Mapping[str, Any]) -> Any:
    """List entries with the postings that concern who asks, the newest first."""
    own = {name: getattr(EntryRow, name) for name in ("code", "rule", "reference")}
    query = narrow(journal.entries(seen()), asked, **own)
    if "command" in asked:
        with snapshot() as connection:
            its = journal.entries_of(connection, asked["command"])
        query = query.where(EntryRow.sequence >= its.start, EntryRow.sequence < its.stop)
    return page(query, asked, [EntryRow.sequence], newest_first=True, complete=_with_postings)


@entries.get("/entries/<int:entry>")
@entries.shows(Entry)
def show(entry: int) -> Any:
    """Show one entry."""
    query = journal.entries(seen()).where(EntryRow.sequence == entry)
    return one(query, complete=_with_postings)


@entries.post("/entries")
@entries.takes(PostLines)
def post_lines(document: Mapping[str, Any]) -> Any:
    """Propose plain entries of one posting each, all or none."""
    return submit(PostLines, as_arrays(PostLines, document))


@entries.post("/entry-batches")
@entries.takes(PostChains, bulk=True)
def post_chains(document: Mapping[str, Any]) -> Any:
    """Propose chains of plain entries: each chain all or none, no chain for another."""
    return submit(PostChains, as_arrays(PostChains, document))


@entries.post("/entries/<int:entry>/reversals")
@entries.takes(ReverseEntry, path=("entry",))
def reverse(document: Mapping[str, Any], entry: int) -> Any:
    """Propose to undo an entry by another: transfers and cash only."""
    return submit(ReverseEntry, {**document, "entry": entry})


def _with_postings(
    connection: sa.Connection, rows: list[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    return journal.with_postings(
        connection,
        rows,
        seen(),
        rules=faces().wording.rules,
        language=api.problem.language(),
        names_actor=any(role in journal.AUTHORITY for role, _ in visitor().grants),
    )
