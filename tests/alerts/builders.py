"""A made plant for the stories of rules: clear days over Shangzhou, healthy inverters, strings, grid and sun."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from alerts.context import Context
from alerts.engine import judge, judge_plant
from alerts.rule import AlertRule
from domain.alert import Alert
from domain.plant import Capacity, Connection, Device, DeviceKind, Plant
from domain.series import DeviceSeries, Floats, Instants, PlantSeries
from domain.sun import clear_sky_ghi, sun_position
from main.configuration import load_alert_rules

ZONE = "Asia/Shanghai"
LATITUDE, LONGITUDE = 33.87, 109.94
RATED_KW, DC_KW = 50.0, 55.0
STRINGS = 8
MIDNIGHT = datetime(2026, 6, 9, 16, 0, tzinfo=UTC)  # the local midnight that begins 10 June
BOOK = load_alert_rules(Path(__file__).parent.parent.parent / "config")
RULES: Mapping[str, AlertRule] = {rule.rule_id: rule for rule in BOOK.rules}


def instants(days: float = 1.0, step_s: float = 300.0, start: datetime = MIDNIGHT) -> Instants:
    count = round(days * 86_400 / step_s)
    first = np.datetime64(start.replace(tzinfo=None), "ns")
    return first + np.arange(count) * np.timedelta64(round(step_s * 1e9), "ns")


def local(text: str) -> datetime:
    """`10 12:30`: local time of a day of June 2026."""
    day, _, clock = text.partition(" ")
    hour, _, minute = clock.partition(":")
    at = datetime(2026, 6, int(day), int(hour or 0), int(minute or 0), tzinfo=UTC)
    return at - timedelta(hours=8)


def span(series: PlantSeries, first: str, last: str) -> slice:
    """Positions of [first, last)."""
    edges = [np.datetime64(local(each).replace(tzinfo=None), "ns") for each in (first, last)]
    start, stop = np.searchsorted(series.instants, edges)
    return slice(int(start), int(stop))


def inverter(number: int, plant_id: str = "p1", **changes: object) -> Device:
    name = f"{plant_id}-inv-{number:02d}"
    made = Device(
        name,
        plant_id,
        DeviceKind.INVERTER,
        f"{number}号逆变器",
        "huawei_sun2000",
        f"{plant_id}-gw-1",
        number,
        RATED_KW,
        DC_KW,
        STRINGS,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def meter(plant_id: str = "p1") -> Device:
    return Device(
        f"{plant_id}-meter", plant_id, DeviceKind.REVENUE_METER, "关口表", gateway_id=f"{plant_id}-gw-1"
    )


def plant(units: int = 5, plant_id: str = "p1", **changes: object) -> Plant:
    devices = (*(inverter(n, plant_id) for n in range(1, units + 1)), meter(plant_id))
    capacity = Capacity(datetime(2017, 1, 1, tzinfo=UTC).date(), units * DC_KW, units * RATED_KW)
    made = Plant(
        plant_id,
        "甲电站",
        "Plant A",
        "611002100",
        LATITUDE,
        LONGITUDE,
        700.0,
        Connection.LIVE,
        capacity.valid_from,
        (capacity,),
        30.0,
        180.0,
        feeder="10kV甲线",
        devices=devices,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def light(at: Instants) -> tuple[Floats, Floats]:
    """Elevation of the sun and clear-sky irradiance (horizontal stands for the plane of the array)."""
    epoch_s = at.astype("datetime64[s]").astype(np.int64).astype(np.float64)
    elevation, _ = sun_position(epoch_s, LATITUDE, LONGITUDE)
    return elevation, clear_sky_ghi(elevation)


def unit_values(light_w_m2: Floats, factor: float = 1.0, strings: int = STRINGS) -> dict[str, Floats]:
    """What a healthy inverter says under a light."""
    share = np.minimum(light_w_m2 / 1000.0 * 0.85 * factor, 1.0)
    power = share * DC_KW * 1000.0
    current = share * DC_KW * 1000.0 / 0.98 / 620.0
    awake = light_w_m2 > 5.0
    values = {
        "ac_active_power_w": power,
        "dc_power_w": power / 0.98,
        "dc_voltage_v": np.where(awake, 620.0, np.nan),
        "dc_current_a": current,
        "grid_frequency_hz": np.full(len(power), 50.0),
        "internal_temperature_c": 25.0 + 30.0 * share,
        "ac_energy_total_wh": 1e8 + np.cumsum(power) * _hours(light_w_m2),
    }
    for phase in "abc":
        values[f"ac_phase_{phase}_voltage_v"] = np.full(len(power), 225.0)
        values[f"ac_phase_{phase}_current_a"] = power / 3.0 / 225.0
    for number in range(1, strings + 1):
        values[f"dc_string_{number:02d}_current_a"] = current / strings
    return values


def _hours(values: Floats) -> float:
    return 300.0 / 3600.0 if len(values) else 0.0


def series(
    days: float = 1.0,
    step_s: float = 300.0,
    units: int = 5,
    plant_id: str = "p1",
    *,
    sensor: bool = True,
    sky: float | Floats = 1.0,
    start: datetime = MIDNIGHT,
) -> PlantSeries:
    """A healthy plant on clear days; ``sky`` scales the light (a cloud, a day)."""
    at = instants(days, step_s, start)
    elevation, clear = light(at)
    seen = clear * sky
    devices = {}
    for number in range(1, units + 1):
        device = inverter(number, plant_id)
        values = unit_values(seen)
        values["ac_energy_total_wh"] = 1e8 + np.cumsum(values["ac_active_power_w"]) * step_s / 3600.0
        devices[device.device_id] = DeviceSeries(
            device, values, expected_power_w=values["ac_active_power_w"].copy(), expected_source="own"
        )
    return PlantSeries(
        plant_id,
        ZONE,
        at,
        step_s,
        devices,
        elevation,
        clear,
        seen if sensor else None,
        "own" if sensor else "",
        25.0 + 0.03 * seen,
        np.full(len(at), 25.0),
    )


def change(made: PlantSeries, device: int | str, quantity: str, where: slice, value: object) -> PlantSeries:
    """The same plant with a quantity of a device changed somewhere: a number, or a function of what was there."""
    name = f"{made.plant_id}-inv-{device:02d}" if isinstance(device, int) else device
    old = made.devices[name]
    values = dict(old.values)
    array = values.get(quantity, np.full(len(made.instants), np.nan)).copy()
    array[where] = value(array[where]) if callable(value) else value
    values[quantity] = array
    return replace(made, devices={**made.devices, name: replace(old, values=values)})


def everywhere(made: PlantSeries, quantity: str, where: slice, value: object) -> PlantSeries:
    """The same plant with a quantity of every inverter changed somewhere."""
    for name, each in made.devices.items():
        if each.device.kind is DeviceKind.INVERTER:
            made = change(made, name, quantity, where, value)
    return made


def silent(made: PlantSeries, device: int | str, where: slice) -> PlantSeries:
    """The same plant with a device that says nothing somewhere."""
    name = f"{made.plant_id}-inv-{device:02d}" if isinstance(device, int) else device
    for quantity in made.devices[name].values:
        made = change(made, name, quantity, where, np.nan)
    return made


def alerts(made: PlantSeries, *rules: str, context: Context | None = None) -> list[Alert]:
    """Alerts of some rules (default: all) on one plant, oldest first, causes left out."""
    context = context or Context({made.plant_id: plant(plant_id=made.plant_id)})
    chosen = [RULES[name] for name in rules or RULES]
    return sorted(judge_plant(made, chosen, context), key=lambda each: each.since)


def judged(made: Sequence[PlantSeries], *rules: str, context: Context | None = None) -> list[Alert]:
    """Alerts of plants as the engine gives them, with causes."""
    context = context or Context({each.plant_id: plant(plant_id=each.plant_id) for each in made})
    return judge(made, [RULES[name] for name in rules or RULES], context)
