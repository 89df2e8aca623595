"""
A process like `web`: several callers who send commands to the writer, each id until it is answered.

It says a line for each answer: the id, its place in the log, when it came, and what the caller was
told before. It ends once its input does, when every caller has had its last answer.
"""

import json
import sys
import time
from pathlib import Path
from threading import Event, Lock, Thread

from api.socket_gateway import SocketGateway
from api.wire_refusals import RefusedElsewhere
from api.writer_line import WriterAway
from ledger.errors import Refused
from ledger.writer import OutcomeUnknown
from tests.api.process.world import SUBJECTS, sector

TO_BE_SENT_AGAIN = {"epoch_stale", "database_busy", "database_away"}
"""What a writer says of itself, for which its callers can do nothing else."""

PAUSE = 0.01
"""Seconds between two tries, or a writer that is away would be asked thousands of times."""

_SAYING = Lock()


def answer_to(gateway, command):
    """Return the answer to *command*, sent again and again, and the codes of what came before."""
    before = []
    while True:
        [outcome] = gateway.outcomes((command,))
        if not isinstance(outcome, Refused):
            return outcome, before
        is_passing = isinstance(outcome, WriterAway | OutcomeUnknown) or (
            isinstance(outcome, RefusedElsewhere) and outcome.code in TO_BE_SENT_AGAIN
        )
        if not is_passing:
            raise outcome
        if not before or before[-1] != outcome.code:
            before.append(outcome.code)
        time.sleep(PAUSE)


def call(gateway, name, stopping):
    """Send one command after the other and say the answer to each."""
    number = 0
    while not stopping.is_set():
        number += 1
        command = sector(f"{name}{number:05}")
        answer, before = answer_to(gateway, command)
        line = json.dumps([command.id, answer.sequence, answer.code, time.monotonic(), before])
        with _SAYING:
            print(line, flush=True)


if __name__ == "__main__":
    name, callers, socket = sys.argv[1:]
    way, is_over = SocketGateway(Path(socket), SUBJECTS), Event()
    threads = [
        Thread(target=call, args=(way, f"{name}{chr(65 + number)}", is_over))
        for number in range(int(callers))
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    is_over.set()
    for thread in threads:
        thread.join()
    way.close()
