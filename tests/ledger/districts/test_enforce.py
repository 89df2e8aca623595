"""Budgets of districts: issued whole, drawn on to the last kgce and no further."""

import msgspec
import pytest
from sqlalchemy.orm import Session

from ledger.approve import proposing
from ledger.db import reading
from ledger.districts.enforce import ReleaseReserve, ReserveBudget
from ledger.districts.read import read_budgets
from ledger.districts.record import FigureLine, RecordFigures, figures
from ledger.districts.tables import BudgetDecisionRow
from tests.build import DISTRICT, REGULATOR
from tests.ledger.allocation.build import (
    BUDGET,
    COAL,
    FLOW,
    OTHER_TOWN,
    RESERVE,
    TOWN,
    agreed,
    allocation_ledger,
    budget,
    refused,
    refused_alone,
    set_budget,
)

QUOTE = "2025年全市能源消费总量控制在420万吨标准煤以内"


@pytest.fixture
def bench(engine, clock):
    return allocation_ledger(engine, clock)


def reserving(amount: int | None = None, document: str = "RES-1") -> ReserveBudget:
    return ReserveBudget(
        district=TOWN, year=2025, measure="energy", document=document, amount=amount
    )


def releasing(amount: int, document: str = "REL-1") -> ReleaseReserve:
    return ReleaseReserve(
        district=TOWN, year=2025, measure="energy", document=document, amount=amount
    )


def position(bench):
    with reading(bench.engine) as connection:
        found = read_budgets(connection, district=TOWN, year=2025)[TOWN, 2025, "energy"]
    return (found.cap, found.reserved, found.committed, found.issued, found.headroom)


def test_a_cap_is_issued_into_the_budget_account(bench):
    answer = bench.both(budget(4_200_000_000))

    assert answer.result == {"budgets": 1}
    assert bench.balance(BUDGET, FLOW) == 4_200_000_000
    assert bench.balance("scheme:issuance", FLOW) == -4_200_000_000
    assert position(bench) == (4_200_000_000, 0, 0, 0, 4_200_000_000)


def test_energy_and_coal_are_budgets_apart(bench):
    set_budget(bench, 500)

    set_budget(bench, 700, measure="coal")

    assert bench.balance(BUDGET, FLOW) == 500
    assert bench.balance(BUDGET, COAL) == 700


def test_a_later_decision_moves_only_the_difference(bench):
    set_budget(bench, 1_000)

    set_budget(bench, 1_250, document="DOC-2")

    assert bench.balance(BUDGET, FLOW) == 1_250
    assert bench.balance("scheme:issuance", FLOW) == -1_250


def test_a_cap_is_lowered_exactly_to_what_is_set_aside(bench):
    set_budget(bench, 1_000)
    agreed(bench, reserving(400)).require()

    set_budget(bench, 400, document="DOC-2")

    assert position(bench) == (400, 400, 0, 0, 0)
    assert bench.balance("scheme:issuance", FLOW) == -400


def test_a_cap_lowered_below_what_is_set_aside_is_refused(bench):
    set_budget(bench, 1_000)
    agreed(bench, reserving(400)).require()

    answer = refused(bench, budget(399, document="DOC-2"), maker=REGULATOR)

    assert answer.code == "budget_exceeded"
    assert answer.verdict.rule == "DST-52"
    assert answer.facts == {
        "district": TOWN,
        "year": 2025,
        "measure": "energy",
        "needed": 601,
        "available": 600,
    }


def test_a_decision_document_counts_once(bench):
    set_budget(bench, 1_000)

    answer = refused(bench, budget(1_100), maker=REGULATOR)

    assert answer.code == "budget_decision_used"
    assert answer.facts == {"district": TOWN, "year": 2025, "document": "DOC-1"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 0}, "amount_not_positive"),
        ({"amount": 10**15 + 1}, "amount_too_large"),
        ({"district": "990999"}, "party_unknown"),
        ({"document": " "}, "budget_decision_used"),
        ({"year": 25}, "asset_malformed"),
    ],
)
def test_a_budget_that_says_too_little_is_refused(bench, changes, code):
    answer = refused(bench, budget(**({"amount": 1_000} | changes)), maker=REGULATOR)

    assert answer.code == code


def test_a_district_does_not_propose_its_own_budget(bench):
    answer = refused_alone(bench, proposing(budget(1_000)), actor=DISTRICT)

    assert answer.code == "role_missing"


def test_several_districts_are_set_together_or_not_at_all(bench):
    rows = (*budget(1_000).rows, *budget(0, district=OTHER_TOWN).rows)

    answer = refused(bench, msgspec.structs.replace(budget(1), rows=rows), maker=REGULATOR)

    assert answer.code == "rows_refused"
    assert answer.facts["codes"] == "amount_not_positive"


