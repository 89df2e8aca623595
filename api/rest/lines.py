"""
Lines of entries: objects in a body, arrays in the log, where thousands stand in one command.
"""

from collections.abc import Mapping
from typing import Any

from ledger.chains import ChainLine, PostChains
from ledger.command import Payload
from ledger.transfer import Line, PostLines


def as_arrays(payload: type[Payload], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a body as *payload* takes it: the lines that it has, if any, as arrays."""
    if payload is PostLines:
        lines = [_array(Line, each) for each in document["lines"]]
        return {**document, "lines": lines}
    if payload is PostChains:
        chains = [[_array(ChainLine, each) for each in chain] for chain in document["chains"]]
        return {**document, "chains": chains}
    return document


def _array(shape: type[Line] | type[ChainLine], line: Mapping[str, Any]) -> list[Any]:
    whole = {"up_to": False, "effective_at": None, **line}
    return [whole[name] for name in shape.__struct_fields__]
