"""A small province as the files that people would bring in, one for each kind of import."""

from datetime import date

import msgspec

import seeds
from api.commands.bring_in import header_of
from api.imports import commands_of, payloads_of
from api.program import SUBJECTS
from ledger.adopt import AdoptPack
from ledger.approve import approving
from ledger.command import canonical
from ledger.days import start_of
from ledger.metering.factors import AdoptFactors, FactorLine, RateLine
from ledger.policy import to_plain
from ledger.roles import Grant
from ledger.subject import Role
from market.change_phase import ChangePhase
from market.list_instrument import ListInstrument
from market.open_day import OpenDay
from tests.build import (
    CLEARING,
    DISTRICT,
    EXCHANGE,
    REGULATOR,
    SECOND_CLEARING,
    SECOND_EXCHANGE,
    SECOND_REGULATOR,
    SECOND_SECURITY,
    SECURITY,
    open_ledger,
)
from tests.ledger.metering.factors import rows as factor_rows

TRADER, COMPLIANCE = "person:T1", "person:C1"
GRANTS = (
    Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),
    Grant(COMPLIANCE, Role.ENTERPRISE_COMPLIANCE, "enterprise:E1"),
)
FLOW = "energy.flow.general.2025.eq.990101"

FILES = {
    "roles": "person,role,scope\nperson:NEW1,auditor,*\nperson:NEW2,enterprise_trader,\n",
    "districts": (
        "code,name,name_en,parent,pack\n"
        "990000,示例市,Sample City,,sample\n"
        "990101,甲区,First,990000,sample\n"
    ),
    "sectors": "code,name,name_en,two_high\nCEMENT,水泥,Cement,yes\nTEXTILE,纺织,Textile,no\n",
    "enterprises": (
        "id,name,credit_code,district,sector,owner_group\n"
        "E1,示例一厂,91990000MA0000001B,990101,CEMENT,\n"
        "E2,示例二厂,91990000MA0000002E,990101,TEXTILE,GROUP-A\n"
    ),
    "facilities": (
        "id,enterprise,name,sector,product,capacity,capacity_unit\n"
        "E1-L1,E1,一号线,CEMENT,clinker,750000,t\n"
    ),
    "figures": (
        "district,year,figure,value,unit,status,document,quote\n"
        "990101,2024,energy_total,318.70,tce,sample,示例统计公报,\n"
    ),
    "meters": (
        "id,enterprise,facility,carrier,unit,use,first_month,first_value\n"
        "E1-M1,E1,E1-L1,raw_coal,kg,consumed,2024-12,1000\n"
    ),
    "readings": (
        "meter,month,value,unit,replaced_at_value,restarted_at_value,evidence\n"
        "E1-M1,2025-01,2500.5,kg,,,\n"
        "E1-M1,2025-02,300,kg,3000,0,工单7号\n"
    ),
    "history": (
        "enterprise,year,energy_tce,coal_kg,product,output\n"
        "E1,2022,1000.000,900000,,\n"
        "E1,2023,1100.0,900000,,\n"
        "E1,2024,1200,900000,,\n"
    ),
    "entitlements": (
        "enterprise,measure,amount,last_year,document\nE1,energy,1100000,2030,示例能确1号\n"
    ),
    "budgets": "district,year,measure,amount,document\n990101,2025,energy,5000000,示例能控1号\n",
    "allocations": "enterprise,method,reduction,sector_coefficient\nE1,grandfathering,0.02,1\n",
    "deposits": "enterprise,amount_yuan,statement_line\nE1,50000.00,B-1\nE2,123.45,B-2\n",
    "orders": "instrument,enterprise,side,price_yuan,quantity_tce\nE25,E1,buy,100.50,10\n",
}
SETTINGS = {
    "readings": ("enterprise=E1",),
    "allocations": ("district=990101", "year=2025", "measure=energy"),
}
"""What the command line is given beside the rows."""

ALONE = {
    **dict.fromkeys(
        ("districts", "sectors", "enterprises", "facilities", "figures", "meters", "history"),
        REGULATOR,
    ),
    "readings": COMPLIANCE,
    "allocations": DISTRICT,
    "orders": TRADER,
}
"""Who brings in what takes effect at once."""

BOTH = {
    "roles": (SECURITY, SECOND_SECURITY),
    "entitlements": (DISTRICT, SECOND_REGULATOR),
    "budgets": (REGULATOR, SECOND_REGULATOR),
    "deposits": (CLEARING, SECOND_CLEARING),
}
"""Who brings in, and who approves, what needs four eyes."""


def headed(kind):
    """Return what is given beside the rows of *kind* as fields."""
    return header_of(kind, SETTINGS.get(kind, ()))


class Desk:
    """People at a ledger who bring files in from *directory*."""

    def __init__(self, bench, directory):
        self.bench = bench
        self.directory = directory

    def file(self, kind, content=None, *, name=""):
        """Write one file, the one of the table above unless *content* is given."""
        path = self.directory / (name or f"{kind}.csv")
        text = FILES[kind] if content is None else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def commands(self, kind, path, *, actor=""):
        actor = actor or ALONE.get(kind) or BOTH[kind][0]
        subjects = self.bench.subjects
        return commands_of(kind, path, actor=actor, subjects=subjects, header=headed(kind))

    def send(self, kind, path, *, actor=""):
        """Bring a file in and return the answers of its commands."""
        return self.bench.writer.submit_all(self.commands(kind, path, actor=actor))

    def bring(self, kind):
        """Bring in the file of *kind*, approved where that is needed; all must be accepted."""
        path = self.file(kind)
        answers = [answer.require() for answer in self.send(kind, path)]
        if kind in ALONE:
            return answers
        payloads = payloads_of(kind, path, headed(kind))
        return [
            self.bench.do(approving(answer.sequence, payload), actor=BOTH[kind][1]).require()
            for answer, payload in zip(answers, payloads, strict=True)
        ]

    def bring_until(self, last):
        """Bring in what stands before *last* in the table of files."""
        for kind in FILES:
            if kind == last:
                return
            if kind == "orders":
                self.open_market()
            self.bring(kind)

    def open_market(self):
        """List the district's allowance at 100 yuan and open continuous trading."""
        listing = ListInstrument(instrument="E25", asset=FLOW, first_reference_price_fen=10_000)
        self.bench.both(listing, maker=EXCHANGE, checker=SECOND_EXCHANGE).require()
        day = OpenDay(instrument="E25", day=date(2025, 3, 3))
        self.bench.do(day, actor=EXCHANGE).require()
        opening = ChangePhase(instrument="E25", phase="continuous")
        self.bench.do(opening, actor=EXCHANGE).require()


def open_desk(engine, clock, directory):
    """Return a desk on 3 March 2025 at a ledger that has packs and factors, and nobody else yet."""
    bench = open_ledger(engine, clock, SUBJECTS[2:], grants=GRANTS)
    packs = seeds.read_packs()
    for name in ("national", "sample"):
        content = canonical(to_plain(packs[name])).decode()
        bench.both(AdoptPack(content=content)).require()
    rates = [{**row, "year": int(row["year"])} for row in factor_rows("electricity-equivalent.csv")]
    factors = AdoptFactors(
        edition="GB/T 2589-2020",
        year=2025,
        basis="equivalent",
        rows=msgspec.convert(factor_rows("gbt2589-2020.csv"), tuple[FactorLine, ...]),
        rates=msgspec.convert(rates, tuple[RateLine, ...]),
    )
    bench.both(factors).require()
    clock.now = start_of(date(2025, 3, 3), minute=600)
    return Desk(bench, directory)
