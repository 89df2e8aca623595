"""
Green certificates: issued, transferred, retired for one purpose.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import coordination as reading
from api.rest.fields import Amount, Count, Words
from api.rest.resource import QueryWhole, Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.coordination.certificate import (
    RecordCertificates,
    RetireCertificates,
    TransferCertificates,
)
from ledger.coordination.tables import CertificateHoldingRow, CertificateMoveRow

green = Resource("certificates", __name__, "Green certificates: held, transferred, retired")

Certificates = enlarged(
    item_of(CertificateHoldingRow),
    "Certificates",
    route=Words(),
    generated_year=Count(),
    count=Amount(),
)
Move = item_of(CertificateMoveRow)


@green.get("/certificates")
@green.lists(
    Certificates,
    holder=Words,
    state=Words,
    purpose=Words,
    beneficiary=Words,
    year=QueryWhole,
    district=Words,
)
def index(asked: Mapping[str, Any]) -> Any:
    """List ranges of certificates: with whom they are, or what they were used for."""
    keys = [CertificateHoldingRow.series, CertificateHoldingRow.first_serial]
    return page(reading.certificates(seen(), asked), asked, keys)


@green.post("/certificates")
@green.takes(RecordCertificates, bulk=True)
def record(document: Mapping[str, Any]) -> Any:
    """Record certificates as their registry issued them."""
    return submit(RecordCertificates, document)


@green.get("/certificate-moves")
@green.lists(Move, series=Words)
def moves(asked: Mapping[str, Any]) -> Any:
    """List transfers of certificates."""
    return page(reading.moves(seen(), asked), asked, [CertificateMoveRow.moved_by])


@green.post("/certificates/transfers")
@green.takes(TransferCertificates)
def transfer(document: Mapping[str, Any]) -> Any:
    """Propose to give certificates to another enterprise."""
    return submit(TransferCertificates, document)


@green.post("/certificates/retirements")
@green.takes(RetireCertificates)
def retire(document: Mapping[str, Any]) -> Any:
    """Propose to use certificates up for one purpose."""
    return submit(RetireCertificates, document)
