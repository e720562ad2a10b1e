"""Small plants and series for tests of KPIs."""

from datetime import date

import numpy as np
import pandas as pd

from domain.plant import Capacity, Connection, Device, DeviceKind, Plant
from domain.series import PlantSeries
from kpis.build_series import build_series

START = "2026-06-21T00:00+08:00"
FIRST_DAY = date(2015, 1, 1)


def inverter(number: int = 1, **facts: object) -> Device:
    wanted = {"rated_power_kw": 50.0, "dc_capacity_kw": 55.0, "string_count": 10} | facts
    return Device(f"inv-{number:02d}", "p", DeviceKind.INVERTER, f"{number}", **wanted)  # type: ignore[arg-type]


def plant(*devices: Device, **facts: object) -> Plant:
    wanted = {
        "latitude": 33.87, "longitude": 109.94, "altitude_m": 700.0, "tilt_deg": 28.0, "azimuth_deg": 180.0,
        "time_zone": "Asia/Shanghai",
    } | facts  # fmt: skip
    return Plant(
        plant_id="p", name="p", name_en="p", town_id="", connection=Connection.FILE, grid_date=FIRST_DAY,
        capacities=(Capacity(FIRST_DAY, 55.0, 50.0),), devices=devices or (inverter(),), **wanted,  # type: ignore[arg-type]
    )  # fmt: skip


def rows(device_id: str, start: str = START, step_s: float = 300.0, **values: object) -> pd.DataFrame:
    count = len(next(iter(values.values())))  # type: ignore[arg-type]
    at = pd.Timestamp(start).tz_convert("UTC").as_unit("ns") + pd.to_timedelta(
        np.arange(count) * step_s, unit="s"
    )
    return pd.DataFrame({"device_id": device_id, "measured_at": at, **values})


def series(*tables: pd.DataFrame, of: Plant | None = None, step_s: float | None = None) -> PlantSeries:
    samples = pd.concat(tables, ignore_index=True).sort_values(
        ["device_id", "measured_at"], ignore_index=True
    )
    return build_series(of or plant(), samples, step_s)
