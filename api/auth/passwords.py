"""
Passwords: argon2id, the same work whether or not the user exists, and never too much at once.

Rules: AUT-03, AUT-05.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Protocol

import argon2
from argon2.exceptions import VerifyMismatchError

from ledger.errors import Refused

MEMORY_KIB = 19 * 1_024
PASSES = 2
LANES = 1
SALT_BYTES = 16
IN_FLIGHT_MAX = 8
"""At most 8 × 19 MiB of memory at a time."""

PASSWORD_MIN = 12
PASSWORD_MAX = 200

NOBODY = (
    f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}"
    "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""Stands for the password of a user who is not there: as costly to check, and no text fits it."""


class Busy(Refused):
    """Too much is going on at once; nothing was done, and the caller may come again soon."""

    code = "busy"
    rule = "AUT-05"

    def __init__(self) -> None:
        super().__init__(
            "too many are signing in at this moment; try again in a second",
            retry_after_seconds=1,
        )


class PasswordWeak(Refused):
    """A password is too short, too long, the login itself, or no text."""

    code = "password_weak"
    rule = "AUT-03"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"choose another password: {reason}",
            reason=reason,
            shortest=PASSWORD_MIN,
            longest=PASSWORD_MAX,
        )


class Hasher(Protocol):
    """What this module needs of argon2; tests wrap it to count."""

    def hash(self, password: bytes, *, salt: bytes) -> str:
        """Return the encoded hash."""
        ...

    def verify(self, hash: str, password: bytes) -> bool:
        """Return True, or raise VerifyMismatchError."""
        ...

    def check_needs_rehash(self, hash: str) -> bool:
        """Return whether *hash* was made with other parameters."""
        ...


class Passwords:
    """The one place where passwords are hashed and checked, at most so many at a time."""

    def __init__(self, hasher: Hasher | None = None, *, in_flight_max: int = IN_FLIGHT_MAX) -> None:
        self.hasher: Hasher = hasher or argon2.PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES
        )
        self._free = BoundedSemaphore(in_flight_max)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Take one of the few places, or refuse `busy` at once. Rule: AUT-05."""
        if not self._free.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._free.release()

    def hashed(self, password: str, *, salt: bytes) -> str:
        """Return the encoded hash of *password*; the caller holds a slot."""
        return self.hasher.hash(_octets(password), salt=salt)

    def is_right(self, stored: str | None, password: str) -> bool:
        """
        Return whether *password* fits *stored*; the caller holds a slot.

        Without a stored hash the same work is done, and nothing fits. Rule: AUT-03.
        """
        try:
            self.hasher.verify(stored or NOBODY, _octets(password))
        except VerifyMismatchError:
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether *stored* was made with other parameters than today's."""
        return self.hasher.check_needs_rehash(stored)


def require_strong(password: str, *, login: str) -> None:
    """Refuse a password that is too short, too long, the login, or no text. Rule: AUT-03."""
    text = unicodedata.normalize("NFC", password)
    if len(text) < PASSWORD_MIN:
        raise PasswordWeak(f"it has {len(text)} characters and needs at least {PASSWORD_MIN}")
    if len(text) > PASSWORD_MAX:
        raise PasswordWeak(f"it has {len(text)} characters and may have at most {PASSWORD_MAX}")
    if text.casefold() == login.casefold():
        raise PasswordWeak("it is the login itself")
    if any(unicodedata.category(letter) == "Cs" for letter in text):
        raise PasswordWeak("it has characters that are no text")


def _octets(password: str) -> bytes:
    # One character more than any password may have: enough to be wrong, and bounded work.
    text = unicodedata.normalize("NFC", password)[: PASSWORD_MAX + 1]
    return text.encode("utf-8", "surrogatepass")
