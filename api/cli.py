"""
yongneng: the operator's command line.

Every command works on the ledger in --data DIR, or at DATABASE_URL. With --json it prints one JSON
object; otherwise words. It exits 0 when done, 1 when refused or when a check failed, 2 on misuse.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any

import click

COMMANDS = {
    "demo": "api.commands.demo",
    "init": "api.commands.begin",
    "load": "api.commands.begin",
    "rules": "api.commands.rules",
    "import": "api.commands.bring_in",
    "allocate": "api.commands.allocate",
    "what-if": "api.commands.allocate",
    "recompute": "api.commands.allocate",
    "price": "api.commands.price",
    "send": "api.commands.send",
    "propose": "api.commands.send",
    "approve": "api.commands.send",
    "reject": "api.commands.send",
    "proposals": "api.commands.send",
    "show": "api.commands.send",
    "balance": "api.commands.look",
    "statement": "api.commands.past",
    "difference": "api.commands.past",
    "list": "api.commands.look",
    "trace": "api.commands.trace",
    "checkpoint": "api.commands.audit",
    "self-check": "api.commands.audit",
    "digest": "api.commands.audit",
    "replay": "api.commands.audit",
    "export": "api.commands.exporting",
    "export-table": "api.commands.tables_out",
    "duplicates": "api.commands.tables_out",
    "verify-export": "api.commands.audit",
    "receipt": "api.commands.audit",
    "verify-receipt": "api.commands.audit",
    "witness": "api.commands.witness",
    "user": "api.commands.people",
    "keys": "api.commands.people",
    "bench": "api.commands.bench",
    "drill": "api.commands.drill",
    "serve": "api.commands.serve",
    "writer": "api.commands.serve",
    "web": "api.commands.serve",
    "jobs": "api.commands.serve",
    "backup": "api.commands.backup",
    "restore": "api.commands.backup",
    "database": "api.commands.database",
}
"""Command → the module that holds it, imported only when it is called."""


class Lazy(click.Group):
    """A group whose commands are imported when they are needed, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        command = module.COMMANDS[cmd_name]
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Lazy, help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Run the group; its help is the module's docstring."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a refusal is told in words and exits with 1."""
    sys.exit(run(cli, arguments))


def run(command: Callable[..., Any], arguments: list[str] | None = None) -> int:
    """Run *command* and return its exit code."""
    from sqlalchemy.exc import SQLAlchemyError

    from ledger.errors import Refused

    try:
        code = command.main(args=arguments, standalone_mode=False)  # type: ignore[attr-defined]
    except Refused as refusal:
        tell_refusal(refusal, as_json="--json" in (arguments or sys.argv))
        return 1
    except SQLAlchemyError as error:
        from ledger.damage import LedgerDamaged, damage_shown

        if not (shown := damage_shown(error)):
            raise
        damaged = LedgerDamaged("storage", "the database", shown)
        tell_refusal(damaged, as_json="--json" in (arguments or sys.argv))
        return 1
    except click.ClickException as misuse:
        misuse.show()
        return misuse.exit_code
    except click.Abort:
        return 130
    return code if isinstance(code, int) else 0


def tell_refusal(refusal: Exception, *, as_json: bool) -> None:
    """Say why something was refused: in words, or as one JSON object."""
    from api.say import refusal_document, say_json

    if as_json:
        say_json(refusal_document(refusal))
    else:
        click.echo(f"refused: {refusal}", err=True)


if __name__ == "__main__":
    main()
