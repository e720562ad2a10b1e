"""Where parts stood still on purpose: maintenance tags and announced outages on the grid of a plant. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from domain.handling import PlannedStop, StopKind
from domain.plant import Plant
from domain.series import PlantSeries

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Planned:
    """When a device was tagged, and when its feeder was off as announced; a value a step."""

    tagged: Mask
    off: Mask


def planned_of(series: PlantSeries, plant: Plant, stops: Iterable[PlannedStop]) -> Mapping[str, Planned]:
    """Return the planned times of every device that has any; a step counts where a stop holds at its start."""
    known = list(stops)
    found: dict[str, Planned] = {}
    for name in series.devices:
        tags = [stop for stop in known if stop.is_tag_of(plant.plant_id, name)]
        offs = [stop for stop in known if stop.kind is StopKind.OUTAGE and stop.feeder == plant.feeder]
        if tags or (offs and plant.feeder):
            found[name] = Planned(_held(series, tags), _held(series, offs if plant.feeder else ()))
    return found


def _held(series: PlantSeries, stops: Iterable[PlannedStop]) -> Mask:
    held = np.zeros(len(series.instants), dtype=np.bool_)
    for stop in stops:
        held |= (series.instants >= _naive(stop.start)) & (series.instants < _naive(stop.until))
    return held


def _naive(at: datetime) -> np.datetime64:
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "ns")
