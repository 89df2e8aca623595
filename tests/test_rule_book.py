"""docs/rules.md is what the data and the code say, to the byte."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from api.commands.rules import rules
from api.rule_book import differing, read_sources, rule_book
from ledger.policy import parse_pack

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def sources():
    return read_sources(ROOT)


def test_the_page_in_the_repository_is_the_one_that_is_generated(sources):
    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")

    same = page == rule_book(sources)
    assert same, "run: yongneng rules --write docs/rules.md"


def test_every_rule_stands_on_the_page_with_where_it_is_cited(sources):
    lines = rule_book(sources).splitlines()

    assert {each for each in sources.rules if f"| {each} |" in "\n".join(lines)} == set(
        sources.rules
    )
    (line,) = [each for each in lines if each.startswith("| POL-10 |")]
    assert "`ledger/pack_change.py`" in line


def test_every_citation_in_the_code_has_a_rule(sources):
    assert sources.citations.keys() - sources.rules.keys() <= {"UTF-16"}


def pack(pack_id, *values, **header):
    listed = [
        {"key": key, "value": value, "unit": unit, "status": "decided_here", "valid_from": first}
        | ({"valid_to": last} if last else {})
        for key, value, unit, first, last in values
    ]
    names = {"id": pack_id, "name": pack_id, "name_en": pack_id, "parameter": listed}
    return parse_pack(names | header)


@pytest.mark.parametrize(
    ("theirs", "is_told"),
    [
        pytest.param(("a.b", True, "switch", "2021-01-01", ""), False, id="they-agree"),
        pytest.param(("a.b", False, "switch", "2021-01-01", ""), True, id="they-differ"),
        pytest.param(("a.b", False, "switch", "2026-01-01", ""), False, id="at-other-times"),
        pytest.param(("a.b", False, "switch", "2025-12-31", ""), True, id="on-one-day"),
        pytest.param(("a.c", False, "switch", "2021-01-01", ""), False, id="of-other-things"),
    ],
)
def test_sources_differ_where_two_places_say_two_things_on_one_day(theirs, is_told):
    ours = ("a.b", True, "switch", "2021-01-01", "2025-12-31")
    packs = {"one": pack("one", ours), "two": pack("two", theirs)}

    assert ("a.b" in differing(packs)) == is_told


def test_a_list_says_the_same_in_any_order():
    one = ("a.b", ["coal", "energy"], "choices", "2021-01-01", "")
    two = ("a.b", ["energy", "coal"], "choices", "2021-01-01", "")

    assert differing({"one": pack("one", one), "two": pack("two", two)}) == {}


@pytest.mark.parametrize(
    "key",
    [
        "district.feedstock_in_intensity",
        "substitution.reduction_required",
        "two_high.window_guidance_inclusive",
    ],
)
def test_the_known_contradictions_stand_side_by_side(sources, key):
    assert key in differing(sources.packs)


def test_the_command_writes_the_page_or_prints_it(tmp_path, sources):
    page = tmp_path / "rules.md"

    printed = CliRunner().invoke(rules, [])
    written = CliRunner().invoke(rules, ["--write", str(page)])

    assert (printed.exit_code, written.exit_code) == (0, 0)
    assert printed.stdout == page.read_text(encoding="utf-8") == rule_book(sources)
