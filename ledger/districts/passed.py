"""
Whether a project has passed the gate of its district.
"""

from datetime import date

import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.days import day_of
from ledger.districts.gate import PASSING, GateKind, Verdict
from ledger.districts.gate_tables import GateVerdictRow, ListingRow, RegionProjectRow
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import ParameterMissing, as_text
from ledger.work import Work

LISTED = frozenset({"granted", "handed_over"})


class GateUnknown(Refused):
    """A pack names a gate that this program does not know."""

    code = "gate_unknown"
    rule = "DST-75"

    def __init__(self, kind: str, *, pack: str) -> None:
        super().__init__(
            f"pack {pack} puts the gate {kind!r} in force; {', '.join(GateKind)} are known",
            gate=kind,
            pack=pack,
        )


class GateNotPassed(Refused):
    """A gate is in force in the district and the project has not passed it."""

    code = "gate_not_passed"
    rule = "DST-75"

    def __init__(self, project: str, *, gate: str, verdict: str) -> None:
        super().__init__(
            f"project {project} has not passed the gate {gate} (verdict: {verdict}): let it be "
            "assessed, or, where the verdict says so, let the city list quota for it",
            project=project,
            gate=gate,
            verdict=verdict,
        )


def gate_of(work: Work, district: str, *, on: date | None = None) -> GateKind | None:
    """Return the gate in force in a district, None where its packs have none. Rule: DST-75."""
    pack = work.memory.cache(Parties).district(district).pack
    on = day_of(work.now) if on is None else on
    try:
        found = work.memory.cache(Policy).find(pack, "gate.kind", on=on)
    except ParameterMissing:
        return None
    kind = as_text(found)
    if kind not in set(GateKind):
        raise GateUnknown(kind, pack=found.pack_id)
    return GateKind(kind)


def require_passed_gate(work: Work, project: str, district: str) -> None:
    """
    Refuse a project whose newest verdict lets it not go on, where a gate is in force on this day.

    A project that applied for listed quota passes when the city has granted it; one inside a
    regional assessment that it met has passed with it.

    Rule: DST-75.
    """
    gate = gate_of(work, district)
    if gate is None or work.session.get(RegionProjectRow, project) is not None:
        return
    row = newest_verdict(work, project)
    verdict = "none" if row is None else row.verdict
    if verdict in PASSING:
        return
    if verdict == Verdict.APPLY_FOR_LISTING and _is_listed(work, project):
        return
    raise GateNotPassed(project, gate=gate, verdict=verdict)


def newest_verdict(work: Work, project: str) -> GateVerdictRow | None:
    """Return a project's newest verdict, None where it was never assessed."""
    return work.session.scalar(
        sa.select(GateVerdictRow)
        .where(GateVerdictRow.project == project)
        .order_by(GateVerdictRow.assessed_by.desc())
        .limit(1)
    )


def _is_listed(work: Work, project: str) -> bool:
    row = work.session.get(ListingRow, project)
    return row is not None and row.state in LISTED
