"""demo: play one compliance year of a fictional province, and prove it."""

import os
import tempfile
import time
from pathlib import Path

import click

from api.demo.words import Language
from api.options import json_option
from api.say import say_json

STARTED = time.monotonic()


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    help="Where to keep the ledger; a directory of its own, or DATABASE_URL, otherwise.",
)
@click.option(
    "--no-serve", is_flag=True, help="End after the figures; pages come in a later release."
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="Tell it in Chinese or in English.",
)
@json_option
def demo(data: Path | None, no_serve: bool, language: Language, as_json: bool) -> None:
    """Build the demonstration province, play vintage 2025 to its close, and verify everything."""
    from api.demo.play import figures_of, play
    from api.demo.summary import tell
    from api.demo.voice import Voice
    from api.program import database_url

    voice = Voice(language, silent=as_json)
    with tempfile.TemporaryDirectory(prefix="yongneng-demo-") as scratch:
        at_url = data is None and bool(os.environ.get("DATABASE_URL"))
        home = Path(scratch) if data is None else data
        url = database_url(None if at_url else home)
        figures = figures_of(home)
        if figures is None:
            figures = play(url, home, voice=voice, started=STARTED)
        else:
            voice.say(
                zh=f"{home} 已有走完的年度，未作任何改动。",
                en=f"{home} has a year that was played before; nothing is changed.",
            )
        tell(voice, figures)
        if as_json:
            say_json(figures)
        elif not no_serve:
            voice.say(
                zh="网页在下一版提供；命令行已具备全部功能（--help 列出各项命令）。",
                en="Pages come in the next release; the command line has everything "
                "(--help lists its commands).",
            )


COMMANDS = {"demo": demo}
