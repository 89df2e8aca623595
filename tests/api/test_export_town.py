"""A town in which everything has happened, as the accounting programs see it."""

import csv
import io
import shutil
import subprocess
from collections import Counter
from decimal import Decimal

import pytest
import sqlalchemy as sa
from beancount import loader
from beancount.core import data

from ledger.db import connect, reading, sqlite_url
from ledger.export_beancount import export_beancount
from ledger.export_csv import export_csv
from ledger.export_hledger import export_hledger
from ledger.export_sheets import KERNEL_SHEETS
from market.export_sheets import MARKET_SHEETS


@pytest.fixture
def town(town_on_sqlite, tmp_path):
    """The engine of a copy of the town's ledger."""
    data_directory, _ = town_on_sqlite
    shutil.copyfile(data_directory / "ledger.db", tmp_path / "ledger.db")
    engine = connect(sqlite_url(tmp_path))
    yield engine
    engine.dispose()


def stated(engine):
    """Return every balance of the database that is not zero, by account and asset."""
    query = (
        "SELECT a.address, s.code, b.amount FROM balances b JOIN accounts a ON a.id = b.account_id "
        "JOIN assets s ON s.id = b.asset_id WHERE b.amount <> 0"
    )
    with reading(engine) as connection:
        rows = connection.execute(sa.text(query)).all()
    assert len(rows) >= 15
    return {(account, asset): amount for account, asset, amount in rows}


def names_of(directory):
    with (directory / "names.csv").open(encoding="utf-8", newline="") as file:
        return {row["program"]: row["ledger"] for row in csv.DictReader(file)}


def minor(text, asset):
    """Return a decimal number of an asset in minor units: kilograms, or fen of cash."""
    exact = Decimal(text).scaleb(2 if asset == "cash.cny" else 3)
    assert exact == int(exact)
    return int(exact)


def test_beancount_shows_the_balances_of_the_town(town, tmp_path):
    out = tmp_path / "out"
    export_beancount(town, out)

    entries, errors, _ = loader.load_file(str(out / "ledger.beancount"))

    assert errors == []
    names, found = names_of(out), Counter()
    for entry in entries:
        for leg in entry.postings if isinstance(entry, data.Transaction) else ():
            asset = names[leg.units.currency]
            found[names[leg.account], asset] += minor(leg.units.number, asset)
    assert {key: amount for key, amount in found.items() if amount} == stated(town)


@pytest.mark.skipif(
    shutil.which("hledger") is None, reason="needs hledger: apt-get install hledger"
)
def test_hledger_shows_the_balances_of_the_town(town, tmp_path):
    out = tmp_path / "out"
    export_hledger(town, out)
    program = ["hledger", "-f", str(out / "ledger.journal")]
    settings = {"capture_output": True, "text": True, "check": True, "timeout": 60}
    settings["env"] = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/usr/local/bin:/bin"}

    subprocess.run([*program, "check", "-s", "ordereddates"], **settings)

    told = subprocess.run(
        [*program, "bal", "-N", "--flat", "-O", "csv", "--layout=bare"], **settings
    )
    names = names_of(out)
    assert {
        (names[row["account"]], row["commodity"]): minor(row["balance"], row["commodity"])
        for row in csv.DictReader(io.StringIO(told.stdout))
        if row["commodity"]
    } == stated(town)


def test_the_postings_of_the_csv_export_add_up_to_its_balances(town, tmp_path):
    out = tmp_path / "out"
    counts = export_csv(town, out, KERNEL_SHEETS + MARKET_SHEETS).counts

    found = Counter()
    with (out / "entries.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            amount = int(row["amount_minor"])
            assert minor(row["amount"], row["asset"]) == amount
            found[row["source"], row["asset"]] -= amount
            found[row["destination"], row["asset"]] += amount

    assert {key: amount for key, amount in found.items() if amount} == stated(town)
    assert counts["orders"] > 0
