"""
Who enters the scheme and who is a key energy user: what a year's use makes of an enterprise.

Henan's first list took enterprises from 5,000 tce on. The statute makes 10,000 tce a key energy
user by itself, and less than that by designation.
"""

from dataclasses import dataclass
from enum import StrEnum

from ledger.units import KGCE_PER_TCE


class KeyUser(StrEnum):
    """What the Energy Conservation Law (节约能源法 Art 52) makes of a year's use."""

    AUTOMATIC = "automatic"
    BY_DESIGNATION = "by_designation"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how many whole tonnes on an enterprise is listable, designable, or a key user."""

    entry_tce: int
    designation_tce: int
    key_user_tce: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an enterprise may be listed, and whether it is a key energy user."""

    is_listable: bool
    key_user: KeyUser


def standing_of(used_kgce: int, thresholds: Thresholds) -> Standing:
    """Return where a year's use puts an enterprise; a threshold itself is reached. Rule: ALC-86."""
    if used_kgce >= thresholds.key_user_tce * KGCE_PER_TCE:
        key_user = KeyUser.AUTOMATIC
    elif used_kgce >= thresholds.designation_tce * KGCE_PER_TCE:
        key_user = KeyUser.BY_DESIGNATION
    else:
        key_user = KeyUser.NONE
    return Standing(used_kgce >= thresholds.entry_tce * KGCE_PER_TCE, key_user)
