"""Asks the meters whether a repair brought the energy back, and closes or returns the order accordingly.

A part is measured against its neighbours: an inverter against the other inverters of its plant, a plant
against the other plants of its town (of the district where the town has too few), each by rated power, the
median of those that had no order themselves. An order about a link has no energy to win back: it is closed
when its alerts have ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.lifecycle import after, fold
from cases.recovery import EnergySpan, recovery
from domain.case import Case, CaseAct, CaseActKind, CaseKind, CaseState, Cause, Recovery
from domain.errors import RecordRejectedError
from domain.frame import DEVICE, INSTANT
from domain.plant import Connection, Device, DeviceKind, Plant, Registry
from domain.timespan import Interval
from stores.protocol import MeasurementStore
from stores.work_protocol import WorkStore

QUANTITY = "ac_energy_total_wh"
SYSTEM = "system"
_EVERY = timedelta(minutes=15)
_BEFORE_MAX = timedelta(days=3)
_AFTER_MAX = timedelta(days=7)
_SLOT = timedelta(minutes=30)
_SETTLE = timedelta(hours=1)
_PEERS_MIN = 2
_PEER_PLANTS_MAX = 6
_LINK_CAUSES = frozenset({Cause.LINK, Cause.METER})
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """Something whose energy is compared: an inverter, or all inverters of a plant."""

    name: str
    devices: tuple[Device, ...]

    @property
    def rated_kw(self) -> float:
        """What it can give. [kW]"""
        return sum(device.rated_power_kw for device in self.devices)


def measure(store: WorkStore, samples: MeasurementStore, registry: Registry, now: datetime) -> int:
    """Measure every order that waits for acceptance; return how many got a verdict."""
    open_cases = [fold(acts) for acts in store.cases_acts(open_only=True, kinds=[CaseKind.ORDER])]
    busy = {case.device_id or case.plant_id for case in open_cases}
    count = 0
    for case in open_cases:
        if case.state is not CaseState.AWAITING or case.done_at is None or now < case.done_at + _SETTLE:
            continue
        verdict = _verdict(case, store, samples, registry, busy, now)
        if verdict is None or verdict.recovered is None:
            continue
        count += _keep(store, case, verdict, now)
    return count


def _verdict(
    case: Case,
    store: WorkStore,
    samples: MeasurementStore,
    registry: Registry,
    busy: set[str],
    now: datetime,
) -> Recovery | None:
    if case.cause in _LINK_CAUSES and case.alert_ids:
        alerts = [store.alert(alert_id) for alert_id in case.alert_ids]
        ended = all(alert is None or not alert.is_open for alert in alerts)
        return Recovery(now, None, None, None, recovered=True, reason="alerts_ended") if ended else None
    plant = registry.plants_by_id.get(case.plant_id)
    if plant is None or plant.connection is not Connection.LIVE:
        return None
    return measured(case, plant, samples, registry, busy, now)


def measured(
    case: Case,
    plant: Plant,
    samples: MeasurementStore,
    registry: Registry,
    busy: set[str],
    now: datetime,
) -> Recovery:
    """Return what the counters say about one order."""
    part, peers = parts_of(case, plant, registry, busy)
    done_at = case.done_at or now
    since = case.since or case.registered_at
    start = max(since, done_at - _BEFORE_MAX)
    end = min(now, done_at + _AFTER_MAX)
    interval = Interval(min(since, start) - _BEFORE_MAX, end)
    curves = _curves(samples, [part, *peers], interval)
    repair_from = min(case.arrived_at or done_at, done_at)
    return recovery(
        _spans(part, peers, curves, start, repair_from),
        _spans(part, peers, curves, done_at, end),
        now,
        _spans(part, peers, curves, since - _BEFORE_MAX, since),
    )


def parts_of(case: Case, plant: Plant, registry: Registry, busy: set[str]) -> tuple[Part, list[Part]]:
    """Return what the order is about, and the neighbours it is compared with."""
    mine: tuple[Device, ...] = ()
    if case.device_id:
        inverters = [one for one in plant.devices_of(DeviceKind.INVERTER) if one.rated_power_kw > 0]
        mine = tuple(one for one in inverters if one.device_id == case.device_id)
        others = [
            Part(one.device_id, (one,)) for one in inverters if one.device_id not in {case.device_id, *busy}
        ]
        if mine and len(others) >= _PEERS_MIN:
            return Part(case.device_id, mine), others
    near = [one for one in _live_plants(registry) if one.plant_id not in {plant.plant_id, *busy}]
    near.sort(key=lambda one: (one.town_id != plant.town_id, _far(one, plant)))
    devices = mine or plant.devices_of(DeviceKind.INVERTER)
    return (
        Part(case.device_id or plant.plant_id, tuple(devices)),
        [Part(one.plant_id, one.devices_of(DeviceKind.INVERTER)) for one in near[:_PEER_PLANTS_MAX]],
    )


def _live_plants(registry: Registry) -> list[Plant]:
    return [
        one
        for one in registry.plants
        if one.connection is Connection.LIVE and one.devices_of(DeviceKind.INVERTER)
    ]


def _far(one: Plant, other: Plant) -> float:
    return (one.latitude - other.latitude) ** 2 + (one.longitude - other.longitude) ** 2


Curves = Mapping[str, tuple[Floats, Floats]]


def _curves(samples: MeasurementStore, parts: Sequence[Part], interval: Interval) -> Curves:
    """Return instants [s] and counters [Wh] of every device."""
    ids = sorted({device.device_id for part in parts for device in part.devices})
    frame: pd.DataFrame = samples.read(ids, [QUANTITY], interval, every=_EVERY).good()
    found: dict[str, tuple[Floats, Floats]] = {}
    for device_id, rows in frame.groupby(frame[DEVICE].astype(str), observed=True):
        times_s = rows[INSTANT].astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9
        times_s = times_s + _EVERY.total_seconds()  # a counter's value is the last of its bucket
        values = rows[QUANTITY].to_numpy(dtype=float)
        known = np.isfinite(values)
        if known.sum() >= 2:
            found[str(device_id)] = (times_s[known], np.maximum.accumulate(values[known]))
    return found


def _energies_kwh(part: Part, curves: Curves, edges_s: Floats) -> Floats | None:
    """Return what the counters of a part rose by between edges, None unless readings lie around both ends."""
    total = np.zeros(len(edges_s) - 1)
    slack_s = 2 * _EVERY.total_seconds()
    for device in part.devices:
        curve = curves.get(device.device_id)
        if curve is None:
            return None
        times_s, counter_wh = curve
        if times_s[0] > edges_s[0] + slack_s or times_s[-1] < edges_s[-1] - slack_s:
            return None
        total += np.diff(np.interp(edges_s, times_s, counter_wh)) / 1000.0
    return total


def _spans(
    part: Part, peers: Sequence[Part], curves: Curves, start: datetime, end: datetime
) -> list[EnergySpan]:
    """Return half hours of a part beside the median of its neighbours, each by rated power."""
    if end <= start:
        return []
    count = max(1, round((end - start) / _SLOT))
    edges_s = np.linspace(start.timestamp(), end.timestamp(), count + 1)
    actual = _energies_kwh(part, curves, edges_s)
    per_kw = [
        found / peer.rated_kw
        for peer in peers
        if peer.rated_kw > 0 and (found := _energies_kwh(peer, curves, edges_s)) is not None
    ]
    if actual is None or not per_kw:
        return []
    middle = np.median(np.array(per_kw), axis=0)
    hours = float(edges_s[1] - edges_s[0]) / 3600.0
    return [
        EnergySpan(float(kwh), float(share * part.rated_kw), float(share / hours))
        for kwh, share in zip(actual, middle, strict=True)
    ]


def _keep(store: WorkStore, case: Case, verdict: Recovery, now: datetime) -> int:
    values = {
        "before_ratio": _text(verdict.before_ratio),
        "after_ratio": _text(verdict.after_ratio),
        "won_back_kwh": _text(verdict.won_back_kwh),
        "recovered": "true" if verdict.recovered else "false",
        "reason": verdict.reason,
    }
    act = CaseAct(case.case_id, case.acts + 1, now, SYSTEM, CaseActKind.MEASURE, "", values)
    try:
        store.add_case_act(act, after(case, act))
    except RecordRejectedError:
        return 0  # somebody acted on it just now: the next round looks again
    return 1


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
