"""The check of answers, byte by byte: whatever comes, only the right frame passes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.framing import Question, RtuScreen, Screen, TcpScreen, WrongFrameError
from tests.collectors.peers import crc


def checksum(data: bytes) -> int:
    return int.from_bytes(crc(data), "big")


def right(question: Question, rtu: bool, fill: int = 0x41) -> bytes:
    body = bytes([question.unit, question.function, 2 * question.count]) + bytes([fill]) * (
        2 * question.count
    )
    return body + crc(body) if rtu else struct.pack(">HHH", question.transaction, 0, len(body)) + body


def screen(rtu: bool) -> Screen:
    return RtuScreen(checksum) if rtu else TcpScreen()


def passed(rtu: bool, data: bytes, question: Question) -> bytes | None:
    """What passes; None when it is refused."""
    try:
        return screen(rtu).good_frame(data, question)
    except WrongFrameError:
        return None


questions = st.builds(
    Question,
    unit=st.integers(0, 247),
    function=st.sampled_from([3, 4]),
    count=st.integers(1, 125),
    transaction=st.integers(1, 65_000),
)


@given(st.booleans(), questions, st.integers(0, 255))
def test_the_right_frame_passes_and_no_part_of_it_does(rtu: bool, question: Question, fill: int) -> None:
    frame = right(question, rtu, fill)
    assert passed(rtu, frame, question) == frame
    for cut in range(len(frame)):
        assert passed(rtu, frame[:cut], question) == b""


@given(st.booleans(), questions, st.data())
def test_a_flipped_bit_outside_the_values_never_passes(
    rtu: bool, question: Question, data: st.DataObject
) -> None:
    frame = bytearray(right(question, rtu))
    head = 3 if rtu else 9
    position = data.draw(st.sampled_from([*range(head), *((len(frame) - 2, len(frame) - 1) if rtu else ())]))
    frame[position] ^= 1 << data.draw(st.integers(0, 7))
    assert not passed(rtu, bytes(frame), question)


@given(questions, st.data())
def test_on_rtu_a_flipped_bit_anywhere_never_passes(question: Question, data: st.DataObject) -> None:
    frame = bytearray(right(question, rtu=True))
    position = data.draw(st.integers(0, len(frame) - 1))
    frame[position] ^= 1 << data.draw(st.integers(0, 7))
    assert not passed(True, bytes(frame), question)


@given(st.booleans(), questions, st.binary(max_size=300))
def test_noise_never_passes(rtu: bool, question: Question, noise: bytes) -> None:
    found = passed(rtu, noise, question)
    assert not found or found in noise


@given(st.booleans(), questions, questions)
def test_the_answer_to_one_question_is_none_to_another(rtu: bool, one: Question, other: Question) -> None:
    if rtu:
        differ = (one.unit, one.function, one.count) != (other.unit, other.function, other.count)
    else:
        differ = one != other
    if differ:
        assert not passed(rtu, right(one, rtu), other)


@given(questions, st.integers(1, 3))
def test_answers_to_earlier_transactions_are_dropped_and_the_right_one_found(
    question: Question, before: int
) -> None:
    judge = TcpScreen()
    stale = b""
    for number in range(before, 0, -1):
        transaction = (question.transaction - number - 1) % 65_000 + 1
        stale += right(Question(question.unit, question.function, question.count, transaction), False, 0x5A)
    frame = right(question, False)
    assert judge.good_frame(stale + frame, question) == frame
    assert judge.stale == before


@pytest.mark.parametrize("extra", [b"\x00", b"\x01\x03"])
def test_on_rtu_nothing_may_precede_or_follow_the_frame(extra: bytes) -> None:
    question = Question(9, 3, 2)
    frame = right(question, True)
    assert passed(True, extra + frame, question) is None
    assert passed(True, frame + extra, question) is None
