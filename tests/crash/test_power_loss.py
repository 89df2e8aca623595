"""
After a power cut at any point the ledger opens, and has everything that was acknowledged before.

The disk is a simulator over what the shim wrote down; what it may keep and lose is checked first,
by recordings written by hand.
"""

import subprocess
import sys
from random import Random

import pytest

from api.drill.crash import power_suite, record
from api.drill.player import ACKNOWLEDGED
from api.drill.power import Disk, Style, images
from api.drill.recording import Record, What, read_log
from api.drill.workshop import LEDGER

IMAGES, CONTROL_IMAGES = 500, 24
OLD, NEW = b"o" * 1024, b"n" * 1024


def written(file, offset, content):
    return Record(What.WRITTEN, file, "", offset, content)


def event(what, file=-1, path="", offset=0, more=b""):
    return Record(what, file, path, offset, more)


OPEN_A = event(What.OPENED, 3, "a")


def left(log, style, *, before=None, seed=1):
    """Return what a disk that had *before* holds after *log*."""
    disk = Disk({"a": OLD} if before is None else before, Random(seed))
    for each in log:
        disk.replay(each)
    found = disk.image(len(log), style)
    return {name: bytes(content) for name, content in found.files.items()}


@pytest.mark.parametrize(
    ("style", "kept"), [(Style.DROP, OLD), (Style.KEEP, NEW)], ids=["drop", "keep"]
)
def test_what_is_not_synced_may_be_lost_or_kept(style, kept):
    assert left([OPEN_A, written(3, 0, NEW)], style) == {"a": kept}


@pytest.mark.parametrize("style", Style)
def test_what_is_synced_is_there(style):
    log = [OPEN_A, written(3, 0, NEW), event(What.SYNCED, 3)]

    assert left(log, style) == {"a": NEW}


def test_a_sync_of_one_file_stores_nothing_of_another():
    before = {"a": OLD, "b": OLD}
    log = [OPEN_A, event(What.OPENED, 4, "b"), written(4, 0, NEW), event(What.SYNCED, 3)]

    assert left(log, Style.DROP, before=before) == {"a": OLD, "b": OLD}


def test_of_two_writes_either_may_be_kept_without_the_other():
    log = [OPEN_A, written(3, 0, b"1"), written(3, 1, b"2")]

    found = {left(log, Style.HALF, seed=seed)["a"][:2] for seed in range(40)}

    assert found == {b"oo", b"1o", b"o2", b"12"}


def test_a_torn_write_is_kept_by_whole_sectors():
    log = [OPEN_A, written(3, 256, NEW[:512])]

    found = {left(log, Style.TORN, seed=seed)["a"] for seed in range(40)}

    first, second = slice(256, 512), slice(512, 768)
    assert len(found) == 4
    for content in found:
        assert content[:256] + content[768:] == OLD[:512]
        assert {content[first], content[second]} <= {OLD[:256], NEW[:256]}


def test_a_file_cut_short_may_be_as_long_as_before():
    log = [OPEN_A, event(What.CUT, 3, offset=10)]

    assert left(log, Style.DROP) == {"a": OLD}
    assert left(log, Style.KEEP) == {"a": OLD[:10]}


def test_a_write_behind_the_end_leaves_zeros_before_it():
    assert left([OPEN_A, written(3, 1026, b"n")], Style.KEEP) == {"a": OLD + b"\0\0n"}


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ([event(What.CREATED, 3, "b"), written(3, 0, NEW), event(What.SYNCED, 3)],
         {"a": OLD, "b": NEW}),
        ([event(What.REMOVED, path="a")], {}),
        ([event(What.RENAMED, path="a", more=b"c")], {"c": OLD}),
    ],
    ids=["made", "removed", "renamed"],
)  # fmt: skip
def test_a_name_is_kept_for_certain_once_its_directory_is_synced(change, changed):
    synced = [event(What.OPENED, 9, ""), event(What.SYNCED, 9)]

    assert left(change, Style.DROP) == {"a": OLD}
    assert left(change, Style.KEEP) == changed
    assert left(change + synced, Style.DROP) == changed


def test_what_a_failed_sync_was_to_store_is_not_stored_by_a_later_one():
    log = [OPEN_A, written(3, 0, b"1"), event(What.UNSYNCED, 3), event(What.SYNCED, 3)]

    found = {left(log, Style.KEEP, seed=seed)["a"][:1] for seed in range(20)}

    assert found == {b"o", b"1"}


def test_an_id_counts_as_acknowledged_from_its_place_in_the_order_on():
    log = [
        OPEN_A,
        event(What.CREATED, 4, ACKNOWLEDGED),
        written(4, 0, b"id:1\n"),
        written(3, 0, NEW),
    ]

    told = {image.cut: image.acknowledged for image in images({"a": OLD}, log, count=60, seed=1)}

    assert told == {1: [], 2: [], 3: ["id:1"], 4: ["id:1"]}


