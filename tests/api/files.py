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
from ledger.districts.enforce import ReserveBudget
from ledger.metering.factors import AdoptFactors, FactorLine, RateLine
from ledger.policy import to_plain
from ledger.roles import Grant
from ledger.subject import Role
from ledger.substitution.audit import FileBaseline, FileReaudit
from ledger.transfer import Line, PostLines
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
    VERIFIER,
    open_ledger,
)
from tests.ledger.metering.factors import rows as factor_rows

TRADER, COMPLIANCE, ADMIN = "person:T1", "person:C1", "person:A1"
GRANTS = (
    Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),
    Grant(COMPLIANCE, Role.ENTERPRISE_COMPLIANCE, "enterprise:E1"),
    Grant(ADMIN, Role.ENTERPRISE_ADMIN, "enterprise:E1"),
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
    "pre_issued": (
        "enterprise,measure,amount,last_year,document\nE1,energy,5000,2030,示例能确预1号\n"
    ),
    "budgets": "district,year,measure,amount,document\n990101,2025,energy,5000000,示例能控1号\n",
    "evaluations": (
        "enterprise,year,value_added_yuan,tax_yuan,energy_tce,land_m2,document\n"
        "E1,2024,12500000.00,0.00,1000.000,20000,示例评价1号\n"
    ),
    "ratings": "district,year,rating,document\n990101,2024,c,示例通报1号\n",
    "allocations": "enterprise,method,reduction,sector_coefficient\nE1,grandfathering,0.02,1\n",
    "entrants": (
        f"enterprise,amount,opinion,evidence,facility\nE1,1000,节审1号,{'0f' * 32},E1-L1\n"
    ),
    "facility_marks": "facility,address,equipment\nE1-L1,甲区工业路1号,NO-77\n",
    "closures": (
        "claim,enterprise,facility,closed_on,statistics_year,last_year,evidence,measure,statistics,"
        "approved,earlier\n"
        f"K1,E1,E1-L1,2025-02-01,2024,2030,{'0a' * 32},coal,800000,,2023=810000;2022=820000\n"
        f"K1,E1,E1-L1,2025-02-01,2024,2030,{'0a' * 32},capacity-clinker,750000,700000,\n"
    ),
    "projects": (
        "project,name,enterprise,district,sector,last_year,qualifying,decision,measure,added\n"
        "P1,新线,E2,990101,TEXTILE,2030,no,发改1号,energy,1000000\n"
        "P1,新线,E2,990101,TEXTILE,2030,no,发改1号,coal,0\n"
    ),
    "industries": (
        "code,link,name,name_en,product,process,category\n"
        "cement_clinker,cement,水泥（熟料）,Cement clinker,clinker,,\n"
        "low_alloy,alloy,低水平合金,Low-level alloy,,,two_high_one_low\n"
    ),
    "two_high": (
        "entry,name,enterprise,industry,state,adds_capacity,energy_tce,review_by\n"
        "TH1,熟料线,E1,cement_clinker,existing,no,1000.5,2099-06-30\n"
    ),
    "outside_claims": (
        "id,scheme,register,reference,holder,measure,amount,first_day,last_day,evidence,facility\n"
        "O1,carbon,全国碳市场,减排1号,示例一厂,carbon,5000,2023-01-01,2023-12-31,"
        f"{'0b' * 32},E1-L1\n"
    ),
    "carbon_memberships": (
        "enterprise,year,market,power_sector,document,allowance_kg,emission_kg\n"
        "E1,2025,全国碳市场,no,名单1号,1000000,\n"
    ),
    "certificates": (
        "series,first_serial,last_serial,holder,route,year,evidence\n"
        f"GEC,1,100,E1,stand_alone,2024,{'0c' * 32}\n"
    ),
    "waivers": (
        "pack,key,first_day,last_day,reason\n"
        "national,expiry_standing,2025-01-01,2025-12-31,示例会议纪要\n"
    ),
    "deposits": "enterprise,amount_yuan,statement_line\nE1,50000.00,B-1\nE2,123.45,B-2\n",
    "orders": "instrument,enterprise,side,price_yuan,quantity_tce\nE25,E1,buy,100.50,10\n",
    "retrofits": (
        "claim,enterprise,facility,works,began_on,ended_on,last_year,evidence,measure,approved\n"
        f"K2,E1,E1-L1,W1,2025-03-10,2025-03-20,2030,{'0d' * 32},energy,7000000\n"
    ),
    "transfers": f"transfer,partner,asset,amount\nN1,E2,{FLOW},1000\n",
}
SETTINGS = {
    "industries": (
        "version=sample_2025",
        "name=示例目录",
        "name_en=Sample",
        "valid_from=2025-01-01",
        "document=目录1号",
        "status=sample",
    ),
    "two_high": ("district=990101", "document=清单1号"),
    "readings": ("enterprise=E1",),
    "allocations": ("district=990101", "year=2025", "measure=energy"),
    "entrants": ("district=990101", "year=2025", "measure=energy"),
    "transfers": ("enterprise=E1", "reason=示例调剂"),
}
"""What the command line is given beside the rows."""

ALONE = {
    **dict.fromkeys(
        ("districts", "sectors", "enterprises", "facilities", "figures", "meters", "history"),
        REGULATOR,
    ),
    "evaluations": REGULATOR,
    **dict.fromkeys(
        (
            *("two_high", "facility_marks", "closures", "retrofits", "projects", "outside_claims"),
            *("carbon_memberships", "certificates"),
        ),
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
    "pre_issued": (DISTRICT, SECOND_REGULATOR),
    "entrants": (DISTRICT, SECOND_REGULATOR),
    "budgets": (REGULATOR, SECOND_REGULATOR),
    "ratings": (REGULATOR, SECOND_REGULATOR),
    "industries": (REGULATOR, SECOND_REGULATOR),
    "waivers": (REGULATOR, SECOND_REGULATOR),
    "deposits": (CLEARING, SECOND_CLEARING),
    "transfers": (TRADER, ADMIN),
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
            self.prepare(kind)
            self.bring(kind)

    def prepare(self, kind):
        """Do what must be there before a file of *kind* is taken."""
        if kind == "orders":
            self.open_market()
        if kind == "retrofits":
            self.audit_works()
        if kind == "transfers":
            line = Line("units", "scheme:issuance", "enterprise:E1:holding", FLOW, 1_000)
            self.bench.both(PostLines(rule="REG-11", lines=(line,))).require()
        if kind == "entrants":
            reserve = {"district": "990101", "year": 2025, "measure": "energy"}
            setting = ReserveBudget(**reserve, document="预留1号", amount=1_000)
            self.bench.both(setting, maker=DISTRICT).require()

    def audit_works(self):
        """File the audits before and after works of E1 that end on 20 March."""
        facts = {"works": "W1", "enterprise": "E1", "facility": "E1-L1", "measure": "energy"}
        for audit, consumed, day in (
            (FileBaseline, 80_000_000, date(2025, 3, 1)),
            (FileReaudit, 72_500_000, date(2025, 3, 25)),
        ):
            self.bench.clock.now = max(self.bench.clock.now, start_of(day, minute=600))
            filing = audit(**facts, consumed=consumed, audited_on=day, evidence="0e" * 32)
            self.bench.do(filing, actor=VERIFIER).require()

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
