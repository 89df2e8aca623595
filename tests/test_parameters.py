"""The register of parameters, the packs and the code know the same keys."""

import re
from pathlib import Path

import pytest

import seeds
from api.program import subjects
from api.rule_book import read_sources
from ledger.compliance.ground import YEAR_FAMILIES
from ledger.parameter_register import ParameterKeyUnknown, parse_parameters
from ledger.policy import parse_pack

ROOT = Path(__file__).resolve().parents[1]
REGISTER, PACKS = seeds.read_parameters(), seeds.read_packs()
GIVEN = {each.key: each.unit for pack in PACKS.values() for each in pack.parameters}
DOTTED = re.compile(r'"([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)"')


@pytest.fixture(scope="module")
def readers():
    return read_sources(ROOT).readers


def test_every_key_that_a_pack_gives_is_in_the_register():
    assert sorted(key for key in GIVEN if REGISTER.of(key) is None) == []


def test_units_agree_with_the_register():
    astray = [
        (pack.id, each.key, each.unit)
        for pack in PACKS.values()
        for each in pack.parameters
        if REGISTER.of(each.key).unit not in ("", each.unit)
    ]

    assert astray == []


def test_nothing_stands_in_the_register_that_nobody_gives_or_reads(readers):
    known = GIVEN.keys() | readers.keys()
    idle = [each for each in REGISTER.exact if each not in known]
    idle += [each.pattern for each in REGISTER.patterns if not any(map(each.fits, known))]

    assert idle == []


def test_every_key_the_code_names_is_in_the_register():
    """A text in the shape of a key, of a family that packs have, and the name of nothing else."""
    families = {key.partition(".")[0] for key in (*GIVEN, *REGISTER.exact)}
    known = subjects()
    others = known.handlers.keys() | known.due.keys() | NO_KEYS
    unknown = {
        (key, name)
        for name, text in read_sources(ROOT).modules.items()
        if not name.startswith("api/")
        for key in DOTTED.findall(text)
        if key.partition(".")[0] in families and key not in others and REGISTER.of(key) is None
    }

    assert sorted(unknown) == []


NO_KEYS = frozenset({"market.tables", "collection.price", "collection.buy_back_price"})
"""Names of other things in the shape of a key, and beginnings of keys."""


def test_each_family_a_year_rests_on_has_a_key():
    empty = [each for each in YEAR_FAMILIES if not any(key.startswith(each) for key in GIVEN)]

    assert empty == []


NOT_OF_A_YEAR = {
    "district.": "targets and warnings of districts, which no firm's figures rest on",
    "gate.": "which projects are let in",
    "limit.": "which projects are let in",
    "market.": "how units are traded",
    "packs.": "how packs change",
    "pledge.": "what a lender is given",
    "price.": "what new projects pay",
    "purchase.": "what new projects buy",
    "review.": "which projects are let in",
    "scope.": "who is listed",
    "entry_threshold_tce": "who is listed",
    "transfer.": "how units are handed over",
    "two_high.": "which projects are let in",
}
"""Families that the ledger reads and a year's figures do not rest on, and why not."""


def test_every_key_the_ledger_reads_is_of_a_year_or_said_not_to_be(readers):
    known = (*YEAR_FAMILIES, *NOT_OF_A_YEAR)
    read = {key for key, names in readers.items() if any(n.startswith("ledger/") for n in names)}

    assert sorted(key for key in read if not key.startswith(known)) == []


def row(pattern):
    return {pattern: {"unit": "", "meaning": pattern, "meaning_zh": pattern}}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("price.base", "price.base"),
        ("price.base.cement", "price.*"),
        ("price.base.steel.flat", "price.base.*.flat"),
        ("price.", None),
        ("price", None),
        ("prices.base", None),
    ],
)
def test_a_key_written_out_counts_before_the_longest_pattern(key, found):
    register = parse_parameters(row("price.*") | row("price.base.*.flat") | row("price.base"))

    meaning = register.of(key)

    assert (None if meaning is None else meaning.pattern) == found


def test_a_slip_of_the_pen_is_refused_with_the_nearest_key():
    parameter = {"key": "shortfal.grace_days", "value": 1, "unit": "day", "status": "decided_here"}
    parameter["valid_from"] = "2026-01-01"
    document = {"id": "city", "name": "某市", "name_en": "City", "parameter": [parameter]}

    with pytest.raises(ParameterKeyUnknown) as refusal:
        REGISTER.require_known(parse_pack(document))

    assert refusal.value.facts == {
        "pack": "city",
        "key": "shortfal.grace_days",
        "nearest": "shortfall.grace_days",
    }
