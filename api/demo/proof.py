"""
Chapter eleven: the ledger is checked, replayed, exported, verified, each by a process of its own.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.demo.forger import forge
from api.demo.stage import Stage
from api.demo.words import Words

ROOT = Path(__file__).resolve().parents[2]
HASH = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Proof:
    """What the checks brought to light."""

    state_digest: str
    replay_digest: str
    checkpoint: str
    tamper_detected: bool


def prove(stage: Stage, url: str, directory: Path) -> Proof:
    """Check everything below *directory*; the outside checkpoint and key are kept apart."""
    stage.voice.chapter(zh="核验", en="Anyone can check")
    outside, export, forged = (directory / name for name in ("outside", "export", "forged"))
    outside.mkdir(parents=True, exist_ok=True)
    note, key = outside / "checkpoint.txt", outside / "key.txt"
    signing = ("--key", str(directory / "log-key.pem"), "--out", str(note))
    _run(url, "checkpoint", *signing, "--public-key", str(key))
    _check_itself(stage, url, key)
    state_digest = _run(url, "digest", "--json")["state_digest"]
    replayed = _run(url, "replay", str(directory / "replay"), "--json")
    replay_digest = _run(_sqlite(directory / "replay"), "digest", "--json")["state_digest"]
    _tell_digests(stage, state_digest, replay_digest, commands=replayed["commands"])
    _run(url, "export", "--out", str(export), "--json")
    kept = ("--checkpoint", str(note), "--key", str(key))
    assert _verify(export, *kept)["ok"]
    stage.voice.say(
        zh="导出数据凭存于外部的检查点和公钥离线核验，全部通过。",
        en="The export verifies offline against a checkpoint and a key that were kept outside it.",
    )
    changed = forge(export, forged)
    alone, against = _verify(forged), _verify(forged, *kept)
    assert alone["ok"], f"the forger was clumsy: {alone}"
    _tell_forgery(stage, changed, against)
    return Proof(
        state_digest=state_digest,
        replay_digest=replay_digest,
        checkpoint=note.read_text(encoding="utf-8"),
        tamper_detected=not against["ok"],
    )


def _check_itself(stage: Stage, url: str, key: Path) -> None:
    checked = _run(url, "self-check", "--key", str(key), "--json")
    assert checked["ok"], checked["failed"]
    stage.voice.say(
        zh=f"自检：{len(checked['checks'])} 项检查全部通过。",
        en=f"Self-check: {len(checked['checks'])} checks passed.",
    )


def _tell_digests(stage: Stage, state: str, replay: str, *, commands: int) -> None:
    stage.voice.table(
        Words(
            f"把 {commands:,} 条指令在空库中重放，得到同一状态：",
            f"{commands:,} commands replayed into an empty database lead to the same state:",
        ),
        (Words("账本", "ledger"), Words("状态摘要", "state digest")),
        ((Words("原账本", "played"), state), (Words("重放", "replayed"), replay)),
    )


def _tell_forgery(stage: Stage, changed: int, verdict: dict[str, Any]) -> None:
    """Tell what the verifier said of the forged export."""
    stage.voice.say(
        zh=f"伪造者把导出数据第 {changed} 条指令的申报价改了一个数字，并重算全部哈希。",
        en=f"A forger changes one digit of a price, in command {changed} of the export, and "
        "rewrites every hash.",
    )
    stage.voice.say(
        zh="单凭这份导出，各项核验均能通过；与存于外部的检查点对照：",
        en="Alone, the forged export passes every check. Against the checkpoint kept outside:",
    )
    if verdict["ok"]:
        stage.voice.say(zh="未发现任何异常。", en="Nothing is noticed.")
        return
    # The verifier's own sentence is English; its facts are the two roots in it.
    names = ("export_root", "checkpoint_root")
    roots = dict(zip(names, HASH.findall(verdict["detail"]), strict=False))
    what = Words("伪造的导出数据", "the forged export")
    stage.voice.refused(what, code=verdict["check"], rule="AUD-08", facts=roots)
    stage.voice.why(
        zh="掌握账本的人可以改写全部历史，只有存于外部的检查点能证明其改写。",
        en="Whoever holds the ledger can rewrite it all; only a checkpoint kept outside shows it.",
    )


def _sqlite(directory: Path) -> str:
    return f"sqlite:///{directory / 'ledger.db'}"


def _run(url: str, *arguments: str) -> dict[str, Any]:
    """Run one command of the command line in a new process and return its JSON, if it gave any."""
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        # -P: what lies in the directory where it was started is none of ours.
        [sys.executable, "-P", "-m", "api.cli", *arguments],
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
