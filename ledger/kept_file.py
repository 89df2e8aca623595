"""
Small texts kept in files of their own, outside the database: there whole, or as they were before.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def keep_text(path: Path, text: str) -> None:
    """
    Put *text* into *path*, which only its owner may read, in one step that outlives a power cut.

    When this returns, the text is on the disk; before, a reader finds what was there until then.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def kept_text(path: Path) -> str:
    """Return what was last put into *path*, nothing where it never was."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def sync_file(path: Path) -> None:
    """Let what was written into the file *path* outlive a power cut."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Let names that were made or changed in the directory *path* outlive a power cut."""
    if os.name == "nt":  # has no way to do so, and no need
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Keep every other process and thread that asks the same out for the length of the block."""
    try:
        import fcntl
    except ImportError:  # Windows: one process has the key
        yield
        return
    descriptor = os.open(
        path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
