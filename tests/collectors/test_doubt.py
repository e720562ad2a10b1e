"""An answer that fits may still belong to another question: when it is doubted, and what settles it."""

import asyncio
from collections.abc import Sequence

import pytest

from collectors.doubt import UNANSWERED_S, AnswerMemory, agrees, confirming
from collectors.framing import Question, RtuScreen, TcpScreen, WrongFrameError, head_of
from collectors.modbus import ModbusSource
from domain.errors import CollectError, MalformedAnswerError
from domain.measurement import BlockRead
from tests.collectors.peers import Answer, crc, gateway, peer, say, words
from tests.collectors.peers import Question as Asked
from tests.collectors.test_framing import checksum, right

Q = Question(3, 4, 2)


def test_the_same_words_from_another_address_are_doubted_and_from_the_same_one_are_not() -> None:
    memory = AnswerMemory()
    memory.heard(Q, 100, b"abcd")
    assert memory.is_doubtful(Q, 200, b"abcd", 1.0)
    assert not memory.is_doubtful(Q, 100, b"abcd", 1.0)
    assert not memory.is_doubtful(Q, 200, b"abce", 1.0)
    assert not memory.is_doubtful(Question(4, 4, 2), 200, b"abcd", 1.0)


def test_what_was_said_last_is_remembered_longest_however_often_it_was_said_before() -> None:
    memory = AnswerMemory()
    memory.heard(Q, 100, b"abcd")
    for address in range(200, 205):
        memory.heard(Q, address, b"w%03d" % address)
    memory.heard(Q, 100, b"abcd")
    memory.heard(Q, 300, b"efgh")
    assert memory.is_doubtful(Q, 400, b"abcd", 1.0), "said a moment ago, and once long before"
    assert not memory.is_doubtful(Q, 400, b"w200", 1.0), "the oldest made room"


def test_every_question_that_waits_for_its_answer_makes_others_of_its_shape_doubtful() -> None:
    memory = AnswerMemory()
    memory.unanswered(Q, 100, 0.0)
    memory.unanswered(Q, 200, 1.0)
    assert memory.is_doubtful(Q, 200, b"abcd", 2.0), "it may be the answer for 100"
    assert memory.is_doubtful(Q, 300, b"abcd", 2.0)
    assert not memory.is_doubtful(Question(3, 4, 3), 300, b"abcdef", 2.0)
    assert not memory.is_doubtful(Q, 300, b"abcd", 2.0 + UNANSWERED_S)


def test_a_late_frame_settles_the_only_question_it_can_belong_to() -> None:
    memory = AnswerMemory()
    memory.unanswered(Q, 100, 0.0)
    late = right(Q, rtu=True)
    assert not memory.late_came(right(Question(3, 4, 1), rtu=True)), "another length"
    assert not memory.late_came(right(Question(4, 4, 2), rtu=True)), "another unit"
    assert memory.late_came(late[:2]), "its beginning"
    assert memory.is_doubtful(Q, 300, b"abcd", 1.0)
    assert memory.late_came(late)
    assert not memory.is_doubtful(Q, 300, b"abcd", 1.0)
    memory.unanswered(Q, 100, 2.0)
    memory.unanswered(Q, 200, 3.0)
    assert memory.late_came(late)
    assert memory.is_doubtful(Q, 300, b"abcd", 4.0), "which of the two it was, nobody knows"


def test_a_late_frame_said_once_more_is_doubted_as_the_answer_to_another_address() -> None:
    memory, late = AnswerMemory(), right(Q, rtu=True)
    memory.unanswered(Q, 100, 0.0)
    assert memory.late_came(late)
    assert memory.is_doubtful(Q, 300, late[3:-2], 1.0), "a copy of it, behind the next question"
    assert not memory.is_doubtful(Q, 100, late[3:-2], 1.0), "its own address"


