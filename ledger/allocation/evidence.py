"""What a decision of allocation rests on: the SHA-256 of a document."""

import re

from ledger.errors import Refused

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class EvidenceHashMalformed(Refused):
    """A document is named by anything but its SHA-256 in hex."""

    code = "allocation_evidence_malformed"
    rule = "ALC-74"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:20]!r} is not the hash of a document: 64 lower-case hex digits of its SHA-256",
            evidence=text[:64],
        )


def require_hash(text: str) -> None:
    """Refuse what is no SHA-256 in lower-case hex. Rule: ALC-74."""
    if not _HASH.fullmatch(text):
        raise EvidenceHashMalformed(text)
