"""
PostgreSQL's own tools for backups, which know every detail of their server: pg_dump, pg_restore.
"""

import os
import shutil
import subprocess
from pathlib import Path

import sqlalchemy as sa

from ledger.errors import Refused


class BackupToolFailed(Refused):
    """A tool of PostgreSQL is not there, or did not do what it was asked."""

    code = "backup_tool_failed"
    rule = "REG-67"

    def __init__(self, tool: str, problem: str) -> None:
        super().__init__(
            f"{tool} failed: {problem}; it must be there and as new as the server, see --pg-bin",
            tool=tool,
            problem=problem[:200],
        )


def dump(url: sa.URL, out: Path, *, snapshot: str, with_auth: bool, tools: Path | None) -> None:
    """Dump the database at *url*, as *snapshot* sees it, into *out* in pg_dump's own form."""
    wanted = [] if with_auth else ["--exclude-schema=auth"]
    _run(
        "pg_dump",
        ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", *wanted],
        url,
        [f"--file={out}"],
        tools=tools,
    )


def load(url: sa.URL, source: Path, *, tools: Path | None) -> None:
    """Load a dump into the empty database at *url*: all of it, or nothing."""
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", options, url, [str(source)], tools=tools)


def _run(
    tool: str, options: list[str], url: sa.URL, last: list[str], *, tools: Path | None
) -> None:
    path = shutil.which(tool, path=None if tools is None else str(tools))
    if path is None:
        raise BackupToolFailed(tool, f"it is not in {tools or 'PATH'}")
    place = url.set(drivername="postgresql", password=None)
    # The password goes by the environment: whoever lists processes sees their arguments.
    environment = {**os.environ, "PGPASSWORD": str(url.password)} if url.password else None
    done = subprocess.run(
        [path, *options, f"--dbname={place.render_as_string(hide_password=False)}", *last],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        raise BackupToolFailed(tool, done.stderr.strip() or f"it ended with {done.returncode}")
