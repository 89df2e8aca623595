"""rules: every rule and parameter of this release as one page."""

from pathlib import Path

import click

from api.rule_book import read_sources, rule_book


@click.command()
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page to this file instead of printing it.",
)
def rules(write: Path | None) -> None:
    """Print the book of rules: rules, packs, where sources differ, parameters."""
    page = rule_book(read_sources())
    if write is None:
        click.echo(page, nl=False)
        return
    write.write_text(page, encoding="utf-8")
    click.echo(f"{write}: {len(page.splitlines())} lines")


COMMANDS = {"rules": rules}
