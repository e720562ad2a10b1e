"""The horizon of a plant: seen in its own clear mornings, and nowhere else."""

import numpy as np
import pytest

from domain.plant import Plant
from domain.series import Floats
from domain.sun import sun_position
from kpis.horizon import behind_horizon, learn_horizon
from kpis.prepare import prepared
from kpis.series_days import days_of
from tests.kpis.series import inverter, plant, rows, series

START, STEP_S, DAYS = "2026-12-01T00:00+08:00", 300.0, 20
RIDGE_DEG = 12.0


def _winter(here: Plant) -> tuple[Floats, Floats, Floats]:
    """Clear sky, elevation and azimuth of twenty December days."""
    made = series(rows("inv-01", START, STEP_S, ac_active_power_w=np.ones(288 * DAYS)), of=here)
    middle_s = made.instants.astype("datetime64[s]").astype(np.int64) + STEP_S / 2.0
    return made.clear_sky_poa_w_m2, *sun_position(middle_s, here.latitude, here.longitude)


def _behind_a_ridge(here: Plant) -> tuple[Floats, Floats, Floats]:
    clear, elevation, azimuth = _winter(here)
    hidden = (elevation < RIDGE_DEG) & (azimuth < 150.0)
    return np.where(hidden, 0.15, 1.0) * clear * 45.0, elevation, azimuth


def test_a_ridge_in_the_south_east_is_found_where_it_stands_and_the_west_stays_open() -> None:
    here = plant(inverter())
    power, elevation, azimuth = _behind_a_ridge(here)
    made = series(rows("inv-01", START, STEP_S, ac_active_power_w=power), of=here)
    clear, _, _ = _winter(here)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = np.where(clear > 15.0, power / 45.0 / clear, np.nan)
    found = learn_horizon(elevation, azimuth, index, days_of(made.instants, made.zone))
    assert found.height_deg[12] == pytest.approx(RIDGE_DEG, abs=1.0)  # 120 to 130 degrees
    assert found.left[12] == pytest.approx(0.15, abs=0.03)
    assert np.isnan(found.height_deg[18:]).all()


def test_the_clear_sky_of_a_plant_is_dim_while_the_sun_is_behind_its_ridge() -> None:
    here = plant(inverter())
    power, elevation, azimuth = _behind_a_ridge(here)
    made = series(rows("inv-01", START, STEP_S, ac_active_power_w=power), of=here)
    sky = prepared(made, here).series.clear_sky_poa_w_m2
    hidden = (elevation > 6.0) & (elevation < RIDGE_DEG - 1.0) & (azimuth > 122.0) & (azimuth < 138.0)
    assert hidden.sum() > 50
    assert (sky[hidden] < 0.25 * made.clear_sky_poa_w_m2[hidden]).all()
    assert (sky[elevation > RIDGE_DEG + 1.0] == made.clear_sky_poa_w_m2[elevation > RIDGE_DEG + 1.0]).all()


def test_clouds_tell_of_no_horizon_and_neither_does_a_plant_without_a_place() -> None:
    here = plant(inverter())
    clear, _, _ = _winter(here)
    dull = clear * 45.0 * np.random.default_rng(3).uniform(0.1, 0.9, len(clear))
    made = series(rows("inv-01", START, STEP_S, ac_active_power_w=dull), of=here)
    assert (behind_horizon(made, here) == made.clear_sky_poa_w_m2).all()
    nowhere = plant(inverter(), latitude=np.nan, longitude=np.nan)
    lost = series(rows("inv-01", START, STEP_S, ac_active_power_w=clear * 45.0), of=nowhere)
    assert np.isnan(behind_horizon(lost, nowhere)).all()
