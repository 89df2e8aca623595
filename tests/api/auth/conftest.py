"""Auth stores beside the ledgers of both engines."""

import pytest

from api.auth.store import AuthStore
from tests.api.auth.people import officers, quick


@pytest.fixture
def ledger_url(engine):
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def empty_store(ledger_url):
    """A store in which nobody is yet."""
    with AuthStore.open(ledger_url, passwords=quick()) as store:
        yield store


@pytest.fixture
def store(empty_store):
    """A store with two security officers, sec1 and sec2."""
    officers(empty_store)
    return empty_store


@pytest.fixture
def other_store(store, ledger_url):
    """The same store as another process has it open."""
    with AuthStore.open(ledger_url, passwords=quick()) as other:
        yield other
