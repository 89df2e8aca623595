"""
One lot: the decision that issued it, what it was made of, its steps and its ends.
"""

from collections.abc import Iterable

from flask import render_template

from api.door import NotFound, seen, visitor
from api.faces import faces
from api.read import journal, lineage
from api.read.lineage_owners import through
from api.web import authority_words as words
from api.web.authority_frame import Row, authority, listed
from api.web.shown import t
from ledger.lineage.lots import LotMalformed, LotUnknown
from ledger.lineage.tables import LotMoveRow, LotRow, PieceRow

HOLDERS_MAX = 50
"""Those with the most come first; the API lists all."""

OUTCOMES = {
    "held": ("持有中", "held"),
    "surrendered": ("已清缴", "surrendered"),
    "substituted": ("已用于项目替代", "retired for a project"),
    "converted": ("已转为其他批次", "became other lots"),
    "expired": ("已到期作废", "expired"),
    "cancelled": ("已注销", "cancelled"),
    "returned": ("已退回", "returned"),
}


@authority.get("/authority/lots/<lot>")
def lot(lot: str) -> str:
    """Show where the units of a lot came from and what became of them."""
    names_persons = any(role in journal.AUTHORITY for role, _ in visitor().grants)
    with faces().read() as connection:
        try:
            named = lineage.lot_numbers(connection, lot)
        except (LotMalformed, LotUnknown):
            raise NotFound from None
        query = lineage.lots(seen()).where(LotRow.number.in_(named)).order_by(LotRow.number)
        numbers = [row.number for row in connection.execute(query)]
        if not numbers:
            raise NotFound
        told = lineage.traced(connection, numbers, seen(), names_persons=names_persons)
        held = lineage.holders(seen(), numbers)
        most = held.order_by(held.selected_columns.amount.desc(), PieceRow.owner)
        rows = [dict(row) for row in connection.execute(most.limit(HOLDERS_MAX)).mappings()]
        holders = lineage.told_holders(connection, rows, seen())
        steps = lineage.moves(seen(), LotMoveRow.lot.in_(numbers))
        page, cursor = listed(connection, steps, [LotMoveRow.number], newest_first=False)
        moves = lineage.told_moves(connection, page, seen())
        through_entry = through(connection)
    _know(told["items"] + told["older"], holders, moves)
    return render_template(
        "authority/lot.html",
        name=lot,
        told=told,
        holders=holders,
        moves=moves,
        cursor=cursor,
        through=through_entry,
        outcomes=OUTCOMES,
        owner=owner,
        asset=told["items"][0]["asset"],
    )


def owner(name: str) -> str:
    """Return whose a holding is, in words."""
    kind, _, party = name.partition(":")
    if kind == "enterprise":
        return (
            t("另一方企业", "another enterprise") if party == "*" else words.enterprise_name(party)
        )
    return words.district_name(party) if kind == "district" else words.address(name)


def _know(lots: Iterable[Row], holders: Iterable[Row], moves: Iterable[Row]) -> None:
    """Read the names of everybody on the page at once."""
    named = [one["first_holder"] for one in lots] + [one["holder"] for one in holders]
    named += [one[end] for one in moves for end in ("giver", "taker")]
    words.know_of(named)
    made = (one["decision"] for one in lots)
    words.know(persons=[who or "" for one in made for who in (one["made_by"], one["approved_by"])])
