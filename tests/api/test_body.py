"""Any bytes as a body: read as JSON reads them, or refused with a code; never anything else."""

import json
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.rest.body import (
    DEPTH_MAX,
    BodyMissing,
    JsonDuplicateKey,
    JsonInvalid,
    JsonTooDeep,
    TextInvalid,
    read_json,
)
from ledger.errors import Refused

TEXT = st.text(st.characters(), max_size=6)
FRACTION = st.decimals(allow_nan=False, allow_infinity=False).map(float)
NUMBER = st.integers(-(10**20), 10**20) | FRACTION
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=12,
)
MARKS = (
    *"{}[]:,\"\\'",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\u00e9",
    " ",
    "\n",
    "\ufeff",
    "\x00",
    "é",
)
WORDS = (
    "1",
    "-",
    "0",
    "1e999",
    "1.5",
    "NaN",
    "Infinity",
    "true",
    "null",
    '"a"',
    "9" * 5_000,
    "1e-400",
)
PIECES = st.lists(st.sampled_from(MARKS + WORDS), max_size=14)


def refusal_of(raw):
    """Return the code with which *raw* is refused, or None."""
    try:
        read_json(raw)
    except Refused as refused:
        return refused.code
    return None


def plain(value):
    """Return what was read with fractions as the floats that json makes of them."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.binary(max_size=60) | PIECES.map(lambda some: "".join(some).encode()))
@example(b'{"a": "\\ud800", "b": 1.5}')
@example(b"[" * 100_000)
@example(b'"\\\\u0000"')
@example(b"9" * 10_000)
def test_any_bytes_are_read_as_json_reads_them_or_refused(raw):
    if refusal_of(raw) is not None:
        return

    assert plain(read_json(raw)) == json.loads(raw.decode("utf-8"))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(VALUE, st.booleans())
def test_what_json_writes_is_read_as_it_was_unless_a_text_cannot_be_kept(value, ascii_only):
    # A lone surrogate cannot be sent but by its escape.
    written = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    code = refusal_of(written)

    if can_be_kept(value):
        assert code in (None, "json_invalid")
        assert code is None or "e" in written.decode()
        if code is None:
            assert plain(read_json(written)) == value
    else:
        assert code == "text_invalid"


def can_be_kept(value):
    if isinstance(value, str):
        return "\x00" not in value and not any(0xD800 <= ord(letter) < 0xE000 for letter in value)
    if isinstance(value, dict):
        return all(can_be_kept(each) for pair in value.items() for each in pair)
    return all(map(can_be_kept, value)) if isinstance(value, list) else True


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"", BodyMissing),
        (b" \n\t", BodyMissing),
        (b'{"a": 1, "a": 1}', JsonDuplicateKey),
        (b'{"a": {"b": 1, "b": 2}}', JsonDuplicateKey),
        (b"NaN", JsonInvalid),
        (b"[1e301]", JsonInvalid),
        (b"{} {}", JsonInvalid),
        (b'"a\x00"', JsonInvalid),
        (b"\xef\xbb\xbf{}", JsonInvalid),
        (b'"\xed\xa0\x80"', TextInvalid),
        (b'"\\ud800"', TextInvalid),
        (b'{"\\u0000": 1}', TextInvalid),
        (b'{"a": 1.5, "b": "\\ud800"}', TextInvalid),
        (b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), JsonTooDeep),
        (b"[" * 200_000, JsonTooDeep),
    ],
)
def test_each_kind_of_fault_has_its_own_refusal(raw, refusal):
    with pytest.raises(refusal):
        read_json(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[" * DEPTH_MAX + b"]" * DEPTH_MAX, None),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"[1e300]", [Decimal("1e300")]),
        (b' {"a": 1} ', {"a": 1}),
    ],
)
def test_what_is_just_still_json_is_read(raw, value):
    assert value is None or read_json(raw) == value
    assert refusal_of(raw) is None
