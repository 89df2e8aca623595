"""The demonstration, played by the command line in processes of its own, on both engines."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.units import parse_kgce
from tests.demo_files import quotas, used
from tests.empty_database import empty_database

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
KEYS = {
    "enterprises",
    "commands",
    "refused",
    "entries",
    "postings",
    "orders",
    "trades",
    "tce_allocated",
    "tce_freed",
    "tce_substituted",
    "tce_net_reduction",
    "tce_traded",
    "tce_surrendered",
    "tce_short",
    "cash_turnover_fen",
    "imbalance",
    "session",
    "state_digest",
    "replay_digest",
    "checkpoint",
    "tamper_detected",
    "seconds",
}
SECONDS_MAX = 60


def yongneng(*arguments, url="", cwd=ROOT):
    """Run the command line in a new process, in *cwd*; *url* is its DATABASE_URL."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment["PYTHONPATH"] = str(ROOT)
    if url:
        environment["DATABASE_URL"] = url
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def said(ran, *, code=0):
    """Return the one JSON object that a run printed, which must have ended with *code*."""
    assert ran.returncode == code, ran.stderr[-2_000:] or ran.stdout[-2_000:]
    assert ran.stdout.count("\n") == 1
    return json.loads(ran.stdout)


def kgce(text):
    return parse_kgce(text.replace(",", ""))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Where the demonstration is played on SQLite."""
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def figures(home):
    # By a path from where one stands, which is not where the program is.
    return said(yongneng("demo", "--no-serve", "--json", "--data", home.name, cwd=home.parent))


@pytest.fixture(scope="module")
def postgres_url(postgres_server):
    with empty_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def postgres_figures(postgres_url):
    return said(yongneng("demo", "--no-serve", "--json", url=postgres_url))


def test_the_figures_have_every_key_and_are_whole_numbers_or_text(figures):
    assert set(figures) >= KEYS
    assert {type(value) for value in figures.values()} == {int, str, bool, dict}
    assert figures["enterprises"] == 41  # a bank comes to those of the file
    assert figures["orders"] > 2_000
    assert figures["commands"] > figures["orders"]
    assert figures["seconds"] <= SECONDS_MAX


def test_nothing_is_out_of_balance_and_replay_leads_to_the_same_state(figures):
    assert figures["imbalance"] == 0
    assert re.fullmatch("[0-9a-f]{64}", figures["state_digest"])
    assert figures["replay_digest"] == figures["state_digest"]


def test_the_digest_is_that_of_a_new_process(figures, home):
    counted = said(yongneng("digest", "--data", home, "--json"))

    assert counted == {"state_digest": figures["state_digest"]}


def test_what_the_story_has_refused_was_refused(figures):
    # A plan one kilogram short, a plan with quota freed elsewhere, a surrender after the grace.
    once = {code: figures["refused"].get(code) for code in ("measure_short", "class_barred")}
    assert once == {"measure_short": 1, "class_barred": 1}
    assert figures["refused"]["deadline_passed"] >= 1
    # People err on the market in more than one way.
    assert {"outside_band", "quantity_not_positive"} <= set(figures["refused"])


def test_freed_and_substituted_quota_is_what_the_story_says(figures):
    # 76,500.000 + 11,047.360 from closures and 4,714.305 from the retrofit.
    assert figures["tce_freed"] == "92,261.665"
    # 49,123.457 × 1.2 rounded up, and what is retired beyond what is added.
    assert figures["tce_substituted"] == "58,948.149"
    assert figures["tce_net_reduction"] == "9,824.692"


def test_allocation_follows_from_the_files(figures):
    granted = sum(quota for (_, measure), quota in quotas().items() if measure == "energy")

    assert granted == 3_815_488_434
    assert kgce(figures["tce_allocated"]) == granted


def test_it_ends_in_an_open_session(figures):
    session = figures["session"]

    assert session["at"] == "2026-07-14 10:05:00"
    assert [
        (one["instrument"], one["phase"], one["best_bid_fen"], one["best_ask_fen"])
        for one in session["instruments"]
    ] == [
        ("AS-E26", "continuous", 19_990, 20_030),
        ("JN-E26", "call", 20_180, 19_950),
        ("LY-E26", "continuous", 19_920, 20_080),
        ("QD-E26", "continuous", 20_020, 20_040),
    ]
    # Six and six orders in Anshun, eight in Jinan, six in Lianyungang, six and six in Qingdao.
    assert [one["resting_orders"] for one in session["instruments"]] == [12, 8, 6, 12]
    assert session["resting_orders"] == 38
    assert (session["open_tenders"], session["open_proposals"]) == (1, 6)


def test_what_was_used_is_surrendered_or_short(figures):
    burnt = sum(energy for energy, _ in used().values())

    assert burnt == 3_793_882_284
    assert kgce(figures["tce_surrendered"]) + kgce(figures["tce_short"]) == burnt
    assert kgce(figures["tce_short"]) >= 2_267_297


def test_one_enterprise_ends_the_year_short_and_the_year_is_closed(figures, home):
    with sqlite3.connect(home / "ledger.db") as database:
        short = database.execute(
            "SELECT enterprise, measure FROM closings WHERE missing > 0"
        ).fetchall()
        closed = database.execute("SELECT count(DISTINCT enterprise) FROM closings").fetchone()
    database.close()

    assert short == [("AS-CEM-02", "energy")]
    assert closed == (40,)


def test_the_published_auction_is_a_trade_among_the_others(figures, home):
    with sqlite3.connect(home / "ledger.db") as database:
        tender = database.execute(
            "SELECT quantity_tce, price_fen, consideration_fen FROM trades WHERE mode = 'tender'"
        ).fetchall()
        turnover = database.execute("SELECT sum(consideration_fen), count(*) FROM trades")
        sums = turnover.fetchone()
        modes = database.execute("SELECT DISTINCT mode FROM trades ORDER BY mode").fetchall()
    database.close()

    assert tender == [(4_270, 22_000, 93_940_000)]  # 220 yuan × 4,270 t = 939,400.00 yuan
    assert sums == (figures["cash_turnover_fen"], figures["trades"])
    assert modes == [("call_auction",), ("continuous",), ("tender",)]


def test_the_export_verifies_alone_and_the_forged_one_only_without_the_checkpoint(figures, home):
    outside = ("--checkpoint", home / "outside/checkpoint.txt", "--key", home / "outside/key.txt")

    honest = yongneng("verify-export", home / "export", *outside, "--json")
    forged_alone = yongneng("verify-export", home / "forged", "--json")
    forged = yongneng("verify-export", home / "forged", *outside, "--json")

    assert figures["tamper_detected"] is True
    assert said(honest)["ok"] is True
    assert said(forged_alone)["ok"] is True
    assert said(forged, code=1)["ok"] is False


def test_the_verifier_of_the_export_needs_no_product(figures, home, tmp_path):
    shutil.copytree(home / "export", tmp_path / "export")
    command = [sys.executable, "-I", "export/verify.py", "export", "--json"]

    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert said(ran)["ok"] is True


def test_the_checkpoint_is_that_of_a_demonstration(figures, home):
    assert figures["checkpoint"].startswith("yongneng/demonstration/sample-")
    kept = (home / "outside/checkpoint.txt").read_text(encoding="utf-8")
    assert figures["checkpoint"] == kept


def test_opening_it_again_gives_the_same_figures_at_once_and_wipes_nothing(figures, home):
    started = time.monotonic()

    again = said(yongneng("demo", "--no-serve", "--json", "--data", home))

    assert again == figures
    assert time.monotonic() - started < 10
    counted = said(yongneng("digest", "--data", home, "--json"))
    assert counted["state_digest"] == figures["state_digest"]


@pytest.mark.parametrize(("language", "title"), [("zh", "一、小结"), ("en", "1. In figures")])
def test_opening_it_again_tells_the_figures_in_the_language_asked_for(
    figures, home, language, title
):
    again = yongneng("demo", "--no-serve", "--lang", language, "--data", home)

    assert again.returncode == 0
    assert title in again.stdout
    assert again.stdout.count(figures["state_digest"]) == 1


@pytest.mark.postgres
def test_postgresql_ends_in_the_same_state(figures, postgres_figures, postgres_url):
    counted = said(yongneng("digest", "--json", url=postgres_url))

    assert counted["state_digest"] == postgres_figures["state_digest"] == figures["state_digest"]
    ours_alone = {"seconds", "checkpoint"}  # a signature of another key over other blocks
    assert {name: value for name, value in postgres_figures.items() if name not in ours_alone} == {
        name: value for name, value in figures.items() if name not in ours_alone
    }


@pytest.mark.postgres
def test_history_on_postgresql_has_the_same_root(figures, postgres_figures):
    # Origin, size and root; the lines after them are about blocks and time.
    assert postgres_figures["checkpoint"].splitlines()[:3] == figures["checkpoint"].splitlines()[:3]


@pytest.mark.postgres
def test_it_is_not_played_twice_on_one_database(postgres_figures, postgres_url):
    again = yongneng("demo", "--no-serve", "--json", url=postgres_url)

    assert said(again, code=1)["code"] == "demo_ledger_not_empty"
    counted = said(yongneng("digest", "--json", url=postgres_url))
    assert counted["state_digest"] == postgres_figures["state_digest"]


def test_it_is_not_played_on_a_ledger_of_somebody_else(tmp_path):
    persons = tmp_path / "persons.csv"
    persons.write_text("person,role\nperson:REG1,city_regulator\n", encoding="utf-8")
    theirs = tmp_path / "theirs"
    began = yongneng(
        *("init", "--data", theirs, "--name", "某市", "--jurisdiction", "qingdao"),
        *("--persons", persons, "--json"),
    )
    assert said(began)["code"] == "ok"
    before = said(yongneng("digest", "--data", theirs, "--json"))

    refused = yongneng("demo", "--no-serve", "--json", "--data", theirs)

    assert said(refused, code=1)["code"] == "demo_ledger_not_empty"
    assert said(yongneng("digest", "--data", theirs, "--json")) == before
