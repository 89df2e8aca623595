"""
Chapter eight: quota moves without a trade: pledged, frozen, collected, released; later leased.
"""

from typing import Any

from api.demo.cast import REG1, REG2, VER1, VER2, moves, place, player, session
from api.demo.months import MORNING, evidence
from api.demo.stage import Stage
from api.demo.words import Words, amount, yuan
from api.read.trials import outcome_of
from ledger.allocation.what_if import Trial
from ledger.command import Answer, Payload
from ledger.db import reading
from ledger.liens.lease import AcceptLease, OfferLease
from ledger.liens.pledge import AcceptPledge, OfferPledge, ReleasePledge
from ledger.parties.enroll import (
    EnterpriseLine,
    RegisterEnterprises,
    RegisterSectors,
    SectorLine,
)
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.substitution.collect import DecideBatch, LotLine, PlanBatch, ReviewBatch
from ledger.substitution.collected import LotKind
from ledger.substitution.release_reserve import ReleaseLine, ReleaseQuota
from market.court_freeze import FreezeUnits

SEC1, SEC2 = "person:SEC1", "person:SEC2"


def move_without_trade(stage: Stage) -> None:
    """Pledge, freeze, collect and release, each by those whose word it takes."""
    stage.voice.chapter(zh="无价流转与权利负担", en="Quota moves without a trade")
    stage.at(moves()["moved_on"], minute=MORNING)
    _pledge(stage)
    _freeze(stage)
    _collect(stage)
    _release(stage)
    stage.voice.why(
        zh="质押、冻结的指标不能出售，也不会自动归质权人；收储后来源仍可追溯。",
        en="What is pledged or frozen cannot be sold; what is collected keeps its origin.",
    )


def _by(stage: Stage, payload: Payload, enterprise: str) -> Answer:
    """Let the trader of an enterprise propose and its administrator approve."""
    maker, checker = f"person:{enterprise}-T", f"person:{enterprise}-A"
    return stage.do_both(payload, maker=maker, checker=checker)


def lease_out(stage: Stage) -> None:
    """Lease allowances of the new year, which come back by themselves."""
    item = moves()["lease"]
    _by(stage, OfferLease(**item), item["enterprise"])
    _by(stage, AcceptLease(lease=item["lease"]), item["lessee"])
    lessor, lessee = player(item["enterprise"]).called, player(item["lessee"]).called
    what, rent = amount("energy", item["amount"]), yuan(item["rent_fen"])
    stage.voice.say(
        zh=f"{lessor.zh}将 {what.zh}租给{lessee.zh}，租金 {rent.zh}，"
        f"{item['return_on']} 到期自动返还。",
        en=f"{lessor.en} leases {what.en} to {lessee.en} for {rent.en}; they come back by "
        f"themselves after {item['return_on']}.",
    )


def _pledge(stage: Stage) -> None:
    item = {key: value for key, value in moves()["pledge"].items() if key != "released"}
    _enroll_bank(stage)
    _by(stage, OfferPledge(**item), item["enterprise"])
    _by(stage, AcceptPledge(pledge=item["pledge"]), item["pledgee"])
    pledgor, what = player(item["enterprise"]).called, amount("coal", item["amount"])
    loan = yuan(item["secured_fen"])
    stage.voice.say(
        zh=f"{pledgor.zh}以履约后结余的 {what.zh}煤炭指标向示例银行质押，担保 {loan.zh}。",
        en=f"{pledgor.en} pledges {what.en} of coal, which it will not need, to a bank for "
        f"{loan.en}.",
    )


def _enroll_bank(stage: Stage) -> None:
    bank = moves()["bank"]
    stage.do(RegisterSectors(rows=(SectorLine(**bank["sector"]),)), actor=REG1)
    stage.do(RegisterEnterprises(rows=(EnterpriseLine(**bank["enterprise"]),)), actor=REG1)
    scope = f"enterprise:{bank['enterprise']['id']}"
    roles = {"T": Role.ENTERPRISE_TRADER, "A": Role.ENTERPRISE_ADMIN}
    grants = tuple(
        Grant(f"person:{bank['enterprise']['id']}-{letter}", role, scope)
        for letter, role in roles.items()
    )
    stage.do_both(GrantRoles(grants=grants), maker=SEC1, checker=SEC2)


