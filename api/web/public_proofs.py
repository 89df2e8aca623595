"""
Proofs for everybody: signed checkpoints, and checking a receipt without trusting this page alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request

from api.faces import faces
from api.instants import read_instant
from api.read import proofs
from api.read.known_checkpoint import is_known
from api.read.receipt_check import CHECKS, check_receipt
from api.web.authority_frame import listed
from api.web.public_frame import public
from api.web.shown import t
from ledger.tables import CheckpointRow

RECEIPT_CHARACTERS_MAX = 500_000
KNOWN = "checkpoint_known"

CHECK_WORDS = {
    "form": ("回执格式完整", "the receipt has the right form"),
    "checkpoint_form": ("所附检查点可以读懂", "its checkpoint can be read"),
    "checkpoint_signature": ("检查点由所给公钥签名", "the checkpoint is signed by the key given"),
    "payload_hash": ("命令内容与摘要一致", "the command's content has the stated hash"),
    "answer_hash": ("答复与摘要一致", "the answer has the stated hash"),
    "command_leaf": ("命令的各字段组成所称的叶子", "the command's fields make the stated leaf"),
    "entry_leaf": ("凭证的各字段组成所称的叶子", "the entries' fields make the stated leaves"),
    "entry_order": ("凭证紧随命令、次序正确", "the entries follow the command in order"),
    "inclusion": ("叶子确在检查点的树根之下", "the leaves are under the root of the checkpoint"),
    KNOWN: ("检查点是本账本公布的", "this ledger published the checkpoint"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One check: in words, and "passed", "failed" or "not made"."""

    words: str
    outcome: str


@public.get("/checkpoints")
def checkpoints() -> str:
    """Show the newest checkpoint, how to verify it, and those before."""
    with faces().read() as connection:
        newest = proofs.newest_checkpoint(connection)
        rows, cursor = listed(connection, proofs.checkpoints(), [CheckpointRow.size])
    return render_template(
        "public/checkpoints.html",
        newest=None if newest is None else _stated(newest),
        rows=[_stated(row) for row in rows],
        cursor=cursor,
    )


def _stated(row: Mapping[str, Any]) -> Mapping[str, Any]:
    stated = proofs.stated(row["note"])
    written_at = read_instant(stated.time.isoformat())
    return {**row, "origin": stated.origin, "root": stated.root.hex(), "written_at": written_at}


@public.route("/check", methods=["GET", "POST"])
def check() -> str:
    """Check a receipt that somebody pastes or uploads; nothing is kept."""
    if request.method == "GET":
        return render_template("public/check.html", text="", key="", found=None, lines=())
    text, key = _sent(), request.form.get("key", "").strip()[:500]
    found, lines = _checked(text, key)
    shown = text if len(text) <= RECEIPT_CHARACTERS_MAX else ""
    return render_template("public/check.html", text=shown, key=key, found=found, lines=lines)


def _sent() -> str:
    """Return the receipt as text: the file where one was sent, else what was pasted."""
    file = request.files.get("file")
    if file is not None and file.filename:
        raw = file.stream.read(RECEIPT_CHARACTERS_MAX * 4)
        return raw.decode("utf-8", errors="replace")
    return request.form.get("receipt", "")


def _checked(text: str, key: str) -> tuple[dict[str, Any], list[Line]]:
    try:
        assert len(text) <= RECEIPT_CHARACTERS_MAX
        document = json.loads(text)
        assert isinstance(document, dict)
    except (ValueError, AssertionError, RecursionError):
        failed = {"ok": False, "detail": "", "not_proved": (), "unreadable": True}
        return failed, [Line(t(*CHECK_WORDS["form"]), "failed")]
    checked = check_receipt(document, key)
    failed_at, passed = checked.failed, list(checked.passed)
    if not failed_at:
        failed_at = _known(document["checkpoint"])
        passed += [] if failed_at else [KNOWN]
    lines = [Line(t(*CHECK_WORDS[name]), _outcome(name, failed_at, passed)) for name in _order(key)]
    not_proved = [] if failed_at else _not_proved(checked.not_proved, key)
    found = {
        "ok": not failed_at,
        "detail": checked.detail,
        "not_proved": not_proved,
        "unreadable": False,
        "sequence": document["command"]["fields"]["sequence"] if not failed_at else None,
    }
    return found, lines


def _order(key: str) -> list[str]:
    return [name for name in (*CHECKS, KNOWN) if key or name != "checkpoint_signature"]


def _outcome(name: str, failed: str, passed: list[str]) -> str:
    if name == failed:
        return "failed"
    return "passed" if name in passed else "not made"


def _known(note: str) -> str:
    with faces().read() as connection:
        return "" if is_known(connection, note) else KNOWN


def _not_proved(sentences: tuple[str, ...], key: str) -> list[str]:
    """Return what the receipt alone cannot show, in the language of the page."""
    said = {
        "No key": "未提供公钥，因此没有核对检查点的签名。",
        "Entries that": "涉及他人的凭证只给出了摘要。",
        "That no other": "此命令没有其他凭证这一点，只有导出全部历史才能证明。",
    }
    return [
        t(next((zh for start, zh in said.items() if each.startswith(start)), each), each)
        for each in sentences
    ]
