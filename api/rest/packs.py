"""
Policy packs: every parameter in force, with its days, its source and how far it may be trusted.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.instants import read_day
from api.read import packs as reading
from api.rest.fields import Count, Day, Instant, Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged
from ledger.adopt import AdoptPack
from ledger.tables import PackRow

packs = Resource("packs", __name__, "Policy packs: parameters and where they come from")


class Pack(ma.Schema):
    """A pack as it was adopted."""

    id = Words()
    version = Words(metadata={"description": "SHA-256 of all of its content"})
    adopted_by = Count()
    adopted_at = Instant()
    name = Words()
    name_en = Words()
    parent = Words(allow_none=True)
    area = Words(allow_none=True)
    is_draft = ma.fields.Boolean()
    is_sample = ma.fields.Boolean()
    note = Words(allow_none=True)
    parameter_count = Count()


class Parameter(ma.Schema):
    """One value, the days it holds, and the text it rests on."""

    key = Words()
    value = ma.fields.Raw(metadata={"description": "text, a switch, or a list of text"})
    unit = Words()
    valid_from = Day()
    valid_to = Day(allow_none=True)
    status = Words()
    status_zh = Words()
    is_law = ma.fields.Boolean()
    document = Words(allow_none=True)
    section = Words(allow_none=True, metadata={"description": "the article"})
    quote = Words(allow_none=True)
    source_file = Words(allow_none=True)
    note = Words(allow_none=True)


PackVersion = enlarged(Pack, "PackVersion")
PackShown = enlarged(Pack, "PackShown", parameters=ma.fields.List(ma.fields.Nested(Parameter)))


@packs.get("/packs")
@packs.lists(Pack)
def index(asked: Mapping[str, Any]) -> Any:
    """List the policy packs in force."""
    return page(reading.packs(), asked, [PackRow.id], complete=_described)


@packs.get("/packs/<pack>")
@packs.shows(PackShown, on=Day, prefix=Words)
def show(asked: Mapping[str, Any], pack: str) -> Any:
    """Show a pack in force with its parameters: those of a day, or of a beginning of keys."""
    on = read_day(asked["on"]) if "on" in asked else None
    row = one(reading.packs().where(PackRow.id == pack))
    found = reading.parameters(reading.pack_of(row), on=on, prefix=asked.get("prefix", ""))
    told = [{**each, "value": _as_text(each["value"])} for each in found]
    return {**reading.described(row), "parameters": told}


@packs.get("/packs/<pack>/versions")
@packs.lists(PackVersion)
def versions(asked: Mapping[str, Any], pack: str) -> Any:
    """List every version of a pack that was ever adopted, the newest first."""
    query = reading.adoptions().where(PackRow.id == pack)
    keys = [PackRow.adopted_by]
    return page(query, asked, keys, newest_first=True, complete=_described)


@packs.post("/packs")
@packs.takes(AdoptPack)
def adopt(document: Mapping[str, Any]) -> Any:
    """Propose to put a pack in force; `content` is its JSON."""
    return submit(AdoptPack, document)


def _described(
    _connection: sa.Connection, rows: list[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    return [reading.described(row) for row in rows]


def _as_text(value: object) -> object:
    """Return a value as it travels: whole numbers as text, since some of them are money."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
