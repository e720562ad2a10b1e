"""What villages and the centre say to each other: exact there and back, and nothing else is taken."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.edge_codec import (
    PAYLOAD_MAX,
    Account,
    Alive,
    Answer,
    BadMessageError,
    Row,
    Rows,
    encode_account,
    encode_alive,
    encode_answer,
    encode_rows,
    is_edge_topic,
    read_answer,
    read_edge,
    topic_of,
)
from domain.health import Contact, Health, Reason
from domain.measurement import Batch, Quality
from domain.slots import SlotState, Strip

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
NAMES = ("ac_active_power_w", "ac_energy_total_wh")
values = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    names = NAMES[: draw(st.integers(1, 2))]
    qualities = draw(st.none() | st.tuples(*[st.sampled_from(Quality) for _ in names]))
    return Batch(
        draw(st.sampled_from(["inv-1", "inv-2"])),
        NOON + timedelta(microseconds=draw(st.integers(0, 10**15))),
        names,
        tuple(draw(values) for _ in names),
        qualities,
        draw(st.none() | st.just(NOON)),
        texts=draw(st.sampled_from([{}, {"serial_number": "9900000001"}])),
    )


def read(kind: str, payload: bytes) -> object:
    return read_edge(topic_of("p-1", "edge-1", kind), payload).content


@given(st.lists(batches(), min_size=1, max_size=6), st.integers(0, 10**9))
def test_rows_come_back_exactly(given_: list[Batch], after: int) -> None:
    rows = [Row(after + 1 + n, batch, SlotState.PARTIAL) for n, batch in enumerate(given_)]
    payload, last = encode_rows(after, after, rows)
    assert read("rows", payload) == Rows(after, after, last, tuple(rows))
    assert last == rows[-1].number


def test_a_message_takes_as_many_rows_as_fit_and_says_how_far_it_goes() -> None:
    rows = [Row(n, Batch("inv-1", NOON, NAMES, (float(n), 1.0))) for n in range(1, 3001)]
    sent, after = 0, 0
    while after < 3000:
        payload, last = encode_rows(0, after, rows[after:])
        assert len(payload) <= PAYLOAD_MAX
        content = read("rows", payload)
        assert isinstance(content, Rows)
        assert [row.number for row in content.rows] == list(range(after + 1, last + 1))
        sent, after = sent + 1, last
    assert 1 < sent < 10


def test_strips_say_why_slots_are_empty_and_never_that_one_is_full() -> None:
    states = bytearray([SlotState.GOOD, SlotState.NO_ANSWER, SlotState.ASLEEP, SlotState.OPEN, 130])
    strip = Strip("inv-1", date(2026, 6, 1), 1_000_000, 60_000_000, states)
    payload, count = encode_account(7, [strip])
    content = read("account", payload)
    assert isinstance(content, Account)
    assert (count, content.number) == (1, 7)
    assert list(content.strips[0].states) == [0, SlotState.NO_ANSWER, SlotState.ASLEEP, 0, 130]


def test_a_heartbeat_comes_back() -> None:
    alive = Alive(NOON, 12, "1.0", NOON, {"inv-3": Health("inv-3", Contact.REFUSED, Reason.EXCEPTION, 4)})
    assert read("alive", encode_alive(alive)) == alive


@pytest.mark.parametrize(
    "answer",
    [Answer(3), Answer(3, again=True), Answer(0, renew=True), Answer(account=9), Answer(hello=True)],
)
def test_answers_come_back(answer: Answer) -> None:
    assert read_answer(encode_answer(answer)) == answer


def changed(**more: object) -> bytes:
    document = orjson.loads(encode_rows(0, 0, [Row(1, Batch("inv-1", NOON, NAMES, (1.0, 2.0)))])[0])
    return orjson.dumps(document | more)


ROW = [1, "inv-1", 0, None, 0, [1.0, 2.0], None, None, None]


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"{", b"[]", b"null", b"\xff", changed(format=2), changed(names=[["no_such_quantity", NAMES[0]]]),
        changed(last=0), changed(after=1), changed(floor=5), changed(rows=[ROW[:4]]), changed(rows=5),
        changed(rows=[[*ROW[:5], [1.0], *ROW[6:]]]), changed(rows=[[*ROW[:5], [1.0, "2"], *ROW[6:]]]),
        changed(rows=[[*ROW[:6], [0, 9], *ROW[7:]]]), changed(rows=[[*ROW[:7], SlotState.ASLEEP, None]]),
        changed(rows=[[*ROW[:2], 1 << 61, *ROW[3:]]]), changed(rows=[[-1, *ROW[1:]]]), changed(rows=[ROW, ROW]),
        changed(rows=[[*ROW[:4], 3, *ROW[5:]]]), changed(names=[["ac_active_power_w"] * 2]),
    ],
)  # fmt: skip
def test_what_is_not_of_our_format_is_refused_whole(payload: bytes) -> None:
    with pytest.raises(BadMessageError):
        read("rows", payload)


@given(st.binary(max_size=300), st.sampled_from(["rows", "account", "alive"]))
def test_no_bytes_break_the_reader(payload: bytes, kind: str) -> None:
    with pytest.raises(BadMessageError):
        read(kind, payload)
    with pytest.raises(BadMessageError):
        read_answer(payload)


def test_more_slots_than_a_day_has_are_refused() -> None:
    strip = Strip("inv-1", date(2026, 6, 1), 0, 1, bytearray([SlotState.ASLEEP]) * 100_000)
    with pytest.raises(BadMessageError, match="more than a day"):
        read("account", encode_account(1, [strip])[0])


def test_topics_of_other_gateways_are_not_ours() -> None:
    assert is_edge_topic("pv/p-1/edge-1/rows")
    assert not is_edge_topic("pv/p-1/inv-1/data")
    with pytest.raises(BadMessageError):
        read_edge("pv/p-1/all/rows", changed())
