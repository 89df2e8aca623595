"""
A file of allocations for many districts: read with every fault, tried as a whole, then sent.

The rows of one district become plans of at most a thousand rows each, which have no effect until
they are issued. The file is tried on a snapshot first, by the plan's own verb: where one row is
bad, nothing of the file is sent. Rule: ALC-97.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
import sqlalchemy as sa

from api.csv_rows import body_of, bytes_of, cells_of, columns_of, table_of
from api.openings import Fault
from api.read.trials import Rehearsed, rehearse_plans
from api.workbook_rows import Bounds
from ledger.allocation.prepare import PlanAllocations, PlanLine
from ledger.command import Command
from ledger.districts.budget import Measure
from ledger.errors import Refused
from ledger.parties.party import PartyUnknown
from ledger.parties.tables import EnterpriseRow

BOUNDS = Bounds(rows=200_000, expanded=200 * 1024 * 1024)
PLANNED_AT_ONCE_MAX = 1_000
"""How many rows one plan takes, so that it never keeps the writer for long."""

Numbered = tuple[int, PlanLine]
"""A line and its row in the file, as a spreadsheet numbers it."""


class AllocationFileFaulty(Refused):
    """A file of allocations has faults, so nothing of it was sent."""

    code = "allocation_file_faulty"
    rule = "ALC-97"

    def __init__(self, file: str, *, faults: int, rows: int) -> None:
        super().__init__(
            f"{file} has {faults} fault(s) in {rows} rows, and nothing was sent: mend every row "
            "that is named",
            file=file,
            faults=faults,
            rows=rows,
        )


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A file as it was read: its table, its good lines, and what is wrong with the others."""

    file: str
    hash: str
    table: Sequence[Sequence[str]]
    lines: tuple[Numbered, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """For which year and measure a file is, and who sends it."""

    year: int
    measure: Measure
    actor: str


def read_plan_file(path: Path) -> PlanFile:
    """Return what the CSV file or workbook at *path* says; only what is no table is refused."""
    raw = bytes_of(path)
    table = table_of(path.name, raw, BOUNDS)
    columns = columns_of(path.name, table[0] if table else [], PlanLine)
    lines: list[Numbered] = []
    faults: list[Fault] = []
    for number, cells in body_of(path.name, table, largest=BOUNDS.rows):
        row, refused = cells_of(cells, columns)
        faults += [Fault(number, str(each.facts.get("column", "")), each) for each in refused]
        if not refused:
            lines.append((number, msgspec.convert(row, PlanLine)))
    return PlanFile(path.name, sha256(raw).hexdigest(), table, tuple(lines), tuple(faults))


def rehearse(
    connection: sa.Connection, found: PlanFile, asked: Asked
) -> tuple[list[Fault], dict[str, Rehearsed]]:
    """
    Return every fault of a file, its own and the plan's, and what each district's plan would be.

    The plan's own faults are looked for in the rows that can be read. Rule: ALC-97.
    """
    places, faults = _by_district(connection, found)
    faults += found.faults
    lines = {district: [line for _, line in rows] for district, rows in places.items()}
    plans = rehearse_plans(connection, lines, year=asked.year, measure=asked.measure)
    for district, plan in plans.items():
        rows = places[district]
        faults += [Fault(rows[place][0], "", refusal) for place, refusal in plan.refused]
    return sorted(faults, key=lambda fault: fault.row), plans


def commands_of_file(
    connection: sa.Connection, found: PlanFile, asked: Asked
) -> Iterator[tuple[str, Command]]:
    """Yield the plans of a file with their districts, in order; ids follow from the content."""
    places, _ = _by_district(connection, found)
    stem = f"{found.hash[:24]}:{asked.year}:{asked.measure}:{asked.actor}"
    for district, rows in sorted(places.items()):
        lines = tuple(line for _, line in rows)
        for first in range(0, len(lines), PLANNED_AT_ONCE_MAX):
            payload = PlanAllocations(
                district=district,
                year=asked.year,
                measure=asked.measure,
                rows=lines[first : first + PLANNED_AT_ONCE_MAX],
                more=first + PLANNED_AT_ONCE_MAX < len(lines),
            )
            named = sha256(f"{stem}:{district}:{first}".encode()).hexdigest()[:32]
            yield district, Command(f"allocate:{named}", asked.actor, payload)


def going_on(command: Command, result: Mapping[str, object]) -> Command | None:
    """Return what is to be sent after a plan's last part, while rows are still to be scaled."""
    if not result.get("unfinished"):
        return None
    assert isinstance(command.payload, PlanAllocations)
    payload = msgspec.structs.replace(command.payload, rows=())
    named = sha256(f"{command.id}:{result['unfinished']}".encode()).hexdigest()[:32]
    return Command(f"allocate:{named}", command.actor, payload)


def _by_district(
    connection: sa.Connection, found: PlanFile
) -> tuple[Mapping[str, list[Numbered]], list[Fault]]:
    """Return the lines of a file by the district of their enterprises; faults of who is unknown."""
    query = sa.select(EnterpriseRow.id, EnterpriseRow.district)
    homes = {str(name): str(district) for name, district in connection.execute(query)}
    places: dict[str, list[Numbered]] = {}
    faults: list[Fault] = []
    for number, line in found.lines:
        home = homes.get(line.enterprise)
        if home is None:
            refusal = PartyUnknown("enterprise", line.enterprise)
            faults.append(Fault(number, "enterprise", refusal))
        else:
            places.setdefault(home, []).append((number, line))
    return places, faults
