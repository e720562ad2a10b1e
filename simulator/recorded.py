"""Recorded real data on real sockets: what stands in the file is what the registers say, at its own time.

The folder holds ``generation.csv`` or ``generation.csv.gz`` with the columns time (local, start of an
interval of 15 minutes), inverter, dc_power_raw, ac_power_kw, daily_yield_kwh, total_yield_kwh. A unit keeps
its last value while one stamp is missing, is silent when more are, and outside the recorded span. Values go
out as recorded, a wrong unit of a column included: finding that is the monitor's work.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from domain.clock import Clock
from domain.errors import ConfigurationError
from domain.plant import (
    Capacity,
    Connection,
    Device,
    DeviceKind,
    Gateway,
    Plant,
    Registry,
    Town,
    WireProtocol,
)
from inverters.profile import DeviceProfile
from simulator.faults import BusState
from simulator.groups import group
from simulator.images import GroupImage
from simulator.layout import lay_out
from simulator.noise import Floats
from simulator.states import CODES, UnitState

ZONE: Final = "Asia/Kolkata"
PROFILE: Final = "huawei_sun2000"
STEP_S: Final = 900.0
_HOLDS_S: Final = 2 * STEP_S
_PLANT: Final = "recorded"
_GATEWAY: Final = "recorded-gw"
_UNITS_MAX = 30
_COLUMNS: Final[Mapping[str, tuple[str, float]]] = {
    "ac_power_kw": ("ac_active_power_w", 1000.0),
    "dc_power_raw": ("dc_power_w", 1000.0),
    "daily_yield_kwh": ("ac_energy_today_wh", 1000.0),
    "total_yield_kwh": ("ac_energy_total_wh", 1000.0),
}


@dataclass(frozen=True)
class Recording:
    """Tables of a recorded plant.

    ``stamps_s`` ascending, seconds since 1970, shape [stamps]; ``tables`` by quantity, [stamps, units], NaN
    where the file has no row.
    """

    inverters: tuple[str, ...]
    stamps_s: Floats
    tables: Mapping[str, Floats]

    @property
    def start(self) -> datetime:
        """First stamp, UTC."""
        return datetime.fromtimestamp(float(self.stamps_s[0]), UTC)

    @property
    def end(self) -> datetime:
        """End of the last interval, UTC."""
        return datetime.fromtimestamp(float(self.stamps_s[-1]) + STEP_S, UTC)

    def at(self, epoch_s: float) -> tuple[dict[str, Floats], Floats]:
        """Return the last value of each unit at an instant, by quantity, and how old it is. [s]

        A unit without any row so far has NaN and an infinite age.
        """
        row = int(np.searchsorted(self.stamps_s, epoch_s, side="right")) - 1
        units = len(self.inverters)
        if row < 0:
            return {name: np.full(units, np.nan) for name in self.tables}, np.full(units, np.inf)
        first = max(0, row - 3)  # older ones are silence anyway
        known = ~np.isnan(self.tables["ac_energy_total_wh"][first : row + 1])
        back = np.argmax(known[::-1], axis=0)
        chosen = row - back
        column = np.arange(units)
        age = np.where(known.any(axis=0), epoch_s - self.stamps_s[chosen], np.inf)
        return {name: table[chosen, column] for name, table in self.tables.items()}, age


def read_recording(folder: Path) -> Recording:
    """Read the files of a folder.

    Raises
    ------
    ConfigurationError
        The folder has no such file, or it lacks a column.
    """
    paths = [folder / name for name in ("generation.csv", "generation.csv.gz")]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        raise ConfigurationError(
            f"{folder}: no generation.csv or generation.csv.gz; give the folder that holds one"
        )
    try:
        table = pd.read_csv(path, parse_dates=["time"])
        pivots = {
            name: table.set_index(["time", "inverter"])[column].unstack() * factor  # noqa: PD010 (refuses duplicates; pivot_table averages them)
            for column, (name, factor) in _COLUMNS.items()
        }
    except (ValueError, KeyError) as error:
        raise ConfigurationError(
            f"{path}: {error}; expected columns time, inverter, {', '.join(_COLUMNS)}, one row a unit and stamp"
        ) from error
    first = pivots["ac_energy_total_wh"]
    stamps = pd.DatetimeIndex(first.index).tz_localize(ZONE).tz_convert("UTC").as_unit("ns")
    return Recording(
        tuple(str(name) for name in first.columns),
        stamps.asi8.astype(np.float64) / 1e9,
        {name: pivot.to_numpy(np.float64) for name, pivot in pivots.items()},
    )


def recorded_registry(folder: Path, base_port: int, answer_s: float = 0.01) -> Registry:
    """Return the registry of a recorded plant: one gateway on loopback with all its inverters.

    Place and capacity are rough: the file does not tell them.
    """
    return _registry(read_recording(folder), base_port, answer_s)


def _registry(recording: Recording, base_port: int, answer_s: float) -> Registry:
    if len(recording.inverters) > _UNITS_MAX:
        raise ConfigurationError(f"{len(recording.inverters)} inverters; one bus holds at most {_UNITS_MAX}")
    peak_kw = np.nanmax(recording.tables["ac_active_power_w"]) / 1000.0
    rated_kw = float(np.ceil(peak_kw / 50.0) * 50.0)
    begun = recording.start.date()
    devices = tuple(
        Device(
            device_id=f"{_PLANT}-{name.lower()}",
            plant_id=_PLANT,
            kind=DeviceKind.INVERTER,
            name=name,
            profile=PROFILE,
            gateway_id=_GATEWAY,
            unit=number,
            rated_power_kw=rated_kw,
            dc_capacity_kw=rated_kw,
            serial_number=f"REC{name}",
            in_service_from=begun,
        )
        for number, name in enumerate(recording.inverters, 1)
    )
    kw = rated_kw * len(devices)
    plant = Plant(
        plant_id=_PLANT,
        name="录制电站",
        name_en="Recorded plant",
        town_id="000000000",
        latitude=20.0,
        longitude=77.0,
        altitude_m=300.0,
        connection=Connection.LIVE,
        grid_date=date(begun.year, 1, 1),
        capacities=(Capacity(date(begun.year, 1, 1), kw, kw),),
        tilt_deg=20.0,
        azimuth_deg=180.0,
        time_zone=ZONE,
        gateways=(Gateway(_GATEWAY, _PLANT, WireProtocol.MODBUS_TCP, port=base_port, answer_s=answer_s),),
        devices=devices,
    )
    town = Town("000000000", "录制", "Recorded", 20.0, 77.0)
    return Registry("recorded", (town,), (), (plant,), sample=True)


class RecordedField:
    """A recorded plant behind registers, as of the last `refresh`."""

    def __init__(
        self, folder: Path, registry: Registry, profiles: Mapping[str, DeviceProfile], clock: Clock
    ) -> None:
        self.recording = read_recording(folder)
        self.registry = registry
        self.profiles = profiles
        self.clock = clock
        self._image = GroupImage(group(lay_out(registry, 0), profiles)[0])
        names = {device.name: row for row, device in enumerate(self._image.group.devices)}
        self._order = np.array([names[name] for name in self.recording.inverters])
        self._rows = {device.device_id: row for row, device in enumerate(self._image.group.devices)}
        self._silent: frozenset[str] = frozenset()
        self.refresh(clock.now())

    def refresh(self, at: datetime) -> None:
        """Bring every register to field time ``at``."""
        self._as_of = at
        values, age = self.recording.at(at.timestamp())
        devices = [self._image.group.devices[row] for row in self._order]
        over = at >= self.recording.end
        self._silent = frozenset(
            device.device_id for device, old in zip(devices, age, strict=True) if over or old >= _HOLDS_S
        )
        power = values["ac_active_power_w"]
        states = np.where(power > 0, UnitState.RUNNING, UnitState.STANDBY).astype(np.int64)
        values["device_status"] = CODES[PROFILE].status_of(states)
        placed = {}
        for name, column in values.items():
            placed[name] = np.full(len(devices), np.nan)
            placed[name][self._order] = column
        self._image.update(placed)

    @property
    def as_of(self) -> datetime:
        """Instant of the last `refresh`."""
        return self._as_of

    def answers(self, device_id: str) -> bool:
        """Whether a device answers now."""
        return device_id not in self._silent

    def read(self, device_id: str, function: int, address: int, count: int) -> bytes | None:
        """Return registers as bytes; None when the device has not all of them."""
        return self._image.read(self._rows[device_id], function, address, count)

    def meter_values(self, device_id: str) -> Mapping[str, float]:
        """Return nothing: no meter was recorded."""
        del device_id
        return {}

    def bus(self, gateway_id: str) -> BusState:
        """Return how a wire behaves: always well."""
        del gateway_id
        return BusState()

    def documents(self) -> Iterator[tuple[Device, dict[str, float]]]:
        """Yield nothing: a recorded plant does not publish."""
        return iter(())
