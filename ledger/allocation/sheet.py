"""
A calculation sheet as a document of its own, with a check code: what an enterprise may take away.

`ledger.recompute` checks such a document without any ledger. The code of a stage never changes once
the stage is over, so an objection can name it.
"""

from typing import Any, Literal

import msgspec

from ledger.allocation.tables import AllocationRow
from ledger.command import canonical
from ledger.recompute import FORM, check_code

Stage = Literal["planned", "final"]
"""Which figure a sheet explains: what was planned, or what verification made of it."""

Document = dict[str, Any]


def sheet_document(row: AllocationRow, stage: str) -> Document | None:
    """Return the sheet of one stage of an allocation as a document; None before that stage."""
    text = row.sheet if stage == "planned" else row.final_sheet
    if not text:
        return None
    sheet = msgspec.json.decode(text)
    figures, earlier = _planned(row) if stage == "planned" else _final(row, sheet["steps"])
    document: Document = {
        "form": FORM,
        "stage": stage,
        "allocation": {
            "year": row.year,
            "measure": row.measure,
            "enterprise": row.enterprise,
            "product": row.product,
            "district": row.district,
            "method": row.method,
        },
        "figures": figures,
        "earlier": earlier,
        "terms": msgspec.json.decode(row.terms),
        "output": str(row.output if stage == "planned" else row.final_output),
        "sheet": sheet,
    }
    if stage == "final":
        document["report_hash"] = row.report_hash
    return {**document, "check_code": check_code(document)}


def code_of(row: AllocationRow, stage: str) -> str:
    """Return the check code of one stage's sheet, "" before that stage. Rule: ALC-90."""
    document = sheet_document(row, stage)
    return "" if document is None else str(document["check_code"])


def canonical_document(document: Document) -> bytes:
    """Return a sheet's document as the bytes of the file that people download."""
    return canonical(document)


def _planned(row: AllocationRow) -> tuple[dict[str, str], dict[str, str]]:
    figures = {
        "requested": str(row.requested),
        "granted": str(row.granted),
        "pre_issued": str(row.pre_issued),
        "saleable": str(row.saleable),
    }
    return figures, {}


def _final(row: AllocationRow, steps: list[Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a final sheet gives, and what it takes from the plan and from what was issued."""
    difference = steps[-1]
    figures = {"change": difference["result"]}
    if len(steps) > 1:
        figures["final"] = difference["inputs"]["final"]
    earlier = {
        "requested": str(row.requested),
        "granted": str(row.granted),
        "issued": difference["inputs"]["pre_issued"],
    }
    return figures, earlier
