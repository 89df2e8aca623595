"""drill restore: backups at random moments under load, each restored and proved."""

import click

from api.options import json_option
from api.say import say_json


@click.command("restore")
@click.option(
    "--points", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Backups."
)
@click.option("--seed", type=int, default=1, show_default=True)
@json_option
def restore(points: int, seed: int, as_json: bool) -> None:
    """Back up a busy ledger at random moments and prove every backup; exit 1 if one fails."""
    from api.drill.restore import drill_restore

    drilled = drill_restore(points, seed=seed)
    figures = drilled.figures()
    if as_json:
        say_json({**figures, "faults": drilled.faults})
    else:
        for name, value in figures.items():
            click.echo(f"{name:24} {value}")
        for fault in drilled.faults:
            click.echo(f"FAILED  {fault}")
    if drilled.faults:
        raise click.exceptions.Exit(1)
