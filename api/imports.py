"""
Imports: a CSV file or workbook becomes one command of many rows, or one command a row.

The id of a command follows from the file's name and content and from who sends it, so the same file
sent twice is one import. A desk that sends the same orders again gives the file another name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from api.csv_rows import read_rows
from ledger.allocation.confirm import (
    ConfirmEntitlements,
    EntitlementLine,
    HistoryLine,
    RecordHistory,
)
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.approve import proposing
from ledger.cash import Deposit
from ledger.command import Command, Payload, read_payload
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.districts.record import FigureLine, RecordFigures
from ledger.errors import Refused
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.read import ReadingLine, RecordReadings
from ledger.parties.enroll import (
    DistrictLine,
    EnterpriseLine,
    FacilityLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterFacilities,
    RegisterSectors,
    SectorLine,
)
from ledger.roles import Grant, GrantRoles
from ledger.subject import Subjects
from market.place import PlaceOrder


class ImportUnknown(Refused):
    """No import of this kind exists."""

    code = "import_unknown"
    rule = "REG-40"

    def __init__(self, kind: str) -> None:
        known = ", ".join(KINDS)
        super().__init__(f"{kind[:40]} cannot be imported; one of: {known}", kind=kind[:40])


@dataclass(frozen=True, slots=True)
class Kind:
    """
    One kind of import.

    With a *field*, all rows go into that field of one *payload*; without, each row of *line* is a
    command of its own.
    """

    payload: type[Payload]
    line: type[msgspec.Struct]
    field: str = ""


KINDS: Mapping[str, Kind] = {
    "roles": Kind(GrantRoles, Grant, "grants"),
    "districts": Kind(RegisterDistricts, DistrictLine, "rows"),
    "sectors": Kind(RegisterSectors, SectorLine, "rows"),
    "enterprises": Kind(RegisterEnterprises, EnterpriseLine, "rows"),
    "facilities": Kind(RegisterFacilities, FacilityLine, "rows"),
    "figures": Kind(RecordFigures, FigureLine, "rows"),
    "meters": Kind(RegisterMeters, MeterLine, "rows"),
    "readings": Kind(RecordReadings, ReadingLine, "rows"),
    "history": Kind(RecordHistory, HistoryLine, "rows"),
    "entitlements": Kind(ConfirmEntitlements, EntitlementLine, "rows"),
    "budgets": Kind(SetBudgets, BudgetLine, "rows"),
    "allocations": Kind(PlanAllocations, PlanLine, "rows"),
    "deposits": Kind(Deposit, Deposit),
    "orders": Kind(PlaceOrder, PlaceOrder),
}


def payloads_of(kind: str, path: Path, header: Mapping[str, Any] | None = None) -> list[Payload]:
    """
    Return the payloads that the file at *path* makes; *header* gives fields beside the rows.

    Every bad row is named and then nothing is returned. Rule: REG-40.
    """
    if kind not in KINDS:
        raise ImportUnknown(kind)
    importing = KINDS[kind]
    rows = read_rows(path, importing.line)
    if importing.field:
        return [read_payload(importing.payload, {**(header or {}), importing.field: rows})]
    return [read_payload(importing.payload, row) for row in rows]


def commands_of(
    kind: str,
    path: Path,
    *,
    actor: str,
    subjects: Subjects,
    header: Mapping[str, Any] | None = None,
    attempt: str = "",
) -> list[Command]:
    """
    Return the commands of an import by *actor*; what needs four eyes becomes a proposal.

    Another *attempt* of the same file is another import.
    """
    payloads = payloads_of(kind, path, header)
    named = f"{path.name}\n{actor}\n{header or {}}\n{attempt}\n".encode() + path.read_bytes()
    stem = f"import:{kind}:{sha256(named).hexdigest()[:24]}"
    needs_second = bool(subjects.handlers[KINDS[kind].payload.kind].checkers)
    return [
        Command(
            stem if len(payloads) == 1 else f"{stem}:{number}",
            actor,
            proposing(payload) if needs_second else payload,
        )
        for number, payload in enumerate(payloads, start=1)
    ]
