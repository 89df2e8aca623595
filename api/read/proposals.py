"""
Proposals: those somebody has made, and those they may decide; whom one concerns.

Whether a person may decide is asked again by the writer at the moment of effect; here the scopes of
the handlers are mirrored over the payload as it is kept, so that a list can be a query.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from api.read.json_text import json_text
from api.read.proposals_liens import NAMES as LIENS
from api.read.proposals_liens import OF_FREEZE, OF_SIDE, of_freeze, of_side, sides_of
from ledger.command import Payload
from ledger.parties.tables import EnterpriseRow, FacilityRow
from ledger.subject import ANYWHERE, Handler, Subjects
from ledger.substitution.tables import FreedClaimRow, ProjectRow
from ledger.tables import CommandRow, ProposalRow

Grants = Iterable[tuple[str, str]]
Condition = sa.ColumnElement[bool]

OF_ENTERPRISE = frozenset(
    {
        "cash.withdraw",
        "readings.correct",
        "reports.submit",
        "reports.verify",
        "surrenders.make",
        "accounts.distrust",
        "accounts.trust",
        "cancellations.make",
        "conversions.make",
        "conversions.undo",
        "leases.end",
        "leases.offer",
        "pledges.offer",
        "transfers.make",
        "transfers.set_ceiling",
        "certificates.retire",
        "certificates.transfer",
        "reserve.buy_back",
        "reserve.release",
    }
)
OF_DISTRICT = frozenset(
    {
        "allocations.issue",
        "allocations.true_up",
        "budgets.release_reserve",
        "budgets.reserve",
        "budgets.set_uncovered",
        "entrants.admit",
        "entrants.settle",
        "evaluations.score",
        "increments.set",
        "regions.assess",
    }
)
OF_DISTRICT_OF_ENTERPRISE = frozenset(
    {
        "reports.accept",
        "reports.assign",
        "court_orders.make",
        "freezes.make",
        "successions.make",
        "enterprises.cease",
        "enterprises.merge",
        "enterprises.relocate",
        "enterprises.split",
        "entitlements.formalise",
    }
)
OF_FACILITY = frozenset({"carbon.register_reduction"})
OF_CLAIM = frozenset({"freed.opinion"})
OF_DISTRICT_OF_CLAIM = frozenset({"freed.confirm", "freed.revoke", "carbon.record_offset"})
OF_DISTRICT_OF_PROJECT = frozenset({"projects.accept", "projects.undo", "deficits.settle"})
OF_SELLER = frozenset({"tenders.open"})
BY_WHAT_THEY_NAME = frozenset(
    {
        "budgets.give_back",
        "budgets.lend",
        "budgets.move",
        "budgets.set",
        "districts.rate",
        "entitlements.confirm",
        "entitlements.pre_issue",
        "listings.decide",
        "listings.hand_over",
        "objections.decide",
        "regions.link",
        "reserve.decide",
        "reserve.review",
        "sources.transfer",
    }
)
"""Kinds whose district hangs on rows or on what they name; listed for those who act anywhere."""

WHOLE_LEDGER = frozenset(
    {
        "accounts.close",
        "accounts.freeze",
        "accounts.limit",
        "accounts.thaw",
        "cash.deposit",
        "entries.batch",
        "entries.post",
        "entries.reverse",
        "factors.adopt",
        "industries.adopt",
        "instruments.list",
        "leases.call_back",
        "packs.adopt",
        "packs.waive",
        "periods.seal",
        "pledges.approve_sale",
        "pledges.lapse",
        "roles.grant",
        "years.close",
        "years.open",
        "years.record_price",
    }
)
SCOPED = (
    OF_ENTERPRISE
    | OF_DISTRICT
    | OF_DISTRICT_OF_ENTERPRISE
    | OF_CLAIM
    | OF_DISTRICT_OF_CLAIM
    | OF_DISTRICT_OF_PROJECT
    | OF_FACILITY
    | OF_SELLER
    | OF_SIDE.keys()
    | OF_FREEZE
    | BY_WHAT_THEY_NAME
)
"""Every kind that needs a second person is in WHOLE_LEDGER or in one of these; a test holds it."""


def proposals(
    subjects: Subjects, grants: Grants, person: str, *, now: int, waiting: bool = False
) -> sa.Select[Any]:
    """
    Return the query of proposals that *person* made or, with *grants*, may decide.

    *state* is "expired" from the expiry on; *may_decide* says that it waits for this person. With
    *waiting* only those are returned. *now* is ledger time.
    """
    may = sa.and_(may_check(subjects, grants), ProposalRow.maker != person)
    expired = sa.and_(ProposalRow.state == "open", ProposalRow.expires_at <= now)
    decidable = sa.and_(ProposalRow.state == "open", ProposalRow.expires_at > now, may)
    kept = [c for c in ProposalRow.__table__.columns if c.name != "state"]
    query = sa.select(
        *kept,
        sa.case((expired, "expired"), else_=ProposalRow.state).label("state"),
        sa.case((decidable, sa.true()), else_=sa.false()).label("may_decide"),
        CommandRow.recorded_at.label("proposed_at"),
    ).join(CommandRow, CommandRow.sequence == ProposalRow.id)
    return query.where(decidable if waiting else sa.or_(ProposalRow.maker == person, may))


def may_check(subjects: Subjects, grants: Grants) -> Condition:
    """Return the condition that somebody with *grants* may decide a proposal, the maker apart."""
    everywhere: list[str] = []
    conditions: list[Condition] = [sa.false()]
    grants = tuple(grants)
    for kind, handler in sorted(subjects.handlers.items()):
        scopes = _scopes_of_checkers(handler, grants)
        if ANYWHERE in scopes:
            everywhere.append(kind)
        elif scopes and kind in SCOPED:
            conditions.append(sa.and_(ProposalRow.kind == kind, _within(kind, scopes)))
    return sa.or_(ProposalRow.kind.in_(everywhere), *conditions)


def _scopes_of_checkers(handler: Handler, grants: Grants) -> frozenset[str]:
    return frozenset(scope for role, scope in grants if role in handler.checkers)


def _within(kind: str, scopes: frozenset[str]) -> Condition:
    """Return the condition that the payload of a proposal of *kind* is of one of *scopes*."""
    enterprises, districts = _named(scopes, "enterprise:"), _named(scopes, "district:")
    in_districts = sa.select(EnterpriseRow.id).where(EnterpriseRow.district.in_(districts))
    if kind in OF_ENTERPRISE:
        return _field("enterprise").in_(enterprises)
    if kind in OF_DISTRICT:
        return _field("district").in_(districts)
    if kind in OF_DISTRICT_OF_ENTERPRISE:
        return _field("enterprise").in_(in_districts)
    if kind in OF_CLAIM:
        own = FreedClaimRow.enterprise.in_(enterprises)
        return _field("claim").in_(sa.select(FreedClaimRow.id).where(own))
    if kind in OF_FACILITY:
        owned = FacilityRow.enterprise.in_(enterprises)
        return _field("facility").in_(sa.select(FacilityRow.id).where(owned))
    if kind in OF_DISTRICT_OF_CLAIM:
        there = FreedClaimRow.enterprise.in_(in_districts)
        return _field("claim").in_(sa.select(FreedClaimRow.id).where(there))
    if kind in OF_DISTRICT_OF_PROJECT:
        lies = ProjectRow.district.in_(districts)
        return _field("project").in_(sa.select(ProjectRow.id).where(lies))
    if kind in OF_SIDE:
        field, ids = of_side(kind, enterprises)
        return _field(field).in_(ids)
    if kind in OF_FREEZE:
        return _field("freeze").in_(of_freeze(in_districts))
    if kind in OF_SELLER:
        return _field("seller").in_(sorted(scopes))
    # What hangs on rows, or on what they name, is asked of whoever acts anywhere.
    return sa.false()


def _field(name: str) -> json_text:
    return json_text(ProposalRow.payload, name)


def _named(scopes: Iterable[str], prefix: str) -> list[str]:
    return sorted(each.removeprefix(prefix) for each in scopes if each.startswith(prefix))


def concerns(
    connection: sa.Connection, payload: Payload | Mapping[str, Any]
) -> tuple[frozenset[str], frozenset[str]]:
    """
    Return the enterprises and the districts that a payload is about, as far as it names them.

    It may be a payload or the plain data of one. An unknown claim or project is about nobody.
    """
    named: dict[str, set[str]] = {}
    _gather(payload, named)
    enterprises, districts = set(named.get("enterprise", ())), set(named.get("district", ()))
    enterprises |= named.get("enterprises", set())
    for scope in named.get("seller", ()):
        kind, _, name = scope.partition(":")
        (districts if kind == "district" else enterprises).add(name)
    claims = sa.select(FreedClaimRow.enterprise).where(
        FreedClaimRow.id.in_(sorted(named.get("claim", ())))
    )
    enterprises |= set(connection.execute(claims).scalars())
    enterprises |= sides_of(connection, named)
    projects = sa.select(ProjectRow.enterprise, ProjectRow.district).where(
        ProjectRow.id.in_(sorted(named.get("project", ())))
    )
    for enterprise, district in connection.execute(projects):
        enterprises.add(enterprise)
        districts.add(district)
    homes = sa.select(EnterpriseRow.district).where(EnterpriseRow.id.in_(sorted(enterprises)))
    districts |= set(connection.execute(homes).scalars())
    return frozenset(enterprises), frozenset(districts)


_NAMES = frozenset({"enterprise", "enterprises", "district", "seller", "claim", "project"}) | LIENS


def _gather(value: Any, named: dict[str, set[str]], name: str = "") -> None:
    if isinstance(value, Payload) or hasattr(value, "__struct_fields__"):
        value = {field: getattr(value, field) for field in value.__struct_fields__}
    if isinstance(value, Mapping):
        for key, below in value.items():
            _gather(below, named, str(key))
    elif isinstance(value, list | tuple):
        for each in value:
            _gather(each, named, name)
    elif isinstance(value, str) and value and name in _NAMES:
        named.setdefault(name, set()).add(value)
