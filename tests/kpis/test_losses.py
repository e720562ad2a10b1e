"""The loss ledger: one cause a step, parts that add up, and truth where it is known."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.handling import PlannedStop, StopKind
from domain.plant import Device, DeviceKind, Plant
from domain.price import EnergyPrice
from domain.series import Floats
from kpis.losses import Cause, Ledger, Loss, priced
from kpis.prepare import prepared
from kpis.series_daily import daily_of
from kpis.series_days import days_of
from kpis.soiling import dirt_by_day
from tests.kpis.series import inverter, plant, rows, series

DAYS = 40
WEATHER = Device("w", "p", DeviceKind.WEATHER_STATION, "w")


def _sun_clear(days: int = DAYS) -> Floats:
    made = series(
        rows("w", "2026-05-01T00:00+08:00", 900, irradiance_poa_w_m2=np.zeros(96 * days)), of=plant()
    )
    return made.clear_sky_poa_w_m2


def _sun(days: int = DAYS) -> Floats:
    return _sun_clear(days) * (0.6 + 0.4 * np.sin(np.arange(96 * days) / 96.0 * 2.2) ** 2)


def _book(
    power: Floats, light: Floats, of: Plant | None = None, stops: Sequence[PlannedStop] = (), **more: Floats
) -> Ledger:
    weather = rows(
        "w", "2026-05-01T00:00+08:00", 900, irradiance_poa_w_m2=light, module_temperature_c=20 + light / 40
    )
    unit = rows("inv-01", "2026-05-01T00:00+08:00", 900, ac_active_power_w=power, **more)
    here = of or plant(inverter(), WEATHER)
    return daily_of(prepared(series(weather, unit, of=here), here).series, here, stops).ledgers["inv-01"]


def _sum(book: Ledger, cause: Cause) -> float:
    return sum(loss.lost_kwh for loss in book.losses if loss.cause is cause)


def test_a_healthy_unit_loses_next_to_nothing() -> None:
    light = _sun()
    book = _book(light * 45.0, light)
    assert abs(np.nansum(book.expected_kwh - book.produced_kwh)) < 0.005 * np.nansum(book.produced_kwh)


def test_an_outage_costs_what_the_sun_would_have_given_and_nothing_is_counted_twice() -> None:
    light = _sun()
    power = light * 45.0
    power[96 * 30 : 96 * 33] = 0.0
    book = _book(power, light)
    truth = (light * 45.0)[96 * 30 : 96 * 33].sum() * 0.25 / 1000.0
    assert _sum(book, Cause.OUTAGE) == pytest.approx(truth, rel=0.02)
    parts = sum(loss.lost_kwh for loss in book.losses)
    assert parts == pytest.approx(float(np.nansum(book.expected_kwh - book.produced_kwh)), abs=1e-6)


def test_no_voltage_makes_the_outage_the_grids() -> None:
    light = _sun()
    power, volts = light * 45.0, np.full(len(light), 230.0)
    power[96 * 30 : 96 * 31] = 0.0
    volts[96 * 30 : 96 * 31] = 0.0
    book = _book(power, light, ac_phase_a_voltage_v=volts)
    assert _sum(book, Cause.GRID) > 100.0
    assert _sum(book, Cause.OUTAGE) == 0.0


def _stop(kind: StopKind, day: int, plant_id: str = "", device_id: str = "", feeder: str = "") -> PlannedStop:
    start = datetime.fromisoformat("2026-05-01T00:00+08:00") + timedelta(days=day)
    end = start + timedelta(days=1)
    return PlannedStop("s", kind, start, end, "清洗", "om", start, plant_id, device_id, feeder)


def test_what_is_lost_under_a_tag_is_maintenance_and_after_it_an_outage_again() -> None:
    light = _sun()
    power = light * 45.0
    power[96 * 30 : 96 * 32] = 0.0
    tag = _stop(StopKind.MAINTENANCE, 30, plant_id="p")
    book = _book(power, light, stops=[tag])
    days = [(light * 45.0)[96 * day : 96 * (day + 1)].sum() * 0.25 / 1000.0 for day in (30, 31)]
    assert _sum(book, Cause.MAINTENANCE) == pytest.approx(days[0], rel=0.02)
    assert _sum(book, Cause.OUTAGE) == pytest.approx(days[1], rel=0.02)
    parts = sum(loss.lost_kwh for loss in book.losses)
    assert parts == pytest.approx(float(np.nansum(book.expected_kwh - book.produced_kwh)), abs=1e-6)
    early = _book(power, light, stops=[replace(tag, ended_at=tag.start)])
    assert _sum(early, Cause.MAINTENANCE) == 0.0


@pytest.mark.parametrize(
    ("story", "more"),
    [("another device", {"plant_id": "p", "device_id": "inv-02"}), ("another plant", {"plant_id": "q"})],
)
def test_a_tag_elsewhere_explains_nothing_here(story: str, more: dict[str, str]) -> None:
    light = _sun()
    power = light * 45.0
    power[96 * 30 : 96 * 31] = 0.0
    book = _book(power, light, stops=[_stop(StopKind.MAINTENANCE, 30, **more)])
    assert _sum(book, Cause.MAINTENANCE) == 0.0, story


def test_a_tag_under_which_all_runs_costs_nothing() -> None:
    light = _sun()
    book = _book(
        light * 45.0, light, stops=[_stop(StopKind.MAINTENANCE, 30, plant_id="p", device_id="inv-01")]
    )
    assert _sum(book, Cause.MAINTENANCE) == 0.0


def test_an_announced_outage_is_not_the_grids_fault_and_covers_its_feeder_only() -> None:
    light = _sun()
    power, volts = light * 45.0, np.full(len(light), 230.0)
    for day in (30, 33):
        power[96 * day : 96 * (day + 1)] = 0.0
        volts[96 * day : 96 * (day + 1)] = 0.0
    here = replace(plant(inverter(), WEATHER), feeder="10kV A")
    stops = [_stop(StopKind.OUTAGE, 30, feeder="10kV A"), _stop(StopKind.OUTAGE, 33, feeder="10kV B")]
    book = _book(power, light, here, stops, ac_phase_a_voltage_v=volts)
    days = [(light * 45.0)[96 * day : 96 * (day + 1)].sum() * 0.25 / 1000.0 for day in (30, 33)]
    assert _sum(book, Cause.PLANNED_OUTAGE) == pytest.approx(days[0], rel=0.02)
    assert _sum(book, Cause.GRID) == pytest.approx(days[1], rel=0.02)
    nowhere = _book(power, light, None, [_stop(StopKind.OUTAGE, 30)], ac_phase_a_voltage_v=volts)
    assert _sum(nowhere, Cause.PLANNED_OUTAGE) == 0.0


def test_one_string_of_ten_is_a_string_by_the_lasting_step_alone() -> None:
    light = _sun()
    power = light * 45.0
    power[96 * 25 :] *= 0.9
    truth = (light * 4.5)[96 * 25 :].sum() * 0.25 / 1000.0
    assert _sum(_book(power, light), Cause.STRING) == pytest.approx(truth, rel=0.05)


def test_a_silence_the_counter_closes_is_communication_or_an_outage() -> None:
    light = _sun()
    power = light * 45.0
    counter = np.concatenate([[0.0], np.cumsum(power * 0.25)[:-1]]) + 1e6
    silent = slice(96 * 30 + 30, 96 * 30 + 60)
    lost_power, flat = power.copy(), counter.copy()
    flat[96 * 30 + 60 :] -= power[silent].sum() * 0.25
    for told in (lost_power, counter, flat):
        told[silent] = np.nan
    alive, dead = (_book(lost_power, light, ac_energy_total_wh=told) for told in (counter, flat))
    whole = power[silent].sum() * 0.25 / 1000.0
    assert abs(_sum(alive, Cause.COMMUNICATION)) < 0.05 * whole
    assert _sum(dead, Cause.OUTAGE) == pytest.approx(whole, rel=0.05)


def test_a_silence_without_a_counter_is_a_range_and_no_loss() -> None:
    light = _sun()
    power = light * 45.0
    power[96 * 30 : 96 * 31] = np.nan
    book = _book(power, light)
    [loss] = [loss for loss in book.losses if loss.cause is Cause.COMMUNICATION]
    assert loss.lost_kwh == 0.0
    assert loss.low_kwh == 0.0
    assert loss.high_kwh == pytest.approx((light * 45.0)[96 * 30 : 96 * 31].sum() * 0.25 / 1000.0, rel=0.05)


def test_a_loss_is_priced_by_the_tariff_of_its_day_in_two_parts() -> None:
    loss = Loss(date(2026, 5, 1), "inv-01", Cause.OUTAGE, 100.0, 95.0, 105.0, "model:own")
    money = priced(
        loss, "p", lambda _, day: EnergyPrice(Decimal("35.45"), Decimal(42)) if day.year == 2026 else None
    )
    assert money is not None
    assert (money.benchmark_fen, money.subsidy_fen, money.total_fen) == (3545, 4200, 7745)
    assert priced(loss, "p", lambda *_: None) is None


@pytest.mark.slow
@pytest.mark.needs("data:heliocity_simfaults_a")
@pytest.mark.parametrize(
    ("fault", "room"),
    [("inverter_failure", 0.03), ("string_open_circuit", 0.03), ("bypass_diode_short", 0.5)],
)
def test_lost_energy_of_known_faults(test_data: Path, fault: str, room: float) -> None:
    folder = test_data / "heliocity_simfaults_a"
    with (folder / "truth.csv").open(encoding="utf-8") as file:
        truth = {(row["plant"], row["fault"]): row for row in csv.DictReader(file)}
    here = plant(
        inverter(rated_power_kw=30.0, dc_capacity_kw=36.0, string_count=6), WEATHER,
        latitude=43.61, longitude=7.05, tilt_deg=5.0, time_zone="Europe/Paris",
    )  # fmt: skip
    for number in range(1, 8):
        table = pd.read_csv(folder / f"plant{number:02d}.csv.gz")
        at = pd.to_datetime(table["time"], utc=True).astype("datetime64[ns, UTC]")
        unit = pd.DataFrame(
            {"device_id": "inv-01", "measured_at": at, "ac_active_power_w": table[f"{fault}_p_ac"]}
        )
        weather = pd.DataFrame(
            {"device_id": "w", "measured_at": at, "irradiance_poa_w_m2": table["poa_w_m2"],
             "module_temperature_c": table["module_temp_c"]}
        )  # fmt: skip
        told = daily_of(prepared(series(unit, weather, of=here), here).series, here)
        known = truth[f"plant{number:02d}", fault]
        first, last = known["first_affected"][:10], known["last_affected"][:10]
        lost = told.rows[0].lost_kwh
        inside = [first <= str(day) <= last for day in told.days.days]
        assert float(np.nansum(lost[inside])) == pytest.approx(float(known["true_lost_kwh"]), rel=room), (
            number
        )


def test_dirt_that_slides_in_and_is_washed_off_is_soiling_and_not_a_riddle() -> None:
    light = _sun(70)
    share = np.zeros(70)
    share[20:55] = np.arange(35) * 0.0025  # to 8.5 % before the rain
    full = light * 45.0 * (1.0 - 0.004 * (light / 40.0 - 5.0))
    dirty = full * (1.0 - np.repeat(share, 96))
    book = _book(dirty, light)
    truth = float((full - dirty).sum()) * 0.25 / 1000.0
    assert _sum(book, Cause.SOILING) == pytest.approx(truth, rel=0.25)
    assert abs(_sum(book, Cause.UNEXPLAINED)) < 0.35 * truth
    parts = sum(loss.lost_kwh for loss in book.losses)
    assert parts == pytest.approx(float(np.nansum(book.expected_kwh - book.produced_kwh)), abs=1e-6)
    assert {loss.day for loss in book.losses if loss.cause is Cause.SOILING} <= {
        date(2026, 5, 1) + timedelta(days=day) for day in range(19, 56)
    }


def test_a_clean_plant_and_a_plant_with_a_lent_sky_have_no_soiling() -> None:
    light = _sun(70)
    assert _sum(_book(light * 45.0, light), Cause.SOILING) == 0.0
    here = plant(inverter(), WEATHER)
    rows_ = rows("inv-01", "2026-05-01T00:00+08:00", 900, ac_active_power_w=light * 45.0)
    lent = replace(prepared(series(rows_, of=here), here).series, irradiance_source="neighbour:q")
    assert not dirt_by_day(lent, days_of(lent.instants, lent.zone)).any()


def test_a_shadow_at_the_same_half_hour_of_clear_days_is_shade_from_its_first_day() -> None:
    light = _sun()
    full = light * 45.0
    power = full.copy()
    slots = (np.arange(len(light)) % 96 >= 64) & (np.arange(len(light)) % 96 < 68)  # 16:00 to 17:00
    since = np.arange(len(light)) >= 96 * 22
    power[slots & since] *= 0.5
    book = _book(power, light)
    shade = [loss for loss in book.losses if loss.cause is Cause.SHADE]
    clear = light > 0.6 * _sun_clear()
    truth = float((full - power)[clear].sum()) * 0.25 / 1000.0
    assert sum(loss.lost_kwh for loss in shade) == pytest.approx(truth, rel=0.15)
    assert min(loss.day for loss in shade) >= date(2026, 5, 23)
    parts = sum(loss.lost_kwh for loss in book.losses)
    assert parts == pytest.approx(float(np.nansum(book.expected_kwh - book.produced_kwh)), abs=1e-6)


def test_low_all_day_is_no_shadow() -> None:
    light = _sun()
    power = light * 45.0
    power[96 * 25 :] *= 0.7
    assert _sum(_book(power, light), Cause.SHADE) == 0.0
