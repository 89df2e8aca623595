"""
Release collected quota to an enterprise that applies, at the price of the packs, cash for units.

The cash and the units move in one entry. A lot keeps its class: where a project is named, the
barrier is asked before anything is paid; it is asked again when the project's plan is accepted.
"""

from typing import ClassVar

import msgspec

from ledger.allocation.increment import require_within_increment
from ledger.asset import CNY, parse_asset
from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.entry import EntryCode, Posting
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
from ledger.substitution.look_up import RECORDED
from ledger.substitution.parting import Parting, part, require_partable
from ledger.substitution.priced import RELEASE, cost_of
from ledger.substitution.project import project_of
from ledger.substitution.read_terms import terms_of
from ledger.substitution.reserve_tables import ReserveSaleRow
from ledger.substitution.tables import FreedSourceRow
from ledger.work import Work


class ReserveCashShort(Refused):
    """Whoever pays for quota of a reserve has less cash than it costs."""

    code = "reserve_cash_short"
    rule = "FRQ-83"

    def __init__(self, payer: str, *, needed_fen: int, available_fen: int) -> None:
        super().__init__(
            f"{payer} is to pay {needed_fen} fen but has {available_fen} that is free",
            payer=payer,
            needed_fen=needed_fen,
            available_fen=available_fen,
        )


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


class ReleaseLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """*amount* of *source*, held by the reserve, to the applicant as the new source *target*."""

    source: str
    target: str
    amount: int
    project: str = ""


class ReleaseQuota(Payload, frozen=True):
    """Buy quota of a reserve; *document* is the application on which the city decides."""

    kind: ClassVar[str] = "reserve.release"
    enterprise: str
    document: str
    rows: tuple[ReleaseLine, ...]


def release_quota(work: Work, payload: ReleaseQuota) -> Result:
    """
    Let each lot out of its reserve against its price.

    Refusals of a line in this order: its source, not in a reserve, those of `parting`, the project
    and its class barrier, what the pack lets a government sell of its increment (ALC-82), the
    price, the cash. Rule: FRQ-83.
    """
    work.memory.cache(Parties).enterprise(payload.enterprise)
    paid: list[int] = []
    each_row(payload.rows, lambda line: paid.append(_release(work, payload, line, len(paid))))
    return {"enterprise": payload.enterprise, "released": len(paid), "paid_fen": sum(paid)}


def _release(work: Work, payload: ReleaseQuota, line: ReleaseLine, ordinal: int) -> int:
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
    if source.measure in RECORDED:
        require_within_increment(
            work,
            reserve,
            year=day_of(work.now).year,
            measure=source.measure,
            amount=line.amount,
            reference=f"release:{line.target}",
        )
    paid_fen, sheet = cost_of(
        work, reserve=reserve, price=RELEASE, measure=source.measure, amount=line.amount
    )
    payer = of_enterprise(payload.enterprise, "cash")
    paid = payment(work, payer, "treasury:sales", paid_fen)
    part(work, parting, EntryCode.RESERVE_SALE, "FRQ-83", paid=paid)
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
            measure=source.measure,
            amount=line.amount,
            paid_fen=paid_fen,
            document=payload.document,
            sheet=canonical(sheet.plain()).decode(),
        )
    )
    return paid_fen


def payment(work: Work, payer: str, payee: str, amount_fen: int) -> tuple[Posting, ...]:
    """Return the posting that pays, none where nothing is due, or refuse. Rule: FRQ-83."""
    available = work.memory.balance(payer, CNY)
    if amount_fen > available:
        raise ReserveCashShort(payer, needed_fen=amount_fen, available_fen=available)
    return (Posting(payer, payee, CNY, amount_fen),) if amount_fen else ()


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
