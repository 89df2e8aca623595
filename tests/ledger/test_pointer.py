"""Where a payload is malformed, as a JSON pointer; and how deeply a text is nested."""

import json

import pytest

from ledger.approve import Propose
from ledger.cash import Deposit
from ledger.command import PayloadMalformed, encode_payload, read_payload, read_payload_json
from ledger.metering.read import RecordReadings
from ledger.nesting import json_depth
from ledger.pointer import pointer_of
from ledger.transfer import Line, PostLines
from market.place import PlaceOrder

ROW = {"meter": "M1", "month": "2025-01", "value": "1", "unit": "kg"}
ORDER = {"instrument": "I", "enterprise": "E", "side": "buy", "price_fen": 1, "quantity_tce": 1}


def deposit(**wrong):
    return Deposit(**{"enterprise": "E", "amount_fen": 1, "statement_line": "L"} | wrong)


@pytest.mark.parametrize(
    ("shape", "document", "code", "field"),
    [
        (PlaceOrder, ORDER | {"validity": "for ever"}, "payload_malformed", "/validity"),
        (PlaceOrder, ORDER | {"price_fen": 1.5}, "not_an_integer", "/price_fen"),
        (PlaceOrder, ORDER | {"is/it~so": 1}, "field_unknown", "/is~1it~0so"),
        (PlaceOrder, {}, "field_required", "/instrument"),
        (PlaceOrder, [], "payload_malformed", ""),
        (RecordReadings, {"rows": [ROW, ROW | {"unit": 7}]}, "payload_malformed", "/rows/1/unit"),
        (RecordReadings, {"rows": [ROW, {}]}, "field_required", "/rows/1/meter"),
        (RecordReadings, {"rows": [ROW, ROW | {"x": 1}]}, "field_unknown", "/rows/1/x"),
        (RecordReadings, {"rows": 5}, "payload_malformed", "/rows"),
        (PostLines, {"rule": "R", "lines": [[*"abcde"]]}, "not_an_integer", "/lines/0/4"),
        (PostLines, {"rule": "R", "lines": [["a"]]}, "payload_malformed", "/lines/0"),
    ],
)
def test_a_malformed_payload_says_where(shape, document, code, field):
    for read in (
        lambda: read_payload(shape, document),
        lambda: read_payload_json(shape, json.dumps(document).encode()),
    ):
        with pytest.raises(PayloadMalformed) as refused:
            read()
        assert (refused.value.code, refused.value.facts["field"]) == (code, field)


@pytest.mark.parametrize(
    ("payload", "code", "field"),
    [
        (deposit(amount_fen=10**18), "number_too_large", "/amount_fen"),
        (deposit(statement_line="a\0"), "text_unstorable", "/statement_line"),
        (deposit(enterprise="\ud800"), "text_unstorable", "/enterprise"),
        (
            PostLines(rule="R", lines=(Line(*"abcd", 1), Line(*"abcd", -(10**18)))),
            "number_too_large",
            "/lines/1/4",
        ),
    ],
)
def test_what_cannot_be_kept_says_where_it_is(payload, code, field):
    with pytest.raises(PayloadMalformed) as refused:
        encode_payload(payload)

    assert (refused.value.code, refused.value.facts["field"]) == (code, field)


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ("Expected `int`, got `str` - at `$.rows[3].amount`", "/rows/3/amount"),
        ("Expected `int`, got `str` - at `$.m[...]`", "/m/"),
        ("Expected `object`, got `array`", ""),
        ("Input data was truncated", ""),
        ("Object contains unknown field `" + "x" * 900 + "`", "/" + "x" * 199),
    ],
)
def test_the_pointer_is_taken_from_the_words_of_the_reader(message, pointer):
    assert pointer_of(message) == pointer


@pytest.mark.parametrize("text", ["[" * 100_000, '{"enterprise":' + "[" * 100_000])
def test_a_deep_document_is_malformed_and_nothing_worse(text):
    with pytest.raises(PayloadMalformed):
        read_payload_json(Deposit, text.encode())
    with pytest.raises(PayloadMalformed):
        read_payload_json(Propose, text.encode())


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("1", 0),
        ("[]", 1),
        ('[{"a":[1]},[]]', 3),
        ('["[[[[", "\\"[[", "\\\\"]', 1),
        ("]]]][[", 0),
        ('"[[[', 0),
        ("[" * 100_000, 100_000),
        ('"' + '\\"' * 500_000, 0),
    ],
)
def test_depth_counts_brackets_outside_texts(text, depth):
    assert json_depth(text) == depth
