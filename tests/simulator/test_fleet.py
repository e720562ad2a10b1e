"""The fleet: deterministic, counters that only grow, sleep at night, every make's registers."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.clock import ManualClock
from domain.errors import ConfigurationError
from domain.measurement import Batch, Sample, WordBlock
from inverters.codes import DeviceState, device_state
from inverters.decode import Decoder
from inverters.plan import plan
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet
from tests.simulator.builders import MAKES, NIGHT, NOON, fleet, plant, profiles, registry

pytestmark = pytest.mark.slow


def decoded(one: Fleet, device_id: str) -> Batch:
    """What a collector would make of a device, by way of its registers."""
    device = one.registry.devices_by_id[device_id]
    profile = profiles()[device.profile]
    strings = device.string_count or None
    blocks = plan(profile, string_count=strings)
    words = []
    for block in blocks:
        content = one.read(device_id, block.function, block.address, block.count)
        assert content is not None, block
        words.append(WordBlock(block.function, block.address, content))
    decoder = Decoder(
        profile, blocks, string_count=strings, ct_ratio=device.ct_ratio, pt_ratio=device.pt_ratio
    )
    now = one.clock.now()
    return decoder.decode(Sample(device_id, now, now, tuple(words)))


@pytest.mark.parametrize("make", MAKES)
def test_the_registers_of_every_make_say_what_the_physics_says(make: str) -> None:
    one, _ = fleet(plant(profile=make, inverters=2))
    batch = decoded(one, "p00-inv-02")
    assert batch.qualities is None
    power_w = float(one.snapshot.power.ac_w[0, 1])
    assert batch.value("ac_active_power_w") == pytest.approx(power_w, abs=10)
    assert batch.value("grid_frequency_hz") == pytest.approx(50.0, abs=0.1)
    total_wh = batch.value("ac_energy_total_wh")
    assert total_wh is not None
    assert 0 <= one.book.at(NOON.timestamp())[1] - total_wh <= 1000.0
    assert device_state(make, batch).state is DeviceState.RUNNING


def test_string_currents_times_voltage_are_the_dc_power() -> None:
    one, _ = fleet(plant(inverters=1, strings=12))
    batch = decoded(one, "p00-inv-01")
    power = sum(
        (batch.value(f"dc_string_{n:02d}_current_a") or 0)
        * (batch.value(f"dc_string_{n:02d}_voltage_v") or 0)
        for n in range(1, 13)
    )
    assert power == pytest.approx(batch.value("dc_power_w"), rel=0.02)


def test_a_meter_reads_primary_values_through_its_ratios() -> None:
    one, _ = fleet(plant(inverters=4))
    batch = decoded(one, "p00-meter")
    plant_w = float(one.snapshot.power.ac_w.sum())
    assert batch.value("ac_active_power_w") == pytest.approx(plant_w * 0.987, rel=0.01)
    assert batch.value("ac_phase_a_voltage_v") == pytest.approx(226.0, rel=0.04)


def test_the_weather_station_sees_the_plants_sky() -> None:
    one, _ = fleet(plant())
    poa = decoded(one, "p00-weather").value("irradiance_poa_w_m2")
    assert poa == pytest.approx(float(one.snapshot.sky.poa_w_m2[0, 0]), rel=0.06, abs=2)


def test_the_same_seed_gives_the_same_registers_at_any_speed_and_from_any_start() -> None:
    slow, clock = fleet(plant(), at=NOON - timedelta(hours=2))
    for _ in range(240):
        clock.advance(30)
        slow.refresh(clock.now())
    direct, _ = fleet(plant(), at=NOON)
    assert clock.now() == NOON
    assert decoded(slow, "p00-inv-01").values == decoded(direct, "p00-inv-01").values
    assert decoded(slow, "p00-meter").values == decoded(direct, "p00-meter").values
    other, _ = fleet(plant(), seed=2)
    assert decoded(other, "p00-inv-01").values != decoded(direct, "p00-inv-01").values


def test_a_run_begun_days_later_shows_the_counters_the_first_run_would_have_come_to() -> None:
    first, clock = fleet(plant(), at=NOON)
    clock.advance(3 * 86_400)
    first.refresh(clock.now())
    later, _ = fleet(plant(), at=NOON + timedelta(days=3))
    assert np.allclose(
        first.book.at(clock.now().timestamp()), later.book.at(clock.now().timestamp()), atol=1e-3
    )


def test_counters_never_fall_and_grow_by_the_integral_of_power() -> None:
    one, clock = fleet(plant(inverters=2), at=NOON)
    counters, power = [], []
    for _ in range(181):
        counters.append(one.book.at(clock.now().timestamp()))
        power.append(one.snapshot.power.ac_w[0])
        clock.advance(20)
        one.refresh(clock.now())
    steps = np.diff(np.array(counters), axis=0)
    assert (steps >= 0).all()
    integral = (np.array(power)[1:] + np.array(power)[:-1]).sum(axis=0) / 2 * 20 / 3600
    assert (counters[-1] - counters[0]) == pytest.approx(integral, rel=0.01)


def test_counters_in_registers_never_fall_over_a_night() -> None:
    one, clock = fleet(plant(profile="ginlong_solis", inverters=1), at=NOON)
    seen = []
    for _ in range(30):
        clock.advance(3600)
        one.refresh(clock.now())
        seen.append(decoded(one, "p00-inv-01").value("ac_energy_total_wh") or 0)
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def test_inverters_sleep_at_night_and_the_meter_does_not() -> None:
    one, _ = fleet(plant(), at=NIGHT)
    assert not one.answers("p00-inv-01")
    assert one.answers("p00-meter")
    assert (decoded(one, "p00-meter").value("ac_active_power_w") or 0) < 0


def test_the_day_counter_begins_again_each_morning() -> None:
    one, clock = fleet(plant(inverters=1), at=NOON)
    before = decoded(one, "p00-inv-01").value("ac_energy_today_wh") or 0
    clock.advance(16 * 3600)
    one.refresh(clock.now())
    assert before > 20_000
    assert 0 <= (decoded(one, "p00-inv-01").value("ac_energy_today_wh") or 0) < before / 4


def test_sums_of_month_year_and_yesterday_follow_the_calendar() -> None:
    last_of_july = datetime(2026, 7, 31, 9, 0, tzinfo=UTC)
    one, clock = fleet(plant(profile="ginlong_solis", inverters=1), at=last_of_july)
    july = decoded(one, "p00-inv-01")
    clock.advance(86_400)
    one.refresh(clock.now())
    august = decoded(one, "p00-inv-01")
    made = one.energy_at(clock.now().timestamp())[0] - one.energy_at(last_of_july.timestamp())[0]
    assert (july.value("ac_energy_this_month_wh") or 0) > 30 * 40_000
    assert august.value("ac_energy_this_month_wh") == pytest.approx(
        august.value("ac_energy_today_wh"), abs=1000
    )
    year = [b.value("ac_energy_this_year_wh") or 0 for b in (july, august)]
    assert year[1] - year[0] == pytest.approx(made, abs=1001)
    assert (august.value("ac_energy_yesterday_wh") or 0) >= (july.value("ac_energy_today_wh") or 0)


def test_device_clocks_show_local_time_and_are_a_little_off() -> None:
    one, _ = fleet(plant(inverters=3))
    content = [one.read(f"p00-inv-{n:02d}", 3, 40000, 2) or b"" for n in (1, 2, 3)]
    shown = [int.from_bytes(words, "big") - 8 * 3600 - NOON.timestamp() for words in content]
    assert all(abs(off) < 120 for off in shown)
    assert len(set(shown)) > 1


def test_an_unknown_profile_is_named_with_its_device() -> None:
    with pytest.raises(ConfigurationError, match=r"p00-inv-01.*no profile 'huawei'"):
        fleet(plant(profile="huawei"))


def test_a_field_without_faults_loses_nothing() -> None:
    one, _ = fleet(plant())
    assert one.losses(NOON) == []


def test_plants_that_type_their_meter_have_no_wire_but_the_same_physics() -> None:
    from dataclasses import replace

    from domain.plant import Connection

    manual = replace(plant(), connection=Connection.MANUAL)
    one = Fleet(registry(manual), profiles(), ManualClock(NOON), 1)
    assert one.groups == ()
    assert one.snapshot.power.ac_w.sum() > 0


def test_new_year_does_not_break_a_counter() -> None:
    eve = datetime(2026, 12, 31, 4, 0, tzinfo=UTC)
    one, clock = fleet(plant(inverters=1), at=eve)
    before = one.book.at(eve.timestamp())[0]
    clock.advance(86_400)
    one.refresh(clock.now())
    assert 0 < one.book.at(clock.now().timestamp())[0] - before < 400_000


def test_a_frozen_device_repeats_itself() -> None:
    stuck = Fault("f", FaultKind.FROZEN_VALUES, "p00-inv-01", NOON.timestamp(), device_ids=("p00-inv-01",))
    one, clock = fleet(plant(), at=NOON - timedelta(seconds=30), faults=[stuck])
    clock.advance(30)
    one.refresh(clock.now())
    before = [decoded(one, f"p00-inv-{n:02d}").values for n in (1, 2)]
    clock.advance(600)
    one.refresh(clock.now())
    after = [decoded(one, f"p00-inv-{n:02d}").values for n in (1, 2)]
    assert before[0] == after[0]
    assert before[1] != after[1]
