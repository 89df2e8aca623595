"""Exports for Beancount and hledger: accepted by their own checks, with the ledger's balances."""

import csv
import io
import itertools
import json
import shutil
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pytest
from beancount import loader
from beancount.core import data
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.attest import LedgerNotOpened
from ledger.chart import CHART, place_of
from ledger.command import Payload
from ledger.entry import Entry, EntryCode, Posting
from ledger.export_amounts import decimal_text
from ledger.export_beancount import account_name, commodity_name, export_beancount
from ledger.export_directory import ExportDirectoryNotEmpty
from ledger.export_hledger import export_hledger
from ledger.export_journal import Named
from ledger.post import post
from ledger.subject import Handler, Role, Subject
from tests import build
from tests.build import OpenFreely
from tests.conftest import DAY, START, FixedClock
from tests.ledger.small import E1, E1_HELD, E2, FLOW, opened, play

STANDING = "pollutant-abcdefghijklmnopqrst.standing.two_high.t2030.na.370100-P0000000000000AB"
ODD = "enterprise:E_1-:entitlement"
NASTY = 'quote " backslash \\ comma, line\nnext; tag:value [2026-13-45] date:x =1 \U0001f600 用能 '

hledger = pytest.mark.skipif(
    shutil.which("hledger") is None, reason="needs hledger: apt-get install hledger"
)


class PostAt(Payload, frozen=True):
    """Post one entry at a time of its own, which only the ledgers of these tests allow."""

    kind: ClassVar[str] = "test.post_at"
    reference: str
    account: str
    asset: str
    amount: int
    effective_at: int


def post_at(work, payload):
    posting = Posting("scheme:issuance", payload.account, payload.asset, payload.amount)
    entry = Entry(EntryCode.TRANSFER, "REG-11", (posting,), payload.reference, payload.effective_at)
    return {"entry": post(work, entry)}


AT = Subject("at", (Handler(PostAt, post_at, makers=frozenset({Role.CITY_REGULATOR})),))


def played(engine):
    """A ledger with holds, money, a reversal, odd names, and entries that were backdated."""
    clock = FixedClock()
    bench = opened(engine, clock, (AT,))
    play(bench, clock)
    bench.do(OpenFreely(addresses=(ODD,), assets=(STANDING,))).require()
    for entry in (
        PostAt(reference=NASTY, account=ODD, asset=STANDING, amount=1, effective_at=clock.now),
        # The last microsecond of the day before all others in Shanghai, and of the day after it.
        PostAt(reference="b", account=E2, asset=FLOW, amount=7, effective_at=START - 1),
        PostAt(reference="c", account=E2, asset=FLOW, amount=9, effective_at=START + DAY - 1),
    ):
        bench.do(entry).require()
    return bench


# Worked by hand from `play` and the entries above, in minor units.
BALANCES = {
    ("scheme:issuance", FLOW): -5_016,
    ("scheme:issuance", STANDING): -1,
    ("bank:settlement", "cash.cny"): -100_000,
    (E1, FLOW): 4_200,
    (E1_HELD, FLOW): 500,
    (E2, FLOW): 316,
    ("enterprise:E1:cash", "cash.cny"): 100_000,
    (ODD, STANDING): 1,
}


def ours(directory):
    """Return the table of names, from the program's name back to the ledger's."""
    with (directory / "names.csv").open(encoding="utf-8", newline="") as file:
        return {row["program"]: row["ledger"] for row in csv.DictReader(file)}


def minor(number, asset):
    return int(Decimal(number).scaleb(2 if asset == "cash.cny" else 3))


def balances_by_beancount(path):
    """Return what Beancount itself makes of the file, in the ledger's names."""
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    names, sums = ours(path.parent), Counter()
    for entry in entries:
        for leg in entry.postings if isinstance(entry, data.Transaction) else ():
            asset = names[leg.units.currency]
            sums[names[leg.account], asset] += minor(leg.units.number, asset)
    return sums


