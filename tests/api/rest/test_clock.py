"""The clock over HTTP: everybody reads it, only a demonstration's is moved."""

from dataclasses import replace

from api.faces import EXTENSION
from tests.api.rest.offices import problem

PATH = "/api/v1/clock"


def test_a_clock_without_a_stepper_runs_by_itself(faced):
    shown = faced.visit().get(PATH).json
    assert shown == {
        "at": "2026-01-14T16:00:00.000000Z",
        "purpose": "demonstration",
        "can_step": False,
    }
    before = faced.digest()

    answer = faced.visit("person:T1").post(f"{PATH}/step")

    assert problem(answer) == (409, "clock_runs")
    assert faced.digest() == before


def test_a_demonstration_moves_to_the_next_event_and_says_what_happened(faced):
    def step():
        faced.bench.clock.advance(60_000_000)
        return "过了一分钟", "a minute passed"

    faced.app.extensions[EXTENSION] = replace(faced.faces, step=step)
    client = faced.visit("person:T1")
    before = client.get(PATH).json
    assert before["can_step"] is True

    answer = client.post(f"{PATH}/step")

    assert answer.status_code == 200, answer.text
    assert (answer.json["told_zh"], answer.json["told_en"]) == ("过了一分钟", "a minute passed")
    assert answer.json["at"] > before["at"]
