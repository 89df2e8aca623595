"""
Tell a district's enterprises their figures: the time for objections runs from this day.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from hashlib import sha256
from typing import ClassVar

from ledger.adopt import Policy
from ledger.allocation.allocate import require_document
from ledger.allocation.objection_tables import AllocationNoticeRow
from ledger.allocation.prepare import district_rows
from ledger.allocation.sheet import Stage, code_of
from ledger.allocation.tables import AllocationRow
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.districts.budget import Measure
from ledger.errors import Refused
from ledger.pack_value import parse_day
from ledger.parties.party import Parties
from ledger.policy import as_int
from ledger.subject import Handler, Result, Role
from ledger.work import Work

LAST_DAY_MAX = timedelta(days=366)
"""How far off the last day for objections may be: what is open so long blocks a year's end."""


class NothingToNotify(Refused):
    """A district has no figures of the stage that could be notified."""

    code = "nothing_to_notify"
    rule = "ALC-91"

    def __init__(self, district: str, *, year: int, measure: str, stage: str) -> None:
        super().__init__(
            f"{district} has no {stage} {measure} figures of {year}: plan or true up first",
            district=district,
            year=year,
            measure=measure,
            stage=stage,
        )


class NoticeTooShort(Refused):
    """A notice leaves enterprises less time, or far more, than the pack says."""

    code = "notice_too_short"
    rule = "ALC-91"

    def __init__(self, last_day: str, *, needed: date, latest: date) -> None:
        super().__init__(
            f"objections to {last_day[:20]!r} are not possible: name a day from {needed} to "
            f"{latest}, or none for {needed}",
            last_day=last_day[:20],
            needed=needed.isoformat(),
            latest=latest.isoformat(),
        )


class NotifyFigures(Payload, frozen=True):
    """
    Notify the figures of one stage; *last_day* for objections may be later than the pack asks.

    An empty *last_day* is the first that the pack allows, counted in days from Monday to Friday: an
    office adds what public holidays take from them.
    """

    kind: ClassVar[str] = "allocations.notify"
    district: str
    year: int
    measure: Measure
    stage: Stage
    document: str
    last_day: str = ""


def notify_figures(work: Work, payload: NotifyFigures) -> Result:
    """
    Record a notice of what is planned, or of what is final, and the last day for objections.

    Checks in this order: document, figures, last day. Rule: ALC-91.
    """
    require_document(payload.document)
    rows = _of_stage(work, payload)
    if not rows:
        raise NothingToNotify(
            payload.district, year=payload.year, measure=payload.measure, stage=payload.stage
        )
    today = day_of(work.now)
    last_day = _last_day(work, payload, today)
    notice = AllocationNoticeRow(
        sequence=work.sequence,
        district=payload.district,
        year=payload.year,
        measure=payload.measure,
        stage=payload.stage,
        notified_on=today.isoformat(),
        last_day=last_day.isoformat(),
        sheets=len(rows),
        figures_hash=figures_hash(rows, payload.stage),
        document=payload.document,
    )
    work.session.add(notice)
    result = {
        "notice": work.sequence,
        "sheets": notice.sheets,
        "last_day": notice.last_day,
        "figures_hash": notice.figures_hash,
    }
    about = {name: getattr(payload, name) for name in ("district", "year", "measure", "stage")}
    work.publish("allocations.notified", {**about, "document": payload.document, **result})
    return result


def figures_hash(rows: Iterable[AllocationRow], stage: str) -> str:
    """Return the SHA-256, in hex, over the check codes of *rows*, in order of id and product."""
    return sha256(canonical([code_of(row, stage) for row in rows])).hexdigest()


def _of_stage(work: Work, payload: NotifyFigures) -> list[AllocationRow]:
    work.memory.cache(Parties).district(payload.district)
    rows = district_rows(work, payload.district, year=payload.year, measure=payload.measure)
    return [row for row in rows if payload.stage == "planned" or row.state == "final"]


def _last_day(work: Work, payload: NotifyFigures, today: date) -> date:
    pack = work.memory.cache(Parties).district(payload.district).pack
    found = work.memory.cache(Policy).find(pack, "objection.filing_workdays", on=today)
    needed, latest = after_workdays(today, as_int(found)), today + LAST_DAY_MAX
    if not payload.last_day:
        return needed
    named = parse_day(payload.last_day)
    if named is None or not needed <= named <= latest:
        raise NoticeTooShort(payload.last_day, needed=needed, latest=latest)
    return named


def after_workdays(day: date, count: int) -> date:
    """Return the day that is *count* days from Monday to Friday after *day*. Rule: ALC-91."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _scope(_work: Work, payload: NotifyFigures) -> str:
    return f"district:{payload.district}"


NOTIFY_HANDLERS = (
    Handler(
        NotifyFigures,
        notify_figures,
        makers=frozenset({Role.DISTRICT_REGULATOR}),
        scope=_scope,
    ),
)
