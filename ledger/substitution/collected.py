"""
How much of a lot a reserve collects (收储): by the pack's share, or as was decided.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from ledger.adopt import Policy
from ledger.asset import Origin
from ledger.calculation import Sheet, Step, step
from ledger.errors import Refused
from ledger.policy import Found, ParameterMissing, as_int, as_share, as_text
from ledger.post import AmountNotPositive
from ledger.substitution.baseline import FreedChoiceUnknown

KG_PER_T = 1_000


class LotKind(StrEnum):
    """What a lot comes from, which decides the share that the reserve takes."""

    VOLUNTARY = "voluntary"
    RATING = "rating"
    IMPORTED_POWER = "imported_power"
    NUCLEAR_AND_OFFSHORE_WIND = "nuclear_and_offshore_wind"
    SOLAR_AND_OTHER_RENEWABLES = "solar_and_other_renewables"
    COKING = "coking"
    OTHER_TWO_HIGH = "other_two_high"


BY_MEASURE = frozenset({LotKind.IMPORTED_POWER, LotKind.COKING})
"""Kinds whose share the packs give for energy and coal apart."""

TWO_HIGH = frozenset({LotKind.COKING, LotKind.OTHER_TWO_HIGH})
"""Kinds that are freed in two-high trades by their meaning."""


class AmountToDecide(Refused):
    """No share is in force for a lot, so how much is collected has to be decided and stated."""

    code = "collection_amount_to_decide"
    rule = "FRQ-80"

    def __init__(self, lot: str, *, key: str, on: date) -> None:
        super().__init__(
            f"no share is in force for {lot} on {on} ({key}): state the amount that was decided",
            lot=lot,
            key=key,
            on=on.isoformat(),
        )


class AmountIsGiven(Refused):
    """An amount is stated where the pack gives the share."""

    code = "collection_amount_given"
    rule = "FRQ-80"

    def __init__(self, lot: str, *, key: str) -> None:
        super().__init__(
            f"the pack gives the share of {lot} ({key}): leave the amount out", lot=lot, key=key
        )


class NothingCollected(Refused):
    """A lot of which the reserve takes nothing."""

    code = "nothing_collected"
    rule = "FRQ-80"

    def __init__(self, lot: str, *, share: str) -> None:
        super().__init__(
            f"the reserve takes a share of {share} of {lot}, which is nothing: leave it out",
            lot=lot,
            share=share,
        )


class CollectedTooMuch(Refused):
    """More is decided to be collected than the lot is."""

    code = "collected_too_much"
    rule = "FRQ-80"

    def __init__(self, lot: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"{needed} is to be collected of {lot}, which comes to {available}, in minor units of "
            "the measure",
            lot=lot,
            needed=needed,
            available=available,
        )


class LotOrigin(Refused):
    """A lot is of a kind that its source does not belong to."""

    code = "lot_origin"
    rule = "FRQ-80"

    def __init__(self, source: str, *, lot_kind: str, origin: str) -> None:
        super().__init__(
            f"source {source} is of origin {origin}, so it is no lot of {lot_kind}",
            source=source,
            lot_kind=lot_kind,
            origin=origin,
        )


@dataclass(frozen=True, slots=True)
class Collected:
    """What a reserve takes of a lot, in minor units, with the step that says how it came."""

    amount: int
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class CollectionTerms:
    """The packs of one reserve on one day."""

    policy: Policy
    pack: str
    on: date

    def share_key(self, kind: LotKind, measure: str, rating: str) -> str:
        """Return the key of the share that the pack gives for a kind of lot."""
        if kind is LotKind.RATING:
            return f"collection.share.rating_{rating}"
        suffix = f"_{measure}" if kind in BY_MEASURE else ""
        return f"collection.share.{kind}{suffix}"

    def collected(
        self, lot: str, *, kind: LotKind, measure: str, base: int, rating: str, decided: int | None
    ) -> Collected:
        """
        Return how much of *base* is collected; *decided* must be given where no share is in force.

        Province and city share to the unit: the odd one goes where the pack says.

        Rule: FRQ-80.
        """
        key = self.share_key(kind, measure, rating)
        if kind is LotKind.RATING and rating in ("a", "b"):
            raise NothingCollected(lot, share="0")
        try:
            found = self.policy.find(self.pack, key, self.on)
        except ParameterMissing:
            if decided is None:
                raise AmountToDecide(lot, key=key, on=self.on) from None
            if decided > base:
                raise CollectedTooMuch(lot, needed=decided, available=base) from None
            if decided <= 0:
                raise AmountNotPositive(decided) from None
            return Collected(decided, Sheet("").then(_decided(base, decided)))
        if decided is not None:
            raise AmountIsGiven(lot, key=key)
        share = as_share(found)
        amount = self._rounded(base * share)
        if amount == 0:
            raise NothingCollected(lot, share=str(share))
        sheet = Sheet(f"{found.pack_id}@{found.version}").then(
            _shared(base, share, amount, rounding=self._odd_unit_to())
        )
        return Collected(amount, sheet)

    def body(self, total_kg: int) -> str:
        """Return who decides on a batch of so much: the commission or the government. FRQ-81."""
        limit_t = as_int(self._find("collection.commission_decides_up_to_t"))
        return "commission" if total_kg <= limit_t * KG_PER_T else "government"

    def _rounded(self, exact: Fraction) -> int:
        down = exact.numerator // exact.denominator
        is_odd = down != exact
        return down + 1 if is_odd and self._odd_unit_to() == "province" else down

    def _odd_unit_to(self) -> str:
        found = self._find("collection.odd_unit_to")
        to = as_text(found)
        if to not in ("city", "province"):
            raise FreedChoiceUnknown(found.key, value=to, accepted="city, province")
        return to

    def _find(self, key: str) -> Found:
        return self.policy.find(self.pack, key, self.on)


def require_origin(source: str, *, kind: LotKind, origin: Origin) -> None:
    """Refuse a source outside two-high trades as a lot that is freed in them. Rule: FRQ-80."""
    if kind in TWO_HIGH and origin is not Origin.TWO_HIGH:
        raise LotOrigin(source, lot_kind=kind.value, origin=origin.value)


def _decided(base: int, amount: int) -> Step:
    return step(
        "collected",
        "as decided",
        {"base": base},
        result=amount,
        unit="minor units",
        rule="FRQ-80",
    )


def _shared(base: int, share: Fraction, amount: int, *, rounding: str) -> Step:
    return step(
        "collected",
        "base × share",
        {"base": base, "share": share},
        result=amount,
        unit="minor units",
        rule="FRQ-80",
        rounding=f"odd unit to the {rounding}",
    )
