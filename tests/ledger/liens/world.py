"""A city on 15 January 2026 whose enterprises have traders, admins, units of two kinds and cash."""

from pathlib import Path

from api.program import SUBJECTS
from ledger.approve import approving, proposing
from ledger.asset import Origin, flow, standing
from ledger.cash import Deposit
from ledger.days import end_of
from ledger.db import Base, move_wal, reading
from ledger.liens import tables as liens
from ledger.moves import tables as moves
from ledger.parties.enroll import (
    EnterpriseLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterSectors,
)
from ledger.parties.party import credit_check
from ledger.roles import Grant
from ledger.subject import Role
from tests.build import (
    CLEARING,
    OPENED,
    REGULATOR,
    SECOND_CLEARING,
    SECOND_REGULATOR,
    Bench,
    open_ledger,
)
from tests.conftest import DAY
from tests.ledger.compliance.world import (
    CALM,
    DISTRICTS,
    FACTORS,
    GRANTS,
    SECTORS,
    adopt,
    give,
)

FIRMS = {
    "E1": ("990101", "TEXTILE", ""),
    "E2": ("990101", "CEMENT", ""),
    "E3": ("990102", "TEXTILE", ""),
    "E4": ("990101", "TEXTILE", "E1"),
    "BANK": ("990101", "TEXTILE", ""),
    "FUND": ("990101", "TEXTILE", ""),
}
"""District, sector and owner group; E4 is of the group of E1, and only E3 lies elsewhere."""

FLOW = flow(measure="energy", vintage=2026, area="990101").code
CITY_FLOW = flow(measure="energy", vintage=2026, area="990000").code
RIGHT = standing(measure="energy", last_year=2026, area="990101", origin=Origin.GENERAL).code
LONGER = standing(measure="energy", last_year=2030, area="990101", origin=Origin.GENERAL).code
CASH = "cash.cny"
STATE = [
    table.__tablename__
    for tables in (moves, liens)
    for table in vars(tables).values()
    if isinstance(table, type) and issubclass(table, Base) and table is not Base
] + ["accounts", "assets", "balances", "entries", "holds", "due", "standings", "orders"]
COURT, OTHER_COURT = "示例市中级人民法院", "甲区人民法院"


def trader(enterprise):
    return f"person:T-{enterprise}"


def admin(enterprise):
    return f"person:A-{enterprise}"


_TEMPLATE = []
"""The bytes of the town's file on SQLite, and the time at which its clock then stood."""


def town(engine, clock, values=CALM):
    """A ledger with the parties above and no units at all; built once on SQLite, and copied."""
    if values is not CALM or engine.dialect.name != "sqlite":
        return _built(engine, clock, values)
    path = Path(engine.url.database)
    if _TEMPLATE:
        content, clock.now = _TEMPLATE
        path.write_bytes(content)  # nothing has connected to the empty one yet
        return Bench(engine, clock, SUBJECTS[2:])
    bench = _built(engine, clock, values)
    bench.writer.close()
    OPENED.remove(bench)
    with engine.connect() as connection:
        move_wal(connection, empty_it=True)
    engine.dispose()
    _TEMPLATE.extend((path.read_bytes(), clock.now))
    return Bench(engine, clock, SUBJECTS[2:])


def _built(engine, clock, values):
    roles = ((Role.ENTERPRISE_TRADER, trader), (Role.ENTERPRISE_ADMIN, admin))
    own = tuple(
        Grant(person(firm), role, f"enterprise:{firm}") for firm in FIRMS for role, person in roles
    )
    bench = open_ledger(engine, clock, SUBJECTS[2:], grants=GRANTS + own)
    adopt(bench, "national", {})
    adopt(bench, "sample", values)
    bench.both(FACTORS).require()
    bench.do(RegisterDistricts(rows=DISTRICTS)).require()
    bench.do(RegisterSectors(rows=SECTORS)).require()
    lines = tuple(_line(number, firm, *where) for number, (firm, where) in enumerate(FIRMS.items()))
    bench.do(RegisterEnterprises(rows=lines)).require()
    clock.advance(379 * DAY)
    return bench


def _line(number, firm, district, sector, group):
    body = f"91990000MA0000{number:03d}"
    return EnterpriseLine(firm, firm, body + credit_check(body), district, sector, group)


def by(bench, enterprise, payload):
    """Let an enterprise's trader make a command and its admin check it."""
    return bench.both(payload, maker=trader(enterprise), checker=admin(enterprise))


def by_refused(bench, enterprise, payload):
    """The refusal of what an enterprise's two persons sent, which changed nothing."""
    return both_refused(bench, payload, trader(enterprise), admin(enterprise))


def both_refused(bench, payload, maker=REGULATOR, checker=SECOND_REGULATOR):
    """The refusal of an approved proposal, which left every row of the state as it was."""
    proposal = bench.do(proposing(payload), actor=maker).require().sequence
    before = look(bench)
    answer = bench.do(approving(proposal, payload), actor=checker)
    assert not answer.ok
    assert look(bench) == before
    return answer


def look(bench):
    """Every row that a move or a lien could change: like the digest, and much quicker."""
    with reading(bench.engine) as connection:
        return {
            name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}")))
            for name in STATE
        }


def have(bench, enterprise, asset, amount, purpose="holding"):
    give(bench, asset, amount, to=enterprise, purpose=purpose)


def pay_in(bench, enterprise, fen):
    line = Deposit(enterprise=enterprise, amount_fen=fen, statement_line=f"bank-{enterprise}-{fen}")
    bench.both(line, maker=CLEARING, checker=SECOND_CLEARING).require()


def has(bench, enterprise, asset=FLOW, purposes=("holding",)):
    """What an enterprise has in some of its accounts, as the database says."""
    found = tuple(bench.balance(f"enterprise:{enterprise}:{each}", asset) for each in purposes)
    return found[0] if len(found) == 1 else found


def pass_day(bench, clock, day):
    """Let *day* end and what is due happen."""
    clock.now = end_of(day)
    for _ in range(9):
        bench.writer.tick()
