"""serve, writer, web, jobs: the processes of a running installation."""

import logging
from pathlib import Path

import click

from api.commands.audit import key_path, profile_option
from api.options import data_option, existing
from api.program import database_url
from api.settings import Settings
from ledger.attest import Profile

_FILE = click.Path(dir_okay=False, path_type=Path)
_key = click.option("--key", type=_FILE, help="The key of checkpoints; made if it is not there.")
_socket = click.option(
    "--socket", "socket", type=_FILE, help="The writer's socket; in --data if left out."
)
_host = click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
_port = click.option(
    "--port", type=click.IntRange(0, 65535), required=True, help="Where to listen; 0 takes any."
)
_threads = click.option(
    "--threads", type=click.IntRange(1, 1024), default=32, show_default=True, help="A process."
)
_names = click.option(
    "--name", "names", multiple=True, help="A host name it answers to besides localhost."
)
_https = click.option("--https", is_flag=True, help="The outside is HTTPS; cookies demand it.")
_verify = click.option(
    "--verify",
    type=click.Choice(["full", "tail", "none"]),
    default="tail",
    show_default=True,
    help="What is verified first: everything; the newest history, and the rest meanwhile; nothing.",
)
_production = click.option(
    "--production", "is_production", is_flag=True, help="Refuse a database that is not fit for it."
)


@click.command()
@data_option
@_key
@_host
@_port
@_threads
@_names
@_https
@_production
@_verify
@profile_option
def serve(
    data: Path | None,
    key: Path | None,
    host: str,
    port: int,
    threads: int,
    names: tuple[str, ...],
    https: bool,
    is_production: bool,
    verify: str,
    profile: str,
) -> None:
    """Serve an ordinary ledger from one process: pages, REST, and the writer itself."""
    from api.processes import run_all
    from api.verifying import How

    url = _begin(data)
    run_all(
        url,
        key=key_path(data, key),
        lock=(data or Path("data")) / "writer.sock",
        host=host,
        port=port,
        threads=threads,
        settings=_settings(host, names, threads=threads, is_secure=https),
        say=_say,
        is_production=is_production,
        how=How(verify),
        profile=Profile(profile),
    )


@click.command()
@data_option
@_socket
@_key
@click.option(
    "--standby",
    "turn",
    flag_value="standby",
    help="Wait until the writer of this ledger is gone, and be the next one.",
)
@click.option(
    "--take-over", "turn", flag_value="take_over", help="Put out a writer that is there but hangs."
)
@_production
@_verify
@profile_option
def writer(
    data: Path | None,
    socket: Path | None,
    key: Path | None,
    turn: str | None,
    is_production: bool,
    verify: str,
    profile: str,
) -> None:
    """Own the ledger and take commands from `web` processes over a local socket."""
    from api.processes import run_writer
    from api.socket_place import socket_path
    from api.standby import Turn
    from api.verifying import How

    url = _begin(data)
    run_writer(
        url,
        socket_path(data, socket),
        key=key_path(data, key),
        say=_say,
        turn=Turn(turn or Turn.IF_FREE),
        is_production=is_production,
        how=How(verify),
        profile=Profile(profile),
    )


@click.command()
@data_option
@_socket
@_host
@_port
@click.option(
    "--server", type=click.Choice(["waitress", "gunicorn"]), default="waitress", show_default=True
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="gunicorn only."
)
@_threads
@_names
@_https
def web(
    data: Path | None,
    socket: Path | None,
    host: str,
    port: int,
    server: str,
    workers: int,
    threads: int,
    names: tuple[str, ...],
    https: bool,
) -> None:
    """Serve pages and REST beside a `writer`; start as many as there are cores to spare."""
    from api.processes import run_web
    from api.socket_place import socket_path

    url = _begin(data)
    path = socket_path(data, socket)
    settings = _settings(host, names, threads=threads, is_secure=https)
    if server == "gunicorn":
        from api.web_gunicorn import run_gunicorn

        run_gunicorn(
            url, path, host=host, port=port, workers=workers, threads=threads, settings=settings
        )
    else:
        run_web(url, path, host=host, port=port, threads=threads, settings=settings, say=_say)


@click.command()
@data_option
@_socket
@_key
@profile_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where each day's checkpoint is put; `checkpoints` beside the key if left out.",
)
def jobs(
    data: Path | None, socket: Path | None, key: Path | None, profile: str, out: Path | None
) -> None:
    """Wake a `writer` when something is due, and put aside a checkpoint each day."""
    from api.jobs import run_jobs
    from api.socket_place import socket_path

    url, key = _begin(data), key_path(data, key)
    run_jobs(
        url,
        socket_path(data, socket),
        key=key,
        out=out or key.parent / "checkpoints",
        say=_say,
        profile=Profile(profile),
    )


def _begin(data: Path | None) -> str:
    """Return where the ledger is, which must have been begun, and log to the screen."""
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("api").setLevel(logging.INFO)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue is no event
    with existing(data):
        return database_url(data)


def _settings(host: str, names: tuple[str, ...], *, threads: int, is_secure: bool) -> Settings:
    usual = Settings()
    return Settings(
        hosts=tuple(dict.fromkeys((*usual.hosts, host, *names))),
        is_secure=is_secure,
        # A stream has a thread for itself; orders keep at least half of them.
        streams_max=min(usual.streams_max, threads // 2),
    )


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


COMMANDS = {"serve": serve, "writer": writer, "web": web, "jobs": jobs}
