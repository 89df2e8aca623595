"""
Who may offer a source to a project, and which coal counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ledger.errors import Refused
from ledger.policy import as_text, as_texts
from ledger.roles import has_role
from ledger.subject import Role
from ledger.substitution.evidence import require_document
from ledger.substitution.holders import (
    SourceNotHeld,
    holder_of,
    is_in_reserve,
    parent_of,
    require_holder,
)
from ledger.substitution.read_terms import Reader, reader_of
from ledger.substitution.reserve_tables import FreedWayRow
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow, ProjectRow
from ledger.work import Work

Carrier = Literal["", "raw_coal", "coke", "semi_coke", "petroleum_coke", "gangue", "feedstock_coal"]
"""What a source of the coal measure no longer burns; a pack says which of them count."""

_SAVING = frozenset({"retrofit", "management"})


class CarrierNotStated(Refused):
    """A plan names a source of coal and does not say which coal it is."""

    code = "coal_carrier_not_stated"
    rule = "SUB-69"

    def __init__(self, project: str, *, source: str, accepted: str) -> None:
        super().__init__(
            f"the plan of {project} does not say what source {source} no longer burns; "
            f"{accepted} is accepted",
            project=project,
            source=source,
            accepted=accepted,
        )


class CarrierRefused(Refused):
    """What a source no longer burns does not count as coal."""

    code = "coal_carrier_refused"
    rule = "SUB-69"

    def __init__(self, project: str, *, source: str, carrier: str, accepted: str) -> None:
        super().__init__(
            f"source {source} of project {project} gives up {carrier}, which does not count as "
            f"coal; {accepted} is accepted",
            project=project,
            source=source,
            carrier=carrier,
            accepted=accepted,
        )


class ConsentUnknown(Refused):
    """A pack says something else of who may offer a source."""

    code = "source_consent_unknown"
    rule = "SUB-68"

    def __init__(self, consent: str) -> None:
        super().__init__(
            f"{consent!r} does not say who may offer a source; holder or pool is accepted",
            consent=consent,
        )


class SavingNeeded(Refused):
    """The city meets the energy measure with savings, and this source is none."""

    code = "energy_saving_needed"
    rule = "SUB-81"

    def __init__(self, project: str, *, source: str, method: str) -> None:
        super().__init__(
            f"source {source} of project {project} came free by {method}, but energy is "
            "substituted by verified savings here: one by retrofit or management is accepted",
            project=project,
            source=source,
            method=method,
        )


@dataclass(frozen=True, slots=True)
class Offering:
    """
    What a plan says of its sources beside their amounts.

    *document* assigns the sources of other holders; *carriers* are by source.
    """

    document: str
    carriers: Mapping[str, Carrier]


def require_offered(
    work: Work, row: ProjectRow, source: FreedSourceRow, offering: Offering
) -> None:
    """Refuse a source of another holder, and coal that does not count. SUB-68, SUB-69, SUB-81."""
    reader = reader_of(work, row)
    _require_holder(work, row, source, offering.document, reader)
    if source.measure == "coal":
        _require_carrier(row, source, offering.carriers.get(source.id, ""), reader)
    if source.measure == "energy":
        _require_saving(work, row, source, reader)


def _require_holder(
    work: Work, row: ProjectRow, source: FreedSourceRow, document: str, reader: Reader
) -> None:
    """
    Refuse a source that the applicant does not hold, unless the pool's authority assigns it.

    What a reserve holds is never assigned: the reserve releases it first. Rule: SUB-68.
    """
    holder = holder_of(work, source.id)
    if holder == row.enterprise:
        return
    consent = as_text(reader.find("substitution.source_consent"))
    if consent == "holder":
        require_holder(work, source.id, row.enterprise)
    if consent != "pool":
        raise ConsentUnknown(consent)
    if is_in_reserve(holder) or not _is_authority(work, row.district):
        raise SourceNotHeld(source.id, holder=holder, offered_by=row.enterprise)
    require_document("the assignment of sources", document)


def _is_authority(work: Work, district: str) -> bool:
    roles = frozenset({Role.DISTRICT_REGULATOR, Role.CITY_REGULATOR})
    return has_role(work.memory, work.actor, roles, f"district:{district}")


def _require_carrier(row: ProjectRow, source: FreedSourceRow, carrier: str, reader: Reader) -> None:
    accepted = as_texts(reader.find("substitution.coal_carriers"))
    named = ", ".join(accepted)
    if not carrier:
        raise CarrierNotStated(row.id, source=source.id, accepted=named)
    if carrier not in accepted:
        raise CarrierRefused(row.id, source=source.id, carrier=carrier, accepted=named)


def _require_saving(work: Work, row: ProjectRow, source: FreedSourceRow, reader: Reader) -> None:
    """Refuse what is no saving where the pack names energy_saving alone. Rule: SUB-81."""
    found = reader.optional("substitution.energy_sources")
    if found is None or as_texts(found) != ("energy_saving",):
        return
    way = work.session.get(FreedWayRow, source.claim)
    method = way.way if way else work.session.get_one(FreedClaimRow, source.claim).method
    if method not in _SAVING:
        raise SavingNeeded(row.id, source=source.id, method=method)


def came_from_reserve(work: Work, source: str) -> bool:
    """Return whether a province's reserve released *source*, now or before. Rule: SUB-79."""
    while source:
        if is_in_reserve(holder_of(work, source)):
            return True
        source = parent_of(work, source)
    return False
