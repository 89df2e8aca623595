"""drill: prove on throw-away ledgers that nothing is lost when something breaks."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from api.commands.drill_restore import restore
from api.options import json_option
from api.say import say_json

if TYPE_CHECKING:
    from api.drill.groups import Group

_SEED = click.option("--seed", default=1, show_default=True, help="Decides every chance.")
_COUNTS = ("trials", "acknowledged", "lost", "corrupt", "unbalanced", "faults")


@click.group()
def drill() -> None:
    """Break throw-away ledgers on purpose, with faults planted that must be noticed."""


drill.add_command(restore)


@drill.command()
@click.option("--kills", default=200, show_default=True, type=click.IntRange(1))
@click.option("--images", default=5_000, show_default=True, type=click.IntRange(4))
@click.option("--postgres", is_flag=True, help="Also kill all processes of a PostgreSQL server.")
@_SEED
@json_option
def crash(kills: int, images: int, postgres: bool, seed: int, as_json: bool) -> int:
    """Kill the process, cut the power, and count what was lost. Needs a C compiler."""
    from api.drill.groups import crash_groups

    groups = crash_groups(kills=kills, images=images, postgres=postgres, seed=seed)
    return _tell(groups, seed=seed, as_json=as_json)


@drill.command()
@click.option("--fills", default=200, show_default=True, type=click.IntRange(1))
@_SEED
@json_option
def diskfull(fills: int, seed: int, as_json: bool) -> int:
    """Let the disk be full now and then; every refusal must be clean. Needs a C compiler."""
    from api.drill.groups import disk_groups

    return _tell(disk_groups(fills=fills, seed=seed), seed=seed, as_json=as_json)


def _tell(groups: "Iterable[Group]", *, seed: int, as_json: bool) -> int:
    """Print each group as it comes; return 1 if a promise broke or a fault was not noticed."""
    began = time.monotonic()
    if not as_json:
        click.echo(f"{'':<64}" + "".join(f"{name:>13}" for name in _COUNTS))
    done = []
    for group in groups:
        done.append(group)
        if not as_json:
            for line in _lines(group):
                click.echo(line)
    is_met = all(group.is_met for group in done)
    seconds = round(time.monotonic() - began)
    if as_json:
        say_json({"met": is_met, "seed": seed, "seconds": seconds, "groups": _plain(done)})
    else:
        click.echo(f"{'every promise holds' if is_met else 'FAILED'} (seed {seed}, {seconds} s)")
    return 0 if is_met else 1


def _lines(group: "Group") -> Iterator[str]:
    for tally in group.tallies:
        planted = f" with {tally.mutant}" if group.is_control else ""
        name = f"{tally.suite}{planted}" + (f": {tally.style}" if tally.style else "")
        yield f"{name:<64}" + "".join(f"{getattr(tally, count):>13,}" for count in _COUNTS)
    yield f"  {group.verdict}"


def _plain(groups: "Iterable[Group]") -> list[dict[str, object]]:
    return [
        {
            "control": group.is_control,
            "verdict": group.verdict,
            "trials": [asdict(tally) for tally in group.tallies],
        }
        for group in groups
    ]


COMMANDS = {"drill": drill}
