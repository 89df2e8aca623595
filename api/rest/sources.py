"""
Sources of freed quota: who holds them, how they were parted, what became of them all.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read.sources import positions_seen, renewable_uses, with_life
from api.read.substitution import sources
from api.rest.fields import Amount, Count, Instant, Words
from api.rest.freed_claims import FreedSource
from api.rest.resource import Resource, one, page, snapshot, submit
from api.rest.shapes import enlarged, item_of
from ledger.substitution.renew import DeductRenewables
from ledger.substitution.reserve_tables import RenewableUseRow, SourceHolderRow
from ledger.substitution.split import SplitSource, TransferSources
from ledger.substitution.tables import FreedSourceRow

lots = Resource("sources", __name__, "Sources of freed quota: holders, parts, lives, the balance")

Hand = item_of(SourceHolderRow)
SourceOfEnterprise = enlarged(
    FreedSource,
    "SourceOfEnterprise",
    enterprise=Words(),
    holder=Words(),
    parent=Words(),
    cause=Words(),
)
Move = ma.Schema.from_dict(
    {
        "entry": Count(),
        "code": Words(),
        "rule": Words(),
        "reference": Words(allow_none=True),
        "command_sequence": Count(),
        "recorded_at": Instant(),
        "giver": Words(),
        "taker": Words(),
        "amount": Amount(),
    },
    name="SourceMove",
)
LifeOfSource = enlarged(
    SourceOfEnterprise,
    "LifeOfSource",
    hands=ma.fields.List(ma.fields.Nested(Hand)),
    parts=ma.fields.List(ma.fields.Nested(Hand)),
    moves=ma.fields.List(ma.fields.Nested(Move)),
)
RenewableUse = enlarged(item_of(RenewableUseRow), "RenewableUse", enterprise=Words())
Position = ma.Schema.from_dict(
    {
        **{name: Words() for name in ("measure", "basis", "origin", "area")},
        **{
            name: Amount()
            for name in (
                "confirmed",
                "available",
                "reserved",
                "consumed",
                "collected",
                "expired",
                "revoked",
                "difference",
            )
        },
    },
    name="FreedPosition",
)
Positions = ma.Schema.from_dict(
    {"items": ma.fields.List(ma.fields.Nested(Position))}, name="FreedPositions"
)


@lots.get("/freed-sources")
@lots.lists(
    SourceOfEnterprise, claim=Words, measure=Words, enterprise=Words, holder=Words, district=Words
)
def index(asked: Mapping[str, Any]) -> Any:
    """List sources with their holders; `remaining` is neither reserved nor used."""
    return page(sources(seen(), asked), asked, [FreedSourceRow.id])


@lots.get("/freed-sources/<source>")
@lots.shows(LifeOfSource)
def show(source: str) -> Any:
    """Show the life of one source: its hands, its parts and every move."""
    query = sources(seen(), {}).where(FreedSourceRow.id == source)
    return one(query, complete=with_life)


@lots.post("/freed-sources/<source>/parts")
@lots.takes(SplitSource, path=("source",))
def split(document: Mapping[str, Any], source: str) -> Any:
    """Split parts off a source, which its holder keeps."""
    return submit(SplitSource, {**document, "source": source})


@lots.post("/freed-sources/transfers")
@lots.takes(TransferSources)
def transfer(document: Mapping[str, Any]) -> Any:
    """Propose to transfer parts of sources to other enterprises, without a price."""
    return submit(TransferSources, document)


@lots.get("/freed-quota/positions")
@lots.shows(Positions)
def show_positions() -> Any:
    """Show what became of all freed quota of each class; `difference` is zero, or a fault."""
    with snapshot() as connection:
        found = positions_seen(connection, seen())
    return {"items": [{**one._asdict(), "difference": one.difference} for one in found]}


@lots.post("/renewable-uses")
@lots.takes(DeductRenewables)
def deduct(document: Mapping[str, Any]) -> Any:
    """Record that an assessment deducts renewables, so that no claim frees them."""
    return submit(DeductRenewables, document)


@lots.get("/renewable-uses")
@lots.lists(RenewableUse, place=Words, purpose=Words)
def index_uses(asked: Mapping[str, Any]) -> Any:
    """List what renewables of meters and facilities were used for."""
    row = RenewableUseRow
    keys = [row.place, row.purpose, row.reference, row.first_day]
    return page(renewable_uses(seen(), asked), asked, keys)
