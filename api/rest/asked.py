"""
Query fields that several files of the API share: a year that must be given, a measure.
"""

from typing import Any

import marshmallow as ma

from api.rest.fields import Words
from api.rest.resource import NeededWhole
from ledger.compliance.book import MEASURES
from ledger.metering.meter import YEAR_MAX, YEAR_MIN

_YEARS = ma.validate.Range(YEAR_MIN, YEAR_MAX, error=f"a year from {YEAR_MIN} to {YEAR_MAX}")
_MEASURES = ma.validate.OneOf(MEASURES, error="energy or coal")


class NeededYear(NeededWhole):
    """The year a question is about."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_YEARS, **kwargs)


class Measure(Words):
    """Energy or coal."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_MEASURES, **kwargs)


class NeededMeasure(Measure):
    """The measure a question is about."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=True, **kwargs)


class Moment(Words):
    """An instant, or a day of the policy calendar; see `api.moments`."""

    def __init__(self, **kwargs: Any) -> None:
        description = (
            "an instant such as 2026-06-30T16:00:00Z, or a date, which stands for the end of that "
            "day in Shanghai; as `from` it stands for its beginning"
        )
        super().__init__(metadata={"description": description}, **kwargs)
