"""
Tables: take a template, bring a filled one, see every fault, confirm what was checked.

A file goes with the form that confirms it, so that nothing is kept between the two steps; larger
files are for the command line and the API.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import may_do, reach_of, visitor
from api.faces import faces
from api.file_refusals import FileUnreadable
from api.imports import KINDS
from api.problem import language
from api.read.tables_out import table_rows
from api.send import command_id
from api.table_books import (
    table_sentence,
    write_table_faults,
    write_table_rows,
    write_table_template,
)
from api.table_check import Checked, Outcomes, bring, checked, workbook_of
from api.table_words import heading, kind_name
from api.tables_in import FileNotEncoded, headings_of, kind_of, required_settings, settings_of
from api.web.act import KEY_FIELD, Refusal, fresh_key, tried, worded
from api.web.authority_frame import authority
from api.web.shown import t
from ledger.command import Answer, RefusedByLedger
from ledger.errors import Refused

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE_BYTES_MAX = 350_000
SHOWN_MAX = 200
GROUPS = (
    (
        ("登记", "Registers"),
        ("districts", "sectors", "enterprises", "facilities", "facility_marks", "meters", "roles"),
    ),
    (
        ("确权与分配", "Rights and allocation"),
        ("history", "entitlements", "budgets", "evaluations", "ratings", "allocations"),
    ),
    (
        ("腾出与项目", "Freed quota and projects"),
        ("closures", "retrofits", "industries", "two_high", "projects"),
    ),
    (
        ("碳市场、绿证与外部记录", "Carbon, certificates, other registers"),
        ("carbon_memberships", "certificates", "outside_claims"),
    ),
)


@dataclass(frozen=True, slots=True)
class _File:
    """A file as a form brought it, with what stands beside its rows."""

    name: str
    raw: bytes
    settings: Mapping[str, str]

    @property
    def content(self) -> str:
        """Return the file as a form carries it on."""
        return base64.b64encode(self.raw).decode()


@authority.get("/authority/tables")
def tables() -> str:
    """List the kinds of tables that can be brought in."""
    grouped = [(pair, [one for one in names if one in KINDS]) for pair, names in GROUPS]
    named = {one for _, names in grouped for one in names}
    rest = [one for one in KINDS if one not in named]
    return render_template(
        "authority/tables.html",
        groups=[*grouped, (("其他", "Others"), rest)],
        name_of=lambda kind: kind_name(kind, language()),
    )


@authority.get("/authority/tables/<kind>")
def table(kind: str) -> str:
    """Show how a table of one kind is brought in."""
    return _page(kind)


@authority.get("/authority/tables/<kind>/template")
def table_template(kind: str) -> Response:
    """Give an empty workbook of one kind."""
    kind_of(kind)
    spoken = language()
    return _workbook(
        workbook_of(lambda path: write_table_template(path, kind, language=spoken)), kind
    )


@authority.get("/authority/tables/<kind>/rows")
def table_out(kind: str) -> Response:
    """Give the rows of one kind that were brought in."""
    kind_of(kind)
    spoken = language()
    with faces().read() as connection:
        rows = list(table_rows(connection, kind, {}, reach_of(150)))
    return _workbook(
        workbook_of(lambda path: write_table_rows(path, kind, rows, language=spoken)), kind
    )


@authority.post("/authority/tables/<kind>/check")
def check_table(kind: str) -> str | Response | tuple[str, int]:
    """Check a table and show every fault, or give it back as a workbook that says them."""
    file = tried(lambda: _uploaded(kind))
    if isinstance(file, Refusal):
        return _page(kind, refusal=file), file.status
    found = tried(lambda: checked(kind, file.name, file.raw, file.settings))
    if isinstance(found, Refusal):
        return _page(kind, refusal=found, file=file), found.status
    if request.form.get("step") == "faults" and found.faults:
        wording, spoken = faces().wording, language()
        return _workbook(
            workbook_of(
                lambda path: write_table_faults(
                    path, found.brought, found.faults, wording=wording, language=spoken
                )
            ),
            kind,
        )
    return _page(kind, found=found, file=file)


@authority.post("/authority/tables/<kind>/confirm")
def confirm_table(kind: str) -> str | Response | tuple[str, int]:
    """Send a table that was checked."""
    file = tried(lambda: _carried(kind))
    if isinstance(file, Refusal):
        return _page(kind, refusal=file), file.status
    sent = tried(lambda: _send(kind, file))
    if isinstance(sent, Refusal):
        return _page(kind, refusal=sent, file=file), sent.status
    refused = [outcome for _, outcome in sent if not (isinstance(outcome, Answer) and outcome.ok)]
    if refused:
        first = refused[0]
        told = worded(RefusedByLedger(first) if isinstance(first, Answer) else first)
        return _page(kind, refusal=told, file=file), told.status
    flash(_done(kind, sent), "done")
    return redirect(url_for("authority.table", kind=kind), 303)


def _send(kind: str, file: _File) -> Outcomes:
    stem = command_id(visitor().person, request.form.get(KEY_FIELD))
    found = checked(kind, file.name, file.raw, file.settings)
    return bring(found, request.form.get("hash", ""), stem=stem)


def _done(kind: str, sent: Outcomes) -> str:
    name = kind_name(kind, language())
    results = [outcome.result for _, outcome in sent if isinstance(outcome, Answer)]
    waiting = [str(result["proposal"]) for result in results if "proposal" in result]
    if waiting:
        numbers = ", ".join(waiting)
        return t(
            f"“{name}”已提交复核，编号 {numbers}；第二人批准后生效。",
            f"{name}: proposed as {numbers}; takes effect when a second person approves.",
        )
    return t(f"“{name}”已导入并生效。", f"{name}: brought in, in effect.")


def _uploaded(kind: str) -> _File:
    given = request.files.get("file")
    if given is None or not given.filename:
        raise FileUnreadable("-", "is not there; choose a file")
    raw = given.read(FILE_BYTES_MAX + 1)
    name = given.filename[-100:]
    if len(raw) > FILE_BYTES_MAX:
        problem = f"is larger than {FILE_BYTES_MAX} bytes; use the command line or the API"
        raise FileUnreadable(name, problem)
    return _File(name, raw, _settings(kind))


def _carried(kind: str) -> _File:
    try:
        raw = base64.b64decode(request.form.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        raise FileNotEncoded from None
    return _File(request.form.get("name", "")[-100:], raw, _settings(kind))


def _settings(kind: str) -> dict[str, str]:
    found = {name: request.form.get(f"set_{name}", "").strip() for name in settings_of(kind)}
    return {name: text for name, text in found.items() if text}


def _page(
    kind: str,
    *,
    found: Checked | None = None,
    refusal: Refusal | None = None,
    file: _File | None = None,
) -> str:
    kind_of(kind)
    spoken = language()
    settings = [(name, heading(name, spoken)) for name in settings_of(kind)]
    faults: Sequence[tuple[int, str, Refused]] = [
        (one.row, table_sentence(one, wording=faces().wording, language=spoken), one.refusal)
        for one in (found.faults[:SHOWN_MAX] if found else ())
    ]
    return render_template(
        "authority/table.html",
        kind=kind,
        name=kind_name(kind, spoken),
        headings=headings_of(kind, spoken),
        settings=settings,
        required=required_settings(kind),
        found=found,
        faults=faults,
        file=file,
        refusal=refusal,
        key=fresh_key(),
        form=request.form,
        may_take_out=may_do(150),
    )


def _workbook(content: bytes, kind: str) -> Response:
    response = FlaskResponse(content, mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{kind}.xlsx"'
    return response
