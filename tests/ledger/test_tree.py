"""The tree behind the writer: the same nodes as any other tree, and believed by nobody."""

from hashlib import sha256

import pytest
import sqlalchemy as sa

from api.matrix import Reach
from api.read import proof_tree, proofs
from api.read.proof_tree import ProofTree, TreeBehind, TreeBroken
from ledger import follow as following
from ledger import tree as tiling
from ledger.attest import HistoryBroken, leaves, ledger_origin, sign_checkpoint
from ledger.db import reading
from ledger.follow import Position, catch_up, follow, position_of, projection_digest, rebuild
from ledger.history import Names, history
from ledger.merkle import FullTree, inclusion_proof, leaf_hash, root_at
from ledger.note import parse_checkpoint, parse_note
from ledger.tables import EntryRow, PostingRow, TileRow
from ledger.tree import TREE, Tiles, entries_before, stored_tiles, tiles_of
from tests.build import EXCHANGE, OpenFreely
from tests.ledger.independent import LOG_KEY
from tests.ledger.independent import root as naive_root
from tests.ledger.small import COMMANDS, ENTRIES, opened, play
from tests.ledger.tampering import unguarded

LEAVES = COMMANDS + ENTRIES
EVERYTHING = Reach(everything=True)


def hashes(count):
    return [sha256(b"leaf %d" % number).digest() for number in range(count)]


def narrow(monkeypatch):
    """Let a tile hold four hashes, so that a small ledger has several levels of them."""
    monkeypatch.setattr(tiling, "TILE_LEVELS", 2)
    monkeypatch.setattr(tiling, "TILE_HASHES", 4)
    monkeypatch.setattr(tiling, "TILE_BYTES", 128)


@pytest.fixture
def played_engine(engine, clock):
    play(opened(engine, clock), clock)
    return engine


def sign(engine):
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    note = sign_checkpoint(engine, LOG_KEY, origin=origin, key_name="log")
    return parse_checkpoint(parse_note(note).body)


def rows(engine):
    with reading(engine) as connection:
        return connection.execute(sa.select(TileRow.__table__)).all()


def position(engine):
    with reading(engine) as connection:
        return position_of(connection, TREE)


def receipt(engine, sequence):
    with reading(engine) as connection:
        return proofs.receipt(connection, sequence, reach=EVERYTHING, person="")


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 1_000])
def test_tiles_have_the_nodes_of_a_tree_that_keeps_them_all(size):
    full, tiles = FullTree(hashes(size)), Tiles(None, 0)
    for each in hashes(size):
        tiles.append(each)

    assert tiles.size == size
    for level in range(size.bit_length()):
        for index in range(size >> level):
            assert tiles.nodes(level, index) == full.nodes(level, index), (level, index)


def test_a_tree_of_three_levels_of_tiles_has_the_root_of_any_other():
    leaf, size = bytes(32), 256 * 256 + 1
    full, tiles = FullTree([leaf] * size), Tiles(None, 0)
    for _ in range(size):
        tiles.append(leaf)

    assert root_at(tiles.nodes, size) == full.root()
    # 257 tiles of leaves, of which the last holds one hash, two of the level above, one on top
    assert sorted(len(tile) for tile in tiles.changed.values())[:3] == [32, 32, 8_192]
    assert len(tiles.changed) == 257 + 1 + 1


def test_what_follows_is_one_tile_a_256_leaves(played_engine):
    catch_up(played_engine, (TREE,))

    ((level, number, stored),) = rows(played_engine)
    with reading(played_engine) as connection:
        expected = b"".join(leaf_hash(leaf) for leaf in leaves(connection))
    assert (level, number, stored) == (0, 0, expected)
    assert position(played_engine) == Position(COMMANDS, ENTRIES)


@pytest.mark.parametrize("commands_at_once", [1, 3, 100])
def test_the_rows_are_the_same_whatever_the_stretches(played_engine, monkeypatch, commands_at_once):
    narrow(monkeypatch)
    catch_up(played_engine, (TREE,))
    with reading(played_engine) as connection:
        digest = projection_digest(connection, TREE)
    monkeypatch.setattr(following, "COMMANDS_AT_ONCE", commands_at_once)

    rebuild(played_engine, TREE)

    with reading(played_engine) as connection:
        assert projection_digest(connection, TREE) == digest
    assert len(rows(played_engine)) == 7 + 2 + 1  # 28 leaves, 7 full tiles, 7 nodes, 1 node


