"""What earlier releases have written is read by this one to the same end, and goes on."""

import json
from hashlib import sha256
from itertools import repeat

import pytest
import sqlalchemy as sa

import migrations
from api.program import subjects
from ledger.check import self_check
from ledger.command import Command
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from ledger.keys import verifier_key
from ledger.parties.enroll import RegisterSectors, SectorLine
from ledger.replay import replay
from ledger.writer import Writer
from tests.conftest import fresh_engine
from tests.empty_database import empty_database
from tests.golden.stored import HERE, LEDGERS, expected, put_back
from tests.ledger.independent import LOG_KEY

BALANCES = (
    "SELECT a.address, s.code, b.amount FROM balances b JOIN accounts a ON a.id = b.account_id "
    "JOIN assets s ON s.id = b.asset_id"
)
ANSWERS = "SELECT sequence, id, code, answer, recorded_at FROM commands ORDER BY sequence"
KIBIBYTES_MAX = 300
KEY = verifier_key(LOG_KEY, "golden")


@pytest.fixture(params=LEDGERS)
def name(request):
    return request.param


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def golden(request, name, tmp_path):
    """A golden ledger as its release left it, on each engine in turn."""
    if request.param == "sqlite":
        yield from opened(name, sqlite_url(tmp_path))
        return
    with empty_database(request.getfixturevalue("postgres_server")) as url:
        yield from opened(name, url)


def opened(name, url):
    put_back(name, url)
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def target(request, tmp_path):
    """An empty embedded database, for replay."""
    (tmp_path / "replayed").mkdir()
    yield from fresh_engine(request, "sqlite", tmp_path / "replayed")


def found_in(engine):
    """Return what the database has of what is expected of it, by queries that no product made."""
    answers, balances = sha256(), {}
    with reading(engine) as connection:
        rows = connection.execute(sa.text(ANSWERS)).all()
        for row in rows:
            answers.update(json.dumps(list(row), ensure_ascii=False).encode() + b"\n")
        for address, asset, amount in connection.execute(sa.text(BALANCES)):
            balances.setdefault(address, {})[asset] = amount
        note = connection.execute(sa.text("SELECT note FROM checkpoints")).scalar_one()
        digest = state_digest(connection)
    return {
        "commands": len(rows),
        "answers_sha256": answers.hexdigest(),
        "checkpoint": note,
        "state_digest": digest,
        "balances": balances,
    }


def test_a_ledger_of_an_earlier_release_is_brought_up_with_all_it_holds_and_goes_on(
    golden, name, target
):
    before = found_in(golden)
    assert migrations.current(golden) == name.split("/")[0]

    migrations.upgrade(golden)

    assert migrations.current(golden) == migrations.head()
    assert found_in(golden) == before == expected(name)
    known = subjects()
    replayed = replay(golden, target, known, repeat(100))
    assert (replayed.commands, replayed.digest) == (before["commands"], before["state_digest"])
    go_on(golden, known)
    # The root of the signed checkpoint is that of the rows, whatever has come after it.
    assert self_check(golden, keys=(KEY,)).failed == {}


def go_on(engine, known):
    """Let somebody whom the ledger knows do something new in it."""
    officers = sa.text("SELECT min(person) FROM role_grants WHERE role = 'city_regulator'")
    with reading(engine) as connection:
        officer = connection.execute(officers).scalar_one()
    writer = Writer(engine, known, clock=lambda: 0)
    line = SectorLine("GOLDEN", "新行业", "A new sector", "no")
    answer = writer.submit(Command("golden:1", officer, RegisterSectors(rows=(line,))))
    writer.close()
    assert (answer.code, answer.repeated) == ("ok", False)


def test_each_released_schema_has_its_ledgers():
    assert [name for name in LEDGERS if name.startswith("0008/")] == ["0008/rules", "0008/year"]


def test_a_row_that_differs_is_noticed(tmp_path):
    put_back("0008/rules", sqlite_url(tmp_path))
    engine = connect(sqlite_url(tmp_path))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE accounts SET opened_by = opened_by + 1 WHERE id = 1")

    found = found_in(engine)
    engine.dispose()

    differs = {key for key, value in expected("0008/rules").items() if found[key] != value}
    assert differs == {"state_digest"}


def test_the_golden_ledgers_take_little_room():
    size = sum(path.stat().st_size for path in HERE.rglob("*") if path.suffix in {".xz", ".json"})

    assert size <= KIBIBYTES_MAX * 1024 * len({name.split("/")[0] for name in LEDGERS})
