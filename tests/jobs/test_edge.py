"""From a village to the centre, over a real broker: what the village has on disk arrives, once, whatever dies between."""

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from domain.slots import SlotState
from inverters.profile import DeviceProfile, load_profiles
from tests.collectors.mosquitto import Mosquitto, wait
from tests.jobs.village import PLANT, Centre, Village, devices, field_clock, village_registry

pytestmark = [pytest.mark.alone, pytest.mark.needs("mosquitto")]


@pytest.fixture(scope="module")
def profiles() -> Mapping[str, DeviceProfile]:
    return load_profiles()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def port() -> Iterator[int]:
    with devices(silent=(3,)) as port:
        yield port


def arrived(village: Village, centre: Centre) -> bool:
    return village.spool.status().rows == 0 and set(village.told) <= set(centre.keys())


def test_what_a_village_reads_arrives_as_if_the_centre_had_polled_it(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile], mosquitto: Mosquitto, port: int
) -> None:
    given, clock = village_registry(port), field_clock()
    centre = Centre(tmp_path / "centre", given, profiles, mosquitto.port, clock).start()
    village = Village(tmp_path / "village", given, profiles, mosquitto.port, clock).start()
    wait(lambda: len(village.told) >= 10)
    wait(lambda: any(n.startswith("edge:") for n in centre.spool.notes()))
    wait(lambda: centre.collector.device_health()[f"{PLANT}-inv-03"].contact.value == "silent")
    village.stop_polling()
    wait(lambda: arrived(village, centre))
    kept = centre.spool.peek(100_000)
    keys = centre.keys()
    assert len(keys) == len(set(keys))
    told = dict.fromkeys(village.told)
    assert set(keys) == set(told)
    silent = f"{PLANT}-inv-03"
    states = [s for strip in village.spool.book.strips() if strip.device_id == silent for s in strip.states]
    assert SlotState.NO_ANSWER in states

    def mirrored() -> bool:
        mine = {
            (strip.device_id, strip.start_us + n * strip.period_us): state
            for strip in centre.spool.book.strips()
            for n, state in enumerate(strip.states)
        }
        return all(
            mine.get((strip.device_id, strip.start_us + n * strip.period_us)) == state
            for strip in village.spool.book.strips()
            for n, state in enumerate(strip.states)
            if state
        )

    wait(mirrored)
    assert {batch.device_id for _, batch in kept} == {f"{PLANT}-inv-01", f"{PLANT}-inv-02"}
    village.stop()
    centre.stop()


def test_a_broker_that_is_killed_and_wiped_costs_nothing(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile], mosquitto: Mosquitto, port: int
) -> None:
    given, clock = village_registry(port), field_clock()
    centre = Centre(tmp_path / "centre", given, profiles, mosquitto.port, clock).start()
    village = Village(tmp_path / "village", given, profiles, mosquitto.port, clock).start()
    wait(lambda: len(centre.told) >= 4)
    mosquitto.stop(signal.SIGKILL)
    before = len(village.told)
    wait(lambda: len(village.told) >= before + 6)
    mosquitto.wipe()
    mosquitto.start()
    village.stop_polling()
    wait(lambda: arrived(village, centre))
    assert len(set(centre.keys())) == len(set(village.told))
    village.stop()
    centre.stop()
