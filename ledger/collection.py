"""Keep the cyclic collector out of work that makes many objects and no cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_off() -> Iterator[None]:
    """
    Keep the cyclic collector off for the length of the block.

    Rows, leaves and pieces are many, hold no cycles and go with what made them; scanning them again
    and again costs a fifth of the time of a bulk command.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
