"""
The one-way auction (单向竞价): one seller, many bidders, in ascending rounds or by sealed bids.

Ascending rounds sell the whole lot to one winner; sealed bids share it out, all at one price or
each at its own. Prices are fen per tce, quantities whole tce. A sealed auction also runs in
reverse, when the authority buys back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from ledger.errors import Refused
from ledger.units import format_yuan
from market.order import Side


class TenderState(StrEnum):
    """Where an ascending auction stands."""

    OPEN = "open"
    SOLD = "sold"
    UNSOLD = "unsold"


@dataclass(frozen=True, slots=True)
class RoundBid:
    """One bid for the whole lot, in the round it was made."""

    round: int
    bidder: str
    price_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tender:
    """
    An ascending auction as it stands; functions return the next one and never change it.

    *bidders* are those admitted beforehand. *bids* are in order, so the last one leads.

    Rule: MKT-42.
    """

    quantity_tce: int
    reserve_price_fen: int
    increment_fen: int
    bidders: frozenset[str]
    rounds_max: int | None = None
    round: int = 1
    bids: tuple[RoundBid, ...] = ()
    state: TenderState = TenderState.OPEN

    def __post_init__(self) -> None:
        assert self.quantity_tce > 0
        assert self.reserve_price_fen > 0
        assert self.increment_fen > 0
        assert self.rounds_max is None or self.round <= self.rounds_max

    @property
    def leading(self) -> RoundBid | None:
        """Return the highest bid so far, or None."""
        return self.bids[-1] if self.bids else None

    @property
    def lowest_acceptable_fen(self) -> int:
        """Return the least that the next bid must offer."""
        if self.leading is None:
            return self.reserve_price_fen
        return self.leading.price_fen + self.increment_fen


@dataclass(frozen=True, slots=True)
class LotAward:
    """The lot of an ascending auction, sold: the winner pays its own price for all of it."""

    bidder: str
    price_fen: int
    quantity_tce: int
    consideration_fen: int
    premium: Fraction  # over the reserve price: 1/10 is 10 %


class TenderClosed(Refused):
    """The auction is over."""

    code = "tender_closed"
    rule = "MKT-44"

    def __init__(self, tender: Tender) -> None:
        super().__init__(
            f"the auction closed in round {tender.round} and is {tender.state}, bids are accepted "
            f"only while it is {TenderState.OPEN}",
            round=tender.round,
            state=str(tender.state),
        )


class NotQualified(Refused):
    """The bidder was not admitted."""

    code = "not_qualified"
    rule = "MKT-43"

    def __init__(self, bidder: str, *, bidders: int) -> None:
        super().__init__(
            f"{bidder} is not among the {bidders} bidders admitted to this auction, only they "
            "may bid",
            bidder=bidder,
            bidders=bidders,
        )


class AlreadyLeading(Refused):
    """The bidder would outbid itself."""

    code = "already_leading"
    rule = "MKT-45"

    def __init__(self, leading: RoundBid) -> None:
        super().__init__(
            f"{leading.bidder} already leads with {format_yuan(leading.price_fen)} yuan per tce, "
            "only another bidder may raise it",
            bidder=leading.bidder,
            price_fen=leading.price_fen,
        )


class BidBelowIncrement(Refused):
    """The bid does not reach the reserve, or does not raise the leading bid enough."""

    code = "bid_below_increment"
    rule = "MKT-42"

    def __init__(self, price_fen: int, *, lowest_acceptable_fen: int) -> None:
        super().__init__(
            f"a bid of {format_yuan(price_fen)} yuan is too low, accepted is "
            f"{format_yuan(lowest_acceptable_fen)} yuan per tce or more",
            price_fen=price_fen,
            lowest_acceptable_fen=lowest_acceptable_fen,
        )


def bid(tender: Tender, *, bidder: str, price_fen: int) -> Tender:
    """
    Return *tender* with one more bid for the whole lot.

    Refuses, the first in this order: tender_closed, not_qualified, already_leading,
    bid_below_increment.

    Rules: MKT-42, MKT-43, MKT-44, MKT-45.
    """
    if tender.state is not TenderState.OPEN:
        raise TenderClosed(tender)
    if bidder not in tender.bidders:
        raise NotQualified(bidder, bidders=len(tender.bidders))
    if tender.leading is not None and tender.leading.bidder == bidder:
        raise AlreadyLeading(tender.leading)
    if price_fen < tender.lowest_acceptable_fen:
        raise BidBelowIncrement(price_fen, lowest_acceptable_fen=tender.lowest_acceptable_fen)
    return replace(tender, bids=(*tender.bids, RoundBid(tender.round, bidder, price_fen)))


def end_round(tender: Tender) -> Tender:
    """Return *tender* in its next round, or closed if this one brought no bid. Rule: MKT-42."""
    if tender.state is not TenderState.OPEN:
        raise TenderClosed(tender)
    has_bid = tender.leading is not None and tender.leading.round == tender.round
    if has_bid and tender.round != tender.rounds_max:
        return replace(tender, round=tender.round + 1)
    return replace(tender, state=TenderState.SOLD if tender.bids else TenderState.UNSOLD)


def award(tender: Tender) -> LotAward | None:
    """Return what a closed auction sold, or None if nobody bid. Rule: MKT-42."""
    assert tender.state is not TenderState.OPEN
    winner = tender.leading
    if winner is None:
        return None
    return LotAward(
        bidder=winner.bidder,
        price_fen=winner.price_fen,
        quantity_tce=tender.quantity_tce,
        consideration_fen=winner.price_fen * tender.quantity_tce,
        premium=Fraction(winner.price_fen, tender.reserve_price_fen) - 1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBid:
    """One sealed bid; *sequence* is its arrival."""

    bidder: str
    price_fen: int
    quantity_tce: int
    sequence: int


@dataclass(frozen=True, slots=True)
class BidAward:
    """What one sealed bid got, and the price it pays (or is paid) per tce."""

    bid: SealedBid
    quantity_tce: int
    price_fen: int


@dataclass(frozen=True, slots=True)
class SealedOutcome:
    """
    The result of a sealed auction.

    *awards* are in the order of filling, the last perhaps in part; *invalid* bids missed the
    reserve price; *left_tce* found no taker and returns to its owner.
    """

    awards: tuple[BidAward, ...]
    invalid: tuple[SealedBid, ...]
    left_tce: int


def pay_as_bid(
    bids: Sequence[SealedBid],
    *,
    quantity_tce: int,
    reserve_price_fen: int,
    initiator: Side = Side.SELL,
) -> SealedOutcome:
    """
    Return who gets how much, best price first, then earliest, each at the price it bid.

    When *initiator* buys, the lowest offers come first and the reserve is the highest price paid.

    Rule: MKT-41.
    """
    assert quantity_tce > 0
    # With the sign, higher is better for the initiator, whether it sells or buys.
    sign = 1 if initiator is Side.SELL else -1
    valid = [b for b in bids if sign * b.price_fen >= sign * reserve_price_fen]
    invalid = tuple(b for b in bids if sign * b.price_fen < sign * reserve_price_fen)
    awards: list[BidAward] = []
    left_tce = quantity_tce
    for candidate in sorted(valid, key=lambda b: (-sign * b.price_fen, b.sequence)):
        taken_tce = min(candidate.quantity_tce, left_tce)
        if taken_tce == 0:
            break
        awards.append(BidAward(candidate, taken_tce, candidate.price_fen))
        left_tce -= taken_tce
    return SealedOutcome(tuple(awards), invalid, left_tce)


def sealed_uniform(
    bids: Sequence[SealedBid],
    *,
    quantity_tce: int,
    reserve_price_fen: int,
    initiator: Side = Side.SELL,
) -> SealedOutcome:
    """
    Return who gets how much, all at the price of the last bid that was filled.

    That is the lowest accepted price when *initiator* sells, the highest when it buys.

    Rule: MKT-40.
    """
    outcome = pay_as_bid(
        bids,
        quantity_tce=quantity_tce,
        reserve_price_fen=reserve_price_fen,
        initiator=initiator,
    )
    if not outcome.awards:
        return outcome
    price_fen = outcome.awards[-1].price_fen
    return replace(outcome, awards=tuple(replace(a, price_fen=price_fen) for a in outcome.awards))