@pytest.mark.parametrize("followed", [0, 1, 5, 18])
def test_nodes_are_those_of_the_rows_however_much_is_stored(small, monkeypatch, followed):
    narrow(monkeypatch)
    monkeypatch.setattr(following, "COMMANDS_AT_ONCE", followed or 1)
    if followed:
        follow(small.engine, TREE)

    with reading(small.engine) as connection:
        expected = [leaf_hash(leaf) for leaf in leaves(connection)]
        tiles = tiles_of(connection, LEAVES)
        found = [tiles.nodes(0, index) for index in range(LEAVES)]
        roots = [root_at(tiles.nodes, size) for size in range(1, LEAVES + 1)]

    assert found == expected
    assert roots == [naive_root(expected[:size]) for size in range(1, LEAVES + 1)]


def test_the_names_of_a_stretch_are_those_of_all(small):
    with reading(small.engine) as connection:
        told = list(history(connection))
        every, some = Names(connection), Names(connection, told)
        few = Names(connection, [each for each in told if each.command.sequence == 4])

    moved = {
        end for each in told for one in each.entries for move in one.moves for end in move[1:3]
    }
    assert some.accounts == {each: every.accounts[each] for each in moved}
    assert sorted(few.accounts.values()) == [
        "enterprise:E1:holding",
        "enterprise:E2:holding",
        "scheme:issuance",
    ]


def test_more_names_than_are_asked_for_one_by_one_are_all_read(small, monkeypatch):
    monkeypatch.setattr("ledger.history.NAMES_MAX", 2)
    with reading(small.engine) as connection:
        told = list(history(connection))

        assert Names(connection, told).accounts == Names(connection).accounts


def test_entries_before_a_command_are_counted_without_reading_history(small):
    with reading(small.engine) as connection:
        told = list(history(connection))
        counted, expected = [], 0
        for each in told:
            counted.append((entries_before(connection, each.command.sequence), expected))
            expected += len(each.entries)

        assert all(found == right for found, right in counted)
        assert entries_before(connection, COMMANDS + 1) == ENTRIES


@pytest.mark.parametrize("followed", [False, True])
def test_receipts_are_the_same_from_stored_tiles_and_from_the_rows(played_engine, followed):
    signed = sign(played_engine)
    if followed:
        catch_up(played_engine, (TREE,))
    with reading(played_engine) as connection:
        full = FullTree(leaf_hash(leaf) for leaf in leaves(connection))

    index = 0
    for sequence in range(1, COMMANDS + 1):
        found = receipt(played_engine, sequence)
        for leaf in (found["command"], *found["entries"]):
            proof = inclusion_proof(full.nodes, index=index, size=signed.tree_size)
            assert leaf["index"] == index
            assert leaf["proof"] == [each.hex() for each in proof]
            index += 1
    assert index == LEAVES


def test_a_proof_reads_few_rows_once_the_tree_has_followed(small, monkeypatch):
    sign(small.engine)
    catch_up(small.engine, (TREE,))
    monkeypatch.setattr(tiling, "history", None)  # who reads history after all would fail

    with reading(small.engine) as connection:
        found = proofs.inclusion(connection, index=3, size=LEAVES - 1)

    assert found["size"] == LEAVES - 1


def spoil(engine, level, number, at):
    """Flip one bit of a stored tile."""
    with engine.begin() as connection:
        place = (TileRow.level == level) & (TileRow.number == number)
        stored = connection.execute(sa.select(TileRow.hashes).where(place)).scalar_one()
        flipped = stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]
        connection.execute(sa.update(TileRow).where(place).values(hashes=flipped))


# With four hashes a tile, 28 leaves: the proof of leaf 0 reads the first tile of each level.
SPOILT = {
    "a leaf beside it": (0, 0, 40),
    "its own leaf": (0, 0, 3),
    "a node of the level above": (1, 0, 100),
    "the right half of the tree": (1, 1, 0),
    "the top": (1, 1, 64),
}


