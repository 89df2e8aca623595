"""
Go on from an older state: declare, in a signed statement, what was lost.

After a restore that cannot reach what the key has signed, the same key may sign again only once it
has signed that the later checkpoint is withdrawn. Whoever holds that checkpoint finds that the
ledger no longer leads to it, and finds the statement that says so.

Rule: AUD-48.
"""

from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.attest import Attester, grow, ledger_origin
from ledger.db import reading
from ledger.errors import Refused
from ledger.kept_file import keep_text
from ledger.keys import load_or_create_key, verifier_key
from ledger.note import parse_note, sign_note
from ledger.signed_last import LedgerRolledBack, SignedLast

REASON_MAX = 500


class RollbackNone(Refused):
    """There is no loss to declare: the ledger holds all that its key has signed."""

    code = "rollback_none"
    rule = "AUD-48"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the ledger holds everything that its key has signed, {size} leaves and more; sign a "
            "checkpoint in the ordinary way",
            size=size,
        )


class Accepted(NamedTuple):
    """A declared loss: the statement, the file it was put into, and the checkpoint after it."""

    statement: str
    path: Path
    note: str


def accept_rollback(engine: sa.Engine, key: Path, *, key_name: str, reason: str) -> Accepted:
    """
    Declare that what the key in the file *key* has signed last is lost, and sign what there is.

    The statement is on the disk beside the key before the key forgets. Refusals: `rollback_none`
    where nothing is lost, `history_broken`. Rule: AUD-48.
    """
    last, private = SignedLast(key), load_or_create_key(key)
    with reading(engine) as connection:
        origin = ledger_origin(connection)
        _require_loss(connection, last, origin)
        grown = grow(connection)
    attester = Attester(engine, private, origin=origin, key_name=key_name, last=last)
    statement = rollback_statement(
        private,
        key_name,
        withdrawn=parse_note(last.note(origin)).body,
        goes_on_from=attester.body(grown),
        reason=reason,
    )
    path = key.with_name(f"{key.stem}.rollback-{grown.size}.txt")
    keep_text(path, statement)
    last.forget(origin)
    return Accepted(statement, path, attester.sign())


def _require_loss(connection: sa.Connection, last: SignedLast, origin: str) -> None:
    signed = last.checkpoint(origin)
    if signed is None:
        raise RollbackNone(0)
    try:
        grow(connection, signed=signed)
    except LedgerRolledBack:
        return
    raise RollbackNone(signed.tree_size)


def rollback_statement(
    key: Ed25519PrivateKey, key_name: str, *, withdrawn: str, goes_on_from: str, reason: str
) -> str:
    """
    Return the signed statement that a checkpoint was withdrawn, and where the ledger goes on from.

    *withdrawn* and *goes_on_from* are bodies of checkpoints. Whoever holds the withdrawn one can so
    prove what was lost, and that it was declared. Rule: AUD-48.
    """
    told = " ".join(reason.split())[:REASON_MAX]
    before, after = (body.rstrip("\n").split("\n") for body in (withdrawn, goes_on_from))
    lines = [
        "yongneng/rollback/1",
        before[0],
        *(f"withdrawn {line}" for line in before[1:]),
        *(f"goes on from {line}" for line in after[1:]),
        f"reason {told}",
    ]
    return sign_note("\n".join(lines) + "\n", {verifier_key(key, key_name): key.sign})
