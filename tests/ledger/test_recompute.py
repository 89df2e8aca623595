"""A sheet is recomputed offline, by an own reader of formulas, and every figure flipped shows."""

import copy
import re
from fractions import Fraction

import pytest

from ledger.expression import FormulaUnreadable, value_of
from ledger.recompute import check_code, recompute

STEPS = [
    {
        "name": "quota by historic intensity",
        "formula": "mean(energy ÷ output) × (1 − reduction) × output",
        # (100 + 200/3) ÷ 2 = 250/3; × 0.97 × 1000 = 80,833.33…
        "inputs": {
            "intensities": "100, 200/3",
            "mean": "250/3",
            "reduction": "0.03",
            "output": "1000",
        },
        "result": "80833",
        "unit": "kgce",
        "rounding": "half up to a whole unit",
        "rule": "ALC-03",
    },
    {
        "name": "scaling to the cap",
        "formula": "requested × min(1, cap ÷ total_requested)",
        # 80,833 × 50,000 ÷ 90,000 = 44,907.2…
        "inputs": {"requested": "80833", "cap": "50000", "total_requested": "90000"},
        "result": "44907",
        "unit": "kgce",
        "rounding": "largest remainder, ties by enterprise code",
        "rule": "ALC-08",
    },
    {
        "name": "pre-issue",
        "formula": "⌊quota × share ÷ lot⌋ × lot",
        # 44,907 × 0.6 = 26,944.2 → 26 whole tonnes
        "inputs": {"quota": "44907", "share": "0.6", "lot": "1000"},
        "result": "26000",
        "unit": "kgce",
        "rounding": "down to a whole lot",
        "rule": "ALC-05",
    },
]


def sheet():
    document = {
        "form": "yongneng.sheet/1",
        "stage": "planned",
        "allocation": {"enterprise": "E1", "year": 2026},
        "figures": {"requested": "80833", "granted": "44907", "pre_issued": "26000"},
        "earlier": {},
        "sheet": {"pack_version": "sample@1", "steps": copy.deepcopy(STEPS)},
    }
    return signed(document)


def signed(document):
    return {**document, "check_code": check_code(document)}


def failed(document):
    return [check.name for check in recompute(document) if not check.ok]


@pytest.mark.parametrize(
    ("formula", "inputs", "value"),
    [
        ("mean(totals) × (1 − reduction)", {"totals": "10, 20, 33", "reduction": "1/3"}, 14),
        ("mean(totals)", {"totals": "7"}, 7),
        ("⌊quota × share ÷ lot⌋ × lot", {"quota": "1999", "share": "1", "lot": "1000"}, 1000),
        ("⌈a⌉", {"a": "1/9"}, 1),
        ("max(0, quota − freed)", {"quota": "5", "freed": "9"}, 0),
        ("a − b − c", {"a": "9", "b": "3", "c": "2"}, 4),
        ("a ÷ b × c", {"a": "9", "b": "3", "c": "2"}, 6),
        ("-a + 2 × 1.5", {"a": "1"}, 2),
        ("A × B × C ÷ average", {"A": "50000", "B": "0.3", "C": "2", "average": "1"}, 30_000),
    ],
)
def test_a_formula_is_read_as_people_write_it(formula, inputs, value):
    assert value_of(formula, inputs) == Fraction(value)


@pytest.mark.parametrize(
    ("formula", "inputs"),
    [
        ("a +", {"a": "1"}),
        ("(a", {"a": "1"}),
        ("a b", {"a": "1", "b": "2"}),
        ("unknown", {}),
        ("a ÷ b", {"a": "1", "b": "0"}),
        ("a", {"a": "1e9"}),
        ("a", {"a": "1, 2"}),
        ("__import__(a)", {"a": "1"}),
        ("(" * 30 + "1" + ")" * 30, {}),
        ("", {}),
    ],
)
def test_what_is_no_formula_is_refused_and_never_run(formula, inputs):
    with pytest.raises(FormulaUnreadable):
        value_of(formula, inputs)


def test_a_true_sheet_passes_every_check():
    checks = recompute(sheet())

    assert failed(sheet()) == []
    assert [check.name for check in checks] == [
        "form",
        "check code",
        "step 1: quota by historic intensity",
        "step 2: scaling to the cap",
        "step 3: pre-issue",
        "figure requested",
        "figure granted",
        "figure pre_issued",
    ]


def flips():
    """Every number of the sheet, each with its first digit changed."""
    for name in sheet()["figures"]:
        yield ("figures", name)
    for number, step in enumerate(STEPS):
        yield ("sheet", "steps", number, "result")
        for name in step["inputs"]:
            yield ("sheet", "steps", number, "inputs", name)


@pytest.mark.parametrize("path", list(flips()), ids=lambda path: ".".join(map(str, path)))
def test_a_flipped_number_is_caught_even_with_a_new_check_code(path):
    document = sheet()
    *way, last = path
    holder = document
    for part in way:
        holder = holder[part]
    holder[last] = re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), holder[last], count=1)

    assert "check code" in failed(document)
    assert failed(signed(document)), "the steps themselves do not show it"


def test_a_step_that_is_left_out_is_missed():
    document = sheet()
    del document["sheet"]["steps"][1]

    assert "figure granted" in failed(signed(document))


@pytest.mark.parametrize("document", [{}, {"form": "other"}, {"form": "yongneng.sheet/1"}])
def test_another_document_fails_by_its_form_alone(document):
    assert failed(document) == ["form"]
