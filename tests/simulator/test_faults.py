"""Faults change what they should, where and when they should, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from domain.clock import ManualClock
from domain.measurement import Batch
from inverters.codes import DeviceState, device_state
from simulator.faults import Fault, FaultKind
from simulator.fleet import Fleet
from tests.simulator.builders import MAKES, NOON, fleet, plant, profiles, registry
from tests.simulator.test_fleet import decoded

pytestmark = pytest.mark.slow

START = NOON.timestamp() - 1800
K = FaultKind


def fault(kind: FaultKind, *devices: str, **more: object) -> Fault:
    given = {"start_s": START, "amount": 0.0, **more}
    return Fault("f1", kind, devices[0] if devices else "x", device_ids=devices, **given)  # type: ignore[arg-type]


def pair(one_fault: Fault, *plants_: object, at: object = NOON) -> tuple[Fleet, Fleet]:
    """The same field with and without a fault."""
    places = plants_ or (plant(inverters=3),)
    sick, _ = fleet(*places, faults=[one_fault], at=at)  # type: ignore[arg-type]
    well, _ = fleet(*places, at=at)  # type: ignore[arg-type]
    return sick, well


def strings(batch: Batch) -> np.ndarray:
    return np.array([batch.value(f"dc_string_{n:02d}_current_a") for n in range(1, 9)], dtype=float)


def test_an_open_string_lowers_exactly_one_current() -> None:
    sick, well = pair(fault(K.STRING_OPEN, "p00-inv-02", strings=(3,)))
    ours, before = strings(decoded(sick, "p00-inv-02")), strings(decoded(well, "p00-inv-02"))
    assert ours[2] == 0.0
    others = [n for n in range(8) if n != 2]
    assert ours[others] == pytest.approx(before[others], abs=0.05)
    assert decoded(sick, "p00-inv-01").values == decoded(well, "p00-inv-01").values
    lost = 1 - sick.snapshot.power.dc_w[0, 1] / well.snapshot.power.dc_w[0, 1]
    assert lost == pytest.approx(1 / 8, abs=0.01)


@pytest.mark.parametrize("make", MAKES)
def test_a_trip_stops_one_inverter_and_its_status_says_so(make: str) -> None:
    sick, _ = pair(fault(K.INVERTER_TRIP, "p00-inv-01"), plant(profile=make, inverters=2))
    batch = decoded(sick, "p00-inv-01")
    assert batch.value("ac_active_power_w") == 0
    assert device_state(make, batch).state is DeviceState.FAULT
    assert device_state(make, decoded(sick, "p00-inv-02")).state is DeviceState.RUNNING


def test_curtailment_holds_every_inverter_at_its_share() -> None:
    names = ("p00-inv-01", "p00-inv-02", "p00-inv-03")
    sick, _ = pair(fault(K.CURTAILMENT, *names, amount=0.1))
    for name in names:
        batch = decoded(sick, name)
        assert batch.value("ac_active_power_w") == pytest.approx(5000, abs=1)
        assert batch.value("device_status") == 0x0201


def test_derating_reads_as_the_inverters_own_limit() -> None:
    sick, _ = pair(fault(K.DERATING, "p00-inv-01", amount=0.05))
    assert decoded(sick, "p00-inv-01").value("device_status") == 0x0202


@pytest.mark.parametrize("kind", [K.SOILING, K.SNOW, K.SHADING])
def test_dirt_snow_and_shadow_take_their_share(kind: FaultKind) -> None:
    sick, well = pair(fault(kind, "p00-inv-01", amount=0.4))
    ratio = sick.snapshot.power.available_w / well.snapshot.power.available_w
    assert ratio[0] == pytest.approx([0.6, 1.0, 1.0])


def test_soiling_builds_up() -> None:
    sick, well = pair(fault(K.SOILING, "p00-inv-01", amount=0.4, ramp_s=7200.0))
    ratio = sick.snapshot.power.available_w[0, 0] / well.snapshot.power.available_w[0, 0]
    assert ratio == pytest.approx(1 - 0.4 * 1800 / 7200)


def test_snow_slides_off_towards_its_end() -> None:
    melting = fault(K.SNOW, "p00-inv-01", amount=0.9, end_s=START + 2000.0)
    sick, well = pair(melting)
    ratio = sick.snapshot.power.available_w[0, 0] / well.snapshot.power.available_w[0, 0]
    assert ratio == pytest.approx(1 - 0.9 * 0.1 / 0.4)


def test_a_shadow_comes_at_its_hours_only() -> None:
    evening = fault(K.SHADING, "p00-inv-01", amount=0.5, from_h=15.0, to_h=18.0)
    sick, well = pair(evening)
    assert np.array_equal(sick.snapshot.power.ac_w, well.snapshot.power.ac_w)
    sick, well = pair(evening, at=NOON + timedelta(hours=3.5))
    assert sick.snapshot.power.ac_w[0, 0] < 0.6 * well.snapshot.power.ac_w[0, 0]


def test_a_grid_outage_takes_voltage_and_power_of_one_plant() -> None:
    places = (plant(0), plant(1))
    names = tuple(device.device_id for device in places[0].devices)
    sick, _ = pair(fault(K.GRID_OUTAGE, *names), *places)
    batch = decoded(sick, "p00-inv-01")
    assert batch.value("ac_phase_a_voltage_v") == 0
    assert batch.value("grid_frequency_hz") in (None, 0)
    assert batch.value("fault_code") == 2032
    assert (decoded(sick, "p01-inv-01").value("ac_active_power_w") or 0) > 0
    assert (decoded(sick, "p01-meter").value("ac_active_power_w") or 0) > 0
    assert decoded(sick, "p00-meter").value("ac_active_power_w") == 0


def test_a_dead_unit_is_silent_and_its_counter_goes_on() -> None:
    sick, well = pair(fault(K.DEAD_UNIT, "p00-inv-01"))
    assert not sick.answers("p00-inv-01")
    assert sick.answers("p00-inv-02")
    assert np.array_equal(sick.book.at(NOON.timestamp()), well.book.at(NOON.timestamp()))


def test_a_counter_reset_begins_again_and_then_grows_as_before() -> None:
    reset = fault(K.COUNTER_RESET, "p00-inv-01", amount=5000.0)
    sick, well = pair(reset)
    grown = well.energy_at(NOON.timestamp())[0] - well.energy_at(START)[0]
    assert decoded(sick, "p00-inv-01").value("ac_energy_total_wh") == pytest.approx(5000.0 + grown, abs=20)
    assert decoded(sick, "p00-inv-02").values == decoded(well, "p00-inv-02").values


def test_a_drifting_meter_grows_too_fast_from_its_start_on() -> None:
    drifting = fault(K.METER_DRIFT, "p00-meter", amount=0.10, start_s=NOON.timestamp() - 7200)
    sick, well = pair(drifting)
    truth = decoded(well, "p00-meter").value("meter_energy_forward_wh") or 0
    made = (well.energy_at(NOON.timestamp()) - well.energy_at(NOON.timestamp() - 7200)).sum() * 0.987
    shown = decoded(sick, "p00-meter").value("meter_energy_forward_wh") or 0
    assert shown - truth == pytest.approx(0.10 * made, abs=1200 + 0.02 * made)
    assert made > 5000


def test_a_wrong_clock_is_off_by_what_the_script_says() -> None:
    sick, well = pair(fault(K.WRONG_CLOCK, "p00-inv-01", amount=3600.0))
    seconds = [int.from_bytes(one.read("p00-inv-01", 3, 40000, 2) or b"", "big") for one in (sick, well)]
    assert seconds[0] - seconds[1] == 3600


def test_a_wrong_clock_begins_the_day_counter_at_its_own_midnight() -> None:
    # 13 hours ahead, its midnight was at 11:00; it is 12:30
    sick, _ = pair(fault(K.WRONG_CLOCK, "p00-inv-01", amount=13 * 3600.0))
    made = sick.energy_at(NOON.timestamp()) - sick.energy_at(NOON.timestamp() - 5400)
    assert decoded(sick, "p00-inv-01").value("ac_energy_today_wh") == pytest.approx(made[0], abs=10)
    assert (decoded(sick, "p00-inv-02").value("ac_energy_today_wh") or 0) > made[1] * 1.5


def test_the_loss_of_a_fault_is_the_energy_that_is_missing() -> None:
    trip = fault(K.INVERTER_TRIP, "p00-inv-01", start_s=NOON.timestamp() - 3600, end_s=NOON.timestamp() - 600)
    sick, well = pair(trip)
    missing = well.energy_at(NOON.timestamp()) - sick.energy_at(NOON.timestamp())
    assert missing[0] > 1000
    assert missing[1:] == pytest.approx([0, 0], abs=1e-3)
    ((_, lost_wh),) = sick.losses(NOON)
    assert lost_wh == pytest.approx(missing[0], rel=1e-6)
    assert sick.losses(NOON + timedelta(hours=2))[0][1] == pytest.approx(lost_wh)


def test_a_fault_over_days_is_counted_from_its_beginning() -> None:
    old = fault(K.SOILING, "p00-inv-01", amount=0.2, start_s=NOON.timestamp() - 2 * 86_400)
    sick, well = pair(old)
    # counters of both runs begin the month alike
    missing = (well.energy_at(NOON.timestamp()) - sick.energy_at(NOON.timestamp()))[0]
    assert sick.losses(NOON)[0][1] == pytest.approx(missing, rel=1e-3)


def test_bus_faults_touch_their_gateway_and_end() -> None:
    slow = replace(fault(K.SLOW_BUS, amount=20.0), gateway_ids=("p00-gw",), end_s=NOON.timestamp() + 60)
    clock = ManualClock(NOON)
    one = Fleet(registry(plant(0), plant(1)), profiles(), clock, 1, [slow])
    assert one.bus("p00-gw").slower == 20.0
    assert one.bus("p01-gw").slower == 1.0
    clock.advance(61)
    assert one.bus("p00-gw").slower == 1.0
