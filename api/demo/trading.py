"""
Chapter six: five trading days, each with a call auction and continuous trading, and one auction.

Orders are seeded, so every run places the same ones. They follow need: who lacks allowances buys,
who has more than it owes sells, and now and then somebody errs and is refused.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

import sqlalchemy as sa

from api.demo.cast import (
    CLR1,
    CLR2,
    EXC1,
    EXC2,
    Player,
    dates,
    player,
    players,
    rows_of,
    story,
)
from api.demo.province import YEAR, write_csv
from api.demo.stage import DEMO, Stage
from ledger.asset import CNY, parse_asset
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.tables import ObligationRow
from ledger.db import reading
from ledger.units import KGCE_PER_TCE, format_yuan
from market.cancel import CancelOrder
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.list_instrument import ListInstrument
from market.open_day import OpenDay
from market.open_tender import OpenTender
from market.place import PlaceOrder
from market.run_tender import BidTender, CloseRound
from market.venue import Listing, Venue

CALL_OPENS, CALL_LOCKS, CALL_ENDS, CONTINUOUS, LAST_HOUR, CLOSES = 555, 560, 565, 570, 840, 900
ROUNDS = 20
ORDERS_A_ROUND = 6
CALL_ORDERS = 2


class Trading:
    """The market days of the demonstration."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.chance = Random(2026)
        self.owed = self._owed()
        self.lacking_first: dict[str, int] = {}
        self.groups = {row["id"]: row["owner_group"] or row["id"] for row in rows_of("enterprises")}

    def prepare(self) -> None:
        """Take deposits and list what trades."""
        stage = self.stage
        stage.voice.chapter("The market opens", "六、交易")
        stage.at(dates()["cash_deposited"], minute=540)
        stage.bring_in_both("deposits", DEMO / "cash.csv", maker=CLR1, checker=CLR2)
        paid_in = sum(int(row["amount_fen"]) for row in rows_of("cash"))
        stage.voice.say(
            f"{format_yuan(paid_in)} yuan paid in, each line confirmed by a second person."
        )
        stage.at(dates()["instruments_listed"], minute=540)
        for item in story()["instrument"]:
            listing = ListInstrument(instrument=item["instrument"], asset=item["asset"])
            stage.do_both(listing, maker=EXC1, checker=EXC2)

    def play_days(self) -> None:
        """Play every trading day, with the auction between them."""
        days = [(day, self._play_day) for day in dates()["trading"]]
        days.append((dates()["auction"], self._play_auction))
        for day, play in sorted(days, key=lambda pair: pair[0]):
            play(day)

    def _play_day(self, day: date) -> None:
        last = day == dates()["trading"][-1]
        names = [item["instrument"] for item in story()["instrument"]]
        self._each(day, CALL_OPENS - 5, [OpenDay(instrument=name, day=day) for name in names])
        self._each(day, CALL_OPENS, [ChangePhase(instrument=name, phase="call") for name in names])
        for name in names:
            self._call_orders(day, name)
        locked = [ChangePhase(instrument=name, phase="call_locked") for name in names]
        self._each(day, CALL_LOCKS, locked)
        crossed = self._each(day, CALL_ENDS, [Uncross(instrument=name) for name in names])
        self.stage.at(day, minute=CONTINUOUS)
        for name in names:
            if day == dates()["trading"][0]:
                self._cover_related(name)
            for _ in range(ROUNDS):
                self._round(name)
        if last:
            self.stage.at(day, minute=LAST_HOUR)
            for name in names:
                self._cover_everyone(name)
        closed = self._each(day, CLOSES, [CloseDay(instrument=name) for name in names])
        self._tell(day, crossed, closed)

    def _each(self, day: date, minute: int, payloads: Sequence[Payload]) -> list[dict[str, int]]:
        self.stage.at(day, minute=minute)
        return [dict(self.stage.do(payload, actor=EXC1).result) for payload in payloads]

    def _tell(self, day: date, crossed: list[dict[str, int]], closed: list[dict[str, int]]) -> None:
        self.stage.voice.table(
            f"{day}",
            ("instrument", "call price", "call t", "trades", "volume t", "close", "turnover yuan"),
            (
                (
                    str(end["instrument"]),
                    format_yuan(call["price_fen"]) if call["price_fen"] else "–",
                    f"{call['volume_tce']:,}",
                    f"{end['trades']:,}",
                    f"{end['volume_tce']:,}",
                    format_yuan(end["close_price_fen"]),
                    format_yuan(end["turnover_fen"]),
                )
                for call, end in zip(crossed, closed, strict=True)
            ),
        )

    def _call_orders(self, day: date, instrument: str) -> None:
        """Each trader brings its orders for the call in as a file, as a desk would."""
        listing = self._listing(instrument)
        for one in self._traders(listing):
            # Both are sized by the same need, so a small one is ordered once.
            is_small = max(self._need_tce(listing, one), self._spare_tce(listing, one)) < 20
            orders = [self._order(listing, one) for _ in range(1 if is_small else CALL_ORDERS)]
            rows = [
                {name: str(getattr(order, name)) for name in order.__struct_fields__}
                for order in orders
                if order is not None
            ]
            if rows:
                path = self.stage.papers / f"orders-{day}-{instrument}-{one.id}.csv"
                write_csv(path, rows)
                self.stage.bring_in_orders(path, actor=one.trader)

    def _round(self, instrument: str) -> None:
        """Send some orders, at times a cancellation, now and then a mistake, in one commit."""
        listing = self._listing(instrument)
        traders = list(self._traders(listing))
        sending: list[tuple[str, Payload]] = []
        for one in self.chance.sample(traders, k=ORDERS_A_ROUND):
            order = self._order(listing, one)
            if order is not None:
                sending.append((one.trader, order))
        if self.chance.random() < 0.5 and listing.book.orders:
            order_id = self.chance.choice(sorted(listing.book.orders))
            owner = player(listing.book.orders[order_id].enterprise)
            cancel = CancelOrder(enterprise=owner.id, order=order_id)
            sending.append((owner.trader, cancel))
        if self.chance.random() < 0.15:
            sending.append(self._mistake(listing, self.chance.choice(traders)))
        self.stage.send_all(sending)

    def _order(self, listing: Listing, one: Player) -> PlaceOrder | None:
        """Return an order of about a tenth of what *one* lacks or can spare; None when neither."""
        need, spare = self._need_tce(listing, one), self._spare_tce(listing, one)
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

    def _mistake(self, listing: Listing, one: Player) -> tuple[str, Payload]:
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

    def _cover_related(self, instrument: str) -> None:
        """
        Let a buyer whose own group has the surplus buy from the others first.

        Nobody may trade with its own group, so it would find nothing left at the end.
        """
        listing = self._listing(instrument)
        traders = list(self._traders(listing))
        members = Counter(self.groups[one.id] for one in traders)
        related = [one for one in traders if members[self.groups[one.id]] > 1]
        for buyer in related:
            if self._need_tce(listing, buyer) > 0:
                group = self.groups[buyer.id]
                sellers = [one for one in traders if self.groups[one.id] != group]
                self._offer_and_buy(listing, sellers, [buyer])

    def _cover_everyone(self, instrument: str) -> None:
        """Let the surplus be offered in the last hour, and whoever still lacks anything buy it."""
        listing = self._listing(instrument)
        traders = list(self._traders(listing))
        self._offer_and_buy(listing, traders, traders)

    def _offer_and_buy(self, listing: Listing, sellers: list[Player], buyers: list[Player]) -> None:
        for order in list(listing.book.orders.values()):
            cancel = CancelOrder(enterprise=order.enterprise, order=order.id)
            self.stage.do(cancel, actor=player(order.enterprise).trader)
        for side, some in (("sell", sellers), ("buy", buyers)):
            for one in some:
                self._whole_order(listing, one, side)

    def _whole_order(self, listing: Listing, one: Player, side: str) -> None:
        amount = self._spare_tce(listing, one) if side == "sell" else self._need_tce(listing, one)
        if amount <= 0:
            return
        order = PlaceOrder(
            instrument=listing.id,
            enterprise=one.id,
            side=side,  # type: ignore[arg-type]
            price_fen=listing.reference_price_fen,
            quantity_tce=min(amount, listing.limits.quantity_max_tce),
        )
        self.stage.send(order, actor=one.trader)

    def _play_auction(self, day: date) -> None:
        """Repeat the simulation that Heilongjiang published, with sample enterprises."""
        item = story()["auction"]
        self.stage.at(day, minute=CONTINUOUS)
        seller = player(item["seller"])
        opening = OpenTender(
            instrument=item["instrument"],
            seller=f"enterprise:{seller.id}",
            quantity_tce=item["quantity_tce"],
            reserve_price_fen=item["reserve_price_fen"],
            increment_fen=item["increment_fen"],
            bidders=tuple(item["bidders"]),
            rounds_max=item["rounds_max"],
        )
        tender = self.stage.do_both(opening, maker=seller.trader, checker=EXC1).result["tender"]
        closed: dict[str, int] = {}
        for number, bidder in enumerate(item["bids"]):
            bid = BidTender(
                tender=tender,
                enterprise=bidder,
                price_fen=item["reserve_price_fen"] + number * item["increment_fen"],
            )
            self.stage.do(bid, actor=player(bidder).trader)
            closed = dict(self.stage.do(CloseRound(tender=tender), actor=EXC1).result)
        assert closed["consideration_fen"] == item["consideration_fen"]
        self.stage.voice.say(f"{item['label']} — {item['label_en']}")
        self.stage.voice.say(
            f"{item['quantity_tce']:,} t from 200.00 to {format_yuan(closed['price_fen'])} yuan in "
            f"{len(item['bids'])} rounds: {format_yuan(closed['consideration_fen'])} yuan."
        )

    def _listing(self, instrument: str) -> Listing:
        return self.stage.program.writer.memory.cache(Venue).listing(instrument)

    def _traders(self, listing: Listing) -> Iterator[Player]:
        return (one for one in players() if one.district == listing.area)

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

    def _need_tce(self, listing: Listing, one: Player) -> int:
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

    def _spare_tce(self, listing: Listing, one: Player) -> int:
        """Return how much *one* can offer and still answer for its year."""
        has, owed = self._standing(listing, one)
        memory = self.stage.program.writer.memory
        free = memory.balance(of_enterprise(one.id, "holding"), listing.asset.code)
        return min(has - owed, free) // KGCE_PER_TCE
