"""
Assess a project at the gate of its district, and record the verdict with its sheet.
"""

import re
from datetime import date
from fractions import Fraction
from typing import ClassVar

from ledger.adopt import Policy
from ledger.calculation import Sheet, step
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.districts.decision import require_decision
from ledger.districts.gate import (
    GateKind,
    Judged,
    ProjectClass,
    Saturation,
    Verdict,
    by_admission,
    by_advanced_level,
    by_class,
    by_saturation,
    by_statement,
    by_three_bands,
    project_intensity,
)
from ledger.districts.gate_tables import GateVerdictRow
from ledger.districts.passed import gate_of
from ledger.districts.priority import priority_of
from ledger.errors import Refused
from ledger.parties.party import Parties, PartyUnknown, require_id
from ledger.policy import Found, as_fraction, as_switch, as_texts
from ledger.post import AmountNotPositive
from ledger.subject import Handler, Result, Role
from ledger.units import parse_decimal
from ledger.work import Work

UNIT_USE_DECIMALS = 6

_PRODUCT = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class GateInputMissing(Refused):
    """The gate in force needs a figure or a finding that was not given."""

    code = "gate_input_missing"
    rule = "DST-76"

    def __init__(self, project: str, *, field: str, gate: str) -> None:
        super().__init__(
            f"the gate {gate} needs {field} of project {project}: give it, above zero where it is "
            "a figure",
            project=project,
            field=field,
            gate=gate,
        )


class AssessGate(Payload, frozen=True):
    """
    Assess a project. *energy_kgce* is its use a year, of which *feedstock_kgce* is feedstock.

    The gate in force asks for more: *value_added_fen* a year; or *product* and *unit_use*, decimal
    text in the unit of the pack's limit of the product; or *project_class*, *saturation* and the
    number of the *statement* of low-carbon technique. *priority* is its class in the budget.
    """

    kind: ClassVar[str] = "gates.assess"
    project: str
    enterprise: str
    district: str
    energy_kgce: int
    document: str
    feedstock_kgce: int = 0
    value_added_fen: int = 0
    product: str = ""
    unit_use: str = ""
    project_class: ProjectClass = ""
    saturation: Saturation = ""
    statement: str = ""
    priority: str = ""


class _Facts:
    """What the packs say of gates in one district on one day, and by which versions they say it."""

    def __init__(self, work: Work, district: str) -> None:
        self._policy = work.memory.cache(Policy)
        self._pack = work.memory.cache(Parties).district(district).pack
        self._on: date = day_of(work.now)
        self.versions: list[str] = []

    def find(self, key: str) -> Found:
        """Return the value in force of *key*, or refuse where no pack gives one."""
        found = self._policy.find(self._pack, key, on=self._on)
        version = f"{found.pack_id}@{found.version}"
        if version not in self.versions:
            self.versions.append(version)
        return found


def assess_gate(work: Work, payload: AssessGate) -> Result:
    """
    Judge a project by the gate in force, "no_gate" where there is none; the newest verdict counts.

    Rule: DST-70 to DST-76.
    """
    _require_form(work, payload)
    facts = _Facts(work, payload.district)
    gate = gate_of(work, payload.district)
    judged = _no_gate() if gate is None else _judge(payload, gate, facts)
    if gate is not None:
        facts.find("gate.kind")
    place = priority_of(work, payload.district, payload.priority, on=day_of(work.now))
    sheet = Sheet(" ".join(facts.versions) or "no pack", judged.steps)
    work.session.add(
        GateVerdictRow(
            assessed_by=work.sequence,
            project=payload.project,
            enterprise=payload.enterprise,
            district=payload.district,
            year=day_of(work.now).year,
            gate="none" if gate is None else str(gate),
            verdict=str(judged.verdict),
            priority=payload.priority,
            place=place,
            asks=payload.energy_kgce,
            document=payload.document,
            sheet=canonical(sheet.plain()).decode(),
        )
    )
    return {"project": payload.project, "verdict": str(judged.verdict)}


