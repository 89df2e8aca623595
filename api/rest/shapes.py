"""
Schemas derived from what they describe: bodies from payloads of commands, items from tables.

A command has one shape, told once, in `ledger/` or `market/`; the API only decides how its numbers
travel.
"""

import json
from collections.abc import Collection
from functools import cache
from typing import Any

import marshmallow as ma
import msgspec
import sqlalchemy as sa
from marshmallow import validate
from msgspec import inspect as spec

from api.rest.fields import Count, Day, Flag, Hex, Instant, Words, whole_field
from ledger.command import Payload
from ledger.db import Base

TEXT_MAX = 100_000
ROWS_MAX = 8_000


class Strict(ma.Schema):
    """A body that refuses what it does not know."""

    class Meta:
        """Unknown fields are refused, so that nothing is assigned unseen."""

        unknown = ma.RAISE


@cache
def body_of(payload: type[Payload], leave_out: tuple[str, ...] = ()) -> type[ma.Schema]:
    """
    Return the schema of the body from which *payload* is made.

    *leave_out* are fields that the path gives. Defaults stay those of the payload.
    """
    return _schema(_name(payload.kind), spec.type_info(payload), leave_out)


def body_of_struct(name: str, shape: type[msgspec.Struct]) -> type[ma.Schema]:
    """Return the schema called *name* of a body from which *shape*, no command's, is made."""
    return _schema(name, spec.type_info(shape))


def _name(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.replace("_", ".").split("."))


def _schema(name: str, info: Any, leave_out: Collection[str] = ()) -> type[ma.Schema]:
    fields = {
        each.encode_name: _field(name, each)
        for each in info.fields
        if each.encode_name not in leave_out
    }
    return Strict.from_dict(fields, name=name)


def _field(owner: str, field: spec.Field) -> ma.fields.Field[Any]:
    options: dict[str, Any] = {"required": field.required}
    kind = field.type
    if isinstance(kind, spec.UnionType):
        kind = next(each for each in kind.types if not isinstance(each, spec.NoneType))
        options["allow_none"] = True
    return _of_kind(owner, field.encode_name, kind, options)


def _of_kind(owner: str, name: str, kind: Any, options: dict[str, Any]) -> ma.fields.Field[Any]:
    if isinstance(kind, spec.VarTupleType):
        item = _of_kind(owner, name, kind.item_type, {"required": True})
        return ma.fields.List(item, validate=validate.Length(max=ROWS_MAX), **options)
    if isinstance(kind, spec.StructType):
        return ma.fields.Nested(_schema(owner + kind.cls.__name__, kind), **options)
    if isinstance(kind, spec.LiteralType):
        return Words(validate=validate.OneOf(kind.values), **options)
    if isinstance(kind, spec.EnumType):
        return Words(validate=validate.OneOf([str(each) for each in kind.cls]), **options)
    if isinstance(kind, spec.DateType):
        return Day(**options)
    if isinstance(kind, spec.IntType):
        return whole_field(name, **options)
    if isinstance(kind, spec.BoolType):
        return Flag(**options)
    assert isinstance(kind, spec.StrType), f"{owner}.{name}: no field for {kind}"
    return Words(validate=validate.Length(max=TEXT_MAX), **options)


@cache
def item_of(
    table: type[Base], *, leave_out: tuple[str, ...] = (), documents: tuple[str, ...] = ()
) -> type[ma.Schema]:
    """
    Return the schema of one row of *table* as the API shows it.

    *documents* are text columns that hold JSON, such as a calculation sheet.
    """
    fields = {
        column.name: _column(column, documents)
        for column in sa.inspect(table).local_table.columns
        if column.name not in leave_out
    }
    return ma.Schema.from_dict(fields, name=table.__name__.removesuffix("Row"))


def enlarged(item: type[ma.Schema], name: str, **fields: ma.fields.Field[Any]) -> type[ma.Schema]:
    """Return the schema called *name* of what *item* has and *fields* beside it."""
    return ma.Schema.from_dict({**item._declared_fields, **fields}, name=name)


def _column(column: Any, documents: Collection[str]) -> ma.fields.Field[Any]:
    nullable: dict[str, Any] = {"allow_none": True} if column.nullable else {}
    if column.name in documents:
        return Document(**nullable)
    if isinstance(column.type, sa.LargeBinary):
        return Hex(**nullable)
    if isinstance(column.type, sa.Text):
        return Words(**nullable)
    return whole_field(column.name, **nullable)


class Document(ma.fields.Raw):
    """JSON kept as text, shown as JSON, with its numbers as text where they could lose digits."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not value:
            return None
        return json.loads(value, parse_int=_exact)


def _exact(text: str) -> int | str:
    return int(text) if len(text) < 16 else text


class Sent(ma.Schema):
    """The answer to an accepted command, or to the proposal of one."""

    command_id = Words(required=True)
    sequence = Count(required=True)
    code = Words(required=True)
    recorded_at = Instant(required=True)
    leaf_hash = Words(required=True)
    result = ma.fields.Dict(required=True)


class FieldProblem(ma.Schema):
    """One field that was refused."""

    pointer = Words()
    code = Words()
    message = Words()


class Problem(ma.Schema):
    """Why not (RFC 9457): a stable code, the rule it cites, and the facts."""

    type = Words(required=True)
    title = Words(required=True)
    status = ma.fields.Integer(required=True)
    detail = Words(required=True)
    instance = Words()
    code = Words(required=True)
    rule = Words()
    facts = ma.fields.Dict()
    errors = ma.fields.List(ma.fields.Nested(FieldProblem))
    request_id = Words(required=True)


def page_schema(item: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of one page of *item*: items, the cursor of the next, the sequence."""
    name = item.__name__.removesuffix("Schema")
    return ma.Schema.from_dict(
        {
            "items": ma.fields.List(ma.fields.Nested(item), required=True),
            "next_cursor": Words(required=True, allow_none=True),
            "sequence": Count(required=True),
            **_BESIDE.get(item, {}),
        },
        name=f"{name}Page",
    )


_BESIDE: dict[type[ma.Schema], dict[str, ma.fields.Field[Any]]] = {}


def add_to_pages(item: type[ma.Schema], **fields: ma.fields.Field[Any]) -> None:
    """Let every page of *item* have *fields* beside its items."""
    _BESIDE[item] = fields
