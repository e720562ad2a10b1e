"""What the plants without a link bring in a demonstration: a keeper's readings and a maker's cloud export.

Both are made by the same physics as the live plants, then brought in the way a person would bring them:
readings through the command that checks them, the export through a mapping. They are invented and say so.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from access.principal import console_principal
from commands.readings import Readings
from domain.clock import Clock
from domain.errors import CommandError
from domain.frame import DEVICE, INSTANT
from domain.plant import Connection, Gateway, Plant, Registry, WireProtocol
from domain.timespan import Interval
from inverters.profile import DeviceProfile
from jobs.transfer_samples import perform_import
from simulator.fleet import Fleet
from stores.protocol import MeasurementStore

READINGS, EXPORT = "keepers.csv", "cloud_export.csv"
_READ_AT_HOUR = 18
_HOURLY = timedelta(hours=1)
_FORWARD, _TOTAL, _POWER = "meter_energy_forward_wh", "ac_energy_total_wh", "ac_active_power_w"
# The columns of an invented cloud portal, and what they mean.
MAPPING = {
    "device": {"column": "设备"},
    "time": {"column": "时间", "format": "%Y-%m-%d %H:%M"},
    "columns": {
        "有功功率(kW)": {"quantity": _POWER, "factor": 1000},
        "累计发电量(kWh)": {"quantity": _TOTAL, "factor": 1000},
        "正向有功电量(kWh)": {"quantity": _FORWARD, "factor": 1000},
    },
}


def write_files(
    registry: Registry,
    profiles: Mapping[str, DeviceProfile],
    clock: Clock,
    seed: int,
    days: int,
    out: Path,
    note: str,
) -> None:
    """Write both files for the ``days`` before the clock's now; plants of that kind only."""
    plants = tuple(_linked(plant) for plant in registry.plants if plant.connection is not Connection.LIVE)
    if not plants:
        return
    kinds = {plant.plant_id: plant.connection for plant in registry.plants}
    fleet = Fleet(replace(registry, plants=plants), profiles, clock, seed)
    end = clock.now()
    tables = [table for _, table in fleet.history(Interval(end - timedelta(days=days), end), _HOURLY)]
    rows = pd.concat([table.astype({DEVICE: "str"}) for table in tables], ignore_index=True)
    owner = {device.device_id: plant for plant in plants for device in plant.devices}
    rows["plant"] = [owner[name].plant_id for name in rows[DEVICE]]
    rows["connection"] = [kinds[name].value for name in rows["plant"]]
    _write_readings(rows[rows["connection"] == Connection.MANUAL.value], owner, out / READINGS, note)
    _write_export(rows[rows["connection"] == Connection.FILE.value], owner, out / EXPORT)


def _linked(plant: Plant) -> Plant:
    """Return the plant as if it had a link, so that the physics runs for it."""
    gateway = Gateway(f"{plant.plant_id}-none", plant.plant_id, WireProtocol.MODBUS_TCP)
    devices = tuple(replace(device, gateway_id=gateway.gateway_id) for device in plant.devices)
    return replace(plant, connection=Connection.LIVE, gateways=(gateway,), devices=devices)


def _local(instants: pd.Series, zone: str) -> pd.Series:
    local: pd.Series = instants.dt.tz_convert(ZoneInfo(zone))
    return local


def _write_readings(rows: pd.DataFrame, owner: dict[str, Plant], path: Path, note: str) -> None:
    found = []
    for device_id, own in rows.dropna(subset=[_FORWARD]).groupby(DEVICE):
        plant = owner[str(device_id)]
        account = plant.accounts[-1] if plant.accounts else None
        ratio = account.ct_ratio * account.pt_ratio if account else 1.0
        at = _local(own[INSTANT], plant.time_zone)
        evening = own[at.dt.hour == _READ_AT_HOUR]
        found.append(
            pd.DataFrame(
                {
                    "plant_id": plant.plant_id,
                    "read_at": at[evening.index].dt.strftime("%Y-%m-%d %H:%M"),
                    "display_kwh": (evening[_FORWARD] / 1000.0 / ratio).map("{:.2f}".format),
                    "note": note,
                }
            )
        )
    if found:
        pd.concat(found).sort_values(["plant_id", "read_at"]).to_csv(path, index=False)


def _write_export(rows: pd.DataFrame, owner: dict[str, Plant], path: Path) -> None:
    if rows.empty:
        return
    zone = next(iter(owner.values())).time_zone
    pd.DataFrame(
        {
            "设备": rows[DEVICE],
            "时间": _local(rows[INSTANT], zone).dt.strftime("%Y-%m-%d %H:%M"),
            "有功功率(kW)": rows[_POWER] / 1000.0,
            "累计发电量(kWh)": rows[_TOTAL] / 1000.0,
            "正向有功电量(kWh)": rows[_FORWARD] / 1000.0,
        }
    ).round(3).to_csv(path, index=False)


def bring_in(
    folder: Path, readings: Readings, store: MeasurementStore, registry: Registry, clock: Clock
) -> None:
    """Bring both files in, as a person at the console would.

    Raises
    ------
    CommandError
        A file was refused; the message says which row and why.
    """
    if (folder / READINGS).exists():
        readings.import_file(console_principal(), READINGS, (folder / READINGS).read_bytes())
    if (folder / EXPORT).exists():
        order = {"file": str(folder / EXPORT), "mapping": MAPPING}
        done = perform_import(store, registry, clock, order)
        if done["problem_count"]:
            first = done["problems"][0]
            raise CommandError(f"{EXPORT}: row {first['row']}, {first['column']}: {first['message']}")
