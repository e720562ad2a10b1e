"""The two ends of the line without a network: whatever is lost, doubled or forgotten between, nothing is lost or doubled."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.edge_codec import Answer, Now, Row, Rows, encode_now, read_answer, read_edge
from collectors.group_commit import Parcel
from collectors.slot_book import Grid
from collectors.source import Delivery
from collectors.spool import Spool
from domain.clock import ManualClock
from domain.measurement import Batch, Quality
from domain.slots import SlotRange, SlotState
from jobs.edge_desk import EdgeDesk
from jobs.edge_forward import SOURCE_NOTE, EdgeForwarder, EdgePace
from tests.collectors.plants import NOON
from tests.jobs.village import BALLAST_BYTES, PLANT, village_registry

DEVICE = f"{PLANT}-inv-01"
NAMES = ("ac_active_power_w",)


def sample(number: int, device: str = DEVICE) -> Batch:
    return Batch(device, NOON + timedelta(seconds=60 * number), NAMES, (float(number),))


class Wire:
    """A line whose messages are looked at before they go on."""

    def __init__(self) -> None:
        self.connected = True
        self.sent: list[tuple[str, bytes]] = []
        self.listening: tuple[str, str] = ("", "")

    def start(self, on_answer: Callable[[Answer], None], on_up: Callable[[], None]) -> None:
        self.on_answer, self.on_up = on_answer, on_up

    def listen(self, plant_id: str, source: str) -> None:
        self.listening = (plant_id, source)

    def publish(self, topic: str, payload: bytes) -> bool:
        if self.connected:
            self.sent.append((topic, payload))
        return self.connected

    def is_connected(self) -> bool:
        return self.connected

    def stop(self) -> None:
        self.connected = False

    def taken(self) -> list[tuple[str, bytes]]:
        found, self.sent = self.sent, []
        return found

    def rows(self) -> list[Rows]:
        contents = [read_edge(*one).content for one in self.taken()]
        return [content for content in contents if isinstance(content, Rows)]


class Here:
    """The village's end, stepped by hand."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.spool = Spool(path, ballast_bytes=BALLAST_BYTES)
        self.wire = Wire()
        self.clock = clock
        self.forwarder = EdgeForwarder(self.spool, self.wire, clock, PLANT, dict, pace=EdgePace(alive_s=1e9))
        if not self.forwarder.source:
            self.forwarder._rename()
        self.wire.start(self.forwarder._on_answer, self.forwarder._on_up)

    def hear(self, answer: Answer) -> None:
        self.forwarder._on_answer(answer)


class There:
    """The centre's end: what it keeps, and what it has answered after keeping it."""

    def __init__(self, path: Path) -> None:
        self.spool = Spool(path, ballast_bytes=BALLAST_BYTES)
        self.registry = village_registry(502)
        self.bad: list[tuple[str, bytes, str]] = []
        self.judge: Callable[[Batch], Batch] = lambda batch: batch
        self.open()

    def open(self) -> None:
        self.parcels: list[Parcel] = []
        self.desk = EdgeDesk(
            self.registry,
            ManualClock(NOON),
            self.spool.notes(),
            send=self.parcels.append,
            hear=self._hear,
        )

    def _hear(self, batch: Batch) -> Batch:
        return self.judge(batch)

    def take(self, topic: str, payload: bytes) -> Answer | None:
        self.desk.take(Delivery((1, 1), None, topic, payload), read_edge(topic, payload))
        (parcel,) = self.parcels
        self.parcels.clear()
        states = {n: s for n, s in enumerate(parcel.states) if s is not None}
        self.spool.append(parcel.batches, parcel.notes, parcel.said, states)
        self.bad += parcel.bad
        return read_answer(parcel.reply.payload) if parcel.reply else None

    def values(self) -> list[float | None]:
        return [batch.values[0] for _, batch in self.spool.peek(100_000)]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    made = Here(tmp_path / "here.sqlite", ManualClock(NOON))
    yield made
    made.spool.close()


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    made = There(tmp_path / "there.sqlite")
    yield made
    made.spool.close()


def through(here: Here, there: There, rounds: int = 20) -> None:
    for _ in range(rounds):
        here.forwarder.step()
        for one in here.wire.taken():
            answer = there.take(*one)
            if answer is not None:
                here.hear(answer)


