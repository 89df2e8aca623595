"""
The calculator of new projects: what must be bought and what it costs, asked by a form of any page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask import request

from api.read.new_use import place_of, quote_in
from api.web.act import Refusal, tried
from ledger.allocation.price import Project
from ledger.allocation.quota import number
from ledger.allocation.quote import Quote
from ledger.units import parse_kgce

FIELDS = ("added", "coal", "intensity", "sector", "use", "two_high", "coefficient", "share")
TEXT_MAX = 40

REASONS = {
    "exempt_use": ("该用途免购", "this use is exempt"),
    "no_duty": ("本地未要求新增用能购买", "no new use has to be bought here"),
    "below_least": ("低于起购量，不购买", "less than the least that is bought"),
    "not_above_intensity": ("强度未超过阈值，不购买", "its intensity is not above the threshold"),
    "above_intensity": (
        "强度超过阈值，新增用能全部购买",
        "its intensity is above the threshold: all of it is bought",
    ),
    "all_added": ("新增用能全部购买", "all new use is bought"),
    "not_two_high": ("非“两高”项目，不购买", "not a two-high project"),
    "two_high": ("按“两高”公式购买", "by the formula of two-high projects"),
}
"""Why a project buys what it buys."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asked, and the answer; None where nothing was asked yet."""

    form: Mapping[str, str]
    answer: Quote | Refusal | None


def ask(connection: sa.Connection, district: str, on: date) -> Asked:
    """Return what the address asks of the calculator in *district*, and the answer."""
    form = {name: request.args.get(name, "").strip()[:TEXT_MAX] for name in FIELDS}
    if not form["added"]:
        return Asked(form, None)

    def quoting() -> Quote:
        return quote_in(connection, _project(form), place_of(connection, district, on))

    return Asked(form, tried(quoting))


def _project(form: Mapping[str, str]) -> Project:
    return Project(
        added_kgce=parse_kgce(form["added"].replace(",", "")),
        coal_kgce=parse_kgce(form["coal"].replace(",", "") or "0"),
        intensity=number("intensity", form["intensity"]),
        sector=form["sector"],
        use=form["use"],
        is_two_high=form["two_high"] == "yes",
        coefficient=number("coefficient", form["coefficient"]) if form["coefficient"] else None,
        share=number("share", form["share"]) if form["share"] else None,
    )
