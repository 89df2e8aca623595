"""Attestation: leaves from rows, checkpoints that follow from them, keys that stay private."""

import stat

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import attest, history
from ledger.attest import (
    Attester,
    HistoryBroken,
    LedgerNotOpened,
    grow,
    leaves,
    ledger_origin,
    sign_checkpoint,
)
from ledger.command import Command
from ledger.db import reading
from ledger.keys import KeyFileUnusable, load_or_create_key, public_key_text, verifier_key
from ledger.merkle import leaf_hash, root_of
from ledger.note import CheckpointOriginOther, open_checkpoint, parse_key
from ledger.register import OpenLedger
from ledger.tables import CheckpointRow, CommandRow
from tests.build import EXCHANGE, GRANTS, REGULATOR, Bench, OpenFreely
from tests.ledger.independent import LOG_KEY, command_leaf, entry_leaf
from tests.ledger.small import COMMANDS, E2, ENTRIES, FLOW, opened, play
from tests.ledger.tampering import unguarded

NAME = "log.example"
EMPTY_ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def origin_of(engine):
    with reading(engine) as connection:
        return ledger_origin(connection)


def signed(engine):
    return sign_checkpoint(engine, LOG_KEY, origin=origin_of(engine), key_name=NAME)


def leaves_of(engine):
    with reading(engine) as connection:
        return list(leaves(connection))


def test_every_command_and_entry_is_one_leaf_in_the_order_of_the_log(engine, clock):
    bench = opened(engine, clock)
    play(bench, clock)

    found = leaves_of(engine)

    with reading(engine) as connection:
        stored = connection.execute(
            sa.select(CommandRow.leaf_hash).order_by(CommandRow.sequence)
        ).scalars()
        of_commands = [leaf_hash(leaf) for leaf in found if b"yongneng/command/1" in leaf]
        assert of_commands == list(stored)
    assert len(found) == COMMANDS + ENTRIES


def test_leaves_are_those_of_the_format_page(small):
    with reading(small.engine) as connection:
        row = connection.execute(sa.select(CommandRow.__table__).limit(1)).one()
        recorded_at = connection.execute(
            sa.select(CommandRow.recorded_at).where(CommandRow.sequence == 4)
        ).scalar_one()
    first = command_leaf({**row._mapping, "payload_hash": row.payload_hash.hex()})
    grant = entry_leaf(
        {
            "sequence": 2,
            "command_sequence": 4,
            "ordinal": 1,
            "code": "transfer",
            "rule": "REG-11",
            "reference": "grant:2",
            "effective_at": recorded_at,
            "reverses": 0,
            "postings": [("scheme:issuance", E2, FLOW, "3000")],
        }
    )

    found = leaves_of(small.engine)

    assert found[0] == first
    assert found[5] == grant


def test_leaves_are_the_same_however_few_rows_are_read_at_once(small, monkeypatch):
    whole = leaves_of(small.engine)

    for rows in (1, 2, 3, 7):
        monkeypatch.setattr(history, "ROWS_AT_ONCE", rows)
        assert leaves_of(small.engine) == whole


def test_a_checkpoint_states_size_root_and_the_time_of_the_last_block(engine, clock):
    bench = opened(engine, clock)
    play(bench, clock)

    note = signed(engine)

    origin = origin_of(engine)
    checkpoint = open_checkpoint(note, origin=origin, keys=[verifier_key(LOG_KEY, NAME)])
    assert checkpoint.tree_size == COMMANDS + ENTRIES
    assert checkpoint.root == root_of(map(leaf_hash, leaves_of(engine)))
    # The clock stood at 2025-01-03 00:00 in Shanghai when the last command came.
    assert checkpoint.time.isoformat() == "2025-01-02T16:00:00+00:00"
    assert origin.startswith("yongneng/demonstration/sample-")


def test_the_same_size_is_signed_once(small):
    first = signed(small.engine)
    other_key = Ed25519PrivateKey.generate()

    again = sign_checkpoint(
        small.engine, other_key, origin=origin_of(small.engine), key_name="other"
    )

    assert again == first
    with reading(small.engine) as connection:
        rows = connection.execute(sa.select(CheckpointRow.__table__)).all()
    assert [tuple(row) for row in rows] == [(28, 18, first)]


def test_an_attester_that_goes_on_signs_what_a_fresh_one_would(small, monkeypatch):
    attester = Attester(small.engine, LOG_KEY, origin=origin_of(small.engine), key_name=NAME)
    attester.sign()
    small.do(OpenFreely(addresses=("enterprise:E3:holding",)), actor=EXCHANGE).require()
    read = []
    monkeypatch.setattr("ledger.attest._append", _counting(read))

    note = attester.sign()

    assert read == [18, 18]  # only the one new command, twice
    with small.engine.begin() as connection, unguarded(connection, "checkpoints"):
        connection.execute(sa.delete(CheckpointRow).where(CheckpointRow.size == 29))
    assert signed(small.engine) == note


def _counting(read):
    real = attest._append

    def append(tree, one, before, expected):
        read.append(before.sequence)
        return real(tree, one, before, expected)

    return append


