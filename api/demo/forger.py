"""
The forger of the demonstration: changes one byte of an export and makes everything fit again.

It has the export and all that the product knows, but not the log's key and not the checkpoint
that somebody kept outside.
"""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.leaf import block_hash, command_leaf, entry_leaf, pack_text

Line = dict[str, Any]


def forge(export: Path, forged: Path) -> int:
    """
    Copy *export* to *forged* with one digit of one order changed, and rewrite every hash.

    Returns the sequence of the changed command.
    """
    shutil.copytree(export, forged)
    commands = _read(forged, "commands")
    victim = next(line for line in commands if line["kind"] == "orders.place")
    position = victim["payload"].index('"price_fen":') + len('"price_fen":')
    digit = victim["payload"][position]
    other = "1" if digit != "1" else "2"
    victim["payload"] = victim["payload"][:position] + other + victim["payload"][position + 1 :]
    victim["payload_hash"] = sha256(victim["payload"].encode()).hexdigest()
    _write(forged, "commands", commands)
    _rewrite_chain(forged, commands)
    # The checkpoints of the export are signed by a key the forger lacks, so they have to go.
    _write(forged, "checkpoints", [])
    _rewrite_manifest(forged)
    return int(victim["sequence"])


def _read(directory: Path, name: str) -> list[Line]:
    text = (directory / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _write(directory: Path, name: str, lines: list[Line]) -> None:
    """Write lines as the export does: the same separators, names in the same order."""
    text = "".join(
        json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines
    )
    (directory / f"{name}.jsonl").write_text(text, encoding="utf-8")


def _rewrite_chain(directory: Path, commands: list[Line]) -> None:
    leaves = _leaves(commands, _read(directory, "entries"))
    blocks = _read(directory, "blocks")
    previous = bytes(32)
    for block in blocks:
        block["previous_hash"] = previous.hex()
        span = range(block["first_sequence"], block["last_sequence"] + 1)
        previous = block_hash(
            number=block["number"],
            previous=previous,
            first_sequence=block["first_sequence"],
            last_sequence=block["last_sequence"],
            last_entry=block["last_entry"],
            committed_at=block["committed_at"],
            leaves=[leaf for sequence in span for leaf in leaves[sequence]],
        )
        block["hash"] = previous.hex()
    _write(directory, "blocks", blocks)


def _leaves(commands: list[Line], entries: list[Line]) -> dict[int, list[bytes]]:
    leaves = {line["sequence"]: [_command_leaf(line)] for line in commands}
    for line in entries:
        leaves[line["command_sequence"]].append(_entry_leaf(line))
    return leaves


def _command_leaf(line: Line) -> bytes:
    return command_leaf(
        sequence=line["sequence"],
        command_id=line["id"],
        kind=line["kind"],
        actor=line["actor"],
        payload_hash=bytes.fromhex(line["payload_hash"]),
        code=line["code"],
        answer_hash=sha256(line["answer"].encode()).digest(),
        rules_version=line["rules_version"],
        recorded_at=line["recorded_at"],
    )


def _entry_leaf(line: Line) -> bytes:
    return entry_leaf(
        sequence=line["sequence"],
        command_sequence=line["command_sequence"],
        ordinal=line["ordinal"],
        code=line["code"],
        rule=line["rule"],
        reference=line["reference"] or "",
        effective_at=line["effective_at"],
        reverses=line["reverses"] or 0,
        postings=[
            (pack_text(source), pack_text(destination), pack_text(asset), int(amount))
            for source, destination, asset, amount in line["postings"]
        ],
    )


def _rewrite_manifest(directory: Path) -> None:
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["counts"]["checkpoints"] = 0
    for name in manifest["files"]:
        manifest["files"][name] = sha256((directory / name).read_bytes()).hexdigest()
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8")