@pytest.mark.parametrize("name", SPOILT)
def test_no_proof_of_a_spoilt_tile_ever_leaves_and_the_tree_is_made_anew(
    played_engine, monkeypatch, name
):
    narrow(monkeypatch)
    sign(played_engine)
    catch_up(played_engine, (TREE,))
    honest, good = rows(played_engine), receipt(played_engine, 1)
    spoil(played_engine, *SPOILT[name])

    with pytest.raises(TreeBroken) as refused:
        receipt(played_engine, 1)

    assert refused.value.facts == {"size": LEAVES}
    assert position(played_engine) == Position()
    catch_up(played_engine, (TREE,))
    assert rows(played_engine) == honest
    assert receipt(played_engine, 1) == good


def test_an_edited_tile_is_found_by_making_the_tree_again(small):
    def digest():
        with reading(small.engine) as connection:
            return projection_digest(connection, TREE)

    catch_up(small.engine, (TREE,))
    honest = digest()
    spoil(small.engine, 0, 0, 500)
    spoilt = digest()

    rebuild(small.engine, TREE)

    assert spoilt != honest
    assert digest() == honest


def test_a_tile_that_is_gone_or_cut_off_is_noticed_too(small):
    sign(small.engine)
    for values in (None, {"hashes": b""}, {"hashes": bytes(20)}):
        rebuild(small.engine, TREE)
        with small.engine.begin() as connection:
            change = sa.delete(TileRow) if values is None else sa.update(TileRow).values(values)
            connection.execute(change)

        with pytest.raises(TreeBroken):
            receipt(small.engine, 1)


def test_proofs_between_sizes_are_held_against_the_signed_root_too(small, monkeypatch):
    narrow(monkeypatch)
    sign(small.engine)
    catch_up(small.engine, (TREE,))
    spoil(small.engine, 0, 2, 0)  # leaf 8

    with reading(small.engine) as connection, pytest.raises(TreeBroken):
        proofs.consistency(connection, first=9, second=20)


def test_rows_that_were_changed_are_told_from_a_tree_that_was(small):
    """The tree still leads to the signed root, so it is the rows that are wrong; it is kept."""
    sign(small.engine)
    catch_up(small.engine, (TREE,))
    with small.engine.begin() as connection, unguarded(connection):
        connection.execute(sa.update(PostingRow).where(PostingRow.entry == 1).values(amount=5_001))

    with pytest.raises(HistoryBroken) as broken:
        receipt(small.engine, 4)

    assert broken.value.facts["where"] == "leaf 4"
    assert position(small.engine) == Position(COMMANDS, ENTRIES)


def test_rows_that_were_changed_before_the_tree_followed_make_no_proof(small):
    sign(small.engine)
    with small.engine.begin() as connection, unguarded(connection):
        connection.execute(sa.update(EntryRow).where(EntryRow.sequence == 1).values(rule="REG-99"))
    catch_up(small.engine, (TREE,))

    with pytest.raises(TreeBroken):
        receipt(small.engine, 4)


def test_a_request_reads_no_more_of_history_than_it_may(small, monkeypatch):
    signed = sign(small.engine)
    monkeypatch.setattr(proof_tree, "BEHIND_MAX", LEAVES)
    with reading(small.engine) as connection:
        ProofTree(connection, signed)
    monkeypatch.setattr(proof_tree, "BEHIND_MAX", LEAVES - 1)

    with reading(small.engine) as connection, pytest.raises(TreeBehind) as refused:
        ProofTree(connection, signed)

    assert refused.value.facts == {"stored": 0, "needed": LEAVES}
    catch_up(small.engine, (TREE,))
    assert receipt(small.engine, 1)["command"]["index"] == 0


def test_what_came_after_the_checkpoint_does_not_change_its_proofs(small):
    sign(small.engine)
    before = receipt(small.engine, 2)
    small.do(OpenFreely(addresses=("enterprise:E3:holding",)), actor=EXCHANGE).require()
    catch_up(small.engine, (TREE,))

    with reading(small.engine) as connection:
        tiles, _ = stored_tiles(connection)
    assert tiles.size == LEAVES + 1
    assert receipt(small.engine, 2) == before
