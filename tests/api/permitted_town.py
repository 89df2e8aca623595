"""
A town in which every role has people, and E1 something of every kind, for the permission matrix.

E1 (textile) and E2 (cement) lie in the district 990101, E3 in 990102. Whoever is "own" acts for E1
or its district, "other" for E2, "far" for E3 or the other district. Who is "revoked" has lost the
role, and the session of who is "expired" is over.
"""

from hashlib import sha256

import sqlalchemy as sa

import seeds
from api.auth.sign_in import persona_in
from api.auth.tables import ApiKeyRow, SecretRow, SessionRow, UserRow
from api.instants import instant_text
from ledger.command import canonical
from ledger.db import reading
from ledger.follow import catch_up
from ledger.parties.enroll import RegisterEnterprises
from ledger.policy import to_plain
from ledger.projections import PROJECTIONS
from ledger.roles import Grant, GrantRoles, RevokeRole
from ledger.subject import Role
from tests.api.guests import CSRF, NOW
from tests.api.rest.offices import sign
from tests.api.rest.rights_town import RightsTown, build, reopened
from tests.api.rest.test_allocations import planned
from tests.api.rest.test_freed_claims import closure, freed
from tests.api.rest.test_retrofits import audit
from tests.api.town import enterprise as enterprise_line
from tests.build import CLEARING, EXCHANGE, SECOND_SECURITY, SECURITY
from tests.ledger.compliance.world import ENERGY

HOUR = 3_600_000_000
AUDITOR, CITY, CHECKER = "person:AUD", "person:REG1", "person:REG2"
C1, A1, T1, D1 = "person:C1", "person:A1", "person:T1", "person:D1"

PEOPLE = {
    ("ET", "own"): T1,
    ("ET", "other"): "person:T2",
    ("ET", "far"): "person:T3",
    ("EA", "own"): A1,
    ("EA", "other"): "person:A2",
    ("EA", "far"): "person:A3",
    ("EC", "own"): C1,
    ("EC", "other"): "person:C2",
    ("EC", "far"): "person:C3",
    ("VE", "own"): "person:VER1",
    ("VE", "other"): "person:VER3",
    ("XO", "own"): EXCHANGE,
    ("CL", "own"): CLEARING,
    ("DR", "own"): D1,
    ("DR", "far"): "person:D2",
    ("CR", "own"): CITY,
    ("AU", "own"): AUDITOR,
    ("SYS", "own"): "person:SYS1",
    ("SEC", "own"): SECURITY,
    ("PU", "own"): "",
}
"""Who comes to the door, by the letters of their role and their relation to E1's affairs."""

ROLES = {
    "ET": (Role.ENTERPRISE_TRADER, "enterprise:E1"),
    "EA": (Role.ENTERPRISE_ADMIN, "enterprise:E1"),
    "EC": (Role.ENTERPRISE_COMPLIANCE, "enterprise:E1"),
    "VE": (Role.VERIFIER, "*"),
    "XO": (Role.EXCHANGE_OPERATOR, "*"),
    "CL": (Role.CLEARING_OPERATOR, "*"),
    "DR": (Role.DISTRICT_REGULATOR, "district:990101"),
    "CR": (Role.CITY_REGULATOR, "*"),
    "AU": (Role.AUDITOR, "*"),
    "SYS": (Role.SYSTEM, "*"),
    "SEC": (Role.SECURITY, "*"),
}
GRANTS = (
    Grant("person:A2", Role.ENTERPRISE_ADMIN, "enterprise:E2"),
    Grant("person:A3", Role.ENTERPRISE_ADMIN, "enterprise:E3"),
    Grant("person:C3", Role.ENTERPRISE_COMPLIANCE, "enterprise:E3"),
    Grant("person:SYS1", Role.SYSTEM),
    *(Grant(f"person:OVER-{short}", *role) for short, role in ROLES.items()),
)
TENDER = {
    "instrument": "EN-25",
    "seller": "enterprise:E1",
    "quantity_tce": "10",
    "reserve_price_fen": "9500",
    "increment_fen": "50",
    "bidders": ["E2"],
}


