"""Which plants need a look first, and why: one reason per plant, ordered by what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from queries.snapshot import PlantNow
from queries.states import DataState, OperationState, Reason

LOW_SHARE = 0.75  # of the median of its peers
BRIGHT_SHARE = 0.10  # below this median nobody is compared


@dataclass(frozen=True, slots=True)
class Finding:
    """One plant that needs a look.

    ``lost_kw`` is what it gives less than the median of all plants that report, scaled to its size: an
    estimate from peers, None where nothing is known. ``since`` is set for broken connections.
    """

    now: PlantNow
    reason: Reason
    lost_kw: float | None = None
    count: int = 0
    since: datetime | None = None
    share: float | None = None


def peer_median(plants: Sequence[PlantNow]) -> float | None:
    """Return the median normalised power of the plants that report now."""
    known = [p.normalised for p in plants if p.normalised is not None]
    return float(np.median(known)) if known else None


def finding(now: PlantNow, median: float | None) -> Finding | None:
    """Return what is wrong with a plant, None when nothing is."""
    if now.data is DataState.NEVER:
        return Finding(now, Reason.NEVER)
    if now.data is DataState.INTERRUPTED:
        return Finding(now, Reason.INTERRUPTED, since=now.measured_at)
    if now.data is not DataState.FRESH:
        return None
    lost_kw, share = _against_peers(now, median)
    reason, count = _what(now, share)
    return None if reason is Reason.NONE else Finding(now, reason, lost_kw, count, share=share)


def _what(now: PlantNow, share: float | None) -> tuple[Reason, int]:
    """Return the gravest thing a reporting plant has, and how many inverters have it."""
    if now.operation is OperationState.FAULT:
        return Reason.FAULT, now.faults
    if now.operation is OperationState.STOPPED:
        return Reason.STOPPED, _count(now, OperationState.STOPPED)
    if share is not None and share < LOW_SHARE:
        return Reason.LOW_POWER, 0
    if now.operation is OperationState.DERATED:
        return Reason.DERATED, _count(now, OperationState.DERATED)
    silent = len(now.devices) - now.reporting
    return (Reason.PARTIAL, silent) if now.daylight and silent > 0 else (Reason.NONE, 0)


def _count(now: PlantNow, state: OperationState) -> int:
    return sum(device.operation is state for device in now.devices)


def _against_peers(now: PlantNow, median: float | None) -> tuple[float | None, float | None]:
    if median is None or median < BRIGHT_SHARE or now.normalised is None:
        return None, None
    lost_kw = (median - now.normalised) * now.plant.ac_capacity_kw
    return max(lost_kw, 0.0), now.normalised / median


def findings(plants: Sequence[PlantNow]) -> list[Finding]:
    """Return every plant that needs a look, the costliest first; unknown losses of silent plants lead."""
    median = peer_median(plants)
    found = [f for f in (finding(now, median) for now in plants) if f is not None]
    return sorted(found, key=lambda f: -_weight(f, median))


def _weight(one: Finding, median: float | None) -> float:
    """What may be lost: a silent plant is weighed as if it gave nothing. [kW]"""
    if one.lost_kw is not None:
        return one.lost_kw + 1e-3 * one.count
    return (median or 1e-3) * one.now.plant.ac_capacity_kw
