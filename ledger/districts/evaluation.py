"""
Record what enterprises make of their energy and land, score it, and tell allocation the bands.
"""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.calculation import Sheet
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.districts.decision import require_decision
from ledger.districts.evaluate import INDICATORS, Scale, Yield, ranks, score
from ledger.districts.evaluation_tables import EvaluationInputRow, EvaluationScoreRow
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import Found, as_fraction, as_int, as_share, as_texts
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.work import Work

BANDS = ("a", "b", "c")


class EvaluationMalformed(Refused):
    """A row of evaluation is not of the past, repeats another, or has nothing to divide by."""

    code = "evaluation_malformed"
    rule = "DST-84"

    def __init__(self, enterprise: str, *, year: int, problem: str) -> None:
        super().__init__(
            f"the evaluation of {enterprise} for {year} is {problem}; one row a past year, with "
            "energy and land above zero and tax from zero, is accepted",
            enterprise=enterprise,
            year=year,
            problem=problem,
        )


class EvaluationScaleWrong(Refused):
    """A pack weighs an indicator that does not exist, or its weights are not one."""

    code = "evaluation_scale_wrong"
    rule = "DST-85"

    def __init__(self, pack: str, *, problem: str) -> None:
        super().__init__(
            f"the scale of pack {pack} cannot score: {problem}", pack=pack, problem=problem
        )


class NothingToScore(Refused):
    """No enterprise of the district has figures for the year."""

    code = "nothing_to_score"
    rule = "DST-86"

    def __init__(self, district: str, *, year: int) -> None:
        super().__init__(
            f"no enterprise of {district} has figures for {year}: record them first",
            district=district,
            year=year,
        )


class EvaluationLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One enterprise's year: value added and tax in fen, energy in kgce, land in square metres."""

    enterprise: str
    year: int
    value_added_fen: int
    tax_fen: int
    energy_kgce: int
    land_m2: int
    document: str


class RecordEvaluations(Payload, frozen=True):
    """Record figures; a later record of an enterprise and year stands in its place."""

    kind: ClassVar[str] = "evaluations.record"
    rows: tuple[EvaluationLine, ...]


class ScoreEvaluations(Payload, frozen=True):
    """Score and rank every enterprise of a district that has figures for *year*."""

    kind: ClassVar[str] = "evaluations.score"
    district: str
    year: int
    document: str


def record_evaluations(work: Work, payload: RecordEvaluations) -> Result:
    """Keep every figure with its document. Rule: DST-84."""
    seen: set[tuple[str, int]] = set()
    each_row(payload.rows, lambda line: _record(work, line, seen))
    return {"rows": len(payload.rows)}


def _record(work: Work, line: EvaluationLine, seen: set[tuple[str, int]]) -> None:
    work.memory.cache(Parties).enterprise(line.enterprise)
    require_decision("the figures", line.document)
    problem = _problem(work, line, seen)
    if problem:
        raise EvaluationMalformed(line.enterprise, year=line.year, problem=problem)
    seen.add((line.enterprise, line.year))
    work.session.add(
        EvaluationInputRow(
            enterprise=line.enterprise,
            year=line.year,
            recorded_by=work.sequence,
            value_added_fen=line.value_added_fen,
            tax_fen=line.tax_fen,
            energy_kgce=line.energy_kgce,
            land_m2=line.land_m2,
            document=line.document,
        )
    )


def _problem(work: Work, line: EvaluationLine, seen: set[tuple[str, int]]) -> str:
    if line.year >= day_of(work.now).year:
        return "not of the past"
    if min(line.energy_kgce, line.land_m2) <= 0:
        return "without energy or land"
    if line.tax_fen < 0:
        return "of a tax below zero"
    return "given twice" if (line.enterprise, line.year) in seen else ""


