"""
What a rule is: one sentence, in two languages, and the text it comes from.

Code cites rules by id (`REG-01`); the register is the data that says what each one means. Dated
values that a rule works with are parameters of a policy pack, not part of the rule.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.errors import Refused
from ledger.pack import Status

_ID = re.compile(r"[A-Z]{3}-[0-9]{2}", re.ASCII)
_FIELDS = ("sentence", "sentence_zh", "source", "status")
_STATUSES = tuple(status for status in Status if status is not Status.SAMPLE)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the product; *source* names a document and article, or says "decided here"."""

    id: str
    sentence: str
    sentence_zh: str
    source: str
    status: Status


class RuleMalformed(Refused):
    """An entry of the rule register is incomplete or has a field no rule has."""

    code = "rule_malformed"
    rule = "POL-09"

    def __init__(self, rule_id: str, *, field: str, accepted: str) -> None:
        super().__init__(
            f"Rule {rule_id[:40]} needs {field!r} to be {accepted}",
            rule_id=rule_id[:40],
            field=field,
            accepted=accepted,
        )


class RuleDuplicate(Refused):
    """Two entries of the register have one id."""

    code = "rule_duplicate"
    rule = "POL-09"

    def __init__(self, rule_id: str) -> None:
        super().__init__(
            f"Rule {rule_id} is in the register twice: give one of them a free number",
            rule_id=rule_id,
        )


def parse_rules(document: Mapping[str, object]) -> tuple[Rule, ...]:
    """
    Return the rules of one register file (decoded TOML), sorted by id.

    Rule: POL-09.
    """
    return tuple(_rule(rule_id, document[rule_id]) for rule_id in sorted(document))


def register(rules: Iterable[Rule]) -> dict[str, Rule]:
    """Return the rules by id, refusing an id that is used twice."""
    by_id: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in by_id:
            raise RuleDuplicate(rule.id)
        by_id[rule.id] = rule
    return by_id


def _rule(rule_id: str, fields: object) -> Rule:
    if not _ID.fullmatch(rule_id):
        raise RuleMalformed(rule_id, field="id", accepted="three capitals and two digits (REG-01)")
    if not isinstance(fields, Mapping) or set(fields) != set(_FIELDS):
        raise RuleMalformed(rule_id, field="fields", accepted=f"exactly {', '.join(_FIELDS)}")
    for field in _FIELDS:
        if not isinstance(fields[field], str) or not fields[field].strip():
            raise RuleMalformed(rule_id, field=field, accepted="text")
    if fields["status"] not in _STATUSES:
        raise RuleMalformed(rule_id, field="status", accepted=f"one of {', '.join(_STATUSES)}")
    return Rule(
        id=rule_id,
        sentence=fields["sentence"],
        sentence_zh=fields["sentence_zh"],
        source=fields["source"],
        status=Status(fields["status"]),
    )
