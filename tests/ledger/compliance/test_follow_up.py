"""Following up a shortfall: by the pack, measure by measure, and fines only as proposals."""

import msgspec
import pytest

from tests.ledger.compliance.overdue import (
    DEADLINE,
    HOLDING,
    NATIONAL,
    QUIET,
    SHENZHEN,
    SURRENDERED,
    cuts,
    fines,
    of_energy,
    overdue,
    price,
)
from tests.ledger.compliance.world import (
    COAL,
    ELSEWHERE,
    ENERGY,
    LATER,
    OLD,
    close,
    give,
    opened,
    pass_day,
    pay,
    paying,
    rows,
)


def test_the_national_form_cuts_next_year_and_proposes_300_000_to_600_000_yuan(engine, clock):
    bench = overdue(engine, clock, NATIONAL, owed=1_000_000)
    price(bench, yuan=60)

    close(bench).require()

    assert cuts(bench) == [(2026, "energy", 1_000_000)]
    assert fines(bench) == [(1_000_000, 30_000_000, 60_000_000)]


@pytest.mark.parametrize(
    ("base", "fine"),
    [("whole_shortfall", (1_000_000, 12_000_000)), ("unrecovered", (600_000, 7_200_000))],
)
def test_the_shenzhen_form_deducts_400_then_600_and_fines_on_the_base_it_names(
    engine, clock, base, fine
):
    values = {**SHENZHEN, "shortfall.fine_base": (base, "choice")}
    units = [(ENERGY, 300_000, "holding"), (ENERGY, 100_000, "bought")]
    bench = overdue(engine, clock, values, owed=1_000_000, units=units)
    price(bench, yuan=40)

    close(bench).require()

    assert bench.balance(SURRENDERED, ENERGY) == 400_000
    assert bench.balance(HOLDING, ENERGY) == 0
    assert cuts(bench) == [(2026, "energy", 600_000)]
    assert fines(bench) == [(fine[0], fine[1], fine[1])]


@pytest.mark.parametrize(
    ("units", "recovered", "cut"),
    [(0, 0, 10_000), (4_999, 4_999, 2), (5_000, 5_000, 0), (5_001, 5_000, 0)],
)
def test_a_forced_deduction_takes_what_is_there_and_no_more(
    sqlite_engine, clock, units, recovered, cut
):
    held = [(ENERGY, units, "holding")] if units else []
    bench = overdue(sqlite_engine, clock, units=held)

    found = of_energy(close(bench))

    assert (found["missing"], found["recovered"]) == (5_000, recovered)
    assert found["deducted_next"] == cut
    assert bench.balance(SURRENDERED, ENERGY) == recovered


def test_an_enterprise_short_by_exactly_k_is_followed_up_for_k(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, QUIET)
    give(bench, ENERGY, 4_993)
    pay(bench, paying(4_993)).require()
    pass_day(bench, clock, DEADLINE)

    found = of_energy(close(bench))

    assert (found["missing"], found["deducted_next"]) == (7, 7)


def test_whoever_has_surrendered_all_is_closed_without_consequence(engine, clock):
    bench = opened(engine, clock, firms={"E1": (5_000, 0)})
    give(bench, ENERGY, 5_000)
    pay(bench, paying(5_000)).require()
    pass_day(bench, clock, DEADLINE)

    close(bench).require()

    assert (cuts(bench), rows(bench, "penalty_proposals")) == ([], [])
    assert {row["missing"] for row in rows(bench, "closings")} == {0}
    assert {row["state"] for row in rows(bench, "standings")} == {"closed"}


def test_coal_and_energy_are_followed_up_separately(engine, clock):
    bench = overdue(
        engine, clock, coal=2_000, units=[(ENERGY, 9_000, "holding"), (COAL, 500, "holding")]
    )

    answer = close(bench).require()

    assert (answer.result["energy"]["missing"], answer.result["energy"]["recovered"]) == (
        5_000,
        5_000,
    )
    assert (answer.result["coal"]["missing"], answer.result["coal"]["recovered"]) == (2_000, 500)
    assert cuts(bench) == [(2026, "coal", 3_000)]  # 1,500 × 2


@pytest.mark.parametrize(
    ("asset", "purpose"),
    [
        (ENERGY, "pledged"),
        (ENERGY, "frozen"),
        (LATER, "holding"),
        (ELSEWHERE, "holding"),
    ],
)
def test_a_forced_deduction_leaves_what_could_not_have_been_surrendered(
    sqlite_engine, clock, asset, purpose
):
    bench = overdue(sqlite_engine, clock, units=[(asset, 5_000, purpose)])

    found = of_energy(close(bench))

    assert found["recovered"] == 0


def test_a_forced_deduction_takes_the_older_vintage_first(sqlite_engine, clock):
    units = [(ENERGY, 5_000, "holding"), (OLD, 3_000, "holding")]
    bench = overdue(sqlite_engine, clock, units=units)

    of_energy(close(bench))

    assert bench.balance(SURRENDERED, OLD) == 3_000
    assert bench.balance(SURRENDERED, ENERGY) == 2_000


def test_without_a_recorded_price_a_fine_is_proposed_without_a_figure(sqlite_engine, clock):
    bench = overdue(sqlite_engine, clock, NATIONAL)

    close(bench).require()

    assert fines(bench) == [(5_000, None, None)]


def test_without_the_switch_no_fine_is_proposed(sqlite_engine, clock):
    bench = overdue(sqlite_engine, clock, QUIET)
    price(bench, yuan=60)

    close(bench).require()

    assert rows(bench, "penalty_proposals") == []


def test_a_step_that_the_pack_does_not_list_is_not_taken(sqlite_engine, clock):
    values = {**NATIONAL, "shortfall.steps": (["credit_record"], "choices")}
    values["shortfall.credit_record"] = (True, "switch")
    bench = overdue(sqlite_engine, clock, values)

    close(bench).require()

    kinds = [(row["kind"], row["base"]) for row in rows(bench, "penalty_proposals")]
    assert kinds == [("credit_record", 5_000)]
    assert cuts(bench) == []


def test_a_fine_moves_no_cash(sqlite_engine, clock):
    bench = overdue(sqlite_engine, clock, NATIONAL)
    price(bench, yuan=60)
    entries = bench.writer.memory.entry_sequence

    close(bench).require()

    assert bench.writer.memory.entry_sequence == entries


def test_the_closing_keeps_every_step(sqlite_engine, clock):
    bench = overdue(sqlite_engine, clock, SHENZHEN, units=[(ENERGY, 2_000, "holding")])
    price(bench, yuan=40)

    close(bench).require()

    energy = next(row for row in rows(bench, "closings") if row["measure"] == "energy")
    sheet = msgspec.json.decode(energy["sheet"])
    assert [(step["name"], step["result"]) for step in sheet["steps"]] == [
        ("forced deduction", "2000"),
        ("next-year deduction", "3000"),
        ("fine proposal", "60000 to 60000"),  # 5 t × 40 yuan × 3
        ("banked", "0"),
        ("expired", "0"),
    ]
    assert "sample@" in sheet["pack_version"]
