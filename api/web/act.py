"""
Send what a form asks for, and say on the page what came of it.

A form carries the key of its command from the moment it is shown, so that a second click, or a
page sent again, is the same command.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from flask import request

from api.door import visitor
from api.faces import faces
from api.ids import fresh_uuid
from api.problem import language
from api.send import Sent, command_id, send
from api.web import names
from api.web.shown import t
from ledger.command import Payload, RefusedByLedger
from ledger.errors import Fact, Refused

KEY_FIELD = "key"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal as a page shows it: what, why, by which rule, and the facts."""

    code: str
    status: int
    title: str
    detail: str
    rule: str
    sentence: str
    facts: Mapping[str, Fact]


def fresh_key() -> str:
    """Return the key for the command a form will send."""
    return fresh_uuid()


def attempt(kind: type[Payload], document: Mapping[str, object]) -> Sent | Refusal:
    """Send *document* as a command of the visitor's, under the key of the form."""

    def sending() -> Sent:
        key = command_id(visitor().person, request.form.get(KEY_FIELD))
        return send(faces().gateway, kind, document, visitor().person, key)

    return tried(sending)


def tried(doing: Callable[[], Result]) -> Result | Refusal:
    """Return what *doing* returns, or the refusal it raises, in words."""
    try:
        return doing()
    except Refused as refused:
        return worded(refused)


def worded(refused: Refused) -> Refusal:
    """Return a refusal in the language of this request."""
    facts: Mapping[str, Fact] = refused.facts
    code, rule, message = refused.code, refused.rule, refused.message
    if isinstance(refused, RefusedByLedger):
        answer = refused.answer
        code, rule = answer.code, answer.verdict.rule
        message, facts = answer.message, answer.facts
    wording, spoken = faces().wording, language()
    found = wording.rules.get(rule)
    sentence = "" if found is None else (found.sentence if spoken == "en" else found.sentence_zh)
    return Refusal(
        code=code,
        status=wording.status(code),
        title=wording.title(code, spoken),
        detail=wording.detail(code, rule, message, _named(facts), spoken),
        rule=rule,
        sentence=sentence,
        facts=facts,
    )


def _named(facts: Mapping[str, Fact]) -> Mapping[str, Fact]:
    """Return *facts* with names beside the codes of districts and packs, and the visitor as you."""
    named = dict(facts)
    for key, name_of in (("district", names.district), ("pack", names.pack)):
        code = str(facts.get(key, ""))
        name = name_of(code) if code else code
        if name != code:
            named[key] = f"{name}（{code}）"
    if facts.get("actor") == visitor().person:
        named["actor"] = t("您", "you")
    kind, _, code = str(facts.get("scope", "")).partition(":")
    if code and kind == "district":
        named["scope"] = f"{names.district(code)}（{code}）"
    elif code and kind == "enterprise":
        named["scope"] = f"{names.enterprises([code]).get(code, code)}（{code}）"
    return named
