"""
Release collected quota to an enterprise that applies, at the price of the packs, cash for units.

The cash and the units move in one entry. A lot keeps its class: where a project is named, the
barrier is asked before anything is paid; it is asked again when the project's plan is accepted.
"""

from typing import ClassVar, Literal

import msgspec

from ledger.asset import parse_asset
from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.entry import EntryCode
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import Result
from ledger.substitution.barrier import require_permitted
from ledger.substitution.holders import (
    RESERVE,
    SourceNotHeld,
    holder_of,
    is_in_reserve,
)
from ledger.substitution.issue import barrier_project
from ledger.substitution.parting import Parting, part, require_partable
from ledger.substitution.payment import payment
from ledger.substitution.priced import RELEASE, cost_of
from ledger.substitution.project import project_of
from ledger.substitution.read_terms import terms_of
from ledger.substitution.release_stored import Sold, StoredLot, release_stored
from ledger.substitution.reserve_tables import ReserveSaleRow
from ledger.substitution.tables import FreedSourceRow
from ledger.work import Work


class ProjectOfAnother(Refused):
    """Quota is released for a project that is not the buyer's."""

    code = "release_project_of_another"
    rule = "FRQ-83"

    def __init__(self, project: str, *, enterprise: str) -> None:
        super().__init__(
            f"project {project} is not one of {enterprise}; name one of its own, or none",
            project=project,
            enterprise=enterprise,
        )


class ReleaseLineMalformed(Refused):
    """A line names neither a source with a new id nor stored flow, or it names both."""

    code = "release_line_malformed"
    rule = "FRQ-87"

    def __init__(self) -> None:
        super().__init__(
            "a line names a source and the id that it takes, or the reserve, district, year and "
            "measure of stored flow, which serves no project"
        )


class ReleaseLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    *amount* of *source*, held by the reserve, to the applicant as the new source *target*.

    Or, in place of a source, of the annual flow of *district*, *year* and *measure* that the
    reserve of *reserve* has in store.
    """

    source: str = ""
    target: str = ""
    amount: int = 0
    project: str = ""
    reserve: str = ""
    district: str = ""
    year: int = 0
    measure: Literal["", "energy", "coal"] = ""


class ReleaseQuota(Payload, frozen=True):
    """Buy quota of a reserve; *document* is the application on which the city decides."""

    kind: ClassVar[str] = "reserve.release"
    enterprise: str
    document: str
    rows: tuple[ReleaseLine, ...]


def release_quota(work: Work, payload: ReleaseQuota) -> Result:
    """
    Let each lot out of its reserve against its price.

    Refusals of a line in this order: its form, its source, not in a reserve, those of `parting`,
    the project and its class barrier, the price, the cash; of stored flow those of
    `release_stored`. Rule: FRQ-83, FRQ-87.
    """
    work.memory.cache(Parties).enterprise(payload.enterprise)
    paid: list[int] = []
    each_row(payload.rows, lambda line: paid.append(_release(work, payload, line, len(paid))))
    return {"enterprise": payload.enterprise, "released": len(paid), "paid_fen": sum(paid)}


def _release(work: Work, payload: ReleaseQuota, line: ReleaseLine, ordinal: int) -> int:
    is_of_source = bool(line.source and line.target)
    is_stored = bool(line.reserve and line.district and line.year and line.measure)
    names = (line.source, line.target, line.reserve, line.district, line.year, line.measure)
    named = sum(map(bool, names)) + bool(line.project and not is_of_source)
    if (is_of_source, named) != (True, 2) and (is_stored, named) != (True, 4):
        raise ReleaseLineMalformed
    sold = (
        _release_stored(work, payload, line, ordinal)
        if is_stored
        else _release_source(work, payload, line)
    )
    reserve = line.reserve or holder_of(work, line.source).removeprefix(RESERVE)
    work.session.add(
        ReserveSaleRow(
            sequence=work.sequence,
            ordinal=ordinal,
            direction="release",
            reserve=reserve,
            enterprise=payload.enterprise,
            project=line.project,
            source=line.source,
            target=line.target,
            asset=sold.asset,
            measure=sold.measure,
            amount=line.amount,
            paid_fen=sold.paid_fen,
            document=payload.document,
            sheet=canonical(sold.sheet.plain()).decode(),
        )
    )
    return sold.paid_fen


def _release_stored(work: Work, payload: ReleaseQuota, line: ReleaseLine, ordinal: int) -> Sold:
    lot = StoredLot(
        enterprise=payload.enterprise,
        reserve=line.reserve,
        district=line.district,
        year=line.year,
        measure=line.measure,
        amount=line.amount,
        document=payload.document,
        reference=f"stored:{work.sequence}:{ordinal}",
    )
    return release_stored(work, lot)


def _release_source(work: Work, payload: ReleaseQuota, line: ReleaseLine) -> Sold:
    holder = holder_of(work, line.source)
    if not is_in_reserve(holder):
        raise SourceNotHeld(line.source, holder=holder, offered_by="the reserve")
    reserve = holder.removeprefix(RESERVE)
    parting = Parting(
        line.source, line.target, line.amount, payload.enterprise, "release", payload.document
    )
    source = require_partable(work, parting)
    if line.project:
        _require_barrier(work, payload, line, source)
    paid_fen, sheet = cost_of(
        work, reserve=reserve, price=RELEASE, measure=source.measure, amount=line.amount
    )
    payer = of_enterprise(payload.enterprise, "cash")
    paid = payment(work, payer, "treasury:sales", paid_fen)
    part(work, parting, EntryCode.RESERVE_SALE, "FRQ-83", paid=paid)
    return Sold(source.asset, source.measure, paid_fen, sheet)


def _require_barrier(
    work: Work, payload: ReleaseQuota, line: ReleaseLine, source: FreedSourceRow
) -> None:
    """Refuse a lot whose class may not serve the named project. Rule: SUB-03, SUB-04, FRQ-83."""
    row = project_of(work, line.project)
    if row.enterprise != payload.enterprise:
        raise ProjectOfAnother(row.id, enterprise=payload.enterprise)
    asset = parse_asset(source.asset)
    require_permitted(
        barrier_project(work, row),
        source=source.id,
        measure=asset.measure,
        origin=asset.origin,
        matrix=terms_of(work, row, (), capacity="saturated").matrix,
    )