def test_the_confirming_question_has_another_length_and_the_same_beginning() -> None:
    assert confirming(BlockRead(3, 10, 30))[0] == BlockRead(3, 10, 29)
    assert confirming(BlockRead(3, 10, 1))[0] == BlockRead(3, 10, 2)
    assert [one.count for one in confirming(BlockRead(3, 10, 3))] == [2, 1, 4, 5]
    memory = AnswerMemory()
    memory.unanswered(Question(3, 3, 29), 70, 0.0)
    assert memory.confirming(3, BlockRead(3, 10, 30), 1.0) == BlockRead(3, 10, 28), (
        "nothing waits for this one"
    )
    assert memory.confirming(4, BlockRead(3, 10, 30), 1.0) == BlockRead(3, 10, 29)
    assert memory.confirming(3, BlockRead(3, 10, 30), UNANSWERED_S) == BlockRead(3, 10, 29)


def test_a_question_asked_twice_in_vain_is_answered_twice() -> None:
    memory, late = AnswerMemory(), right(Q, rtu=True)
    memory.unanswered(Q, 100, 0.0)
    memory.unanswered(Q, 100, 1.0)
    assert memory.late_came(late)
    assert memory.is_doubtful(Q, 300, b"abcd", 2.0), "the second late answer is still to come"
    assert memory.late_came(late)
    assert not memory.is_doubtful(Q, 300, b"abcd", 3.0)


def test_answers_that_overlap_agree_in_some_registers() -> None:
    assert agrees(b"aabbccdd", b"aaxxcc")
    assert not agrees(b"aabbccdd", b"xxyyzz")


def test_a_replayed_answer_is_refused_while_equal_registers_are_believed() -> None:
    """A gateway says its last answer again under the new transaction, whatever was asked."""
    replay = True
    last: list[bytes] = []

    async def answer(question: Asked, writer: asyncio.StreamWriter) -> None:
        data = words(question.unit, question.address if replay else 0, question.count)
        frame = bytes([question.function, len(data)]) + data
        last.append(frame)
        await say(writer, question.frame(last[0] if replay else frame))

    async def check() -> None:
        nonlocal replay
        async with peer(answer) as port:
            source = ModbusSource(gateway(port))
            assert (await source.read(1, BlockRead(3, 100, 4))).words == words(1, 100, 4)
            with pytest.raises(MalformedAnswerError, match="another question"):
                await source.read(1, BlockRead(3, 200, 4))
            replay = False
            for address in (300, 400, 500):
                assert (await source.read(1, BlockRead(3, address, 6))).words == words(1, 0, 6)
            await source.close()

    asyncio.run(check())


def test_the_answer_that_only_confirmed_is_not_taken_when_it_is_said_again() -> None:
    """Found by a long run: a gateway replays its last answer, which was the one to our own second question."""
    asked: list[Asked] = []

    async def answer(question: Asked, writer: asyncio.StreamWriter) -> None:
        asked.append(question)
        replayed = len(asked) == 4  # first, equal registers, the question behind them, the one under test
        of = asked[-2] if replayed else question
        data = words(question.unit, 0 if len(asked) < 3 else of.address, question.count)
        await say(writer, question.frame(bytes([question.function, len(data)]) + data))

    async def check() -> None:
        async with peer(answer) as port:
            source = ModbusSource(gateway(port))
            await source.read(1, BlockRead(3, 100, 2))
            with pytest.raises(MalformedAnswerError):  # equal to the first: asked again, one register shorter
                await source.read(1, BlockRead(3, 200, 2))
            with pytest.raises(MalformedAnswerError, match="another question"):
                await source.read(1, BlockRead(3, 300, 1))
            await source.close()

    asyncio.run(check())
    assert [(one.address, one.count) for one in asked[2:4]] == [(200, 1), (300, 1)]


def _reads(answer: Answer, addresses: Sequence[int]) -> list[bytes]:
    """Return what a source takes from two registers at each address of one RTU wire; empty where it refuses."""

    async def check() -> list[bytes]:
        found = []
        async with peer(answer, rtu=True) as port:
            source = ModbusSource(gateway(port, rtu=True, timeout_s=0.15))
            for address in addresses:
                try:
                    found.append((await source.read(1, BlockRead(3, address, 2))).words)
                except CollectError:
                    found.append(b"")
            await source.close()
        return found

    return asyncio.run(check())


