"""
The rule register: what each rule that an answer cites says, and where it comes from; public.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import NotFound
from api.faces import faces
from api.read.packs import rule_fields
from api.rest.fields import Words
from api.rest.resource import Resource

rules = Resource("rules", __name__, "Rules: what an answer cites")


class Rule(ma.Schema):
    """One rule, in two languages."""

    id = Words()
    sentence = Words()
    sentence_zh = Words()
    source = Words()
    status = Words()
    status_zh = Words()
    is_law = ma.fields.Boolean()


Register = ma.Schema.from_dict(
    {"items": ma.fields.List(ma.fields.Nested(Rule))}, name="RuleRegister"
)


@rules.get("/rules")
@rules.shows(Register, prefix=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """Show the whole register, or the rules whose id begins so."""
    known = faces().wording.rules
    prefix = asked.get("prefix", "")
    return {"items": [rule_fields(known[id_]) for id_ in sorted(known) if id_.startswith(prefix)]}


@rules.get("/rules/<rule>")
@rules.shows(Rule)
def show(rule: str) -> Any:
    """Show one rule."""
    found = faces().wording.rules.get(rule)
    if found is None:
        raise NotFound
    return rule_fields(found)