def run_hledger(path, *arguments):
    return subprocess.run(
        ["hledger", "-f", str(path), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/usr/local/bin:/bin"},
    )


def test_beancount_accepts_the_export_and_shows_the_same_balances(engine, tmp_path):
    bench = played(engine)

    exported = export_beancount(engine, tmp_path / "out")

    found = balances_by_beancount(tmp_path / "out" / "ledger.beancount")
    assert found == BALANCES
    assert {key: bench.balance(*key) for key in BALANCES} == BALANCES
    assert exported.counts == {"accounts": 13, "assets": 3, "entries": 13, "balances": 8}


def test_bean_check_accepts_the_export(sqlite_engine, tmp_path):
    played(sqlite_engine)
    export_beancount(sqlite_engine, tmp_path / "out")
    program = Path(sys.executable).parent / "bean-check"

    done = subprocess.run(
        [program, "--no-cache", tmp_path / "out" / "ledger.beancount"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@hledger
def test_hledger_accepts_the_export_strictly_and_shows_the_same_balances(engine, tmp_path):
    played(engine)

    export_hledger(engine, tmp_path / "out")

    path = tmp_path / "out" / "ledger.journal"
    checked = run_hledger(path, "check", "-s", "ordereddates", "commodities", "accounts")
    assert (checked.returncode, checked.stderr) == (0, "")
    told = run_hledger(path, "bal", "-N", "--flat", "-O", "csv", "--layout=bare")
    names = ours(tmp_path / "out")
    found = {
        (names[row["account"]], row["commodity"]): minor(row["balance"], row["commodity"])
        for row in csv.DictReader(io.StringIO(told.stdout))
    }
    assert found == BALANCES


@hledger
def test_hledger_gives_every_reference_back(sqlite_engine, tmp_path):
    """Percent-encoding is undone by anybody's library; nothing of the text is lost or misread."""
    from urllib.parse import unquote

    played(sqlite_engine)
    export_hledger(sqlite_engine, tmp_path / "out")
    path = tmp_path / "out" / "ledger.journal"

    told = json.loads(run_hledger(path, "print", "-O", "json").stdout)

    tags = [dict(each["ttags"]) for each in told]
    assert {tag["entry"]: unquote(tag["reference"]) for tag in tags if "reference" in tag} == {
        "1": "grant:1",
        "2": "grant:2",
        "3": "bank:2025-0001",
        "11": NASTY,
        "12": "b",
        "13": "c",
    }
    assert [tag["reverses"] for tag in tags if "reverses" in tag] == ["2"]


def test_beancount_gives_every_fact_of_an_entry_back(sqlite_engine, tmp_path):
    played(sqlite_engine)
    export_beancount(sqlite_engine, tmp_path / "out")

    entries, _, _ = loader.load_file(str(tmp_path / "out" / "ledger.beancount"))

    told = {int(each.meta["entry"]): each for each in entries if isinstance(each, data.Transaction)}
    assert sorted(told) == list(range(1, 14))
    assert told[11].meta["reference"] == NASTY
    assert (told[9].meta["reverses"], told[9].meta["command"]) == (2, 14)
    assert (told[9].narration, told[9].meta["rule"]) == ("reversal", "REG-18")
    days = {each.date.isoformat() for sequence, each in told.items() if sequence < 10}
    assert days == {"2025-01-01"}
    assert told[12].date.isoformat() == "2024-12-31"
    assert told[13].date.isoformat() == "2025-01-01"
    commodities = [each for each in entries if isinstance(each, data.Commodity)]
    assert {each.currency: each.meta["code"] for each in commodities} == {
        "CNY": "cash.cny",
        "ENERGY-2025-2": FLOW,
        "POLLUTANT-T2030-3": STANDING,
    }


@pytest.mark.parametrize("amount", ["4.201", "4.199"])
def test_a_balance_wrong_by_one_kilogram_is_seen_by_beancount(sqlite_engine, tmp_path, amount):
    played(sqlite_engine)
    export_beancount(sqlite_engine, tmp_path / "out")
    path = tmp_path / "out" / "ledger.beancount"
    text = path.read_text("utf-8")
    right = "balance Assets:Enterprise:E1:Holding 4.200 ~ 0"
    assert right in text
    path.write_text(text.replace(right, right.replace("4.200", amount)), "utf-8")

    _, errors, _ = loader.load_file(str(path))

    assert len(errors) == 1
    assert "Balance failed for 'Assets:Enterprise:E1:Holding'" in errors[0].message


@hledger
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (f'= 4.200 "{FLOW}"', f'= 4.201 "{FLOW}"', "balance assertion"),
        ("account assets:enterprise:E2:holding\n", "", "account"),
        (f'commodity 1000.000 "{FLOW}"\n', "", "commodity"),
        ("2024-12-31 *", "2025-01-02 *", "date"),
    ],
)
def test_a_changed_journal_is_seen_by_hledger(sqlite_engine, tmp_path, old, new, says):
    played(sqlite_engine)
    export_hledger(sqlite_engine, tmp_path / "out")
    path = tmp_path / "out" / "ledger.journal"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")

    checked = run_hledger(path, "check", "-s", "ordereddates")

    assert checked.returncode == 1
    assert says in checked.stderr


@pytest.mark.postgres
@pytest.mark.parametrize("export", [export_beancount, export_hledger])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("other_engine", ["postgresql"], indirect=True)
def test_both_databases_give_the_same_bytes(engine, other_engine, tmp_path, export, monkeypatch):
    for number, each in enumerate((engine, other_engine)):
        monkeypatch.setattr(build, "_IDS", itertools.count(1))
        played(each)
        export(each, tmp_path / f"out{number}")

    for path in sorted((tmp_path / "out0").iterdir()):
        assert path.read_bytes() == (tmp_path / "out1" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("export", [export_beancount, export_hledger])
def test_the_manifest_has_the_hash_of_every_file_and_how_far_the_export_goes(
    sqlite_engine, tmp_path, export
):
    played(sqlite_engine)

    exported = export(sqlite_engine, tmp_path / "out")

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    files = {each.name: each for each in (tmp_path / "out").iterdir()}
    del files["manifest.json"]
    assert manifest["files"] == {
        name: sha256(path.read_bytes()).hexdigest() for name, path in files.items()
    }
    assert (manifest["last_sequence"], manifest["last_entry"]) == (22, 13)
    assert manifest["demonstration"] is True
    text = (tmp_path / "out" / "manifest.json").read_bytes()
    assert exported.manifest_hash == sha256(text).hexdigest()


@pytest.mark.parametrize("export", [export_beancount, export_hledger])
def test_an_export_goes_into_an_empty_directory_and_needs_a_ledger(sqlite_engine, tmp_path, export):
    (tmp_path / "kept.txt").write_text("mine")

    with pytest.raises(LedgerNotOpened):
        export(sqlite_engine, tmp_path / "out")
    with pytest.raises(ExportDirectoryNotEmpty):
        export(sqlite_engine, tmp_path)

    assert not (tmp_path / "out").exists()
    assert {path.name for path in tmp_path.iterdir()} >= {"kept.txt"}
    assert not (tmp_path / "manifest.json").exists()


IDS = st.from_regex(r"\A[A-Z][A-Z0-9_-]{0,31}\Z")
ADDRESSES = st.one_of(
    *(st.from_regex(rf"\A{place.pattern.pattern}\Z") for place in CHART),
    st.builds("enterprise:{}:holding".format, IDS),
    st.builds("source:{}".format, IDS),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ADDRESSES, unique=True, min_size=2, max_size=20))
def test_no_two_accounts_share_a_name_in_beancount(addresses):
    for address in addresses:
        place_of(address)

    assert len({account_name(address) for address in addresses}) == len(addresses)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("enterprise:E_1:cash_held", "Assets:Enterprise:E-u1:Cash-held"),
        ("enterprise:E-U1:cash_held", "Assets:Enterprise:E-U1:Cash-held"),
        ("source:HOLDING", "Assets:Source:HOLDING"),
        ("district:370102:budget", "Assets:District:370102:Budget"),
        ("scheme:surrendered:2026", "Expenses:Scheme:Surrendered:2026"),
        ("scheme:issuance", "Equity:Scheme:Issuance"),
        ("bank:settlement", "Liabilities:Bank:Settlement"),
        ("treasury:usage_fees", "Assets:Treasury:Usage-fees"),
    ],
)
def test_an_account_gets_the_name_that_the_documentation_says(address, name):
    assert account_name(address) == name


def test_the_longest_asset_has_a_commodity_of_at_most_24_letters():
    name = commodity_name(Named(1_048_575, STANDING, 1))

    assert name == "POLLUTANT-T2030-1048575"
    assert len(name) <= 24


@pytest.mark.parametrize(
    ("minor_units", "decimals", "text"),
    [
        (0, 3, "0.000"),
        (1, 3, "0.001"),
        (-1, 3, "-0.001"),
        (999, 3, "0.999"),
        (1_000, 3, "1.000"),
        (-(10**18), 2, "-10000000000000000.00"),
    ],
)
def test_minor_units_become_exact_decimal_text(minor_units, decimals, text):
    assert decimal_text(minor_units, decimals) == text