def test_an_answer_heard_long_ago_and_just_now_is_not_taken_for_another_address() -> None:
    """Found by a long run: six answers later the first one was forgotten, though it had just been said again."""
    asked = [100, 200, 300, 400, 500, 600, 100]

    async def answer(question: Asked, writer: asyncio.StreamWriter) -> None:
        replayed = question.address == 700 and question.count == 2
        data = words(1, 100 if replayed else question.address, question.count)
        await say(writer, question.frame(bytes([3, len(data)]) + data))

    assert _reads(answer, [*asked, 700]) == [words(1, one, 2) for one in asked] + [b""]


def test_a_question_whose_answer_was_another_ones_still_waits_for_its_own() -> None:
    """The copy of an answer is noticed; the right one, late, comes behind the question after."""

    async def answer(question: Asked, writer: asyncio.StreamWriter) -> None:
        late = {200: 100, 300: 200} if question.count == 2 else {}
        data = words(1, late.get(question.address, question.address), question.count)
        await say(writer, question.frame(bytes([3, len(data)]) + data))

    assert _reads(answer, [100, 200, 300, 400]) == [words(1, 100, 2), b"", b"", words(1, 400, 2)]


def test_transactions_go_on_counting_over_connections() -> None:
    seen: list[int] = []

    async def answer(question: Asked, writer: asyncio.StreamWriter) -> None:
        seen.append(question.transaction)
        await say(writer, question.right())

    async def check() -> None:
        async with peer(answer) as port:
            source = ModbusSource(gateway(port))
            for _ in range(3):
                await source.read(1, BlockRead(3, 1, 1))
                await source.close()

    asyncio.run(check())
    assert seen == [seen[0], seen[0] + 1, seen[0] + 2]


def test_an_answer_cut_short_and_filled_up_by_a_late_one_is_refused() -> None:
    late, now = Question(2, 3, 2, 500), Question(3, 4, 5, 501)
    whole = right(now, rtu=False)
    screen = TcpScreen()
    assert screen.good_frame(whole[:8], now) == b""
    filled = whole[:8] + right(late, rtu=False)  # 21 bytes: exactly as many as are missing, and more
    with pytest.raises(WrongFrameError):
        screen.good_frame(filled[: len(whole)], now)
    with pytest.raises(WrongFrameError):
        TcpScreen().good_frame(whole + b"\x00\x07\x02", now)


@pytest.mark.parametrize("between", [0, 1, 5])
def test_an_answer_filled_up_by_a_late_one_is_refused_even_when_both_come_in_one_piece(between: int) -> None:
    """Found by a long run: the machine was busy, both lay in the buffer when it looked."""
    screen = TcpScreen()
    first = Question(1, 3, 4, 499)
    assert screen.good_frame(right(first, rtu=False), first)
    for number in range(501, 501 + between):  # 500 was asked and nothing came
        asked = Question(1, 3, 4, number)
        assert screen.good_frame(right(asked, rtu=False), asked)
    late, now = Question(3, 3, 1, 500), Question(1, 3, 30, 501 + between)
    whole, behind = right(now, rtu=False), right(late, rtu=False)
    with pytest.raises(WrongFrameError, match="another frame"):
        screen.good_frame(whole[: -len(behind)] + behind, now)
    assert screen.good_frame(whole, now) == whole


def test_a_question_without_an_answer_is_forgotten_after_many_others() -> None:
    screen = TcpScreen()
    for number in (499, *range(501, 570)):  # 500 was never answered
        asked = Question(1, 3, 4, number)
        assert screen.good_frame(right(asked, rtu=False), asked)
    now = Question(1, 3, 4, 570)
    frame = right(now, rtu=False)[:-8] + (500).to_bytes(2) + bytes(6)
    assert screen.good_frame(frame, now) == frame, "registers that happen to look like it"


