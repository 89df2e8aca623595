"""
Chapter nine: the ledger is checked, replayed, exported and verified, each by a process of its own.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.demo.cast import dates
from api.demo.forger import forge
from api.demo.months import MORNING
from api.demo.stage import Stage

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Proof:
    """What the checks brought to light."""

    state_digest: str
    replay_digest: str
    checkpoint: str
    tamper_detected: bool


def prove(stage: Stage, url: str, directory: Path) -> Proof:
    """Check everything below *directory*; the outside checkpoint and key are kept apart."""
    stage.voice.chapter("Anyone can check", "九、核验")
    outside, export, forged = (directory / name for name in ("outside", "export", "forged"))
    outside.mkdir(parents=True, exist_ok=True)
    note, key = outside / "checkpoint.txt", outside / "key.txt"
    _run(
        url,
        "checkpoint",
        "--key",
        str(directory / "log-key.pem"),
        "--out",
        str(note),
        "--public-key",
        str(key),
    )
    checked = _run(url, "self-check", "--key", str(key), "--json")
    assert checked["ok"], checked["failed"]
    stage.voice.say(f"self-check: {len(checked['checks'])} checks passed.")
    state_digest = _run(url, "digest", "--json")["state_digest"]
    replayed = _run(url, "replay", str(directory / "replay"), "--json")
    replay_digest = _run(_sqlite(directory / "replay"), "digest", "--json")["state_digest"]
    stage.voice.say(f"state digest  {state_digest}")
    stage.voice.say(f"replay digest {replay_digest} from {replayed['commands']:,} commands.")
    _run(url, "export", "--out", str(export), "--json")
    kept = ("--checkpoint", str(note), "--key", str(key))
    assert _verify(export, *kept)["ok"]
    stage.voice.say("The export verifies offline against a checkpoint and key kept outside it.")
    changed = forge(export, forged)
    alone, against = _verify(forged), _verify(forged, *kept)
    assert alone["ok"], f"the forger was clumsy: {alone}"
    stage.voice.say(f"A forger changed one byte of {changed} and rewrote every hash.")
    stage.voice.refused(
        "the forged export",
        against.get("check", "passed"),
        against.get("detail", "nothing was noticed"),
    )
    return Proof(
        state_digest=state_digest,
        replay_digest=replay_digest,
        checkpoint=note.read_text(encoding="utf-8"),
        tamper_detected=not against["ok"],
    )


def _sqlite(directory: Path) -> str:
    return f"sqlite:///{directory / 'ledger.db'}"


def _run(url: str, *arguments: str) -> dict[str, Any]:
    """Run one command of the command line in a new process and return its JSON, if it gave any."""
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{arguments[0]}: {done.stdout}{done.stderr}"
    return json.loads(done.stdout) if "--json" in arguments else {}


def _verify(export: Path, *outside: str) -> dict[str, Any]:
    """Run the verifier that lies in the export itself, alone, as an outsider would."""
    done = subprocess.run(
        [sys.executable, "-I", str(export / "verify.py"), str(export), *outside, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    verdict: dict[str, Any] = json.loads(done.stdout)
    return verdict


def settle_clock(stage: Stage) -> None:
    """Lead the clock past the last event, so that what is due has happened."""
    stage.at(dates()["year_closed"], minute=MORNING + 60)
