"""A trading floor with honest defaults: a listed allowance, enterprises with quota and cash."""

from functools import cache

import sqlalchemy as sa

import seeds
from ledger.adopt import AdoptPack
from ledger.cash import Deposit
from ledger.command import canonical
from ledger.days import day_of
from ledger.db import reading
from ledger.open_accounts import OpenAccounts
from ledger.parties.enroll import (
    DistrictLine,
    EnterpriseLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterSectors,
    SectorLine,
)
from ledger.parties.party import credit_check
from ledger.policy import to_plain
from ledger.roles import Grant
from ledger.subject import Role
from ledger.transfer import Line, PostLines
from market.cancel import CancelOrder
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.list_instrument import ListInstrument
from market.open_day import OpenDay
from market.order import Side
from market.place import PlaceOrder
from market.subject import MARKET
from market.venue import Venue
from tests.build import (
    CLEARING,
    EXCHANGE,
    SECOND_CLEARING,
    SECOND_EXCHANGE,
    open_ledger,
)

FLOW = "energy.flow.general.2025.eq.370200"
CASH = "cash.cny"
QD = "QD-2025"
DAY = 86_400_000_000

TERMS = {
    "first_reference_price_fen": 10_000,
    "fee_basis_points": 20,
    "resale_days": 1,
}
"""100 yuan a tonne, 0.2 % from each side, and T+1."""


class Floor:
    """One market under test: *bench* is its ledger, *clock* its time."""

    def __init__(self, bench, clock):
        self.bench = bench
        self.clock = clock

    def do(self, payload, *, actor=EXCHANGE):
        return self.bench.do(payload, actor=actor)

    def place(self, enterprise, side, price_fen, quantity_tce, *, validity="day", instrument=QD):
        order = PlaceOrder(
            instrument=instrument,
            enterprise=enterprise,
            side=side,
            price_fen=price_fen,
            quantity_tce=quantity_tce,
            validity=validity,
        )
        return self.do(order, actor=trader(enterprise))

    def buy(self, enterprise, price_fen, quantity_tce, **more):
        return self.place(enterprise, "buy", price_fen, quantity_tce, **more)

    def sell(self, enterprise, price_fen, quantity_tce, **more):
        return self.place(enterprise, "sell", price_fen, quantity_tce, **more)

    def cancel(self, enterprise, order):
        return self.do(CancelOrder(enterprise=enterprise, order=order), actor=trader(enterprise))

    def phase(self, phase, *, instrument=QD):
        return self.do(ChangePhase(instrument=instrument, phase=phase))

    def uncross(self, *, next_phase="continuous"):
        return self.do(Uncross(instrument=QD, next_phase=next_phase))

    def open_day(self, *, instrument=QD):
        return self.do(OpenDay(instrument=instrument, day=day_of(self.clock())))

    def close_day(self):
        return self.do(CloseDay(instrument=QD))

    def next_day(self):
        """Close the running day and open tomorrow's, in continuous trading."""
        self.close_day().require()
        self.clock.advance(DAY)
        self.open_day().require()
        self.phase("continuous").require()

    def held(self, enterprise):
        """Return holding, held, bought (kgce), cash and cash held (fen) from the database."""
        quota = ("holding", "held", "bought")
        return (
            *(self.bench.balance(f"enterprise:{enterprise}:{purpose}", FLOW) for purpose in quota),
            *(
                self.bench.balance(f"enterprise:{enterprise}:{purpose}", CASH)
                for purpose in ("cash", "cash_held")
            ),
        )

    def fees(self):
        return self.bench.balance("venue:fees", CASH)

    def book(self):
        """Return (order, price_fen, leaves_tce) of buys, then of sells, in priority order."""
        book = self.bench.writer.memory.cache(Venue).listings[QD].book
        return [
            [(order.id, order.price_fen, order.leaves_tce) for order in book.resting(side)]
            for side in Side
        ]

    def rows(self, query, **values):
        """Return the rows of a query on the database."""
        with reading(self.bench.engine) as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values)]

    def order_row(self, order):
        """Return state, quantity, filled and why it ended, of one order's row."""
        query = "SELECT state, quantity_tce, filled_tce, ended_because FROM orders WHERE id = :id"
        return self.rows(query, id=order)[0]


def trader(enterprise):
    """Return the person who trades for *enterprise*."""
    return f"person:T{enterprise}"


def open_floor(
    engine, clock, enterprises, *, groups=None, districts=None, phase="continuous", **terms
):
    """
    Return a floor on which each of *enterprises* has what it is given.

    *enterprises* maps an id to (whole tce in its holding, whole yuan in its cash). *groups* and
    *districts* name owner group and district where they are not the default.
    """
    grants = [
        Grant(trader(each), Role.ENTERPRISE_TRADER, f"enterprise:{each}") for each in enterprises
    ]
    bench = open_ledger(engine, clock, (MARKET,), grants=tuple(grants))
    adopt_packs(bench)
    register(bench, enterprises, groups or {}, districts or {})
    fund(bench, enterprises)
    floor = Floor(bench, clock)
    listing = ListInstrument(instrument=QD, asset=FLOW, **(TERMS | terms))
    bench.both(listing, maker=EXCHANGE, checker=SECOND_EXCHANGE).require()
    if phase:
        floor.open_day().require()
        floor.phase(phase).require()
    return floor


def adopt_packs(bench):
    """Put the nation's and the sample province's packs in force."""
    for name in ("national", "sample"):
        bench.both(AdoptPack(content=_pack(name))).require()


@cache
def _pack(name):
    return canonical(to_plain(seeds.read_pack(name))).decode()


def register(bench, enterprises, groups, districts):
    """Register a province with two districts, one sector, and *enterprises*."""
    lines = (
        DistrictLine("370000", "示例省", "Sample", "", "sample"),
        DistrictLine("370200", "示例市", "First", "370000", "sample"),
        DistrictLine("370300", "另一市", "Second", "370000", "sample"),
    )
    bench.do(RegisterDistricts(rows=lines)).require()
    sector = SectorLine("C26", "化工", "Chemicals", "no")
    bench.do(RegisterSectors(rows=(sector,))).require()
    rows = tuple(
        EnterpriseLine(
            each,
            each,
            credit_code(number),
            districts.get(each, "370200"),
            "C26",
            groups.get(each, ""),
        )
        for number, each in enumerate(enterprises)
    )
    bench.do(RegisterEnterprises(rows=rows)).require()


def fund(bench, enterprises):
    """Issue quota and deposit cash."""
    lines = tuple(
        Line(f"quota:{each}", "scheme:issuance", f"enterprise:{each}:holding", FLOW, tce * 1_000)
        for each, (tce, _) in enterprises.items()
        if tce
    )
    bench.do(OpenAccounts(addresses=(), assets=(FLOW,))).require()
    if lines:
        bench.both(PostLines(rule="REG-11", lines=lines)).require()
    for each, (_, yuan) in enterprises.items():
        if yuan:
            line = Deposit(enterprise=each, amount_fen=yuan * 100, statement_line=f"bank-{each}")
            bench.both(line, maker=CLEARING, checker=SECOND_CLEARING).require()


def credit_code(number):
    """Return a valid unified social credit code."""
    body = f"91370200MA{number:07d}"
    return body + credit_check(body)