def test_a_copy_of_the_last_answer_does_not_fill_up_the_next_one() -> None:
    screen, before, now = TcpScreen(), Question(1, 3, 1, 7), Question(1, 3, 30, 8)
    copy, whole = right(before, rtu=False), right(now, rtu=False)
    assert screen.good_frame(copy, before) == copy
    with pytest.raises(WrongFrameError, match="another frame"):
        screen.good_frame(whole[: -len(copy)] + copy, now)


def test_registers_that_look_like_the_transaction_of_an_answer_that_came_are_believed() -> None:
    screen = TcpScreen()
    for number in range(500, 520):
        asked = Question(1, 3, 4, number)
        assert screen.good_frame(right(asked, rtu=False), asked)
    now = Question(1, 3, 4, 520)
    frame = right(now, rtu=False)[:-8] + (510).to_bytes(2) + bytes(6)
    assert screen.good_frame(frame, now) == frame


def test_on_rtu_a_gateway_that_says_everything_twice_is_understood() -> None:
    screen, one, two = RtuScreen(checksum), Question(3, 4, 2), Question(3, 4, 3)
    first, second = right(one, rtu=True), right(two, rtu=True)
    assert screen.good_frame(first + first, one) == first
    assert screen.good_frame(first, two) == b""
    assert screen.good_frame(first + second, two) == second
    assert screen.repeats_itself(second)
    with pytest.raises(WrongFrameError):
        screen.good_frame(b"\x09" + first, one)


def test_on_rtu_the_copy_of_an_answer_is_passed_over_also_when_others_came_between() -> None:
    screen, one, two, three = RtuScreen(checksum), Question(3, 4, 2), Question(2, 3, 3), Question(1, 3, 30)
    first, second, third = (right(each, rtu=True) for each in (one, two, three))
    assert screen.good_frame(first, one) == first
    assert screen.good_frame(second, two) == second
    assert screen.repeats_itself(first)
    assert screen.repeats_itself(second + first[:4])
    assert not screen.repeats_itself(third)
    assert screen.good_frame(first, three) == b""
    assert screen.good_frame(first + second + third[:9], three) == b""
    assert screen.good_frame(first + second + third + first, three) == third
    with pytest.raises(WrongFrameError):
        screen.good_frame(first + b"\x09" + third, three)


def test_a_copy_of_another_answer_of_the_doubted_shape_is_no_copy_but_evidence() -> None:
    screen, question, again = RtuScreen(checksum), Question(3, 4, 2), Question(3, 4, 1)
    before, doubted = right(question, rtu=True, fill=1), right(question, rtu=True, fill=2)
    assert screen.good_frame(before, question) == before
    assert screen.good_frame(doubted, question) == doubted
    screen.watched = head_of(question)
    assert screen.repeats_itself(doubted)
    assert not screen.repeats_itself(before)
    with pytest.raises(WrongFrameError):
        screen.good_frame(before + right(again, rtu=True), again)


def test_a_device_that_refuses_twice_in_the_same_words_is_heard_twice() -> None:
    screen, body = RtuScreen(checksum), bytes([3, 0x84, 2])
    refusal = body + crc(body)
    assert screen.good_frame(refusal, Question(3, 4, 2)) == refusal
    assert screen.good_frame(refusal, Question(3, 4, 7)) == refusal


@pytest.mark.parametrize("late_s", [0.5, 1.2])
def test_on_a_shared_wire_not_even_a_very_late_answer_of_the_same_shape_is_taken(late_s: float) -> None:
    """Later than the silence after a time-out: caught by doubt, not by waiting."""
    calls = 0

    async def answer(question: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            asyncio.get_running_loop().call_later(late_s, writer.write, question.right())
            return
        await asyncio.sleep(0.03)
        await say(writer, question.right())

    async def check() -> int:
        good = 0
        async with peer(answer, rtu=True) as port:
            source = ModbusSource(gateway(port, rtu=True, timeout_s=0.15))
            for address in range(100, 4000, 100):
                try:
                    found = (await source.read(1, BlockRead(3, address, 2))).words
                except CollectError:
                    continue
                assert found == words(1, address, 2)
                good += 1
            await source.close()
        return good

    assert asyncio.run(check()) >= 35
