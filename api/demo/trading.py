"""
Chapter six: five trading days, each with a call auction and continuous trading, and one auction.

Orders are seeded, so every run places the same ones. They follow need: who lacks allowances buys,
who has more than it owes sells, and now and then somebody errs and is refused.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from random import Random
from typing import Any

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
from api.demo.desk import Desk
from api.demo.province import write_csv
from api.demo.stage import DEMO, Stage
from api.demo.words import Words, amount, yuan
from ledger.command import Payload
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
        self.desk = Desk(stage, self.chance)
        self.groups = {row["id"]: row["owner_group"] or row["id"] for row in rows_of("enterprises")}

    def prepare(self) -> None:
        """Take deposits and list what trades."""
        stage = self.stage
        stage.voice.chapter(zh="交易", en="The market opens")
        stage.at(dates()["cash_deposited"], minute=540)
        stage.bring_in_both("deposits", DEMO / "cash.csv", maker=CLR1, checker=CLR2)
        paid_in = sum(int(row["amount_fen"]) for row in rows_of("cash"))
        total = yuan(paid_in)
        stage.voice.say(
            zh=f"缴入资金 {total.zh}，每笔银行流水均由第二人复核。",
            en=f"{total.en} are paid in, each line of the statement confirmed by a second person.",
        )
        stage.at(dates()["instruments_listed"], minute=540)
        for item in story()["instrument"]:
            listing = ListInstrument(instrument=item["instrument"], asset=item["asset"])
            stage.do_both(listing, maker=EXC1, checker=EXC2)
        stage.voice.say(
            zh="品种代码由地区、指标和年份组成：QD 青岛，JN 济南，LY 连云港，DS 东胜，AS 安顺；"
            "E 能源，C 煤炭。",
            en="Instruments: QD Qingdao, JN Jinan, LY Lianyungang, DS Dongsheng, AS Anshun; "
            "E energy, C coal.",
        )

    def play_days(self) -> None:
        """Play every trading day, with the auction between them."""
        days = [(day, self._play_day) for day in dates()["trading"]]
        days.append((dates()["auction"], self._play_auction))
        for day, play in sorted(days, key=lambda pair: pair[0]):
            play(day)
        self.stage.voice.why(
            zh="先锁定、后撮合，指标与资金在同一张凭证里交割，谁也不会先付而落空。",
            en="Quota and cash are held first and move in one entry, so nobody pays for nothing.",
        )

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
            Words(f"交易日 {day}", f"Trading day {day}"),
            (
                Words("品种", "instrument"),
                Words("集合竞价（元）", "call, yuan"),
                Words("集合成交（吨）", "call, t"),
                Words("成交笔数", "trades"),
                Words("成交量（吨）", "volume, t"),
                Words("收盘价（元）", "close, yuan"),
                Words("成交额（元）", "turnover, yuan"),
            ),
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
            is_small = max(self.desk.need_tce(listing, one), self.desk.spare_tce(listing, one)) < 20
            orders = [self.desk.order(listing, one) for _ in range(1 if is_small else CALL_ORDERS)]
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
            order = self.desk.order(listing, one)
            if order is not None:
                sending.append((one.trader, order))
        if self.chance.random() < 0.5 and listing.book.orders:
            order_id = self.chance.choice(sorted(listing.book.orders))
            owner = player(listing.book.orders[order_id].enterprise)
            cancel = CancelOrder(enterprise=owner.id, order=order_id)
            sending.append((owner.trader, cancel))
        if self.chance.random() < 0.15:
            sending.append(self.desk.mistake(listing, self.chance.choice(traders)))
        self.stage.send_all(sending)

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
            if self.desk.need_tce(listing, buyer) > 0:
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
        amount = (
            self.desk.spare_tce(listing, one)
            if side == "sell"
            else self.desk.need_tce(listing, one)
        )
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
        self._tell_auction(item, closed)

    def _tell_auction(self, item: Mapping[str, Any], closed: Mapping[str, int]) -> None:
        first, last = yuan(item["reserve_price_fen"]), yuan(closed["price_fen"])
        paid, rounds = yuan(closed["consideration_fen"]), len(item["bids"])
        sold = amount("energy", item["quantity_tce"] * KGCE_PER_TCE)
        self.stage.voice.say(
            zh=f"单向竞价：{item['label']}。",
            en=f"One-way auction. {item['label_en']}.",
        )
        self.stage.voice.say(
            zh=f"{sold.zh}，每吨由 {first.zh}起，{rounds} 轮升至 {last.zh}，成交金额 {paid.zh}。",
            en=f"{sold.en}, in {rounds} rounds from {first.en} to {last.en} a tonne: {paid.en}.",
        )

    def _listing(self, instrument: str) -> Listing:
        return self.stage.program.writer.memory.cache(Venue).listing(instrument)

    def _traders(self, listing: Listing) -> Iterator[Player]:
        return (one for one in players() if one.district == listing.area)