def release_half(stage: Stage) -> None:
    """Let the bank release a part of its pledge."""
    item = moves()["pledge"]
    payload = ReleasePledge(pledge=item["pledge"], amount=item["released"])
    _by(stage, payload, item["pledgee"])


def _freeze(stage: Stage) -> None:
    first, second = moves()["freeze"], moves()["freeze_waiting"]
    officer = place(player(first["enterprise"]).district).officer
    answers = [
        stage.do_both(FreezeUnits(**item), maker=officer, checker=REG1) for item in (first, second)
    ]
    took = [answer.result["frozen"] for answer in answers]
    debtor = player(first["enterprise"]).called
    one, two = amount("energy", took[0]), amount("energy", took[1])
    asked = amount("energy", second["amount"])
    stage.voice.say(
        zh=f"法院冻结{debtor.zh} {one.zh}；另一法院轮候冻结 {asked.zh}，现得 {two.zh}。",
        en=f"A court freezes {one.en} of {debtor.en}; another one waits for {asked.en} and has "
        f"{two.en} so far.",
    )


def _collect(stage: Stage) -> None:
    item = moves()["collection"]
    lot = LotLine(
        lot_kind=LotKind(item["lot_kind"]),
        measure=item["measure"],
        source=item["source"],
        target=item["target"],
    )
    batch = PlanBatch(
        batch=item["batch"], reserve=item["reserve"], document=item["document"], lots=(lot,)
    )
    stage.do(batch, actor=REG1)
    review = ReviewBatch(
        batch=item["batch"],
        finding="upheld",
        document=item["review_document"],
        evidence=evidence(item["evidence_document"]),
    )
    stage.do_both(review, maker=VER1, checker=VER2)
    decision = DecideBatch(
        batch=item["batch"], body=item["body"], document=item["decision_document"]
    )
    stage.do_both(decision, maker=REG1, checker=REG2)
    there = stage.program.writer.memory.holdings([f"source:{item['target']}"])
    taken = amount("energy", sum(there.values()))
    stage.voice.say(
        zh=f"省级收储来源 {item['source']} 余量的一半，计 {taken.zh}，来源类别不变。",
        en=f"The province collects half of what is left of source {item['source']}: {taken.en}.",
    )


def _release(stage: Stage) -> None:
    item = moves()["release"]
    line = ReleaseLine(source=item["source"], target=item["target"], amount=item["amount"])
    payload = ReleaseQuota(enterprise=item["enterprise"], document=item["document"], rows=(line,))
    maker = player(item["enterprise"]).admin
    answer = stage.do_both(payload, maker=maker, checker=REG1)
    buyer, what = player(item["enterprise"]).called, amount("energy", item["amount"])
    paid = yuan(answer.result["paid_fen"])
    stage.voice.say(
        zh=f"{buyer.zh}申购收储指标 {what.zh}，支付 {paid.zh}，款与指标同时交付。",
        en=f"{buyer.en} buys {what.en} of the reserve and pays {paid.en} in the same entry.",
    )


def try_other_terms(stage: Stage) -> None:
    """Show what another coefficient would do to a plan that waits; nothing is written."""
    item: dict[str, Any] = moves()["trial"]
    with reading(stage.program.engine) as connection:
        outcome = outcome_of(connection, Trial(year=session()["year"], **item))
    totals = outcome.totals()
    before = amount(item["measure"], totals["before"])
    after = amount(item["measure"], totals["granted"])
    called = place(item["district"]).called
    stage.voice.table(
        Words(
            f"试算（不写入账本）：{called.zh}按历史量分配的企业，降幅改为 {item['reduction']}",
            f"What if, nothing written: a reduction of {item['reduction']} where past use counts, "
            f"in {called.en}",
        ),
        (
            Words("配额合计", "quota, all"),
            Words("试算合计", "tried, all"),
            Words("增加企业", "win"),
            Words("减少企业", "lose"),
        ),
        [(before, after, str(totals["winners"]), str(totals["losers"]))],
    )
