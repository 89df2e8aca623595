"""
Bulk commands: try every row, and refuse them all if one is refused, naming each.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ledger.errors import Refused

NAMED_MAX = 20

Line = TypeVar("Line")


class RowsRefused(Refused):
    """Some rows of a bulk command were refused, so none took effect."""

    code = "rows_refused"
    rule = "REG-19"

    def __init__(self, problems: Sequence[tuple[int, Refused]], *, rows: int) -> None:
        named = "; ".join(
            f"row {number}: {refusal.code}: {refusal.message}"
            for number, refusal in problems[:NAMED_MAX]
        )
        super().__init__(
            f"{len(problems)} of {rows} rows were refused, so nothing was taken: {named}",
            refused=len(problems),
            rows=rows,
            codes=",".join(sorted({refusal.code for _, refusal in problems})),
        )
        self.problems = problems


class RowsEmpty(Refused):
    """A bulk command has no rows."""

    code = "rows_empty"
    rule = "REG-19"

    def __init__(self) -> None:
        super().__init__("there are no rows; send at least one")


def each_row(rows: Sequence[Line], verb: Callable[[Line], object]) -> None:
    """
    Run *verb* on each row; collect every refusal before refusing all.

    A single row is refused as itself. Rows are numbered from 1. Rule: REG-19.
    """
    if not rows:
        raise RowsEmpty
    problems: list[tuple[int, Refused]] = []
    for number, line in enumerate(rows, start=1):
        try:
            verb(line)
        except Refused as refusal:
            if len(rows) == 1:
                raise
            problems.append((number, refusal))
    if problems:
        raise RowsRefused(problems, rows=len(rows))
