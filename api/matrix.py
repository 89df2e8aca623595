"""
The permission matrix: which role may do what, how far, and which operation each route belongs to.

The data lies in ``api/permissions``: the operations in one file, the routes of each part of the API
and of the pages in files of their own. Reliability contract, part (f).
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ledger.subject import ANYWHERE, Role

DIRECTORY = Path(__file__).parent / "permissions"

ROLES = {
    "ET": Role.ENTERPRISE_TRADER,
    "EA": Role.ENTERPRISE_ADMIN,
    "EC": Role.ENTERPRISE_COMPLIANCE,
    "VE": Role.VERIFIER,
    "XO": Role.EXCHANGE_OPERATOR,
    "CL": Role.CLEARING_OPERATOR,
    "DR": Role.DISTRICT_REGULATOR,
    "CR": Role.CITY_REGULATOR,
    "AU": Role.AUDITOR,
    "SYS": Role.SYSTEM,
    "SEC": Role.SECURITY,
}
PUBLIC = "PU"
ALL, OWN, JURISDICTION, ENGAGEMENT, PUBLISHED = "A", "O", "J", "G", "P"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one role may do of one operation: how far, and as maker, checker or alone."""

    extent: str
    makes: bool
    checks: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the matrix."""

    number: int
    name: str
    name_zh: str
    eyes: str
    cells: Mapping[str, Cell]
    kinds: tuple[str, ...]
    differs: str
    is_public: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """
    How far somebody sees in one operation.

    *everything*, or own enterprises, or the enterprises of own districts, or what *engaged* as a
    verifier covers. Nothing of these, and only what is published is seen.
    """

    everything: bool = False
    enterprises: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()
    engaged: str = ""

    def sees(self, *, enterprise: str = "", district: str = "") -> bool:
        """Return whether an object of that enterprise, in that district, is within reach."""
        return self.everything or enterprise in self.enterprises or district in self.districts


class Matrix:
    """All operations, and the operation of every route."""

    def __init__(self, operations: Iterable[Operation], routes: Mapping[str, int]) -> None:
        self.operations = {operation.number: operation for operation in operations}
        self.routes = dict(routes)
        unknown = {number for number in routes.values() if number not in self.operations}
        assert not unknown, f"routes name operations that do not exist: {sorted(unknown)}"

    def require_complete(self, endpoints: Iterable[str]) -> None:
        """Fail where a route of the application has no row, or a row no route."""
        endpoints = set(endpoints)
        missing, idle = endpoints - self.routes.keys(), self.routes.keys() - endpoints
        assert not missing, f"routes without a row in api/permissions: {sorted(missing)}"
        assert not idle, f"rows in api/permissions without a route: {sorted(idle)}"

    def operation(self, endpoint: str) -> Operation:
        """Return the operation that a route belongs to."""
        return self.operations[self.routes[endpoint]]


def may(operation: Operation, grants: Iterable[tuple[str, str]]) -> bool:
    """Return whether any of *grants* (role, scope), or the public, may do *operation* at all."""
    return operation.is_public or any(role in operation.cells for role, _ in grants)


def reach(operation: Operation, grants: Iterable[tuple[str, str]], person: str) -> Reach:
    """Return how far *person* with *grants* reaches in *operation*."""
    everything, engaged = False, ""
    enterprises, districts = set(), set()
    for role, scope in grants:
        cell = operation.cells.get(role)
        if cell is None:
            continue
        if cell.extent == ENGAGEMENT:
            engaged = person
        elif cell.extent == ALL or (cell.extent != PUBLISHED and scope == ANYWHERE):
            everything = True
        elif scope.startswith("enterprise:"):
            enterprises.add(scope.removeprefix("enterprise:"))
        elif scope.startswith("district:"):
            districts.add(scope.removeprefix("district:"))
    return Reach(everything, frozenset(enterprises), frozenset(districts), engaged)


def read_matrix(directory: Path = DIRECTORY) -> Matrix:
    """Return the matrix as the data files have it."""
    operations: dict[int, Operation] = {}
    routes: dict[str, int] = {}
    for path in sorted(directory.glob("*.toml")):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        for operation in map(_operation, document.get("operation", ())):
            assert operation.number not in operations, f"{operation.number} is there twice"
            operations[operation.number] = operation
        for endpoint, number in document.get("routes", {}).items():
            assert endpoint not in routes, f"{endpoint} has two rows, one of them in {path.name}"
            routes[endpoint] = number
    return Matrix(operations.values(), routes)


def _operation(row: Mapping[str, object]) -> Operation:
    cells, kinds = row["cells"], row.get("kinds", ())
    assert isinstance(cells, dict)
    assert isinstance(kinds, list | tuple)
    return Operation(
        number=int(str(row["number"])),
        name=str(row["name"]),
        name_zh=str(row["name_zh"]),
        eyes=str(row["eyes"]),
        cells={str(ROLES[short]): _cell(text) for short, text in cells.items() if short in ROLES},
        kinds=tuple(kinds),
        differs=str(row.get("differs", "")),
        is_public=PUBLIC in cells,
    )


def _cell(text: str) -> Cell:
    words = text.split()
    extent = words[0] if words[0] in "AOJGP" else ALL
    eyes = words[-1] if words[-1] in ("m", "c", "m/c") else ""
    return Cell(extent=extent, makes=eyes != "c", checks="c" in eyes)
