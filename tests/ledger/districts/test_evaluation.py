"""Scores of what enterprises yield, and the factor and ratings that follow from them."""

from fractions import Fraction

import msgspec
import pytest
from sqlalchemy.orm import Session

from ledger.command import Payload
from ledger.districts.evaluate import Scale, Yield, ranks, score
from ledger.districts.evaluation import (
    EvaluationLine,
    RecordEvaluations,
    ScoreEvaluations,
    bands_of,
)
from ledger.districts.evaluation_tables import EvaluationScoreRow
from ledger.districts.rating import RateDistricts, RatingLine, district_rating
from ledger.subject import Handler, Role, Subject
from tests.build import DISTRICT, REGULATOR
from tests.ledger.allocation.build import parameter, refused, refused_alone
from tests.ledger.districts.city import EAST, WEST, agreed, city_ledger

FEN_PER_10K_YUAN = 1_000_000
SCALE = Scale(
    weights={"value_added_per_tce": Fraction(3, 5), "tax_per_mu": Fraction(2, 5)},
    baselines={"value_added_per_tce": Fraction(5, 4), "tax_per_mu": Fraction(20)},
    ratio_max=Fraction(6, 5),
    from_points={"a": 100, "b": 80, "c": 60},
)


def made(value_added=1_250, tax=200, energy_kgce=1_000_000, land_m2=6_667):
    return Yield(value_added * FEN_PER_10K_YUAN, tax * FEN_PER_10K_YUAN, energy_kgce, land_m2)


@pytest.mark.parametrize(
    ("value_added", "tax", "points", "band"),
    [
        (1_250, 200, 10_000, "a"),
        (1_249, 200, 9_995, "b"),
        (2_500, 0, 7_200, "c"),
        (1_250, 0, 6_000, "c"),
        (1_249, 0, 5_995, "d"),
        (-1_000, 400, 4_800, "d"),
        (0, 0, 0, "d"),
    ],
)
def test_points_are_weighed_ratios_capped_and_never_below_zero(value_added, tax, points, band):
    """20,000/3 square metres are 10 mu; in thousandths: 200 of tax on 10 mu are at the baseline."""
    scale = Scale(SCALE.weights, SCALE.baselines, SCALE.ratio_max, SCALE.from_points)
    one = Yield(value_added * FEN_PER_10K_YUAN, 3 * tax * FEN_PER_10K_YUAN, 1_000_000, 20_000)

    found = score(one, scale)

    assert (found.hundredths, found.band) == (points, band)
    assert found.steps[-1].result == band


def test_equal_scores_share_the_better_rank():
    assert ranks({"E3": 50, "E1": 70, "E2": 70}) == {"E1": 1, "E2": 1, "E3": 3}


class Ask(Payload, frozen=True):
    """Ask what a plan of allocation and a collection ask."""

    kind = "test.ask"
    district: str = ""


def ask(work, payload):
    if payload.district:
        return {"rating": district_rating(work, payload.district, 2024)}
    return {"bands": bands_of(work, ["E1", "E2"], 2024)}


ASKING = Subject("asking", (Handler(Ask, ask, makers=frozenset({Role.CITY_REGULATOR})),))


@pytest.fixture
def bench(engine, clock):
    return city_ledger(engine, clock, ASKING)


def line(enterprise="E1", **changes):
    fields = {
        "enterprise": enterprise,
        "year": 2024,
        "value_added_fen": 1_250 * FEN_PER_10K_YUAN,
        "tax_fen": 0,
        "energy_kgce": 1_000_000,
        "land_m2": 6_667,
        "document": "V-1",
    }
    return msgspec.convert(fields | changes, EvaluationLine)


def test_figures_are_scored_by_district_and_give_a_band(bench):
    scoring = ScoreEvaluations(district=EAST, year=2024, document="V-2")
    assert refused(bench, scoring).code == "nothing_to_score"
    bench.do(RecordEvaluations(rows=(line(value_added_fen=0), line("E2")))).require()
    bench.do(RecordEvaluations(rows=(line(),)), actor=DISTRICT).require()

    assert agreed(bench, scoring).require().result == {"scored": 1}

    with Session(bench.engine) as session:
        row = session.query(EvaluationScoreRow).one()
    assert (row.enterprise, row.score, row.band, row.rank) == ("E1", 6_000, "c", 1)
    sheet = msgspec.json.decode(row.sheet)
    assert sheet["pack_version"].startswith("sample@")
    assert [step["result"] for step in sheet["steps"]] == ["60", "0", "6000", "c"]
    assert bench.do(Ask()).result == {"bands": {"E1": "c"}}


def test_figures_that_say_too_little_are_refused(bench):
    for changes, code in (
        ({"year": 2025}, "evaluation_malformed"),
        ({"energy_kgce": 0}, "evaluation_malformed"),
        ({"land_m2": 0}, "evaluation_malformed"),
        ({"tax_fen": -1}, "evaluation_malformed"),
        ({"document": " "}, "decision_missing"),
    ):
        assert refused_alone(bench, RecordEvaluations(rows=(line(**changes),))).code == code
    answer = refused_alone(bench, RecordEvaluations(rows=(line(), line())))
    assert (answer.code, answer.facts["codes"]) == ("rows_refused", "evaluation_malformed")


def test_the_newest_rating_counts(bench):
    assert refused_alone(bench, Ask(district=EAST)).code == "district_not_rated"
    rows = (RatingLine(EAST, 2024, "c", "D-1"), RatingLine(WEST, 2024, "d", "D-1"))
    bench.both(RateDistricts(rows=rows)).require()
    bench.both(RateDistricts(rows=(RatingLine(EAST, 2024, "a", "D-2"),))).require()

    assert bench.do(Ask(district=EAST)).result == {"rating": "a"}
    assert bench.do(Ask(district=WEST)).result == {"rating": "d"}
    answer = refused(bench, RateDistricts(rows=(rows[0], rows[0])), maker=REGULATOR)
    assert answer.facts["codes"] == "rating_twice"


@pytest.mark.parametrize(
    ("key", "value", "unit"),
    [
        ("evaluation.weight.tax_per_mu", "0.39", "share"),
        ("evaluation.baseline.tax_per_mu", "0", "10k_yuan_per_mu"),
        ("evaluation.indicators", ["value_added_per_tce", "beauty"], "choices"),
    ],
)
def test_a_scale_that_cannot_score_is_refused(sqlite_engine, clock, key, value, unit):
    own = {**parameter(key, value, unit), "valid_from": "2024-01-01"}
    bench = city_ledger(sqlite_engine, clock, own=[own])
    bench.do(RecordEvaluations(rows=(line(),))).require()

    answer = refused(bench, ScoreEvaluations(district=EAST, year=2024, document="V-2"))

    assert answer.code == "evaluation_scale_wrong"
