"""The evidence of an alert: what the part gave beside what its neighbours gave, in numbers that can be checked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from domain.alert import Alert
from domain.errors import AccessDeniedError, CommandError
from domain.plant import Connection, Device, DeviceKind, Plant
from domain.price import EnergyPrice
from domain.timespan import Interval, day_of
from queries.evidence_voltage import VoltageSpan, voltage_span
from queries.sources import Sources
from texts.loader import Texts

Floats = NDArray[np.float64]
POWER = "ac_active_power_w"
STEP = timedelta(minutes=15)
SPAN_MAX = timedelta(days=7)
_MARGIN = timedelta(hours=2)
_LOW = 0.9
_PEERS_MAX = 8


@dataclass(frozen=True)
class EvidenceView:
    """Curves on one grid and what they say.

    Attributes
    ----------
    actual_kw, expected_kw : array
        What the part gave; what the median neighbour says it should have given. NaN: no data.
    minutes_low : float
        Minutes within the alert at which it gave less than nine tenths of that.
    lost_low_kwh, lost_high_kwh : float or None
        Band of lost energy, from the lower and the upper quartile of the neighbours.
    completeness : float
        Share of the grid with data of the part.
    voltage : VoltageSpan or None
        Minutes outside the limits of the supply; None where no inverter tells a voltage.
    price : EnergyPrice or None
        What a kilowatt-hour was worth on the first day.
    """

    start: datetime
    end: datetime
    instants: tuple[datetime, ...]
    actual_kw: Floats
    expected_kw: Floats
    peers: int
    minutes_low: float
    lost_low_kwh: float | None
    lost_high_kwh: float | None
    completeness: float
    voltage: VoltageSpan | None = None
    price: EnergyPrice | None = None


@guarded
class Evidence:
    """Evidence sheets."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @require(Permission.VIEW_ALERTS)
    def of(self, principal: Principal, alert: Alert) -> EvidenceView | None:
        """Return the evidence of an alert; None for an alert of several plants or one without inverters."""
        plant = self._plant(principal, alert.plant_id)
        if plant is None:
            return None
        now = self._sources.clock.now()
        end = min(alert.resolved_at or now, now)
        return self._between(plant, alert.device_id, max(alert.since, end - SPAN_MAX), end)

    @require(Permission.VIEW_ALERTS)
    def span(
        self, principal: Principal, plant_id: str, device_id: str, start: datetime, end: datetime
    ) -> EvidenceView | None:
        """Return the evidence of any span of a plant or one of its inverters; None without inverters.

        Raises
        ------
        AccessDeniedError
            There is no such plant, or device of it, in scope.
        CommandError
            The span ends before it starts, is longer than a week, or lies in the future.
        """
        plant = self._plant(principal, plant_id)
        known = {"", *(one.device_id for one in plant.devices)} if plant is not None else set()
        if plant is None or device_id not in known:
            raise AccessDeniedError(f"no such place within the scope of {principal.user_id}")
        if not start < end or end - start > SPAN_MAX or end > self._sources.clock.now():
            raise CommandError(Texts(principal.language)("care.evidence.odd_span"))
        return self._between(plant, device_id, start, end)

    def _plant(self, principal: Principal, plant_id: str) -> Plant | None:
        registry = self._sources.registry
        plant = registry.plants_by_id.get(plant_id)
        return plant if plant is not None and principal.sees_plant(plant, registry) else None

    def _between(self, plant: Plant, device_id: str, start: datetime, end: datetime) -> EvidenceView | None:
        mine, peers = self._neighbours(plant, device_id)
        if not mine or not peers:
            return None
        sources, now = self._sources, self._sources.clock.now()
        shown = Interval(_floor(start - _MARGIN), _floor(min(end + _MARGIN, now)) + STEP)
        groups = {"": tuple(mine), **{one[0].device_id: tuple(one) for one in peers}}
        table = sources.store.power_curves(
            {name: [device.device_id for device in devices] for name, devices in groups.items()},
            POWER,
            shown,
            STEP,
        )
        found = _view(table, groups, shown, start, end)
        day = day_of(start, plant.time_zone)
        voltage = voltage_span(sources.store, [one.device_id for one in mine], Interval(start, end))
        return replace(found, voltage=voltage, price=sources.price_of(plant.plant_id, day))

    def _neighbours(self, plant: Plant, device_id: str) -> tuple[list[Device], list[list[Device]]]:
        inverters = [one for one in plant.devices_of(DeviceKind.INVERTER) if one.rated_power_kw > 0]
        if device_id:
            mine = [one for one in inverters if one.device_id == device_id]
            others = [[one] for one in inverters if one.device_id != device_id]
            if mine and len(others) >= 2:
                return mine, others
        else:
            mine = inverters
        near = [
            one
            for one in self._sources.registry.plants
            if one.plant_id != plant.plant_id and one.connection is Connection.LIVE
        ]
        near.sort(key=lambda one: (one.town_id != plant.town_id, abs(one.latitude - plant.latitude)))
        found = [list(one.devices_of(DeviceKind.INVERTER)) for one in near[:_PEERS_MAX]]
        return mine, [devices for devices in found if devices]


def _floor(at: datetime) -> datetime:
    return at - timedelta(seconds=at.timestamp() % STEP.total_seconds())


def _view(
    table: pd.DataFrame,
    groups: dict[str, tuple[Device, ...]],
    shown: Interval,
    start: datetime,
    end: datetime,
) -> EvidenceView:
    count = round(shown.duration / STEP)
    instants = tuple(shown.start + number * STEP for number in range(count))
    curves = {name: _on_grid(table, name, len(devices), shown, count) for name, devices in groups.items()}
    rated = {name: sum(device.rated_power_kw for device in devices) for name, devices in groups.items()}
    per_kw = np.array([curve / rated[name] for name, curve in curves.items() if name])
    actual_kw = curves[""]
    low, middle, high = (_quantile(per_kw, share) * rated[""] for share in (0.25, 0.5, 0.75))
    within = np.array([start <= at < end for at in instants])
    known = within & np.isfinite(actual_kw) & np.isfinite(middle)
    is_low = known & (actual_kw < _LOW * middle) & (middle > 0.02 * rated[""])
    hours = STEP / timedelta(hours=1)
    losses = [
        float(np.maximum(curve[known] - actual_kw[known], 0.0).sum() * hours) if known.any() else None
        for curve in (low, high)
    ]
    inside = int(within.sum())
    return EvidenceView(
        start,
        end,
        instants,
        actual_kw,
        middle,
        len(groups) - 1,
        float(is_low.sum() * STEP.total_seconds() / 60.0),
        losses[0],
        losses[1],
        float(np.isfinite(actual_kw[within]).sum() / inside) if inside else 0.0,
    )


def _quantile(per_kw: Floats, share: float) -> Floats:
    found = np.full(per_kw.shape[1], np.nan)
    any_known = np.isfinite(per_kw).any(axis=0)
    found[any_known] = np.nanquantile(per_kw[:, any_known], share, axis=0)
    return found


def _on_grid(table: pd.DataFrame, name: str, devices: int, shown: Interval, count: int) -> Floats:
    """Return a group's power on the grid, NaN where one of its devices did not report. [kW]"""
    found = np.full(count, np.nan)
    rows = table[(table["group"] == name) & (table["devices"] == devices)]
    times_s = rows["instant"].astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9
    places = ((times_s - shown.start.timestamp()) / STEP.total_seconds()).round().astype(int)
    inside = (places >= 0) & (places < count)
    found[places[inside]] = rows["value"].to_numpy(dtype=float)[inside] / 1000.0
    return found
