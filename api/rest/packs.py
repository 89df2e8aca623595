"""
Policy packs: which value holds where and when, by which source, and who says otherwise.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.door import NotFound
from api.faces import faces
from api.instants import read_day
from api.pack_files import register
from api.read import pack_chain
from api.read import packs as reading
from api.read.narrow import narrow
from api.rest.fields import Count, Day, Instant, Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged
from ledger.adopt import AdoptPack
from ledger.days import day_of
from ledger.tables import PackRow
from ledger.waive import WaiveParameters
from ledger.waiver_tables import WaiverRow

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


class ParameterStanding(Parameter):
    """The value that wins, the pack that gives it, and the packs it overrules."""

    pack = Words()
    overruled = ma.fields.List(Words())


class Heard(ma.Schema):
    """What one pack of the chain says: its value wins, is overruled, or it is silent."""

    pack = Words()
    name = Words()
    name_en = Words()
    version = Words()
    outcome = Words(metadata={"description": "wins, overruled or silent"})
    parameter = ma.fields.Nested(Parameter, allow_none=True)


class ParameterTold(ma.Schema):
    """All that is known of one key on one day."""

    pack = Words()
    key = Words()
    on = Day()
    meaning = Words()
    meaning_zh = Words()
    in_force = ma.fields.Nested(Parameter, allow_none=True)
    heard = ma.fields.List(ma.fields.Nested(Heard), metadata={"description": "most local first"})
    elsewhere = ma.fields.List(
        ma.fields.Nested(Heard), metadata={"description": "packs that are not heard here"}
    )


class PackChange(ma.Schema):
    """What one version of a pack changed, and from which day."""

    version = Words()
    adopted_by = Count()
    adopted_at = Instant()
    key = Words()
    first_day = Day()
    is_of_value = ma.fields.Boolean(metadata={"description": "false: only source or standing"})
    before = ma.fields.Nested(Parameter, allow_none=True)
    after = ma.fields.Nested(Parameter, allow_none=True)


Standings = ma.Schema.from_dict(
    {"on": Day(), "items": ma.fields.List(ma.fields.Nested(ParameterStanding))},
    name="ParametersInForce",
)
Changes = ma.Schema.from_dict(
    {"items": ma.fields.List(ma.fields.Nested(PackChange))}, name="PackChanges"
)
WaiverShown = ma.Schema.from_dict(
    {
        "waived_by": Count(),
        "waived_at": Instant(),
        "proposed_by": Words(),
        "pack": Words(),
        "key": Words(),
        "valid_from": Day(),
        "first_day": Day(),
        "last_day": Day(),
        "value": Words(metadata={"description": "as JSON"}),
        "reason": Words(),
    },
    name="Waiver",
)
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


@packs.get("/packs/<pack>/parameters")
@packs.shows(Standings, on=Day, prefix=Words)
def in_force(asked: Mapping[str, Any], pack: str) -> Any:
    """Show each key with the value that wins where a pack governs, on a day or today."""
    on = _day(asked)
    with faces().read() as connection:
        found = pack_chain.in_force(connection, pack, on, prefix=asked.get("prefix", ""))
    if found is None:
        raise NotFound
    return {"on": on.isoformat(), "items": [_travelling(each) for each in found]}


@packs.get("/packs/<pack>/parameters/<parameter>")
@packs.shows(ParameterTold, on=Day)
def show_parameter(asked: Mapping[str, Any], pack: str, parameter: str) -> Any:
    """Show one key: what holds there on a day, who was heard, and who says otherwise."""
    with faces().read() as connection:
        found = pack_chain.told(connection, pack, parameter, _day(asked), register=register())
    if found is None:
        raise NotFound
    lists = {name: [_heard(each) for each in found[name]] for name in ("heard", "elsewhere")}
    return {**found, **lists, "in_force": _travelling(found["in_force"])}


@packs.get("/packs/<pack>/changes")
@packs.shows(Changes)
def changed(pack: str) -> Any:
    """Show what each later version of a pack changed of its own values, the newest first."""
    one(reading.packs().where(PackRow.id == pack))
    with faces().read() as connection:
        found = pack_chain.changed(connection, pack)
    ends = ("before", "after")
    return {"items": [each | {end: _travelling(each[end]) for end in ends} for each in found]}


@packs.get("/waivers")
@packs.lists(WaiverShown, pack=Words, key=Words)
def waivers(asked: Mapping[str, Any]) -> Any:
    """List the waivers of values that no source confirms, the newest first."""
    own = {"pack": WaiverRow.pack, "key": WaiverRow.key}
    query = narrow(pack_chain.waivers(), asked, **own)
    return page(query, asked, list(WaiverRow.__table__.primary_key), newest_first=True)


@packs.post("/waivers")
@packs.takes(WaiveParameters)
def waive(document: Mapping[str, Any]) -> Any:
    """Propose to let values be used that no source confirms, each for its days and a reason."""
    return submit(WaiveParameters, document)


def _day(asked: Mapping[str, Any]) -> date:
    return read_day(asked["on"]) if "on" in asked else day_of(faces().gateway.now())


def _travelling(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if told is None else {**told, "value": _as_text(told["value"])}


def _heard(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, "parameter": _travelling(told["parameter"])}


def _described(
    _connection: sa.Connection, rows: list[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    return [reading.described(row) for row in rows]


def _as_text(value: object) -> object:
    """Return a value as it travels: whole numbers as text, since some of them are money."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
