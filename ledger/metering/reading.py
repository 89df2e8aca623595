"""
Monthly readings of cumulative meters, and what was consumed between two of them.

A reading is the index a meter shows at the end of a month. An index may fall only where a rollover
or a replacement is recorded with the reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from ledger.calculation import as_text
from ledger.errors import Refused
from ledger.metering.carriers import require_unit


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    def following(self) -> "Month":
        """Return the month after this one."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)


@dataclass(frozen=True, slots=True)
class Meter:
    """A cumulative meter; *multiplier* is its transformer ratio, 1 where there is none."""

    code: str
    carrier: str
    unit: str
    multiplier: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Changeover:
    """
    A recorded rollover or replacement between two readings.

    *final* is the last index of the old register (for a rollover, the count at which it returns to
    zero), *initial* the first index of the new one; *evidence* names the work order or photograph.
    """

    final: Decimal
    initial: Decimal
    evidence: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The index of a meter at the end of *month*, in the meter's unit."""

    meter: str
    month: Month
    index: Decimal
    unit: str
    changeover: Changeover | None = None


class ReadingNegative(Refused):
    """An index is below zero."""

    code = "reading_negative"
    rule = "MRV-14"

    def __init__(self, reading: Reading) -> None:
        super().__init__(
            f"meter {reading.meter} reads {as_text(reading.index)} {reading.unit} for "
            f"{reading.month}: an index of zero or more is accepted",
            meter=reading.meter,
            month=str(reading.month),
            index=as_text(reading.index),
        )


class ReadingDuplicate(Refused):
    """A meter already has a reading for the month."""

    code = "reading_duplicate"
    rule = "MRV-12"

    def __init__(self, reading: Reading, *, recorded: Decimal) -> None:
        super().__init__(
            f"meter {reading.meter} already has {as_text(recorded)} {reading.unit} for "
            f"{reading.month}: correct that reading instead of adding one",
            meter=reading.meter,
            month=str(reading.month),
            recorded=as_text(recorded),
        )


class ReadingOutOfOrder(Refused):
    """A reading is for a month before the last one recorded."""

    code = "reading_out_of_order"
    rule = "MRV-15"

    def __init__(self, reading: Reading, *, last: Month) -> None:
        super().__init__(
            f"meter {reading.meter} is already read to {last}, so {reading.month} cannot follow: "
            f"{last.following()} is accepted",
            meter=reading.meter,
            month=str(reading.month),
            last=str(last),
            accepted=str(last.following()),
        )


class ReadingGap(Refused):
    """One or more months have no reading."""

    code = "reading_gap"
    rule = "MRV-11"

    def __init__(self, reading: Reading, *, missing: Month) -> None:
        super().__init__(
            f"meter {reading.meter} has no reading for {missing}, so {reading.month} cannot "
            f"follow: record {missing} first",
            meter=reading.meter,
            month=str(reading.month),
            missing=str(missing),
        )


class MeterResetUnexplained(Refused):
    """An index fell and nothing recorded explains it."""

    code = "meter_reset_unexplained"
    rule = "MRV-13"

    def __init__(self, reading: Reading, *, previous: Decimal) -> None:
        super().__init__(
            f"meter {reading.meter} fell from {as_text(previous)} to {as_text(reading.index)} "
            f"{reading.unit} in {reading.month}: record the rollover or replacement with it",
            meter=reading.meter,
            month=str(reading.month),
            previous=as_text(previous),
            index=as_text(reading.index),
        )


class ChangeoverInconsistent(Refused):
    """The indexes of a recorded changeover do not fit the readings around it."""

    code = "changeover_inconsistent"
    rule = "MRV-16"

    def __init__(self, reading: Reading, changeover: Changeover, *, previous: Decimal) -> None:
        super().__init__(
            f"the changeover of meter {reading.meter} in {reading.month} is accepted with a final "
            f"index of {as_text(previous)} or more and an initial index of 0 to "
            f"{as_text(reading.index)}; {as_text(changeover.final)} and "
            f"{as_text(changeover.initial)} {reading.unit} were recorded",
            meter=reading.meter,
            month=str(reading.month),
            previous=as_text(previous),
            final=as_text(changeover.final),
            initial=as_text(changeover.initial),
            index=as_text(reading.index),
        )


def consumed(previous: Reading, current: Reading, meter: Meter) -> Decimal:
    """
    Return what *meter* measured between two consecutive months, in its unit.

    Checked in this order: unit, sign, duplicate, order, gap, changeover, reset.

    Rule: MRV-11 to MRV-16.
    """
    require_follows(previous, current, meter)
    change = current.changeover
    if change is None:
        return (current.index - previous.index) * meter.multiplier
    return (change.final - previous.index + current.index - change.initial) * meter.multiplier


def consumed_over(readings: Sequence[Reading], meter: Meter) -> tuple[tuple[Month, Decimal], ...]:
    """
    Return each month with what was consumed in it, from an opening reading and those after it.

    *readings* are in order of month; the first one only opens the series.
    """
    return tuple(
        (current.month, consumed(previous, current, meter))
        for previous, current in pairwise(readings)
    )


def require_follows(previous: Reading, current: Reading, meter: Meter) -> None:
    """Refuse *current* unless it can stand after *previous* on *meter*."""
    assert previous.meter == current.meter == meter.code
    require_unit(f"meter {meter.code}", given=current.unit, expected=meter.unit)
    if current.index < 0:
        raise ReadingNegative(current)
    _require_next_month(previous, current)
    if current.changeover is not None:
        _require_consistent(current, current.changeover, previous=previous.index)
    elif current.index < previous.index:
        raise MeterResetUnexplained(current, previous=previous.index)


def _require_next_month(previous: Reading, current: Reading) -> None:
    if current.month == previous.month:
        raise ReadingDuplicate(current, recorded=previous.index)
    if current.month < previous.month:
        raise ReadingOutOfOrder(current, last=previous.month)
    if current.month != previous.month.following():
        raise ReadingGap(current, missing=previous.month.following())


def _require_consistent(reading: Reading, change: Changeover, *, previous: Decimal) -> None:
    if change.final < previous or change.initial < 0 or change.initial > reading.index:
        raise ChangeoverInconsistent(reading, change, previous=previous)
