"""
Who gets what of the proceeds of pledged units: each rank in full before the next, then the pledgor.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Claim(NamedTuple):
    """What a pledgee may still ask for, in fen."""

    pledge: str
    outstanding_fen: int


def waterfall(proceeds_fen: int, claims: Sequence[Claim]) -> tuple[list[tuple[str, int]], int]:
    """
    Return what each pledge is paid, in the order of *claims*, and what is left for the pledgor.

    A pledge that gets nothing is not named. Rule: LIE-18.
    """
    assert proceeds_fen >= 0
    paid, left_fen = [], proceeds_fen
    for claim in claims:
        share_fen = min(left_fen, claim.outstanding_fen)
        if share_fen:
            paid.append((claim.pledge, share_fen))
            left_fen -= share_fen
    return paid, left_fen
