"""
Figures, scores and ranks of enterprises by what they yield, and published ratings of districts.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.visible import visible
from ledger.districts.evaluation_tables import (
    DistrictRatingRow,
    EvaluationInputRow,
    EvaluationScoreRow,
)


def inputs(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of figures, each as recorded last; filters: district, enterprise, year."""
    later = aliased(EvaluationInputRow)
    newer = sa.exists().where(
        later.enterprise == EvaluationInputRow.enterprise,
        later.year == EvaluationInputRow.year,
        later.recorded_by > EvaluationInputRow.recorded_by,
    )
    query = sa.select(*EvaluationInputRow.__table__.columns).where(
        ~newer, visible(reach, enterprises=[EvaluationInputRow.enterprise])
    )
    named = ("enterprise", "year")
    query = narrow(query, asked, **{name: getattr(EvaluationInputRow, name) for name in named})
    return in_district(query, asked, EvaluationInputRow.enterprise)


def scores(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of newest scores; filters: district, enterprise, year, band."""
    later = aliased(EvaluationScoreRow)
    newer = sa.exists().where(
        later.enterprise == EvaluationScoreRow.enterprise,
        later.year == EvaluationScoreRow.year,
        later.scored_by > EvaluationScoreRow.scored_by,
    )
    query = sa.select(*EvaluationScoreRow.__table__.columns).where(
        ~newer, visible(reach, enterprises=[EvaluationScoreRow.enterprise])
    )
    named = ("district", "enterprise", "year", "band")
    return narrow(query, asked, **{name: getattr(EvaluationScoreRow, name) for name in named})


def ratings(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of ratings, each as recorded last; filters: district, year."""
    later = aliased(DistrictRatingRow)
    newer = sa.exists().where(
        later.district == DistrictRatingRow.district,
        later.year == DistrictRatingRow.year,
        later.recorded_by > DistrictRatingRow.recorded_by,
    )
    query = sa.select(*DistrictRatingRow.__table__.columns).where(
        ~newer, visible(reach, district=DistrictRatingRow.district)
    )
    named = ("district", "year")
    return narrow(query, asked, **{name: getattr(DistrictRatingRow, name) for name in named})
