"""Listing: terms from the packs of the area, approval on a live ledger, four eyes."""

import msgspec
import pytest

import seeds
from ledger.adopt import AdoptPack
from ledger.approve import SecondPersonNeeded
from ledger.command import canonical
from ledger.days import day_of
from ledger.parties.enroll import DistrictLine, RegisterDistricts
from ledger.policy import to_plain
from ledger.register import OpenLedger
from market.change_phase import ChangePhase
from market.list_instrument import ListInstrument
from market.open_day import OpenDay
from market.subject import MARKET
from market.venue import Venue
from tests.build import EXCHANGE, GRANTS, SECOND_EXCHANGE, Bench
from tests.market.floor import FLOW, QD, open_floor

ONE = {"E1": (0, 0)}
NEXT_FLOW = "energy.flow.general.2026.eq.370200"


def list_both(bench, **fields):
    payload = ListInstrument(**({"instrument": QD, "asset": FLOW} | fields))
    return bench.both(payload, maker=EXCHANGE, checker=SECOND_EXCHANGE)


@pytest.fixture
def lite(sqlite_engine, clock):
    """A floor on which the allowance of 2025 is listed, and its day not open."""
    return open_floor(sqlite_engine, clock, ONE, phase=None)


def test_terms_come_from_the_packs_of_the_area_and_say_so(engine, clock):
    floor = open_floor(engine, clock, ONE, phase=None)

    list_both(floor.bench, instrument="QD-2026", asset=NEXT_FLOW).require()

    (row,) = floor.rows(
        "SELECT asset, modes, tick_fen, lot_tce, quantity_max_tce, band_basis_points,"
        " band_rounding, fee_basis_points, first_reference_price_fen, auction_reading, self_match,"
        " closing_price, resale_days, cross_district FROM instruments WHERE id = 'QD-2026'"
    )
    # From the sample pack: all modes, fee 20, reference 200 yuan, T+1, orders below 10,000 t; the
    # rest from the nation's.
    assert row == (
        NEXT_FLOW,
        "listed_deal continuous call_auction block_trade tender",
        1,
        1,
        9_999,
        1_000,
        "half_up",
        20,
        20_000,
        "shenzhen",
        "cancel_newest",
        "vwap_day",
        1,
        "no",
    )
    ((sources,),) = floor.rows("SELECT sources FROM instruments WHERE id = 'QD-2026'")
    given = msgspec.json.decode(sources)
    assert given["fee_basis_points"] == f"sample@{seeds.read_pack('sample').version}"
    assert given["band_basis_points"] == f"national@{seeds.read_pack('national').version}"


def test_what_is_stated_is_kept_and_marked_as_stated(lite):
    ((fee, sources),) = lite.rows("SELECT fee_basis_points, sources FROM instruments")

    assert fee == 20
    assert msgspec.json.decode(sources)["fee_basis_points"] == "stated at listing"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"instrument": "qd"}, "instrument_id_malformed"),
        ({"instrument": ""}, "instrument_id_malformed"),
        ({"instrument": QD}, "instrument_exists"),
        ({"asset": FLOW}, "instrument_exists"),
        ({"asset": "energy.standing.other.t2030.eq.370200"}, "asset_not_tradable"),
        ({"asset": "pollutant-so2.flow.general.2026.na.370200"}, "asset_not_tradable"),
        ({"asset": "energy.flow.general.2026.eq.370200-P1"}, "asset_not_tradable"),
        ({"asset": "energy.flow.general.2026.eq.370999"}, "party_unknown"),
        ({"tick_fen": 0}, "term_unlawful"),
        ({"fee_basis_points": 10_000}, "term_unlawful"),
        ({"self_match": "skip"}, "term_unlawful"),
        ({"modes": "continuous dark_pool"}, "term_unlawful"),
        ({"tick_fen": 3}, "off_tick"),
    ],
)
def test_each_rung_refuses_with_its_own_code(lite, fields, code):
    fresh = {"instrument": "QD-2026", "asset": NEXT_FLOW}

    answer = list_both(lite.bench, **(fresh | fields))

    assert answer.code == code
    assert lite.rows("SELECT COUNT(*) FROM instruments") == [(1,)]
    assert list(lite.bench.writer.memory.cache(Venue).listings) == [QD]


def test_listing_takes_two_persons(lite):
    payload = ListInstrument(instrument="QD-2026", asset=NEXT_FLOW)

    answer = lite.do(payload)

    assert answer.code == SecondPersonNeeded.code


@pytest.fixture
def live(sqlite_engine, clock):
    """A live ledger under the nation's pack alone."""
    bench = Bench(sqlite_engine, clock, (MARKET,))
    opening = OpenLedger(name="某市", jurisdiction="national", purpose="live", grants=GRANTS)
    bench.do(opening).require()
    pack = canonical(to_plain(seeds.read_pack("national"))).decode()
    bench.both(AdoptPack(content=pack)).require()
    line = DistrictLine("370200", "某市", "A city", "", "national")
    bench.do(RegisterDistricts(rows=(line,))).require()
    return bench


def test_a_live_ledger_lists_centralised_trading_only_with_an_approval(live):
    fields = {"first_reference_price_fen": 20_000, "modes": "continuous tender"}

    without = list_both(live, **fields)
    with_number = list_both(live, approval_number="示例批复〔2025〕1号", **fields)

    assert without.code == "approval_missing"
    assert without.facts == {"modes": "continuous"}
    assert with_number.ok


def test_a_live_ledger_lists_the_lawful_modes_by_default(live, clock):
    answer = list_both(live, first_reference_price_fen=20_000).require().result

    assert answer["modes"] == ["listed_deal", "block_trade", "tender"]
    live.do(OpenDay(instrument=QD, day=day_of(clock())), actor=EXCHANGE).require()
    refused = live.do(ChangePhase(instrument=QD, phase="continuous"), actor=EXCHANGE)
    assert refused.code == "mode_not_listed"
