"""
The power goes: build the directory as a disk could hold it after a cut at any point of a recording.

What was synced is there. Of what was not, a disk may have kept nothing, some, parts of some, or all
of it, in any order. That a file was made, renamed or removed is kept for certain only once its
directory is synced; until then the disk may have kept it up to any point, in order, as journalling
file systems do. What a failed sync was to store may be lost for ever, whatever later syncs say.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from api.drill.player import ACKNOWLEDGED
from api.drill.recording import Record, What

SECTOR = 512


class Style(StrEnum):
    """What a disk keeps of that which was not synced."""

    DROP = "drop all unsynced"
    HALF = "random half"
    TORN = "torn sectors"
    KEEP = "keep all"


@dataclass(slots=True)
class File:
    """One file: its *stored* bytes, and in order what was not synced: (offset, bytes), or a cut."""

    stored: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        """Store what is waiting."""
        for change in self.waiting:
            _apply(self.stored, change)
        self.waiting.clear()

    def fail_to_sync(self, chance: Random) -> None:
        """Store some of what is waiting and lose the rest, as systems do after a failed sync."""
        for change in self.waiting:
            if chance.random() < 0.5:
                _apply(self.stored, change)
        self.waiting.clear()

    def image(self, style: Style, chance: Random) -> bytearray:
        """Return what a disk could hold."""
        kept = bytearray(self.stored)
        if style is Style.DROP:
            return kept
        for change in self.waiting:
            if style is Style.TORN and change[1] is not None:
                for part in _sectors(change[0], change[1]):
                    if chance.random() < 0.5:
                        _apply(kept, part)
            elif style is Style.KEEP or chance.random() < 0.5:
                _apply(kept, change)
        return kept


Names = dict[str, File]


@dataclass(frozen=True, slots=True)
class Image:
    """A directory as it could be after the cut, and what had been acknowledged before it."""

    cut: int
    style: Style
    files: dict[str, bytearray]
    acknowledged: list[str]


class Disk:
    """A disk that replays a recording; *before* are the files that were there, durably."""

    def __init__(self, before: dict[str, bytes], chance: Random) -> None:
        self.chance = chance
        self.names: Names = {name: File(bytearray(content)) for name, content in before.items()}
        self.stored_names: list[Names] = [copy(self.names)]
        """The directory as last synced, and after each change since."""
        self.opened: dict[int, File | None] = {}
        self.acknowledged = bytearray()

    def replay(self, record: Record) -> None:
        """Let one record happen."""
        match record.what:
            case What.OPENED | What.CREATED:
                self._open(record)
            case What.CLOSED:
                self.opened.pop(record.file, None)
            case What.WRITTEN | What.CUT:
                self._write(record)
            case What.SYNCED:
                self._sync(self.opened[record.file])
            case What.UNSYNCED:
                file = self.opened[record.file]
                if file is not None:
                    file.fail_to_sync(self.chance)
            case What.REMOVED | What.RENAMED:
                file = self.names.pop(record.path)
                if record.what is What.RENAMED:
                    self.names[record.written.decode()] = file
                self.stored_names.append(copy(self.names))

    def _open(self, record: Record) -> None:
        if record.what is What.CREATED:
            self.names[record.path] = File()
            self.stored_names.append(copy(self.names))
        # The directory itself has no name in itself.
        self.opened[record.file] = self.names[record.path] if record.path else None

    def _write(self, record: Record) -> None:
        file = self.opened[record.file]
        assert file is not None
        if file is self.names.get(ACKNOWLEDGED):
            self.acknowledged += record.written
            return
        cut = record.what is What.CUT
        file.waiting.append((record.offset, None if cut else record.written))

    def _sync(self, file: File | None) -> None:
        if file is None:
            del self.stored_names[:-1]
        else:
            file.sync()

    def image(self, cut: int, style: Style) -> Image:
        """Return one way in which the disk could be found if the power went now."""
        chance = self.chance
        if style is Style.DROP:
            names = self.stored_names[0]
        elif style is Style.KEEP:
            names = self.stored_names[-1]
        else:
            names = chance.choice(self.stored_names)
        files = {
            name: file.image(style, chance) for name, file in names.items() if name != ACKNOWLEDGED
        }
        return Image(cut, style, files, self.acknowledged.decode().split())


def images(
    before: dict[str, bytes], log: Sequence[Record], *, count: int, seed: int
) -> Iterator[Image]:
    """Yield *count* images at random cuts of *log*, in order of the cut, every style in turn."""
    chance = Random(seed)
    cuts = sorted(chance.randrange(1, len(log) + 1) for _ in range(count))
    styles = list(Style)
    disk, done = Disk(before, chance), 0
    for number, cut in enumerate(cuts):
        for record in log[done:cut]:
            disk.replay(record)
        done = cut
        yield disk.image(cut, styles[number % len(styles)])


def _apply(content: bytearray, change: tuple[int, bytes | None]) -> None:
    offset, written = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if written is None:
        del content[offset:]
    else:
        content[offset : offset + len(written)] = written


def _sectors(offset: int, written: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a write in pieces that end where the disk's sectors do."""
    at = 0
    while at < len(written):
        until = at + SECTOR - (offset + at) % SECTOR
        yield offset + at, written[at:until]
        at = until