class PermittedTown(RightsTown):
    """The town, with *things*: what a row of requests.toml calls "the order" and so on."""

    shares_app = False

    def settle(self):
        """Give everybody an office and E1 something of every kind."""
        grants = GrantRoles(grants=GRANTS)
        self.bench.both(grants, maker=SECURITY, checker=SECOND_SECURITY).require()
        for short, (role, scope) in ROLES.items():
            over = RevokeRole(person=f"person:OVER-{short}", role=role, scope=scope)
            self.bench.do(over, actor=SECURITY).require()
        self.things = {"the hash": "ab" * 32, "another version": '"another"'}
        self.things["the pack"] = canonical(to_plain(seeds.read_packs()["sample"])).decode()
        self._fill_the_ledger()
        catch_up(self.bench.engine, PROJECTIONS)
        self._fill_the_store()
        self._look_up()
        return self

    def _fill_the_ledger(self):
        hold = {"enterprise": "E1", "asset": ENERGY, "amount": "500", "purpose": "自留"}
        self.things["the hold"] = self.does(T1, "/holds", hold)["result"]["hold"]
        planned(self)
        self._contest()
        right = {"enterprise": "E1", "measure": "energy", "amount": "1000", "last_year": 2030}
        rights = {"rows": [{**right, "document": "确权1号", "facility": "F1"}]}
        self.agreed(D1, CHECKER, "/entitlements", rights)
        self._fill_the_reserve()
        self.does(C1, "/freed-claims/closures", closure("K1", "E1", "F1", 5_000))
        self.does("person:VER1", "/retrofits/W1/baselines", audit())
        self.does(D1, "/projects", _project())
        self._fill_the_register()
        self._bind_units()
        paying = {"enterprise": "E1", "year": 2025, "measure": "energy", "amount": "100"}
        self.agreed(C1, A1, "/surrenders", paying)
        self.things["the tender"] = self.agreed_tender()
        told = self.post(self.visit(C1), "/api/v1/surrenders", paying | {"amount": "200"})
        self.things["the proposal"] = told.json["result"]["proposal"]
        self.things["the version"] = f'"{told.json["result"]["payload_hash"]}"'
        sign(self)

    def _contest(self):
        """Notify what is planned for 2026 and let E1 object to its figure."""
        told = {"stage": "planned", "document": "告知1号"}
        self.does(D1, "/allocations/990101/2026/energy/notices", told)
        sheet = self.reads(C1, "/allocations/E1/2026/energy/sheets/planned?product=cement")
        about = {"enterprise": "E1", "year": 2026, "measure": "energy", "product": "cement"}
        said = {"stage": "planned", "sheet_code": sheet["check_code"], "reasons": "产量有误"}
        filed = self.does(C1, "/objections", {**about, **said})
        self.things["the objection"] = filed["result"]["objection"]

    def _fill_the_register(self):
        """Adopt the sample's list of two-high industries and enter a plant of E1."""
        listed = seeds.read_industry_lists()["sample_2025"]
        document = {**listed, "valid_from": str(listed["valid_from"])}
        self.agreed(CITY, CHECKER, "/industry-lists", document)
        line = {
            "entry": "TH1",
            "name": "熟料线",
            "enterprise": "E1",
            "industry": "cement_clinker",
            "state": "proposed",
            "adds_capacity": "yes",
            "energy_kgce": "1000",
            "review_by": "2099-06-30",
        }
        entering = {"district": "990101", "document": "清单1号", "rows": [line]}
        self.does(D1, "/two-high-entries", entering)

    def _fill_the_reserve(self):
        """Let E2 free 600 kgce and transfer 100 to E1, of which a batch is to collect ten."""
        freed(self)
        line = {"source": "K2-ENERGY", "target": "T1", "to": "E1", "amount": "100"}
        moved = {"rows": [{**line, "document": "划转1号"}]}
        self.agreed("person:A2", CHECKER, "/freed-sources/transfers", moved)
        lot = {"lot_kind": "voluntary", "measure": "energy", "source": "T1", "target": "R1"}
        batch = {"batch": "B1", "reserve": "990101", "document": "方案1号"}
        self.does(D1, "/reserve-batches", {**batch, "lots": [{**lot, "amount": "10"}]})

    def _bind_units(self):
        """
        A waiting transfer, leases and pledges offered, a freeze, a certificate, a level of E1.

        The other side is E8, for which nobody comes to the door: both sides see what they share.
        """
        self._register_partner()
        units = {"enterprise": "E1", "asset": ENERGY, "amount": "100"}
        line = {"transfer": "N1", "partner": "E8", "asset": ENERGY, "amount": "100"}
        moving = {"enterprise": "E1", "reason": "调剂", "rows": [line]}
        self.agreed(T1, A1, "/transfers", moving)
        for name, lessor, lessee in (("L1", "E1", "E8"), ("L3", "E8", "E1")):
            lease = {"lease": name, "enterprise": lessor, "lessee": lessee}
            self._by_two(lessor, "/leases", units | lease | {"return_on": "2026-06-30"})
        for name, pledgor, pledgee in (("PL1", "E1", "E8"), ("PL3", "E8", "E1")):
            pledge = {"pledge": name, "enterprise": pledgor, "pledgee": pledgee}
            debt = {"secured_fen": "1", "matures_on": "2026-03-31"}
            self._by_two(pledgor, "/pledges", units | pledge | debt)
        court = {"court": "示例市中级人民法院", "document": "执1号", "ends_on": "2026-12-31"}
        self.agreed(D1, CHECKER, "/freezes", units | court | {"freeze": "FZ1"})
        paper = {"cancellation": "CA1", "purpose": "抵消会议用能", "beneficiary": "某基金会"}
        certified = self.agreed(T1, A1, "/cancellations", units | paper)
        self.things["the certificate"] = certified["check_code"]
        right = {"asset": "energy.standing.general.t2030.eq.990101", "year": 2026, "amount": "10"}
        self.agreed(T1, A1, "/conversions", units | right | {"conversion": "CV1"})

    def _by_two(self, enterprise, path, body):
        """Let the trader and the administrator of E1 or E8 agree on something."""
        maker, checker = (T1, A1) if enterprise == "E1" else ("person:T8", "person:A8")
        self.agreed(maker, checker, path, body)

    def _register_partner(self):
        line = enterprise_line(("E8", "990101", "TEXTILE"))
        self.bench.do(RegisterEnterprises(rows=(line,))).require()
        roles = ((Role.ENTERPRISE_TRADER, "person:T8"), (Role.ENTERPRISE_ADMIN, "person:A8"))
        grants = tuple(Grant(person, role, "enterprise:E8") for role, person in roles)
        giving = GrantRoles(grants=grants)
        self.bench.both(giving, maker=SECURITY, checker=SECOND_SECURITY).require()

    def agreed_tender(self):
        """Let E1 offer ten tonnes to E2; return the tender's number."""
        return self.agreed(T1, EXCHANGE, "/tenders", TENDER)["tender"]

    def _fill_the_store(self):
        ask = {"owner": "enterprise:E1", "label": "程序", "scopes": ["read"]}
        ask["expires_at"] = instant_text(self.now + 100 * 24 * HOUR)
        self.things["the key"] = self.does(T1, "/api-keys", ask)["id"]
        user = {"login": "newcomer", "person": "person:NEW1", "name": "新人"}
        self.does(SECURITY, "/users", user | {"password": "a long enough password"})

    def _look_up(self):
        self.things["the order"] = self.listed(T1, "/orders", "id")[0]
        self.things["the surrender"] = self.listed(C1, "/surrenders", "sequence")[0]
        self.things["the report"] = self.reads(C1, "/reports/E1/2025/1")["report_hash"]
        self.things["the entry"] = self.listed(C1, "/entries", "sequence")[0]
        self.things["the command"] = self.reads(C1, "/entries")["items"][0]["command_sequence"]
        self.things["the lot"] = self.listed(C1, "/accounts/enterprise:E1:holding/lots", "lot")[0]
        self.things["the size"] = self.listed("", "/checkpoints", "size")[0]

    def let_come(self):
        """Have a client for everybody in *come_in*, those whose time is over included."""
        found = {who: self.come(person) for who, person in PEOPLE.items()}
        self.over = {}
        for short in ROLES:
            found[short, "revoked"] = self.come(f"person:OVER-{short}")
            found[short, "expired"] = self.come(PEOPLE[short, "own"])
            login = PEOPLE[short, "own"].removeprefix("person:").lower()
            self.over[short, "expired"] = persona_in(self.auth, login, self.now - 13 * HOUR)
        self.come_in = found
        for who in self.over:
            self.tell_again(who)

    def tell_again(self, who):
        """Give somebody whose session is over its token again, which a page has taken away."""
        if who in self.over:
            with self.come_in[who].session_transaction() as session:
                session["token"] = self.over[who]

    def come(self, person):
        """Return a client who writes as pages do, signed in as *person* unless that is empty."""
        client = self.visit(person)
        if not person:
            token = self.visit(AUDITOR).environ_base["HTTP_X_CSRFTOKEN"]
            client.environ_base["HTTP_X_CSRFTOKEN"] = token
            with client.session_transaction() as session:
                session["csrf_token"] = CSRF
        return client

    def store_digest(self):
        """Return a hash of all that the auth store keeps."""
        whole = sha256()
        with self.auth.reading() as connection:
            for table in (UserRow, SessionRow, ApiKeyRow, SecretRow):
                rows = connection.execute(sa.select(*table.__table__.columns))
                whole.update(repr(sorted(map(repr, rows))).encode())
        return whole.hexdigest()

    def commands(self):
        """Return how many commands the log has, refused ones too."""
        with reading(self.bench.engine) as connection:
            return connection.execute(sa.text("SELECT COUNT(*) FROM commands")).scalar_one()


def _project():
    nothing = ("capacity-clinker", "coal", "carbon", "pollutant-nox")
    return {
        "project": "P1",
        "name": "新线",
        "enterprise": "E1",
        "district": "990101",
        "sector": "CEMENT",
        "last_year": 2030,
        "additions": [
            {"measure": "energy", "added": "400"},
            *({"measure": measure, "added": "0"} for measure in nothing),
        ],
        "qualifying": "yes",
        "decision": "发改1号",
    }


def permitted_town(engine, *, settings=None):
    """Yield the town on an empty database."""
    clock = build(engine)
    town = PermittedTown(engine, clock, open=reopened, settings=settings)
    assert town.now == NOW
    yield town.settle()
    town.close()
