"""
What a policy pack says about surrender, shortfall and the end of a vintage.

The parameters are read together, so that one look says which of them no source confirms.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from ledger.compliance.shortfall import FineBase, FinePolicy, ShortfallPolicy
from ledger.errors import Refused
from ledger.policy import (
    Found,
    ParameterMissing,
    as_fraction,
    as_int,
    as_share,
    as_switch,
    as_text,
    as_texts,
)
from ledger.waiver import NEEDS_WAIVER

Find = Callable[[str], Found]
Chosen = TypeVar("Chosen")

SURRENDER_ORDER = "earliest_expiry_then_narrowest_class"

_FINE_BASES = {"whole_shortfall": FineBase.MISSING, "unrecovered": FineBase.UNRECOVERED}

_ALWAYS = (
    "obligation.own_renewables_counted",
    "obligation.feedstock_counted",
    "surrender.order",
    "surrender.bought_general_for_two_high",
    "shortfall.steps",
    "shortfall.grace_days",
    "shortfall.forced_deduction",
    "shortfall.next_year_multiplier",
    "shortfall.fine",
    "shortfall.credit_record",
    "banking",
    "expiry",
)
_FOR_FINES = (
    "shortfall.fine_multiplier_min",
    "shortfall.fine_multiplier_max",
    "shortfall.price_window_months",
    "shortfall.fine_base",
)


class Expiry(StrEnum):
    """When a vintage comes to its end. Rule: CMP-65."""

    NEXT_VINTAGE = "surrender_deadline_of_next_vintage"
    OWN_VINTAGE = "surrender_deadline_of_vintage"


class TermUnknown(Refused):
    """A pack makes a choice that this program cannot carry out."""

    code = "policy_term_unknown"
    rule = "CMP-52"

    def __init__(self, key: str, *, value: str, accepted: str) -> None:
        super().__init__(
            f"{key} is {value}, but what can be carried out is {accepted}",
            key=key,
            value=value,
            accepted=accepted,
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What one pack answers.

    *banking_share* is the most that may be banked as a part of the year's obligation, None without
    a limit; *packs* names the packs and versions that spoke.
    """

    packs: str
    bought_general_for_two_high: bool
    shortfall: ShortfallPolicy
    banking: bool
    banking_share: Fraction | None
    expiry: Expiry

    @property
    def stays_a_year(self) -> bool:
        """Return whether a banked unit keeps its vintage for one more year. Rule: CMP-65."""
        return self.banking and self.expiry is Expiry.NEXT_VINTAGE

    def oldest_vintage(self, compliance_year: int) -> int:
        """Return the oldest vintage that still answers for a year. Rule: CMP-65."""
        return compliance_year - 1 if self.stays_a_year else compliance_year


def terms(find: Find) -> Terms:
    """Return what a pack says, or refuse a choice that cannot be carried out. Rule: CMP-52."""
    read = {found.key: found for found in needed(find)}
    _choice(read["surrender.order"], {SURRENDER_ORDER: True})
    share = _optional(find, "banking_share")
    return Terms(
        packs=named_packs([*read.values(), *([share] if share else [])]),
        bought_general_for_two_high=as_switch(read["surrender.bought_general_for_two_high"]),
        shortfall=_shortfall(read, cap=_optional(find, "shortfall.fine_cap_fen")),
        banking=as_switch(read["banking"]),
        banking_share=None if share is None else as_share(share),
        expiry=_choice(read["expiry"], {each.value: each for each in Expiry}),
    )


def needed(find: Find) -> list[Found]:
    """Return every parameter that a year rests on; those of a fine only where fines are on."""
    found = [find(key) for key in _ALWAYS]
    fines = next(one for one in found if one.key == "shortfall.fine")
    return found + [find(key) for key in _FOR_FINES if as_switch(fines)]


def unconfirmed(found: list[Found]) -> list[str]:
    """
    Return, as ``pack:key``, the parameters that take a waiver.

    Our own recorded decisions need none, and sample values exist in demonstrations only.

    Rule: CMP-52.
    """
    return sorted({f"{one.pack_id}:{one.key}" for one in found if one.status in NEEDS_WAIVER})


def named_packs(found: list[Found]) -> str:
    """Return the packs that gave *found*, with their versions, as one line for a sheet."""
    return "; ".join(sorted({f"{one.pack_id}@{one.version}" for one in found}))


def _shortfall(read: dict[str, Found], *, cap: Found | None) -> ShortfallPolicy:
    steps = as_texts(read["shortfall.steps"])
    multiplier = as_fraction(read["shortfall.next_year_multiplier"])
    has_fine = "fine_proposal" in steps and as_switch(read["shortfall.fine"])
    return ShortfallPolicy(
        grace_days=as_int(read["shortfall.grace_days"]) if "grace" in steps else 0,
        has_forced_deduction="forced_deduction" in steps
        and as_switch(read["shortfall.forced_deduction"]),
        next_year_multiplier=multiplier if "next_year_deduction" in steps else None,
        fine=_fine(read, cap=cap) if has_fine else None,
        has_credit_record="credit_record" in steps and as_switch(read["shortfall.credit_record"]),
    )


def _fine(read: dict[str, Found], *, cap: Found | None) -> FinePolicy:
    return FinePolicy(
        lowest_multiple=as_fraction(read["shortfall.fine_multiplier_min"]),
        highest_multiple=as_fraction(read["shortfall.fine_multiplier_max"]),
        base=_choice(read["shortfall.fine_base"], _FINE_BASES),
        cap_fen=None if cap is None else as_int(cap),
    )


def _choice(found: Found, accepted: dict[str, Chosen]) -> Chosen:
    value = as_text(found)
    if value not in accepted:
        raise TermUnknown(found.key, value=value, accepted=" or ".join(sorted(accepted)))
    return accepted[value]


def _optional(find: Find, key: str) -> Found | None:
    # A limit that no pack sets is no limit: the one place where a missing value means something.
    try:
        return find(key)
    except ParameterMissing:
        return None
