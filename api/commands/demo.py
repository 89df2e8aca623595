"""demo: play one compliance year of a fictional province, and prove it."""

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.demo.words import Language
from api.options import json_option
from api.say import say_json

if TYPE_CHECKING:
    from api.demo.voice import Voice

STARTED = time.monotonic()


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    help="Where to keep the ledger; a directory of its own, or DATABASE_URL, otherwise.",
)
@click.option(
    "--no-serve", is_flag=True, help="End after the figures instead of serving the pages."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Where the pages are served; 0 takes any free one.",
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
def demo(data: Path | None, no_serve: bool, port: int, language: Language, as_json: bool) -> None:
    """Build the demonstration province, play vintage 2025 to its close, and verify everything."""
    from api.demo.play import figures_of, play
    from api.demo.summary import tell
    from api.demo.voice import Voice
    from api.program import database_url

    if not no_serve:
        _require_free(port)
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
        if not no_serve:
            _serve(url, home, port=port, voice=voice)


def _require_free(port: int) -> None:
    """Refuse a port that is taken before a year is played, not after."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise click.BadParameter(
                f"{port} is taken; choose another", param_hint="--port"
            ) from error


def _serve(url: str, home: Path, *, port: int, voice: "Voice") -> None:
    """Serve the pages from the open session until told to end."""
    from api.processes import run_all
    from api.settings import Settings

    voice.say(
        zh="交易时段已开：在浏览器中打开下面的地址，选一个身份试用；按 Ctrl-C 结束。",
        en="The market is open: visit the address below and choose who to be; Ctrl-C ends it.",
    )
    run_all(
        url,
        key=home / "log-key.pem",
        lock=home / "writer.sock",
        host="127.0.0.1",
        port=port,
        threads=32,
        settings=Settings(),
        say=lambda text: click.echo(text, err=True),
    )


COMMANDS = {"demo": demo}
