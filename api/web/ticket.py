"""
The order ticket: what may be ordered, a look at what the order would do, and the order.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, seen, visitor
from api.faces import faces
from api.read.ledger import balances
from api.read.market import instruments, rows
from api.read.preview import Preview, preview
from api.web.act import Refusal, attempt, fresh_key, tried, worded
from api.web.shown import own_enterprises, t
from ledger.asset import CNY
from ledger.command import read_payload
from ledger.units import FEN_PER_YUAN, KGCE_PER_TCE, format_yuan, parse_decimal, parse_fen
from market.place import PlaceOrder

ticket = Blueprint("ticket", __name__, url_prefix="/market")

SIDES = ("buy", "sell")


@ticket.route("/<instrument>/order", methods=["GET", "POST"])
def order(instrument: str) -> str | Response | tuple[str, int]:
    """Fill in an order, look at what it would do, and place it."""
    asked = _asked(instrument)
    if request.method == "GET":
        return _page(asked)
    document = tried(lambda: _document(asked))
    if isinstance(document, Refusal):
        return _page(asked, refusal=document), document.status
    if request.form.get("step") != "place":
        return _previewed(asked, document)
    sent = attempt(PlaceOrder, document)
    if isinstance(sent, Refusal):
        return _page(asked, refusal=sent), sent.status
    flash(_told(document, sent.answer.result), "done")
    return redirect(url_for("exchange.show", instrument=instrument), 303)


def _asked(instrument: str) -> dict[str, str]:
    """Return what the form or the link has filled in; prices in a link are fen."""
    given = request.form if request.method == "POST" else request.args
    own = own_enterprises()
    enterprise = given.get("enterprise", own[0] if own else "")
    if not seen().sees(enterprise=enterprise):
        raise NotFound
    price = given.get("price", "")
    if request.method == "GET" and price.isascii() and price.isdigit() and len(price) < 16:
        price = format_yuan(int(price)).replace(",", "")
    return {
        "instrument": instrument,
        "enterprise": enterprise,
        "side": given.get("side", "buy") if given.get("side") in SIDES else "buy",
        "price": price.strip()[:30],
        "quantity": given.get("quantity", "").strip()[:30],
    }


def _document(asked: Mapping[str, str]) -> dict[str, Any]:
    """Return the order as the command takes it; refuse what is no price or no whole tonnes."""
    return {
        "instrument": asked["instrument"],
        "enterprise": asked["enterprise"],
        "side": asked["side"],
        "price_fen": parse_fen(asked["price"]),
        "quantity_tce": int(parse_decimal(asked["quantity"], unit="tce", decimals=0)),
    }


def _previewed(asked: dict[str, str], document: Mapping[str, Any]) -> str | tuple[str, int]:
    handler = faces().gateway.subjects.handlers[PlaceOrder.kind]
    wanted = read_payload(PlaceOrder, document)
    assert isinstance(wanted, PlaceOrder)
    with faces().read() as connection:
        found = preview(
            connection, handler, wanted, person=visitor().person, grants=visitor().grants
        )
    if found.refusal is not None:
        refusal = worded(found.refusal)
        return _page(asked, refusal=refusal), refusal.status
    return _page(asked, looked=found)


def _page(
    asked: dict[str, str], *, refusal: Refusal | None = None, looked: Preview | None = None
) -> str:
    with faces().read() as connection:
        terms = next(iter(rows(connection, instruments(asked["instrument"]))), None)
        held = {row["asset"]: row for row in balances(connection, asked["enterprise"])}
    if terms is None:
        raise NotFound
    cash_fen = held.get(CNY, {}).get("cash", 0)
    quota_kgce = held.get(terms["asset"], {}).get("holding", 0)
    return render_template(
        "exchange/ticket.html",
        asked=asked,
        terms=terms,
        cash_fen=cash_fen,
        quota_kgce=quota_kgce,
        most_tce=_most_tce(asked, terms, cash_fen=cash_fen, quota_kgce=quota_kgce),
        refusal=refusal,
        looked=None if looked is None else looked.figures,
        price_fen=_price_fen(asked),
        key=fresh_key(),
        own=own_enterprises(),
    )


def _most_tce(
    asked: Mapping[str, str], terms: Mapping[str, Any], *, cash_fen: int, quota_kgce: int
) -> int | None:
    """Return how many whole lots could be sold, or bought at the price filled in; None unknown."""
    lot = terms["lot_tce"]
    if asked["side"] == "sell":
        return int(quota_kgce // KGCE_PER_TCE // lot * lot)
    price_fen = _price_fen(asked)
    if not price_fen:
        return None
    # The fee is rounded up to a fen at most once a trade, so this may be a lot too careful.
    with_fee = price_fen * (10_000 + terms["fee_basis_points"])
    return int(cash_fen * 10_000 // with_fee // lot * lot)


def _price_fen(asked: Mapping[str, str]) -> int | None:
    """Return the price filled in, None where there is none yet or it is none."""
    price_fen = tried(lambda: parse_fen(asked["price"]))
    return None if isinstance(price_fen, Refusal) or price_fen <= 0 else price_fen


def _told(document: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    traded = sum(quantity for _, _, quantity in result["fills"])
    price = f"{document['price_fen'] // FEN_PER_YUAN}.{document['price_fen'] % FEN_PER_YUAN:02d}"
    verb = t("买入", "Buy") if document["side"] == "buy" else t("卖出", "Sell")
    return t(
        f"委托 {result['order']}：{verb} {document['quantity_tce']:,} 吨，{price} 元/吨；"
        f"已成交 {traded:,} 吨，剩余 {result['leaves_tce']:,} 吨。",
        f"Order {result['order']}: {verb.lower()} {document['quantity_tce']:,} t at {price} yuan; "
        f"{traded:,} t traded, {result['leaves_tce']:,} t left.",
    )
