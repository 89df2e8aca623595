"""What drills need: a compiler for the shim, a workshop of throw-away ledgers."""

import pytest

from api.drill.shim import build_shim, compiler
from api.drill.workshop import open_workshop


@pytest.fixture(scope="session")
def workshop():
    if compiler() is None:
        pytest.skip("needs Linux and a C compiler, for the shim between a player and its disk")
    with open_workshop(with_shim=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    if compiler() is None:
        pytest.skip("needs Linux and a C compiler, for the shim between a player and its disk")
    return build_shim(tmp_path_factory.mktemp("shim"))
