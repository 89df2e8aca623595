"""
One text field of a JSON document in a column, in the words of either database.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class json_text(FunctionElement[str]):
    """The text of field *name* of the JSON object in *column*; NULL where there is none."""

    name = "json_text"
    inherit_cache = True
    type = sa.Text()

    def __init__(self, column: Any, name: str) -> None:
        assert name.isidentifier(), name
        super().__init__(column, sa.literal(name))


@compiles(json_text, "sqlite")
def _of_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"json_extract({column}, '$.' || {name})"


@compiles(json_text, "postgresql")
def _of_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"(CAST({column} AS json) ->> {name})"
