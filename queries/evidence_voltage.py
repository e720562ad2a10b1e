"""Minutes of voltage outside the limits of the supply, from what the inverters measured: evidence for the grid company."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from alerts.conditions.grid import LINES, PHASES, nominal_v
from domain.frame import DEVICE
from domain.timespan import Interval
from stores.protocol import MeasurementStore

HIGH, LOW = 1.07, 0.93  # GB/T 12325: three-phase supply up to 20 kV, ± 7 % of the nominal voltage
GONE = 0.2  # below it there is no supply, which is another thing than a low one
_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class VoltageSpan:
    """What the worst device saw. ``minutes`` outside the limits; the limits and the extremes are in volts."""

    minutes_high: float
    minutes_low: float
    low_v: float
    high_v: float
    greatest_v: float


def voltage_span(store: MeasurementStore, device_ids: Sequence[str], span: Interval) -> VoltageSpan | None:
    """Return minutes outside limits of the device that was outside the longest; None where no voltage is told."""
    worst: VoltageSpan | None = None
    for device_id in device_ids:
        found = _of(store, device_id, span)
        if found is not None and (worst is None or _outside(found) > _outside(worst)):
            worst = found
    return worst


def _outside(one: VoltageSpan) -> float:
    return one.minutes_high + one.minutes_low


def _of(store: MeasurementStore, device_id: str, span: Interval) -> VoltageSpan | None:
    for names in (PHASES, LINES):
        frame = store.read([device_id], list(names), span, every=_STEP).good()
        rows = frame[frame[DEVICE].astype(str) == device_id]
        told = rows[[name for name in names if name in rows]].to_numpy(dtype=float)
        if not told.size or not np.isfinite(told).any():
            continue
        known = told[np.isfinite(told).any(axis=1)]
        highest, lowest = np.fmax.reduce(known, axis=1), np.fmin.reduce(known, axis=1)
        nominal = float(nominal_v(highest[None, :])[0, 0])
        is_there = lowest > GONE * nominal
        minutes = _STEP / timedelta(minutes=1)
        return VoltageSpan(
            float((highest > HIGH * nominal).sum() * minutes),
            float((is_there & (lowest < LOW * nominal)).sum() * minutes),
            LOW * nominal,
            HIGH * nominal,
            float(highest.max()),
        )
    return None
