"""
Record how districts are rated on energy productivity (单位能耗产出效益), A to D, as published.
"""

from typing import ClassVar, Literal

import msgspec
import sqlalchemy as sa

from ledger.command import Payload
from ledger.districts.decision import require_decision
from ledger.districts.evaluation_tables import DistrictRatingRow
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.work import Work


class DistrictNotRated(Refused):
    """No rating of the district and year was recorded."""

    code = "district_not_rated"
    rule = "DST-89"

    def __init__(self, district: str, *, year: int) -> None:
        super().__init__(
            f"{district} has no rating for {year}: record the published one first",
            district=district,
            year=year,
        )


class RatingTwice(Refused):
    """One command rates a district twice for one year."""

    code = "rating_twice"
    rule = "DST-89"

    def __init__(self, district: str, *, year: int) -> None:
        super().__init__(
            f"{district} is rated twice for {year}; send it once", district=district, year=year
        )


class RatingLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One district's rating of one year and the document that published it."""

    district: str
    year: int
    rating: Literal["a", "b", "c", "d"]
    document: str


class RateDistricts(Payload, frozen=True):
    """Record ratings of districts; a later record of a district and year stands in its place."""

    kind: ClassVar[str] = "districts.rate"
    rows: tuple[RatingLine, ...]


def rate_districts(work: Work, payload: RateDistricts) -> Result:
    """Keep every rating with its document. Rule: DST-89."""
    seen: set[tuple[str, int]] = set()
    each_row(payload.rows, lambda line: _rate(work, line, seen))
    return {"ratings": len(payload.rows)}


def _rate(work: Work, line: RatingLine, seen: set[tuple[str, int]]) -> None:
    work.memory.cache(Parties).district(line.district)
    require_decision("the rating", line.document)
    if (line.district, line.year) in seen:
        raise RatingTwice(line.district, year=line.year)
    seen.add((line.district, line.year))
    work.session.add(
        DistrictRatingRow(
            district=line.district,
            year=line.year,
            recorded_by=work.sequence,
            rating=line.rating,
            document=line.document,
        )
    )


def district_rating(work: Work, district: str, year: int) -> str:
    """Return the rating of a district and year, "a" to "d", or refuse. Rule: DST-89."""
    found = work.session.scalar(
        sa.select(DistrictRatingRow.rating)
        .where(DistrictRatingRow.district == district, DistrictRatingRow.year == year)
        .order_by(DistrictRatingRow.recorded_by.desc())
        .limit(1)
    )
    if found is None:
        work.memory.cache(Parties).district(district)
        raise DistrictNotRated(district, year=year)
    return found


def _scope(_work: Work, payload: RateDistricts) -> str:
    districts = {line.district for line in payload.rows}
    return f"district:{districts.pop()}" if len(districts) == 1 else ANYWHERE


_CITY = frozenset({Role.CITY_REGULATOR})

RATING_HANDLERS = (
    Handler(RateDistricts, rate_districts, makers=_CITY, checkers=_CITY, scope=_scope),
)
