"""Following: a projection comes up to date by stretches, and is made again to the same rows."""

import pytest
import sqlalchemy as sa

from ledger import follow as following
from ledger.db import reading
from ledger.digest import state_digest
from ledger.follow import Position, Projection, Writes, catch_up, follow, position_of, rebuild
from ledger.tables import PositionRow
from tests.ledger.small import COMMANDS, ENTRIES, opened, play


def counting(seen, version=1):
    """A projection without rows that notes which commands and entries it was shown."""

    def plan(_connection, stretch, before):
        seen.append(
            (
                before,
                [told.command.sequence for told in stretch],
                [entry.sequence for told in stretch for entry in told.entries],
            )
        )
        return Writes()

    return Projection("counting", version, (), plan)


@pytest.fixture
def played_engine(engine, clock):
    bench = opened(engine, clock)
    play(bench, clock)
    return engine


def place(engine, projection):
    with reading(engine) as connection:
        return position_of(connection, projection)


def test_everything_is_shown_once_in_order(played_engine, monkeypatch):
    monkeypatch.setattr(following, "COMMANDS_AT_ONCE", 5)
    seen = []

    catch_up(played_engine, (counting(seen),))

    assert [sequence for _, commands, _ in seen for sequence in commands] == [
        *range(1, COMMANDS + 1)
    ]
    assert [entry for _, _, entries in seen for entry in entries] == [*range(1, ENTRIES + 1)]
    assert [len(commands) for _, commands, _ in seen] == [5, 5, 5, 3]
    assert place(played_engine, counting([])) == Position(COMMANDS, ENTRIES)


def test_a_stretch_ends_with_the_command_whose_entries_fill_it(played_engine, monkeypatch):
    monkeypatch.setattr(following, "ENTRIES_AT_ONCE", 1)
    seen = []

    catch_up(played_engine, (counting(seen),))

    assert {len(entries) for _, _, entries in seen} <= {0, 1, 2}
    assert [entry for _, _, entries in seen for entry in entries] == [*range(1, ENTRIES + 1)]


def test_nothing_is_left_to_take_at_the_end(played_engine):
    projection = counting([])
    catch_up(played_engine, (projection,))

    assert follow(played_engine, projection) is False


def test_whoever_finds_the_position_moved_writes_nothing(played_engine, monkeypatch):
    monkeypatch.setattr(following, "COMMANDS_AT_ONCE", 5)
    inner = counting([])

    def overtaken(_connection, _stretch, _before):
        follow(played_engine, inner)
        return Writes(upserts={"derived_positions": [("spoilt", 1, 0, 0)]})

    follow(played_engine, inner)
    follow(played_engine, Projection("counting", 1, (), overtaken))

    with played_engine.connect() as connection:
        names = connection.execute(sa.select(PositionRow.name)).scalars().all()
    assert names == ["counting"]
    assert place(played_engine, inner).command == 10


def test_another_version_begins_again(played_engine):
    catch_up(played_engine, (counting([]),))
    seen = []

    catch_up(played_engine, (counting(seen, version=2),))

    assert seen[0][0] == Position()
    assert place(played_engine, counting([], version=2)) == Position(COMMANDS, ENTRIES)


def test_a_rebuild_shows_everything_again(played_engine):
    seen = []
    projection = counting(seen)
    catch_up(played_engine, (projection,))

    rebuild(played_engine, projection)

    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_the_state_digest_does_not_see_what_follows(played_engine):
    with reading(played_engine) as connection:
        before = state_digest(connection)

    catch_up(played_engine, (counting([]),))

    with reading(played_engine) as connection:
        assert state_digest(connection) == before
