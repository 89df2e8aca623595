"""
An enterprise's transfers, leases, pledges, freezes and certificates, and what it may do about them.
"""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import reach_of
from api.faces import faces
from api.ids import fresh_uuid
from api.read import liens as reading
from api.read.ledger import balances
from api.read.market import rows
from api.web.act import Refusal, attempt, fresh_key, tried
from api.web.enterprise import enterprise, own_party
from api.web.shown import t
from ledger.asset import CNY
from ledger.command import Payload
from ledger.liens.lease import AcceptLease
from ledger.liens.pledge import AcceptPledge
from ledger.moves.cancel import CancelUnits
from ledger.moves.transfer import MakeTransfers
from ledger.units import parse_kgce

VIEW = 140
TEXT_MAX = 500


@enterprise.get("/<code>/liens")
def liens(code: str) -> str:
    """Show what binds an enterprise's units, what others offer it, and its certificates."""
    return _page(code)


@enterprise.post("/<code>/liens/transfer")
def make_transfer(code: str) -> str | Response | tuple[str, int]:
    """Propose a transfer to a partner, without a price."""
    amount = _amount()
    if isinstance(amount, Refusal):
        return _page(code, amount), amount.status
    line = {
        "transfer": _fresh("T"),
        "partner": _text("partner"),
        "asset": _text("asset"),
        "amount": amount,
    }
    document = {"enterprise": code, "reason": _text("reason"), "rows": [line]}
    return _sent(code, MakeTransfers, document)


@enterprise.post("/<code>/liens/cancel")
def cancel_units(code: str) -> str | Response | tuple[str, int]:
    """Propose to give units up for good, with a certificate."""
    amount = _amount()
    if isinstance(amount, Refusal):
        return _page(code, amount), amount.status
    document = {
        "cancellation": _fresh("C"),
        "enterprise": code,
        "asset": _text("asset"),
        "amount": amount,
        "purpose": _text("purpose"),
        "beneficiary": _text("beneficiary"),
    }
    return _sent(code, CancelUnits, document)


@enterprise.post("/<code>/liens/leases/<lease>")
def accept_lease(code: str, lease: str) -> str | Response | tuple[str, int]:
    """Propose to accept a lease that was offered."""
    return _sent(code, AcceptLease, {"lease": lease})


@enterprise.post("/<code>/liens/pledges/<pledge>")
def accept_pledge(code: str, pledge: str) -> str | Response | tuple[str, int]:
    """Propose to accept a pledge that was offered."""
    return _sent(code, AcceptPledge, {"pledge": pledge})


def _sent(
    code: str, kind: type[Payload], document: dict[str, Any]
) -> str | Response | tuple[str, int]:
    """Send what a form asks for; say what comes next, or show the page again with the refusal."""
    outcome = attempt(kind, document)
    if isinstance(outcome, Refusal):
        return _page(code, outcome), outcome.status
    number = outcome.answer.sequence
    sentence = t(
        f"已提交复核，编号 {number}；由本企业负责人批准后生效。",
        f"Proposal {number} waits for your approver; it takes effect when approved.",
    )
    flash(sentence, "done")
    return redirect(url_for("enterprise.liens", code=code), 303)


def _amount() -> int | Refusal:
    """Return the tonnes of the form as kgce, or why they are none."""
    return tried(lambda: parse_kgce(request.form.get("amount", "")[:30].strip().replace(",", "")))


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[: TEXT_MAX + 1]


def _fresh(letter: str) -> str:
    """Return an id for what a form makes, from the key the form was given when it was shown."""
    key = request.form.get("key", "") or fresh_uuid()
    return letter + "".join(sign for sign in key.upper() if sign.isascii() and sign.isalnum())[-24:]


def _free(row: Mapping[str, Any]) -> int:
    """Return how much of an asset is the enterprise's own and free."""
    return int(row["holding"] or row["entitlement"])


def _page(code: str, refusal: Refusal | None = None) -> str:
    own = {"enterprise": code}
    with faces().read() as connection:
        party = own_party(connection, code)
        found = reading.open_liens(connection, code)
        certificates = rows(connection, reading.cancellations(reach_of(VIEW), own))
        held = balances(connection, code)
    waiting = [row for row in found["leases"] if row["state"] == "offered"]
    return render_template(
        "enterprise/liens.html",
        party=party,
        liens=found,
        waiting=waiting,
        certificates=certificates,
        assets=[row for row in held if row["asset"] != CNY and _free(row)],
        form=request.form,
        fresh_key=fresh_key,
        refusal=refusal,
    )
