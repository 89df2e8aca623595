"""
What a compliance year rests on: every value of the packs that its figures are worked out from.
"""

from collections.abc import Iterable
from datetime import date

from ledger.adopt import Policy
from ledger.memory import Memory
from ledger.parties.party import Parties
from ledger.waiver import Use

YEAR_FAMILIES = (
    "allocation.",
    "banking",
    "budget.",
    "carbon",
    "certificate.",
    "change.",
    "collection.",
    "conversion.",
    "evaluation.",
    "expiry",
    "freed.",
    "freeze.",
    "lease.",
    "metering.",
    "objection.",
    "obligation.",
    "rollout.",
    "shortfall.",
    "substitution.",
    "surrender.",
    "verifier_team_min",
)
"""
How the keys begin that a year's figures are worked out from: what is granted, used, freed, moved,
owed, surrendered and missed. A release that adds to them decides the opening of a year otherwise,
so it raises the version of the rules.
"""


def governing_packs(memory: Memory) -> list[str]:
    """Return the packs that govern an enterprise or the ledger as a whole, by name."""
    parties, policy = memory.cache(Parties), memory.cache(Policy)
    districts = {enterprise.district for enterprise in parties.enterprises.values()}
    packs = {parties.district(code).pack for code in districts}
    if policy.jurisdiction:
        packs.add(policy.jurisdiction)
    return sorted(packs)


def ground_of(memory: Memory, compliance_year: int, *, deadline: date) -> list[Use]:
    """
    Return the unconfirmed and analogous values that hold for some firm from January to *deadline*.

    Rule: CMP-52, POL-12.
    """
    policy = memory.cache(Policy)
    return ground(policy, governing_packs(memory), compliance_year, deadline=deadline)


def ground(
    policy: Policy, packs: Iterable[str], compliance_year: int, *, deadline: date
) -> list[Use]:
    """Return the same of *packs*, each use once with the days on which it is the most local one."""
    first_day = date(compliance_year, 1, 1)
    found: dict[Use, None] = {}
    for pack in packs:
        for use in policy.uses(pack, YEAR_FAMILIES, first_day, deadline):
            if use.needs_waiver:
                found[use] = None
    return list(found)
