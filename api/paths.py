"""
What may stand in a path: numbers that every database can compare, text that every one can keep.
"""

from flask import Flask
from werkzeug.routing import IntegerConverter, UnicodeConverter


class Number(IntegerConverter):
    """A whole number of at most 18 digits."""

    regex = r"[0-9]{1,18}"


class Name(UnicodeConverter):
    """Text of at most 200 characters, without a slash or a NUL."""

    def __init__(self, map: object, **_: object) -> None:
        super().__init__(map)  # type: ignore[arg-type]
        self.regex = "[^/\x00]{1,200}"


def register(app: Flask) -> None:
    """Let paths of *app* be made of these."""
    app.url_map.converters.update({"int": Number, "string": Name, "default": Name})
