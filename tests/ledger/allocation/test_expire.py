"""Standing rights and freed quota go at the end of their term, and not a moment before."""

import pytest
import sqlalchemy as sa

from ledger.allocation import expire
from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.allocation.expire import ExpireRights
from ledger.allocation.tables import EntitlementRow
from ledger.db import reading
from ledger.transfer import Line, PostLines
from tests.build import DISTRICT, OpenFreely, decided_by
from tests.conftest import DAY, SECOND
from tests.ledger.allocation.build import agreed, allocation_ledger, refused_alone

ENDING = "energy.standing.two_high.t2025.eq.990100"
LASTING = "energy.standing.two_high.t2026.eq.990100"
E1, FROZEN, SOURCE = "enterprise:E1:entitlement", "enterprise:E1:frozen", "source:S1"
RESERVED = "source:S1:reserved"


def right(enterprise="E1", *, amount=12_345, last_year=2025, document="R-1"):
    return EntitlementLine(enterprise, "energy", amount, last_year, document)


def confirm(bench, *rights):
    agreed(bench, ConfirmEntitlements(rows=rights)).require()


def move(bench, source, destination, amount):
    line = Line(f"{source}:{destination}", source, destination, ENDING, amount)
    with decided_by("3"):  # later ones leave such accounts to their subjects
        bench.both(PostLines(rule="REG-11", lines=(line,))).require()


def pass_time(bench):
    """Let what is due happen, by a command that changes nothing of this."""
    for number in range(3):
        bench.do(OpenFreely(addresses=(f"source:T{bench.clock.now % 1000}{number}",)))


def amounts(bench, asset=ENDING):
    places = (E1, FROZEN, SOURCE, RESERVED, "scheme:expired")
    return [bench.balance(place, asset) for place in places]


def remaining(bench):
    with reading(bench.engine) as connection:
        query = sa.select(EntitlementRow.last_year, EntitlementRow.remaining)
        return sorted(tuple(row) for row in connection.execute(query))


@pytest.fixture
def bench(engine, clock):
    """Rights of 12,345 to the end of 2025: a part frozen, parts freed and reserved."""
    bench = allocation_ledger(engine, clock)
    confirm(bench, right(), right(last_year=2026, document="R-2", amount=7))
    bench.do(OpenFreely(addresses=(SOURCE, RESERVED))).require()
    move(bench, E1, FROZEN, 300)
    move(bench, E1, SOURCE, 45)
    move(bench, SOURCE, RESERVED, 20)
    return bench


def test_what_is_free_goes_when_the_day_after_begins(bench, clock):
    clock.advance(365 * DAY - SECOND)  # the last second of 31 December 2025
    pass_time(bench)
    on_the_day = amounts(bench)
    early = refused_alone(bench, ExpireRights(last_year=2025))

    clock.advance(SECOND)
    pass_time(bench)

    assert on_the_day == [12_000, 300, 25, 20, 0]
    assert (early.code, early.facts) == ("term_running", {"last_year": 2025, "this_year": 2025})
    # What is frozen or reserved stays until it is free; 12,000 and 25 have gone.
    assert amounts(bench) == [0, 300, 0, 20, 12_025]
    assert bench.balance(E1, LASTING) == 7
    assert remaining(bench) == [(2025, 0), (2026, 7)]


def test_what_comes_free_later_is_swept_up(bench, clock):
    clock.advance(365 * DAY)
    pass_time(bench)
    move(bench, FROZEN, E1, 300)
    move(bench, RESERVED, SOURCE, 20)
    assert refused_alone(bench, ExpireRights(last_year=2025), actor=DISTRICT).code == "role_missing"

    swept = bench.do(ExpireRights(last_year=2025)).require()

    assert swept.result == {"last_year": 2025, "balances": 2, "left": 0}
    assert amounts(bench) == [0, 0, 0, 0, 12_345]
    assert bench.do(ExpireRights(last_year=2025)).require().result["balances"] == 0


def test_many_rights_go_in_runs_and_a_restart_loses_none(engine, clock, monkeypatch):
    monkeypatch.setattr(expire, "EXPIRED_AT_ONCE_MAX", 1)
    bench = allocation_ledger(engine, clock)
    confirm(bench, *(right(each) for each in ("E1", "E2", "E3")))
    clock.advance(365 * DAY)
    bench.restart()

    pass_time(bench)

    left = [bench.balance(f"enterprise:{each}:entitlement", ENDING) for each in ("E1", "E2")]
    assert left == [0, 0]
    assert bench.balance("scheme:expired", ENDING) == 2 * 12_345
    assert bench.balance("scheme:expired", ENDING.replace("two_high", "general")) == 12_345


def test_rights_that_an_older_release_confirmed_are_swept_up_by_hand(sqlite_engine, clock):
    bench = allocation_ledger(sqlite_engine, clock)
    with decided_by("3"):
        confirm(bench, right())
    clock.advance(365 * DAY)
    pass_time(bench)
    assert bench.balance(E1, ENDING) == 12_345

    bench.do(ExpireRights(last_year=2025)).require()

    assert bench.balance(E1, ENDING) == 0


def test_the_last_year_of_all_has_no_day_after(sqlite_engine, clock):
    bench = allocation_ledger(sqlite_engine, clock)

    confirm(bench, right(last_year=9_998, document="A"), right(last_year=9_999, document="B"))

    assert len(remaining(bench)) == 2
