"""One town with everything in it: a market that is open, meters, a year to answer for, packs."""

from datetime import date

from api.program import SUBJECTS
from ledger.cash import Deposit
from ledger.compliance.assess import ComputeObligations
from ledger.metering.consumption import Use
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.read import ReadingLine, RecordReadings
from ledger.parties.enroll import (
    EnterpriseLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterSectors,
)
from ledger.parties.party import credit_check
from ledger.roles import Grant
from ledger.subject import Role
from market.change_phase import ChangePhase
from market.list_instrument import ListInstrument
from market.open_day import OpenDay
from market.place import PlaceOrder
from tests.build import (
    CLEARING,
    EXCHANGE,
    SECOND_CLEARING,
    SECOND_EXCHANGE,
    open_ledger,
)
from tests.conftest import DAY
from tests.ledger.compliance.world import (
    CITY,
    COAL,
    DISTRICTS,
    ELSEWHERE,
    ENERGY,
    ENTERPRISES,
    FACTORS,
    GRANTS,
    LATER,
    SECTORS,
    adopt,
    give,
    opening,
    report,
)

VALUES = {
    "shortfall.grace_days": (0, "day"),
    "surrender.bought_general_for_two_high": (False, "switch"),
}
TRADERS = tuple(
    Grant(f"person:T{number}", Role.ENTERPRISE_TRADER, f"enterprise:E{number}")
    for number in (1, 2, 3)
)
HOLDINGS = (
    ("E1", "holding", ENERGY, 100_000),
    ("E1", "holding", COAL, 5_000),
    ("E1", "holding", ELSEWHERE, 5_000),
    ("E1", "holding", LATER, 5_000),
    ("E2", "bought", ENERGY, 1_000),
    ("E2", "holding", CITY, 50_000),
)
"""Whole kgce and kg that each has; 100 tce make 10 lots of the coarse instrument."""


def open_town(engine, clock):
    """
    Return a ledger on 15 January 2026 where everything that may be refused could be accepted.

    E1 owes 5,000 kgce and 2,000 kg of coal for 2025, the cement works E2 700 kgce. EN-25 trades
    continuously at 100 yuan ±10 %, tick 0.10 yuan, lot 10 tce; EN-26 has not opened.
    """
    bench = open_ledger(engine, clock, SUBJECTS[2:], grants=GRANTS + TRADERS)
    adopt(bench, "national", {})
    adopt(bench, "sample", VALUES)
    bench.both(FACTORS).require()
    bench.do(RegisterDistricts(rows=DISTRICTS)).require()
    bench.do(RegisterSectors(rows=SECTORS)).require()
    bench.do(RegisterEnterprises(rows=tuple(map(enterprise, ENTERPRISES)))).require()
    clock.advance(379 * DAY)
    _owe(bench)
    _meter(bench)
    for holder, purpose, asset, amount in HOLDINGS:
        give(bench, asset, amount, to=holder, purpose=purpose)
    _open_market(bench)
    return bench


def enterprise(party):
    name, district, sector = party
    body = f"91990000MA000000{name[1]}"
    return EnterpriseLine(name, name, body + credit_check(body), district, sector)


def _owe(bench):
    bench.both(opening()).require()
    for name, energy, coal in (("E1", 5_000, 2_000), ("E2", 700, 0)):
        report(bench, name, energy=energy, coal=coal)
        bench.do(ComputeObligations(year=2025, enterprises=(name,))).require()


def _meter(bench):
    """A meter of E3 that stands at 500.5 kg at the end of January 2025."""
    line = MeterLine("E3-M1", "E3", "coal", "kg", Use.CONSUMED, "2024-12", "100")
    bench.do(RegisterMeters(rows=(line,))).require()
    january = ReadingLine("E3-M1", "2025-01", "500.5", "kg")
    bench.do(RecordReadings(rows=(january,))).require()


def _open_market(bench):
    for name in ("E1", "E2"):
        line = Deposit(enterprise=name, amount_fen=1_000_000, statement_line=f"bank-{name}")
        bench.both(line, maker=CLEARING, checker=SECOND_CLEARING).require()
    for name, asset in (("EN-25", ENERGY), ("EN-26", LATER)):
        listing = ListInstrument(
            instrument=name,
            asset=asset,
            first_reference_price_fen=10_000,
            tick_fen=10,
            lot_tce=10,
            band_basis_points=1_000,
            fee_basis_points=20,
        )
        bench.both(listing, maker=EXCHANGE, checker=SECOND_EXCHANGE).require()
    today = date(2026, 1, 15)
    bench.do(OpenDay(instrument="EN-25", day=today), actor=EXCHANGE).require()
    bench.do(ChangePhase(instrument="EN-25", phase="continuous"), actor=EXCHANGE).require()
    order = PlaceOrder(
        instrument="EN-25", enterprise="E1", side="sell", price_fen=10_500, quantity_tce=10
    )
    answer = bench.do(order, actor="person:T1", command_id="used:1").require()
    assert answer.result["order"] == answer.sequence
