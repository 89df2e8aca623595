"""
Enterprises: the register that everybody may read, and what only some may of it.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import parties
from api.read.narrow import narrow
from api.rest.fields import Count, Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.parties.enroll import RegisterEnterprises
from ledger.parties.tables import EnterpriseRow

enterprises = Resource("enterprises", __name__, "Enterprises: who has accounts here")

Enterprise = enlarged(
    item_of(EnterpriseRow),
    "Enterprise",
    credit_code=Words(allow_none=True),
    owner_group=Words(allow_none=True),
    registered_by=Count(allow_none=True),
)


@enterprises.get("/enterprises")
@enterprises.lists(Enterprise, district=Words, sector=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List enterprises; their credit codes only to those who are signed in."""
    own = {"district": EnterpriseRow.district, "sector": EnterpriseRow.sector}
    return page(narrow(parties.enterprises(seen()), asked, **own), asked, [EnterpriseRow.id])


@enterprises.get("/enterprises/<enterprise>")
@enterprises.shows(Enterprise)
def show(enterprise: str) -> Any:
    """Show one enterprise."""
    return one(parties.enterprises(seen()).where(EnterpriseRow.id == enterprise))


@enterprises.post("/enterprises")
@enterprises.takes(RegisterEnterprises)
def register(document: Mapping[str, Any]) -> Any:
    """Register enterprises and open their accounts, every row or none."""
    return submit(RegisterEnterprises, document)
