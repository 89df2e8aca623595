"""
Move an enterprise to another district (迁移): its rights are converted to the area they now serve.
"""

from dataclasses import replace
from typing import ClassVar

import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.allocation.allocate import require_document
from ledger.allocation.ended import require_lasting
from ledger.allocation.tables import AllocationRow, EntitlementRow
from ledger.asset import Kind, parse_asset
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.days import day_of
from ledger.districts.budget import budget_account
from ledger.districts.draw import draw, open_budget, require_headroom
from ledger.entry import Entry, EntryCode, Posting
from ledger.liens.change import ChangePartyUnfit, drop_plans, keep_change, require_free
from ledger.parties.party import Enterprise, Parties
from ledger.parties.tables import EnterpriseRow
from ledger.policy import as_switch
from ledger.post import post
from ledger.register import open_asset
from ledger.subject import Result
from ledger.work import Work


class RelocateEnterprise(Payload, frozen=True):
    """Let *enterprise* belong to *district* from now on, by the decision *document*."""

    kind: ClassVar[str] = "enterprises.relocate"
    enterprise: str
    district: str
    document: str


def relocate_enterprise(work: Work, payload: RelocateEnterprise) -> Result:
    """
    Move the enterprise; convert its standing rights, and its flow where the pack says so.

    Checks in this order: document, lasting, another district, free of orders and liens, then the
    new budget's headroom where flow converts. Rule: CHG-01 to CHG-03, CHG-09, CHG-10, DST-52.
    """
    require_document(payload.document)
    parties = work.memory.cache(Parties)
    before = parties.enterprise(payload.enterprise)
    require_lasting(work, before.id)
    target = parties.district(payload.district)
    if target.code == before.district:
        raise ChangePartyUnfit(before.id, target.code, problem="it belongs to it already")
    require_free(work, before.id)
    dropped = drop_plans(work, before.id)
    rights = _convert_rights(work, before, target.code)
    found = work.memory.cache(Policy).find(
        parties.district(before.district).pack,
        "change.relocation_converts_flow",
        on=day_of(work.now),
    )
    flow = _convert_flow(work, before, target.code) if as_switch(found) else 0
    _move(work, before, target.code)
    keep_change(work, "relocate", before.id, other=target.code, document=payload.document)
    result = {
        "enterprise": before.id,
        "district": target.code,
        "rights_converted": rights,
        "flow_converted": flow,
        "plans_dropped_count": dropped,
    }
    work.publish(
        "enterprises.relocated", {"from": before.district, "document": payload.document, **result}
    )
    return result


def _move(work: Work, before: Enterprise, district: str) -> None:
    parties = work.memory.cache(Parties)
    parties.enterprises[before.id] = replace(before, district=district)

    def undo() -> None:
        parties.enterprises[before.id] = before

    work.on_refusal(undo)
    work.session.execute(
        sa.update(EnterpriseRow).where(EnterpriseRow.id == before.id).values(district=district)
    )


def _convert_rights(work: Work, enterprise: Enterprise, district: str) -> int:
    """
    Convert standing rights of the old district, unit by unit, in one entry; return how much.

    Rights of a wider area or tied to one project stay what they are. Rule: CHG-09.
    """
    address = of_enterprise(enterprise.id, "entitlement")
    postings: list[Posting] = []
    codes: dict[str, str] = {}
    total = 0
    for (_, code), amount in work.memory.holdings([address]).items():
        asset = parse_asset(code)
        if asset.area == enterprise.district:
            codes[code] = open_asset(work, replace(asset, area=district))
            postings.append(Posting(address, "scheme:converted", code, amount))
            postings.append(Posting("scheme:issuance", address, codes[code], amount))
            total += amount
    if postings:
        post(work, Entry(EntryCode.CONVERSION, "CHG-09", tuple(postings)))
    rows = work.session.scalars(
        sa.select(EntitlementRow).where(EntitlementRow.enterprise == enterprise.id)
    )
    for row in rows:
        row.asset = codes.get(row.asset, row.asset)
    return total


def _convert_flow(work: Work, enterprise: Enterprise, district: str) -> int:
    """
    Return flow of the running and later years to the old budget; draw as much on the new one.

    The year's issued rows go along, with what they may still ask for. Rule: CHG-10.
    """
    this_year = day_of(work.now).year
    total = 0
    addresses = [of_enterprise(enterprise.id, purpose) for purpose in ("restricted", "holding")]
    for (address, code), amount in work.memory.holdings(addresses).items():
        asset = parse_asset(code)
        is_due = asset.area == enterprise.district and asset.vintage >= this_year
        if asset.kind is not Kind.FLOW or not is_due:
            continue
        budget = open_budget(work, district, year=asset.vintage, measure=asset.measure)
        require_headroom(work.memory, budget, amount)
        into = open_asset(work, replace(asset, area=district))
        back = Posting(address, budget_account(enterprise.district), code, amount)
        out = Posting(budget_account(district), address, into, amount)
        draw(work, budget, Entry(EntryCode.CONVERSION, "CHG-10", (back, out)))
        total += amount
    rows = work.session.scalars(
        sa.select(AllocationRow).where(
            AllocationRow.enterprise == enterprise.id,
            AllocationRow.state == "issued",
            AllocationRow.year >= this_year,
            AllocationRow.district == enterprise.district,
        )
    ).all()
    for row in rows:
        _recommit(work, row, district)
    return total


def _recommit(work: Work, row: AllocationRow, district: str) -> None:
    promised = row.granted - row.pre_issued
    old = open_budget(work, row.district, year=row.year, measure=row.measure)
    new = open_budget(work, district, year=row.year, measure=row.measure)
    require_headroom(work.memory, new, promised)
    old.committed -= promised
    new.committed += promised
    row.district = district
