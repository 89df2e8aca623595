"""
Fresh ids for commands whose sender has not chosen one.
"""

import secrets
import time
import uuid


def fresh_uuid() -> str:
    """Return a UUID of version 7: time first, so that ids sort as they were made (RFC 9562)."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=number))
