"""
The key that signs checkpoints, in a file that only its owner may read.

Rule: AUD-22.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import Refused
from ledger.note import VerifierKey, key_text


class KeyFileUnusable(Refused):
    """A file is no Ed25519 key of ours, or others than its owner can read it."""

    code = "key_file_unusable"
    rule = "AUD-22"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be used: {reason}", path=str(path), reason=reason)


def load_or_create_key(path: Path) -> Ed25519PrivateKey:
    """
    Return the private key in the PEM file *path*, made now if there is none.

    Only its owner may read the file.

    Rule: AUD-22.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _load_key(path)
    key = Ed25519PrivateKey.generate()
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        file.flush()
        os.fsync(file.fileno())
    return key


def verifier_key(key: Ed25519PrivateKey, key_name: str) -> VerifierKey:
    """Return the public half of *key* under its name."""
    return VerifierKey(key_name, key.public_key().public_bytes_raw())


def public_key_text(key: Ed25519PrivateKey, key_name: str) -> str:
    """Return the public half of *key* as the one line that verifiers take."""
    return key_text(verifier_key(key, key_name))


def _load_key(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & 0o077:
        raise KeyFileUnusable(path, "others than its owner can read it; set its mode to 600")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise KeyFileUnusable(path, "it is no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileUnusable(path, "it is a key of another kind than Ed25519")
    return key
