"""A town with faces, for every test that comes to the door."""

import pytest

from tests.api.guests import Town


@pytest.fixture
def faced(engine, clock):
    """The town of `tests.api.town` behind its application, on each engine in turn."""
    town = Town(engine, clock)
    yield town
    town.close()
