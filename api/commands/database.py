"""database: what the owner of the tables does on PostgreSQL, beside the processes that use them."""

from collections.abc import Iterable

import click
import sqlalchemy as sa

from api.options import json_option
from api.say import say_facts, say_json

_owner = click.option(
    "--owner-url", required=True, help="The database, as the role that owns its tables."
)


@click.group()
def database() -> None:
    """Migrate a PostgreSQL database and set who may do what in it."""


@database.command()
@_owner
@json_option
def upgrade(owner_url: str, as_json: bool) -> None:
    """Bring the schema of the ledger and of its users up to this release."""
    import migrations
    from api.auth.store import AuthStore
    from api.schema import require_schema
    from ledger.db import connect

    engine = connect(owner_url)
    try:
        before = migrations.current(engine) or "none"
        require_schema(engine)
        AuthStore.open(owner_url).close()
    finally:
        engine.dispose()
    facts = {"before": before, "now": migrations.head()}
    say_json(facts) if as_json else say_facts(facts)


@database.command()
@click.option("--owner-url", help="The database, as the role that owns its tables.")
@click.option("--app", required=True, help="The role of writer, jobs and serve.")
@click.option("--web", help="A role of its own for web, which then alone sees the users.")
@click.option("--sql", "as_sql", is_flag=True, help="Print the statements and run nothing.")
@json_option
def roles(owner_url: str | None, app: str, web: str | None, as_sql: bool, as_json: bool) -> None:
    """Let roles use the ledger and not change its history; run it again after each upgrade."""
    from api.database_roles import NAME, role_statements

    for name in (app, web):
        if name is not None and not NAME.fullmatch(name):
            raise click.BadParameter(f"{name} is no plain name of a role: a-z, 0-9 and _")
    if app == web:
        raise click.BadParameter("--app and --web are two roles")
    if owner_url is None and not as_sql:
        raise click.BadParameter("--owner-url is needed, or --sql to print the statements")
    statements = list(role_statements(app=app, web=web))
    if as_sql:
        click.echo("".join(f"{statement};\n" for statement in statements), nl=False)
        return
    assert owner_url is not None
    _run(owner_url, statements)
    facts = {"app": app, "web": web or app, "statements": len(statements)}
    say_json(facts) if as_json else say_facts(facts)


def _run(owner_url: str, statements: Iterable[str]) -> None:
    """Run all of *statements* or none."""
    from ledger.db import connect

    engine = connect(owner_url)
    try:
        if engine.dialect.name != "postgresql":
            raise click.BadParameter("only PostgreSQL has roles")
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement.replace(":", r"\:")))
    finally:
        engine.dispose()


COMMANDS = {"database": database}
