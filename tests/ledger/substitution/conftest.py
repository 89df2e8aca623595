"""A city on each engine, and one on SQLite for tables of what packs and payloads decide."""

import pytest

from tests.ledger.substitution.five import NEEDED
from tests.ledger.substitution.world import closure, free, lines, open_city


@pytest.fixture
def bench(engine, clock):
    return open_city(engine, clock)


@pytest.fixture
def light(sqlite_engine, clock):
    return open_city(sqlite_engine, clock)


@pytest.fixture
def freed(bench):
    """Exactly what the project needs, freed by a cement line in another district of the city."""
    free(bench, closure("S1", measures=lines(NEEDED)))
    return bench


@pytest.fixture
def light_freed(light):
    free(light, closure("S1", measures=lines(NEEDED)))
    return light