def test_a_row_leaves_the_queue_when_the_centre_has_answered_and_not_before(here: Here, there: There) -> None:
    here.spool.append([sample(n) for n in range(5)])
    here.forwarder.step()
    ((topic, payload),) = [one for one in here.wire.taken() if one[0].endswith("/rows")]
    here.forwarder.step()
    assert here.spool.status().rows == 5
    answer = there.take(topic, payload)
    assert answer == Answer(5)
    here.hear(Answer(5))
    here.forwarder.step()
    assert here.spool.status().rows == 0
    assert there.values() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_nobody_answering_costs_one_message_and_then_ever_fewer(here: Here) -> None:
    here.spool.append([sample(n) for n in range(1000)])
    sent_at = []
    for second in range(2000):
        here.forwarder.step()
        sent_at += [second] * len(here.wire.rows())
        here.clock.advance(1.0)
    gaps = [after - before for before, after in pairwise(sent_at)]
    assert gaps[:5] == [10, 20, 40, 80, 160]
    assert all(gap == 300 for gap in gaps[5:])


def test_a_centre_that_comes_back_is_told_at_once(here: Here, there: There) -> None:
    here.spool.append([sample(0)])
    here.forwarder.step()
    here.wire.taken()  # lost
    here.forwarder.step()
    assert here.wire.rows() == []
    here.hear(Answer(hello=True))
    through(here, there, 2)
    assert here.spool.status().rows == 0
    assert there.desk.greetings() == [(f"ack/{PLANT}/all", b'{"format":1,"hello":true}')]


def test_a_new_connection_begins_behind_the_last_answer(here: Here, there: There) -> None:
    here.spool.append([sample(n) for n in range(3)])
    here.forwarder.step()
    here.wire.taken()
    here.forwarder._on_up()
    through(here, there, 2)
    assert there.values() == [0.0, 1.0, 2.0]


def test_repeats_are_left_out_and_answered(here: Here, there: There) -> None:
    here.spool.append([sample(n) for n in range(3)])
    here.forwarder.step()
    (one,) = [each for each in here.wire.taken() if each[0].endswith("/rows")]
    for _ in range(3):
        assert there.take(*one) == Answer(3)
    assert there.values() == [0.0, 1.0, 2.0]


def test_behind_a_hole_nothing_is_answered_for_until_it_is_filled(here: Here, there: There) -> None:
    here.spool.append([sample(n) for n in range(400)])
    through(here, there, 1)  # the first answer opens the window
    here.spool.append([sample(n) for n in range(400, 1400)])
    here.forwarder.step()
    messages = [each for each in here.wire.taken() if each[0].endswith("/rows")]
    assert len(messages) > 3
    before = there.desk._sources
    (source,) = before.values()
    reached = source.number
    answers = [there.take(*one) for one in messages[1:]]
    assert set(answers) == {Answer(reached, again=True)}
    here.clock.advance(5.0)
    here.hear(Answer(reached, again=True))
    through(here, there)
    assert here.spool.status().rows == 0
    assert sorted({int(value or 0) for value in there.values()}) == list(range(1400))


def test_rows_the_village_gave_up_are_counted_and_hold_up_nothing(here: Here, there: There) -> None:
    here.spool.append([sample(n) for n in range(5)])
    here.spool.quarantine([2, 3], "damaged on disk")
    through(here, there, 3)
    assert here.spool.status().rows == 0
    assert there.values() == [0.0, 3.0, 4.0]
    (beat,) = there.desk.beats()
    assert (beat.rows, beat.gaps) == (3, 2)


def test_a_centre_restarted_goes_on_where_its_disk_says(here: Here, there: There) -> None:
    here.spool.append([sample(0)])
    through(here, there, 2)
    there.open()
    here.spool.append([sample(1)])
    through(here, there, 2)
    assert there.values() == [0.0, 1.0]


def test_a_queue_that_begins_anew_names_the_time_between_as_a_gap(
    here: Here, there: There, tmp_path: Path
) -> None:
    grid = Grid.of(60.0)
    there.spool.follow({DEVICE: grid}, NOON)
    here.spool.append([sample(0)])
    through(here, there, 2)
    other = Here(tmp_path / "other.sqlite", ManualClock(NOON))
    other.spool.append([sample(5)])
    through(other, there, 2)
    states = [there.spool.book.state_at(DEVICE, NOON + timedelta(minutes=n)) for n in range(6)]
    assert states == [SlotState.GOOD, *[SlotState.SOURCE_GAP] * 4, SlotState.GOOD]
    assert there.values() == [0.0, 5.0]
    other.spool.close()


