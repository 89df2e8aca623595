"""
What standing rights an enterprise holds for a year, from which its annual flow derives.

Pledged, frozen and leased rights are held too: what binds a right does not end it. A leased right
counts for whoever has leased it, since it stands in that enterprise's account.
"""

from ledger.asset import CNY, Kind, parse_asset
from ledger.chart import of_enterprise
from ledger.memory import Memory

HELD_IN = ("entitlement", "pledged", "frozen", "leased")


def rights_in_force(memory: Memory, *, measure: str, year: int) -> tuple[str, ...]:
    """Return the standing assets of a measure whose term reaches *year*, in order of opening."""
    return tuple(
        asset.code
        for asset in memory.assets_by_id
        if asset.code != CNY and _is_in_force(asset.code, measure=measure, year=year)
    )


def level_of(memory: Memory, enterprise: str, rights: tuple[str, ...]) -> int:
    """Return what an enterprise holds of *rights*, in kgce or kg a year. Rule: ALC-71."""
    return sum(
        memory.balance(of_enterprise(enterprise, purpose), right)
        for right in rights
        for purpose in HELD_IN
    )


def _is_in_force(code: str, *, measure: str, year: int) -> bool:
    asset = parse_asset(code)
    return asset.kind is Kind.STANDING and asset.measure == measure and asset.vintage >= year