def score_evaluations(work: Work, payload: ScoreEvaluations) -> Result:
    """
    Score every enterprise, with a sheet each, by the scale in force at the year's end; rank them.

    Rule: DST-85, DST-86.
    """
    require_decision("the scoring", payload.document)
    scale, version = _scale(work, payload)
    made = _newest_inputs(work, payload)
    if not made:
        raise NothingToScore(payload.district, year=payload.year)
    scores = {enterprise: score(one, scale) for enterprise, one in made.items()}
    places = ranks({enterprise: one.hundredths for enterprise, one in scores.items()})
    work.session.add_all(
        EvaluationScoreRow(
            enterprise=enterprise,
            year=payload.year,
            scored_by=work.sequence,
            district=payload.district,
            score=one.hundredths,
            band=one.band,
            rank=places[enterprise],
            sheet=canonical(Sheet(version, one.steps).plain()).decode(),
        )
        for enterprise, one in scores.items()
    )
    return {"scored": len(scores)}


def _newest_inputs(work: Work, payload: ScoreEvaluations) -> dict[str, Yield]:
    parties = work.memory.cache(Parties)
    rows = work.session.scalars(
        sa.select(EvaluationInputRow)
        .where(EvaluationInputRow.year == payload.year)
        .order_by(EvaluationInputRow.recorded_by)
    )
    found = {
        row.enterprise: Yield(row.value_added_fen, row.tax_fen, row.energy_kgce, row.land_m2)
        for row in rows
        if parties.enterprise(row.enterprise).district == payload.district
    }
    return dict(sorted(found.items()))


def _scale(work: Work, payload: ScoreEvaluations) -> tuple[Scale, str]:
    """Return the pack's scale at the end of the year, and the versions that gave it. DST-85."""
    pack = work.memory.cache(Parties).district(payload.district).pack
    policy = work.memory.cache(Policy)
    versions: dict[str, None] = {}

    def find(key: str) -> Found:
        found = policy.find(pack, f"evaluation.{key}", on=date(payload.year, 12, 31))
        versions[f"{found.pack_id}@{found.version}"] = None
        return found

    names = as_texts(find("indicators"))
    unknown = [name for name in names if name not in INDICATORS]
    if unknown:
        raise EvaluationScaleWrong(pack, problem="it weighs what is no indicator")
    scale = Scale(
        weights={name: as_share(find(f"weight.{name}")) for name in names},
        baselines={name: as_fraction(find(f"baseline.{name}")) for name in names},
        ratio_max=as_fraction(find("ratio_max")),
        from_points={band: as_int(find(f"from_points.{band}")) for band in BANDS},
    )
    if sum(scale.weights.values()) != 1:
        raise EvaluationScaleWrong(pack, problem="its weights do not sum to one")
    if min(scale.baselines.values()) <= 0:
        raise EvaluationScaleWrong(pack, problem="a baseline is not above zero")
    return scale, " ".join(versions)


def bands_of(work: Work, enterprises: Sequence[str], year: int) -> dict[str, str]:
    """
    Return the newest band of each enterprise that was scored for *year*, in one question.

    Allocation multiplies by the pack's factor of the band (`evaluation.coefficient.<band>`) and
    shows the band in its sheet; without a score there is nothing to multiply by.

    Rule: DST-87.
    """
    found = work.session.execute(
        sa.select(EvaluationScoreRow.enterprise, EvaluationScoreRow.band)
        .where(EvaluationScoreRow.enterprise.in_(enterprises), EvaluationScoreRow.year == year)
        .order_by(EvaluationScoreRow.scored_by)
    )
    return {row.enterprise: row.band for row in found}


def _scope_of_rows(work: Work, payload: RecordEvaluations) -> str:
    parties = work.memory.cache(Parties)
    districts = {parties.enterprise(line.enterprise).district for line in payload.rows}
    return f"district:{districts.pop()}" if len(districts) == 1 else ANYWHERE


def _scope(_work: Work, payload: ScoreEvaluations) -> str:
    return f"district:{payload.district}"


_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})
_CITY = frozenset({Role.CITY_REGULATOR})

EVALUATION_HANDLERS = (
    Handler(RecordEvaluations, record_evaluations, makers=_DISTRICT | _CITY, scope=_scope_of_rows),
    Handler(ScoreEvaluations, score_evaluations, makers=_DISTRICT, checkers=_CITY, scope=_scope),
)
