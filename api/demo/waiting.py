"""
Chapter ten, last: what people find on their desks, proposed by one and waiting for another.

A proposal lives for a day, so these are made at the last minute of the play.
"""

from decimal import Decimal
from typing import Any

from api.demo.cast import EXC2, VER1, VER2, place, player, rows_of, session
from api.demo.months import opinion_of
from api.demo.opening import listing_of
from api.demo.province import Plans, issue_of
from api.demo.stage import Stage
from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.approve import proposing
from ledger.command import Payload
from ledger.metering.read import CorrectReading, ReadingLine
from ledger.substitution.confirm import ConfirmFreed


def leave_waiting(stage: Stage, plans: Plans) -> None:
    """Propose what the visitor may decide."""
    _review_all(stage)
    for maker, payload in [
        *_of_districts(plans),
        (VER1, opinion_of(_retrofit("opinion"))),
        (EXC2, listing_of(session()["listing"])),
        (player(session()["correction"]["enterprise"]).compliance, _correction()),
    ]:
        stage.do(proposing(payload), actor=maker)


def _review_all(stage: Stage) -> None:
    """Let the verifiers uphold the claim whose confirmation is to wait."""
    stage.do_both(opinion_of(_retrofit("confirmation")), maker=VER1, checker=VER2)


def _of_districts(plans: Plans) -> list[tuple[str, Payload]]:
    """Return what district officers propose to the city: an issue, freed quota, a right."""
    waits_in = session()["allocation"]["waits_in"]
    freed = _retrofit("confirmation")
    right = session()["entitlement"]
    return [
        (place(waits_in).officer, issue_of(plans[waits_in, "energy"])),
        (
            _officer_of(freed["enterprise"]),
            ConfirmFreed(claim=freed["claim"], document=freed["document"]),
        ),
        (
            _officer_of(right["enterprise"]),
            ConfirmEntitlements(rows=(EntitlementLine(**right),)),
        ),
    ]


def _officer_of(enterprise: str) -> str:
    return place(player(enterprise).district).officer


def _retrofit(waits_for: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        item for item in session()["retrofit"] if item["waits_for"] == waits_for
    )
    return found


def _correction() -> CorrectReading:
    """Return a lower reading of the last month read, for the enterprise's second person."""
    item = session()["correction"]
    read = next(
        row["value"]
        for row in rows_of(f"readings-{session()['year']}")
        if (row["meter"], row["month"]) == (item["meter"], item["month"])
    )
    line = ReadingLine(
        meter=item["meter"],
        month=item["month"],
        value=str(Decimal(read) - item["less"]),
        unit=item["unit"],
    )
    return CorrectReading(enterprise=item["enterprise"], reading=line, reason=item["reason"])
