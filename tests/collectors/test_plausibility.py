"""Values of a wrong unit are marked, those of a cloudy minute are not."""

from datetime import UTC, datetime

import pytest

from collectors.identity import IdentityWatch
from collectors.plausibility import UnitWatch
from domain.measurement import Batch, Quality
from domain.plant import Device, DeviceKind
from tests.collectors.plants import inverter

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
DEVICE = inverter("p", 1, "gw")  # 50 kW
SOUND = {
    "ac_active_power_w": 40_000.0,
    "dc_power_w": 41_000.0,
    "power_factor": 1.0,
    **{f"ac_phase_{phase}_voltage_v": 230.0 for phase in "abc"},
    **{f"ac_phase_{phase}_current_a": 58.0 for phase in "abc"},
}


def batch(**values: float) -> Batch:
    whole = {**SOUND, **values}
    return Batch(DEVICE.device_id, NOON, tuple(whole), tuple(whole.values()))


def marked(given: Batch, device: Device = DEVICE) -> set[str]:
    found = UnitWatch().judged(given, device)
    qualities = found.qualities or (Quality.GOOD,) * len(found.values)
    return {n for n, q in zip(found.quantities, qualities, strict=True) if q is Quality.INCONSISTENT}


def test_a_device_whose_values_agree_is_believed() -> None:
    given = batch()
    assert UnitWatch().judged(given, DEVICE) is given


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"ac_active_power_w": 40.0}, {"ac_active_power_w"}),
        ({"ac_active_power_w": 4_000.0}, {"ac_active_power_w"}),
        ({"ac_active_power_w": 400_000.0}, {"ac_active_power_w"}),
        ({"dc_power_w": 410_000.0}, {"ac_active_power_w", "dc_power_w"}),
    ],
)
def test_a_power_at_another_power_of_ten_is_not_counted(values: dict[str, float], wrong: set[str]) -> None:
    assert marked(batch(**values)) <= wrong
    assert marked(batch(**values))


@pytest.mark.parametrize("share", [0.5, 0.7, 1.5, 2.0, 3.0])
def test_a_cloud_between_two_blocks_marks_nothing(share: float) -> None:
    assert marked(batch(ac_active_power_w=40_000.0 * share)) == set()


def test_a_night_and_a_weather_station_are_not_judged() -> None:
    night = dict.fromkeys(SOUND, 0.0)
    assert marked(batch(**night)) == set()
    station = Device("w", "p", DeviceKind.WEATHER_STATION, "w")
    assert marked(batch(ac_active_power_w=400_000.0), station) == set()


def test_doubt_ends_with_the_first_sound_batch() -> None:
    watch = UnitWatch()
    watch.judged(batch(ac_active_power_w=40.0), DEVICE)
    assert watch.is_doubtful(DEVICE.device_id)
    watch.judged(batch(), DEVICE)
    assert not watch.is_doubtful(DEVICE.device_id)


def named(device_id: str, serial: str) -> Batch:
    return Batch(device_id, NOON, ("power_factor",), (1.0,), texts={"serial_number": serial})


def test_a_device_that_answers_with_anothers_serial_number_is_not_believed_until_confirmed() -> None:
    watch = IdentityWatch({})
    watch.seen(named("a", "SN-1"))
    watch.seen(named("b", "SN-1"))
    assert (watch.is_doubtful("a"), watch.is_doubtful("b")) == (False, True)
    assert watch.judged(named("b", "SN-1")).qualities == (Quality.INCONSISTENT,)
    assert watch.confirm("b")
    assert not watch.is_doubtful("b")


@pytest.mark.parametrize("serial", ["0000000000", "----", "S"])
def test_what_makers_leave_where_they_write_no_number_accuses_nobody(serial: str) -> None:
    watch = IdentityWatch({})
    watch.seen(named("a", serial))
    watch.seen(named("b", serial))
    assert not watch.is_doubtful("b")
    watch.seen(named("b", "SN-2"))
    assert watch.is_doubtful("b")


def test_the_registry_says_whose_a_serial_number_is() -> None:
    watch = IdentityWatch({})
    watch.register({"a": "SN-1", "b": "SN-2", "c": ""})
    watch.seen(named("b", "SN-1"))
    watch.seen(named("a", "SN-1"))
    watch.seen(named("c", "SN-9"))
    assert {name for name in "abc" if watch.is_doubtful(name)} == {"b"}
