"""
Receipts: what shows offline that a command is in the history that was signed.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import NotFound, reach_of, visitor
from api.read import proofs
from api.read.known_checkpoint import is_known
from api.read.receipt_check import Checked, check_receipt
from api.rest.fields import Words
from api.rest.outside import answers
from api.rest.resource import Resource, snapshot
from api.rest.shapes import Strict

receipts = Resource("receipts", __name__, "Receipts: proofs of one's own commands")

JOURNAL = 88
"""The operation of the matrix that says how far somebody sees the journal."""

KNOWN = "checkpoint_known"
"""The one check that takes this ledger: that it is the one which stored the checkpoint."""


class Leaf(ma.Schema):
    """A leaf: its bytes, what they commit to, and its way to the root."""

    index = ma.fields.Integer()
    leaf = Words(allow_none=True, metadata={"description": "hex; null where it names others"})
    leaf_hash = Words()
    fields_ = ma.fields.Dict(data_key="fields", attribute="fields", allow_none=True)
    proof = ma.fields.List(Words())


class Receipt(ma.Schema):
    """A receipt, format yongneng/receipt/1."""

    format = Words()
    checkpoint = Words(metadata={"description": "a signed note (C2SP)"})
    command = ma.fields.Nested(Leaf)
    entries = ma.fields.List(ma.fields.Nested(Leaf))


class Question(Strict):
    """A receipt to be checked, and the verifier key it should be signed with."""

    receipt = ma.fields.Dict(required=True)
    key = Words(validate=ma.validate.Length(max=500))


class Finding(ma.Schema):
    """What a receipt proves."""

    ok = ma.fields.Boolean()
    failed = Words(metadata={"description": "the check that failed; empty where all passed"})
    detail = Words()
    passed = ma.fields.List(Words())
    not_proved = ma.fields.List(Words())


@receipts.get("/commands/<int:sequence>/receipt")
@receipts.shows(Receipt)
def show(sequence: int) -> Any:
    """Show the receipt of a command, once a checkpoint covers it."""
    with snapshot() as connection:
        found = proofs.receipt(
            connection, sequence, reach=reach_of(JOURNAL), person=visitor().person
        )
    if found is None:
        raise NotFound
    return found


@receipts.post("/receipts/check")
@answers(receipts, Finding, body=Question)
def check(question: Mapping[str, Any]) -> Any:
    """Check a receipt and say which check fails; nothing is kept."""
    found = check_receipt(question["receipt"], question.get("key", ""))
    failed, detail = found.failed, found.detail
    passed = list(found.passed)
    if not failed:
        failed, detail = _known(question["receipt"]["checkpoint"])
        passed += [] if failed else [KNOWN]
    return _finding(found, failed, detail, passed)


def _finding(found: Checked, failed: str, detail: str, passed: list[str]) -> Mapping[str, Any]:
    return {
        "ok": not failed,
        "failed": failed,
        "detail": detail,
        "passed": passed,
        "not_proved": [] if failed else found.not_proved,
    }


def _known(text: str) -> tuple[str, str]:
    """Return the failed check and why, or nothing, where this ledger has the checkpoint."""
    with snapshot() as connection:
        if is_known(connection, text):
            return "", ""
    return KNOWN, "this ledger has no such checkpoint; the receipt is of another one"
