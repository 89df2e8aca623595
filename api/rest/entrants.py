"""
New use: entrants from the reserve, paid parts and their fees, certificates, increments, entry list.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read import new_use
from api.rest.asked import Measure
from api.rest.fields import Amount, Flag, Words
from api.rest.resource import NeededWhole, QueryWhole, Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.allocation.certificate import FormaliseEntitlement, PreIssueEntitlements
from ledger.allocation.entrant_year import SettleEntrants
from ledger.allocation.entrants import AdmitEntrants
from ledger.allocation.expire import ExpireRights
from ledger.allocation.fee import PayAllocation
from ledger.allocation.increment import SetIncrement
from ledger.allocation.method_tables import EntrantRow, IncrementRow, PaidPartRow
from ledger.parties.tables import EnterpriseRow

entered = Resource("new-use", __name__, "New use: entrants, usage fees, certificates, increments")

BUDGET = ("district", "year", "measure")
Entrant = item_of(EntrantRow, documents=("sheet",))
PaidPart = item_of(PaidPartRow)
Increment = enlarged(item_of(IncrementRow), "Increment", offered=Amount())
EntryListed = ma.Schema.from_dict(
    {
        "enterprise": Words(),
        "district": Words(),
        "used_kgce": Amount(),
        "is_listable": Flag(),
        "key_user": Words(),
    },
    name="EntryListed",
)


@entered.post("/entrants")
@entered.takes(AdmitEntrants)
def admit(document: Mapping[str, Any]) -> Any:
    """Propose to admit new entrants by their review opinions, out of a district's reserve."""
    return submit(AdmitEntrants, document)


@entered.post("/entrants/<district>/<int:year>/<measure>/settlements")
@entered.takes(SettleEntrants, path=BUDGET)
def settle(document: Mapping[str, Any], **budget: Any) -> Any:
    """Propose to take back what new entrants did not use, by their final reports."""
    return submit(SettleEntrants, {**document, **budget})


@entered.get("/entrants")
@entered.lists(
    Entrant, year=QueryWhole, measure=Measure, enterprise=Words, district=Words, state=Words
)
def index(asked: Mapping[str, Any]) -> Any:
    """List new entrants in order of admission, with what they used and gave back."""
    keys = [EntrantRow.sequence, EntrantRow.ordinal]
    return page(new_use.entrants(seen(), asked), asked, keys)


@entered.post("/paid-parts/<enterprise>/<int:year>/<measure>/payments")
@entered.takes(PayAllocation, path=("enterprise", "year", "measure"))
def pay(document: Mapping[str, Any], **allocation: Any) -> Any:
    """Pay the usage fee of an allocation's paid part and take its units."""
    return submit(PayAllocation, {**document, **allocation})


@entered.get("/paid-parts")
@entered.lists(
    PaidPart, year=QueryWhole, measure=Measure, enterprise=Words, district=Words, state=Words
)
def paid_parts(asked: Mapping[str, Any]) -> Any:
    """List the parts of allocations that cost a usage fee, with fee, last day and state."""
    row = PaidPartRow
    keys = [row.year, row.measure, row.enterprise, row.product]
    return page(new_use.paid_parts(seen(), asked), asked, keys)


@entered.post("/entitlements/pre-issues")
@entered.takes(PreIssueEntitlements)
def pre_issue(document: Mapping[str, Any]) -> Any:
    """Propose rights with pre-issued certificates, for projects approved and not yet built."""
    return submit(PreIssueEntitlements, document)


@entered.post("/entitlements/<enterprise>/acceptances")
@entered.takes(FormaliseEntitlement, path=("enterprise",))
def formalise(document: Mapping[str, Any], enterprise: str) -> Any:
    """Propose to make a pre-issued certificate formal, by the acceptance of the built project."""
    return submit(FormaliseEntitlement, {**document, "enterprise": enterprise})


@entered.post("/entitlements/expiries")
@entered.takes(ExpireRights)
def expire(document: Mapping[str, Any]) -> Any:
    """Sweep up what has come free of rights whose term is over."""
    return submit(ExpireRights, document)


@entered.post("/increments")
@entered.takes(SetIncrement)
def set_increment(document: Mapping[str, Any]) -> Any:
    """Propose the increment of a district's year, of which it may sell what its pack says."""
    return submit(SetIncrement, document)


@entered.get("/increments")
@entered.lists(Increment, district=Words, year=QueryWhole, measure=Measure)
def increments(asked: Mapping[str, Any]) -> Any:
    """List increments of districts, with what of each is on offer or sold."""
    row = IncrementRow
    return page(new_use.increments(seen(), asked), asked, [row.district, row.year, row.measure])


@entered.get("/entry-list")
@entered.lists(EntryListed, year=NeededWhole, district=Words)
def entry_list(asked: Mapping[str, Any]) -> Any:
    """List enterprises by what a year's use makes of them: listable, key user, by designation."""
    complete = partial(new_use.with_standing, year=asked["year"])
    return page(new_use.entry_list(seen(), asked), asked, [EnterpriseRow.id], complete=complete)
