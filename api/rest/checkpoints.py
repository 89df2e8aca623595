"""
Checkpoints: the signed roots over all of history, and proofs between them; public.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from flask import Response

from api.door import NotFound
from api.instants import read_instant
from api.read import proofs
from api.rest.fields import Count, Instant, Words
from api.rest.outside import answers
from api.rest.resource import NeededWhole, Resource, one, page, snapshot
from api.rest.shapes import enlarged, item_of
from ledger.tables import CheckpointRow

checkpoints = Resource("checkpoints", __name__, "Checkpoints: signed roots, and proofs")

Checkpoint = enlarged(
    item_of(CheckpointRow),
    "Checkpoint",
    origin=Words(),
    root=Words(metadata={"description": "hex"}),
    written_at=Instant(metadata={"description": "when the last command it covers was recorded"}),
)
Hashes = ma.fields.List(Words())
Inclusion = ma.Schema.from_dict(
    {
        "index": Count(),
        "size": Count(),
        "leaf_hash": Words(),
        "root": Words(),
        "proof": Hashes,
    },
    name="InclusionProof",
)
Consistency = ma.Schema.from_dict(
    {
        "first": Count(),
        "second": Count(),
        "first_root": Words(),
        "second_root": Words(),
        "proof": Hashes,
    },
    name="ConsistencyProof",
)


@checkpoints.get("/checkpoints")
@checkpoints.lists(Checkpoint)
def index(asked: Mapping[str, Any]) -> Any:
    """List checkpoints, the newest first."""
    keys = [CheckpointRow.size]
    return page(proofs.checkpoints(), asked, keys, newest_first=True, complete=_read)


@checkpoints.get("/checkpoints/latest")
@checkpoints.shows(Checkpoint)
def latest() -> Any:
    """Show the newest checkpoint."""
    return one(_newest(), complete=_read)


@checkpoints.get("/checkpoints/latest.txt")
@answers(checkpoints, description="A signed note (C2SP), text/plain")
def latest_text() -> Any:
    """Show the newest checkpoint as the signed note that verifiers take."""
    with snapshot() as connection:
        newest = proofs.newest_checkpoint(connection)
    if newest is None:
        raise NotFound
    return Response(newest["note"], mimetype="text/plain")


@checkpoints.get("/checkpoints/<int:size>")
@checkpoints.shows(Checkpoint)
def show(size: int) -> Any:
    """Show the checkpoint of so many leaves."""
    return one(proofs.checkpoints().where(CheckpointRow.size == size), complete=_read)


@checkpoints.get("/inclusion-proofs")
@checkpoints.shows(Inclusion, index=NeededWhole, size=NeededWhole)
def inclusion(asked: Mapping[str, Any]) -> Any:
    """Prove that a leaf is in the tree of a size; hashes only."""
    with snapshot() as connection:
        return proofs.inclusion(connection, index=asked["index"], size=asked["size"])


@checkpoints.get("/consistency-proofs")
@checkpoints.shows(Consistency, first=NeededWhole, second=NeededWhole)
def consistency(asked: Mapping[str, Any]) -> Any:
    """Prove that the tree of one size begins with that of another; hashes only."""
    with snapshot() as connection:
        return proofs.consistency(connection, first=asked["first"], second=asked["second"])


def _newest() -> sa.Select[Any]:
    return proofs.checkpoints().order_by(CheckpointRow.size.desc()).limit(1)


def _read(_connection: sa.Connection, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{**row, **_stated(row["note"])} for row in rows]


def _stated(note: str) -> Mapping[str, Any]:
    stated = proofs.stated(note)
    return {
        "origin": stated.origin,
        "root": stated.root.hex(),
        "written_at": read_instant(stated.time.isoformat()),
    }
