"""
Chapter five: reports are drafted, verified and accepted; duties follow; quota is trued up.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from api.demo.cast import (
    REG1,
    REG2,
    VER1,
    VER2,
    Place,
    dates,
    of_place,
    place,
    places,
    players,
    rows_of,
)
from api.demo.months import MORNING, evidence
from api.demo.province import YEAR
from api.demo.stage import Stage
from api.demo.words import Words, amount, measured_in
from ledger.allocation.true_up import TrueUp
from ledger.compliance.assess import ComputeObligations
from ledger.metering.report import DraftReport, OutputLine, SubmitReport
from ledger.metering.verify import AcceptReport, AssignVerifiers, VerifyReport
from ledger.units import format_tce


def report(stage: Stage) -> dict[str, str]:
    """Let every enterprise report its year, and have every report verified and accepted."""
    stage.voice.chapter(zh="报告与核查", en="A year is reported and verified")
    stage.at(dates()["reports_submitted"], minute=MORNING)
    drafted = [
        stage.do(DraftReport(enterprise=one.id, year=YEAR), actor=one.compliance)
        for one in players()
    ]
    energy = sum(answer.result["energy_kgce"] for answer in drafted)
    total = amount("energy", energy)
    stage.voice.say(
        zh=f"按计量数据生成 {len(drafted)} 份能源消费报告，合计用能 {total.zh}。",
        en=f"{len(drafted)} reports are drafted from the meters: {total.en} in all.",
    )
    outputs = _outputs()
    submitted = stage.all_both(
        [
            (
                one.compliance,
                one.admin,
                SubmitReport(enterprise=one.id, year=YEAR, version=1, outputs=outputs[one.id]),
            )
            for one in players()
        ]
    )
    hashes = {
        one.id: str(answer.result["report_hash"])
        for one, answer in zip(players(), submitted, strict=True)
    }
    _verify(stage, hashes)
    return hashes


def _outputs() -> dict[str, tuple[OutputLine, ...]]:
    outputs: dict[str, tuple[OutputLine, ...]] = defaultdict(tuple)
    for row in rows_of("outputs"):
        line = OutputLine(row["product"], int(row["amount"]), row["unit"])
        outputs[row["enterprise"]] += (line,)
    return outputs


def _verify(stage: Stage, hashes: dict[str, str]) -> None:
    stage.all_both(
        [
            (REG1, REG2, AssignVerifiers(enterprise=one.id, year=YEAR, verifiers=(VER1, VER2)))
            for one in players()
        ]
    )
    stage.at(dates()["reports_verified"], minute=MORNING)
    stage.all_both(
        [
            (
                VER1,
                VER2,
                VerifyReport(
                    enterprise=one.id,
                    year=YEAR,
                    version=1,
                    report_hash=hashes[one.id],
                    verdict="accept",
                    opinion_hash=evidence(f"示例核查意见 {one.id}"),
                ),
            )
            for one in players()
        ]
    )
    stage.at(dates()["reports_accepted"], minute=MORNING)
    stage.all_both(
        [
            (
                place(one.district).officer,
                REG1,
                AcceptReport(enterprise=one.id, year=YEAR, version=1, report_hash=hashes[one.id]),
            )
            for one in players()
        ]
    )
    stage.voice.say(
        zh=f"{len(hashes)} 份报告均经两名核查人员核查，并由主管部门受理。",
        en=f"{len(hashes)} reports are verified by two persons each and accepted by the districts.",
    )


def settle_quota(stage: Stage) -> None:
    """Compute what everyone owes, and true the quota up on what was really made."""
    stage.at(dates()["trued_up"], minute=MORNING)
    rows = []
    for where in places():
        stage.do(ComputeObligations(year=YEAR, district=where.code), actor=REG1)
        for measure in ("energy", "coal"):
            if not _has_plan(where.code, measure):
                continue
            true_up = TrueUp(
                district=where.code,
                year=YEAR,
                measure=measure,
                document=f"示例能清〔2026〕{where.short}号",
            )
            answer = stage.do_both(true_up, maker=where.officer, checker=REG1)
            rows.append((where, measure, answer.result))
    _show_true_up(stage, rows)
    stage.voice.why(
        zh="余额不得为负：当时收不回的部分记为应缴债权，以后收到指标时先行抵扣。",
        en="No balance goes below zero: what cannot be taken back now is claimed later.",
    )


def _show_true_up(stage: Stage, rows: list[tuple[Place, str, Mapping[str, Any]]]) -> None:
    stage.voice.table(
        Words("按实际产量核定配额：", "Quota is trued up on actual output:"),
        (
            Words("地区", "district"),
            Words("指标", "measure"),
            Words("补发", "credited"),
            Words("收回", "taken back"),
            Words("应缴债权", "due claims"),
        ),
        (
            (
                where.called,
                measured_in(measure),
                format_tce(result["credited"]),
                format_tce(result["returned"]),
                format_tce(result["claimed"]),
            )
            for where, measure, result in rows
        ),
    )


def _has_plan(district: str, measure: str) -> bool:
    members = {one.id for one in of_place(place(district))}
    return any(
        row["enterprise"] in members and row["measure"] == measure for row in rows_of("plan")
    )
