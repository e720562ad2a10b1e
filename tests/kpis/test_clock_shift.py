"""The clock by the sun: a wrong zone, summer time, and a right clock under clouds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.series import Floats, PlantSeries
from kpis.clock_shift import clock_shift, day_table
from tests.kpis.series import plant, rows, series

PLACE = (33.87, 109.94, 28.0, 180.0)


def _year(minutes: Floats, days: int = 60) -> tuple[PlantSeries, Floats]:
    """Clear-sky power of days, seen by a clock that is ``minutes`` ahead, a quarter of the days cloudy."""
    made = series(
        rows("inv-01", "2026-03-01T00:00+08:00", 900, ac_active_power_w=np.zeros(96 * days)), of=plant()
    )
    dice = np.random.default_rng(7)
    clear = made.clear_sky_poa_w_m2.reshape(days, 96)
    power = np.vstack([np.roll(row, round(shift / 15)) for row, shift in zip(clear, minutes, strict=True)])
    cloudy = dice.random(days) < 0.25
    power[cloudy] *= dice.random((int(cloudy.sum()), 96))
    return made, power.reshape(-1) * 45.0


@pytest.mark.parametrize("shift", [0.0, 60.0, -120.0])
def test_a_constant_offset_has_no_step_and_is_seen_all_the_same(shift: float) -> None:
    told = clock_shift(*_year(np.full(60, shift)), *PLACE)
    assert told is not None
    np.testing.assert_allclose(told.shift_min[1:60], -shift, atol=3.0)


def test_a_clock_put_on_summer_time_is_wrong_from_that_day() -> None:
    told = clock_shift(*_year(np.where(np.arange(60) < 30, 0.0, 60.0)), *PLACE)
    assert told is not None
    assert np.abs(told.shift_min[1:26]).max() <= 3.0
    np.testing.assert_allclose(told.shift_min[34:60], -60.0, atol=3.0)


def test_a_plant_without_coordinates_says_nothing_about_its_clock() -> None:
    assert clock_shift(*_year(np.zeros(60)), np.nan, np.nan, np.nan, np.nan) is None


@pytest.mark.slow
@pytest.mark.needs("data:pvdaq_clockshift_a")
def test_recorded_clock_faults_are_measured_to_three_minutes(test_data: Path) -> None:
    folder = test_data / "pvdaq_clockshift_a"
    systems = pd.read_csv(folder / "systems.csv").set_index("system_id")
    errors = []
    for file in pd.read_csv(folder / "files.csv").itertuples():
        system = systems.loc[int(str(file.system_id))]
        place = tuple(float(str(system[key])) for key in ("latitude", "longitude", "tilt", "azimuth"))
        table = pd.read_csv(folder / str(file.file))
        at = pd.to_datetime(table["time"], utc=True).astype("datetime64[ns, UTC]")
        sample = pd.DataFrame({"device_id": "inv-01", "measured_at": at, "ac_active_power_w": table["value"]})
        made = series(
            sample, of=plant(latitude=place[0], longitude=place[1], tilt_deg=place[2], azimuth_deg=place[3])
        )
        power = made.devices["inv-01"].values["ac_active_power_w"]
        told = clock_shift(made, power, place[0], place[1], place[2], place[3])
        assert told is not None
        _, midnight_s = day_table(made, power, place[1])
        noon = pd.to_datetime(midnight_s + 43_200, unit="s", utc=True).tz_convert(str(file.file_timezone))
        truth = pd.read_csv(folder / str(file.file).replace(".csv.gz", "__truth.csv.gz")).set_index("date")
        wanted = truth["shift_minutes"].reindex([str(day) for day in noon.date]).to_numpy()
        errors.append(float(np.nanmean(np.abs(told.shift_min - wanted))))
    assert len(errors) == 18
    assert np.mean(errors) <= 3.0
    assert max(errors) <= 5.0
