"""Slots of devices that publish: a time that cannot be, and a clock that jumps, are named for what they are."""

from datetime import UTC, datetime, timedelta

from collectors.documents import Told
from collectors.slot_book import Grid
from collectors.time_guard import ClockSource
from domain.measurement import Batch
from domain.slots import SlotRange, SlotState
from domain.timespan import Interval
from jobs.slot_keeper import SlotKeeper
from jobs.stamps import Held, Stamps
from tests.collectors.clocks import SteppingClock
from tests.collectors.plants import mqtt_plant, registry

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
FIVE = timedelta(minutes=5)
POWER = ("ac_active_power_w",)


def keeper(said: list[SlotRange]) -> SlotKeeper:
    plant = mqtt_plant(1, 3, 300.0)
    published = {device.device_id: device for device in plant.devices[:2]}  # the third can nobody read
    return SlotKeeper(registry(plant), [], [], published, SteppingClock(NOON), said.append)


def test_a_message_with_a_time_that_cannot_be_names_the_slot_it_came_in() -> None:
    said: list[SlotRange] = []
    live = Batch("plant-1-inv-02", NOON, POWER, (1.0,))
    keeper(said).told(Told(live=(live,), astray=("plant-1-inv-01", "gone")), NOON + timedelta(seconds=310))
    assert said == [
        SlotRange("plant-1-inv-01", SlotState.IMPLAUSIBLE_TIME, NOON + 2 * FIVE, NOON + FIVE),
    ]


def test_slots_that_lie_whole_in_what_the_clock_jumped_over_never_were() -> None:
    said: list[SlotRange] = []
    kept = keeper(said)
    kept.jumped(Interval(NOON + timedelta(seconds=1), NOON + timedelta(minutes=21)))
    assert [(one.device_id, one.state, one.start, one.end) for one in said] == [
        (f"plant-1-inv-0{number}", SlotState.IMPLAUSIBLE_TIME, NOON + FIVE, NOON + 4 * FIVE)
        for number in (1, 2)
    ]
    said.clear()
    kept.jumped(Interval(NOON + timedelta(seconds=1), NOON + timedelta(minutes=9)))
    assert said == [], "two slots are touched, none lies in it whole"
    assert kept.grids["plant-1-inv-01"] == Grid.of(300.0)


def test_a_right_clock_that_is_put_on_tells_what_it_jumped_over_once() -> None:
    clock, over, out = SteppingClock(NOON), list[Interval](), list[Held]()
    stamps = Stamps(clock, ClockSource.NTP, out.append, over.append)
    batch = Batch("inv-1", NOON, POWER, (1.0,))
    stamps.take(Held(batch))
    clock.step(1200.0)
    stamps.take(Held(batch))
    stamps.take(Held(batch))
    assert over == [Interval(NOON, NOON + timedelta(seconds=1200))]


def test_a_clock_put_back_or_coming_from_another_century_jumped_over_nothing() -> None:
    over: list[Interval] = []
    clock = SteppingClock(NOON)
    stamps = Stamps(clock, ClockSource.NTP, lambda _: None, over.append)
    clock.step(-1200.0)
    stamps.take(Held(Batch("inv-1", NOON, POWER, (1.0,))))
    clock.show(datetime(1970, 1, 1, tzinfo=UTC))
    stamps.take(Held(Batch("inv-1", NOON, POWER, (1.0,))))
    clock.show(NOON)
    stamps.take(Held(Batch("inv-1", NOON, POWER, (1.0,))))
    clock.show(datetime(2200, 1, 1, tzinfo=UTC))
    stamps.take(Held(Batch("inv-1", NOON, POWER, (1.0,))))
    assert over == []
