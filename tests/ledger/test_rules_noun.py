"""What an entry of the rule register must say."""

import pytest

from ledger.pack import Status
from ledger.rules import RuleDuplicate, RuleMalformed, parse_rules, register


def entry(**fields):
    honest = {
        "sentence": "Value never appears from nowhere.",
        "sentence_zh": "价值不会凭空产生。",
        "source": "decided here",
        "status": "decided_here",
    }
    return honest | fields


def test_rules_are_read_in_the_order_of_their_ids():
    rules = parse_rules({"REG-02": entry(), "REG-01": entry(sentence="First.")})

    assert [rule.id for rule in rules] == ["REG-01", "REG-02"]
    assert rules[0].sentence == "First."
    assert rules[0].sentence_zh == "价值不会凭空产生。"
    assert rules[0].source == "decided here"
    assert rules[0].status is Status.DECIDED_HERE


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"reg-01": entry()}, "id"),
        ({"REG-1": entry()}, "id"),
        ({"REG-01": "a sentence"}, "fields"),
        ({"REG-01": {"sentence": "Only this."}}, "fields"),
        ({"REG-01": entry(author="me")}, "fields"),
        ({"REG-01": entry(source=" ")}, "source"),
        ({"REG-01": entry(sentence_zh=1)}, "sentence_zh"),
        ({"REG-01": entry(status="sample")}, "status"),
        ({"REG-01": entry(status="law")}, "status"),
    ],
)
def test_an_incomplete_rule_is_refused(document, field):
    with pytest.raises(RuleMalformed) as refusal:
        parse_rules(document)

    assert refusal.value.code == "rule_malformed"
    assert refusal.value.facts["field"] == field
    assert refusal.value.facts["rule_id"] == next(iter(document))


def test_an_id_used_twice_is_refused():
    rules = parse_rules({"REG-01": entry()})

    with pytest.raises(RuleDuplicate) as refusal:
        register(rules + rules)

    assert refusal.value.facts == {"rule_id": "REG-01"}


def test_the_register_finds_a_rule_by_its_id():
    rules = register(parse_rules({"REG-01": entry(), "REG-02": entry()}))

    assert sorted(rules) == ["REG-01", "REG-02"]
