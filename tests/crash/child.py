"""
A process that forks one player of the one-day play after another, to be killed one by one.

It reads requests from its input, a line each: ["fault", "where", "--seed", "7", …]. A player has a
process of its own and is as dead after SIGKILL as any; only the product is imported but once. The
fault is planted in the player before it opens the ledger, and must be noticed by the tests.
"""

import json
import os
import sys
import time
from threading import Event, Thread

import ledger.db
from api.demo import one_day
from ledger.store import Store
from ledger.writer import Writer

BETWEEN_ANSWER_AND_COMMIT = 0.02
"""Seconds; without them the window is so short that 100 kills hit it three times."""


def answer_early():
    """Let callers have their answers once they are decided, and commit a little later."""
    honest_commit, honest_touch = Writer._commit, Store.touch_lease
    decided, committing = Event(), []

    def touch_lease(store, epoch):
        # The last thing before the commit: every row is written, nothing is durable.
        touched = honest_touch(store, epoch)
        decided.set()
        time.sleep(BETWEEN_ANSWER_AND_COMMIT)
        return touched

    def commit_and_tell(writer, batch):
        try:
            honest_commit(writer, batch)
        finally:
            decided.set()

    def commit_later(writer, batch):
        if committing:
            committing.pop().join()
        decided.clear()
        committing.append(Thread(target=commit_and_tell, args=(writer, list(batch))))
        committing[-1].start()
        decided.wait()
        for pending in batch:
            pending.is_done = True

    Store.touch_lease = touch_lease
    Writer._commit = commit_later


def trust_the_page_cache():
    """Let SQLite commit without waiting for the disk, as `PRAGMA synchronous=OFF` does."""
    honest_prepare = ledger.db._prepare_sqlite

    def prepare(connection, record):
        honest_prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    ledger.db._prepare_sqlite = prepare


FAULTS = {
    "none": lambda: None,
    "answer-early": answer_early,
    "synchronous-off": trust_the_page_cache,
}


def play(fault, arguments):
    """Be one player: say which process it is, then acknowledge; never return."""
    code = 1
    try:
        say(f"process {os.getpid()}")
        FAULTS[fault]()
        one_day.main(arguments)
        code = 0
    except SystemExit as refused:
        print(refused, file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def say(line):
    """Write one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve():
    """Fork a player for every request and say how it ended."""
    for request in iter(sys.stdin.readline, ""):
        fault, *arguments = json.loads(request)
        child = os.fork()
        if child == 0:
            play(fault, arguments)
        _, status = os.waitpid(child, 0)
        say(f"ended {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    serve()
