"""What a district may sell of its yearly increment: Zhejiang's half, rights-rules scenario 7."""

import pytest

from ledger.allocation.increment import SetIncrement
from ledger.allocation.true_up import ALLOCATION
from ledger.districts.subject import DISTRICTS
from ledger.metering.subject import METERING
from ledger.transfer import Line, PostLines
from market.list_instrument import ListInstrument
from market.open_tender import OpenTender
from market.run_tender import CloseRound
from market.subject import MARKET
from tests.build import (
    DISTRICT,
    EXCHANGE,
    REGULATOR,
    SECOND_EXCHANGE,
    SECOND_REGULATOR,
    open_ledger,
)
from tests.ledger.allocation.build import adopt_packs
from tests.market.floor import FLOW, QD, TERMS, Floor, register

RESERVE = "district:370200:reserve"


@pytest.fixture
def floor(engine, clock):
    """A district with 300,000 t in its reserve, of whose increment half may be sold."""
    bench = open_ledger(engine, clock, (METERING, DISTRICTS, ALLOCATION, MARKET))
    limited = {"purchase.government_increment_sale_limited": True}
    adopt_packs(bench, limited | {"purchase.government_increment_sale_share": "50/100"})
    register(bench, {"E1": (0, 0), "E2": (0, 0)}, {}, {})
    floor = Floor(bench, clock)
    listing = ListInstrument(instrument=QD, asset=FLOW, **TERMS)
    bench.both(listing, maker=EXCHANGE, checker=SECOND_EXCHANGE).require()
    reserve = Line("reserve", "scheme:issuance", RESERVE, FLOW, 300_000_000)
    bench.both(PostLines(rule="REG-11", lines=(reserve,))).require()
    floor.open_day().require()
    return floor


def set_increment(floor, amount=200_000_000, **changes):
    fields = {
        "district": "370200", "year": int(FLOW.split(".")[3]), "measure": "energy",
        "amount": amount, "document": "增量〔2025〕1号",
    }  # fmt: skip
    payload = SetIncrement(**(fields | changes))
    return floor.bench.both(payload, maker=REGULATOR, checker=SECOND_REGULATOR)


def offer(floor, quantity_tce):
    terms = {
        "instrument": QD,
        "seller": "district:370200",
        "quantity_tce": quantity_tce,
        "reserve_price_fen": 20_000,
        "increment_fen": 200,
        "bidders": ("E1", "E2"),
    }
    return floor.bench.both(OpenTender(**terms), maker=DISTRICT, checker=EXCHANGE)


@pytest.mark.parametrize(
    ("offers", "refused"),
    [
        pytest.param((100_000,), (), id="rights-07a RULE"),
        pytest.param((100_001,), (100_001,), id="rights-07b RULE"),
        pytest.param((99_999, 1, 1), (1,), id="rights-07e RULE"),
    ],
)
def test_a_region_offers_at_most_half_of_its_increment(floor, offers, refused):
    set_increment(floor).require()

    answers = [(quantity, offer(floor, quantity)) for quantity in offers]

    found = [(quantity, answer) for quantity, answer in answers if not answer.ok]
    assert tuple(quantity for quantity, _ in found) == refused
    for quantity, answer in found:
        taken = sum(each for each, other in answers if other.ok)
        assert answer.code == "increment_exceeded"
        assert answer.facts["needed"] == quantity * 1_000
        assert answer.facts["available"] == 100_000_000 - taken * 1_000
    left = 300_000_000 - 1_000 * sum(each for each, answer in answers if answer.ok)
    assert floor.bench.balance(RESERVE, FLOW) == left


def test_an_offer_that_finds_no_buyer_no_longer_counts(floor):
    bench = floor.bench
    assert offer(floor, 1).code == "increment_not_set"
    set_increment(floor).require()
    tender = offer(floor, 100_000).require().result["tender"]
    before = bench.digest()
    # It cannot be set below what is on offer, nor by an empty document, nor to nothing.
    for changes, code in (
        ({"amount": 199_999_999}, "increment_exceeded"),
        ({"document": " "}, "allocation_document_missing"),
        ({"amount": 0}, "amount_not_positive"),
    ):
        assert set_increment(floor, **changes).code == code
    assert before != bench.digest()  # proposals are kept; the increment is not

    closed = floor.do(CloseRound(tender=tender)).require().result

    assert closed["state"] == "unsold"
    assert offer(floor, 100_000).ok
    assert offer(floor, 1).facts["available"] == 0
