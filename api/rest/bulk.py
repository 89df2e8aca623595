"""
Many commands in one request: sent in order and together, each answered for itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import marshmallow as ma
from flask import request

import api.problem
from api.door import visitor
from api.faces import faces
from api.key_reach import require_within_key
from api.rest.fields import Count, Instant, Words, plain
from api.rest.shapes import Problem
from api.send import command_id, command_of, send_all
from ledger.command import Answer, Command, Payload, RefusedByLedger
from ledger.errors import Refused


class OneOfMany(ma.Schema):
    """What became of one command of many; `problem` says why it was not taken."""

    index = Count(required=True)
    status = ma.fields.Integer(required=True)
    code = Words(required=True)
    command_id = Words(required=True)
    sequence = Count(allow_none=True, required=True)
    recorded_at = Instant(allow_none=True, required=True)
    is_repeated = ma.fields.Boolean(required=True)
    result = ma.fields.Dict()
    problem = ma.fields.Nested(Problem)


class Many(ma.Schema):
    """The answers to many commands, in their order."""

    items = ma.fields.List(ma.fields.Nested(OneOfMany), required=True)


def submit_all(payload: type[Payload], documents: Iterable[Mapping[str, object]]) -> Any:
    """Send each of *documents* as a command named "<key>.<index>" and return every answer."""
    person, gateway = visitor().person, faces().gateway
    key = command_id(person, request.headers.get("Idempotency-Key"))
    look = partial(require_within_key, faces(), visitor())
    commands = [
        command_of(gateway, payload, document, person, f"{key}.{index}", look=look)[0]
        for index, document in enumerate(documents)
    ]
    return answers_to(commands, send_all(gateway, commands))


def answers_to(commands: Sequence[Command], outcomes: Sequence[Answer | Refused]) -> Any:
    """Return what became of each of *commands* as the body of an answer."""
    return {
        "items": [
            {"index": index, "command_id": command.id, **_told(outcome)}
            for index, (command, outcome) in enumerate(zip(commands, outcomes, strict=True))
        ]
    }


def _told(outcome: Answer | Refused) -> dict[str, Any]:
    """Return one answer, with its problem document where it is a refusal."""
    told: dict[str, Any] = {"sequence": None, "recorded_at": None, "is_repeated": False}
    if isinstance(outcome, Answer):
        told["sequence"], told["recorded_at"] = outcome.sequence, outcome.recorded_at
        told["is_repeated"] = outcome.repeated
        if outcome.ok:
            return told | {"status": 201, "code": outcome.code, "result": plain(outcome.result)}
        outcome = RefusedByLedger(outcome)
    said = api.problem.of_refusal(outcome)
    body = said.get_json()
    return told | {"status": said.status_code, "code": body["code"], "problem": body}