def test_the_reserve_takes_the_packs_share_in_whole_lots(bench):
    """3 % of 1,234,567,890 kgce is 37,037,036.7: 37,037 lots of a tonne."""
    set_budget(bench, 1_234_567_890)

    answer = agreed(bench, reserving())

    assert answer.result == {"reserved": 37_037_000, "headroom": 1_197_530_890}
    assert bench.balance(RESERVE, FLOW) == 37_037_000


def test_the_reserves_share_is_explained_by_a_sheet(bench):
    set_budget(bench, 100_000)

    agreed(bench, reserving()).require()

    with Session(bench.engine) as session:
        row = session.query(BudgetDecisionRow).filter_by(step="reserve").one()
    sheet = msgspec.json.decode(row.sheet)
    assert sheet["pack_version"].startswith("sample@")
    assert sheet["steps"][0]["inputs"] == {"cap": "100000", "share": "0.03", "lot": "1000"}
    assert sheet["steps"][0]["result"] == "3000"


def test_the_reserve_may_take_all_that_is_left(bench):
    set_budget(bench, 1_000)

    agreed(bench, reserving(1_000)).require()

    assert position(bench) == (1_000, 1_000, 0, 0, 0)


def test_one_kgce_more_than_is_left_cannot_be_reserved(bench):
    set_budget(bench, 1_000)

    answer = refused(bench, reserving(1_001))

    assert answer.code == "budget_exceeded"
    assert (answer.facts["needed"], answer.facts["available"]) == (1_001, 1_000)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_reserve_of_nothing_is_refused(bench, amount):
    set_budget(bench, 1_000)

    assert refused(bench, reserving(amount)).code == "amount_not_positive"


def test_a_reserve_without_a_budget_is_refused(bench):
    answer = refused(bench, reserving(1))

    assert answer.code == "budget_not_set"
    assert answer.facts == {"district": TOWN, "year": 2025, "measure": "energy"}


def test_the_reserve_gives_back_what_it_has_and_no_more(bench):
    set_budget(bench, 1_000)
    agreed(bench, reserving(400)).require()

    agreed(bench, releasing(400)).require()

    assert position(bench) == (1_000, 0, 0, 0, 1_000)
    assert refused(bench, releasing(1, "REL-2")).code == "insufficient_balance"


def figure(**changes: object) -> FigureLine:
    fields: dict[str, object] = {
        "district": TOWN,
        "year": 2025,
        "figure": "total_target",
        "value": "4200000",
        "unit": "tce",
        "status": "confirmed",
        "document": "示例市十四五节能规划",
        "quote": QUOTE,
    }
    return msgspec.convert(fields | changes, FigureLine)


def test_a_published_figure_is_a_reference_and_no_balance(bench):
    answer = bench.do(RecordFigures(rows=(figure(),)), actor=DISTRICT)

    assert answer.result == {"figures": 1}
    assert bench.balance(BUDGET, FLOW) == 0
    with Session(bench.engine) as session:
        found = figures(session, district=TOWN, year=2025)["total_target"]
    assert (found.value, found.unit, found.quote) == ("4200000", "tce", QUOTE)


def test_the_last_record_of_a_figure_counts(bench):
    bench.do(RecordFigures(rows=(figure(),))).require()

    bench.do(RecordFigures(rows=(figure(value="4100000"),))).require()

    with Session(bench.engine) as session:
        assert figures(session, district=TOWN, year=2025)["total_target"].value == "4100000"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"figure": "Total target"}, "figure_malformed"),
        ({"unit": "bushel"}, "figure_malformed"),
        ({"unit": "switch"}, "figure_malformed"),
        ({"value": "4.2e6"}, "amount_malformed"),
        ({"document": ""}, "figure_source_missing"),
        ({"quote": " "}, "figure_source_missing"),
        ({"district": "990999"}, "party_unknown"),
    ],
)
def test_a_figure_without_form_or_source_is_refused(bench, changes, code):
    answer = refused_alone(bench, RecordFigures(rows=(figure(**changes),)))

    assert answer.code == code


def test_an_unconfirmed_figure_needs_no_quote(bench):
    line = figure(status="unconfirmed", quote="")

    assert bench.do(RecordFigures(rows=(line,))).ok


def test_one_figure_is_not_given_twice_in_one_command(bench):
    answer = refused_alone(bench, RecordFigures(rows=(figure(), figure(value="1"))))

    assert answer.code == "rows_refused"
    assert answer.facts["codes"] == "figure_repeated"
