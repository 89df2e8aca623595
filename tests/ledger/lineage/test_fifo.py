"""Lineage: units leave in the order in which they came, and every unit's way can be told."""

import random
from collections import Counter
from itertools import groupby

import pytest
import sqlalchemy as sa

from ledger import follow as following
from ledger.db import reading
from ledger.follow import catch_up, projection_digest, rebuild
from ledger.lineage import queues
from ledger.lineage.fifo import LINEAGE
from ledger.lineage.lots import LotMalformed, lot_name, lot_number, parse_lot
from ledger.lineage.tables import AncestorRow, LotMoveRow, LotRow, OwnerRow, PieceRow
from ledger.tables import AssetRow
from tests.ledger.lineage.journal import (
    CONVERTED,
    F25,
    F26,
    FREED,
    ISSUANCE,
    Journal,
    firm,
    party,
    random_journal,
)
from tests.ledger.lineage.tokens import Tokens

E1, E2, E3 = firm("E1"), firm("E2"), firm("E3")
O1, O2, O3 = "enterprise:E1", "enterprise:E2", "enterprise:E3"
BUDGET, SOURCE = "district:370200:budget", "source:S1"
SURRENDERED = "scheme:surrendered:2025"


@pytest.fixture
def journal():
    return Journal()


def followed(engine, journal):
    """Write a journal and follow it; return its queues by owner and asset."""
    journal.write(engine)
    catch_up(engine, (LINEAGE,))
    return queues_of(engine)


def names_of(connection):
    rows = connection.execute(sa.select(OwnerRow.owner, OwnerRow.kind, OwnerRow.party))
    return {owner: f"{kind}:{party}" for owner, kind, party in rows}


def queues_of(engine):
    """Return lots and amounts by owner and asset; pieces of one lot that adjoin are one."""
    with reading(engine) as connection:
        names = names_of(connection)
        assets = dict(connection.execute(sa.select(AssetRow.id, AssetRow.code)).all())
        query = sa.select(PieceRow.__table__)
        rows = connection.execute(query.order_by(*PieceRow.__table__.primary_key)).all()
    found = {}
    for (owner, asset), pieces in groupby(rows, key=lambda row: (row.owner, row.asset)):
        found[names[owner], assets[asset]] = [
            (lot_name(lot), sum(piece.amount for piece in run))
            for lot, run in groupby(pieces, key=lambda piece: piece.lot)
        ]
    return found


def moves_of(engine):
    """Return what each entry moved of each lot from whom to whom."""
    found = Counter()
    with reading(engine) as connection:
        names = names_of(connection)
        for row in connection.execute(sa.select(LotMoveRow.__table__)):
            key = (row.number >> 24, lot_name(row.lot), names[row.giver], names[row.taker])
            found[key] += row.amount
    return found


def ancestors_of(engine):
    with reading(engine) as connection:
        rows = connection.execute(sa.select(AncestorRow.__table__)).all()
    return {(lot_name(row.lot), lot_name(row.made_of)): row.amount for row in rows}


def test_what_came_first_leaves_first(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((E1, E2, F25, 7))

    found = followed(engine, journal)

    assert found[O2, F25] == [("1.0", 5), ("2.0", 2)]
    assert found[O1, F25] == [("2.0", 3)]
    assert moves_of(engine)[3, "2.0", O1, O2] == 2


def test_all_of_a_lot_leaves_before_one_unit_of_the_next(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5), (ISSUANCE, E1, F25, 5))
    journal.move((E1, E2, F25, 5))
    journal.move((E1, E3, F25, 1))

    found = followed(engine, journal)

    assert found[O2, F25] == [("1.0", 5)]
    assert found[O3, F25] == [("1.1", 1)]


