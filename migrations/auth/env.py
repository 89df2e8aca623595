"""Run migrations on the connection that `migrations.auth.upgrade` hands over."""

from alembic import context

from api.auth.tables import AuthBase
from migrations.auth import VERSION_TABLE


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=AuthBase.metadata,
        version_table=VERSION_TABLE,
        transaction_per_migration=False,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
