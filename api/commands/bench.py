"""bench: measure the rows of the performance contract against reference loops of the same run."""

import os
import platform

import click

from api.options import json_option
from api.say import say_json


@click.command()
@click.option("--no-postgres", is_flag=True, help="Leave PostgreSQL's rows out.")
@json_option
def bench(no_postgres: bool, as_json: bool) -> None:
    """Measure every row; each figure with what it must reach, and pass or miss."""
    from bench.postgres import is_available
    from bench.rows import rows

    measured = []
    for row in rows(postgres=is_available() and not no_postgres):
        measured.append(row)
        if not as_json:
            sign = "≤" if row.at_most else "≥"
            verdict = "pass" if row.is_met else "MISS"
            click.echo(
                f"{verdict}  {row.name:<58} {row.value:>8} {row.unit}  (must {sign} {row.must})"
            )
    if as_json:
        say_json(
            {
                "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, "
                f"Python {platform.python_version()}",
                "rows": [
                    {
                        "name": row.name,
                        "value": row.value,
                        "unit": row.unit,
                        "must": row.must,
                        "met": row.is_met,
                        **row.figures,
                    }
                    for row in measured
                ],
            }
        )


COMMANDS = {"bench": bench}