def test_moves_between_accounts_of_one_owner_change_nothing(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((ISSUANCE, firm("E1", "bought"), F25, 5))
    journal.move((E1, firm("E1", "held"), F25, 5))
    journal.move((firm("E1", "bought"), E2, F25, 5))

    # The units that left were in the newer account, and yet the older units left.
    assert followed(engine, journal)[O2, F25] == [("1.0", 5)]
    assert len(moves_of(engine)) == 3


def test_assets_do_not_mix_and_cash_has_no_lineage(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((ISSUANCE, E1, F26, 5))
    journal.move(("bank:settlement", firm("E2", "cash"), "cash.cny", 900))
    journal.move((E1, E2, F26, 2), (firm("E2", "cash"), firm("E1", "cash"), "cash.cny", 900))

    found = followed(engine, journal)

    assert found[O1, F25] == [("1.0", 5)]
    assert found[O1, F26] == [("2.0", 3)]
    assert set(found) == {(O1, F25), (O1, F26), (O2, F26)}


def test_a_source_keeps_its_units_apart_until_it_is_named(engine, journal):
    journal.move((ISSUANCE, E1, FREED, 4))
    journal.move((ISSUANCE, SOURCE, FREED, 6))
    journal.move((SOURCE, E1, FREED, 2))

    found = followed(engine, journal)

    assert found["source:S1", FREED] == [("2.0", 4)]
    assert found[O1, FREED] == [("1.0", 4), ("2.0", 2)]


def test_what_returns_to_issuance_has_ended_and_is_not_issued_again(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((E1, ISSUANCE, F25, 2))
    journal.move((ISSUANCE, E1, F25, 2))

    found = followed(engine, journal)

    assert found[ISSUANCE, F25] == [("1.0", 2)]
    assert found[O1, F25] == [("1.0", 3), ("3.0", 2)]


def test_each_account_of_the_scheme_is_an_end_of_its_own(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((E1, SURRENDERED, F25, 2), (E1, "scheme:surrendered:2026", F25, 3))

    found = followed(engine, journal)

    assert found[SURRENDERED, F25] == [("1.0", 2)]
    assert found["scheme:surrendered:2026", F25] == [("1.0", 3)]


def test_a_reversal_gives_back_the_very_units_to_the_place_they_had(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((ISSUANCE, E2, F25, 5))
    given = journal.move((E1, E2, F25, 7))
    journal.reverse(given)

    found = followed(engine, journal)

    # First in, first out would have given 3.0 back first, and 1.0 would now be last with E1.
    assert found[O1, F25] == [("1.0", 5), ("2.0", 5)]
    assert found[O2, F25] == [("3.0", 5)]


def test_a_reversal_takes_from_the_head_what_is_no_longer_there(engine, journal):
    journal.move((ISSUANCE, E2, F25, 1))
    journal.move((ISSUANCE, E1, F25, 5))
    given = journal.move((E1, E2, F25, 5))
    journal.move((E2, E3, F25, 3))
    journal.move((ISSUANCE, E2, F25, 9))
    journal.reverse(given)

    found = followed(engine, journal)

    # E2 passed 1 of lot 1.0 and 2 of lot 2.0 on: 3 of 2.0 come back, and 2 of its next units.
    assert found[O1, F25] == [("2.0", 3), ("5.0", 2)]
    assert found[O2, F25] == [("5.0", 7)]
    assert found[O3, F25] == [("1.0", 1), ("2.0", 2)]


def test_a_reversed_issue_ends_its_own_lot_and_a_reversed_return_revives_it(engine, journal):
    issued = journal.move((ISSUANCE, E1, F25, 5))
    journal.move((ISSUANCE, E1, F25, 5))
    returned = journal.move((E1, ISSUANCE, F25, 2))
    journal.reverse(returned)
    second = journal.move((ISSUANCE, E1, F25, 4))
    journal.reverse(second)

    found = followed(engine, journal)

    assert issued == 1
    assert found[O1, F25] == [("1.0", 5), ("2.0", 5)]
    assert found[ISSUANCE, F25] == [("5.0", 4)]


def test_a_lot_remembers_what_it_was_made_of(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((ISSUANCE, E1, F25, 5))
    # Banking, as the close of a year writes it: out of one vintage, into the next.
    journal.move((E1, CONVERTED, F25, 7), (ISSUANCE, E1, F26, 7))

    found = followed(engine, journal)

    assert ancestors_of(engine) == {("3.1", "1.0"): 5, ("3.1", "2.0"): 2}
    assert found[O1, F26] == [("3.1", 7)]
    assert found[CONVERTED, F25] == [("1.0", 5), ("2.0", 2)]


def test_a_project_is_made_of_the_sources_retired_for_it_measure_by_measure(engine, journal):
    coal = "coal.standing.other.t2030.na.370200"
    journal.move((ISSUANCE, SOURCE, FREED, 12))
    journal.move((ISSUANCE, "source:S2", coal, 6))
    entitlement = firm("E3", "entitlement")
    new, new_coal = FREED.replace("2030", "2035"), coal.replace("2030", "2035")
    journal.move(
        ("source:S2", "scheme:substituted:P1", coal, 6),
        (SOURCE, "scheme:substituted:P1", FREED, 12),
        (ISSUANCE, entitlement, new, 10),
        (ISSUANCE, entitlement, new_coal, 5),
    )

    found = followed(engine, journal)

    assert ancestors_of(engine) == {("3.2", "1.0"): 12, ("3.3", "2.0"): 6}
    assert found["scheme:substituted:P1", FREED] == [("1.0", 12)]


def test_freed_quota_is_made_of_the_right_cut_by_the_same_command_only(engine, journal):
    right = FREED.replace("other", "general")
    entitlement = firm("E1", "entitlement")
    journal.move((ISSUANCE, entitlement, right, 9))
    journal.command([(entitlement, CONVERTED, right, 4)], [(ISSUANCE, SOURCE, FREED, 4)])
    journal.move((entitlement, CONVERTED, right, 5))
    journal.move((ISSUANCE, "source:S2", FREED, 5))

    followed(engine, journal)

    assert ancestors_of(engine) == {("3.0", "1.0"): 4}


def test_units_of_somebody_who_has_none_have_no_origin_and_stop_nothing(engine, journal):
    journal.move((ISSUANCE, E1, F25, 5))
    journal.move((E1, E2, F25, 8))

    found = followed(engine, journal)

    assert found[O2, F25] == [("1.0", 5), ("0.0", 3)]


def test_names_of_lots_are_read_as_they_are_written():
    assert lot_name(lot_number(12, 0)) == "12.0"
    assert parse_lot("999999999999.999999") == lot_number(999_999_999_999, 999_999)
    for wrong in (
        "",
        "12",
        "0.0",
        "12.00",
        "-1.0",
        "12.1048576",
        "１.0",
        "12.0\n",
        "1" * 13 + ".0",
    ):
        with pytest.raises(LotMalformed):
            parse_lot(wrong)


@pytest.mark.parametrize("seed", range(8))
def test_units_followed_one_by_one_come_to_the_same(engine, seed, monkeypatch):
    """The oracle has another algorithm: every unit is a token, and the queue a sort."""
    monkeypatch.setattr(following, "COMMANDS_AT_ONCE", 2 + seed * 9)
    monkeypatch.setattr(queues, "HEAD_PIECES", 1 + seed % 3)
    monkeypatch.setattr(queues, "MORE_PIECES", 1 + seed % 2)
    journal = random_journal(random.Random(seed), 140)

    assert differences(engine, journal) == []


def differences(engine, journal):
    """Follow *journal* and return in what the product and the oracle differ."""
    oracle = Tokens(journal)
    found = followed(engine, journal)
    held = Counter()
    for (address, asset), amount in journal.balances().items():
        if address != ISSUANCE and asset != "cash.cny":
            held[party(address), asset] += amount
    sums = Counter({key: sum(n for _, n in lots) for key, lots in found.items()})
    for key in [key for key in sums if key[0] == ISSUANCE]:
        del sums[key]
    with reading(engine) as connection:
        issued = dict(connection.execute(sa.select(LotRow.number, LotRow.amount)).all())
    by_lot = Counter()
    for lots in found.values():
        for lot, amount in lots:
            by_lot[lot] += amount
    pairs = {
        "queues": (found, oracle.queues()),
        "moves": (moves_of(engine), oracle.moved),
        "ancestors": (ancestors_of(engine), dict(oracle.made_of)),
        "balances": (sums, +held),
        "lots": (by_lot, {lot_name(lot): amount for lot, amount in issued.items()}),
    }
    return [name for name, (one, other) in pairs.items() if one != other]


def newest_first(self, queue):
    """A planted bug: what came last leaves first."""
    self.at(queue, 1 << 62)
    there = [piece for piece in (*queue.pieces, *queue.tail) if piece.amount]
    return there[-1] if there else None


def losing(self, piece, amount):
    """A planted bug: a piece that is split loses its last unit."""
    queues_take(self, piece, amount)
    if piece.amount == 1:
        queues_take(self, piece, 1)


def to_the_end(self, queue, position, lot, amount):
    """A planted bug: what a reversal gives back joins the end of the queue."""
    self.append(queue, position + (1 << 60), lot, amount)


queues_take = queues.Queues.take


@pytest.mark.parametrize(
    ("name", "bug", "seen_in"),
    [
        ("first", newest_first, "queues"),
        ("take", losing, "lots"),
        ("put_back", to_the_end, "queues"),
    ],
)
def test_a_planted_bug_is_noticed(sqlite_engine, name, bug, seen_in, monkeypatch):
    monkeypatch.setattr(queues.Queues, name, bug)

    assert seen_in in differences(sqlite_engine, random_journal(random.Random(1), 140))


def test_the_digest_is_the_same_whatever_the_stretches(engine, other_engine, monkeypatch):
    journal = random_journal(random.Random(99), 160)
    journal.write(engine)
    catch_up(engine, (LINEAGE,))
    with reading(engine) as connection:
        whole = projection_digest(connection, LINEAGE)
        rows = connection.execute(sa.select(sa.func.count()).select_from(LotMoveRow)).scalar_one()
    assert rows > 100

    rebuild(engine, LINEAGE)
    with reading(engine) as connection:
        assert projection_digest(connection, LINEAGE) == whole

    monkeypatch.setattr(following, "COMMANDS_AT_ONCE", 7)
    monkeypatch.setattr(queues, "HEAD_PIECES", 2)
    journal.write(other_engine)
    catch_up(other_engine, (LINEAGE,))
    with reading(other_engine) as connection:
        assert projection_digest(connection, LINEAGE) == whole


def test_both_engines_come_to_one_digest(sqlite_engine, postgres_engine):
    journal = random_journal(random.Random(7), 100)
    digests = set()
    for engine in (sqlite_engine, postgres_engine):
        journal.write(engine)
        catch_up(engine, (LINEAGE,))
        with reading(engine) as connection:
            digests.add(projection_digest(connection, LINEAGE))

    assert len(digests) == 1
