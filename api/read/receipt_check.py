"""
Check a receipt for somebody who asks here: by the very file that anyone can run alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger import verify_receipt

CHECKS = tuple(name for name in verify_receipt.CHECKS.split() if not name.startswith("outside"))
"""The checks in their order; that of the signature is made only with a key."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a receipt found; *failed* names the check that failed, or is empty."""

    failed: str
    detail: str
    passed: tuple[str, ...]
    not_proved: tuple[str, ...]


def check_receipt(document: Mapping[str, object], key: str = "") -> Checked:
    """
    Return what can be proved about a receipt, and the first check that fails; never raise.

    *key* is the verifier key of the log, name+hash+base64, kept from elsewhere. Whether others are
    shown the same history is not asked: the ledger that is asked would be its own witness.

    Rules: API-21, AUD-39.
    """
    found = verify_receipt.check_receipt(document, key)
    said = tuple(each for each in found.not_proved if not each.startswith("No outside"))
    return Checked(found.failed, found.detail, found.passed, said)
