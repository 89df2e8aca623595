"""However a writer ends, what it acknowledged is in the log, and what it did not, the id tells."""

import signal
from collections import Counter
from threading import Timer

import pytest

from tests.api.process.world import Crowd, connected, logged, open_ledger, writer_process

ENOUGH = 60

END_SECONDS_MAX = 60
"""A writer that has not ended by then is killed, which its exit code tells."""

pytestmark = pytest.mark.slow


@pytest.fixture
def begun(url):
    """The address of a ledger on each engine that has been opened, with nobody writing it."""
    open_ledger(url).close()
    return url


def ask_until(process, number, gateways):
    """Let web processes ask a writer that then gets a signal; return them when all have noticed."""
    crowd = Crowd(gateways, each=4)
    crowd.wait_for(ENOUGH)
    process.send_signal(number)
    overdue = Timer(END_SECONDS_MAX, process.kill)
    overdue.start()
    crowd.go_home()
    process.wait()
    overdue.cancel()
    assert crowd.all("surprises") == []
    assert len(crowd.all("away")) + len(crowd.all("unknown")) == 8
    return crowd


def end_in_order(url, path, *, fault="none"):
    """Tell a writer under load to end; return who asked, and its exit code."""
    with writer_process(url, path, fault=fault) as process:
        with connected(path) as one, connected(path) as other:
            crowd = ask_until(process, signal.SIGTERM, (one, other))
        return crowd, process.returncode


def ids(commands):
    return {command.id for command in commands}


def test_a_writer_told_to_end_answers_all_it_has_received_and_loses_nothing(begun, path):
    crowd, exit_code = end_in_order(begun, path)

    found = set(logged(begun))
    assert exit_code == 0
    assert not path.exists()
    assert ids(crowd.all("acknowledged")) == found - {"ledger:open"}
    assert crowd.all("unknown") == []
    assert len(crowd.all("away")) == 8


def test_a_planted_server_that_acknowledges_before_it_submits_is_caught(begun, path):
    crowd, _ = end_in_order(begun, path, fault="answer-early")

    assert ids(crowd.all("acknowledged")) - set(logged(begun)) != set()


def test_a_killed_writer_loses_nothing_and_the_next_one_tells_the_same_web_the_rest(begun, path):
    with connected(path) as one, connected(path) as other:
        with writer_process(begun, path) as process:
            crowd = ask_until(process, signal.SIGKILL, (one, other))
        found = set(logged(begun))
        unanswered = crowd.all("away") + crowd.all("unknown")
        with writer_process(begun, path):
            answers = one.outcomes(unanswered[:5]) + other.outcomes(unanswered[5:])

    assert process.returncode == -signal.SIGKILL
    assert ids(crowd.all("acknowledged")) <= found
    assert ids(crowd.all("away")) & found == set()
    assert [answer.code for answer in answers] == ["ok"] * 8
    repeated = [c.id for c, a in zip(unanswered, answers, strict=True) if a.repeated]
    assert set(repeated) == ids(unanswered) & found
    assert max(Counter(logged(begun)).values()) == 1
