"""A writer in a process of its own, which may have a fault planted that the tests must notice."""

import os
import sys
import time
from pathlib import Path
from threading import Thread

from api.processes import run_writer
from api.standby import Turn
from api.wire import Answered, Outcomes
from api.writer_server import Desk, WriterServer

BETWEEN_ANSWER_AND_SUBMIT = 1.0
"""Seconds; more than an orderly end takes, which would otherwise apply what is left by luck."""

PACE = 0.01
"""Seconds before each early answer, or a few askers would bring thousands of commands under way."""


def answer_early():
    """Acknowledge what arrives, and apply it a little later."""
    honest_submit, honest_finish = Desk._submit, WriterServer.finish

    def apply_later(desk, requests):
        time.sleep(BETWEEN_ANSWER_AND_SUBMIT)
        list(honest_submit(desk, requests))

    def early(desk, requests):
        time.sleep(PACE)
        Thread(target=apply_later, args=(desk, requests), daemon=True).start()
        for request in requests:
            told = [Answered(1, "ok", 1, "00", b"{}", False) for _ in request.commands]
            yield Outcomes(request.number, told)

    def finish_and_end(server):
        honest_finish(server)
        os._exit(0)  # the threads above are still at it

    Desk._submit = early
    WriterServer.finish = finish_and_end


FAULTS = {"none": lambda: None, "answer-early": answer_early}


def say(sentence):
    """Tell the test."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    fault, turn, url, socket = sys.argv[1:]
    FAULTS[fault]()
    run_writer(url, Path(socket), key=Path(socket).with_suffix(".pem"), say=say, turn=Turn(turn))