# The shim, against what a program is known to do.

PROGRAM = """
import ctypes, os, sys
from pathlib import Path
from api.drill.shim import Shim
where = Path(sys.argv[1])
shim = Shim()
shim.watch(where, log=Path(sys.argv[2]))
file = os.open(where / "x", os.O_RDWR | os.O_CREAT)
os.write(file, b"ab")
os.pwrite(file, b"c", 7)
os.fsync(file)
os.ftruncate(file, 4)
os.fdatasync(file)
os.close(file)
os.rename(where / "x", where / "y")
os.unlink(where / "y")
(where.parent / "elsewhere").write_text("not watched")
directory = os.open(where, os.O_RDONLY)
os.fsync(directory)
os.close(directory)
shim.fail(sync=2, write=2)
file = os.open(where / "z", os.O_RDWR | os.O_CREAT)
for act in (os.fsync, os.fsync, os.fsync, *[lambda f: os.pwrite(f, b"1", 0)] * 3):
    try:
        act(file)
    except OSError as error:
        print(error.errno)
shim.fail()
shim.leave_room(3)
print(os.pwrite(file, b"12345", 0), os.pwrite(file, b"9999", 0))
try:
    os.pwrite(file, b"5", 4)
except OSError as error:
    print(error.errno)
"""


def test_the_shim_tells_what_a_program_does_and_fails_what_it_is_told_to(shim, tmp_path):
    (tmp_path / "watched").mkdir()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "watched"), str(tmp_path / "log")]
    environment = {"LD_PRELOAD": str(shim), "PYTHONPATH": ":".join(sys.path)}

    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    # EIO of the second sync and of the second write; then room for one byte and three, and ENOSPC.
    assert ran.stdout.split() == ["5", "5", "4", "4", "28"]
    told = read_log(tmp_path / "log")
    files = [each.file for each in told if each.what is What.CREATED]
    assert [(each.what.name, each.path, each.offset, each.written) for each in told][:11] == [
        ("CREATED", "x", 0, b""),
        ("WRITTEN", "", 0, b"ab"),
        ("WRITTEN", "", 7, b"c"),
        ("SYNCED", "", 0, b""),
        ("CUT", "", 4, b""),
        ("SYNCED", "", 0, b""),
        ("CLOSED", "", 0, b""),
        ("RENAMED", "x", 0, b"y"),
        ("REMOVED", "y", 0, b""),
        ("OPENED", "", 0, b""),
        ("SYNCED", "", 0, b""),
    ]
    assert [each.what.name for each in told if each.file == files[1]][-7:] == [
        "SYNCED", "UNSYNCED", "SYNCED", "WRITTEN", "WRITTEN", "WRITTEN", "WRITTEN"
    ]  # fmt: skip


# The ledger.


def test_five_hundred_power_cuts_lose_nothing_that_was_acknowledged(workshop):
    tallies = power_suite(workshop, count=IMAGES, seed=11)

    assert sum(tally.trials for tally in tallies.values()) == IMAGES
    assert all(tally.trials > IMAGES // 5 for tally in tallies.values())
    assert all(tally.acknowledged > IMAGES for tally in tallies.values())
    assert [tally for tally in tallies.values() if not tally.is_well] == []


def test_a_recording_has_moves_of_the_log_in_its_middle_and_the_end_of_the_log(workshop):
    """Otherwise the cuts would miss what is hardest."""
    recording = record(workshop, seed=1)
    opened, moves, removed = {}, 0, []
    for each in recording.log:
        if each.what in (What.OPENED, What.CREATED):
            opened[each.file] = each.path
        moves += each.what is What.SYNCED and opened[each.file] == LEDGER
        removed += [each.path] if each.what is What.REMOVED else []

    assert moves > 8
    assert removed == [f"{LEDGER}-wal"]


@pytest.mark.parametrize(
    ("mutant", "shows"),
    [("answer-early", "lost"), ("synchronous-normal", "lost"), ("synchronous-off", "corrupt")],
)
def test_each_planted_fault_is_caught(workshop, mutant, shows):
    tallies = power_suite(workshop, count=CONTROL_IMAGES, seed=5, mutant=mutant).values()

    hit = sum(getattr(tally, shows) for tally in tallies)
    print(f"{mutant}: {hit} of {CONTROL_IMAGES} images {shows}")
    assert hit > 0


def test_without_half_of_the_syncs_the_ledger_is_only_forgetful(workshop):
    """NORMAL loses commits but corrupts nothing; so a loss is told apart from corruption."""
    tallies = power_suite(workshop, count=24, seed=6, mutant="synchronous-normal").values()

    assert sum(tally.lost for tally in tallies) > 0
    assert sum(tally.corrupt + tally.unbalanced for tally in tallies) == 0
