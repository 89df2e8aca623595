"""
Which part of each offer is used up when a plan is accepted: exactly what is needed, no more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ledger.asset import Asset
from ledger.errors import Refused
from ledger.substitution.requirement import Coverage, Offer


class SourceOutsidePool(Refused):
    """A source lies outside the area whose sources a project may use."""

    code = "source_outside_pool"
    rule = "SUB-54"

    def __init__(self, project: str, *, source: str, area: str, pool: str, district: str) -> None:
        super().__init__(
            f"source {source} lies in {area}; project {project} in {district} may use sources of "
            f"the same {pool}",
            project=project,
            source=source,
            area=area,
            pool=pool,
            district=district,
        )


class SourceExpired(Refused):
    """The term of a source is over."""

    code = "source_expired"
    rule = "SUB-55"

    def __init__(self, project: str, *, source: str, last_year: int) -> None:
        super().__init__(
            f"source {source} ran to the end of {last_year} and can no longer serve project "
            f"{project}; one whose term is not over is accepted",
            project=project,
            source=source,
            last_year=last_year,
        )


class PoolUnknown(Refused):
    """A pack names a pool that the product does not know."""

    code = "pool_area_unknown"
    rule = "SUB-54"

    def __init__(self, pool: str) -> None:
        super().__init__(
            f"{pool!r} is not a pool of sources; district, city or province is accepted", pool=pool
        )


POOLED = frozenset({"energy", "coal"})
"""Measures whose sources are pooled by area; the text says 能耗煤耗替代源指标."""

_DIGITS = {"district": 6, "city": 4, "province": 2}


@dataclass(frozen=True, slots=True)
class Use:
    """What is retired out of one source, in minor units of *asset*."""

    source: str
    asset: Asset
    amount: int


def used_up(coverage: Iterable[Coverage], offers: Sequence[Offer]) -> tuple[Use, ...]:
    """
    Return what is retired from each source: offers are used up in the order of the plan.

    What a plan offers beyond the need stays in its source. Every measure must be covered.

    Rule: SUB-53.
    """
    amounts: dict[tuple[str, Asset], int] = {}
    for covered in coverage:
        for offer, amount in _parts(covered, offers):
            key = (offer.source, offer.asset)
            amounts[key] = amounts.get(key, 0) + amount
    return tuple(Use(source, asset, amount) for (source, asset), amount in amounts.items())


def require_in_pool(project: str, offer: Offer, *, district: str, pool: str) -> None:
    """
    Refuse energy or coal from outside the district, city or province that pools its sources.

    Codes are those of GB/T 2260: four digits name the city, two the province.

    Rule: SUB-54.
    """
    digits = _DIGITS.get(pool)
    if digits is None:
        raise PoolUnknown(pool)
    area = offer.asset.area[:6]
    if offer.asset.measure in POOLED and area[:digits] != district[:digits]:
        raise SourceOutsidePool(
            project, source=offer.source, area=area, pool=pool, district=district
        )


def require_in_term(project: str, offer: Offer, *, this_year: int) -> None:
    """Refuse a source whose last year is over; in that year it still serves. Rule: SUB-55."""
    if offer.asset.vintage < this_year:
        raise SourceExpired(project, source=offer.source, last_year=offer.asset.vintage)


def _parts(covered: Coverage, offers: Sequence[Offer]) -> Iterator[tuple[Offer, int]]:
    assert covered.short == 0
    left = covered.retired
    for offer in offers:
        if offer.asset.measure == covered.measure and left:
            amount = min(left, offer.amount)
            left -= amount
            yield offer, amount
    assert left == 0
