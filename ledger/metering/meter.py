"""
Meters as the writer keeps them in memory, and how their readings are written as text.
"""

import re
from collections.abc import Sized
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from ledger.errors import Refused
from ledger.metering.consumption import Use
from ledger.metering.reading import Changeover, Meter, Month, Reading
from ledger.units import parse_decimal

ROWS_MAX = 8_192
INDEX_MAX = 10**12
INDEX_DECIMALS = 4
YEAR_MIN, YEAR_MAX = 2000, 2099

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class MeterUnknown(Refused):
    """There is no such meter, or not at this enterprise."""

    code = "meter_unknown"
    rule = "MRV-53"

    def __init__(self, meter: str) -> None:
        super().__init__(
            f"there is no meter {meter[:40]} here: register it first", meter=meter[:40]
        )


class MeterExists(Refused):
    """A meter of this id is registered already."""

    code = "meter_exists"
    rule = "MRV-53"

    def __init__(self, meter: str) -> None:
        super().__init__(f"meter {meter} is registered already: choose a new id", meter=meter)


class MeterClosed(Refused):
    """A closed meter takes no more readings."""

    code = "meter_closed"
    rule = "MRV-54"

    def __init__(self, meter: str, *, closed: Month) -> None:
        super().__init__(
            f"meter {meter} was closed with its reading of {closed}: no later reading is accepted",
            meter=meter,
            closed=str(closed),
        )


class MonthMalformed(Refused):
    """A month is not written as year and month."""

    code = "month_malformed"
    rule = "MRV-55"

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:20]!r} is not a month such as 2025-03", month=text[:20])


class MonthNotOver(Refused):
    """A reading at the end of a month was given before that month's last day."""

    code = "month_not_over"
    rule = "MRV-55"

    def __init__(self, meter: str, *, month: Month, today: date) -> None:
        accepted = last_day(month).isoformat()
        super().__init__(
            f"meter {meter} cannot be read for {month} on {today}: {accepted} or later is accepted",
            meter=meter,
            month=str(month),
            today=today.isoformat(),
            accepted_from=accepted,
        )


class IndexTooLarge(Refused):
    """An index has more digits than any register."""

    code = "index_too_large"
    rule = "MRV-55"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]} is above the largest index, {INDEX_MAX}",
            value=text[:40],
            largest=INDEX_MAX,
        )


class ChangeoverIncomplete(Refused):
    """A changeover lacks its final index, its initial index or its evidence."""

    code = "changeover_incomplete"
    rule = "MRV-58"

    def __init__(self, meter: str, *, month: Month) -> None:
        super().__init__(
            f"the changeover of meter {meter} in {month} needs replaced_at_value, "
            "restarted_at_value and evidence, or none of them",
            meter=meter,
            month=str(month),
        )


class TooManyRows(Refused):
    """A bulk command on meters holds more rows than one commit may."""

    code = "too_many_meter_rows"
    rule = "MRV-57"

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} rows in one command; at most {ROWS_MAX}", count=count, largest=ROWS_MAX
        )


class YearOutOfRange(Refused):
    """A year is outside the century the ledger knows."""

    code = "energy_year_out_of_range"
    rule = "MRV-65"

    def __init__(self, year: int) -> None:
        super().__init__(
            f"{str(year)[:20]} is not a year from {YEAR_MIN} to {YEAR_MAX}",
            year=str(year)[:20],
            first=YEAR_MIN,
            last=YEAR_MAX,
        )


class InstalledMeter:
    """
    A meter in use: what it measures, whose it is, and where its readings have got to.

    A hot value: *last* moves with every reading, *closed* is None while the meter is in use.
    """

    __slots__ = ("closed", "enterprise", "first", "last", "meter", "use")

    def __init__(
        self, meter: Meter, *, enterprise: str, use: Use, first: Month, last: Reading
    ) -> None:
        self.meter = meter
        self.enterprise = enterprise
        self.use = use
        self.first = first
        self.last = last
        self.closed: Month | None = None


class Meters:
    """Every meter by id and by enterprise; the writer's cache."""

    def __init__(self) -> None:
        self.by_id: dict[str, InstalledMeter] = {}
        self._by_enterprise: dict[str, list[InstalledMeter]] = {}

    def add(self, installed: InstalledMeter) -> None:
        """Keep one more meter."""
        self.by_id[installed.meter.code] = installed
        self._by_enterprise.setdefault(installed.enterprise, []).append(installed)

    def drop(self, installed: InstalledMeter) -> None:
        """Forget a meter whose registration is undone."""
        del self.by_id[installed.meter.code]
        self._by_enterprise[installed.enterprise].remove(installed)

    def of(self, enterprise: str) -> list[InstalledMeter]:
        """Return the meters of one enterprise in order of id."""
        found = self._by_enterprise.get(enterprise, [])
        return sorted(found, key=lambda installed: installed.meter.code)

    def find(self, meter: str, *, enterprise: str) -> InstalledMeter:
        """Return a meter of *enterprise* ("" for any), or refuse. Rule: MRV-53."""
        found = self.by_id.get(meter)
        # Another enterprise's meter is answered like one that is not there, or ids would leak.
        if found is None or (enterprise and found.enterprise != enterprise):
            raise MeterUnknown(meter)
        return found


@lru_cache(maxsize=1_200)
def parse_month(text: str) -> Month:
    """Return "2025-03" as a month. Rule: MRV-55."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise MonthMalformed(text)
    return Month(int(found[1]), int(found[2]))


def parse_index(text: str, *, unit: str) -> Decimal:
    """Return an index written with at most four decimals. Rule: MRV-55."""
    index = parse_decimal(text, unit=unit, decimals=INDEX_DECIMALS)
    if index > INDEX_MAX:
        raise IndexTooLarge(text)
    return index


def parse_changeover(
    meter: Meter, month: Month, *, replaced_at: str, restarted_at: str, evidence: str
) -> Changeover | None:
    """Return the changeover that three texts state, None where all are empty. Rule: MRV-58."""
    given = (replaced_at, restarted_at, evidence.strip())
    if not any(given):
        return None
    if not all(given):
        raise ChangeoverIncomplete(meter.code, month=month)
    return Changeover(
        final=parse_index(replaced_at, unit=meter.unit),
        initial=parse_index(restarted_at, unit=meter.unit),
        evidence=evidence,
    )


def last_day(month: Month) -> date:
    """Return the last day of a month."""
    following = month.following()
    return date(following.year, following.number, 1) - timedelta(days=1)


def require_over(meter: str, *, month: Month, today: date) -> None:
    """Refuse a reading for the end of a month that has not come. Rule: MRV-55."""
    if (month.year, month.number) >= (today.year, today.month) and today < last_day(month):
        raise MonthNotOver(meter, month=month, today=today)


def require_few(rows: Sized) -> None:
    """Refuse more rows than one command may hold. Rule: MRV-57."""
    if len(rows) > ROWS_MAX:
        raise TooManyRows(len(rows))


def require_year(year: int) -> None:
    """Refuse a year outside 2000 to 2099. Rule: MRV-65."""
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise YearOutOfRange(year)
