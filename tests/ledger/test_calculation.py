import json
from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.calculation import Sheet, as_text, sheet_from_plain, step

PURCHASE = step(
    "purchase",
    "A × B",
    {"A": 50_000, "B": Fraction(3, 10)},
    result=15_000,
    unit="kgce",
    rule="ALC-11",
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-12, "-12"),
        (Decimal("0.1229"), "0.1229"),
        (Decimal("1E+3"), "1000"),
        (Fraction(3, 10), "0.3"),
        (Fraction(100), "100"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 10**6), "0.000001"),
        ("eq", "eq"),
        (True, "true"),
    ],
)
def test_values_are_written_exactly(value, text):
    assert as_text(value) == text


def test_a_sheet_survives_json():
    sheet = Sheet("2026.1").then(PURCHASE)

    again = sheet_from_plain(json.loads(json.dumps(sheet.plain())))

    assert again == sheet


def test_a_plain_step_shows_formula_inputs_result_and_rule():
    plain = Sheet("2026.1").then(PURCHASE).plain()

    assert plain == {
        "pack_version": "2026.1",
        "steps": [
            {
                "name": "purchase",
                "formula": "A × B",
                "inputs": {"A": "50000", "B": "0.3"},
                "result": "15000",
                "unit": "kgce",
                "rounding": "none",
                "rule": "ALC-11",
            }
        ],
    }


def test_adding_steps_leaves_the_first_sheet_alone():
    empty = Sheet("2026.1")

    empty.then(PURCHASE)

    assert empty.steps == ()
