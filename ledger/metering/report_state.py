"""
The states of an energy report, what it refuses, and what a final one says.
"""

from dataclasses import dataclass
from enum import StrEnum

from ledger.errors import Refused
from ledger.metering.carriers import Basis


class ReportState(StrEnum):
    """Where one version of a report stands; a returned version is followed by a new draft."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    RETURNED = "returned"
    FINAL = "final"


LOCKED = frozenset({ReportState.SUBMITTED, ReportState.VERIFIED, ReportState.FINAL})


@dataclass(frozen=True, slots=True)
class FinalReport:
    """What an enterprise consumed and made in a year, as the authority accepted it."""

    enterprise: str
    year: int
    version: int
    energy_kgce: int
    coal_kg: int
    outputs: dict[str, int]
    report_hash: str
    basis: Basis
    edition: str


class ReportExists(Refused):
    """The year's report is final."""

    code = "report_exists"
    rule = "MRV-65"

    def __init__(self, enterprise: str, *, year: int, version: int) -> None:
        super().__init__(
            f"the report of {enterprise} for {year} is final in version {version}: a year is "
            "reported once",
            enterprise=enterprise,
            year=year,
            version=version,
        )


class ReportLocked(Refused):
    """The report is in a state in which this is not done to it."""

    code = "report_locked"
    rule = "MRV-65"

    def __init__(
        self, enterprise: str, *, year: int, version: int, state: str, accepted: str
    ) -> None:
        super().__init__(
            f"version {version} of the report of {enterprise} for {year} is {state}; "
            f"this is accepted only where it is {accepted}",
            enterprise=enterprise,
            year=year,
            version=version,
            state=state,
            accepted=accepted,
        )


class ReportOutdated(Refused):
    """Readings, factors or policy have changed since the draft was computed."""

    code = "report_outdated"
    rule = "MRV-63"

    def __init__(self, enterprise: str, *, year: int, drafted_kgce: int, current_kgce: int) -> None:
        super().__init__(
            f"the draft of {enterprise} for {year} states {drafted_kgce} kgce, but readings, "
            f"factors or policy have changed since and now give {current_kgce} kgce: draft again",
            enterprise=enterprise,
            year=year,
            drafted_kgce=drafted_kgce,
            current_kgce=current_kgce,
        )


class ReportVersionUnknown(Refused):
    """A command names another version, or another content, than the newest of the report."""

    code = "report_version_unknown"
    rule = "MRV-66"

    def __init__(self, enterprise: str, *, year: int, version: int, newest: int) -> None:
        super().__init__(
            f"the report of {enterprise} for {year} has no version {str(version)[:20]} of this "
            f"content to act on; its newest is {newest or 'none'}: read that one and name its hash",
            enterprise=enterprise,
            year=year,
            version=str(version)[:20],
            newest=newest,
        )


class VerificationPending(Refused):
    """The year has no final report yet."""

    code = "verification_pending"
    rule = "MRV-69"

    def __init__(self, enterprise: str, *, year: int, state: str) -> None:
        super().__init__(
            f"the report of {enterprise} for {year} is {state}, not verified and accepted: "
            "only a final report counts",
            enterprise=enterprise,
            year=year,
            state=state,
        )


class OutputDuplicate(Refused):
    """A product stands twice among the outputs."""

    code = "output_duplicate"
    rule = "MRV-64"

    def __init__(self, product: str) -> None:
        super().__init__(
            f"product {product} stands there twice: one row is accepted", product=product
        )


class OutputUnnamed(Refused):
    """An output has no product or no unit."""

    code = "output_unnamed"
    rule = "MRV-64"

    def __init__(self, product: str, unit: str) -> None:
        super().__init__(
            "an output needs the name of its product and its unit, up to 64 characters each",
            product=product[:64],
            unit=unit[:64],
        )


class VerifierUnfit(Refused):
    """A person cannot verify this report."""

    code = "verifier_unfit"
    rule = "MRV-67"

    def __init__(self, person: str, *, enterprise: str, reason: str) -> None:
        super().__init__(
            f"{person[:40]} cannot verify reports of {enterprise}: {reason}",
            person=person[:40],
            enterprise=enterprise,
            reason=reason,
        )


class VerifierTeamTooSmall(Refused):
    """Fewer persons stand behind a verification than the policy asks for."""

    code = "verifier_team_too_small"
    rule = "MRV-68"

    def __init__(self, enterprise: str, *, year: int, needed: int, given: int) -> None:
        super().__init__(
            f"{given} verifiers are named for the report of {enterprise} for {year}, but at least "
            f"{needed} are needed",
            enterprise=enterprise,
            year=year,
            needed=needed,
            given=given,
        )


class OpinionHashMalformed(Refused):
    """An opinion's document is not named by a SHA-256 in hex."""

    code = "opinion_hash_malformed"
    rule = "MRV-68"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:70]!r} is not a SHA-256: 64 digits and letters a to f", opinion_hash=text[:70]
        )


class ReasonMissing(Refused):
    """A report was returned without a word on why."""

    code = "return_reason_missing"
    rule = "MRV-70"

    def __init__(self) -> None:
        super().__init__("a report is returned with a reason that its enterprise can act on")
