"""
What if: try a plan with other coefficients, and see every enterprise's quota before publishing.

The plan itself is played, on a memory and a session that are thrown away. So what a trial says and
what planning does can never be two opinions.
"""

from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Literal

import msgspec

from ledger.adopt import Policy
from ledger.allocation.draft import Staged
from ledger.allocation.grant import terms_of_row
from ledger.allocation.plan import work_out
from ledger.allocation.prepare import BASE_YEARS, PlanAllocations, PlanLine, district_rows
from ledger.allocation.tables import AllocationRow
from ledger.command import canonical
from ledger.districts.budget import Measure
from ledger.districts.draw import open_budget
from ledger.errors import Refused
from ledger.pack import Pack, Parameter, Status
from ledger.pack_value import SHAPES, fitted
from ledger.parties.party import Parties
from ledger.policy import Found
from ledger.work import Work

OVERRIDES_MAX = 50


class TrialEmpty(Refused):
    """There is nothing to try: no planned row, none of the base year, none given."""

    code = "trial_empty"
    rule = "ALC-96"

    def __init__(self, district: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"there is no {measure} row to try for {district} in {year}: plan rows first, name a "
            "base year, or send rows",
            district=district,
            year=year,
            measure=measure,
        )


class TrialMalformed(Refused):
    """A change that is to be tried is not one that a plan or a pack could take."""

    code = "trial_malformed"
    rule = "ALC-96"

    def __init__(self, field: str, *, text: str, accepted: str) -> None:
        super().__init__(
            f"{field} is {text[:40]!r}, but {accepted} is accepted",
            field=field,
            text=text[:40],
            accepted=accepted,
        )


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another value of a pack's parameter, as text in the parameter's own unit."""

    key: str
    value: str


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    What is to be tried for one district, year and measure.

    The rows are those *rows* that are sent, or else what is planned, or else the allocations of
    *base_year*. Numbers that are left empty stay as they are; *sector* narrows the changes of
    coefficients to one trade. *cap* of 0 leaves the budget as it is.
    """

    district: str
    year: int
    measure: Measure
    base_year: int = 0
    sector: str = ""
    method: Literal[
        "", "grandfathering", "historic_intensity", "benchmarking", "leader_level", "entitlement"
    ] = ""
    reduction: str = ""
    sector_coefficient: str = ""
    benchmark: str = ""
    cap: int = 0
    parameters: tuple[Override, ...] = ()
    rows: tuple[PlanLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """
    One enterprise and product in a trial: what stood before, and what would be.

    Amounts are kgce, or kg of coal. *before* is None where nothing was planned or given before.
    """

    enterprise: str
    product: str
    sector: str
    method: str
    requested: int
    granted: int
    pre_issued: int
    before: int | None
    sheet: str

    @property
    def difference(self) -> int:
        """Return how much more would be granted than before."""
        return self.granted - (self.before or 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a trial came to: its rows in order of id, and the answer that the plan would give.

    *lines* are the rows of the plan that would bring it about.
    """

    rows: tuple[Tried, ...]
    lines: tuple[PlanLine, ...]
    plan: dict[str, object]
    headroom: int

    def totals(self) -> dict[str, int]:
        """Return sums before and after, and how many win, lose and keep what they have."""
        differences = [row.difference for row in self.rows]
        return {
            "rows": len(self.rows),
            "before": sum(row.before or 0 for row in self.rows),
            "requested": sum(row.requested for row in self.rows),
            "granted": sum(row.granted for row in self.rows),
            "pre_issued": sum(row.pre_issued for row in self.rows),
            "difference": sum(differences),
            "winners": sum(each > 0 for each in differences),
            "losers": sum(each < 0 for each in differences),
            "unchanged": sum(each == 0 for each in differences),
            "headroom": self.headroom,
        }


def try_plan(work: Work, trial: Trial) -> Outcome:
    """
    Play the plan with the changes of *trial*, on a *work* that nobody keeps.

    The session must not flush by itself and is to be thrown away. Rule: ALC-96.
    """
    parties = work.memory.cache(Parties)
    _override(work, trial, parties.district(trial.district).pack)
    _move_cap(work, trial)
    base = _base(work, trial)
    # What stood before is noted first: planning writes into the very rows.
    before = {(row.enterprise, row.product): row.granted for row in base}
    lines = tuple(_changed(line, trial, parties) for line in trial.rows or map(line_of, base))
    if not lines:
        raise TrialEmpty(trial.district, year=trial.year, measure=trial.measure)
    payload = PlanAllocations(
        district=trial.district, year=trial.year, measure=trial.measure, rows=lines
    )
    plan = work_out(work, payload)
    return Outcome(
        rows=tuple(_tried(row, parties, before) for row in plan.rows),
        lines=lines,
        plan=dict(plan.result),
        headroom=int(str(plan.result["headroom"])),
    )


def _base(work: Work, trial: Trial) -> list[AllocationRow]:
    """Return the rows that a trial begins with, and compares with."""
    year = trial.base_year or trial.year
    rows = district_rows(work, trial.district, year=year, measure=trial.measure)
    return [row for row in rows if trial.base_year or row.state == "planned"]


def line_of(row: AllocationRow) -> PlanLine:
    """Return the line of a plan that gives *row* again, in its own year or in another."""
    terms = terms_of_row(row)
    years = [one.year for one in terms.base_years]
    is_usual = years == list(range(row.year - BASE_YEARS, row.year))
    fields: dict[str, object] = {
        "enterprise": row.enterprise,
        "product": row.product,
        "output": row.output,
        "method": "" if terms.method_pack else row.method,
        "base_first_year": 0 if is_usual or not years else years[0],
        "base_last_year": 0 if is_usual or not years else years[-1],
    }
    stated = terms.plain()
    for name in ("reduction", "sector_coefficient", "benchmark"):
        fields[name] = stated[name]
    if stated["benchmark"] == "0":
        fields["benchmark"] = ""
    return msgspec.convert(fields, PlanLine)


def _changed(line: PlanLine, trial: Trial, parties: Parties) -> PlanLine:
    """Return *line* with the coefficients that are to be tried, where they are meant for it."""
    if trial.sector and parties.enterprise(line.enterprise).sector != trial.sector:
        return line
    names = ("method", "reduction", "sector_coefficient", "benchmark")
    changes = {name: getattr(trial, name) for name in names if getattr(trial, name)}
    return msgspec.structs.replace(line, **changes)


def _move_cap(work: Work, trial: Trial) -> None:
    """
    Let the budget's cap be what is to be tried.

    Whoever sets the stage has given the budget's account the units that stand behind it.
    """
    if trial.cap < 0:
        raise TrialMalformed("cap", text=str(trial.cap), accepted="an amount above zero")
    if trial.cap:
        row = open_budget(work, trial.district, year=trial.year, measure=trial.measure)
        row.cap = trial.cap


def _override(work: Work, trial: Trial, pack_id: str) -> None:
    """Let parameters be what is to be tried, in the pack that is heard first. Rule: ALC-96."""
    if len(trial.parameters) > OVERRIDES_MAX:
        raise TrialMalformed(
            "parameters", text=str(len(trial.parameters)), accepted=f"up to {OVERRIDES_MAX}"
        )
    policy = work.memory.cache(Policy)
    first_day = date(trial.year, 1, 1)
    changed = {
        each.key: _parameter(policy.find(pack_id, each.key, on=first_day), each.value, first_day)
        for each in trial.parameters
    }
    if changed:
        pack = policy.governing(pack_id)[0]
        kept = [each for each in pack.parameters if each.key not in changed]
        policy.packs[pack.id] = replace(
            pack, version=_version(pack, trial), parameters=(*kept, *changed.values())
        )


def _version(pack: Pack, trial: Trial) -> str:
    """Return a version of its own: what is known of a pack is kept by it, from trial to trial."""
    tried = [[each.key, each.value] for each in trial.parameters]
    content = canonical([pack.id, pack.version, trial.year, tried])
    return f"what-if-{sha256(content).hexdigest()[:16]}"


def _parameter(found: Found, text: str, first_day: date) -> Parameter:
    shape = SHAPES[found.unit]
    raw: object = {"true": True, "false": False}.get(text, text)
    if isinstance(raw, str) and raw.isascii() and raw.isdigit():
        raw = int(raw) if len(raw) <= len(str(10**15)) else raw
    value = fitted(shape, raw)
    if value is None:
        raise TrialMalformed(found.key, text=text, accepted=str(shape))
    return Parameter(
        key=found.key,
        value=value,
        unit=found.unit,
        valid_from=first_day,
        valid_to=None,
        status=Status.SAMPLE,
        document="what-if",
        section=None,
        quote=None,
        source_file=None,
        note=None,
    )


def _tried(row: Staged, parties: Parties, before: dict[tuple[str, str], int]) -> Tried:
    return Tried(
        enterprise=row.enterprise,
        product=row.product,
        sector=parties.enterprise(row.enterprise).sector,
        method=row.method,
        requested=row.requested,
        granted=row.granted,
        pre_issued=row.pre_issued,
        before=before.get((row.enterprise, row.product)),
        sheet=row.sheet,
    )