def _require_form(work: Work, payload: AssessGate) -> None:
    parties = work.memory.cache(Parties)
    require_id(payload.project)
    if parties.enterprise(payload.enterprise).district != payload.district:
        parties.district(payload.district)
        raise PartyUnknown(f"enterprise of {payload.district}", payload.enterprise)
    require_decision("the assessment", payload.document)
    if payload.energy_kgce <= 0:
        raise AmountNotPositive(payload.energy_kgce)
    if not 0 <= payload.feedstock_kgce <= payload.energy_kgce:
        raise AmountNotPositive(payload.energy_kgce - payload.feedstock_kgce)


def _no_gate() -> Judged:
    none = step(
        "gate",
        "no pack puts a gate in force",
        {},
        result=Verdict.NO_GATE,
        unit="verdict",
        rule="DST-75",
    )
    return Judged(Verdict.NO_GATE, (none,))


def _judge(payload: AssessGate, gate: GateKind, facts: _Facts) -> Judged:
    if gate is GateKind.THREE_BANDS:
        return _by_bands(payload, facts)
    if gate is GateKind.ADMISSION:
        unit_use, admission = _unit_use(payload, gate, facts, level="admission")
        measures = as_texts(facts.find("substitution.measures"))
        return by_admission(unit_use, admission=admission, measures=measures)
    return _by_class_and_capacity(payload, facts)


def _by_bands(payload: AssessGate, facts: _Facts) -> Judged:
    if payload.value_added_fen <= 0:
        raise _missing(payload, "value_added_fen", GateKind.THREE_BANDS)
    counts = as_switch(facts.find("review.feedstock_in_project_intensity"))
    intensity = project_intensity(
        energy_kgce=payload.energy_kgce,
        feedstock_kgce=0 if counts else payload.feedstock_kgce,
        value_added_fen=payload.value_added_fen,
    )
    stated = step(
        "intensity",
        "energy ÷ value added" if counts else "(energy − feedstock) ÷ value added",
        {
            "energy_kgce": payload.energy_kgce,
            "feedstock_kgce": payload.feedstock_kgce,
            "value_added_fen": payload.value_added_fen,
        },
        result=intensity,
        unit="tce per 10,000 yuan",
        rule="DST-70",
    )
    judged = by_three_bands(
        intensity,
        district_intensity=as_fraction(facts.find("gate.district_intensity")),
        city_benchmark=as_fraction(facts.find("gate.city_benchmark")),
    )
    return Judged(judged.verdict, (stated, *judged.steps))


def _by_class_and_capacity(payload: AssessGate, facts: _Facts) -> Judged:
    gate = GateKind.CLASS_AND_CAPACITY
    if not payload.project_class:
        raise _missing(payload, "project_class", gate)
    if not payload.saturation:
        raise _missing(payload, "saturation", gate)
    banned = by_class(payload.project_class)
    if banned is not None:
        return banned
    if payload.saturation == "saturated":
        return by_saturation(as_texts(facts.find("substitution.measures_when_saturated")))
    if payload.saturation == "emerging":
        return by_statement(payload.statement)
    unit_use, advanced = _unit_use(payload, gate, facts, level="advanced")
    return by_advanced_level(unit_use, advanced=advanced)


def _unit_use(
    payload: AssessGate, gate: GateKind, facts: _Facts, *, level: str
) -> tuple[Fraction, Fraction]:
    """Return a project's unit use and the level of its product, in one unit. Rule: DST-71."""
    if not _PRODUCT.fullmatch(payload.product):
        raise _missing(payload, "product", gate)
    if not payload.unit_use:
        raise _missing(payload, "unit_use", gate)
    found = facts.find(f"limit.{payload.product}.{level}")
    stated = parse_decimal(payload.unit_use, unit=found.unit, decimals=UNIT_USE_DECIMALS)
    return Fraction(stated), as_fraction(found)


def _missing(payload: AssessGate, field: str, gate: GateKind) -> GateInputMissing:
    return GateInputMissing(payload.project, field=field, gate=gate)


def _scope(_work: Work, payload: AssessGate) -> str:
    return f"district:{payload.district}"


_MAKERS = frozenset({Role.DISTRICT_REGULATOR, Role.CITY_REGULATOR})

ASSESS_HANDLERS = (Handler(AssessGate, assess_gate, makers=_MAKERS, scope=_scope),)
