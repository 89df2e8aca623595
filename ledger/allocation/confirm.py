"""
Confirm what enterprises are entitled to, and record the past use that allocations look back on.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

import msgspec
import sqlalchemy as sa

from ledger.allocation.expire import let_expire
from ledger.allocation.method_tables import HistoryBasisRow
from ledger.allocation.tables import EntitlementRow, HistoryRow
from ledger.asset import Origin, standing
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.days import day_of
from ledger.districts.budget import Measure
from ledger.districts.room import require_room_for_rights
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties, PartyUnknown
from ledger.parties.tables import FacilityRow
from ledger.post import post
from ledger.register import open_asset
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.versions import RIGHTS
from ledger.work import Work


class HistoryMalformed(Refused):
    """A row of history is below zero, not of the past, or repeats another of its command."""

    code = "history_malformed"
    rule = "ALC-50"

    def __init__(self, enterprise: str, *, year: int, problem: str) -> None:
        super().__init__(
            f"history of {enterprise} for {year} is {problem}; one row a past year and product, "
            "none of its figures below zero, is accepted",
            enterprise=enterprise,
            year=year,
            problem=problem,
        )


class EntitlementConfirmed(Refused):
    """The decision document confirmed this enterprise's right before, or none is named."""

    code = "entitlement_confirmed"
    rule = "ALC-51"

    def __init__(self, enterprise: str, *, measure: str, document: str) -> None:
        super().__init__(
            f"decision {document[:80]!r} is empty or confirmed the {measure} right of "
            f"{enterprise} before; a new decision needs a document of its own",
            enterprise=enterprise,
            measure=measure,
            document=document[:80],
        )


class TermPassed(Refused):
    """The last year of a term has passed."""

    code = "term_passed"
    rule = "ALC-52"

    def __init__(self, last_year: int, *, this_year: int) -> None:
        super().__init__(
            f"a term to the end of {last_year} has passed; {this_year} or later is accepted",
            last_year=last_year,
            this_year=this_year,
        )


class HistoryLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One past year of an enterprise and product; *output* is in whole units of the product.

    An empty product stands for all that the enterprise makes. *basis* and *edition* say how its
    energy is counted, where that is known.
    """

    enterprise: str
    year: int
    energy_kgce: int
    coal_kg: int = 0
    product: str = ""
    output: int = 0
    basis: Literal["", "eq", "cal"] = ""
    edition: str = ""


class RecordHistory(Payload, frozen=True):
    """Record past years; a later record of a year and product stands in its place."""

    kind: ClassVar[str] = "history.record"
    rows: tuple[HistoryLine, ...]


class EntitlementLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One right: *amount* a year, in kgce or kg, until the end of *last_year*."""

    enterprise: str
    measure: Measure
    amount: int
    last_year: int
    document: str
    facility: str = ""


class ConfirmEntitlements(Payload, frozen=True):
    """Confirm standing rights of enterprises."""

    kind: ClassVar[str] = "entitlements.confirm"
    rows: tuple[EntitlementLine, ...]


def record_history(work: Work, payload: RecordHistory) -> Result:
    """Keep past use and output, from which allocations are planned. Rule: ALC-50."""
    seen: set[tuple[str, int, str]] = set()
    each_row(payload.rows, lambda line: _record(work, line, seen))
    return {"rows": len(payload.rows)}


def _record(work: Work, line: HistoryLine, seen: set[tuple[str, int, str]]) -> None:
    work.memory.cache(Parties).enterprise(line.enterprise)
    work.require_keys(line.product)
    key = (line.enterprise, line.year, line.product)
    if min(line.energy_kgce, line.coal_kg, line.output) < 0:
        raise HistoryMalformed(line.enterprise, year=line.year, problem="below zero")
    if line.year >= day_of(work.now).year:
        raise HistoryMalformed(line.enterprise, year=line.year, problem="not of the past")
    if key in seen:
        raise HistoryMalformed(line.enterprise, year=line.year, problem="given twice")
    seen.add(key)
    work.session.add(
        HistoryRow(
            enterprise=line.enterprise,
            year=line.year,
            product=line.product,
            recorded_by=work.sequence,
            energy_kgce=line.energy_kgce,
            coal_kg=line.coal_kg,
            output=line.output,
        )
    )
    if line.basis or line.edition:
        _record_basis(work, line)