def test_a_restored_disk_that_gives_numbers_twice_takes_a_new_name_and_loses_nothing(
    here: Here, there: There, tmp_path: Path
) -> None:
    here.spool.append([sample(n) for n in range(3)])
    through(here, there, 3)
    copy = Here(tmp_path / "copy.sqlite", ManualClock(NOON))  # as the disk was before those three
    copy.spool.append([], {SOURCE_NOTE: here.forwarder.source})
    copy.forwarder = EdgeForwarder(copy.spool, copy.wire, copy.clock, PLANT, dict, pace=EdgePace(alive_s=1e9))
    copy.wire.start(copy.forwarder._on_answer, copy.forwarder._on_up)
    copy.spool.append([sample(n) for n in range(10, 13)])
    through(copy, there, 4)
    assert there.values() == [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]
    assert copy.spool.status().rows == 0
    assert copy.forwarder.source != here.forwarder.source
    assert copy.wire.listening == (PLANT, copy.forwarder.source)
    copy.spool.close()


def test_an_answer_beyond_what_we_ever_had_renews_the_name_too(here: Here) -> None:
    here.spool.append([sample(0)])
    before = here.forwarder.source
    here.forwarder.step()
    here.hear(Answer(100))
    here.forwarder.step()
    assert here.forwarder.source != before
    assert here.spool.status().rows == 1


def test_a_stranger_s_device_is_quarantined_and_a_plant_not_marked_is_not_answered(
    here: Here, there: There
) -> None:
    here.spool.append([sample(0, "plant-2-inv-01"), sample(1)])
    here.forwarder.step()
    ((topic, payload),) = [one for one in here.wire.taken() if one[0].endswith("/rows")]
    there.take(topic, payload)
    assert there.values() == [1.0]
    assert "plant-2-inv-01" in there.bad[0][2]
    assert there.take(topic.replace(PLANT, "plant-2"), payload) is None
    assert "plant-2" in there.bad[1][2]


def test_the_slot_of_a_row_is_what_the_village_says_unless_the_centre_doubts_the_device(
    here: Here, there: There
) -> None:
    for spool in (here.spool, there.spool):
        spool.follow({DEVICE: Grid.of(60.0)}, NOON)
    here.spool.append([sample(0)], states={0: SlotState.PARTIAL})
    through(here, there, 2)
    assert there.spool.book.state_at(DEVICE, NOON) == SlotState.PARTIAL
    there.judge = lambda batch: replace(batch, qualities=(Quality.INCONSISTENT,))
    here.spool.append([sample(1)])
    through(here, there, 2)
    assert there.spool.book.state_at(DEVICE, NOON + timedelta(minutes=1)) == SlotState.INCONSISTENT


def test_why_slots_are_empty_is_told_once_and_never_against_a_sample(here: Here, there: There) -> None:
    for spool in (here.spool, there.spool):
        spool.follow({DEVICE: Grid.of(60.0)}, NOON)
    here.spool.append([], said=[SlotRange(DEVICE, SlotState.NO_ANSWER, NOON + timedelta(minutes=3))])
    there.spool.append([sample(1)])
    through(here, there, 2)
    states = [there.spool.book.state_at(DEVICE, NOON + timedelta(minutes=n)) for n in range(4)]
    assert states == [SlotState.NO_ANSWER, SlotState.GOOD, SlotState.NO_ANSWER, SlotState.OPEN]
    here.spool.append([sample(5)])  # a sample alone is no reason to tell it again
    here.clock.advance(5000.0)
    here.forwarder.step()
    assert not [topic for topic, _ in here.wire.taken() if topic.endswith("/account")]


