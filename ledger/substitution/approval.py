"""
Which level has to approve a two-high project, and whether its use asks for window guidance.
"""

from collections.abc import Iterable

from ledger.errors import Refused
from ledger.policy import as_int, as_switch, as_texts
from ledger.roles import has_role
from ledger.subject import Role
from ledger.substitution.industry import industry_on
from ledger.substitution.issue import is_two_high
from ledger.substitution.read_terms import Reader, reader_of
from ledger.substitution.tables import ProjectMeasureRow, ProjectRow
from ledger.units import KGCE_PER_TCE
from ledger.work import Work

LOCAL, PROVINCE = "local", "province"


class ApprovalTooLow(Refused):
    """The industry of a project goes up to the province, and nobody of that level has spoken."""

    code = "approval_too_low"
    rule = "SUB-66"

    def __init__(self, project: str, *, industry: str, province: str) -> None:
        super().__init__(
            f"{project} is of {industry}, which the province approves: let an officer of "
            f"{province} approve, or give the number of the province's document",
            project=project,
            industry=industry,
            province=province,
        )


class GuidanceMissing(Refused):
    """A project uses so much that it needs window guidance, and none is named."""

    code = "window_guidance_missing"
    rule = "SUB-65"

    def __init__(self, project: str, *, energy: int, threshold: int) -> None:
        super().__init__(
            f"{project} is to use {energy} kgce a year; window guidance is asked for from "
            f"{threshold} kgce: give the number of its document",
            project=project,
            energy=energy,
            threshold=threshold,
        )


def approval_level(work: Work, reader: Reader, industry: str) -> str:
    """Return whether the province approves projects of *industry*, or the place. SUB-65."""
    named = reader.optional("two_high.provincial_approval")
    if named is None:
        return LOCAL
    link = industry_on(work, reader, industry).link
    return PROVINCE if {industry, link} & set(as_texts(named)) else LOCAL


def guidance_threshold(reader: Reader, energy: int) -> int | None:
    """
    Return the threshold in kgce that *energy* kgce a year meets, None where it meets none.

    Whether exactly the threshold counts differs by source, so the pack says it. Rule: SUB-65.
    """
    found = reader.optional("two_high.window_guidance_from_tce")
    if found is None:
        return None
    threshold = as_int(found) * KGCE_PER_TCE
    is_inclusive = as_switch(reader.find("two_high.window_guidance_inclusive"))
    meets = energy >= threshold if is_inclusive else energy > threshold
    return threshold if meets else None


def require_approval(
    work: Work,
    row: ProjectRow,
    measures: Iterable[ProjectMeasureRow],
    *,
    approval: str,
    guidance: str,
) -> None:
    """
    Refuse a two-high project without window guidance or without the level that must approve it.

    An officer whose role holds for the province or anywhere is that level. Rule: SUB-65, SUB-66.
    """
    if not is_two_high(work, row):
        return
    reader = reader_of(work, row)
    energy = sum(one.added for one in measures if one.measure == "energy")
    threshold = guidance_threshold(reader, energy)
    if threshold is not None and not guidance.strip():
        raise GuidanceMissing(row.id, energy=energy, threshold=threshold)
    province = f"district:{row.district[:2]}0000"
    officers = frozenset({Role.CITY_REGULATOR})
    if approval.strip() or has_role(work.memory, work.approver, officers, province):
        return
    if approval_level(work, reader, row.industry) == PROVINCE:
        raise ApprovalTooLow(row.id, industry=row.industry, province=province)
