"""
Audits of works that save energy: the baseline before them, the re-audit after.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.substitution import audits
from api.rest.fields import Words
from api.rest.resource import Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.substitution.audit import FileBaseline, FileReaudit
from ledger.substitution.tables import RetrofitAuditRow

works = Resource("retrofits", __name__, "Retrofits: third parties' audits before and after works")

Audit = item_of(RetrofitAuditRow)
AuditOfEnterprise = enlarged(Audit, "AuditOfEnterprise", enterprise=Words())


@works.post("/retrofits/<code>/baselines")
@works.takes(FileBaseline, path=("works",))
def file_baseline(document: Mapping[str, Any], code: str) -> Any:
    """File the audit of a facility before its works."""
    return submit(FileBaseline, {**document, "works": code})


@works.post("/retrofits/<code>/re-audits")
@works.takes(FileReaudit, path=("works",))
def file_reaudit(document: Mapping[str, Any], code: str) -> Any:
    """File the audit of a facility after its works."""
    return submit(FileReaudit, {**document, "works": code})


@works.get("/retrofits")
@works.lists(
    AuditOfEnterprise,
    works=Words,
    facility=Words,
    enterprise=Words,
    stage=Words,
    measure=Words,
    district=Words,
)
def index(asked: Mapping[str, Any]) -> Any:
    """List audits by works, measure and stage."""
    row = RetrofitAuditRow
    return page(audits(seen(), asked), asked, [row.works, row.measure, row.stage])
