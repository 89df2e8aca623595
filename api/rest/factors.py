"""
Conversion factors: adopted by edition, published with their status and source.
"""

from collections.abc import Mapping
from typing import Any

from api.read.metering import factors
from api.rest.fields import Count, Words
from api.rest.resource import QueryWhole, Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.metering.factors import AdoptFactors
from ledger.metering.tables import FactorRow

converted = Resource("factors", __name__, "Factors: what one unit of a carrier counts in kgce")

Factor = enlarged(item_of(FactorRow), "Factor", adopted_by=Count())


@converted.post("/factors")
@converted.takes(AdoptFactors)
def adopt(document: Mapping[str, Any]) -> Any:
    """Propose an edition of factors for a year and basis."""
    return submit(AdoptFactors, document)


@converted.get("/factors")
@converted.lists(Factor, year=QueryWhole, basis=Words, edition=Words, carrier=Words, status=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List factors by year, basis, edition and carrier; the newest edition is in force."""
    keys = [FactorRow.year, FactorRow.basis, FactorRow.edition, FactorRow.carrier]
    return page(factors(asked), asked, keys)