def test_roots_do_not_depend_on_how_commands_were_batched(engine, other_engine, clock):
    one_by_one, together = Bench(engine, clock), Bench(other_engine, clock)
    commands = [
        Command(f"c:{number}", REGULATOR, OpenFreely(addresses=(f"source:S{number}",)))
        for number in range(5)
    ]
    for bench in (one_by_one, together):
        bench.do(_opening(), command_id="open")

    for command in commands:
        one_by_one.writer.submit(command)
    together.writer.submit_all(commands)

    with reading(engine) as first, reading(other_engine) as second:
        left, right = grow(first), grow(second)
    assert left.root == right.root
    assert (left.point.block, right.point.block) == (6, 2)


def _opening():
    return OpenLedger(name="示例省", jurisdiction="示例 省", purpose="training", grants=GRANTS)


def test_the_id_of_a_ledger_is_plain_whatever_its_jurisdiction_is_called(sqlite_engine, clock):
    Bench(sqlite_engine, clock).do(_opening())

    origin = origin_of(sqlite_engine)

    with reading(sqlite_engine) as connection:
        first = connection.execute(sa.select(CommandRow.leaf_hash)).scalar_one()
    assert origin == f"yongneng/demonstration/--{first.hex()[:12]}"


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE commands SET payload = payload || ' ' WHERE sequence = 3", "command 3"),
        ("UPDATE commands SET leaf_hash = payload_hash WHERE sequence = 3", "command 3"),
        ("UPDATE commands SET actor = 'person:REG9' WHERE sequence = 3", "block 3"),
        ("UPDATE commands SET answer = answer || ' ' WHERE sequence = 3", "block 3"),
        ("UPDATE entries SET rule = 'REG-12' WHERE sequence = 1", "block 4"),
        ("UPDATE postings SET amount = 5001 WHERE entry = 1", "block 4"),
        ("UPDATE postings SET source_id = 99 WHERE entry = 1", "block 4"),
        ("UPDATE entries SET command_sequence = 99 WHERE sequence = 10", "block 15"),
        ("DELETE FROM postings WHERE entry = 1", "block 4"),
        ("UPDATE blocks SET last_entry = last_entry + 1 WHERE number = 5", "block 5"),
        ("DELETE FROM blocks WHERE number = 5", "block 5"),
        ("DELETE FROM blocks WHERE number = 17", "block 17"),
        ("DELETE FROM commands WHERE sequence = 18", "block 17"),
    ],
)
def test_nothing_is_signed_over_rows_that_were_changed(small, statement, where):
    with small.engine.begin() as connection, unguarded(connection):
        connection.exec_driver_sql(statement)

    with pytest.raises(HistoryBroken) as broken:
        signed(small.engine)

    assert broken.value.facts["where"] == where
    with reading(small.engine) as connection:
        assert connection.execute(sa.select(CheckpointRow.note)).first() is None


def test_history_that_was_cut_off_below_a_checkpoint_is_not_signed(small):
    signed(small.engine)
    with small.engine.begin() as connection, unguarded(connection):
        connection.exec_driver_sql("DELETE FROM blocks WHERE number = 17")
        connection.exec_driver_sql("DELETE FROM commands WHERE sequence > 17")

    with pytest.raises(HistoryBroken) as broken:
        signed(small.engine)

    assert broken.value.facts["where"] == "checkpoint 28"


def test_history_that_contradicts_a_checkpoint_is_not_signed(small):
    note = signed(small.engine)
    with small.engine.begin() as connection, unguarded(connection):
        forged = note.replace(note.split("\n")[2], EMPTY_ROOT)
        connection.execute(sa.update(CheckpointRow).values(note=forged))

    with pytest.raises(HistoryBroken) as broken:
        signed(small.engine)

    assert broken.value.facts["where"] == "checkpoint 28"


def test_two_computations_that_differ_are_not_signed(small, monkeypatch):
    with reading(small.engine) as connection:
        whole = grow(connection)
    results = iter([whole, whole._replace(size=27)])
    monkeypatch.setattr("ledger.attest.grow", lambda *_: next(results))

    with pytest.raises(HistoryBroken) as broken:
        signed(small.engine)

    assert broken.value.facts["where"] == "tree"


def test_the_origin_of_another_ledger_is_not_signed(small):
    with pytest.raises(CheckpointOriginOther) as refused:
        sign_checkpoint(small.engine, LOG_KEY, origin="yongneng/ledger/370100", key_name=NAME)

    assert refused.value.facts["origin"] == "yongneng/ledger/370100"


def test_a_ledger_without_history_is_not_signed(engine):
    with pytest.raises(LedgerNotOpened):
        origin_of(engine)


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    made = load_or_create_key(tmp_path / "log.pem")

    found = load_or_create_key(tmp_path / "log.pem")

    assert found.private_bytes_raw() == made.private_bytes_raw()
    assert stat.S_IMODE((tmp_path / "log.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    load_or_create_key(tmp_path / "log.pem")
    (tmp_path / "log.pem").chmod(mode)

    with pytest.raises(KeyFileUnusable) as refused:
        load_or_create_key(tmp_path / "log.pem")

    assert "600" in refused.value.facts["reason"]


def test_a_file_that_is_no_key_is_refused(tmp_path):
    (tmp_path / "log.pem").write_text("secret")
    (tmp_path / "log.pem").chmod(0o600)

    with pytest.raises(KeyFileUnusable):
        load_or_create_key(tmp_path / "log.pem")


def test_the_public_half_is_one_line_that_verifiers_take():
    text = public_key_text(LOG_KEY, NAME)

    assert parse_key(text) == verifier_key(LOG_KEY, NAME)
    assert text.startswith("log.example+")
