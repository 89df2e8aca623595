"""
Opinions of verifiers, each on exactly one version of a report.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.metering import opinions
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, page, submit
from api.rest.shapes import item_of
from ledger.metering.tables import OpinionRow
from ledger.metering.verify import VerifyReport

verified = Resource("opinions", __name__, "Opinions: what two verifiers found of a report")

Opinion = item_of(OpinionRow, documents=("team",))


@verified.post("/reports/<enterprise>/<int:year>/<int:version>/opinions")
@verified.takes(VerifyReport, path=("enterprise", "year", "version"))
def give(document: Mapping[str, Any], **version: Any) -> Any:
    """Propose an opinion on a submitted report, for the second verifier to sign."""
    return submit(VerifyReport, {**document, **version})


@verified.get("/opinions")
@verified.lists(Opinion, enterprise=Words, year=QueryWhole, verdict=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List opinions by enterprise, year and version."""
    keys = [OpinionRow.enterprise, OpinionRow.year, OpinionRow.version]
    return page(opinions(seen(), asked), asked, keys)
