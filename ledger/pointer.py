"""
Where in a document a problem is, as a JSON pointer: ``/rows/3/amount``; "" is the whole document.
"""

import re
from collections.abc import Callable, Iterator

POINTER_MAX = 200
"""Characters of a pointer; names of unknown fields are as long as their sender likes."""

_PLACE = re.compile(r"(?s)(?P<problem>.*?)(?: - at `\$(?P<path>[^`]*)`)?")
_NAMED = re.compile(r"(?s).*(?:unknown|missing required) field `(?P<name>.*)`")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>[0-9]+)\]|\[\.\.\.\]")


def pointer_of(message: str) -> str:
    """
    Return where the problem is that msgspec tells: "Expected `int` - at `$.rows[3].amount`".

    A field that is unknown or missing is named itself, not the object that has or lacks it.
    """
    found = _PLACE.fullmatch(message)
    assert found is not None, "the pattern matches every text"
    steps = [step["name"] or step["index"] or "" for step in _STEP.finditer(found["path"] or "")]
    named = _NAMED.fullmatch(found["problem"])
    if named is not None:
        steps.append(named["name"])
    return _joined(steps)


def pointer_to(document: object, is_bad: Callable[[object], bool]) -> str:
    """Return where the first leaf of *document*, plain JSON values, is that *is_bad*."""
    return next((_joined(steps) for steps, leaf in _leaves(document, []) if is_bad(leaf)), "")


def _leaves(value: object, steps: list[str]) -> Iterator[tuple[list[str], object]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, [*steps, str(name)])
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, [*steps, str(index)])
    else:
        yield steps, value


def _joined(steps: list[str]) -> str:
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in steps)
    return "".join(f"/{step}" for step in escaped)[:POINTER_MAX]
