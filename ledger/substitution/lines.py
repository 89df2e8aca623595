"""
The lines of a claim of freed quota: what each measure rests on.
"""

import msgspec


class EarlierYear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Use of a year before the last full one, in minor units of the line's measure."""

    year: int
    statistics: int


class ClosureLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Use of one measure in the last full year, and what was approved (none where nothing was).

    *earlier* are the two years before it, for packs that look at three.
    """

    measure: str
    statistics: int
    approved: int | None = None
    earlier: tuple[EarlierYear, ...] = ()


class RetrofitLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measure that was audited before and after, and what saving was approved, if any."""

    measure: str
    approved: int | None = None


class RenewableLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Renewable energy made and used on the spot in the base year and in the year claimed.

    Minor units of the measure, by the factor of the verified report; *approved* may be less.
    """

    measure: str
    before: int
    after: int
    approved: int | None = None
