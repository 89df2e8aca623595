"""
Energy reports of enterprises: drafted from readings, submitted, verified, accepted or returned.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read.metering import report, reports, with_verifiers
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, one, page, submit
from api.rest.shapes import Document, enlarged, item_of
from ledger.metering.report import DraftReport, SubmitReport
from ledger.metering.tables import ReportRow
from ledger.metering.verify import AcceptReport, AssignVerifiers, ReturnReport

filed = Resource("reports", __name__, "Reports: an enterprise's energy use of a year, by version")

Report = item_of(ReportRow, leave_out=("content",))
ReportInFull = enlarged(
    Report,
    "ReportInFull",
    content=Document(
        metadata={"description": "Canonical JSON; its SHA-256 is the hash once it is submitted"}
    ),
    verifiers=ma.fields.List(Words()),
)
VERSION = ("enterprise", "year", "version")


@filed.post("/reports")
@filed.takes(DraftReport)
def draft(document: Mapping[str, Any]) -> Any:
    """Draft a report from readings, factors and policy."""
    return submit(DraftReport, document)


@filed.get("/reports")
@filed.lists(Report, enterprise=Words, year=QueryWhole, state=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List versions of reports, without their content."""
    keys = [ReportRow.enterprise, ReportRow.year, ReportRow.version]
    return page(reports(seen(), asked), asked, keys)


@filed.get("/reports/<enterprise>/<int:year>/<int:version>")
@filed.shows(ReportInFull)
def show(enterprise: str, year: int, version: int) -> Any:
    """Show a version of a report with its content, its hash and who is to verify it."""
    return one(report(seen(), enterprise, year, version), complete=with_verifiers)


@filed.post("/reports/<enterprise>/<int:year>/<int:version>/submission")
@filed.takes(SubmitReport, path=VERSION)
def submit_draft(document: Mapping[str, Any], **version: Any) -> Any:
    """Propose to submit a draft, with what the enterprise made in the year."""
    return submit(SubmitReport, {**document, **version})


@filed.post("/reports/<enterprise>/<int:year>/verifiers")
@filed.takes(AssignVerifiers, path=("enterprise", "year"))
def assign(document: Mapping[str, Any], **report: Any) -> Any:
    """Propose who is to verify an enterprise's report of a year."""
    return submit(AssignVerifiers, {**document, **report})


@filed.post("/reports/<enterprise>/<int:year>/<int:version>/acceptance")
@filed.takes(AcceptReport, path=VERSION)
def accept(document: Mapping[str, Any], **version: Any) -> Any:
    """Propose to accept a verified report as final."""
    return submit(AcceptReport, {**document, **version})


@filed.post("/reports/<enterprise>/<int:year>/<int:version>/return")
@filed.takes(ReturnReport, path=VERSION)
def give_back(document: Mapping[str, Any], **version: Any) -> Any:
    """Return a report to the enterprise, with the reason."""
    return submit(ReturnReport, {**document, **version})
