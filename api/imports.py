"""
Imports: a CSV file or workbook becomes one command of many rows, or one command a row.

The id of a command follows from the file's name and content and from who sends it, so the same file
sent twice is one import. A desk that sends the same orders again gives the file another name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import msgspec

from api.csv_rows import read_rows
from ledger.allocation.certificate import PreIssueEntitlements
from ledger.allocation.confirm import (
    ConfirmEntitlements,
    EntitlementLine,
    HistoryLine,
    RecordHistory,
)
from ledger.allocation.entrants import AdmitEntrants, EntrantLine
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.approve import proposing
from ledger.cash import Deposit
from ledger.command import Command, Payload, read_payload
from ledger.coordination.certificate import CertificateLine, RecordCertificates
from ledger.coordination.membership import MemberLine, RecordMembership
from ledger.coordination.outside import MarkLine, OutsideLine, RecordMarks, RecordOutside
from ledger.districts.enforce import BudgetLine, SetBudgets
from ledger.districts.evaluation import EvaluationLine, RecordEvaluations
from ledger.districts.rating import RateDistricts, RatingLine
from ledger.districts.record import FigureLine, RecordFigures
from ledger.errors import Refused
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.read import ReadingLine, RecordReadings
from ledger.moves.transfer import MakeTransfers, TransferLine
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
from ledger.rows import RowsRefused
from ledger.subject import Subjects
from ledger.substitution.claim import ClaimClosure, ClaimRetrofit
from ledger.substitution.in_bulk import ClaimClosures, ClaimRetrofits, RegisterProjects
from ledger.substitution.industry import AdoptIndustries, IndustryLine
from ledger.substitution.project import RegisterProject
from ledger.substitution.register import EnterTwoHigh, TwoHighLine
from ledger.waive import WaiveParameters, WaiverLine
from market.place import PlaceOrder

Row = dict[str, Any]
"""One row or line as plain data by field."""


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
    command of its own. Where a line has lines of its own in *nested*, the file has a row for each
    of those, and rows that agree in the first column make one line.
    """

    payload: type[Payload]
    line: type[msgspec.Struct]
    field: str = ""
    nested: str = ""

    @property
    def flat(self) -> type[msgspec.Struct]:
        """Return the shape of one row of a file."""
        return flat_line(self.line, self.nested) if self.nested else self.line


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
    "pre_issued": Kind(PreIssueEntitlements, EntitlementLine, "rows"),
    "budgets": Kind(SetBudgets, BudgetLine, "rows"),
    "evaluations": Kind(RecordEvaluations, EvaluationLine, "rows"),
    "ratings": Kind(RateDistricts, RatingLine, "rows"),
    "allocations": Kind(PlanAllocations, PlanLine, "rows"),
    "entrants": Kind(AdmitEntrants, EntrantLine, "rows"),
    "facility_marks": Kind(RecordMarks, MarkLine, "rows"),
    "closures": Kind(ClaimClosures, ClaimClosure, "rows", "measures"),
    "projects": Kind(RegisterProjects, RegisterProject, "rows", "additions"),
    "industries": Kind(AdoptIndustries, IndustryLine, "rows"),
    "two_high": Kind(EnterTwoHigh, TwoHighLine, "rows"),
    "outside_claims": Kind(RecordOutside, OutsideLine, "rows"),
    "carbon_memberships": Kind(RecordMembership, MemberLine, "rows"),
    "certificates": Kind(RecordCertificates, CertificateLine, "rows"),
    "waivers": Kind(WaiveParameters, WaiverLine, "rows"),
    "deposits": Kind(Deposit, Deposit),
    "orders": Kind(PlaceOrder, PlaceOrder),
    "retrofits": Kind(ClaimRetrofits, ClaimRetrofit, "rows", "measures"),
    "transfers": Kind(MakeTransfers, TransferLine, "rows"),
}


class RowsDiffer(Refused):
    """Rows that make one line say different things of it."""

    code = "rows_differ"
    rule = "REG-40"

    def __init__(self, key: str, *, name: str, field: str) -> None:
        super().__init__(
            f"{name} {key[:40]} has another {field} in an earlier row; write the same in all of "
            "its rows",
            key=key[:40],
            name=name,
            field=field,
        )


@cache
def flat_line(line: type[msgspec.Struct], nested: str) -> type[msgspec.Struct]:
    """Return the shape of *line* with the fields of its *nested* lines in place of those lines."""
    own = [field for field in msgspec.structs.fields(line) if field.name != nested]
    inner = msgspec.structs.fields(nested_line(line, nested))
    fields: list[Any] = [
        (one.name, one.type) if one.required else (one.name, one.type, one.default)
        for one in (*own, *inner)
    ]
    made: type[msgspec.Struct] = msgspec.defstruct(f"{line.__name__}Row", fields, kw_only=True)
    return made


def nested_line(line: type[msgspec.Struct], nested: str) -> type[msgspec.Struct]:
    """Return the type of the lines that each *line* has in *nested*."""
    found = next(each for each in msgspec.structs.fields(line) if each.name == nested)
    inner: type[msgspec.Struct] = get_args(found.type)[0]
    return inner


def grouped(rows: Sequence[Row], kind: Kind) -> list[tuple[Row, list[int]]]:
    """Return one line for all rows of each key, with the places of those rows. Rule: REG-40."""
    inner = set(nested_line(kind.line, kind.nested).__struct_fields__)
    name = kind.line.__struct_fields__[0]
    found: dict[str, tuple[Row, list[int]]] = {}
    problems: list[tuple[int, Refused]] = []
    for place, row in enumerate(rows):
        own = {field: value for field, value in row.items() if field not in inner}
        part = {field: value for field, value in row.items() if field in inner}
        line, places = found.setdefault(row[name], ({**own, kind.nested: []}, []))
        differs = [each for each in own.keys() | line.keys() if own.get(each) != line.get(each)]
        field = min(set(differs) - {kind.nested}, default="")
        if field:
            problems.append((place, RowsDiffer(row[name], name=name, field=field)))
        line[kind.nested].append(part)
        places.append(place)
    if problems:
        raise RowsRefused(problems, rows=len(rows))
    return list(found.values())


def payloads_of(kind: str, path: Path, header: Mapping[str, Any] | None = None) -> list[Payload]:
    """
    Return the payloads that the file at *path* makes; *header* gives fields beside the rows.

    Every bad row is named and then nothing is returned. Rule: REG-40.
    """
    if kind not in KINDS:
        raise ImportUnknown(kind)
    importing = KINDS[kind]
    rows = read_rows(path, importing.flat)
    if importing.nested:
        rows = [row for row, _ in grouped(rows, importing)]
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
