"""
How deeply a JSON text is nested, found without following it down.

Decoders go down one call a level, and how many they stand depends on who calls them;
a limit that is counted gives the same answer everywhere.
"""

import re

_TOKEN = re.compile(r'(?s)"(?:[^"\\]|\\.)*+"?|(?P<opens>[\[{])|(?P<closes>[\]}])')


def json_depth(text: str) -> int:
    """Return how many arrays and objects of JSON *text* stand inside one another, at most."""
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        if token["opens"]:
            depth += 1
            deepest = max(deepest, depth)
        elif token["closes"]:
            depth -= 1
    return deepest
