"""The town of rights for pages too; see `tests.api.rest.conftest`."""

from tests.api.rest.conftest import rights, rights_on_postgres, rights_on_sqlite

__all__ = ["rights", "rights_on_postgres", "rights_on_sqlite"]
