"""
Evaluation: what enterprises yield per unit of energy and land, scores, and ratings of districts.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import evaluations as reading
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, page, submit
from api.rest.shapes import item_of
from ledger.districts.evaluation import RecordEvaluations, ScoreEvaluations
from ledger.districts.evaluation_tables import (
    DistrictRatingRow,
    EvaluationInputRow,
    EvaluationScoreRow,
)
from ledger.districts.rating import RateDistricts

evaluated = Resource("evaluations", __name__, "Evaluation: yield of energy and land")

Evaluation = item_of(EvaluationInputRow)
EvaluationScore = item_of(EvaluationScoreRow, documents=("sheet",))
DistrictRating = item_of(DistrictRatingRow)


@evaluated.post("/evaluations")
@evaluated.takes(RecordEvaluations, bulk=True)
def record(document: Mapping[str, Any]) -> Any:
    """Record what enterprises made of their energy and land, every row or none."""
    return submit(RecordEvaluations, document)


@evaluated.get("/evaluations")
@evaluated.lists(Evaluation, district=Words, enterprise=Words, year=QueryWhole)
def index(asked: Mapping[str, Any]) -> Any:
    """List figures of evaluation, each as it was recorded last."""
    keys = [EvaluationInputRow.enterprise, EvaluationInputRow.year]
    return page(reading.inputs(seen(), asked), asked, keys)


@evaluated.post("/evaluation-scores")
@evaluated.takes(ScoreEvaluations)
def score(document: Mapping[str, Any]) -> Any:
    """Propose to score and rank the enterprises of a district."""
    return submit(ScoreEvaluations, document)


@evaluated.get("/evaluation-scores")
@evaluated.lists(EvaluationScore, district=Words, enterprise=Words, year=QueryWhole, band=Words)
def scores(asked: Mapping[str, Any]) -> Any:
    """List scores with their sheets, each as it was scored last."""
    keys = [EvaluationScoreRow.enterprise, EvaluationScoreRow.year]
    return page(reading.scores(seen(), asked), asked, keys)


@evaluated.post("/district-ratings")
@evaluated.takes(RateDistricts)
def rate(document: Mapping[str, Any]) -> Any:
    """Propose the published ratings of districts."""
    return submit(RateDistricts, document)


@evaluated.get("/district-ratings")
@evaluated.lists(DistrictRating, district=Words, year=QueryWhole)
def ratings(asked: Mapping[str, Any]) -> Any:
    """List ratings of districts, each as it was recorded last."""
    keys = [DistrictRatingRow.district, DistrictRatingRow.year]
    return page(reading.ratings(seen(), asked), asked, keys)
