"""
The town of `tests.api.town` with people who see only part of it, built once and copied per test.

E1 (textile) and E2 (cement) lie in the first district, E3 (textile) in the second. C1 answers for
E1, C2 for E2; D1 and D2 are officers of the two districts, AUD the auditor. VER1 and VER2 are
assigned to the reports of 2025 of E1 and E2, VER3 to none.
"""

import shutil

from api.program import SUBJECTS
from ledger.allocation.confirm import HistoryLine, RecordHistory
from ledger.approve import Approve
from ledger.db import connect, move_wal, sqlite_url
from ledger.parties.enroll import FacilityLine, RegisterFacilities
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from tests.api.guests import Town
from tests.api.town import open_town
from tests.build import OPENED, SECOND_REGULATOR, SECOND_SECURITY, SECURITY, Bench
from tests.conftest import FixedClock, _administer, _close_ledgers, _url

C1, A1, C2 = "person:C1", "person:A1", "person:C2"
D1, D2 = "person:D1", "person:D2"
AUDITOR, VERIFIER, UNASSIGNED = "person:AUD", "person:VER1", "person:VER3"
CITY, CHECKER = "person:REG1", SECOND_REGULATOR
HASH = "ab" * 32

GRANTS = (
    Grant(C1, Role.ENTERPRISE_COMPLIANCE, "enterprise:E1"),
    Grant(A1, Role.ENTERPRISE_ADMIN, "enterprise:E1"),
    Grant(C2, Role.ENTERPRISE_COMPLIANCE, "enterprise:E2"),
    Grant(D1, Role.DISTRICT_REGULATOR, "district:990101"),
    Grant(D2, Role.DISTRICT_REGULATOR, "district:990102"),
    Grant(AUDITOR, Role.AUDITOR),
    Grant(UNASSIGNED, Role.VERIFIER),
)
FACILITIES = tuple(
    FacilityLine(name, owner, name, sector, "product", 1_000_000, "t")
    for name, owner, sector in (
        ("F1", "E1", "TEXTILE"),
        ("F2", "E2", "CEMENT"),
        ("F3", "E3", "TEXTILE"),
    )
)
HISTORY = tuple(HistoryLine(name, 2025, 900_000_000, coal_kg=0) for name in ("E1", "E2", "E3"))


def build(engine):
    """Open the town on an empty database, and close its ledger again; return its clock."""
    clock = FixedClock()
    bench = open_town(engine, clock)
    grants = GrantRoles(grants=GRANTS)
    bench.both(grants, maker=SECURITY, checker=SECOND_SECURITY).require()
    bench.do(RegisterFacilities(rows=FACILITIES)).require()
    bench.do(RecordHistory(rows=HISTORY)).require()
    bench.writer.close()
    OPENED.remove(bench)
    with engine.connect() as connection:
        move_wal(connection, empty_it=True)
    engine.dispose()
    return clock


def reopened(engine, clock):
    return Bench(engine, clock, SUBJECTS[2:])


def sqlite_town(template, directory):
    """Yield a town on a copy of the embedded *template*: its file and its clock."""
    path, clock = template
    shutil.copyfile(path, directory / "ledger.db")
    yield from _towns(connect(sqlite_url(directory)), clock)


def postgres_town(server, template, name):
    """Yield a town on a clone of the *template* in PostgreSQL: its name and its clock."""
    source, clock = template
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
    yield from _towns(connect(_url(server, name)), clock)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _towns(engine, clock):
    town = RightsTown(engine, FixedClock(clock.now), open=reopened)
    yield town
    town.close()
    _close_ledgers(engine)


class RightsTown(Town):
    """A town in which people do and read things, each with eyes of their own."""

    def does(self, person, path, body):
        """Send one write of *person* and return the answer, which must be an acceptance."""
        answer = self.post(self.visit(person), f"/api/v1{path}", body)
        assert answer.status_code == 201, answer.text
        return answer.json

    def agreed(self, maker, checker, path, body):
        """Let *maker* propose and *checker* approve; return the result of the approval."""
        answer = self.post(self.visit(maker), f"/api/v1{path}", body)
        assert answer.status_code == 202, answer.text
        told = answer.json["result"]
        approval = Approve(proposal=told["proposal"], payload_hash=told["payload_hash"])
        return self.bench.do(approval, actor=checker).require().result

    def refused(self, person, path, body):
        """Send what must be refused, see that the ledger did not change, return the problem."""
        before = self.digest()
        answer = self.post(self.visit(person), f"/api/v1{path}", body)
        assert answer.status_code >= 400, answer.text
        assert answer.content_type == "application/problem+json"
        assert self.digest() == before
        return answer

    def reads(self, person, path):
        answer = self.visit(person).get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def listed(self, person, path, *names):
        """Return, of each row that *person* sees, what is called *names*."""
        rows = self.reads(person, path)["items"]
        if len(names) == 1:
            return [row[names[0]] for row in rows]
        return [tuple(row[name] for name in names) for row in rows]

    def seen_by(self, path, name, people):
        """Return what each of *people* sees of a list, as the different values of *name*."""
        return {person: sorted(set(self.listed(person, path, name))) for person in people}

    def turned(self, person, path):
        """Return all rows of a list, asked for one at a time until it says there are no more."""
        client, found, cursor = self.visit(person), [], ""
        join = "&" if "?" in path else "?"
        while cursor is not None:
            page = client.get(f"/api/v1{path}{join}limit=1{cursor}").json
            assert len(page["items"]) <= 1
            found += page["items"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        return found

    def same_as_absent(self, person, hidden, absent):
        """See that a hidden thing answers *person* as one that does not exist."""
        client = self.visit(person)
        answers = [client.get(f"/api/v1{path}") for path in (hidden, absent)]
        told = [
            {
                name: text
                for name, text in answer.json.items()
                if name in ("code", "title", "detail")
            }
            for answer in answers
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert told[0] == told[1]
        assert told[0]["code"] == "not_found"

    def status(self, person, path):
        return self.visit(person).get(f"/api/v1{path}").status_code
