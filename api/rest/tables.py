"""
Tables in and out: what kinds there are, templates, checks, confirmation, and what was brought in.

A file travels in base64 inside JSON, strict as every other body, of at most 8 MiB.
"""

import base64
import binascii
import csv
import io
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import Response, request

from api.door import seen, visitor
from api.faces import faces
from api.imports import KINDS
from api.read.tables_out import table_rows
from api.rest.bulk import Many, answers_to
from api.rest.fields import Count, Flag, Words
from api.rest.resource import Resource, roomy, snapshot
from api.rest.shapes import Strict
from api.send import command_id
from api.table_books import (
    csv_of,
    table_faults,
    write_table_faults,
    write_table_rows,
    write_table_template,
)
from api.table_check import Checked, bring, checked, workbook_of
from api.table_words import kind_name
from api.tables_in import FileNotEncoded, header_from, kind_of, required_settings, settings_of

brought = Resource("tables", __name__, "Tables in and out: templates, checks, confirmation")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME_MAX = 200

_LANGUAGE = Words(load_default="zh", validate=ma.validate.OneOf(("zh", "en")))
LanguageQuery = ma.Schema.from_dict({"lang": _LANGUAGE}, name="TableLanguageQuery")
RowsQuery = ma.Schema.from_dict(
    {
        "lang": _LANGUAGE,
        "form": Words(load_default="xlsx", validate=ma.validate.OneOf(("xlsx", "csv"))),
        "settings": Words(metadata={"description": "name=value;… : only rows brought in so"}),
    },
    name="TableRowsQuery",
)
_FILE: dict[str, Any] = {
    "file": Words(required=True, validate=ma.validate.Length(1, NAME_MAX)),
    "content": Words(required=True, metadata={"description": "the file in base64"}),
    "settings": ma.fields.Dict(
        keys=Words(),
        values=Words(),
        load_default=dict,
        metadata={"description": "fields beside the rows, as text"},
    ),
}
TableFile = Strict.from_dict(_FILE, name="TableFile")
TableConfirmed = Strict.from_dict(
    {**_FILE, "hash": Words(required=True, metadata={"description": "as the check gave it"})},
    name="TableConfirmed",
)
TableFault = ma.Schema.from_dict(
    {
        "row_number": Count(),
        **{name: Words() for name in ("column", "code", "rule", "message", "message_zh")},
    },
    name="TableFault",
)
TableChecked = ma.Schema.from_dict(
    {
        "kind": Words(),
        "hash": Words(),
        "rows_count": Count(),
        "commands_count": Count(),
        "is_rehearsed": Flag(metadata={"description": "the ledger's rules were tried too"}),
        "faults": ma.fields.List(ma.fields.Nested(TableFault)),
    },
    name="TableChecked",
)
TableKind = ma.Schema.from_dict(
    {
        **{name: Words() for name in ("kind", "name", "name_zh", "command")},
        "columns": ma.fields.List(Words()),
        "settings": ma.fields.List(Words()),
        "required_settings": ma.fields.List(Words()),
    },
    name="TableKind",
)
TableKinds = ma.Schema.from_dict(
    {"items": ma.fields.List(ma.fields.Nested(TableKind))}, name="TableKinds"
)
Workbook = ma.Schema.from_dict({}, name="Workbook")


@brought.get("/tables")
@brought.tells(TableKinds, query=LanguageQuery)
def kinds(_asked: Mapping[str, Any]) -> Any:
    """List the kinds of tables that can be brought in, with their columns."""
    return {
        "items": [
            {
                "kind": name,
                "name": kind_name(name, "en"),
                "name_zh": kind_name(name, "zh"),
                "command": kind.payload.kind,
                "columns": list(kind.flat.__struct_fields__),
                "settings": list(settings_of(name)),
                "required_settings": required_settings(name),
            }
            for name, kind in KINDS.items()
        ]
    }


@brought.get("/tables/<kind>/template")
@brought.tells(Workbook, query=LanguageQuery, content_type=XLSX)
def template(asked: Mapping[str, Any], kind: str) -> Any:
    """Give an empty workbook of one kind, with its notes and choices."""
    kind_of(kind)
    return _workbook(
        workbook_of(lambda path: write_table_template(path, kind, language=asked["lang"])), kind
    )


@brought.get("/tables/<kind>/rows")
@brought.tells(Workbook, query=RowsQuery, content_type=XLSX)
def rows(asked: Mapping[str, Any], kind: str) -> Any:
    """Give the rows of one kind that were brought in, to be mended and brought in again."""
    kind_of(kind)
    settings = dict(
        part.partition("=")[::2] for part in asked.get("settings", "").split(";") if part
    )
    header = header_from(kind, settings) if settings else {}
    with snapshot() as connection:
        found = list(table_rows(connection, kind, header, seen()))
    if asked["form"] == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(csv_of(kind, found))
        return Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    language = asked["lang"]
    return _workbook(
        workbook_of(lambda path: write_table_rows(path, kind, found, language=language)), kind
    )


@brought.post("/tables/<kind>/checks")
@roomy
@brought.tells(TableChecked, body=TableFile)
def check(document: Mapping[str, Any], kind: str) -> Any:
    """Check a table, every cell and every rule, and change nothing."""
    table = _checked(document, kind)
    return {
        "kind": kind,
        "hash": table.brought.hash,
        "rows_count": table.brought.count,
        "commands_count": len(table.brought.payloads),
        "is_rehearsed": table.is_rehearsed,
        "faults": list(table_faults(table.faults, wording=faces().wording)),
    }


@brought.post("/tables/<kind>/faults")
@roomy
@brought.tells(Workbook, body=TableFile, content_type=XLSX)
def faults(document: Mapping[str, Any], kind: str) -> Any:
    """Give a table back as a workbook that says in each row what is wrong with it."""
    table, spoken = _checked(document, kind), request.args.get("lang", "zh")
    language = spoken if spoken in ("zh", "en") else "zh"
    return _workbook(
        workbook_of(
            lambda path: write_table_faults(
                path, table.brought, table.faults, wording=faces().wording, language=language
            )
        ),
        kind,
    )


@brought.post("/tables/<kind>/imports")
@roomy
@brought.tells(Many, body=TableConfirmed, is_keyed=True)
def take(document: Mapping[str, Any], kind: str) -> Any:
    """Send a table that was checked, by the hash that the check gave."""
    stem = command_id(visitor().person, request.headers.get("Idempotency-Key"))
    sent = bring(_checked(document, kind), document["hash"], stem=stem)
    return answers_to([command for command, _ in sent], [outcome for _, outcome in sent])


def _checked(document: Mapping[str, Any], kind: str) -> Checked:
    kind_of(kind)
    try:
        raw = base64.b64decode(document["content"], validate=True)
    except (binascii.Error, ValueError):
        raise FileNotEncoded from None
    return checked(kind, document["file"], raw, document["settings"])


def _workbook(content: bytes, kind: str) -> Response:
    response = Response(content, mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{kind}.xlsx"'
    return response
