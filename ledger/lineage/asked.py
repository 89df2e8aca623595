"""
Ask for many rows by their keys in one query, whatever the number of keys.

Straight through the driver, in the transaction of the connection: a follower asks for tens of
thousands of rows a second.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

Key = int | str | tuple[int | str, ...]


def asked(
    connection: sa.Connection, query: str, keys: Sequence[Key], **types: str
) -> list[tuple[Any, ...]]:
    """
    Return the rows of *query*, in which ``{keys}`` stands for a table called k of *keys*.

    *types* are its columns, "bigint" or "text"; keys of one column are no tuples.
    """
    if not keys:
        return []
    encoded = msgspec.json.encode(keys).decode()
    shape, mark = (_SQLITE, "?") if connection.dialect.name == "sqlite" else (_POSTGRES, "%s")
    values = _SINGLE if len(types) == 1 else _SEVERAL
    columns = ", ".join(
        f"{values[connection.dialect.name].format(number=number, type=kind)} AS {name}"
        for number, (name, kind) in enumerate(types.items())
    )
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    try:
        cursor.execute(
            query.format(keys=f"(SELECT {columns} FROM {shape.format(mark=mark)}) k"), (encoded,)
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    finally:
        cursor.close()
    return found


_SQLITE, _POSTGRES = "json_each({mark})", "json_array_elements(CAST({mark} AS json))"
_SEVERAL = {
    "sqlite": "json_extract(value, '$[{number}]')",
    "postgresql": "CAST(value->>{number} AS {type})",
}
_SINGLE = {"sqlite": "value", "postgresql": "CAST(value#>>'{{}}' AS {type})"}
