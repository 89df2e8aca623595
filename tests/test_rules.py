"""The rule register and the code agree: every id cited exists, every refusal cites one."""

import importlib
import pkgutil
import re
from collections import Counter
from pathlib import Path

import pytest

import seeds
from ledger.errors import refusal_classes

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("ledger", "market", "api")
RULES = seeds.read_rules()
_CITED = re.compile(r"\b(?!UTF-16)[A-Z]{3}-[0-9]{2}\b")


def cited_ids():
    """Return each rule id the code cites, with the files that cite it."""
    places = {}
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            for rule_id in _CITED.findall(path.read_text(encoding="utf-8")):
                places.setdefault(rule_id, set()).add(str(path.relative_to(ROOT)))
    return places


@pytest.fixture(scope="module")
def refusals():
    """Every refusal the product declares, found by importing all of it."""
    for layer in LAYERS:
        package = importlib.import_module(layer)
        for module in pkgutil.walk_packages(package.__path__, f"{layer}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    return [each for each in refusal_classes() if each.__module__.split(".")[0] in LAYERS]


def test_every_rule_the_code_cites_is_in_the_register():
    unknown = {id_: sorted(files) for id_, files in cited_ids().items() if id_ not in RULES}

    assert unknown == {}


def test_every_rule_stands_in_the_file_of_its_prefix():
    astray = [
        (path.name, rule_id)
        for path in sorted((ROOT / "seeds" / "rules").glob("*.toml"))
        for rule_id in re.findall(r"(?m)^\[([A-Z]{3}-[0-9]{2})\]", path.read_text("utf-8"))
        if rule_id[:3].lower() != path.stem
    ]

    assert astray == []


def test_every_refusal_has_a_code_and_a_registered_rule(refusals):
    faulty = [
        f"{each.__module__}.{each.__name__}"
        for each in refusals
        if not re.fullmatch("[a-z][a-z0-9_]*", getattr(each, "code", ""))
        or getattr(each, "rule", "") not in RULES
    ]

    assert faulty == []


def test_codes_of_refusals_are_unique(refusals):
    counted = Counter(getattr(each, "code", None) for each in refusals)

    assert [code for code, times in counted.items() if times > 1] == []


def test_the_search_reaches_the_refusals_of_deep_modules(refusals):
    assert {"amount_malformed", "pack_overlap"} <= {each.code for each in refusals}


READ_WHOLE = ("济政字〔2023〕10号", "安府发〔2022〕17号", "RFC 9162", "C2SP")
"""Documents that were read from end to end; a draft is no law, and an opening is not a document."""


def test_nothing_is_called_confirmed_that_was_not_read_whole():
    hearsay = [
        rule_id
        for rule_id, rule in RULES.items()
        if rule.status.is_law and not any(named in rule.source for named in READ_WHOLE)
    ]

    assert hearsay == []
