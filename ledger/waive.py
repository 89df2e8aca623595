"""
Record that values may be used though no source confirms them: each for its own days and reason.
"""

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

import msgspec

from ledger.command import Payload
from ledger.errors import Refused
from ledger.pack_value import parse_day
from ledger.policy import Pack, PackUnknown, Parameter
from ledger.policy_book import Policy
from ledger.rows import each_row
from ledger.subject import Result
from ledger.waiver import NEEDS_WAIVER, Use, Waiver, uncovered, value_text
from ledger.work import Work


class WaiverDaysUnfit(Refused):
    """The days of a waiver are no days, or end before they begin."""

    code = "waiver_days_unfit"
    rule = "POL-11"

    def __init__(self, first_day: str, last_day: str) -> None:
        super().__init__(
            f"{first_day[:20]!r} to {last_day[:20]!r} are not the days of a waiver: give a first"
            " and a last day such as 2026-06-30, the last not before the first",
            first_day=first_day[:20],
            last_day=last_day[:20],
        )


class WaiverReasonMissing(Refused):
    """A waiver says nothing of why."""

    code = "waiver_reason_missing"
    rule = "POL-11"

    def __init__(self, pack: str, key: str) -> None:
        super().__init__(
            f"the waiver of {pack}:{key} gives no reason: say why the value may be used",
            pack=pack,
            key=key,
        )


class WaiverNeedless(Refused):
    """On those days the pack holds no value of the key that a waiver would be for."""

    code = "waiver_needless"
    rule = "POL-11"

    def __init__(self, pack: str, *, key: str, first_day: date, last_day: date) -> None:
        super().__init__(
            f"from {first_day} to {last_day} pack {pack} holds no unconfirmed or analogous value of"
            f" {key} that is not waived already: check the key and the days",
            pack=pack,
            key=key,
            first_day=first_day.isoformat(),
            last_day=last_day.isoformat(),
        )


class WaiverLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One waiver: *key* of *pack* from *first_day* to *last_day*, both included, and why."""

    pack: str
    key: str
    first_day: str
    last_day: str
    reason: str


class WaiveParameters(Payload, frozen=True):
    """Let unconfirmed or analogous values be used for some days, each for a reason in words."""

    kind: ClassVar[str] = "packs.waive"
    rows: tuple[WaiverLine, ...]


def waive_parameters(work: Work, payload: WaiveParameters) -> Result:
    """
    Record waivers; each is for the values that the pack holds now, not for later ones.

    Refusals of a row in this order: pack, days, reason, nothing to waive. Rule: POL-11.
    """
    waived: list[str] = []
    each_row(payload.rows, lambda line: waived.extend(_waive(work, line)))
    return {"waived": sorted(waived)}


def record(work: Work, uses: Iterable[Use], *, reason: str) -> list[str]:
    """Record a waiver for each use that none speaks for, and return their names. Rule: POL-11."""
    policy = work.memory.cache(Policy)
    before = set(policy.waivers)
    work.on_refusal(lambda: setattr(policy, "waivers", before))
    names = []
    for use in uses:
        if uncovered([use], policy.waivers):
            _record(work, policy, use, reason=reason)
            names.append(use.name)
    return names


def _waive(work: Work, line: WaiverLine) -> list[str]:
    pack = work.memory.cache(Policy).packs.get(line.pack)
    if pack is None:
        raise PackUnknown(line.pack)
    first_day, last_day = parse_day(line.first_day), parse_day(line.last_day)
    if first_day is None or last_day is None or last_day < first_day:
        raise WaiverDaysUnfit(line.first_day, line.last_day)
    if not line.reason.strip():
        raise WaiverReasonMissing(line.pack, line.key)
    uses = _uses(pack, line.key, first_day=first_day, last_day=last_day)
    names = record(work, uses, reason=line.reason)
    if not names:
        raise WaiverNeedless(line.pack, key=line.key, first_day=first_day, last_day=last_day)
    return names


def _uses(pack: Pack, key: str, *, first_day: date, last_day: date) -> list[Use]:
    """Return the values of the pack's own that need a waiver on those days."""

    def shares_a_day(each: Parameter) -> bool:
        return each.valid_from <= last_day and (each.valid_to is None or first_day <= each.valid_to)

    return [
        Use(pack.id, each, first_day, last_day)
        for each in pack.parameters
        if each.key == key and each.status in NEEDS_WAIVER and shares_a_day(each)
    ]


def _record(work: Work, policy: Policy, use: Use, *, reason: str) -> None:
    parameter = use.parameter
    waiver = Waiver(
        pack=use.pack,
        key=parameter.key,
        valid_from=parameter.valid_from,
        value=value_text(parameter),
        first_day=use.first_day,
        last_day=use.last_day,
    )
    policy.waivers.add(waiver)
    days = (waiver.valid_from, waiver.first_day, waiver.last_day)
    texts = (day.isoformat() for day in days)
    work.add("waivers", (work.sequence, waiver.pack, waiver.key, *texts, waiver.value, reason))
