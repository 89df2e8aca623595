"""The open session in which the demonstration ends: what a visitor finds, does and is refused."""

import shutil
from collections import defaultdict
from datetime import date
from itertools import count

import pytest
import sqlalchemy as sa

from api.demo.clock import clock_for
from api.demo.market_now import session_figures
from api.demo.play import play_chapters
from api.demo.stage import HandClock, Stage
from api.demo.stepping import step
from api.demo.voice import Voice
from api.program import Program, reading_engine, wall_clock
from ledger.approve import approving
from ledger.command import Command, read_payload_json
from ledger.days import text_of
from ledger.db import reading, sqlite_url
from market.place import PlaceOrder
from market.run_tender import BidTender
from tests.demo_files import DEMO, quotas, toml

pytestmark = pytest.mark.slow

SESSION = toml(DEMO / "session.toml")
QD_FLOW, AS_FLOW = (f"energy.flow.general.2026.eq.{code}" for code in ("370200", "520400"))


class Visit:
    """A played ledger as `serve` opens it: its own copy, on a stage clock that stands still."""

    def __init__(self, directory):
        url = sqlite_url(directory)
        engine = reading_engine(url)
        with reading(engine) as connection:
            self.clock = clock_for(connection, wall=wall_clock, ticking=lambda: 0)
        engine.dispose()
        self.program = Program(url, clock=self.clock)
        self.numbers = count(1)

    def do(self, payload, actor):
        return self.program.submit(Command(f"visit:{next(self.numbers)}", actor, payload))

    def step(self):
        with reading(self.program.engine) as connection:
            return step(self.program, connection, self.clock)

    def figures(self):
        with reading(self.program.engine) as connection:
            return session_figures(connection)

    def rows(self, query, **values):
        with reading(self.program.engine) as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values)]

    def balance(self, address, asset):
        return self.program.writer.memory.balance(address, asset)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The whole play, once, without its proof."""
    directory = tmp_path_factory.mktemp("session")
    (directory / "papers").mkdir()
    clock = HandClock(date(2025, 1, 2))
    program = Program(sqlite_url(directory), clock=clock)
    play_chapters(Stage(program, clock, Voice(silent=True), directory / "papers"))
    program.close()
    return directory


@pytest.fixture
def visit(played, tmp_path):
    shutil.copyfile(played / "ledger.db", tmp_path / "ledger.db")
    visiting = Visit(tmp_path)
    yield visiting
    visiting.program.close()


def order(instrument, enterprise, side, price_fen, quantity_tce):
    return PlaceOrder(
        instrument=instrument,
        enterprise=enterprise,
        side=side,
        price_fen=price_fen,
        quantity_tce=quantity_tce,
    )


def test_the_visitor_comes_in_at_five_past_ten_of_an_open_session(visit):
    now = visit.figures()

    assert now["at"] == "2026-07-14 10:05:00"
    assert text_of(visit.clock()) == "2026-07-14 10:05:00"
    assert {one["instrument"]: one["phase"] for one in now["instruments"]} == {
        "QD-E26": "continuous",
        "AS-E26": "continuous",
        "LY-E26": "continuous",
        "JN-E26": "call",
    }
    assert (now["open_tenders"], now["open_proposals"]) == (1, 6)


def test_the_books_are_what_the_orders_of_the_morning_leave(visit):
    levels = defaultdict(dict)
    for instrument, side, price_fen, tonnes in visit.rows(
        "SELECT instrument, side, price_fen, sum(quantity_tce - filled_tce) FROM orders "
        "WHERE state IN ('new', 'partially_filled') GROUP BY 1, 2, 3"
    ):
        levels[instrument, side][price_fen] = tonnes

    # Of 300 t bid at 200.20, 200 were sold to; of 600 t offered at 200.40, 350 were taken.
    assert levels["QD-E26", "buy"] == {
        20020: 100,
        20010: 200,
        20000: 800,
        19980: 500,
        19950: 400,
        19900: 600,
    }
    assert levels["QD-E26", "sell"] == {
        20040: 250,
        20060: 500,
        20080: 700,
        20100: 900,
        20120: 300,
        20150: 1000,
    }
    assert levels["AS-E26", "buy"] == {
        19990: 120,
        19980: 300,
        19960: 250,
        19940: 200,
        19900: 300,
        19850: 300,
    }
    assert levels["AS-E26", "sell"] == {
        20030: 700,
        20050: 600,
        20070: 500,
        20090: 200,
        20120: 1500,
        20150: 400,
    }


def test_the_calls_of_the_morning_crossed_where_they_had_to(visit):
    found = visit.rows(
        "SELECT instrument, price_fen, volume_tce, trades FROM auctions a "
        "WHERE instrument LIKE '%26' ORDER BY instrument"
    )

    # Qingdao: 1,900 t are bid and offered from 200.21 to 200.39, nearest to 200.00 is 200.21.
    # Anshun: 700 t are bid at 200.10 or more, 500 offered below it and 300 at it.
    assert found == [
        ("AS-E26", 20010, 700, 3),
        ("LY-E26", None, 0, 0),
        ("QD-E26", 20021, 1900, 3),
    ]


def test_the_call_that_is_open_shows_a_price(visit):
    late = next(one for one in visit.figures()["instruments"] if one["instrument"] == "JN-E26")

    # Bids of 1,400 t at 201.20 or more meet 1,200 t below 201.00 and 400 t at it.
    assert late["indicative_price_fen"] == 20100
    assert (late["bid_levels"], late["ask_levels"]) == (4, 4)


def test_a_newcomer_with_a_surplus_sells_at_once(visit):
    cash = visit.balance("enterprise:QD-GLS-01:cash", "cash.cny")

    sold = visit.do(order("QD-E26", "QD-GLS-01", "sell", 20020, 50), "person:QD-GLS-01-T").require()

    assert (sold.result["state"], sold.result["filled_tce"]) == ("filled", 50)
    # 50 t at 200.20 yuan are 10,010.00 yuan, less 0.2 %: 20.02 yuan.
    assert visit.balance("enterprise:QD-GLS-01:cash", "cash.cny") == cash + 1_001_000 - 2_002


def test_a_newcomer_with_a_gap_buys_at_once_and_has_cash_and_quota_to_sell(visit):
    bought = visit.do(order("AS-E26", "AS-CEM-02", "buy", 20030, 100), "person:AS-CEM-02-T")

    assert bought.require().result["state"] == "filled"
    assert visit.balance("enterprise:AS-CEM-02:bought", AS_FLOW) == 100_000
    assert visit.balance("enterprise:AS-CEM-02:holding", AS_FLOW) > 1_000_000
    assert visit.balance("enterprise:AS-CEM-02:cash", "cash.cny") > 100_000_000


def test_what_is_held_of_the_new_year_is_the_pre_issue_less_the_deduction(visit):
    quota = quotas()["AS-CEM-02", "energy"]
    pre_issue = quota * 60 // 100 // 1000 * 1000
    saleable = pre_issue * 20 // 100 // 1000 * 1000

    held = {
        name: visit.balance(f"enterprise:AS-CEM-02:{name}", AS_FLOW)
        for name in ("holding", "restricted")
    }

    # 82,389.938 t: 49,433 t are issued ahead, 9,886 of them saleable; twice 2,267.297 t are cut.
    assert (quota, pre_issue, saleable) == (82_389_938, 49_433_000, 9_886_000)
    assert held == {
        "holding": saleable,  # its own order is a bid, which holds cash alone
        "restricted": pre_issue - saleable - 4_534_594,
    }


@pytest.mark.parametrize(
    ("price_fen", "tonnes", "code"),
    [
        (22_000, 1, "ok"),  # 200 yuan and ten per cent
        (22_001, 1, "outside_band"),
        (18_000, 1, "ok"),
        (17_999, 1, "outside_band"),
        (20_000, 0, "quantity_not_positive"),
        (20_000, 9_999, "ok"),
        (20_000, 10_000, "order_too_large"),
    ],
)
def test_a_newcomer_is_refused_with_a_reason(visit, price_fen, tonnes, code):
    answer = visit.do(order("AS-E26", "AS-CEM-02", "buy", price_fen, tonnes), "person:AS-CEM-02-T")

    assert answer.code == code
    assert answer.ok or answer.message


def test_the_auction_takes_a_higher_bid_and_no_lower_one(visit):
    (tender,) = visit.rows("SELECT id, state FROM tenders WHERE state = 'open'")

    low = visit.do(
        BidTender(tender=tender[0], enterprise="LY-TEX-01", price_fen=19599), "person:LY-TEX-01-T"
    )
    high = visit.do(
        BidTender(tender=tender[0], enterprise="LY-TEX-01", price_fen=19600), "person:LY-TEX-01-T"
    )

    assert (low.code, high.code) == ("bid_below_increment", "ok")


def test_six_proposals_wait_and_each_takes_effect_when_the_right_person_approves(visit):
    checkers = {
        "allocations.issue": "person:REG2",
        "freed.confirm": "person:REG2",
        "entitlements.confirm": "person:REG2",
        "freed.opinion": "person:VER2",
        "instruments.list": "person:EXC1",
        "readings.correct": "person:AS-CEM-02-A",
    }
    waiting = visit.rows(
        "SELECT id, kind, payload FROM proposals WHERE state = 'open' AND expires_at > :now",
        now=visit.clock(),
    )

    assert sorted(kind for _, kind, _ in waiting) == sorted(checkers)
    for proposal, kind, payload in waiting:
        shape = visit.program.subjects.handlers[kind].payload
        proposed = read_payload_json(shape, payload.encode())
        visit.do(approving(proposal, proposed), checkers[kind]).require()
    freed = dict(visit.rows("SELECT id, amount FROM freed_sources WHERE claim = 'S4'"))
    assert freed == {"S4-ENERGY": 3_325_603}


def test_the_fine_of_the_year_before_has_a_range_from_the_mean_price(visit):
    (fine,) = visit.rows("SELECT base, min_fen, max_fen FROM penalty_proposals WHERE kind = 'fine'")
    (price,) = visit.rows("SELECT measure, turnover_fen, volume FROM mean_prices")
    turnover_fen, tonnes = visit.rows(
        "SELECT sum(turnover_fen), sum(volume_tce) FROM market_days "
        "WHERE day IN ('2026-06-10', '2026-06-24') AND instrument LIKE '%-E25'"
    )[0]

    assert price == ("energy", turnover_fen, tonnes * 1000)
    # What is missing at the mean price, once and three times, halves up.
    worth = 2_267_297 * turnover_fen
    whole = tonnes * 1000
    assert fine == (
        2_267_297,
        (2 * worth + whole) // (2 * whole),
        (6 * worth + whole) // (2 * whole),
    )


def test_the_next_compliance_year_is_open_until_its_deadline(visit):
    assert visit.rows("SELECT year, state, deadline FROM compliance_years ORDER BY year") == [
        (2025, "closed", "2026-06-30"),
        (2026, "open", "2027-06-30"),
    ]
    assert visit.rows("SELECT enterprise, amount, taken, claimed FROM deductions") == [
        ("AS-CEM-02", 4_534_594, 4_534_594, 0)
    ]


def test_forty_steps_cross_a_close_an_opening_a_hold_and_the_surrender_deadline(visit):
    told = [visit.step() for _ in range(40)]

    assert [words.zh for words in told if "未能推进" in words.zh] == []
    assert told[0].zh.startswith("2026-07-14 10:05：JN-E26 进入集合竞价")
    assert told[1].zh == "2026-07-14 10:05：JN-E26 集合竞价以每吨 201.00 元成交 1,400 吨。"
    assert "2026-07-14 15:00" in told[4].zh
    assert told[5].en == "2026-07-15 09:10: AS-E26, JN-E26, LY-E26, QD-E26: the day is opened."
    assert told[13].zh.startswith("2026-07-16 17:00：")
    assert [words.en for words in told[14:16]] == [
        "2026-12-31 00:00: the debt that pledge PL1 secures is due.",
        "2027-01-01 00:00: lease L1 is over, its units are back.",
    ]
    assert told[16].en == (
        "2027-07-01 00:00: the surrender deadline of 2026 has passed, the year is closing."
    )
    assert visit.rows("SELECT key FROM due WHERE done_by IS NULL") == []
    assert visit.rows("SELECT state FROM compliance_years WHERE year = 2026") == [("closing",)]
    assert visit.rows("SELECT count(*) FROM balances WHERE amount < 0 AND overdraws = 0") == [(0,)]


def test_steps_are_the_same_to_the_letter_on_another_copy(played, tmp_path):
    ends = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        shutil.copyfile(played / "ledger.db", tmp_path / name / "ledger.db")
        visiting = Visit(tmp_path / name)
        told = [visiting.step() for _ in range(16)]
        ends.append((told, visiting.rows("SELECT leaf_hash FROM commands ORDER BY sequence")))
        visiting.program.close()

    assert ends[0] == ends[1]
