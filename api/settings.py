"""
What an installation may choose for its faces; everything here is safe as it stands.
"""

from dataclasses import dataclass

BODY_BYTES_MAX = 1 << 20
BULK_BYTES_MAX = 8 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """
    One installation's settings.

    *hosts* are the names it answers to (a leading dot takes subdomains too). *is_secure* says that
    the outside is HTTPS, so that cookies demand it. *streams_max* bounds the streams of market data
    one process serves, which is how they cannot starve orders of threads. *requests_per_minute*
    bounds one person or address. A read that asks for a sequence waits so many seconds for it.
    """

    hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    is_secure: bool = False
    streams_max: int = 8
    requests_per_minute: int = 6_000
    wait_for_sequence_seconds: int = 2