class Story:
    """Both ends and what lies between, moved by fate."""

    def __init__(self, folder: Path) -> None:
        self.here, self.there = (
            Here(folder / "here.sqlite", ManualClock(NOON)),
            There(folder / "there.sqlite"),
        )
        self.number = 0
        self.lost: list[tuple[str, bytes]] = []

    def row(self) -> None:
        self.here.spool.append([sample(self.number)])
        self.number += 1

    def step(self) -> None:
        self.here.forwarder.step()

    def wait(self) -> None:
        self.here.clock.advance(400.0)

    def up(self) -> None:
        self.here.forwarder._on_up()

    def centre(self) -> None:
        self.there.open()
        self.here.hear(Answer(hello=True))

    def village(self) -> None:
        self.here.spool.close()
        self.here = Here(self.here.spool.path, self.here.clock)

    def lose(self) -> None:
        self.lost = self.here.wire.taken()

    def late(self) -> None:
        """What seemed lost comes after all."""
        self._deliver(self.lost)

    def deliver(self) -> None:
        self._deliver(self.here.wire.taken())

    def twice(self) -> None:
        self._deliver(self.here.wire.taken() * 2)

    def _deliver(self, messages: Sequence[tuple[str, bytes]]) -> None:
        for one in messages:
            if (answer := self.there.take(*one)) is not None:
                self.here.hear(answer)


_FATES = ("row", "step", "deliver", "lose", "twice", "late", "up", "centre", "village", "wait")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(_FATES), max_size=60))
def test_whatever_happens_on_the_way_every_row_arrives_and_none_is_given_up_unkept(
    tmp_path_factory: pytest.TempPathFactory, fates: Sequence[str]
) -> None:
    story = Story(tmp_path_factory.mktemp("line"))
    for fate in fates:
        getattr(story, fate)()
        gone = story.number - story.here.spool.status().rows
        assert {float(n) for n in range(gone)} <= set(story.there.values())
    story.up()
    for _ in range(4):
        story.wait()
        through(story.here, story.there, 3)
    assert story.here.spool.status().rows == 0
    found = [int(value or 0) for value in story.there.values()]
    assert sorted(set(found)) == list(range(story.number))
    story.here.spool.close()
    story.there.spool.close()


def test_the_forwarder_ends_when_told(here: Here) -> None:
    here.forwarder.start()
    assert here.forwarder.is_alive()
    asyncio.run(asyncio.to_thread(here.forwarder.stop))
    assert not here.forwarder.is_alive()


def test_ahead_of_a_backlog_goes_the_newest_sample_of_each_device(here: Here, there: There) -> None:
    other = f"{PLANT}-inv-02"
    here.spool.append([sample(0)])
    through(here, there, 2)
    here.spool.append([sample(n) for n in range(1, 3000)] + [sample(3000, other)])
    here.forwarder.step()
    first = here.wire.taken()
    (ahead,) = [read_edge(*one).content for one in first if one[0].endswith("/now")]
    assert isinstance(ahead, Now)
    assert {(row.batch.device_id, row.batch.values[0]) for row in ahead.rows} == {
        (DEVICE, 2999.0),
        (other, 3000.0),
    }
    for one in first:
        if one[0].endswith("/now"):
            assert there.take(*one) is None, "nothing is answered for it: it comes again with its number"
    assert there.values()[-2:] == [3000.0, 2999.0]
    here.clock.advance(59.0)
    here.forwarder.step()
    assert [one for one in here.wire.taken() if one[0].endswith("/now")] == [], "once a minute"
    here.forwarder._on_up()
    through(here, there, 40)
    assert here.spool.status().rows == 0
    assert {int(value or 0) for value in there.values()} == set(range(3001))
    (beat,) = there.desk.beats()
    assert beat.gaps == 0


def test_without_a_backlog_or_an_answer_nothing_goes_ahead(here: Here, there: There) -> None:
    here.spool.append([sample(n) for n in range(1000)])
    here.forwarder.step()
    assert [one for one in here.wire.taken() if one[0].endswith("/now")] == [], "nobody has answered yet"
    here.forwarder._on_up()
    through(here, there, 20)
    here.clock.advance(100.0)
    here.spool.append([sample(n) for n in range(1000, 1050)])
    here.forwarder.step()
    assert [one for one in here.wire.taken() if one[0].endswith("/now")] == [], "it all goes in one message"


def test_what_goes_ahead_is_judged_and_strangers_are_put_aside(here: Here, there: There) -> None:
    there.judge = lambda batch: replace(batch, qualities=(Quality.INCONSISTENT,))
    payload = encode_now([Row(7, sample(7)), Row(8, sample(8, "stranger"))])
    assert there.take(f"pv/{PLANT}/edge-1/now", payload) is None
    ((_, kept),) = there.spool.peek(10)
    assert (kept.values, kept.qualities) == ((7.0,), (Quality.INCONSISTENT,))
    ((_, _, reason),) = there.bad
    assert "stranger" in reason