def _record_basis(work: Work, line: HistoryLine) -> None:
    """Keep how one record is counted, so that it is not mixed with others. Rule: ALC-72."""
    work.session.add(
        HistoryBasisRow(
            enterprise=line.enterprise,
            year=line.year,
            product=line.product,
            recorded_by=work.sequence,
            basis=line.basis,
            edition=line.edition,
        )
    )


def confirm_entitlements(work: Work, payload: ConfirmEntitlements) -> Result:
    """
    Issue each right to its holder, once a decision.

    Rule: ALC-51, ALC-52, DST-66.
    """
    ordinals = iter(range(len(payload.rows)))
    each_row(payload.rows, lambda line: confirm_line(work, line, ordinal=next(ordinals)))
    if work.is_since(RIGHTS):
        _require_room(work, payload)
    return {"entitlements": len(payload.rows)}


def _require_room(work: Work, payload: ConfirmEntitlements) -> None:
    """Refuse rights that come to more than a decided budget covers. Rule: DST-66."""
    parties = work.memory.cache(Parties)
    confirmed = {
        (parties.enterprise(line.enterprise).district, line.measure) for line in payload.rows
    }
    for district, measure in sorted(confirmed):
        require_room_for_rights(work, district, measure)


def confirm_line(work: Work, line: EntitlementLine, *, ordinal: int) -> None:
    """Issue one right to its holder, to go at the end of its term. Rule: ALC-51, ALC-52, ALC-79."""
    enterprise = work.memory.cache(Parties).enterprise(line.enterprise)
    this_year = day_of(work.now).year
    if line.last_year < this_year:
        raise TermPassed(line.last_year, this_year=this_year)
    if line.facility:
        _require_facility(work, line)
    _require_first(work, line)
    right = standing(
        measure=line.measure,
        last_year=line.last_year,
        area=enterprise.district,
        origin=Origin.TWO_HIGH if enterprise.is_two_high else Origin.GENERAL,
    )
    asset = open_asset(work, right)
    account = of_enterprise(line.enterprise, "entitlement")
    posting = Posting("scheme:issuance", account, asset, line.amount)
    post(work, Entry(EntryCode.CONFIRMATION, "ALC-51", (posting,)))
    work.session.add(
        EntitlementRow(
            sequence=work.sequence,
            ordinal=ordinal,
            enterprise=line.enterprise,
            measure=line.measure,
            amount=line.amount,
            remaining=line.amount,
            last_year=line.last_year,
            facility=line.facility,
            document=line.document,
            asset=asset,
        )
    )
    let_expire(work, line.last_year)


def _require_facility(work: Work, line: EntitlementLine) -> None:
    facility = work.session.get(FacilityRow, line.facility)
    if facility is None or facility.enterprise != line.enterprise:
        raise PartyUnknown(f"facility of {line.enterprise}", line.facility)


def _require_first(work: Work, line: EntitlementLine) -> None:
    work.require_keys(line.document)
    same = sa.select(EntitlementRow.sequence).where(
        EntitlementRow.enterprise == line.enterprise,
        EntitlementRow.measure == line.measure,
        EntitlementRow.document == line.document,
    )
    if not line.document.strip() or work.session.scalar(same) is not None:
        raise EntitlementConfirmed(line.enterprise, measure=line.measure, document=line.document)


class _OfEnterprises(Protocol):
    @property
    def enterprise(self) -> str: ...


class _Rows(Protocol):
    @property
    def rows(self) -> Sequence[_OfEnterprises]: ...


def scope_of_rows(work: Work, payload: _Rows) -> str:
    """Return the one district of all the rows' enterprises, or the whole ledger."""
    parties = work.memory.cache(Parties)
    districts = {parties.enterprise(line.enterprise).district for line in payload.rows}
    return f"district:{districts.pop()}" if len(districts) == 1 else ANYWHERE


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

CONFIRM_HANDLERS = (
    Handler(RecordHistory, record_history, makers=_DISTRICT | _CITY, scope=scope_of_rows),
    Handler(
        ConfirmEntitlements,
        confirm_entitlements,
        makers=_DISTRICT,
        checkers=_CITY,
        scope=scope_of_rows,
    ),
)
