"""
The body of a request, read strictly: JSON without the parts that two readers understand otherwise.
"""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from flask import Request
from webargs.flaskparser import FlaskParser

from ledger.errors import Refused

DEPTH_MAX = 32
_NUMBER_EXPONENT_MAX = 300
_ESCAPED_SURROGATE_OR_NUL = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class BodyMissing(Refused):
    """A write came without a body."""

    code = "body_missing"
    rule = "REG-05"

    def __init__(self) -> None:
        super().__init__("send the command as a JSON object in the body")


class MediaType(Refused):
    """A body is not declared as JSON."""

    code = "media_type"
    rule = "REG-05"

    def __init__(self, found: str) -> None:
        super().__init__(
            f"send application/json, not {found[:60] or 'a body of no stated type'}",
            found=found[:60],
        )


class JsonInvalid(Refused):
    """A body is not JSON."""

    code = "json_invalid"
    rule = "REG-05"

    def __init__(self, problem: str) -> None:
        super().__init__(f"the body is not JSON: {problem[:120]}", problem=problem[:120])


class JsonDuplicateKey(Refused):
    """An object names one key twice, so that readers would disagree on what it says."""

    code = "json_duplicate_key"
    rule = "REG-05"

    def __init__(self, key: str) -> None:
        super().__init__(f"the body names {key[:60]!r} twice in one object", key=key[:60])


class JsonTooDeep(Refused):
    """A body nests deeper than any command does."""

    code = "json_too_deep"
    rule = "REG-05"

    def __init__(self) -> None:
        super().__init__(f"the body nests deeper than {DEPTH_MAX} levels", largest=DEPTH_MAX)


class TextInvalid(Refused):
    """A text is not UTF-8, or holds a NUL or half a surrogate pair."""

    code = "text_invalid"
    rule = "REG-05"

    def __init__(self) -> None:
        super().__init__("a text is not valid UTF-8, or holds a NUL or half a surrogate pair")


def read_json(raw: bytes) -> Any:
    """
    Return the JSON value of *raw*.

    Refused are what is empty, not UTF-8, not JSON (NaN and Infinity too), names a key twice, nests
    deeper than 32 levels, or holds text that not every database keeps. Rule: REG-05.
    """
    if not raw.strip():
        raise BodyMissing
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise TextInvalid from None
    document = _parsed(text)
    if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX:
        _require_shallow(document)
    if _ESCAPED_SURROGATE_OR_NUL.search(text):
        _require_storable(document)
    return document


def _parsed(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_fraction,
        )
    except RecursionError:
        raise JsonTooDeep from None
    except ValueError as error:
        raise JsonInvalid(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise JsonDuplicateKey(key)
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise JsonInvalid(f"{name} is not a number of JSON")


def _fraction(text: str) -> Decimal:
    # No field takes a fraction; the value is kept exact only so that it is refused by its name.
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise JsonInvalid(f"{text[:40]} is out of range") from None
    if abs(value.adjusted()) > _NUMBER_EXPONENT_MAX:
        raise JsonInvalid(f"{text[:40]} is out of range")
    return value


def _require_shallow(document: Any) -> None:
    level: list[Any] = [document]
    for _ in range(DEPTH_MAX):
        level = [each for value in level for each in _children(value)]
        if not level:
            return
    if any(isinstance(value, dict | list) for value in level):
        raise JsonTooDeep


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _require_storable(document: Any) -> None:
    level: list[Any] = [document]
    while level:
        for text in _texts(level):
            if "\x00" in text or not _is_encodable(text):
                raise TextInvalid
        level = [each for value in level for each in _children(value)]


def _texts(level: Iterable[Any]) -> Iterator[str]:
    for value in level:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from value


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class StrictParser(FlaskParser):
    """Reads bodies by `read_json`; everything else as webargs does."""

    def load_json(self, req: Request, schema: Any) -> Any:
        """Return the body of *req*; refuse another content type."""
        raw = req.get_data(cache=True)
        # A form may have been read by the check of its token, and left nothing behind.
        if req.mimetype != "application/json" and (raw or req.content_length):
            raise MediaType(req.mimetype)
        return read_json(raw)

    def handle_error(
        self,
        error: Any,
        req: Request,
        schema: Any,
        *,
        error_status_code: int | None,
        error_headers: Any,
    ) -> NoReturn:
        """Let the application word what the schema found."""
        raise error
