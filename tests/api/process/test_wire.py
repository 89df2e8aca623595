"""Frames survive any cutting, and what travels arrives as it was sent."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire import (
    Answered,
    Declined,
    Frames,
    Hello,
    Outcomes,
    Submit,
    Tick,
    Told,
    answered,
    build_of,
    declined,
    frame,
    in_parts,
    outcome_of,
    read_request,
    read_response,
)
from api.wire_refusals import FRAME_BYTES_MAX, FrameMalformed, FrameTooLarge, RefusedElsewhere
from ledger.command import Answer, Payload, Verdict
from ledger.subject import Handler, Subject, Subjects
from ledger.writer import OutcomeUnknown

TOLD = Told("web/1", "person:REG1", "sectors.register", b'{"rows":[]}')
REQUESTS = [Hello(1, 1, "build"), Submit(2, [TOLD, TOLD]), Tick(3)]


@given(st.lists(st.integers(1, 40), min_size=1))
def test_requests_arrive_whole_however_the_stream_is_cut(cuts):
    stream = b"".join(map(frame, REQUESTS))
    frames, read, start = Frames(), [], 0

    for cut in [*cuts, len(stream)]:
        read += map(read_request, frames.feed(stream[start : start + cut]))
        start += cut

    assert read == REQUESTS


def test_a_frame_may_be_as_large_as_the_limit_and_not_a_byte_larger():
    frames = Frames(largest=5)

    assert list(frames.feed(b"\x00\x00\x00\x05hello")) == [b"hello"]
    with pytest.raises(FrameTooLarge) as refused:
        list(frames.feed(b"\x00\x00\x00\x06"))
    assert refused.value.facts == {"size": 6, "largest": 5}


def test_the_limit_of_a_request_is_sixteen_mebibytes():
    assert FRAME_BYTES_MAX == 16_777_216


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x91" * 100_000,
        b"\xa3\xff\xfe\xfd",
        msgspec.msgpack.encode("submit"),
        msgspec.msgpack.encode(["nope", 1]),
        msgspec.msgpack.encode(["submit", 1]),
        msgspec.msgpack.encode(["submit", 1, [["id", "actor", "kind", "text, not bytes"]]]),
        msgspec.msgpack.encode(["tick", "1"]),
        frame(Tick(1)),
    ],
)
def test_what_is_no_request_is_refused(body):
    with pytest.raises(FrameMalformed):
        read_request(body)


def test_an_answer_arrives_as_it_was_given():
    verdict = Verdict(result={"order": 7, "名称": "钢铁"}, facts={})
    answer = Answer(7, "ok", 1_735_660_800_000_001, "ab" * 32, verdict, repeated=True)

    told = read_response(frame(Outcomes(1, [answered(answer)]))[4:]).outcomes[0]
    arrived = outcome_of(told)

    assert isinstance(told, Answered)
    assert arrived == answer
    assert (arrived.recorded_at, arrived.repeated) == (1_735_660_800_000_001, True)


def test_a_refusal_arrives_with_its_code_rule_sentence_and_facts():
    refusal = OutcomeUnknown("web/1", "disk")

    told = read_response(frame(Outcomes(1, [declined(refusal, status_class=5)]))[4:]).outcomes[0]
    arrived = outcome_of(told)

    assert isinstance(told, Declined)
    assert isinstance(arrived, RefusedElsewhere)
    assert (arrived.code, arrived.rule) == ("outcome_unknown", "REG-09")
    assert arrived.message == "the outcome of web/1 is not known; send it again with the same id"
    assert str(arrived) == arrived.message
    assert arrived.facts == {"id": "web/1", "problem": "disk"}
    assert arrived.status_class == 5
    assert RefusedElsewhere.code == "refused_elsewhere"


def test_commands_are_sent_in_parts_of_512_and_of_a_mebibyte():
    small, large = [TOLD] * 1_025, [msgspec.structs.replace(TOLD, payload=b"x" * 600_000)] * 3

    assert [len(part) for part in in_parts(small)] == [512, 512, 1]
    assert [len(part) for part in in_parts(large)] == [1, 1, 1]
    assert list(in_parts([])) == []
    assert [each for part in in_parts(small) for each in part] == small


def test_a_build_that_reads_a_payload_otherwise_is_another_build():
    class Asked(Payload, frozen=True):
        kind = "asked"
        amount: int

    class AskedOtherwise(Payload, frozen=True):
        kind = "asked"
        amount: int
        reason: str = ""

    def build(shape):
        handler = Handler(shape, lambda _work, _payload: {}, makers=frozenset())
        return build_of(Subjects((Subject("test", (handler,)),)))

    assert build(Asked) == build(Asked)
    assert build(Asked) != build(AskedOtherwise)
