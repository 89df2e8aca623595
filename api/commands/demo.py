"""demo: play one compliance year of a fictional province, and prove it."""

import os
import tempfile
import time
from pathlib import Path

import click

from api.options import json_option
from api.say import say_json

STARTED = time.monotonic()


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep the ledger; a directory of its own, or DATABASE_URL, otherwise.",
)
@click.option(
    "--no-serve", is_flag=True, help="End after the figures; pages come in a later release."
)
@json_option
def demo(data: Path | None, no_serve: bool, as_json: bool) -> None:
    """Build the demonstration province, play vintage 2025 to its close, and verify everything."""
    from api.demo.play import figures_of, play
    from api.program import database_url

    with tempfile.TemporaryDirectory(prefix="yongneng-demo-") as scratch:
        at_url = data is None and bool(os.environ.get("DATABASE_URL"))
        home = Path(scratch) if data is None else data
        url = database_url(None if at_url else home)
        figures = figures_of(home) or play(url, home, silent=as_json, started=STARTED)
        if as_json:
            say_json(figures)
        elif not no_serve:
            click.echo("\nThe pages come in the next release; the command line has everything.")


COMMANDS = {"demo": demo}
