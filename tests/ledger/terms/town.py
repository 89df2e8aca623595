"""Two enterprises, one asset, and a thousand units with the first of them."""

import sqlalchemy as sa

from ledger.chains import ChainLine, PostChains
from ledger.db import reading
from ledger.roles import Grant
from ledger.set_aside import PlaceHold
from ledger.subject import Role
from ledger.terms.limit import SetLimit
from ledger.transfer import Line, PostLines
from tests.build import OpenFreely, open_ledger

FLOW = "energy.flow.general.2025.eq.370200"
OTHER = "energy.flow.general.2026.eq.370200"
E1, E2 = "enterprise:E1:holding", "enterprise:E2:holding"
E1_HELD, E2_HELD = "enterprise:E1:held", "enterprise:E2:held"
ISSUANCE = "scheme:issuance"
TRADER, TRADER_2, ADMIN = "person:T1", "person:T2", "person:A1"
PURPOSES = ("holding", "held", "cash", "cash_held")
GIVEN = 1_000


def town(engine, clock, subjects=()):
    """A ledger in which E1 holds GIVEN of FLOW."""
    grants = (
        Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),
        Grant(TRADER_2, Role.ENTERPRISE_TRADER, "enterprise:E2"),
        Grant(ADMIN, Role.ENTERPRISE_ADMIN, "enterprise:E1"),
    )
    bench = open_ledger(engine, clock, subjects, grants=grants)
    addresses = tuple(f"enterprise:{name}:{each}" for name in ("E1", "E2") for each in PURPOSES)
    bench.do(OpenFreely(addresses=addresses, assets=(FLOW, OTHER))).require()
    post(bench, Line("given", ISSUANCE, E1, FLOW, GIVEN)).require()
    return bench


def post(bench, *lines):
    return bench.both(PostLines(rule="REG-11", lines=lines))


def move(bench, amount, *, reference=None, source=E1, destination=E2):
    reference = reference or f"m{bench.writer.memory.sequence}"
    return post(bench, Line(reference, source, destination, FLOW, amount))


def line(reference, amount, source=E1, destination=E2, asset=FLOW, **options):
    return ChainLine(reference, source, destination, asset, amount, **options)


def chains(bench, *chains):
    return bench.both(PostChains(rule="REG-48", chains=chains))


def place(bench, amount, *, enterprise="E1", expires_at=None):
    actor = {"E1": TRADER, "E2": TRADER_2}[enterprise]
    payload = PlaceHold(
        enterprise=enterprise, asset=FLOW, amount=amount, purpose="test", expires_at=expires_at
    )
    return bench.do(payload, actor=actor)


def limit(bench, account=E1, *, floor=None, ceiling=None, asset=FLOW):
    return bench.both(SetLimit(account=account, asset=asset, floor=floor, ceiling=ceiling))


def have(bench, *addresses):
    return tuple(bench.balance(address, FLOW) for address in addresses or (E1, E2))


def state_of(bench):
    """Everything but proposals, which each attempt adds to."""
    return {
        name: rows(bench, name)
        for name in ("entries", "postings", "balances", "holds", "accounts", *TERMS)
    }


TERMS = ("account_limits", "period_seals", "metadata")


def rows(bench, table):
    with reading(bench.engine) as connection:
        return sorted(map(repr, connection.execute(sa.text(f"SELECT * FROM {table}"))))
