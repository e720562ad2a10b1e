"""From a village to the centre, over a real broker: what the village has on disk arrives, once, whatever dies between."""

import signal
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import SpoolError
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
    village.stop()
    again = Village(tmp_path / "village", given, profiles, mosquitto.port, clock).start()
    wait(lambda: len(again.told) >= 2)
    assert again.forwarder.source == village.forwarder.source
    again.stop_polling()
    wait(lambda: arrived(again, centre))
    again.stop()
    assert {batch.device_id for _, batch in kept} == {f"{PLANT}-inv-01", f"{PLANT}-inv-02"}
    centre.stop()


def wiped(mosquitto: Mosquitto, pause: Callable[[], None]) -> None:
    mosquitto.stop(signal.SIGKILL)
    pause()
    mosquitto.wipe()
    mosquitto.start()


def with_old_data(mosquitto: Mosquitto, pause: Callable[[], None]) -> None:
    mosquitto.stop()
    old = mosquitto.database.read_bytes()
    mosquitto.start()
    pause()
    mosquitto.stop(signal.SIGKILL)
    pause()
    mosquitto.database.write_bytes(old)
    mosquitto.start()


def another(mosquitto: Mosquitto, pause: Callable[[], None]) -> None:
    """A second broker takes over under the same address, and then the first comes back."""
    mosquitto.stop()
    first = mosquitto.database.read_bytes()
    mosquitto.wipe()
    mosquitto.start()
    pause()
    mosquitto.stop()
    mosquitto.database.write_bytes(first)
    mosquitto.start()


@pytest.mark.parametrize("fate", [wiped, with_old_data, another])
def test_a_broker_that_forgets_or_remembers_wrongly_costs_nothing(
    tmp_path: Path,
    profiles: Mapping[str, DeviceProfile],
    mosquitto: Mosquitto,
    port: int,
    fate: Callable[[Mosquitto, Callable[[], None]], None],
) -> None:
    given, clock = village_registry(port), field_clock()
    centre = Centre(tmp_path / "centre", given, profiles, mosquitto.port, clock).start()
    village = Village(tmp_path / "village", given, profiles, mosquitto.port, clock).start()
    wait(lambda: len(centre.told) >= 4)

    def pause() -> None:
        before = len(village.told)
        wait(lambda: len(village.told) >= before + 6)

    fate(mosquitto, pause)
    pause()
    village.stop_polling()
    wait(lambda: arrived(village, centre), 90.0)
    assert set(centre.keys()) == set(village.told)
    (beat,) = centre.collector.edge_beats()
    assert (beat.gaps, centre.spool.status().quarantined) == (0, 0)
    village.stop()
    centre.stop()


def test_eight_hours_without_a_broker_cost_nothing_and_every_slot_is_explained(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile], mosquitto: Mosquitto, port: int
) -> None:
    given, clock = village_registry(port, period_s=300.0), field_clock(speed=600.0)
    centre = Centre(tmp_path / "centre", given, profiles, mosquitto.port, clock).start()
    village = Village(tmp_path / "village", given, profiles, mosquitto.port, clock).start()
    wait(lambda: len(centre.told) >= 4)
    mosquitto.stop(signal.SIGKILL)
    begun = clock.now()
    wait(lambda: clock.now() - begun >= timedelta(hours=8), 90.0)
    before = len(centre.told)
    assert len(village.told) - before > 100
    mosquitto.start()
    village.stop_polling()
    wait(lambda: arrived(village, centre), 90.0)
    assert set(centre.keys()) == set(village.told)
    for name, at in village.told:
        instant = datetime.fromtimestamp(at, UTC)
        assert centre.spool.book.state_at(name, instant) == village.spool.book.state_at(name, instant)
    village.stop()
    centre.stop()


def test_a_folder_lets_one_collector_in(
    tmp_path: Path, profiles: Mapping[str, DeviceProfile], mosquitto: Mosquitto, port: int
) -> None:
    given, clock = village_registry(port), field_clock()
    village = Village(tmp_path / "village", given, profiles, mosquitto.port, clock)
    with pytest.raises(SpoolError, match="already collects into it"):
        Village(tmp_path / "village", given, profiles, mosquitto.port, clock)
    village.spool.close()
