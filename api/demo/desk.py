"""
The desk of the demonstration: what an enterprise needs, can spare, and therefore orders.
"""

from random import Random

import sqlalchemy as sa

from api.demo.cast import Player, story
from api.demo.province import YEAR
from api.demo.stage import Stage
from ledger.asset import CNY, parse_asset
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.tables import ObligationRow
from ledger.db import reading
from ledger.units import KGCE_PER_TCE
from market.place import PlaceOrder
from market.venue import Listing


class Desk:
    """Sizes the orders of every enterprise by its need; prices and mistakes are drawn."""

    def __init__(self, stage: Stage, chance: Random) -> None:
        self.stage = stage
        self.chance = chance
        self.owed = self._owed()
        self.lacking_first: dict[str, int] = {}

    def order(self, listing: Listing, one: Player) -> PlaceOrder | None:
        """Return an order of about a tenth of what *one* lacks or can spare; None when neither."""
        need, spare = self.need_tce(listing, one), self.spare_tce(listing, one)
        if need <= 0 and spare <= 0:
            return None
        drift = self.chance.randrange(-150, 300)
        side = "buy" if need > 0 else "sell"
        price = listing.reference_price_fen * (10_000 + (drift if need > 0 else -drift)) // 10_000
        whole = need if need > 0 else spare
        return PlaceOrder(
            instrument=listing.id,
            enterprise=one.id,
            side=side,  # type: ignore[arg-type]
            price_fen=min(max(price, listing.low_fen), listing.high_fen),
            quantity_tce=max(1, whole * self.chance.randrange(4, 16) // 100),
        )

    def mistake(self, listing: Listing, one: Player) -> tuple[str, Payload]:
        """Return an order with one of the faults that people make."""
        memory = self.stage.program.writer.memory
        cash_fen = memory.balance(of_enterprise(one.id, "cash"), CNY)
        free = memory.balance(of_enterprise(one.id, "holding"), listing.asset.code)
        too_dear = cash_fen // listing.high_fen + 1
        too_much = free // KGCE_PER_TCE + 1
        most = listing.limits.quantity_max_tce
        faults: tuple[dict[str, int | str], ...] = (
            {"price_fen": listing.high_fen + 1},
            {"price_fen": listing.low_fen - 1},
            {"quantity_tce": 0},
            {"quantity_tce": -5},
            {"quantity_tce": most + 1},
            {"side": "sell", "quantity_tce": min(too_much, most + 1)},
            {"price_fen": listing.high_fen, "quantity_tce": min(too_dear, most + 1)},
        )
        honest: dict[str, int | str] = {
            "instrument": listing.id,
            "enterprise": one.id,
            "side": "buy",
            "price_fen": listing.reference_price_fen,
            "quantity_tce": 1,
        }
        return one.trader, PlaceOrder(**{**honest, **self.chance.choice(faults)})  # type: ignore[arg-type]

    def need_tce(self, listing: Listing, one: Player) -> int:
        """Return how much *one* still has to order to answer for its year."""
        has, owed = self._standing(listing, one)
        ordered = sum(
            order.leaves_tce
            for order in listing.book.orders.values()
            if order.enterprise == one.id and order.side == "buy"
        )
        lacking = -((has - owed) // KGCE_PER_TCE)
        short = story()["short"]
        if one.id == short["enterprise"] and listing.id == short["instrument"]:
            # It means to buy less than it lacks, and ends the year short.
            first = self.lacking_first.setdefault(one.id, lacking)
            lacking = short["buys_at_most_tce"] - (first - lacking)
        return lacking - ordered

    def spare_tce(self, listing: Listing, one: Player) -> int:
        """Return how much *one* can offer and still answer for its year."""
        has, owed = self._standing(listing, one)
        memory = self.stage.program.writer.memory
        free = memory.balance(of_enterprise(one.id, "holding"), listing.asset.code)
        return min(has - owed, free) // KGCE_PER_TCE

    def _owed(self) -> dict[tuple[str, str], int]:
        with reading(self.stage.program.engine) as connection:
            rows = connection.execute(
                sa.select(
                    ObligationRow.enterprise, ObligationRow.measure, ObligationRow.owed
                ).where(ObligationRow.year == YEAR)
            )
            return {(enterprise, measure): owed for enterprise, measure, owed in rows}

    def _standing(self, listing: Listing, one: Player) -> tuple[int, int]:
        """Return what *one* has free and bought, and what it owes, in minor units."""
        memory = self.stage.program.writer.memory
        asset = listing.asset.code
        has = sum(
            memory.balance(of_enterprise(one.id, purpose), asset)
            for purpose in ("holding", "bought")
        )
        return has, self.owed.get((one.id, parse_asset(asset).measure), 0)
